"""The JSON answers of the HTTP surface. OpenAI's shapes, with a few fields of ours."""

from __future__ import annotations

import math
import zlib
from typing import Literal

from pydantic import BaseModel, Field

from vivavoce.speech.licences import licence_of
from vivavoce.speech.roster import Engine
from vivavoce.speech.sockets.frames import ErrorContent
from vivavoce.speech.supervisor import State
from vivavoce.speech.transcript import Segment, Transcript, Word

SEEK_RATE = 100
"""Whisper's frames a second, in which OpenAI's `seek` counts."""


class ErrorBody(BaseModel):
    """Every error."""

    error: ErrorContent


class ModelObject(BaseModel):
    """An engine. `role` is `tts` for one that speaks and `stt` for one that transcribes."""

    id: str
    object: Literal["model"] = "model"
    created: int = Field(
        default=0, description="Always 0: weights in a folder have no date that means anything."
    )
    owned_by: str = "vivavoce"
    role: Literal["stt", "tts"]
    weights: str
    licence: str | None = Field(description="Of the weights, an SPDX expression; null where it is not known.")
    non_commercial: bool | None = Field(description="Whether it forbids commercial use.")
    aliases: list[str]
    languages: list[str]
    sample_rate: int | None
    ready: bool
    imitates: bool = Field(description="Whether it can speak with the voice of a clip.")
    breaker: Literal["closed", "open", "half_open"] | None = Field(
        description="Whether requests go through to a server elsewhere; null for an engine that is here."
    )
    detail: str | None = Field(description="How a server elsewhere is.")


class ModelList(BaseModel):
    """The engines that run here."""

    object: Literal["list"] = "list"
    data: list[ModelObject]


class EngineVoice(BaseModel):
    """A voice of an engine. `language` is a BCP 47 tag."""

    id: str
    object: Literal["voice"]
    model: str
    language: str
    gender: Literal["female", "male", "unknown"]


class ClipBody(BaseModel):
    """A recording of somebody, whose voice some engines can imitate. `language` is a BCP 47 tag."""

    id: str
    object: Literal["audio.voice"]
    type: Literal["audio_sample"]
    created_at: int
    gender: Literal["unknown"]
    name: str
    language: str
    transcript: str
    consent: str
    duration_s: float
    sample_rate: int


class ClipVoice(ClipBody):
    """A clip as an engine's voice."""

    model: str


class AddedVoice(ClipBody):
    """A clip that was added, and the engines that can imitate it."""

    models: list[str]


class DeletedVoice(BaseModel):
    """A clip that was deleted."""

    id: str
    object: Literal["audio.voice.deleted"]
    deleted: Literal[True]


class VoiceList(BaseModel):
    """The voices of the engines that speak."""

    object: Literal["list"] = "list"
    data: list[EngineVoice | ClipVoice]


class Check(BaseModel):
    """One engine's state."""

    ok: bool
    detail: str


class ReadinessBody(BaseModel):
    """Whether every engine is warm; which one is not, and why."""

    ready: bool
    checks: dict[str, Check]


class Usage(BaseModel):
    """What was transcribed."""

    type: Literal["duration"] = "duration"
    seconds: float


class LogProbability(BaseModel):
    """How sure the recogniser is of a word; OpenAI has this for each token."""

    token: str
    bytes: list[int]
    logprob: float


class TranscriptionBody(BaseModel):
    """`json`."""

    text: str
    logprobs: list[LogProbability] | None = Field(default=None, description="With `include[]=logprobs`.")
    usage: Usage


class TranscriptionSegmentBody(BaseModel):
    """A stretch that was decoded in one piece. `confidence` (0 to 1) is ours."""

    id: int
    seek: int
    start: float
    end: float
    text: str
    tokens: list[int] = Field(default=[], description="Empty: the engines do not tell.")
    temperature: float = 0.0
    avg_logprob: float
    compression_ratio: float
    no_speech_prob: float = Field(
        default=0.0, description="Always 0: where nobody speaks there is no segment."
    )
    confidence: float


class TranscriptionWordBody(BaseModel):
    """A word. `confidence` (0 to 1) is ours."""

    word: str
    start: float
    end: float
    confidence: float


class VerboseBody(BaseModel):
    """`verbose_json`. `language` is a code where OpenAI has a name; `confidence` (0 to 1) is ours."""

    task: Literal["transcribe"] = "transcribe"
    language: str
    duration: float
    text: str
    confidence: float
    segments: list[TranscriptionSegmentBody]
    words: list[TranscriptionWordBody] | None = Field(
        default=None, description="With `timestamp_granularities[]=word`."
    )
    usage: Usage


def model_object(engine: Engine) -> ModelObject:
    """An engine as it is listed."""
    loaded, condition = engine.loaded, engine.condition
    weights = loaded.model if loaded else engine.spec.model
    licence = licence_of(weights) or licence_of(engine.spec.model)
    return ModelObject(
        id=engine.spec.name,
        role=engine.spec.role,
        weights=engine.spec.model,
        licence=licence.name if licence else None,
        non_commercial=licence.non_commercial if licence else None,
        aliases=list(engine.spec.aliases),
        languages=list(loaded.languages) if loaded else [],
        sample_rate=loaded.sample_rate if loaded else None,
        ready=engine.state is State.READY,
        imitates=engine.spec.imitates,
        breaker=condition.breaker if condition else None,
        detail=condition.detail if condition else None,
    )


def usage(transcript: Transcript) -> Usage:
    """What was transcribed."""
    return Usage(seconds=transcript.duration_s)


def transcription_body(transcript: Transcript, *, logprobs: bool) -> TranscriptionBody:
    """A transcript as `json`."""
    return TranscriptionBody(
        text=transcript.text,
        logprobs=log_probabilities(transcript.words) if logprobs else None,
        usage=usage(transcript),
    )


def log_probabilities(words: tuple[Word, ...]) -> list[LogProbability]:
    """How sure the recogniser is of each word."""
    return [
        LogProbability(token=word.text, bytes=list(word.text.encode()), logprob=_log(word.confidence))
        for word in words
    ]


def verbose_body(transcript: Transcript, *, words: bool) -> VerboseBody:
    """A transcript as `verbose_json`."""
    return VerboseBody(
        language=transcript.language or "",
        duration=transcript.duration_s,
        text=transcript.text,
        confidence=transcript.confidence,
        segments=[_segment(number, part) for number, part in enumerate(transcript.segments)],
        words=[
            TranscriptionWordBody(
                word=word.text, start=word.start_s, end=word.end_s, confidence=word.confidence
            )
            for word in transcript.words
        ]
        if words
        else None,
        usage=usage(transcript),
    )


def _segment(number: int, part: Segment) -> TranscriptionSegmentBody:
    raw = part.text.encode()
    return TranscriptionSegmentBody(
        id=number,
        seek=int(part.start_s * SEEK_RATE),
        start=part.start_s,
        end=part.end_s,
        text=part.text,
        avg_logprob=_log(part.confidence),
        # As Whisper's own code has it (whisper/utils.py, `compression_ratio`).
        compression_ratio=len(raw) / len(zlib.compress(raw)),
        confidence=part.confidence,
    )


def _log(confidence: float) -> float:
    return math.log(max(confidence, 1e-9))
