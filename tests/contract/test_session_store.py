"""What every session store must do: in memory and in PostgreSQL alike."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest

from vivavoce.session.clock import ManualClock
from vivavoce.session.errors import IllegalTransition, LeaseHeld, LeaseLost, SessionExists, SessionUnknown
from vivavoce.session.events import (
    ConsentGiven,
    Fault,
    ParticipantJoined,
    Payload,
    Reason,
    RecordingClosed,
    RecordingStarted,
    SessionEnded,
    SessionErased,
    SessionScheduled,
    SessionStatus,
    SessionWaiting,
    Utterance,
)
from vivavoce.session.lease import Lease
from vivavoce.session.memory import MemorySessionStore
from vivavoce.session.state import fold
from vivavoce.session.store import SessionStore, SessionSummary
from vivavoce.storage.engine import make_engine
from vivavoce.storage.sessions import PostgresSessionStore

AT = datetime(2030, 1, 1, 9, 0, 0, 123456, tzinfo=UTC)
SHA = "ab" * 32


@dataclass
class Bench:
    """A store, and a way to let its clock run."""

    store: SessionStore
    clock: ManualClock | None

    async def let_pass(self, seconds: float) -> None:
        if self.clock is None:
            # The database's own clock decides: there is nothing to wait for but time.
            await asyncio.sleep(seconds + 0.02)
        else:
            self.clock.advance(seconds)


@pytest.fixture(params=["memory", "postgres"])
async def bench(
    request: pytest.FixtureRequest,
) -> AsyncIterator[Bench]:
    which: Literal["memory", "postgres"] = request.param
    if which == "memory":
        clock = ManualClock()
        yield Bench(MemorySessionStore(clock), clock)
        return
    engine = make_engine(request.getfixturevalue("database_url"))
    yield Bench(PostgresSessionStore(engine), None)
    await engine.dispose()


def scheduled(study_id: str = "demo", language: str = "en") -> SessionScheduled:
    return SessionScheduled(
        study_id=study_id,
        study_hash="f" * 64,
        study_title="Démo",
        language=language,
        participant_id="p-1",
        invitation_id="i-1",
    )


CONSENT = ConsentGiven(version="1", text_sha256=SHA, language="en", disclosure_sha256=SHA)
WAITING = SessionWaiting(transport="webrtc")
JOINED = ParticipantJoined(transport="webrtc", connection_id="c1")
ENDED = SessionEnded(status=SessionStatus.COMPLETED, reason=Reason.FINISHED, at_s=12.5)


def utterance(number: int, text: str = "Ja, “natürlich” 🙂") -> Utterance:
    return Utterance(
        utterance_id=f"u{number}",
        text=text,
        start_s=number,
        end_s=number + 0.7,
        language="de",
        confidence=0.1 + 0.2,
        model="whisper",
    )


def ids(summaries: list[SessionSummary]) -> list[str]:
    return [summary.session_id for summary in summaries]


async def begun(store: SessionStore, session_id: str = "s1") -> Lease:
    await store.create(session_id, scheduled(), at=AT)
    lease = await store.claim(session_id, holder="host-1", ttl_s=30)
    await store.append(lease, [CONSENT, WAITING, JOINED], at=AT)
    return lease


async def test_a_created_session_has_its_first_event(bench: Bench) -> None:
    state = await bench.store.create("s1", scheduled(), at=AT)
    assert (state.status, state.seq, state.created_at) == (SessionStatus.SCHEDULED, 1, AT)
    (event,) = await bench.store.read("s1")
    assert (event.seq, event.at, event.payload) == (1, AT, scheduled())
    assert await bench.store.state("s1") == state


async def test_an_id_is_given_once(bench: Bench) -> None:
    await bench.store.create("s1", scheduled(), at=AT)
    with pytest.raises(SessionExists):
        await bench.store.create("s1", scheduled("other"), at=AT)
    assert (await bench.store.state("s1")).study_id == "demo"


async def test_an_unknown_session_is_named(bench: Bench) -> None:
    nobody = Lease("s9", "host-1", "token", AT)
    for call in (
        bench.store.read("s9"),
        bench.store.state("s9"),
        bench.store.claim("s9", holder="host-1", ttl_s=5),
        bench.store.append(nobody, [CONSENT], at=AT),
    ):
        with pytest.raises(SessionUnknown, match="s9"):
            await call
    with pytest.raises(LeaseLost):
        await bench.store.renew(nobody, ttl_s=5)
    await bench.store.release(nobody)


async def test_appended_events_are_read_back_as_they_were(bench: Bench) -> None:
    lease = await begun(bench.store)
    payloads: list[Payload] = [utterance(1), utterance(2, text=""), utterance(3, text="a\0b")]
    state = await bench.store.append(lease, payloads, at=AT + timedelta(seconds=3))
    events = await bench.store.read("s1")
    assert [event.seq for event in events] == [1, 2, 3, 4, 5, 6, 7]
    assert [event.payload for event in events[4:]] == payloads
    assert fold(events) == state == await bench.store.state("s1")
    assert await bench.store.read("s1", after=5) == events[5:]
    assert await bench.store.read("s1", after=7) == []


async def test_an_append_of_nothing_changes_nothing(bench: Bench) -> None:
    lease = await begun(bench.store)
    before = await bench.store.state("s1")
    assert await bench.store.append(lease, [], at=AT + timedelta(hours=1)) == before
    assert await bench.store.state("s1") == before


async def test_an_append_is_all_or_none(bench: Bench) -> None:
    lease = await begun(bench.store)
    before = await bench.store.state("s1")
    with pytest.raises(IllegalTransition, match="already"):
        await bench.store.append(lease, [utterance(1), utterance(2), utterance(1)], at=AT)
    assert await bench.store.state("s1") == before
    assert len(await bench.store.read("s1")) == before.seq
    after = await bench.store.append(lease, [utterance(1)], at=AT)
    assert after.seq == before.seq + 1


async def test_nothing_is_appended_without_the_live_lease(bench: Bench) -> None:
    store = bench.store
    await store.create("s1", scheduled(), at=AT)
    await store.create("s2", scheduled(), at=AT)
    lease = await store.claim("s1", holder="host-1", ttl_s=30)
    other = await store.claim("s2", holder="host-1", ttl_s=30)
    for wrong in (
        replace(lease, token="guessed"),
        replace(lease, token=""),
        replace(other, session_id="s1"),
    ):
        with pytest.raises(LeaseLost):
            await store.append(wrong, [CONSENT], at=AT)
        with pytest.raises(LeaseLost):
            await store.renew(wrong, ttl_s=30)
        await store.release(wrong)
    assert (await store.append(lease, [CONSENT], at=AT)).seq == 2


async def test_a_live_lease_is_not_given_twice(bench: Bench) -> None:
    await bench.store.create("s1", scheduled(), at=AT)
    lease = await bench.store.claim("s1", holder="host-1", ttl_s=30)
    for holder in ("host-2", "host-1"):
        with pytest.raises(LeaseHeld) as held:
            await bench.store.claim("s1", holder=holder, ttl_s=30)
        assert (held.value.holder, held.value.expires_at) == ("host-1", lease.expires_at)


async def test_a_released_lease_is_free_and_dead(bench: Bench) -> None:
    await bench.store.create("s1", scheduled(), at=AT)
    first = await bench.store.claim("s1", holder="host-1", ttl_s=30)
    await bench.store.release(first)
    with pytest.raises(LeaseLost):
        await bench.store.append(first, [CONSENT], at=AT)
    second = await bench.store.claim("s1", holder="host-2", ttl_s=30)
    await bench.store.release(first)  # too late: it is not the live one
    assert (await bench.store.append(second, [CONSENT], at=AT)).seq == 2


async def test_a_lease_runs_out_and_is_taken_over(bench: Bench) -> None:
    await bench.store.create("s1", scheduled(), at=AT)
    first = await bench.store.claim("s1", holder="host-1", ttl_s=0.2)
    await bench.store.append(first, [CONSENT], at=AT)
    await bench.let_pass(0.2)
    with pytest.raises(LeaseLost):
        await bench.store.append(first, [WAITING], at=AT)
    with pytest.raises(LeaseLost):
        await bench.store.renew(first, ttl_s=30)
    second = await bench.store.claim("s1", holder="host-2", ttl_s=30)
    assert second.token != first.token
    with pytest.raises(LeaseLost):
        await bench.store.append(first, [WAITING], at=AT)
    assert (await bench.store.append(second, [WAITING], at=AT)).status is SessionStatus.WAITING


async def test_a_renewed_lease_lives_on(bench: Bench) -> None:
    await bench.store.create("s1", scheduled(), at=AT)
    first = await bench.store.claim("s1", holder="host-1", ttl_s=0.3)
    renewed = await bench.store.renew(first, ttl_s=30)
    assert renewed.token == first.token
    assert renewed.expires_at > first.expires_at + timedelta(seconds=20)
    await bench.let_pass(0.3)
    assert (await bench.store.append(first, [CONSENT], at=AT)).seq == 2, (
        "the token is the right, not the object"
    )


async def test_a_seized_lease_is_the_only_one(bench: Bench) -> None:
    await bench.store.create("s1", scheduled(), at=AT)
    first = await bench.store.claim("s1", holder="host-1", ttl_s=30)
    second = await bench.store.seize("s1", holder="operator", ttl_s=30)
    for lost in (bench.store.renew(first, ttl_s=30), bench.store.append(first, [CONSENT], at=AT)):
        with pytest.raises(LeaseLost):
            await lost
    await bench.store.release(first)
    await bench.store.append(second, [CONSENT], at=AT)
    [summary] = await bench.store.list()
    assert summary.leased and summary.held_until == second.expires_at
    await bench.store.release(second)
    await bench.store.seize("s1", holder="host-2", ttl_s=0.1)
    await bench.let_pass(0.2)
    [summary] = await bench.store.list()
    assert not summary.leased and summary.held_until is not None
    with pytest.raises(SessionUnknown):
        await bench.store.seize("s9", holder="host-1", ttl_s=5)


async def test_one_of_many_claims_wins(bench: Bench) -> None:
    await bench.store.create("s1", scheduled(), at=AT)
    outcomes = await asyncio.gather(
        *(bench.store.claim("s1", holder=f"host-{n}", ttl_s=30) for n in range(8)), return_exceptions=True
    )
    assert sum(isinstance(outcome, Lease) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, LeaseHeld) for outcome in outcomes) == 7


async def test_concurrent_appends_leave_no_gap_and_no_double(bench: Bench) -> None:
    lease = await begun(bench.store)
    await asyncio.gather(*(bench.store.append(lease, [utterance(n)], at=AT) for n in range(24)))
    events = await bench.store.read("s1")
    assert [event.seq for event in events] == list(range(1, 29))
    said = {event.payload.utterance_id for event in events if isinstance(event.payload, Utterance)}
    assert said == {f"u{n}" for n in range(24)}
    assert fold(events) == await bench.store.state("s1")


async def test_after_the_end_only_recordings_close_and_faults_are_told(bench: Bench) -> None:
    lease = await begun(bench.store)
    started = RecordingStarted(key="s1/part1.ogg", sample_rate=48000, channels=2, codec="opus")
    closed = RecordingClosed(key="s1/part1.ogg", duration_s=12.5, bytes=3, sha256=SHA)
    fault = Fault(stage="storage", code="disk_full", message="full", recovered=True)
    await bench.store.append(lease, [started, ENDED], at=AT)
    with pytest.raises(IllegalTransition):
        await bench.store.append(lease, [utterance(1)], at=AT)
    state = await bench.store.append(lease, [closed, fault], at=AT)
    assert (state.status, state.reason) == (SessionStatus.COMPLETED, Reason.FINISHED)
    assert (state.recordings[0].sha256, state.fault_count) == (SHA, 1)
    assert await bench.store.state("s1") == state


async def test_sessions_are_listed_newest_first_and_filtered(bench: Bench) -> None:
    store = bench.store
    for number in range(4):
        study_id = "demo" if number % 2 == 0 else "other"
        await store.create(f"s{number}", scheduled(study_id), at=AT + timedelta(minutes=number))
    lease = await store.claim("s2", holder="host-1", ttl_s=30)
    await store.append(lease, [CONSENT, WAITING, JOINED], at=AT + timedelta(hours=1))

    assert ids(await store.list()) == ["s3", "s2", "s1", "s0"]
    assert ids(await store.list(limit=2)) == ["s3", "s2"]
    assert ids(await store.list(study_id="other")) == ["s3", "s1"]
    assert ids(await store.list(statuses=[SessionStatus.ACTIVE])) == ["s2"]
    assert await store.list(statuses=[]) == []
    assert await store.list(study_id="none") == []
    (active,) = await store.list(statuses={SessionStatus.ACTIVE})
    assert active.leased
    assert active.joined_at == AT + timedelta(hours=1)
    assert (active.study_title, active.participant_id, active.seq) == ("Démo", "p-1", 4)
    await store.release(lease)
    (active,) = await store.list(statuses={SessionStatus.ACTIVE})
    assert not active.leased


async def test_recordings_left_open_are_found_when_nobody_holds_their_session(bench: Bench) -> None:
    store = bench.store
    leases = {name: await begun(store, name) for name in ("open", "closed", "silent", "held", "two parts")}

    def closed(key: str) -> RecordingClosed:
        return RecordingClosed(key=key, duration_s=1.5, bytes=3, sha256=SHA)

    def started(key: str) -> RecordingStarted:
        return RecordingStarted(key=key, sample_rate=48_000, channels=2, codec="opus")

    for name in ("open", "closed", "held", "two parts"):
        await store.append(leases[name], [started(f"{name}/1")], at=AT)
    await store.append(leases["closed"], [closed("closed/1")], at=AT)
    await store.append(leases["two parts"], [closed("two parts/1"), started("two parts/2")], at=AT)
    assert await store.unclosed() == []
    for name in ("open", "closed", "silent", "two parts"):
        await store.release(leases[name])
    assert sorted(await store.unclosed()) == ["open", "two parts"]
    assert len(await store.unclosed(limit=1)) == 1
    # The rest is closed by whoever comes after, also when the session is over.
    lease = await store.claim("open", holder="host-2", ttl_s=30)
    await store.append(lease, [ENDED, closed("open/1")], at=AT)
    await store.release(lease)
    assert await store.unclosed() == ["two parts"]


async def test_a_recording_left_open_is_found_when_its_holders_lease_has_run_out(bench: Bench) -> None:
    await begun(bench.store)
    lease = await begun(bench.store, "s2")
    await bench.store.append(
        lease, [RecordingStarted(key="s2/1", sample_rate=48_000, channels=2, codec="opus")], at=AT
    )
    await bench.store.renew(lease, ttl_s=0.2)
    assert await bench.store.unclosed() == []
    await bench.let_pass(0.2)
    assert await bench.store.unclosed() == ["s2"]


async def test_an_erased_log_is_a_tombstone(bench: Bench) -> None:
    store = bench.store
    await store.create("s1", scheduled(), at=AT)
    lease = await store.claim("s1", holder="host", ttl_s=60)
    said = Utterance(
        utterance_id="u1", text="zanzibar", start_s=1, end_s=2, language="en", confidence=None, model="m"
    )
    joined = ParticipantJoined(transport="webrtc", connection_id="c1", user_agent="zanzibar")
    await store.append(lease, [CONSENT, SessionWaiting(transport="webrtc"), joined, said], at=AT)
    erasing = SessionErased(reason="withdrawn")
    with pytest.raises(IllegalTransition, match="not over"):
        await store.erase(lease, erasing, at=AT)
    assert (await store.state("s1")).turns
    ended = SessionEnded(status=SessionStatus.INTERRUPTED, reason=Reason.WITHDRAWN, at_s=3)
    await store.append(lease, [ended], at=AT)
    later = AT + timedelta(days=1)
    with pytest.raises(LeaseLost):
        await store.erase(replace(lease, token="another"), erasing, at=later)
    state = await store.erase(lease, erasing, at=later)
    log = await store.read("s1")
    assert state == fold(log) == await store.state("s1")
    assert (state.erased_at, state.reason, state.consent) == (later, Reason.WITHDRAWN, CONSENT)
    assert "zanzibar" not in str(log)
    # Again, by whoever was interrupted: the same.
    assert await store.erase(lease, SessionErased(reason="requested"), at=AT) == state
    (summary,) = await store.list(participant_id="p-1", study_id="demo")
    assert summary.erased_at == later
    assert await store.list(participant_id="p-2") == []
    with pytest.raises(IllegalTransition, match="erased"):
        await store.append(lease, [Fault(stage="stt", code="c", message="m", recovered=True)], at=later)
