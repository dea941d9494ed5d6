"""The second pass over real recordings: by the real recogniser, and where there is little to hear or nothing."""

from __future__ import annotations

import time
from collections.abc import Generator
from datetime import timedelta
from pathlib import Path

import httpx
import jiwer
import numpy as np
import pytest
from tests.integration.speech.conftest import run_command
from tests.lib.recorded import (
    AT,
    ENDED,
    RATE,
    REFERENCES,
    House,
    Scripted,
    closed,
    moderated,
    record,
    speech,
    started,
    tone,
    utterance,
)

from vivavoce.pipeline.alignment import plain
from vivavoce.pipeline.patience import NotYet
from vivavoce.pipeline.transcription import OPEN_S
from vivavoce.session.clock import ManualClock
from vivavoce.session.events import Payload
from vivavoce.speech.client import SpeechClient


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
