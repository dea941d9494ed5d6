"""Workers of the pipeline are killed in a burst: every result is there once all the same, and no job is left."""

from __future__ import annotations

import asyncio
import multiprocessing
import random
import signal
from datetime import UTC, datetime

import psycopg
from tests.lib.cheap_worker import work

from vivavoce.session.events import (
    ConsentGiven,
    ParticipantJoined,
    Reason,
    SessionEnded,
    SessionScheduled,
    SessionStatus,
    SessionWaiting,
)
from vivavoce.storage.engine import make_engine
from vivavoce.storage.jobs import STAGES
from vivavoce.storage.sessions import PostgresSessionStore

AT = datetime(2030, 1, 1, 9, 0, tzinfo=UTC)
SHA = "ab" * 32
SESSIONS = 60
KILLS = 50
WORKERS = 3

WITNESS = """
    CREATE TABLE written (session_id text, stage text);
    CREATE FUNCTION witness() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN INSERT INTO written VALUES (NEW.session_id, NEW.stage); RETURN NEW; END $$;
    CREATE TRIGGER witness AFTER INSERT OR UPDATE ON derived FOR EACH ROW EXECUTE FUNCTION witness();
"""


async def end_sessions(url: str) -> None:
    engine = make_engine(url)
    store = PostgresSessionStore(engine)
    for number in range(SESSIONS):
        session_id = f"s{number}"
        scheduled = SessionScheduled(
            study_id="demo", study_hash="f", study_title="Demo", language="en", participant_id=f"p{number}"
        )
        await store.create(session_id, scheduled, at=AT)
        lease = await store.claim(session_id, holder="host", ttl_s=60)
        lived = [
            ConsentGiven(version="1", text_sha256=SHA, language="en", disclosure_sha256=SHA),
            SessionWaiting(transport="webrtc"),
            ParticipantJoined(transport="webrtc", connection_id="c"),
            SessionEnded(status=SessionStatus.COMPLETED, reason=Reason.FINISHED, at_s=1.0),
        ]
        await store.append(lease, lived, at=AT)
    await engine.dispose()


async def test_fifty_killed_workers_leave_every_result_once(database_url: str) -> None:
    rng = random.Random(6)
    # They fork from a process that has everything imported: fifty of them would import for minutes.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.lib.cheap_worker"])
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(WITNESS)

        def count(query: str) -> int:
            row = connection.execute(query.encode()).fetchone()
            assert row is not None
            return row[0]

        await end_sessions(database_url)
        assert count("SELECT count(*) FROM procrastinate_jobs") == SESSIONS
        workers = [context.Process(target=work, args=(database_url,), daemon=True) for _ in range(WORKERS)]
        try:
            for worker in workers:
                worker.start()
            under_way = 0
            for _ in range(KILLS):
                await asyncio.sleep(rng.uniform(0.1, 0.4))
                under_way += count("SELECT count(*) FROM procrastinate_jobs WHERE status = 'doing'") > 0
                victim = rng.randrange(WORKERS)
                workers[victim].kill()
                await asyncio.to_thread(workers[victim].join)
                assert workers[victim].exitcode == -signal.SIGKILL
                workers[victim] = context.Process(target=work, args=(database_url,), daemon=True)
                workers[victim].start()
            assert under_way > KILLS / 2
            async with asyncio.timeout(120):
                while count("SELECT count(*) FROM procrastinate_jobs"):
                    await asyncio.sleep(0.1)
        finally:
            for worker in workers:
                worker.kill()
                await asyncio.to_thread(worker.join)
        results = set(connection.execute("SELECT session_id, stage FROM derived").fetchall())
        assert results == {(f"s{number}", stage) for number in range(SESSIONS) for stage in STAGES}
        assert count("SELECT count(*) FROM written") == SESSIONS * len(STAGES)
