"""What the contract suite cannot ask of both stores: many processes, a server that goes, a disk that is full."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from vivavoce.session.errors import LeaseHeld, LeaseLost, LogUnreadable, StorageUnavailable
from vivavoce.session.events import (
    ConsentGiven,
    Fault,
    Payload,
    SessionEvent,
    SessionScheduled,
    SessionWaiting,
)
from vivavoce.session.lease import Lease
from vivavoce.session.state import fold
from vivavoce.storage.embedded import EmbeddedPostgres
from vivavoce.storage.engine import IDLE_TRANSACTION_S, make_engine, storage_errors
from vivavoce.storage.errors import DiskFull
from vivavoce.storage.sessions import PostgresSessionStore

AT = datetime(2030, 1, 1, 9, 0, tzinfo=UTC)
SHA = "ab" * 32
SCHEDULED = SessionScheduled(
    study_id="demo", study_hash="f", study_title="Demo", language="en", participant_id="p-1"
)
CONSENT = ConsentGiven(version="1", text_sha256=SHA, language="en", disclosure_sha256=SHA)


def fault(number: int) -> Fault:
    return Fault(stage="stt", code=f"f{number}", message="m", recovered=True)


@pytest.fixture
def store(engine: AsyncEngine) -> PostgresSessionStore:
    return PostgresSessionStore(engine)


async def begun(store: PostgresSessionStore, ttl_s: float = 60) -> Lease:
    await store.create("s1", SCHEDULED, at=AT)
    return await store.claim("s1", holder="host-1", ttl_s=ttl_s)


@pytest.mark.parametrize("seed", range(6))
async def test_the_snapshot_is_the_fold_of_any_history(
    store: PostgresSessionStore, legal_history: Callable[[Random, int], list[SessionEvent]], seed: int
) -> None:
    rng = Random(seed)
    first, *rest = legal_history(rng, 70)
    assert isinstance(first.payload, SessionScheduled)
    await store.create("s-1", first.payload, at=first.at)
    lease = await store.claim("s-1", holder="host-1", ttl_s=60)
    while rest:
        # What is appended together has one time: the appender's.
        count = rng.randrange(1, 6)
        batch, rest = rest[:count], rest[count:]
        returned = await store.append(lease, [event.payload for event in batch], at=batch[0].at)
        stored = await store.state("s-1")
        assert returned == stored == fold(await store.read("s-1"))
    (summary,) = await store.list()
    state = await store.state("s-1")
    assert (summary.status, summary.seq, summary.joined_at) == (state.status, state.seq, state.joined_at)


async def test_two_hosts_fight_over_a_session_and_the_log_stays_whole(database_url: str) -> None:
    """Each claims when it can, appends until it loses the lease, and pauses too long now and then."""
    engines = [make_engine(database_url) for _ in range(2)]
    stores = [PostgresSessionStore(engine) for engine in engines]
    await stores[0].create("s1", SCHEDULED, at=AT)
    written: list[str] = []
    lost = 0

    async def host(number: int, store: PostgresSessionStore) -> None:
        nonlocal lost
        rng = Random(number)
        for _ in range(6):
            try:
                lease = await store.claim("s1", holder=f"host-{number}", ttl_s=0.05)
            except LeaseHeld:
                await asyncio.sleep(0.01)
                continue
            try:
                for _ in range(10):
                    payload = fault(rng.randrange(10**9))
                    await store.append(lease, [payload], at=AT)
                    written.append(payload.code)
                    await asyncio.sleep(rng.choice([0, 0.002, 0.03]))
            except LeaseLost:
                lost += 1

    await asyncio.gather(*(host(number, store) for number, store in enumerate(stores * 3)))
    events = await stores[0].read("s1")
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    in_log = [event.payload.code for event in events if isinstance(event.payload, Fault)]
    assert sorted(in_log) == sorted(written), "what was acknowledged is there once, what was refused is not"
    assert lost > 0
    for engine in engines:
        await engine.dispose()


async def test_a_take_over_waits_for_an_append_that_is_under_way(
    store: PostgresSessionStore, database_url: str
) -> None:
    lease = await begun(store, ttl_s=0.3)
    async with await psycopg.AsyncConnection.connect(database_url) as other:
        # Stands for an append between its check of the lease and its commit.
        await other.execute("SELECT FROM leases WHERE session_id = 's1' FOR UPDATE")
        await asyncio.sleep(0.35)
        claim = asyncio.create_task(store.claim("s1", holder="host-2", ttl_s=60))
        done, _ = await asyncio.wait([claim], timeout=0.3)
        assert not done
        await other.commit()
        second = await claim
    assert second.holder == "host-2"
    assert second.expires_at - lease.expires_at > timedelta(seconds=59)
    with pytest.raises(LeaseLost):
        await store.append(lease, [CONSENT], at=AT)


async def test_the_server_is_restarted_between_appends(data_folder: Path) -> None:
    server = EmbeddedPostgres(data_folder, durable=False)
    url = await asyncio.to_thread(server.attach)
    engine = make_engine(url)
    try:
        store = PostgresSessionStore(engine)
        lease = await begun(store)
        await store.append(lease, [CONSENT], at=AT)
        await asyncio.to_thread(server.stop)
        for call in (
            store.append(lease, [fault(1)], at=AT),
            store.state("s1"),
            store.claim("s1", holder="h", ttl_s=1),
        ):
            with pytest.raises(StorageUnavailable, match="Could not"):
                await call
        again = EmbeddedPostgres(data_folder, durable=False)
        await asyncio.to_thread(again.attach)
        state = await store.append(lease, [fault(2)], at=AT)
        assert state.seq == 3
        assert [event.payload for event in await store.read("s1")] == [SCHEDULED, CONSENT, fault(2)]
        await asyncio.to_thread(again.detach)
    finally:
        await engine.dispose()
        await asyncio.to_thread(server.detach)


async def test_a_full_disk_refuses_the_whole_append_and_says_so(
    store: PostgresSessionStore, engine: AsyncEngine
) -> None:
    """PostgreSQL reports it at the third event of four, as it would when a table cannot be extended."""
    lease = await begun(store)
    before = await store.append(lease, [CONSENT], at=AT)
    async with engine.begin() as connection:
        await connection.execute(
            text(
                "CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS "
                "$$BEGIN RAISE EXCEPTION 'No space left on device' USING ERRCODE = 'disk_full'; END$$"
            )
        )
        await connection.execute(
            text(
                "CREATE TRIGGER no_room BEFORE INSERT ON session_events FOR EACH ROW "
                "WHEN (NEW.payload->>'code' = 'f3') EXECUTE FUNCTION no_room()"
            )
        )
    with pytest.raises(DiskFull, match=r"Could not append to session s1.*disk is full.*Free some space"):
        await store.append(lease, [fault(1), fault(2), fault(3), fault(4)], at=AT)
    assert await store.state("s1") == before
    assert len(await store.read("s1")) == before.seq
    async with engine.begin() as connection:
        await connection.execute(text("DROP TRIGGER no_room ON session_events"))
    after = await store.append(lease, [fault(1), fault(2), fault(3), fault(4)], at=AT)
    assert after.seq == before.seq + 4


async def test_no_answer_in_time_is_no_answer(engine: AsyncEngine) -> None:
    with pytest.raises(StorageUnavailable, match=r"Could not wait: no answer within"):
        async with storage_errors("wait", timeout_s=0.3), engine.begin() as connection:
            await connection.execute(text("SELECT pg_sleep(30)"))
    async with storage_errors("go on"), engine.begin() as connection:
        assert (await connection.execute(text("SELECT 1"))).scalar_one() == 1


async def test_a_statement_that_takes_too_long_is_stopped_by_the_server(engine: AsyncEngine) -> None:
    with pytest.raises(StorageUnavailable, match="statement timeout"):
        async with storage_errors("wait"), engine.begin() as connection:
            await connection.execute(text("SET LOCAL statement_timeout = 100"))
            await connection.execute(text("SELECT pg_sleep(30)"))


async def test_who_hangs_in_a_transaction_lets_go_of_what_it_locked(
    store: PostgresSessionStore, engine: AsyncEngine
) -> None:
    await begun(store)
    async with engine.connect() as hanging:
        shown = await hanging.execute(text("SHOW idle_in_transaction_session_timeout"))
        assert shown.scalar_one() == f"{IDLE_TRANSACTION_S}s"
        await hanging.execute(text("SET LOCAL idle_in_transaction_session_timeout = 100"))
        await hanging.execute(text("SELECT * FROM sessions FOR UPDATE"))
        async with storage_errors("take it", timeout_s=5.0), engine.begin() as waiting:
            await waiting.execute(text("SELECT * FROM sessions FOR UPDATE"))
        with pytest.raises(StorageUnavailable, match="idle-in-transaction"):
            async with storage_errors("go on"):
                await hanging.execute(text("SELECT 1"))


async def test_mistakes_of_ours_are_not_hidden(engine: AsyncEngine) -> None:
    with pytest.raises(Exception, match="no_such_table") as error:
        async with storage_errors("look"), engine.begin() as connection:
            await connection.execute(text("SELECT * FROM no_such_table"))
    assert not isinstance(error.value, StorageUnavailable)


async def test_a_snapshot_of_another_version_is_folded_anew(
    store: PostgresSessionStore, engine: AsyncEngine
) -> None:
    lease = await begun(store)
    before = await store.append(lease, [CONSENT], at=AT)
    for damage in (
        "UPDATE sessions SET state_version = 0, state = '{}'",
        "UPDATE sessions SET state = state || '{\"surprise\": 1}'",
    ):
        async with engine.begin() as connection:
            await connection.execute(text(damage))
        assert await store.state("s1") == before
    elsewhere = PostgresSessionStore(engine)
    after = await elsewhere.append(lease, [SessionWaiting(transport="webrtc")], at=AT)
    assert after == fold(await store.read("s1")) == await store.state("s1")


async def test_an_event_of_a_newer_version_is_named(store: PostgresSessionStore, engine: AsyncEngine) -> None:
    await begun(store)
    async with engine.begin() as connection:
        await connection.execute(
            text(
                "INSERT INTO session_events (session_id, seq, at, kind, payload) "
                "VALUES ('s1', 2, now(), 'mood.judged', '{\"mood\": \"blue\"}')"
            )
        )
    with pytest.raises(LogUnreadable, match=r"session 's1', event 2.*mood\.judged"):
        await store.read("s1")


async def test_recordings_are_kept_in_step_with_the_log(
    store: PostgresSessionStore, engine: AsyncEngine
) -> None:
    from vivavoce.session.events import RecordingClosed, RecordingStarted

    lease = await begun(store)
    payloads: list[Payload] = [
        CONSENT,
        RecordingStarted(key="s1/part1.ogg", sample_rate=48000, channels=2, codec="opus"),
    ]
    await store.append(lease, payloads, at=AT)
    query = text("SELECT key, session_id, bytes, sha256 FROM recordings")
    async with engine.begin() as connection:
        assert (await connection.execute(query)).all() == [("s1/part1.ogg", "s1", None, None)]
    closed = RecordingClosed(key="s1/part1.ogg", duration_s=1, bytes=2**33, sha256=SHA)
    await store.append(lease, [closed], at=AT)
    async with engine.begin() as connection:
        assert (await connection.execute(query)).all() == [("s1/part1.ogg", "s1", 2**33, SHA)]
