"""A machine whose clock is set, forwards or back, while people are interviewed: nothing ends, and nobody is forgotten.

The store stands for the database: it has a clock of its own, and that one is right.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from vivavoce.session.clock import ManualClock, SystemClock
from vivavoce.session.errors import LeaseLost
from vivavoce.session.events import LeaseClaimed, Reason, SessionStatus, TimerFired
from vivavoce.session.memory import MemorySessionStore
from vivavoce.session.timers import Timers

HOUR_S = 3600.0
ANSWER = "I walked to the market and bought some bread for my family."


class SetClock(SystemClock):
    """The machine's clock, until somebody sets it."""

    def __init__(self) -> None:
        self._set_by = timedelta()

    def now(self) -> datetime:
        return super().now() + self._set_by

    def time(self) -> float:
        """As `time.time()` tells it, by which livekit-agents goes."""
        return self.now().timestamp()

    def set(self, by_s: float) -> None:
        self._set_by += timedelta(seconds=by_s)


@pytest.mark.parametrize("by_s", [HOUR_S, -HOUR_S], ids=["forwards", "back"])
async def test_a_clock_that_is_set_ends_no_interview(
    open_stage: Callable[..., Any], by_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SetClock()
    monkeypatch.setattr(time, "time", clock.time)
    async with open_stage(clock=clock) as stage:
        stage.recogniser.texts = [ANSWER]
        await stage.schedule(timers=Timers.resolve(idle_prompt_s=5, idle_s=6))
        await stage.host.admit("s1", "webrtc", take_over=False)
        clock.set(by_s)  # while the participant is on their way
        await asyncio.sleep(0.5)
        line = await stage.join()
        await stage.asked("q1")
        clock.set(by_s)  # while they think
        line.say("kokoro_s04")
        await stage.asked("q2")
        line.lose()
        await stage.until(lambda state: state.status is SessionStatus.DISCONNECTED)
        await asyncio.sleep(7)  # longer than one may be silent, were one there
        clock.set(-3 * by_s)
        line = await stage.join()
        await stage.until(lambda state: state.turns[-1].text.startswith("Welcome back"))
        line.leave()
        state = await stage.ended()
    assert (state.status, state.reason) == (SessionStatus.INTERRUPTED, Reason.LEFT)
    assert not [event for event in await stage.events() if isinstance(event.payload, TimerFired)]
    starts = [turn.start_s for turn in state.turns]
    assert starts == sorted(starts) and starts[-1] < 30, "the session clock goes on"


@pytest.mark.parametrize("by_s", [HOUR_S, -HOUR_S], ids=["ahead", "behind"])
async def test_a_host_whose_clock_is_wrong_takes_up_what_a_dead_one_left(
    open_stage: Callable[..., Any], by_s: float
) -> None:
    database = ManualClock(SystemClock().now())
    store = MemorySessionStore(database)
    async with open_stage(store=store) as first:
        await first.schedule()
        await first.join()
        await first.asked("q1")
        runner = await first.host.admit("s1", "webrtc", take_over=True)
        runner.lose(LeaseLost("s1", holder="first"))
        async with asyncio.timeout(10):
            while first.host.capacity().used:
                await asyncio.sleep(0.01)
        await store.seize("s1", holder="first", ttl_s=15)
    clock = SetClock()
    clock.set(by_s)
    async with open_stage(store=store, clock=clock) as second:
        await second.host.sweeper.sweep()
        assert second.host.capacity().used == 0, "its host may be alive"
        database.advance(20)
        await second.host.sweeper.sweep()
        await second.until(lambda state: state.status is SessionStatus.DISCONNECTED)
        assert second.host.capacity().used == 1
        events = [event.payload for event in await second.events()]
        assert len([event for event in events if isinstance(event, LeaseClaimed)]) == 1


async def test_who_was_away_for_too_long_by_the_databases_clock_has_left(
    open_stage: Callable[..., Any],
) -> None:
    database = ManualClock(SystemClock().now())
    store = MemorySessionStore(database)
    clock = SetClock()
    clock.set(-HOUR_S)
    async with open_stage(store=store) as first:
        await first.schedule()
        await first.join()
        await first.asked("q1")
        (await first.host.admit("s1", "webrtc", take_over=True)).lose(LeaseLost("s1", holder="first"))
        async with asyncio.timeout(10):
            while first.host.capacity().used:
                await asyncio.sleep(0.01)
        await store.seize("s1", holder="first", ttl_s=15)
    database.advance(200)
    async with open_stage(store=store, clock=clock) as second:
        await second.host.sweeper.sweep()
        state = await second.state()
    assert (state.status, state.reason) == (SessionStatus.INTERRUPTED, Reason.CRASH)
