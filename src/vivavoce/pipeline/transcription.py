"""The first stage: a second pass over the recording, aligned with the log. No transcript is lost for want of one.

Each speaker has a track. The participant's words are recognised anew, with the sound around them that voice activity
detection left out live; the moderator's are known, and are only given times. Where the second pass has nothing or
something doubtful, the live text stays, and the segment says why.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Protocol

from pydantic import BaseModel, ConfigDict

from vivavoce.pipeline.alignment import joined, likeness, share, timed
from vivavoce.pipeline.cutting import Window, windows
from vivavoce.pipeline.edges import levels, put_right, stretches
from vivavoce.pipeline.interview import Interview, Spoken, interview
from vivavoce.pipeline.patience import NotYet
from vivavoce.pipeline.stage import Stage
from vivavoce.pipeline.tracks import RATE, Archive, Part, opened
from vivavoce.pipeline.transcript import (
    WITH_SPEECH,
    RecordingPart,
    Segment,
    Speaker,
    Transcript,
    WhyLive,
    Word,
)
from vivavoce.protocol.languages import base_language
from vivavoce.protocol.study import Study
from vivavoce.session.clock import Clock
from vivavoce.session.events import SessionEvent, SessionScheduled
from vivavoce.session.store import EventList
from vivavoce.speech.client import Priority, SpeechBusy, SpeechRejected
from vivavoce.speech.client import Transcript as Heard

OPEN_S = 600.0
"""Seconds after the end that a recording may take to be closed; then the live text has to do."""

BUSY_TRIES = 10
"""Times that a window is offered to a server that says it is busy, each after the wait it asks for."""

UNLIKE = 0.3
"""Likeness to the live text under which a second pass that is less sure of itself is not believed."""

SPEAKERS: tuple[Speaker, ...] = ("participant", "moderator")


class Log(Protocol):
    """Where logs are kept: `session.store.SessionStore`."""

    async def read(self, session_id: str, *, after: int = 0) -> EventList:
        """A session's events."""
        ...


class Recogniser(Protocol):
    """What writes down a sound: `speech.client.SpeechClient`."""

    async def transcribe(
        self,
        pcm: bytes,
        *,
        sample_rate: int = 16000,
        language: str | None = None,
        words: bool = False,
        priority: Priority = "live",
        model: str | None = None,
    ) -> Heard:
        """Write down s16le mono."""
        ...


StudyOfHash = Callable[[str, str], Awaitable[Study | None]]
"""The version of a study with that id and content hash; None: it is not to be had any more."""


