"""OpenAI's transcripts, read into ours. No I/O.

`verbose_json` (openai-python 3.54, `types/audio/transcription_verbose.py`): `text`, `language` (a name), `duration`,
`segments` with `avg_logprob` and `no_speech_prob`, `words`. `json`: `text` alone. Our own server adds `confidence`.
"""

from __future__ import annotations

import json
import math
from typing import Any, cast

from vivavoce.speech.transcript import Segment, Transcript, Word
from vivavoce.speech.upstream.languages import language_code

# Whisper's own rule for a segment in which nobody speaks, where it likes to invent something: both have to hold
# (openai-whisper, `whisper/transcribe.py`: no_speech_threshold, logprob_threshold).
_NO_SPEECH, _NO_SPEECH_LOGPROB = 0.6, -1.0

UNTOLD = 1.0
"""The confidence of a text whose server does not say how sure it is."""


def read_transcript(body: bytes, *, language: str | None, duration_s: float) -> Transcript:
    """A transcript as a server sends it.

    Args:
        body: JSON.
        language: what was asked for, if anything was.
        duration_s: of the sound.

    Raises:
        ValueError, LookupError, TypeError: it is no transcript.
    """
    content = cast("dict[str, Any]", json.loads(body))
    text = str(content["text"]).strip()
    listed = cast("list[dict[str, Any]]", content.get("segments") or [])
    spoken = [item for item in listed if not _nobody_speaks(item)]
    if len(spoken) < len(listed):
        text = " ".join(str(item["text"]).strip() for item in spoken)
    segments = tuple(
        Segment(str(item["text"]).strip(), float(item["start"]), float(item["end"]), _confidence(item))
        for item in spoken
    )
    sure = _confidence(content) if "confidence" in content else _mean(segments)
    words = tuple(
        Word(str(item["word"]).strip(), float(item["start"]), float(item["end"]), _confidence(item))
        for item in cast("list[dict[str, Any]]", content.get("words") or [])
        if not listed or _within(float(item["start"]), spoken)
    )
    found = language or language_code(cast("str | None", content.get("language")))
    return Transcript(
        text=text,
        language=found if text or language else None,
        confidence=sure if text else 0.0,
        duration_s=duration_s,
        words=words,
        segments=segments,
    )


def _nobody_speaks(segment: dict[str, Any]) -> bool:
    return (
        float(segment.get("no_speech_prob", 0.0)) > _NO_SPEECH
        and float(segment.get("avg_logprob", 0.0)) < _NO_SPEECH_LOGPROB
    )


def _confidence(item: dict[str, Any]) -> float:
    if "confidence" in item:
        return min(1.0, max(0.0, float(item["confidence"])))
    if "avg_logprob" in item:
        return min(1.0, math.exp(float(item["avg_logprob"])))
    return UNTOLD


def _mean(segments: tuple[Segment, ...]) -> float:
    """By length: a long segment has more tokens."""
    total = sum(part.end_s - part.start_s for part in segments)
    if total <= 0:
        return segments[0].confidence if segments else UNTOLD
    return sum(part.confidence * (part.end_s - part.start_s) for part in segments) / total


def _within(at_s: float, segments: list[dict[str, Any]]) -> bool:
    # The beginning of a word may lie a little before that of its segment.
    return any(float(item["start"]) - 0.2 <= at_s <= float(item["end"]) for item in segments)
