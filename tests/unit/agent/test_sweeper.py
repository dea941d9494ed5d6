"""When the sweeper looks: every so often, when a lease may have run out, and when it is told to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from virtual_time import run

from vivavoce.agent.sweeper import JUST_AFTER_S, LEAST_S, Sweeper
from vivavoce.session.clock import Clock
from vivavoce.session.events import ConsentGiven, ParticipantJoined, SessionScheduled, SessionWaiting
from vivavoce.session.memory import MemorySessionStore
from vivavoce.session.timers import HOST_TIMERS

SHA = "ab" * 32
START = datetime(2030, 1, 1, 9, 0, tzinfo=UTC)


class LoopClock(Clock):
    """The loop's time."""

    def now(self) -> datetime:
        return START + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()


class Counted(MemorySessionStore):
    """Counts how often the sweeper looks."""

    looks = 0

    async def unclosed(self, *, limit: int = 100) -> list[str]:
        self.looks += 1
        return await super().unclosed(limit=limit)


class NoArchive:
    """A session without a recording asks for none."""

    async def keep(self, key: str, path: Path) -> object:
        raise AssertionError(key)

    def borrow(self, key: str) -> AbstractAsyncContextManager[Path | None]:
        raise AssertionError(key)


async def taken_up(store: MemorySessionStore, clock: Clock, tell: Callable[[Sweeper], None] | None) -> float:
    """The second at which a session, whose host died at 1, is taken up by a sweeper that began at 0."""
    taken = asyncio.get_running_loop().create_future()

    async def take_up(session_id: str) -> None:
        taken.set_result(clock.monotonic())

    sweeper = Sweeper(
        store=store,
        archive=NoArchive(),
        spool=Path(),
        clock=clock,
        holder="next host",
        held=lambda session_id: False,
        take_up=take_up,
        timers=HOST_TIMERS,
    )
    sweeping = asyncio.create_task(sweeper.run())
    if tell is not None:
        asyncio.get_running_loop().call_later(14.5, tell, sweeper)
    try:
        return await asyncio.wait_for(taken, 100)
    finally:
        sweeping.cancel()


async def dead_at(store: MemorySessionStore, clock: Clock, *, ttl_s: float) -> None:
    """A session under way, whose lease is never renewed."""
    scheduled = SessionScheduled(
        study_id="demo", study_hash=SHA, study_title="Demo", language="en", participant_id="p-1"
    )
    await store.create("s-1", scheduled, at=clock.now())
    lease = await store.claim("s-1", holder="dead host", ttl_s=ttl_s)
    payloads = [
        ConsentGiven(version="1", text_sha256=SHA, language="en", disclosure_sha256=SHA),
        SessionWaiting(transport="livekit"),
        ParticipantJoined(transport="livekit", connection_id="c-1", rejoined=False),
    ]
    await store.append(lease, payloads, at=clock.now())


async def scenario(*, ttl_s: float, tell: Callable[[Sweeper], None] | None = None) -> float:
    clock = LoopClock()
    store = MemorySessionStore(clock)
    await dead_at(store, clock, ttl_s=ttl_s)
    return await taken_up(store, clock, tell)


def test_a_session_is_taken_up_when_its_lease_has_run_out_not_at_the_next_round() -> None:
    assert HOST_TIMERS.sweep_s == 10
    assert 15 < run(scenario(ttl_s=15)) <= 15 + JUST_AFTER_S + LEAST_S


def test_a_hint_does_not_make_a_live_lease_run_out() -> None:
    assert 15 <= run(scenario(ttl_s=15, tell=Sweeper.look_soon)) <= 15 + JUST_AFTER_S + LEAST_S


def test_hints_do_not_make_it_sweep_without_a_pause() -> None:
    async def often() -> int:
        clock = LoopClock()
        store = Counted(clock)
        sweeper = Sweeper(
            store=store,
            archive=NoArchive(),
            spool=Path(),
            clock=clock,
            holder="host",
            held=lambda session_id: False,
            take_up=lambda session_id: asyncio.sleep(0),
            timers=HOST_TIMERS,
        )
        sweeping = asyncio.create_task(sweeper.run())
        for _ in range(500):
            sweeper.look_soon()
            await asyncio.sleep(0.01)
        sweeping.cancel()
        return store.looks

    assert 2 <= run(often()) <= 5 / LEAST_S + 2
