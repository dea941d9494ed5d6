"""Texts as vectors: how near two things said are in meaning, and what follows from that. Pure.

Vectors come from outside, rows of length 1. Where no embedding model is here, words in common stand in for meaning:
`by_words` makes vectors of them, with the same use and less sense.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vivavoce.pipeline.enrichment.verbatim import words

Vectors = NDArray[np.float32]
"""float32 [n, d], each row of length 1 or 0."""


@dataclass(frozen=True, slots=True)
class Nearness:
    """From where on two texts are near enough, by cosine, in the space of one model.

    Attributes:
        serves: a segment serves a topic that it did not answer a question of,
        above: if it is so much nearer to it, too, than segments and topics are to each other on average.
        coded: a sentence gets a code.
        together: two segments are on the same thing.
        off: a segment is off topic when it is farther than this, on average, from the nearest thing that was asked and
            from everything else that was said; None: this space cannot say.
    """

    serves: float
    above: float
    coded: float
    together: float
    off: float | None


E5 = Nearness(serves=0.87, above=0.07, coded=0.86, together=0.86, off=0.79)
"""multilingual-e5-small: unrelated texts are at 0.75 to 0.83, in one language and across two, hence the narrow band
(its model card says so, too). In Spanish and French everything is nearer to everything than in English, by 0.03:
with `above` an answer of `benchmarks/report_answers.toml` is on 0.3 topics (Spanish), 0.1 (French) and 0.2 (English)
beside those of its own question, without it on 2.4, 3.1 and 0.2. The rest was set by some dozens of sentences of our
own; `off` let every sentence of 8 to the point pass, and found 4 of 6 that were not."""

WORDS = Nearness(serves=0.3, above=0.2, coded=0.3, together=0.2, off=None)
"""Of `by_words`. Two texts without a word in common may still be on the same thing: nothing is off topic by that."""


def unit(vectors: Vectors) -> Vectors:
    """Each row at length 1; rows of zeros stay."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)


def by_words(texts: Sequence[str], ignored: frozenset[str]) -> Vectors:
    """A vector a text: its words, each weighed by how few of the texts have it (TF-IDF)."""
    bags = [Counter(word for word in words(text) if word not in ignored) for text in texts]
    spread = Counter(word for bag in bags for word in bag)
    columns = {word: place for place, word in enumerate(sorted(spread))}
    made = np.zeros((len(texts), max(1, len(columns))), np.float32)
    for row, bag in enumerate(bags):
        for word, count in bag.items():
            made[row, columns[word]] = (1 + np.log(count)) * np.log(1 + len(texts) / spread[word])
    return unit(made)


def clusters(vectors: Vectors, *, nearness: float, least: int) -> list[list[int]]:
    """Groups of rows that are near each other on average, the largest first; rows that are near none are in none.

    Average-link agglomeration: the nearest two groups become one until no two are near enough. The same vectors always
    give the same groups: of equals the first ones count. Time grows with the cube of the rows, of which there should be
    a few hundred at most.

    Args:
        vectors: see `Vectors`.
        nearness: mean cosine from which two groups become one.
        least: rows that a group has at least.
    """
    groups = {row: [row] for row in range(len(vectors))}
    if len(groups) < 2:
        return []
    near = np.asarray(vectors @ vectors.T, np.float64)
    np.fill_diagonal(near, -np.inf)
    sizes = np.ones(len(vectors))
    while len(groups) > 1:
        best = int(near.argmax())
        one, other = divmod(best, len(vectors))
        if near[one, other] < nearness:
            break
        joined = (near[one] * sizes[one] + near[other] * sizes[other]) / (sizes[one] + sizes[other])
        joined[[one, other]] = -np.inf
        near[one], near[:, one] = joined, joined
        near[other], near[:, other] = -np.inf, -np.inf
        sizes[one] += sizes[other]
        groups[one] += groups.pop(other)
    found = [sorted(group) for group in groups.values() if len(group) >= least]
    return sorted(found, key=lambda group: (-len(group), group))


def central(vectors: Vectors) -> NDArray[np.float32]:
    """How near each row is to all the others on average: what says most of the whole is the most central."""
    if len(vectors) < 2:
        return np.ones(len(vectors), np.float32)
    return np.asarray((vectors @ vectors.sum(axis=0) - 1) / (len(vectors) - 1), np.float32)


def telling(group: Sequence[str], rest: Sequence[str], ignored: frozenset[str], most: int) -> tuple[str, ...]:
    """The words that a group of texts has and the rest has not, the strongest first."""
    inside = Counter(word for text in group for word in set(words(text)) if _tells(word, ignored))
    outside = Counter(word for text in rest for word in set(words(text)))
    weight = {
        word: count / len(group) * np.log((1 + len(rest)) / (1 + outside[word]) + 1)
        for word, count in inside.items()
    }
    return tuple(sorted(weight, key=lambda word: (-weight[word], word))[:most])


def _tells(word: str, ignored: frozenset[str]) -> bool:
    # Two signs are a word of their own from Thai on; in alphabets they are an article or the like.
    return word not in ignored and (len(word) > 2 or word >= "\u0e00") and not word.isdigit()
