"""Which heard word belongs to which turn, and when each known word was said. Pure."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Sequence

from vivavoce.pipeline.interview import Spoken
from vivavoce.pipeline.transcript import Word
from vivavoce.protocol.languages import base_language

UNSPACED = frozenset({"ja", "zh", "yue", "th", "lo", "my", "km"})
"""Languages written without spaces between words (ISO 639-1), where words are joined as they are."""


def share(words: Sequence[Word], turns: Sequence[Spoken]) -> list[tuple[Word, ...]]:
    """Give each word to the turn it was said in, in the order of both; every word goes to exactly one turn.

    A word belongs to the turn its middle falls in, else to the nearest; words keep their order, so that one never goes
    to an earlier turn than the word before it.

    Args:
        words: as heard in one window, in order.
        turns: of that window, by their start; at least one.
    """
    shares: list[list[Word]] = [[] for _ in turns]
    at = 0
    for word in words:
        middle = (word.start_s + word.end_s) / 2
        distances = [_distance(middle, turn) for turn in turns[at:]]
        at += distances.index(min(distances))
        shares[at].append(word)
    return [tuple(share) for share in shares]


def timed(text: str, heard: Sequence[Word], *, start_s: float, end_s: float) -> tuple[Word, ...]:
    """When each word of a known text was said: as heard, and between those in proportion to their letters.

    Args:
        text: what was said.
        heard: what the recogniser made of it, in order.
        start_s: when it began.
        end_s: when it ended; not before `start_s`.

    Returns:
        the text's words, all of them, in order of their times, none outside of `start_s` and `end_s`.
    """
    said = text.split()
    times: list[tuple[float, float] | None] = [None] * len(said)
    mine, theirs = [plain(word) for word in said], [plain(word.text) for word in heard]
    confidences: list[float | None] = [None] * len(said)
    for block in difflib.SequenceMatcher(None, mine, theirs, autojunk=False).get_matching_blocks():
        for offset in range(block.size):
            word = heard[block.b + offset]
            times[block.a + offset] = (word.start_s, word.end_s)
            confidences[block.a + offset] = word.confidence
    return tuple(
        Word(text=word, start_s=begin, end_s=end, confidence=confidence)
        for word, (begin, end), confidence in zip(
            said, _filled(said, times, start_s, end_s), confidences, strict=True
        )
    )


def plain(word: str) -> str:
    """A word without case, accents' encodings and punctuation, to be compared."""
    return re.sub(r"[^\w]", "", unicodedata.normalize("NFKC", word).casefold())


def likeness(one: str, other: str) -> float:
    """How alike two texts are, 0 to 1, by their letters and digits."""
    return difflib.SequenceMatcher(None, plain(one), plain(other), autojunk=False).ratio()


def joined(words: Sequence[Word], language: str | None) -> str:
    """The words as a text."""
    between = "" if language is not None and base_language(language) in UNSPACED else " "
    return between.join(word.text for word in words)


def _distance(middle: float, turn: Spoken) -> float:
    return max(turn.start_s - middle, middle - turn.end_s, 0.0)


def _filled(
    said: Sequence[str], times: Sequence[tuple[float, float] | None], start_s: float, end_s: float
) -> list[tuple[float, float]]:
    """Times for all words: runs without any share the gap between their neighbours by length."""
    filled: list[tuple[float, float]] = []
    at = start_s
    place = 0
    while place < len(said):
        known = times[place]
        if known is not None:
            begin = min(max(known[0], at), end_s)
            at = min(max(known[1], begin), end_s)
            filled.append((begin, at))
            place += 1
            continue
        until = next((n for n in range(place, len(said)) if times[n] is not None), len(said))
        following = times[until] if until < len(said) else None
        gap_end = end_s if following is None else min(max(following[0], at), end_s)
        letters = sum(len(word) for word in said[place:until])
        begin_of_gap, gone = at, 0
        for word in said[place:until]:
            begin = begin_of_gap + (gap_end - begin_of_gap) * gone / letters
            gone += len(word)
            at = max(begin, min(gap_end, begin_of_gap + (gap_end - begin_of_gap) * gone / letters))
            filled.append((begin, at))
        place = until
    return filled
