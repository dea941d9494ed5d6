"""What reports are made from: interviews with what was found in them, and the figures they share."""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterable, Sequence

from pydantic import BaseModel, ConfigDict

from vivavoce.pipeline.alignment import UNSPACED
from vivavoce.pipeline.enrichment.findings import Findings, Mood, SentimentLabel
from vivavoce.pipeline.transcript import Segment, Transcript
from vivavoce.protocol.languages import base_language

CLEAR = 0.05
"""Score from which a mood has a direction, as in VADER's documentation (https://github.com/cjhutto/vaderSentiment)."""

LETTERS_A_WORD = 2
"""Of writing without spaces, where words cannot be counted: about so many letters make one."""


class Frozen(BaseModel):
    """What a report is made of."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Held(Frozen):
    """An interview that is over.

    Attributes:
        redaction: version of the rules that took personal data out; None: these are the original words.
        findings: None: enrichment has not been there.
    """

    transcript: Transcript
    redaction: str | None = None
    findings: Findings | None = None

    @property
    def answers(self) -> tuple[Segment, ...]:
        """What the participant said."""
        return tuple(segment for segment in self.transcript.segments if segment.speaker == "participant")


def words_of(segments: Iterable[Segment]) -> int:
    """How many words; where none are spaced, about how many."""
    return sum(_words(segment) for segment in segments)


def speaking_s(segments: Iterable[Segment]) -> float:
    """Seconds of speech, pauses within a segment included."""
    return sum(segment.end_s - segment.start_s for segment in segments)


def median(values: Sequence[float]) -> float | None:
    """The middle one; None: there are none."""
    return statistics.median(values) if values else None


def together(moods: Sequence[Mood]) -> Mood:
    """Several moods as one: the mean of their scores, weighted by how many segments each knows."""
    known = [mood for mood in moods if mood.score is not None and mood.known]
    count = sum(mood.known for mood in known)
    if not count:
        return Mood(label="unknown")
    score = sum((mood.score or 0.0) * mood.known for mood in known) / count
    return Mood(label=_label(score, known), score=max(-1.0, min(1.0, score)), known=count)


def mood_of(held: Held, segments: Sequence[Segment]) -> Mood:
    """The mood of some of an interview's segments, weighted by words."""
    if held.findings is None:
        return Mood(label="unknown")
    scores = {
        sentiment.segment: sentiment.score
        for sentiment in held.findings.sentiments
        if sentiment.score is not None
    }
    known = [
        (scores[segment.index], max(1, _words(segment))) for segment in segments if segment.index in scores
    ]
    if not known:
        return Mood(label="unknown")
    score = sum(score * weight for score, weight in known) / sum(weight for _, weight in known)
    return Mood(label=_label(score, ()), score=max(-1.0, min(1.0, score)), known=len(known))


def _label(score: float, moods: Sequence[Mood]) -> SentimentLabel:
    labels = {mood.label for mood in moods}
    if labels == {"mixed"} or ({"positive", "negative"} <= labels and abs(score) < 0.25):
        return "mixed"
    return "positive" if score >= CLEAR else "negative" if score <= -CLEAR else "neutral"


def _words(segment: Segment) -> int:
    if segment.language is not None and base_language(segment.language) in UNSPACED:
        return -(-len(re.findall(r"\w", segment.text)) // LETTERS_A_WORD)
    return len(segment.text.split())
