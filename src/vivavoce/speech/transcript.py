"""What was heard: text with its times and how sure the recogniser is. Standard library only, for the slim client."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Word:
    """One word as it was heard.

    Attributes:
        text: the word with its punctuation, no spaces around it.
        start_s: seconds from the start of the sound.
        end_s: seconds from the start of the sound.
        confidence: 0 to 1.
    """

    text: str
    start_s: float
    end_s: float
    confidence: float


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of speech that was decoded in one piece. Times in seconds from the start of the sound."""

    text: str
    start_s: float
    end_s: float
    confidence: float


@dataclass(frozen=True, slots=True)
class Transcript:
    """The text of a sound.

    Attributes:
        text: what was said; empty when nobody spoke.
        language: ISO 639-1 code, as given or as detected; None when nobody spoke and none was given.
        confidence: 0 to 1, the geometric mean of the tokens' probabilities; 0 for an empty text.
        duration_s: of the sound, in seconds.
        words: in order; empty unless asked for.
        segments: in order.
        model: who wrote it, where that is another than was asked.
    """

    text: str
    language: str | None
    confidence: float
    duration_s: float
    words: tuple[Word, ...] = ()
    segments: tuple[Segment, ...] = ()
    model: str = ""
