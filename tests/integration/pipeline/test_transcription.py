"""The second pass over real recordings: by the real recogniser, and where there is little to hear or nothing."""

from __future__ import annotations

import asyncio
import json
import time
import wave
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import httpx
import jiwer
import numpy as np
import pytest
import soxr
from numpy.typing import NDArray
from tests.integration.pipeline.conftest import AT, BEGUN, ENDED
from tests.integration.speech.conftest import run_command

from vivavoce.pipeline.alignment import plain
from vivavoce.pipeline.patience import NotYet
from vivavoce.pipeline.transcript import Transcript
from vivavoce.pipeline.transcription import OPEN_S, Transcription
from vivavoce.session.clock import ManualClock
from vivavoce.session.events import (
    Payload,
    RecordingClosed,
    RecordingStarted,
    SessionEvent,
    SessionScheduled,
    SpeechEnded,
    SpeechStarted,
    Utterance,
)
from vivavoce.session.store import EventList
from vivavoce.speech.client import Priority, SpeechClient, SpeechRejected
from vivavoce.speech.client import Transcript as Heard
from vivavoce.speech.client import Word as HeardWord
from vivavoce.transport.recording import Recorder

SPEECH = Path(__file__).parents[2] / "data" / "speech"
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


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


@pytest.fixture(scope="module")
def whisper(models_dir: Path) -> Generator[str]:
    with run_command("--engines", "whisper", "--models-dir", str(models_dir)) as command:
        deadline = time.monotonic() + 180
        while httpx.get(f"{command.url}/readyz").status_code != 200:
            assert time.monotonic() < deadline, "the recogniser does not get ready"
            time.sleep(0.2)
        yield command.url


async def test_both_speakers_get_word_times_and_the_participant_a_better_text(
    house: House, whisper: str
) -> None:
    question, answers = speech("kokoro_s03"), ("kokoro_s01", "real_libri_0870")
    pieces = [("moderator", 1.0, question)]
    at = 1.0 + len(question) / RATE + 1.0
    said: list[Payload] = []
    for number, name in enumerate(answers):
        sound = speech(name)
        pieces.append(("participant", at, sound))
        said.append(utterance(number, "something else entirely", at, at + len(sound) / RATE))
        at += len(sound) / RATE + 2.0
    length_s = await record(house.folder / "a.ogg", pieces)
    text = REFERENCES["kokoro_s03"]["text"]
    async with SpeechClient(whisper) as client:
        found = await house.transcribe(
            client,
            started("a.ogg"),
            *moderated(1, text, 1.0, 1.0 + len(question) / RATE),
            *said,
            closed("a.ogg", length_s),
            ENDED,
        )
    asked, *answered = found.segments
    assert (asked.text, asked.source, asked.why_live) == (text, "live", "studied")
    assert [word.text for word in asked.words] == text.split()
    for segment, name in zip(answered, answers, strict=True):
        assert (segment.source, segment.live_text, segment.language) == (
            "final",
            "something else entirely",
            "en",
        )
        reference = " ".join(plain(word) for word in REFERENCES[name]["text"].split())
        heard = " ".join(plain(word) for word in segment.text.split())
        assert jiwer.wer(reference, heard) <= 0.15, segment.text
        assert segment.words[0].start_s >= segment.start_s - 0.3
        assert segment.words[-1].end_s <= segment.end_s + 0.3
    assert found.recogniser == "whisper"


async def test_parts_after_a_crash_are_heard_where_they_were_spoken(house: House) -> None:
    first = await record(house.folder / "a.ogg", [("participant", 1.0, tone(2))])
    second = await record(house.folder / "b.ogg", [("participant", 31.0, tone(2))], start_s=30.0)
    found = await house.transcribe(
        Scripted(),
        started("a.ogg"),
        utterance(1, "one", 1, 3),
        utterance(2, "lost between", 10, 12),
        started("b.ogg"),
        utterance(3, "three", 31, 33),
        closed("a.ogg", first),
        closed("b.ogg", second),
        ENDED,
    )
    assert [part.start_s for part in found.recording] == [0.0, 30.0]
    assert [segment.source for segment in found.segments] == ["final", "live", "final"]
    assert found.segments[1].why_live == "not_in_recording"
    assert 30.7 <= found.segments[2].words[0].start_s <= found.segments[2].words[-1].end_s <= 33.3


