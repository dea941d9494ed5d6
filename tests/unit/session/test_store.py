"""A lease that is held for one piece of work is given back after it, whatever becomes of the work."""

from __future__ import annotations

import asyncio

import pytest
from scheduling import scheduled

from vivavoce.session.clock import ManualClock
from vivavoce.session.errors import IllegalTransition, LeaseHeld
from vivavoce.session.events import SessionWaiting
from vivavoce.session.memory import MemorySessionStore
from vivavoce.session.store import given_back, holding


async def a_store() -> MemorySessionStore:
    clock = ManualClock()
    store = MemorySessionStore(clock)
    await store.create("s1", scheduled(), at=clock.now())
    return store


async def test_nobody_else_writes_while_it_is_held_and_anybody_may_after() -> None:
    store = await a_store()
    async with holding(store, "s1", holder="web", ttl_s=5) as lease:
        assert (lease.session_id, lease.holder) == ("s1", "web")
        with pytest.raises(LeaseHeld):
            await store.claim("s1", holder="host", ttl_s=5)
    await store.claim("s1", holder="host", ttl_s=5)


async def test_a_lease_that_is_held_by_somebody_else_stays_theirs() -> None:
    store = await a_store()
    theirs = await store.claim("s1", holder="host", ttl_s=5)
    with pytest.raises(LeaseHeld):
        async with holding(store, "s1", holder="web", ttl_s=5):
            raise AssertionError("it is not ours")
    await store.renew(theirs, ttl_s=5)


async def test_work_that_fails_or_is_cancelled_gives_it_back() -> None:
    store = await a_store()
    clock = ManualClock()
    with pytest.raises(IllegalTransition):  # there is no consent
        async with holding(store, "s1", holder="web", ttl_s=5) as lease:
            await store.append(lease, [SessionWaiting(transport="webrtc")], at=clock.now())

    held = asyncio.Event()

    async def work() -> None:
        async with holding(store, "s1", holder="web", ttl_s=5):
            held.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(work())
    await held.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await store.claim("s1", holder="host", ttl_s=5)


async def test_a_lease_that_was_renewed_meanwhile_is_given_back_too() -> None:
    store = await a_store()
    lease = await store.seize("s1", holder="eraser", ttl_s=5)
    async with given_back(store, lease):
        await store.renew(lease, ttl_s=60)
    await store.claim("s1", holder="host", ttl_s=5)