class ToTranscribe(BaseModel):
    """An interview, and the model that hears each language it was held in."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    interview: Interview
    models: dict[str, str]


@dataclass(frozen=True, slots=True)
class _Take:
    """What the second pass heard of one turn. `confidence` is that of the window it was in."""

    words: tuple[Word, ...]
    language: str | None
    confidence: float


class Transcription(Stage[ToTranscribe]):
    """Makes a `Transcript` of a session that is over.

    Args:
        log: the sessions' logs.
        studies: the studies' versions.
        archive: the recordings.
        recogniser: the speech server.
        hearing: the model that hears a language.
        clock: wall clock.
    """

    name = "transcription"
    version = 1

    def __init__(
        self,
        *,
        log: Log,
        studies: StudyOfHash,
        archive: Archive,
        recogniser: Recogniser,
        hearing: Callable[[str], str],
        clock: Clock,
    ) -> None:
        self._log = log
        self._studies = studies
        self._archive = archive
        self._recogniser = recogniser
        self._hearing = hearing
        self._clock = clock

    async def inputs(self, session_id: str) -> ToTranscribe:
        """The interview.

        Raises:
            NotYet: its recording is still being written.
            SessionUnknown, LogUnreadable, StudyError, StorageUnavailable.
        """
        found = await read_interview(await self._log.read(session_id), self._studies)
        if found.open_recordings and found.ended_at is not None:
            over_s = (self._clock.now() - found.ended_at).total_seconds()
            if over_s < OPEN_S:
                raise NotYet(
                    f"The recording {found.open_recordings[0]} is not closed yet.",
                    next_step="The sweeper closes it; this waits.",
                )
        languages = {spoken.language or found.language for spoken in found.spoken} | {found.language}
        return ToTranscribe(
            interview=found, models={language: self._hearing(language) for language in sorted(languages)}
        )

    async def output(self, inputs: ToTranscribe) -> Transcript:
        """The transcript.

        Raises:
            RecordingsUnavailable, SpeechUnavailable, SpeechBusy: to be tried again.
        """
        takes: dict[tuple[Speaker, str], _Take] = {}
        parts: list[RecordingPart] = []
        for recording in inputs.interview.recordings:
            async with AsyncExitStack() as stack:
                part = await stack.enter_async_context(opened(recording, self._archive))
                parts.append(
                    RecordingPart(
                        key=part.key, start_s=part.start_s, duration_s=part.duration_s, outcome=part.outcome
                    )
                )
                if part.usable:
                    takes.update(await self._hear(part, inputs))
        return assemble(inputs.interview, tuple(parts), takes, models=inputs.models)

    async def _hear(self, part: Part, inputs: ToTranscribe) -> dict[tuple[Speaker, str], _Take]:
        assert part.start_s is not None
        takes: dict[tuple[Speaker, str], _Take] = {}
        for speaker in SPEAKERS:
            turns = [turn for turn in inputs.interview.spoken if turn.speaker == speaker]
            for window in windows(turns, begin_s=part.start_s, end_s=part.start_s + part.duration_s):
                pcm = await part.cut(speaker, window.start_s, window.end_s)
                heard = await self._heard(pcm, window, inputs)
                if heard is None:
                    continue
                words = await asyncio.to_thread(_timed_by_sound, heard, pcm, window.start_s)
                for turn, shared in zip(window.turns, share(words, window.turns), strict=True):
                    takes[speaker, turn.id] = _Take(shared, heard.language, heard.confidence)
        return takes

    async def _heard(self, pcm: bytes, window: Window, inputs: ToTranscribe) -> Heard | None:
        """What the recogniser made of a window; None: it takes no such language, or there is no sound."""
        if not pcm:
            return None
        language = window.turns[0].language or inputs.interview.language
        for further in reversed(range(BUSY_TRIES)):
            try:
                return await self._recogniser.transcribe(
                    pcm,
                    sample_rate=RATE,
                    language=base_language(language),
                    words=True,
                    priority="batch",
                    model=inputs.models[language],
                )
            except SpeechBusy as error:
                # One window waits; the whole interview need not be heard again for it.
                if not further:
                    raise
                await asyncio.sleep(error.retry_after_s)
            except SpeechRejected as error:
                if error.param != "language":
                    raise
                return None
        return None


async def read_interview(events: Sequence[SessionEvent], studies: StudyOfHash) -> Interview:
    """The interview of a whole log, with the topics of its study where that version is to be had.

    Raises:
        IllegalTransition: the log is no log.
        StudyError, StorageUnavailable.
    """
    first = events[0].payload if events else None
    study = await studies(first.study_id, first.study_hash) if isinstance(first, SessionScheduled) else None
    return interview(events, study)


def _timed_by_sound(heard: Heard, pcm: bytes, begin_s: float) -> tuple[Word, ...]:
    """The words of a window that begins at `begin_s` of the session clock, on that clock."""
    words = [
        Word(text=w.text, start_s=w.start_s, end_s=w.end_s, confidence=w.confidence) for w in heard.words
    ]
    return tuple(
        word.model_copy(update={"start_s": begin_s + word.start_s, "end_s": begin_s + word.end_s})
        for word in put_right(words, stretches(levels(pcm, RATE)))
    )


def assemble(
    told: Interview,
    parts: tuple[RecordingPart, ...],
    takes: dict[tuple[Speaker, str], _Take],
    *,
    models: dict[str, str],
) -> Transcript:
    """The transcript of an interview and what the second pass heard of its turns. Pure."""
    segments = [_segment(index, turn, takes, parts) for index, turn in enumerate(told.spoken)]
    used = any(segment.source == "final" for segment in segments)
    return Transcript(
        session_id=told.session_id,
        study=told.study,
        participant=told.participant,
        language=told.language,
        sitting=told.sitting,
        status=told.status,
        reason=told.reason,
        joined_at=told.joined_at,
        ended_at=told.ended_at,
        recogniser=", ".join(sorted(set(models.values()))) if used else None,
        recording=parts,
        segments=tuple(segments),
    )


def _segment(
    index: int, turn: Spoken, takes: dict[tuple[Speaker, str], _Take], parts: tuple[RecordingPart, ...]
) -> Segment:
    take = takes.get((turn.speaker, turn.id))
    why = _why_live(turn, take, parts)
    words: tuple[Word, ...] = ()
    text, language, confidence = turn.text, turn.language, turn.confidence
    if why is None and take is not None:
        words, confidence = take.words, take.confidence
        language = language or take.language
        text = joined(words, language)
    elif take is not None and take.words:
        words = timed(turn.text, take.words, start_s=turn.start_s, end_s=turn.end_s)
    return Segment(
        index=index,
        id=turn.id,
        speaker=turn.speaker,
        start_s=turn.start_s,
        end_s=turn.end_s,
        words=words,
        text=text,
        live_text=turn.text,
        source="final" if why is None else "live",
        why_live=why,
        phase=turn.phase,
        question=turn.question,
        topics=turn.topics,
        move=turn.move,
        language=language,
        confidence=confidence,
        cut_off=turn.cut_off,
        barge_in=turn.barge_in,
    )


def _why_live(turn: Spoken, take: _Take | None, parts: tuple[RecordingPart, ...]) -> WhyLive | None:
    if turn.speaker == "moderator":
        return "studied"
    if not parts:
        return "no_recording"
    if take is None:
        held = any(
            part.start_s is not None
            and part.start_s < turn.end_s
            and turn.start_s < part.start_s + part.duration_s
            for part in parts
            if part.outcome in WITH_SPEECH
        )
        return "language_unknown" if held else "not_in_recording"
    if not joined(take.words, turn.language).strip():
        return "nothing_heard"
    surer = turn.confidence is None or take.confidence >= turn.confidence
    if not surer and likeness(joined(take.words, turn.language), turn.text) < UNLIKE:
        return "unlike_live"
    return None