async def test_a_truncated_recording_is_used_as_far_as_it_goes(house: House) -> None:
    length_s = await record(
        house.folder / "a.ogg", [("participant", 1.0, tone(2)), ("participant", 20.0, tone(2))]
    )
    whole = (house.folder / "a.ogg").read_bytes()
    (house.folder / "a.ogg").write_bytes(whole[: len(whole) // 2])
    found = await house.transcribe(
        Scripted(),
        started("a.ogg"),
        utterance(1, "one", 1, 3),
        utterance(2, "two", 20, 22),
        closed("a.ogg", length_s),
        ENDED,
    )
    assert found.recording[0].outcome == "truncated"
    assert [segment.source for segment in found.segments] == ["final", "live"]


@pytest.mark.parametrize(("content", "outcome"), [(None, "missing"), (b"no sound at all", "unreadable")])
async def test_without_a_recording_the_live_text_stays(
    house: House, content: bytes | None, outcome: str
) -> None:
    if content is not None:
        (house.folder / "a.ogg").write_bytes(content)
    found = await house.transcribe(
        Scripted(), started("a.ogg"), utterance(1, "one", 1, 3), closed("a.ogg", 5.0), ENDED
    )
    assert found.recording[0].outcome == outcome
    assert (found.segments[0].text, found.segments[0].why_live) == ("one", "not_in_recording")
    assert found.recogniser is None


async def test_silence_is_called_so_and_nothing_is_made_up(house: House) -> None:
    silence = np.zeros(RATE * 3, np.int16)
    length_s = await record(house.folder / "a.ogg", [("participant", 0.0, silence)])
    recogniser = Scripted()
    found = await house.transcribe(
        recogniser, started("a.ogg"), utterance(1, "one", 1, 2), closed("a.ogg", length_s), ENDED
    )
    assert (found.recording[0].outcome, found.segments[0].source) == ("silent", "live")
    assert recogniser.asked == []


async def test_an_empty_interview_has_an_empty_transcript(house: House) -> None:
    found = await house.transcribe(Scripted(), ENDED)
    assert (found.segments, found.recording) == ((), ())


async def test_a_language_that_the_recogniser_does_not_know(house: House) -> None:
    house.language = "xx"
    length_s = await record(house.folder / "a.ogg", [("participant", 1.0, tone(2))])
    found = await house.transcribe(
        Scripted(), started("a.ogg"), utterance(1, "one", 1, 3, "xx"), closed("a.ogg", length_s), ENDED
    )
    assert (found.segments[0].text, found.segments[0].why_live) == ("one", "language_unknown")


async def test_a_doubtful_second_pass_is_not_believed(house: House) -> None:
    length_s = await record(house.folder / "a.ogg", [("participant", 1.0, tone(2))])
    found = await house.transcribe(
        Scripted("thank you for watching", confidence=0.2),
        started("a.ogg"),
        utterance(1, "no, never", 1, 3),
        closed("a.ogg", length_s),
        ENDED,
    )
    assert (found.segments[0].text, found.segments[0].why_live) == ("no, never", "unlike_live")


async def test_a_recording_that_is_still_open_is_waited_for_and_not_for_ever(house: House) -> None:
    house.clock = ManualClock(AT + timedelta(seconds=10))
    with pytest.raises(NotYet, match=r"a\.ogg"):
        await house.transcribe(Scripted(), started("a.ogg"), utterance(1, "one", 1, 3), ENDED)
    house.clock = ManualClock(AT + timedelta(seconds=OPEN_S + 1))
    found = await house.transcribe(Scripted(), started("a.ogg"), utterance(1, "one", 1, 3), ENDED)
    assert found.recording[0].outcome == "missing"


async def test_three_hours_with_little_in_them(house: House) -> None:
    minute = np.zeros(RATE * 60, np.int16)
    pieces = [
        piece
        for number in range(180)
        for piece in (("moderator", number * 60.0, minute), ("participant", number * 60.0 + 10, tone(1)))
        if number % 10 == 0 or piece[0] == "moderator"
    ]
    length_s = await record(house.folder / "a.ogg", pieces)
    said = [utterance(n, f"word {n}", n * 600 + 10, n * 600 + 11) for n in range(18)]
    recogniser = Scripted()
    found = await house.transcribe(recogniser, started("a.ogg"), *said, closed("a.ogg", length_s), ENDED)
    assert found.recording[0].duration_s == pytest.approx(180 * 60, abs=0.1)
    assert [segment.source for segment in found.segments] == ["final"] * 18
    assert all(
        segment.words[0].start_s == pytest.approx(segment.start_s, abs=0.31) for segment in found.segments
    )
    # Only what was said is heard, not the hours around it, and everybody else goes first.
    assert sum(length for length, _, _ in recogniser.asked) < 18 * 2
    assert {priority for _, _, priority in recogniser.asked} == {"batch"}
