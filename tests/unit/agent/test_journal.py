"""The journal: events are folded at once, stored in order, and kept while the store is away."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

import pytest

from vivavoce.agent.journal import RETRY_S, Journal
from vivavoce.errors import VivavoceError
from vivavoce.session.clock import ManualClock
from vivavoce.session.errors import IllegalTransition, StorageUnavailable
from vivavoce.session.events import ConsentGiven, Payload, SessionScheduled, SessionStatus, SessionWaiting
from vivavoce.session.lease import Lease
from vivavoce.session.memory import MemorySessionStore
from vivavoce.session.state import SessionState, fold
from vivavoce.session.timers import Timers

SCHEDULED = SessionScheduled(
    study_id="demo",
    study_hash="h",
    study_title="Demo",
    language="en",
    participant_id="p1",
    timers=Timers(),
)
CONSENT = ConsentGiven(version="1", text_sha256="0" * 64, language="en", disclosure_sha256="1" * 64)
WAITING = SessionWaiting(transport="webrtc")


class Flaky(MemorySessionStore):
    """A store that does not answer for a while; `heard` answers are lost on the way back."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__(clock)
        self.refuse = 0
        self.lose_answers = 0
        self.appends = 0

    async def append(self, lease: Lease, payloads: Sequence[Payload], *, at: datetime) -> SessionState:
        if self.refuse:
            self.refuse -= 1
            raise StorageUnavailable("The connection was refused.")
        self.appends += 1
        state = await super().append(lease, payloads, at=at)
        if self.lose_answers:
            self.lose_answers -= 1
            raise StorageUnavailable("The connection was lost.")
        return state


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def store(clock: ManualClock) -> Flaky:
    return Flaky(clock)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vivavoce.agent.journal.RETRY_S", tuple(0.0 for _ in RETRY_S))


async def _journal(store: Flaky, clock: ManualClock, lost: list[VivavoceError]) -> Journal:
    state = await store.create("s1", SCHEDULED, at=clock.now())
    lease = await store.claim("s1", holder="test", ttl_s=15)
    return Journal(store, lease, state, clock=clock, on_lost=lost.append)


async def test_what_is_posted_is_folded_at_once_and_stored_behind(store: Flaky, clock: ManualClock) -> None:
    lost: list[VivavoceError] = []
    journal = await _journal(store, clock, lost)
    journal.post(CONSENT, WAITING)
    assert journal.state.status is SessionStatus.WAITING
    assert (await store.state("s1")).status is SessionStatus.SCHEDULED
    writer = asyncio.create_task(journal.run())
    assert await journal.flush(timeout_s=5)
    writer.cancel()
    assert await store.state("s1") == journal.state == fold(await store.read("s1"))
    assert store.appends == 1  # one moment, one transaction
    assert not lost


async def test_events_wait_while_the_store_is_away(store: Flaky, clock: ManualClock) -> None:
    journal = await _journal(store, clock, [])
    store.refuse = 3
    writer = asyncio.create_task(journal.run())
    journal.post(CONSENT)
    clock.advance(1)
    journal.post(WAITING)
    assert await journal.flush(timeout_s=5)
    writer.cancel()
    assert await store.state("s1") == journal.state


async def test_an_append_whose_answer_was_lost_is_not_made_twice(store: Flaky, clock: ManualClock) -> None:
    journal = await _journal(store, clock, [])
    store.lose_answers = 1
    writer = asyncio.create_task(journal.run())
    journal.post(CONSENT, WAITING)
    assert await journal.flush(timeout_s=5)
    writer.cancel()
    assert [event.payload for event in await store.read("s1", after=1)] == [CONSENT, WAITING]
    assert store.appends == 1


async def test_an_event_that_does_not_fit_is_refused_before_anything_is_kept(
    store: Flaky, clock: ManualClock
) -> None:
    journal = await _journal(store, clock, [])
    before = journal.state
    with pytest.raises(IllegalTransition):
        journal.post(WAITING)  # there is no consent
    assert journal.state == before


async def test_a_lost_lease_ends_the_writing_once(store: Flaky, clock: ManualClock) -> None:
    lost: list[VivavoceError] = []
    journal = await _journal(store, clock, lost)
    clock.advance(60)
    other = await store.claim("s1", holder="other", ttl_s=15)
    writer = asyncio.create_task(journal.run())
    journal.post(CONSENT)
    assert not await journal.flush(timeout_s=5)
    await journal.renew()
    writer.cancel()
    assert [error.code for error in lost] == ["lease_lost"]
    assert len(await store.read("s1")) == 1
    await journal.release()
    assert await store.renew(other, ttl_s=15)  # a release of ours does not take the other's lease


async def test_a_lease_that_ran_out_is_taken_up_again_if_nobody_wrote(
    store: Flaky, clock: ManualClock
) -> None:
    lost: list[VivavoceError] = []
    journal = await _journal(store, clock, lost)
    clock.advance(60)
    writer = asyncio.create_task(journal.run())
    journal.post(CONSENT, WAITING)
    assert await journal.flush(timeout_s=5)
    clock.advance(60)
    await journal.renew()
    writer.cancel()
    assert lost == []
    assert await store.state("s1") == journal.state
    await journal.release()
    await store.claim("s1", holder="other", ttl_s=15)


async def test_a_lease_that_ran_out_stays_lost_if_somebody_wrote(store: Flaky, clock: ManualClock) -> None:
    lost: list[VivavoceError] = []
    journal = await _journal(store, clock, lost)
    clock.advance(60)
    other = await store.claim("s1", holder="other", ttl_s=15)
    await store.append(other, [CONSENT], at=clock.now())
    await store.release(other)
    await journal.renew()
    assert [error.code for error in lost] == ["lease_lost"]
    await store.claim("s1", holder="another", ttl_s=15)  # it was given back


async def test_a_seized_lease_is_lost(store: Flaky, clock: ManualClock) -> None:
    lost: list[VivavoceError] = []
    journal = await _journal(store, clock, lost)
    await store.seize("s1", holder="operator", ttl_s=15)
    await journal.renew()
    assert [error.code for error in lost] == ["lease_lost"]


async def test_watchers_see_every_event_with_the_state_after_it(store: Flaky, clock: ManualClock) -> None:
    journal = await _journal(store, clock, [])
    seen: list[tuple[int, SessionStatus]] = []
    journal.watch(lambda event, state: seen.append((event.seq, state.status)))
    journal.post(CONSENT, WAITING)
    assert seen == [(2, SessionStatus.SCHEDULED), (3, SessionStatus.WAITING)]


async def test_the_flush_gives_up_in_time(store: Flaky, clock: ManualClock) -> None:
    journal = await _journal(store, clock, [])
    journal.post(CONSENT)
    assert not await journal.flush(timeout_s=0.01)
