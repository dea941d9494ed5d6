"""OpenAI's transcripts, read into ours. No I/O.

`verbose_json` (openai-python 3.54, `types/audio/transcription_verbose.py`): `text`, `language` (a name), `duration`,
`segments` with `avg_logprob` and `no_speech_prob`, `words`. `json`: `text` alone. Our own server adds `confidence`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from vivavoce.speech.transcript import Segment, Transcript, Word
from vivavoce.speech.upstream.languages import language_code

# Whisper's own rule for a segment in which nobody speaks, where it likes to invent something: both have to hold
# (openai-whisper, `whisper/transcribe.py`: no_speech_threshold, logprob_threshold).
_NO_SPEECH, _NO_SPEECH_LOGPROB = 0.6, -1.0

UNTOLD = 1.0
"""The confidence of a text whose server does not say how sure it is."""

_WORD_EARLY_S = 0.2
"""Seconds that a word may begin before its segment."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)

    start: float
    end: float
    confidence: float | None = Field(default=None, ge=0, le=1)


class _Word(_Part):
    word: str


class _Segment(_Part):
    text: str
    avg_logprob: float | None = None
    no_speech_prob: float = 0.0

    @property
    def spoken(self) -> bool:
        return self.no_speech_prob <= _NO_SPEECH or (self.avg_logprob or 0.0) >= _NO_SPEECH_LOGPROB

    @property
    def sure(self) -> float:
        if self.confidence is not None:
            return self.confidence
        return UNTOLD if self.avg_logprob is None else math.exp(min(0.0, self.avg_logprob))


class _Body(BaseModel):
    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)

    text: str
    language: str | None = None
    confidence: float | None = Field(default=None, ge=0, le=1)
    segments: Annotated[tuple[_Segment, ...], BeforeValidator(lambda value: value or ())] = ()
    words: Annotated[tuple[_Word, ...], BeforeValidator(lambda value: value or ())] = ()


def read_transcript(body: bytes, *, language: str | None, duration_s: float) -> Transcript:
    """A transcript as a server sends it.

    Args:
        body: JSON.
        language: what was asked for, if anything was.
        duration_s: of the sound.

    Raises:
        pydantic.ValidationError: it is no transcript.
    """
    said = _Body.model_validate_json(body)
    spoken = [part for part in said.segments if part.spoken]
    text = said.text.strip()
    if len(spoken) < len(said.segments):
        text = " ".join(part.text.strip() for part in spoken)
    found = language or language_code(said.language)
    sure = _mean(spoken) if said.confidence is None else said.confidence
    return Transcript(
        text=text,
        language=found if text or language else None,
        confidence=sure if text else 0.0,
        duration_s=duration_s,
        words=tuple(
            Word(
                word.word.strip(),
                word.start,
                word.end,
                UNTOLD if word.confidence is None else word.confidence,
            )
            for word in said.words
            if not said.segments or _within(word, spoken)
        ),
        segments=tuple(Segment(part.text.strip(), part.start, part.end, part.sure) for part in spoken),
    )


def _mean(segments: Sequence[_Segment]) -> float:
    """By length: a long segment has more tokens."""
    lengths = [max(0.0, part.end - part.start) for part in segments]
    if sum(lengths) == 0:
        return segments[0].sure if segments else UNTOLD
    return sum(part.sure * length for part, length in zip(segments, lengths, strict=True)) / sum(lengths)


def _within(word: _Word, segments: Sequence[_Segment]) -> bool:
    return any(part.start - _WORD_EARLY_S <= word.start <= part.end for part in segments)
