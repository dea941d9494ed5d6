"""The protocol of `/v1/audio/stream`, with a client and an engine in this process."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from vivavoce.speech.casting import Casting
from vivavoce.speech.engines import EngineSpec
from vivavoce.speech.errors import EngineDied, SpeechBusy
from vivavoce.speech.messages import Priority
from vivavoce.speech.metrics import SpeechMetrics
from vivavoce.speech.orders import OrderDesk
from vivavoce.speech.roster import Roster
from vivavoce.speech.sockets.line import Code
from vivavoce.speech.sockets.speaking import (
    BARE_LIMIT,
    CONTEXTS_LIMIT,
    FRAME_LIMIT,
    GARBAGE_LIMIT,
    SpeakingSession,
)
from vivavoce.speech.speaker import Speaker

from .fakes import RATE, WORD_S, FakeEngine, FakeLine, codes, settled, tone, until


@asynccontextmanager
async def session(line: FakeLine, *engines: FakeEngine) -> AsyncGenerator[None]:
    """A session with a client who leaves at the end."""
    roster = Roster({engine.spec.name: engine for engine in engines or (FakeEngine(),)})
    desk = OrderDesk(roster, Casting(), lambda engine, voice: False)
    speaker = Speaker(SpeechMetrics(CollectorRegistry()))
    task = asyncio.create_task(SpeakingSession(line, desk, speaker).run())
    try:
        yield
    finally:
        line.read_on()
        line.leave()
        async with asyncio.timeout(5):
            await task
        assert all(engine.at_work == 0 for engine in engines)


def start(context: str = "main", **fields: object) -> dict[str, object]:
    return {"type": "start", "context": context, **fields}


def text(words: str, context: str = "main", *, end: bool = True) -> dict[str, object]:
    return {"type": "text", "context": context, "text": words, "end": end}


async def test_a_text_is_spoken() -> None:
    line = FakeLine()
    async with session(line):
        line.say(start(word_times=True), text("Hello there you."))
        await line.until("done")
    [started] = line.frames("started")
    assert started == {
        "type": "started", "v": 1, "context": "main", "model": "fake", "voice": "tone",
        "language": "en-US", "sample_rate": RATE, "format": "pcm_s16le", "channels": 1,
    }  # fmt: skip
    assert line.sound("main") == tone(WORD_S) * 3
    assert [word for frame in line.frames("words") for word in frame["words"]] == [
        {"text": "Hello", "start": 0, "end": 5, "start_s": 0.0, "end_s": 0.4},
        {"text": "there", "start": 6, "end": 11, "start_s": 0.4, "end_s": 0.8},
        {"text": "you.", "start": 12, "end": 16, "start_s": 0.8, "end_s": 1.2},
    ]
    assert [frame["start_s"] for frame in line.frames("audio")] == [0.0, 0.4, 0.8]
    assert line.frames("done") == [{"type": "done", "context": "main", "cancelled": False, "audio_s": 1.2}]


async def test_sound_goes_out_while_the_text_still_comes() -> None:
    line = FakeLine()
    async with session(line):
        line.say(start(word_times=True))
        for token in ("I would", " like to know", " more", " about it.", " And"):
            line.say(text(token, end=False))
        await line.until("audio", count=8)
        assert line.frames("done") == []
        line.say(text(" your", end=False), text(" work?"))
        await line.until("done")
    spoken = "I would like to know more about it. And your work?"
    words = [word for frame in line.frames("words") for word in frame["words"]]
    assert [spoken[word["start"] : word["end"]] for word in words] == spoken.split()
    times = [word["start_s"] for word in words]
    assert times == sorted(times)


async def test_a_flush_speaks_what_is_there() -> None:
    line = FakeLine()
    async with session(line):
        line.say(start(), text("Well", end=False))
        await settled()
        assert line.sound("main") == b""
        line.say({"type": "flush", "context": "main"})
        await line.until("audio")
        assert line.sound("main") == tone(WORD_S)
        assert line.frames("done") == []


async def test_contexts_are_spoken_at_once_and_told_apart() -> None:
    gate = asyncio.Event()
    one, two = FakeEngine(gate=gate), FakeEngine(EngineSpec("other", "tts", "", "w"))
    line = FakeLine()
    async with session(line, one, two):
        line.say(start("a"), start("b", model="other"))
        line.say(text("one two three", "a"), text("four five", "b"))
        await line.until("done")
        assert line.frames("done")[0]["context"] == "b"
        gate.set()
        await line.until("done", count=2)
    assert line.sound("a") == tone(WORD_S) * 3
    assert line.sound("b") == tone(WORD_S) * 2


async def test_every_announced_frame_is_followed_by_its_sound() -> None:
    line = FakeLine()
    async with session(line):
        for name in "abcdef":
            line.say(start(name), text("one two three four five", name))
        line.say({"type": "cancel", "context": "c"})
        await line.until("done", count=6)
    for before, message in itertools.pairwise(line.sent):
        if isinstance(before, dict) and before["type"] == "audio":
            assert isinstance(message, bytes)
            assert len(message) == 2 * before["samples"]


async def test_a_cancel_is_read_while_sound_goes_out_to_a_slow_reader() -> None:
    engine, line = FakeEngine(), FakeLine(slow=True)
    async with session(line, engine):
        line.say(start(), text("word " * 500))
        await until(lambda: engine.given > 0)
        await settled()
        assert engine.at_work == 1
        assert engine.given < 5  # the reader takes nothing: nothing is made in advance here
        line.say({"type": "cancel", "context": "main"})
        await until(lambda: engine.at_work == 0)
        line.read_on()
        await line.until("done")
        given = len(line.frames("audio"))
        await settled()
    assert line.frames("done")[0]["cancelled"] is True
    assert len(line.frames("audio")) == given  # nothing comes of it after its `done`


async def test_a_cancel_of_one_leaves_the_others() -> None:
    engine, line = FakeEngine(gate=asyncio.Event()), FakeLine()
    async with session(line, engine):
        line.say(start("a"), text("one", "a"), start("b"), text("two", "b"))
        await until(lambda: engine.at_work == 2)
        line.say({"type": "cancel", "context": "a"})
        await line.until("done")
        assert engine.at_work == 1
        assert engine.gate is not None
        engine.gate.set()
        await line.until("done", count=2)
    assert [(done["context"], done["cancelled"]) for done in line.frames("done")] == [
        ("a", True),
        ("b", False),
    ]


async def test_a_cancel_without_a_name_is_for_all() -> None:
    engine, line = FakeEngine(gate=asyncio.Event()), FakeLine()
    async with session(line, engine):
        line.say(start("a"), text("one", "a"), start("b"), {"text": "bare", "voice": "tone"})
        await settled()
        line.say({"type": "cancel"})
        await line.until("done", count=2)
        await until(lambda: {"done": True} in line.sent)
        assert engine.at_work == 0


async def test_a_client_who_leaves_stops_the_engine() -> None:
    engine, line = FakeEngine(gate=asyncio.Event()), FakeLine()
    async with session(line, engine):
        line.say(start(), text("one"), {"text": "bare", "voice": "tone"})
        await until(lambda: engine.at_work == 2)
    assert engine.at_work == 0


async def test_the_seeds_bare_form() -> None:
    line = FakeLine()
    async with session(line):
        line.say({"text": "one two", "voice": "tone"}, {"text": "three", "voice": "tone"})
        await until(lambda: line.sent.count({"done": True}) == 2)
    assert line.sent == [tone(WORD_S), tone(WORD_S), {"done": True}, tone(WORD_S), {"done": True}]


async def test_bare_texts_that_cannot_be_spoken() -> None:
    line = FakeLine()
    async with session(line, FakeEngine(gate=asyncio.Event())):
        line.say({"text": " "})
        line.say({"text": "x" * 4097, "voice": "tone"})
        await line.until("error", count=2)
        line.say(*[{"text": "one", "voice": "tone"}] * (BARE_LIMIT + 1))
        await line.until("error", count=3)
    assert codes(line.frames("error")) == ["text_empty", "text_too_long", "speech_busy"]


async def test_another_rate() -> None:
    line = FakeLine()
    async with session(line):
        line.say(start(sample_rate=8000), text("one two three"))
        await line.until("done")
    assert line.frames("started")[0]["sample_rate"] == 8000
    assert len(line.sound("main")) == pytest.approx(2 * 8000 * 3 * WORD_S, abs=4)
    assert line.frames("done")[0]["audio_s"] == pytest.approx(3 * WORD_S, abs=0.001)


async def test_what_is_asked_for_reaches_the_engine() -> None:
    engine, line = FakeEngine(), FakeLine()
    async with session(line, engine):
        line.say(start(voice={"id": "ton"}, language="de-AT", speed=1.5, priority="batch"), text("eins"))
        await line.until("done")
        line.say(start(language="de"), text("zwei"))
        await line.until("done", count=2)
    first, second = engine.asked
    assert (first.voice, first.language, first.speed) == ("ton", "de", 1.5)
    assert first.priority is Priority.BATCH
    assert second.voice == "ton"  # the first that speaks the language


async def test_a_failure_ends_its_context_and_not_the_socket() -> None:
    engine = FakeEngine(fails={"die": EngineDied("It died.", next_step="Send it again.")})
    line = FakeLine()
    async with session(line, engine):
        line.say(start("a"), text("one die two", "a", end=False), {"type": "flush", "context": "a"})
        await line.until("error")
        line.say(text("more of it", "a"))  # it may have been on its way
        line.say(start("a"), text("three", "a"))
        await line.until("done")
    [error] = line.frames("error")
    assert error == {
        "type": "error",
        "context": "a",
        "error": {
            "message": "It died. Send it again.", "type": "server_error", "param": None, "code": "engine_died",
        },
        "retry_after_s": 1.0,
    }  # fmt: skip
    assert line.closed is None


async def test_a_full_engine_says_when_to_come_back() -> None:
    busy = SpeechBusy("It is full.", next_step="Later.", retry_after_s=2.5)
    line = FakeLine()
    async with session(line, FakeEngine(fails={"one": busy})):
        line.say(start(), text("one"))
        await line.until("error")
    [error] = line.frames("error")
    assert (error["error"]["code"], error["retry_after_s"]) == ("speech_busy", 2.5)


@pytest.mark.parametrize(
    ("frame", "code", "param", "context"),
    [
        ({"type": "text", "context": "x", "text": "a"}, "context_unknown", "context", "x"),
        ({"type": "flush", "context": "x"}, "context_unknown", "context", "x"),
        ({"type": "cancel", "context": "x"}, "context_unknown", "context", "x"),
        ({"type": "start", "context": "x", "model": "nothing"}, "model_not_found", "model", "x"),
        ({"type": "start", "context": "x", "language": "fr"}, "voice_language", "language", "x"),
        ({"type": "start", "context": "x", "speed": 9}, "frame_invalid", "speed", "x"),
        ({"type": "start", "context": "x", "v": 2}, "frame_invalid", "v", "x"),
        ({"type": "start", "sample_rate": 4000}, "frame_invalid", "sample_rate", "main"),
        ({"type": "start", "context": ""}, "frame_invalid", "context", ""),
        ({"type": "start", "context": "open"}, "context_exists", "context", None),
        ({"type": "text", "context": "ended", "text": "a"}, "text_ended", "context", None),
        ({"type": "text", "text": 3}, "frame_invalid", "text", None),
        ({"type": "nothing"}, "frame_invalid", None, None),
        ({}, "frame_invalid", None, None),
        ("", "frame_invalid", None, None),
        ("{", "frame_invalid", None, None),
        ("[1]", "frame_invalid", None, None),
        ('"text"', "frame_invalid", None, None),
        ("[" * 20_000, "frame_invalid", None, None),
    ],
)
async def test_frames_that_are_none(
    frame: dict[str, object] | str, code: str, param: str | None, context: str | None
) -> None:
    line = FakeLine()
    async with session(line, FakeEngine(gate=asyncio.Event())):
        line.say(start("open"), start("ended"), text("a", "ended"))
        line.say(frame, {"type": "ping", "n": 7})
        await line.until("pong")
        [error] = line.frames("error")
        assert (error["error"]["code"], error["error"]["param"], error.get("context")) == (
            code,
            param,
            context,
        )
        assert line.frames("pong") == [{"type": "pong", "n": 7}]
        assert line.closed is None


async def test_what_crosses_the_end_of_a_context_is_no_error() -> None:
    line = FakeLine()
    async with session(line):
        line.say(start(), text("one"))
        await line.until("done")
        line.say({"type": "flush"}, {"type": "cancel", "context": "main"}, text("two"), {"type": "ping"})
        await line.until("pong")
    assert line.frames("error") == []


async def test_text_waits_up_to_the_limit() -> None:
    line = FakeLine(slow=True)
    async with session(line, FakeEngine(gate=asyncio.Event())):
        line.say(start("a"), text("a" * 4096, "a", end=False))
        line.say(start("b"), text("b" * 4097, "b"))
        line.say({"type": "ping"})
        line.read_on()
        await line.until("pong")
        assert [(e["context"], e["error"]["code"]) for e in line.frames("error")] == [("b", "text_too_long")]
        line.say(text("a" * 250, "a"), {"type": "ping"})  # some of it has been taken up
        await line.until("pong", count=2)
        assert [e["context"] for e in line.frames("error")] == ["b", "a"]


async def test_more_than_the_limit_may_be_said_in_time() -> None:
    line = FakeLine()
    async with session(line):
        line.say(start())
        for number in range(20):
            line.say(text("It is so. " * 60, end=number == 19))
            await line.until("audio", count=(number + 1) * 60 * 3 - 10)
        await line.until("done")
    assert line.frames("error") == []
    assert line.frames("done")[0]["audio_s"] > 20 * 60 * 3 * WORD_S


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (b"\0\0", Code.NOT_BINARY),
        ("x" * (FRAME_LIMIT + 1), Code.TOO_LARGE),
        ({"type": "close"}, Code.NORMAL),
    ],
)
async def test_what_ends_the_socket(message: dict[str, object] | str | bytes, code: Code) -> None:
    engine, line = FakeEngine(gate=asyncio.Event()), FakeLine()
    async with session(line, engine):
        line.say(start(), text("one"))
        await until(lambda: engine.at_work == 1)
        line.say(message)
        await until(lambda: line.closed is not None)
        assert line.closed is not None
        assert line.closed[0] is code
        assert engine.at_work == 0


async def test_a_client_that_sends_garbage_only_is_cut_off() -> None:
    line = FakeLine()
    async with session(line):
        for _ in range(3):
            line.say(*["garbage"] * (GARBAGE_LIMIT - 1), {"type": "ping"})
        await line.until("pong", count=3)
        assert line.closed is None
        line.say(*["garbage"] * GARBAGE_LIMIT)
        await until(lambda: line.closed is not None)
        assert line.closed is not None
        assert line.closed[0] is Code.MISUSED


async def test_a_client_that_reads_no_answer_is_cut_off() -> None:
    line = FakeLine(slow=True)
    async with session(line):
        line.say(*[{"type": "ping"}] * 1000)
        await until(lambda: line.closed is not None)
        assert line.closed is not None
        assert line.closed[0] is Code.MISUSED


async def test_contexts_are_limited() -> None:
    line = FakeLine()
    async with session(line):
        line.say(*[start(str(number)) for number in range(CONTEXTS_LIMIT + 1)])
        await line.until("error")
        assert codes(line.frames("error")) == ["too_many_contexts"]
        line.say({"type": "cancel", "context": "0"}, start("new"))
        await line.until("started", count=CONTEXTS_LIMIT + 1)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.one_of(
            st.text(max_size=30),
            st.binary(max_size=8),
            st.fixed_dictionaries(
                {"type": st.sampled_from(["start", "text", "flush", "cancel", "ping", "close", "x"])},
                optional={
                    "context": st.sampled_from(["a", "b", "", 3]),
                    "text": st.one_of(st.text(max_size=80), st.integers()),
                    "end": st.booleans(),
                    "voice": st.sampled_from(["tone", "nobody", None]),
                    "speed": st.floats(),
                },
            ),
        ),
        max_size=40,
    )
)
async def test_nothing_that_a_client_sends_breaks_a_session(
    messages: list[dict[str, object] | str | bytes],
) -> None:
    engine, line = FakeEngine(), FakeLine()
    async with session(line, engine):
        line.say(*messages)
        await settled(300)
    for before, message in itertools.pairwise(line.sent):
        if isinstance(before, dict) and before.get("type") == "audio":
            assert isinstance(message, bytes)
