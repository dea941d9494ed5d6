"""Sentiment by a lexicon: VADER for English (C. J. Hutto and E. Gilbert, ICWSM 2014; MIT). Other languages: unknown.

We found no lexicon for another language that is kept and may be shipped; a score from the wrong one would be worse than
none. Language models judge every language.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Protocol, cast

from vivavoce.pipeline.enrichment.findings import Mood, Sentiment, SentimentLabel
from vivavoce.pipeline.enrichment.verbatim import words
from vivavoce.pipeline.transcript import Segment
from vivavoce.protocol.languages import base_language

LANGUAGES = ("en",)

NEUTRAL = 0.05
"""A compound score nearer to 0 is neutral: the threshold its authors give."""

MIXED = 0.15
"""Share of the words' weight that both the good and the bad ones have in a mixed segment. Ours."""


class _Analyser(Protocol):
    def polarity_scores(self, text: str) -> dict[str, float]: ...


def sentiments(said: Sequence[Segment]) -> tuple[Sentiment, ...]:
    """One for each segment, in order."""
    return tuple(_sentiment(segment) for segment in said)


def mood(found: Iterable[Sentiment], said: Sequence[Segment]) -> Mood:
    """What several segments' sentiments come to.

    Args:
        found: the sentiments.
        said: the segments they are of, and perhaps others.
    """
    lengths = {segment.index: max(1, len(words(segment.text))) for segment in said}
    known = [(one, lengths[one.segment]) for one in found if one.score is not None]
    if not known:
        return Mood(label="unknown")
    score = sum((one.score or 0.0) * length for one, length in known) / sum(length for _, length in known)
    labels = {one.label for one, _ in known}
    mixed = "mixed" in labels or {"positive", "negative"} <= labels
    label = label_of(score)
    return Mood(
        label="mixed" if mixed and label == "neutral" else label, score=round(score, 4), known=len(known)
    )


def label_of(score: float) -> SentimentLabel:
    """The label of a score on its own."""
    if abs(score) < NEUTRAL:
        return "neutral"
    return "positive" if score > 0 else "negative"


def _sentiment(segment: Segment) -> Sentiment:
    if segment.language is None or base_language(segment.language) not in LANGUAGES:
        return Sentiment(segment=segment.index, label="unknown")
    scores = _vader().polarity_scores(segment.text)
    score = round(max(-1.0, min(1.0, scores["compound"])), 4)
    mixed = scores["pos"] >= MIXED and scores["neg"] >= MIXED
    return Sentiment(segment=segment.index, label="mixed" if mixed else label_of(score), score=score)


@cache
def _vader() -> _Analyser:
    # Imported here: reading the lexicon takes a tenth of a second, which only the child process should spend.
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    return cast(_Analyser, SentimentIntensityAnalyzer())
