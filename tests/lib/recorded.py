"""Interviews made up of a log and a recording, and a recogniser that says what it is told."""

from __future__ import annotations

import asyncio
import json
import wave
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import soxr
from numpy.typing import NDArray

from vivavoce.pipeline.transcript import Transcript
from vivavoce.pipeline.transcription import Transcription
from vivavoce.session.clock import ManualClock
from vivavoce.session.events import (
    ConsentGiven,
    ParticipantJoined,
    Payload,
    Reason,
    RecordingClosed,
    RecordingStarted,
    SessionEnded,
    SessionEvent,
    SessionScheduled,
    SessionStatus,
    SessionWaiting,
    SpeechEnded,
    SpeechStarted,
    Utterance,
)
from vivavoce.session.store import EventList
from vivavoce.speech.client import Priority, SpeechClient, SpeechRejected
from vivavoce.speech.client import Transcript as Heard
from vivavoce.speech.client import Word as HeardWord
from vivavoce.transport.recording import Recorder

AT = datetime(2030, 1, 1, 9, 0, tzinfo=UTC)
SHA = "ab" * 32
BEGUN: tuple[Payload, ...] = (
    ConsentGiven(version="1", text_sha256=SHA, language="en", disclosure_sha256=SHA),
    SessionWaiting(transport="webrtc"),
    ParticipantJoined(transport="webrtc", connection_id="c"),
)
ENDED = SessionEnded(status=SessionStatus.COMPLETED, reason=Reason.FINISHED, at_s=60.0)
SPEECH = Path(__file__).parents[1] / "data" / "speech"
REFERENCES: dict[str, dict[str, str]] = json.loads((SPEECH / "refs.json").read_text(encoding="utf-8"))
RATE = 48_000
Sound = NDArray[np.int16]


def speech(name: str) -> Sound:
    with wave.open(str(SPEECH / f"{name}.wav")) as file:
        sound = np.frombuffer(file.readframes(file.getnframes()), np.int16)
        return soxr.resample(sound, file.getframerate(), RATE)


def tone(seconds: float) -> Sound:
    return (8000 * np.sin(2 * np.pi * 300 * np.arange(round(seconds * RATE)) / RATE)).astype(np.int16)


async def record(path: Path, pieces: Sequence[tuple[str, float, Sound]], *, start_s: float = 0.0) -> float:
    """Write a recording of these sounds: whose, when, what; returns its length in seconds."""
    recorder = Recorder(path, start_s=start_s)
    step = RATE // 5
    for voice, at_s, sound in pieces:
        for begin in range(0, len(sound), step):
            while recorder.waiting_s > 10:
                await asyncio.sleep(0.01)
            getattr(recorder, voice)(sound[begin : begin + step].tobytes(), at_s + begin / RATE)
    return (await recorder.close()).duration_s


def repeated(source: Path, target: Path, times: int, *, every_s: int) -> None:
    """Write a recording's packets so many times, each time `every_s` later, without encoding them anew."""
    with av.open(str(target), "w", format="ogg") as out:
        stream = None
        for turn in range(times):
            with av.open(str(source)) as container:
                taken = container.streams.audio[0]
                stream = stream or out.add_stream_from_template(taken)
                for packet in container.demux(taken):
                    base = packet.time_base or Fraction(1, RATE)
                    if packet.pts is None or packet.pts * base >= every_s:
                        continue
                    packet.pts += int(turn * every_s / base)
                    packet.dts = packet.pts
                    packet.stream = stream
                    out.mux(packet)


def started(key: str) -> RecordingStarted:
    return RecordingStarted(key=key, sample_rate=RATE, channels=2, codec="opus")


def closed(key: str, duration_s: float) -> RecordingClosed:
    return RecordingClosed(key=key, duration_s=duration_s, bytes=1, sha256="ab" * 32)


def utterance(number: int, text: str, start_s: float, end_s: float, language: str = "en") -> Utterance:
    return Utterance(
        utterance_id=f"u{number}",
        text=text,
        start_s=start_s,
        end_s=end_s,
        language=language,
        confidence=0.5,
        model="m",
    )


def moderated(number: int, text: str, start_s: float, end_s: float) -> tuple[Payload, ...]:
    return (
        SpeechStarted(speech_id=f"sp{number}", at_s=start_s),
        SpeechEnded(
            speech_id=f"sp{number}",
            start_s=start_s,
            end_s=end_s,
            planned_text=text,
            heard_text=text,
            interrupted=False,
        ),
    )


class Scripted:
    """Hears the same two words in everything, and remembers how long it was."""

    def __init__(self, text: str = "heard words", *, confidence: float = 0.9) -> None:
        self.text = text
        self.confidence = confidence
        self.asked: list[tuple[float, str | None, Priority]] = []

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
        length_s = len(pcm) / 2 / sample_rate
        self.asked.append((length_s, language, priority))
        if language == "xx":
            raise SpeechRejected("No such language.", next_step="", param="language")
        said = self.text.split()
        step = length_s / max(1, len(said))
        return Heard(
            text=self.text,
            language=language,
            confidence=self.confidence,
            duration_s=length_s,
            words=tuple(
                HeardWord(word, n * step, (n + 1) * step, self.confidence) for n, word in enumerate(said)
            ),
        )


class House:
    """A log and recordings of one session."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.payloads: list[Payload] = []
        self.language = "en"
        self.clock = ManualClock()

    async def read(self, session_id: str, *, after: int = 0) -> EventList:
        scheduled = SessionScheduled(
            study_id="demo", study_hash="f", study_title="Demo", language=self.language, participant_id="p-1"
        )
        return [
            SessionEvent(session_id=session_id, seq=seq, at=AT, payload=payload)
            for seq, payload in enumerate([scheduled, *BEGUN, *self.payloads], start=1)
        ]

    @asynccontextmanager
    async def borrow(self, key: str) -> AsyncGenerator[Path | None]:
        path = self.folder / key
        yield path if path.exists() else None

    async def transcribe(self, recogniser: Scripted | SpeechClient, *payloads: Payload) -> Transcript:
        self.payloads = list(payloads)

        async def study(study_id: str, content_hash: str) -> None:
            return None

        stage = Transcription(
            log=self,
            studies=study,
            archive=self,
            recogniser=recogniser,
            hearing=lambda language: "whisper",
            clock=self.clock,
        )
        return await stage.output(await stage.inputs("s1"))
