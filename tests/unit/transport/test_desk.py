"""The desk: what is heard, recorded and kept, while lines come and go."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest
from livekit import rtc

from vivavoce.session.clock import ManualClock
from vivavoce.session.events import Transport
from vivavoce.transport.desk import QUIET_AFTER_S, QUIET_S, Desk
from vivavoce.transport.line import EndReason, Line, LineEnd, MessageHandler
from vivavoce.transport.messages import Message

TICK = 960


class FakeLine:
    transport: ClassVar[Transport] = "websocket"

    def __init__(self, name: str = "l1", client_delay_s: float = 0.1) -> None:
        self.connection_id = name
        self.client_delay_s = client_delay_s
        self.closed: list[EndReason] = []
        self.flushes = 0
        self.sent: list[Message] = []

    async def run(self, desk: Desk, on_message: MessageHandler) -> LineEnd:
        raise NotImplementedError

    def send(self, message: Message) -> None:
        self.sent.append(message)

    def flush(self) -> None:
        self.flushes += 1

    def close(self, reason: EndReason, detail: str = "") -> None:
        self.closed.append(reason)


class Tape:
    def __init__(self) -> None:
        self.pieces: list[tuple[str, float, int]] = []

    def participant(self, pcm: bytes, at_s: float) -> None:
        self.pieces.append(("participant", round(at_s, 3), len(pcm) // 2))

    def moderator(self, pcm: bytes, at_s: float) -> None:
        self.pieces.append(("moderator", round(at_s, 3), len(pcm) // 2))


class Scene:
    def __init__(self) -> None:
        self.clock = ManualClock()
        self.clock.advance(100)
        self.tape = Tape()
        self.desk = Desk(self.tape, session_time=self.clock.monotonic)
        self.desk.gate_open = True
        self.line = FakeLine()

    def tick(self, ticks: int = 1, *, talking: bool = False) -> bytes:
        out = b""
        for _ in range(ticks):
            self.clock.advance(0.02)
            if talking:
                self.desk.hear(np.full(320, 1000, np.int16).tobytes(), 16_000)
            out += self.desk.pull(TICK)
        return out

    async def say(self, seconds: float) -> None:
        n = int(seconds * 48_000)
        pcm = np.full(n, 5000, np.int16).tobytes()
        await self.desk.output.capture_frame(rtc.AudioFrame(pcm, 48_000, 1, n))
        self.desk.output.flush()


async def test_both_voices_are_recorded_on_the_session_clock() -> None:
    scene = Scene()
    scene.desk.attach(scene.line)
    await scene.say(0.04)
    scene.tick(2, talking=True)
    # The piece heard began 20 ms before it came; the piece pulled begins to play now.
    assert scene.tape.pieces == [
        ("participant", 100.0, TICK),
        ("moderator", 100.02, TICK),
        ("participant", 100.02, TICK),
        ("moderator", 100.04, TICK),
    ]


async def test_nothing_is_heard_or_recorded_before_the_gate_is_open() -> None:
    scene = Scene()
    scene.desk.gate_open = False
    scene.desk.attach(scene.line)
    await scene.say(0.1)
    scene.tick(200, talking=True)
    assert scene.tape.pieces == []
    assert scene.desk.input.queued_s == 0
    assert scene.desk.counters().refused_s == pytest.approx(4)
    assert scene.desk.counters().heard_s == 0


async def test_a_muted_participant_is_heard_as_silence_and_not_recorded() -> None:
    scene = Scene()
    scene.desk.attach(scene.line)
    scene.tick(2, talking=True)
    scene.desk.muted = True
    scene.tick(10, talking=True)
    scene.desk.muted = False
    scene.tick(1, talking=True)
    frames = [
        np.frombuffer(bytes((await anext(scene.desk.input)).data.cast("B")), np.int16) for _ in range(13)
    ]
    assert [bool(f.any()) for f in frames] == [True] * 2 + [False] * 10 + [True]
    assert [at for who, at, _ in scene.tape.pieces if who == "participant"] == [100.0, 100.02, 100.24]


async def test_speech_waits_while_no_line_is_there() -> None:
    scene = Scene()
    await scene.say(0.1)
    assert not any(scene.desk.output.pull(TICK))
    scene.desk.attach(scene.line)
    assert any(scene.tick(5))
    assert scene.desk.counters().spoken_s == pytest.approx(0.1)


async def test_speech_a_lost_line_swallowed_is_said_again() -> None:
    scene = Scene()
    scene.desk.attach(scene.line)
    await scene.say(10)
    scene.tick(200)
    scene.desk.detach(scene.line, silent_s=3.0)
    assert scene.desk.output.segment_played_s == pytest.approx(0.9, abs=0.001)
    assert scene.desk.output.segment_heard_s <= 0.9
    scene.desk.attach(FakeLine("l2"))
    scene.tick(1)
    assert scene.desk.output.segment_played_s == pytest.approx(0.92, abs=0.001)


async def test_a_newer_line_takes_the_place_of_the_old_one() -> None:
    scene = Scene()
    there: list[Line] = []
    scene.desk.on_attached = there.append
    newer = FakeLine("l2", client_delay_s=0.3)
    scene.desk.attach(scene.line)
    scene.desk.attach(newer)
    assert scene.line.closed == [EndReason.REPLACED]
    scene.desk.detach(scene.line)
    assert scene.desk.line is newer
    assert scene.desk.client_delay_s == 0.3
    scene.desk.detach(newer)
    assert scene.desk.line is None
    assert there == [scene.line, newer]


async def test_cutting_speech_off_flushes_the_line_that_is_there() -> None:
    scene = Scene()
    scene.desk.attach(scene.line)
    await scene.say(1)
    scene.tick(5)
    scene.desk.output.clear_buffer()
    assert scene.line.flushes == 1
    scene.desk.detach(scene.line)
    await scene.say(1)
    scene.desk.output.clear_buffer()
    assert scene.line.flushes == 1


async def test_the_delay_to_the_ear_follows_the_line() -> None:
    scene = Scene()
    scene.desk.attach(scene.line)
    await scene.say(2)
    scene.tick(50)
    scene.line.client_delay_s = 0.4
    scene.tick(1)
    assert scene.desk.output.segment_heard_s == pytest.approx(1.02 - 0.4)


async def test_an_utterance_ends_although_no_more_sound_comes() -> None:
    scene = Scene()
    scene.desk.attach(scene.line)
    scene.tick(10, talking=True)
    heard = scene.desk.input.queued_s
    scene.tick(int(QUIET_AFTER_S / 0.02) - 2)
    assert scene.desk.input.queued_s == heard, "a stall ends nothing"
    scene.tick(1)
    assert scene.desk.input.queued_s == pytest.approx(heard + QUIET_S)
    scene.tick(500)
    assert scene.desk.input.queued_s == pytest.approx(heard + QUIET_S), "once is enough"


async def test_an_utterance_ends_with_its_line() -> None:
    scene = Scene()
    scene.desk.attach(scene.line)
    scene.tick(10, talking=True)
    scene.desk.detach(scene.line)
    assert scene.desk.input.queued_s == pytest.approx(0.2 + QUIET_S)


async def test_messages_go_to_the_line_if_one_is_there() -> None:
    scene = Scene()
    scene.desk.send({"type": "state"})
    scene.desk.attach(scene.line)
    scene.desk.send({"type": "progress"})
    assert scene.line.sent == [{"type": "progress"}]


async def test_closing_ends_the_input() -> None:
    scene = Scene()
    scene.desk.close()
    assert [frame async for frame in scene.desk.input] == []
