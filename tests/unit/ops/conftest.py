"""A world on virtual time for simulated participants: an agent made of tones, and the line between them."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pytest

from vivavoce.ops.simulate.microphone import Microphone
from vivavoce.ops.simulate.participant import Repertoire
from vivavoce.ops.simulate.sound import AUDIBLE_DBFS, RATE, Clip, clip, loudness

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

STEP_S = 0.02


def tone(seconds: float, *, rate: int = RATE, dbfs: float = -20.0) -> bytes:
    """A 440 Hz tone of that loudness (rms), s16le mono."""
    time = np.arange(round(seconds * rate)) / rate
    return (32767 * np.sqrt(2) * 10 ** (dbfs / 20) * np.sin(2 * np.pi * 440 * time)).astype("<i2").tobytes()


def answer(seconds: float, text: str = "") -> Clip:
    """A clip with 0.1 s of silence on either side."""
    quiet = bytes(2 * round(0.1 * RATE))
    return clip(quiet + tone(seconds) + quiet, rate=RATE, text=text)


@dataclass
class Agent:
    """Speaks first, then answers whoever stops speaking; stops when spoken over. Seconds.

    Attributes:
        first_s: from the call's beginning to its first words.
        reply_s: from the participant's last audible sample to its first.
        speech_s: how long each of its turns is.
        stop_s: from the participant's first audible sample over its own, to silence.
        turns: after so many it says no more and the interview is over.
        deaf_to: numbers of the participant's turns that it does not answer.
        patience_s: silence it needs to take a turn as over.
    """

    first_s: float = 1.0
    reply_s: float = 0.5
    speech_s: float = 3.0
    stop_s: float = 0.3
    turns: int = 6
    deaf_to: frozenset[int] = frozenset()
    patience_s: float = 0.4
    said: int = 0
    heard: int = 0
    over: bool = False
    _speaking_until: float | None = None
    _starts_at: float | None = None
    _participant_began: float | None = None
    _participant_last: float | None = None

    def step(self, now: float, heard: bytes) -> bytes:
        """20 ms of the participant's sound in, 20 ms of its own out."""
        if now == 0.0:
            self._starts_at = self.first_s
        if float(loudness(np.frombuffer(heard, np.int16), RATE).max()) > AUDIBLE_DBFS:
            if self._participant_began is None:
                self._participant_began = now
                if self._speaking_until is not None:
                    self._speaking_until = min(self._speaking_until, now + self.stop_s)
            self._participant_last = now
        elif self._participant_last is not None and now - self._participant_last >= self.patience_s:
            self.heard += 1
            if self.heard not in self.deaf_to:
                self._starts_at = self._participant_last + self.reply_s
            self._participant_began = self._participant_last = None
        if self._starts_at is not None and now >= self._starts_at - 1e-9:
            self._starts_at = None
            self._speaking_until = now + self.speech_s
        if self._speaking_until is not None:
            if now < self._speaking_until - 1e-9:
                return tone(STEP_S)
            self._speaking_until = None
            self.said += 1
            self.over = self.said >= self.turns
        return bytes(2 * round(STEP_S * RATE))


@dataclass
class Time:
    """A clock that only its sleepers move."""

    now: float = 0.0
    _waiting: list[tuple[float, int, asyncio.Future[None]]] = field(default_factory=list)
    _order: itertools.count[int] = field(default_factory=itertools.count)
    _driver: asyncio.Task[None] | None = None

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        future = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (self.now + seconds, next(self._order), future))
        if self._driver is None or self._driver.done():
            self._driver = asyncio.create_task(self._drive())
        await future

    async def _drive(self) -> None:
        idle = 0
        while idle < 50:
            await asyncio.sleep(0)
            idle += 1
            if idle < 10 or not self._waiting:  # everyone who can run has run
                continue
            due, _, future = heapq.heappop(self._waiting)
            self.now = max(self.now, due)
            if not future.done():
                future.set_result(None)
            idle = 0


class FakeLine:
    """A participant's end of a call with an `Agent`; moves sound every 20 ms of virtual time."""

    def __init__(
        self,
        world: FakeWorld,
        microphone: Microphone,
        on_sound: Callable[[bytes, int, float], None],
        on_message: Callable[[dict[str, object]], None],
    ) -> None:
        self._world = world
        self._microphone = microphone
        self._on_sound = on_sound
        self._on_message = on_message
        self._closed = asyncio.Event()
        self.sent: list[Mapping[str, object]] = []

    async def send(self, message: Mapping[str, object]) -> None:
        self.sent.append(message)

    async def wait_closed(self) -> str:
        await self._closed.wait()
        return "closed"

    async def run(self) -> None:
        time, agent, began = self._world.time, self._world.agent, self._world.time.now
        while True:
            elapsed = round((time.now - began) / STEP_S) * STEP_S
            heard = agent.step(elapsed, self._microphone.read(round(STEP_S * RATE)))
            self._on_sound(heard, RATE, time.now)
            if agent.over and self._world.says_ended:
                self._on_message(
                    {"type": "ended", "status": self._world.status, "reason": self._world.reason}
                )
            if agent.over or elapsed >= self._world.closes_at_s:
                self._closed.set()
                return
            await time.sleep(STEP_S)


@dataclass
class FakeWorld:
    """What a call meets; also a `Connect`."""

    time: Time
    agent: Agent
    status: str = "COMPLETED"
    reason: str = "finished"
    says_ended: bool = True
    closes_at_s: float = float("inf")
    lines: list[FakeLine] = field(default_factory=list[FakeLine])

    @asynccontextmanager
    async def connect(
        self,
        api_url: str,
        session_id: str,
        token: str,
        *,
        microphone: Microphone,
        on_sound: Callable[[bytes, int, float], None],
        on_message: Callable[[dict[str, object]], None],
    ) -> AsyncGenerator[FakeLine]:
        line = FakeLine(self, microphone, on_sound, on_message)
        self.lines.append(line)
        task = asyncio.create_task(line.run())
        try:
            yield line
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            if not task.cancelled() and (error := task.exception()):
                raise error


@pytest.fixture
def world() -> FakeWorld:
    return FakeWorld(Time(), Agent())


@pytest.fixture(scope="session")
def repertoire() -> Repertoire:
    return Repertoire(
        answers={
            "short": (answer(1.0, "s1"), answer(1.2, "s2")),
            "medium": (answer(3.0, "m1"), answer(3.5, "m2")),
            "long": (answer(3.0, "l1").then(answer(3.0, "l2"), pause_s=0.1),),
        },
        interruptions=(answer(0.8, "i1"),),
    )
