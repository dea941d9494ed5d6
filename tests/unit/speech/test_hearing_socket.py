"""The protocol of `/v1/audio/transcribe`, with a client, a detector and an engine in this process."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from vivavoce.speech.detector import Detector, Stream
from vivavoce.speech.endpointing import FRAME
from vivavoce.speech.engines import EngineSpec
from vivavoce.speech.errors import EngineFailed, EngineNotInstalled, SpeechBusy
from vivavoce.speech.messages import Priority
from vivavoce.speech.metrics import SpeechMetrics
from vivavoce.speech.roster import Roster
from vivavoce.speech.sockets import hearing
from vivavoce.speech.sockets.hearing import GARBAGE_LIMIT, HearingSession
from vivavoce.speech.sockets.line import Code

from .fakes import FakeEngine, FakeLine, codes, settled, until

SPEC = EngineSpec("ears", "stt", "", "weights", ("whisper-1",))


class LoudIsSpeech(Detector):
    async def judge(self, stream: Stream, pcm: bytes) -> list[float]:
        data = stream.rest + pcm
        whole = len(data) // (2 * FRAME) * 2 * FRAME
        stream.rest = data[whole:]
        frames = np.frombuffer(data[:whole], "<i2").reshape(-1, FRAME)
        return [0.95 if frame.any() else 0.01 for frame in frames]


def speech(seconds: float, rate: int = 16_000) -> bytes:
    return b"\x10\x10" * int(seconds * rate)


def silence(seconds: float, rate: int = 16_000) -> bytes:
    return bytes(2 * int(seconds * rate))


@asynccontextmanager
async def session(
    line: FakeLine, engine: FakeEngine | None = None, detector: Detector | None = None
) -> AsyncGenerator[FakeEngine]:
    """A session with a client who leaves at the end."""
    engine = engine or FakeEngine(SPEC)
    ears = HearingSession(
        line, Roster({"ears": engine}), detector or LoudIsSpeech(), SpeechMetrics(CollectorRegistry())
    )
    task = asyncio.create_task(ears.run())
    try:
        yield engine
    finally:
        line.read_on()
        line.leave()
        async with asyncio.timeout(5):
            await task
        assert engine.at_work == 0


def start(**fields: object) -> dict[str, object]:
    return {"type": "start", "partials": False, **fields}


END: dict[str, object] = {"type": "end"}


async def test_an_utterance_is_written_down_when_its_speaker_stops() -> None:
    line = FakeLine()
    async with session(line) as engine:
        line.say(start(words=True, language="en-GB", prompt="Anna"))
        line.say(silence(1), speech(2.5), silence(1), speech(1.2), silence(1))
        await line.until("final", count=2)
        line.say(END)
        await line.until("done")
    [started] = line.frames("started")
    assert started == {
        "type": "started", "v": 1, "model": "ears", "language": "en", "sample_rate": 16_000,
        "endpointing": "server",
    }  # fmt: skip
    first, second = line.frames("final")
    assert (first["utterance"], second["utterance"]) == (1, 2)
    assert (first["start_s"], first["end_s"]) == pytest.approx((1.0, 3.5), abs=0.05)
    assert (second["start_s"], second["end_s"]) == pytest.approx((4.5, 5.7), abs=0.05)
    assert first["text"] == "word word word"
    assert (first["language"], first["confidence"], first["reason"]) == ("en", 0.9, "silence")
    # The recogniser hears 0.3 s before the speech; the words' times are those of the whole sound.
    assert second["words"][0]["start_s"] == pytest.approx(4.2, abs=0.05)
    assert [frame["start_s"] for frame in line.frames("speech_started")] == [
        first["start_s"],
        second["start_s"],
    ]
    assert [frame["end_s"] for frame in line.frames("speech_stopped")] == [first["end_s"], second["end_s"]]
    assert line.frames("done") == [{"type": "done", "audio_s": 6.7}]
    assert [asked.samples / 16_000 for asked in engine.asked] == pytest.approx([3.1, 1.8], abs=0.05)


async def test_silence_never_reaches_the_recogniser() -> None:
    line = FakeLine()
    async with session(line) as engine:
        line.say(start(), silence(30), END)
        await line.until("done")
        assert engine.asked == []


async def test_the_end_of_the_sound_ends_the_utterance() -> None:
    line = FakeLine()
    async with session(line):
        line.say(start(), speech(2), END)
        await line.until("done")
        line.say(start(), speech(1), END)  # and another sound may follow
        await line.until("done", count=2)
    assert [(one["utterance"], one["reason"]) for one in line.frames("final")] == [
        (1, "client"),
        (1, "client"),
    ]


async def test_the_client_can_end_utterances() -> None:
    line = FakeLine()
    async with session(line):
        line.say(start(endpointing="client"), speech(2), silence(3), {"type": "end_utterance"})
        line.say({"type": "end_utterance"}, speech(1), END)
        await line.until("done")
    finals = line.frames("final")
    assert [(one["utterance"], one["start_s"], one["end_s"], one["text"]) for one in finals] == [
        (1, 0.0, 5.0, "word " * 4 + "word"),
        (2, 5.0, 5.0, ""),
        (3, 5.0, 6.0, "word"),
    ]
    assert line.frames("speech_started") == []


async def test_a_client_that_never_ends_one_is_not_waited_for() -> None:
    line = FakeLine()
    async with session(line):
        line.say(start(endpointing="client"), *[silence(30)] * 9, END)
        await line.until("done")
    assert [one["reason"] for one in line.frames("final")] == ["limit", "limit", "client"]


async def test_a_long_utterance_is_cut_and_nothing_of_it_lost() -> None:
    line = FakeLine()
    async with session(line) as engine:
        line.say(start(), *[speech(10)] * 6, END)
        await line.until("done")
        assert sum(asked.samples for asked in engine.asked) == 60 * 16_000
    finals = line.frames("final")
    assert [one["reason"] for one in finals] == ["limit"] * (len(finals) - 1) + ["client"]
    for one, two in itertools.pairwise(finals):
        assert one["end_s"] == two["start_s"]


async def test_partials_come_while_somebody_speaks() -> None:
    line = FakeLine()
    async with session(line) as engine:
        line.say(start(partials=True))
        for count in range(1, 5):
            line.say(speech(1))
            await line.until("partial", count=count)
        line.say(silence(1))
        await line.until("final")
        priorities = [asked.priority for asked in engine.asked]
    assert [one["text"] for one in line.frames("partial")] == ["word " * n + "word" for n in range(4)]
    assert all(one["utterance"] == 1 for one in line.frames("partial"))
    assert priorities == [Priority.PARTIAL] * 4 + [Priority.LIVE]


async def test_only_one_partial_is_made_at_a_time_and_the_final_does_not_wait_for_it() -> None:
    line = FakeLine()
    engine = FakeEngine(SPEC, gate=asyncio.Event())
    async with session(line, engine):
        line.say(start(partials=True), *[speech(1)] * 4)
        await until(lambda: len(engine.asked) == 1)
        line.say(*[speech(1)] * 3, silence(1))
        await until(lambda: len(engine.asked) == 2)
        assert engine.asked[1].priority is Priority.LIVE
        assert engine.gate is not None
        engine.gate.set()
        await line.until("final")
    assert line.frames("partial") == []


async def test_batch_waits_its_turn() -> None:
    line = FakeLine()
    async with session(line) as engine:
        line.say(start(priority="batch"), speech(1), END)
        await line.until("done")
        assert engine.asked[0].priority is Priority.BATCH


@pytest.mark.parametrize("rate", [8000, 24_000, 48_000])
async def test_other_rates(rate: int) -> None:
    line = FakeLine()
    async with session(line) as engine:
        data = speech(2, rate)
        line.say(start(endpointing="client", sample_rate=rate))
        line.say(*[data[at : at + 1001] for at in range(0, len(data), 1001)], END)
        await line.until("done")
        assert engine.asked[0].samples == pytest.approx(32_000, abs=2)


async def test_an_utterance_is_tried_again_when_the_engine_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hearing, "RETRY_S", (0.001, 0.001, 0.001))
    line = FakeLine()
    engine = FakeEngine(SPEC, fails={"hear": SpeechBusy("It is full.", next_step="Later.")})
    async with session(line, engine):
        line.say(start(), speech(1), silence(1))
        await until(lambda: len(engine.asked) == 2)
        engine.fails.clear()
        await line.until("final")
        engine.fails["hear"] = SpeechBusy("It is full.", next_step="Later.")
        line.say(speech(1), silence(1))
        await line.until("error")
    [error] = line.frames("error")
    assert (error["utterance"], error["error"]["code"], error["retry_after_s"]) == (2, "speech_busy", 1.0)


async def test_a_failure_of_one_leaves_the_next() -> None:
    line = FakeLine()
    engine = FakeEngine(SPEC, fails={"hear": EngineFailed("It could not.", next_step="Try.")})
    async with session(line, engine):
        line.say(start(), speech(1), silence(1))
        await line.until("error")
        engine.fails.clear()
        line.say(speech(1), silence(1))
        await line.until("final")
    assert codes(line.frames("error")) == ["engine_failed"]
    assert line.frames("final")[0]["utterance"] == 2


async def test_a_cancel_forgets_what_was_said() -> None:
    line = FakeLine()
    engine = FakeEngine(SPEC, gate=asyncio.Event())
    async with session(line, engine):
        line.say(start(), speech(1), silence(1))
        await until(lambda: engine.at_work == 1)
        line.say(speech(1), {"type": "cancel"})
        await until(lambda: engine.at_work == 0)
        assert engine.gate is not None
        engine.gate.set()
        line.say(silence(1), speech(1), silence(1), END)
        await line.until("done")
    assert [one["utterance"] for one in line.frames("final")] == [3]


async def test_a_cancel_while_the_sound_ends() -> None:
    line = FakeLine()
    engine = FakeEngine(SPEC, gate=asyncio.Event())
    async with session(line, engine):
        line.say(start(), speech(1), END)
        await until(lambda: engine.at_work == 1)
        line.say({"type": "cancel"})
        await line.until("done")
        line.say(start(), END)
        await line.until("done", count=2)
    assert line.frames("final") == []


async def test_a_client_who_leaves_stops_the_engine() -> None:
    line = FakeLine()
    engine = FakeEngine(SPEC, gate=asyncio.Event())
    async with session(line, engine):
        line.say(start(), speech(1), END)
        await until(lambda: engine.at_work == 1)
    assert engine.at_work == 0


async def test_a_client_faster_than_the_engine_is_not_read_for_a_while() -> None:
    line = FakeLine()
    engine = FakeEngine(SPEC, gate=asyncio.Event())
    async with session(line, engine):
        line.say(start(), *[speech(1) + silence(1)] * 40, {"type": "ping"})
        await until(lambda: engine.at_work == 1)
        await settled(200)
        assert len(line.frames("speech_stopped")) <= hearing.WAITING_LIMIT + 2
        assert line.frames("pong") == []
        assert engine.gate is not None
        engine.gate.set()
        await line.until("pong")
        await line.until("final", count=40)


@pytest.mark.parametrize(
    ("message", "code", "param"),
    [
        (b"\0\0", "not_started", None),
        ({"type": "end"}, "not_started", None),
        ({"type": "cancel"}, "not_started", None),
        ({"type": "start", "model": "nothing"}, "model_not_found", "model"),
        ({"type": "start", "sample_rate": 1}, "frame_invalid", "sample_rate"),
        ({"type": "start", "endpointing": "nobody"}, "frame_invalid", "endpointing"),
        ({"type": "start", "priority": "partial"}, "frame_invalid", "priority"),
        ({"type": "start", "prompt": "x" * 2001}, "frame_invalid", "prompt"),
        ({"type": "hello"}, "frame_invalid", None),
        ("garbage", "frame_invalid", None),
        ("[" * 50_000, "frame_invalid", None),
    ],
)
async def test_frames_that_are_none(
    message: dict[str, object] | str | bytes, code: str, param: str | None
) -> None:
    line = FakeLine()
    async with session(line):
        line.say(message, {"type": "ping", "n": 1})
        await line.until("pong")
        [error] = line.frames("error")
        assert (error["error"]["code"], error["error"]["param"]) == (code, param)
        assert line.closed is None


async def test_a_second_start_is_refused() -> None:
    line = FakeLine()
    async with session(line):
        line.say(start(), start(), speech(1), END)
        await line.until("done")
    assert codes(line.frames("error")) == ["already_started"]
    assert len(line.frames("final")) == 1


async def test_without_a_detector_the_client_can_still_end_utterances() -> None:
    class Missing(Detector):
        async def judge(self, stream: Stream, pcm: bytes) -> list[float]:
            raise EngineNotInstalled("It is not installed.", next_step="Install it.")

    line = FakeLine()
    async with session(line, detector=Missing()):
        line.say(start(), start(endpointing="client"), speech(1), END)
        await line.until("done")
    assert codes(line.frames("error")) == ["engine_not_installed"]
    assert len(line.frames("final")) == 1


async def test_garbage_without_end_ends_the_socket() -> None:
    line = FakeLine()
    async with session(line):
        line.say(*[b"\0\0"] * GARBAGE_LIMIT)
        await until(lambda: line.closed is not None)
    assert line.closed is not None
    assert line.closed[0] is Code.MISUSED


@settings(deadline=None, max_examples=50)
@given(
    st.lists(
        st.one_of(
            st.text(max_size=30),
            st.binary(max_size=5000),
            st.sampled_from([speech(0.7), silence(0.7)]),
            st.fixed_dictionaries(
                {"type": st.sampled_from(["start", "end_utterance", "cancel", "end", "ping", "close", "x"])},
                optional={
                    "endpointing": st.sampled_from(["server", "client"]),
                    "partials": st.booleans(),
                    "sample_rate": st.sampled_from([8000, 16_000, 3]),
                },
            ),
        ),
        max_size=40,
    )
)
async def test_nothing_that_a_client_sends_breaks_a_session(
    messages: list[dict[str, object] | str | bytes],
) -> None:
    line = FakeLine()
    async with session(line):
        line.say(*messages)
        await settled(300)
