"""Jobs in PostgreSQL: when they come to be, who takes them, and what happens to those that fail."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import psycopg
import pytest
from prometheus_client import CollectorRegistry
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncEngine
from tests.integration.pipeline.conftest import Hold
from tests.lib.recorded import AT, BEGUN, ENDED

from vivavoce.errors import VivavoceError
from vivavoce.pipeline.stage import Chain, Stage
from vivavoce.pipeline.worker import Worker
from vivavoce.session.errors import LeaseLost, StorageUnavailable
from vivavoce.session.events import SessionEnded, SessionScheduled
from vivavoce.session.lease import Lease
from vivavoce.session.status import Reason, SessionStatus
from vivavoce.settings import PipelineSettings
from vivavoce.storage.derived import DerivedStore, ResultSuperseded
from vivavoce.storage.jobs import JobStore, JobUnknown
from vivavoce.storage.search import SearchStore
from vivavoce.storage.sessions import PostgresSessionStore
from vivavoce.telemetry.metrics import Metrics

BRISK = PipelineSettings(poll_s=0.1, heartbeat_s=0.2, stalled_s=1.0, upkeep_s=0.2, grace_s=5)


class Session(BaseModel):
    session_id: str


class Echo(Stage[Session]):
    """The cheapest stage there is; fails as it is told."""

    def __init__(self, fail: Callable[[int], BaseException | None] = lambda attempt: None) -> None:
        self.fail = fail
        self.attempts = 0

    async def inputs(self, session_id: str) -> Session:
        return Session(session_id=session_id)

    async def output(self, inputs: Session) -> Session:
        self.attempts += 1
        error = self.fail(self.attempts)
        if error is not None:
            raise error
        return inputs


class First(Echo):
    name = "transcription"


class Second(Echo):
    name = "enrichment"


@pytest.fixture
def jobs(engine: AsyncEngine) -> JobStore:
    return JobStore(engine)


@pytest.fixture
def derived(engine: AsyncEngine) -> DerivedStore:
    return DerivedStore(engine)


def worker(
    url: str,
    engine: AsyncEngine,
    *stages: Echo,
    metrics: Metrics | None = None,
    settings: PipelineSettings = BRISK,
) -> Worker:
    return Worker(
        url,
        chain=Chain(stages),
        only=None,
        jobs=JobStore(engine),
        results=DerivedStore(engine),
        settings=settings,
        metrics=metrics or Metrics(CollectorRegistry()),
        index=SearchStore(engine),
    )


async def work_until(worker: Worker, done: Callable[[], Awaitable[bool]]) -> None:
    task = asyncio.create_task(worker.run())
    try:
        async with asyncio.timeout(60):
            while not await done():
                assert not task.done()
                await asyncio.sleep(0.05)
    finally:
        task.cancel()
        await asyncio.wait([task])


async def test_the_end_of_a_session_and_its_first_job_are_one(hold: Hold, jobs: JobStore) -> None:
    await hold("s1")
    (job,) = await jobs.list()
    assert (job.stage, job.session_id, job.state, job.failure) == ("transcription", "s1", "waiting", None)


async def test_what_is_refused_leaves_no_job(engine: AsyncEngine, jobs: JobStore) -> None:
    store = PostgresSessionStore(engine)
    scheduled = SessionScheduled(
        study_id="demo", study_hash="f", study_title="Demo", language="en", participant_id="p-1"
    )
    await store.create("s1", scheduled, at=AT)
    lease = await store.claim("s1", holder="host", ttl_s=60)
    await store.append(lease, BEGUN, at=AT)
    with pytest.raises(LeaseLost):
        await store.append(Lease("s1", "host", "another", lease.expires_at), [ENDED], at=AT)
    assert await jobs.list() == []
    # The job cannot be added: nor is the session over.
    async with engine.begin() as connection:
        await connection.exec_driver_sql("ALTER TABLE procrastinate_jobs RENAME TO gone")
    with pytest.raises(Exception, match="procrastinate_jobs"):
        await store.append(lease, [ENDED], at=AT)
    assert (await store.state("s1")).status is SessionStatus.ACTIVE


async def test_nobody_came_and_there_is_nothing_to_do(engine: AsyncEngine, jobs: JobStore) -> None:
    store = PostgresSessionStore(engine)
    scheduled = SessionScheduled(
        study_id="demo", study_hash="f", study_title="Demo", language="en", participant_id="p-1"
    )
    await store.create("s1", scheduled, at=AT)
    lease = await store.claim("s1", holder="host", ttl_s=60)
    ended = SessionEnded(status=SessionStatus.ABANDONED, reason=Reason.NO_SHOW, at_s=0)
    await store.append(lease, [ended], at=AT)
    assert await jobs.list() == []
    assert await jobs.adopt() == 0


async def test_stages_follow_each_other_each_once(
    database_url: str, engine: AsyncEngine, hold: Hold, jobs: JobStore, derived: DerivedStore
) -> None:
    await hold("s1")
    first, second = First(), Second()

    async def done() -> bool:
        return not await jobs.list() and await derived.get("s1", "enrichment") is not None

    await work_until(worker(database_url, engine, first, second), done)
    assert (first.attempts, second.attempts) == (1, 1)
    # The same job again finds its result, and nothing follows from it.
    await jobs.add("s1", "transcription")

    async def none_left() -> bool:
        return not await jobs.list()

    await work_until(worker(database_url, engine, first, second), none_left)
    assert (first.attempts, second.attempts) == (1, 1)


async def test_a_failure_that_passes_is_tried_again(
    database_url: str, engine: AsyncEngine, hold: Hold, jobs: JobStore, derived: DerivedStore
) -> None:
    await hold("s1")
    first = First(lambda attempt: StorageUnavailable("The disk is away.") if attempt == 1 else None)

    async def done() -> bool:
        return await derived.get("s1", "transcription") is not None

    await work_until(worker(database_url, engine, first), done)
    assert first.attempts == 2


async def test_a_dead_job_is_seen_counted_and_tried_again_by_hand(
    database_url: str, engine: AsyncEngine, hold: Hold, jobs: JobStore, derived: DerivedStore
) -> None:
    await hold("s1")
    broken = VivavoceError("The file is broken.", next_step="Mend it.")
    first = First(lambda attempt: broken if attempt == 1 else None)
    metrics = Metrics(CollectorRegistry())

    async def counted() -> bool:
        stage = {"stage": "transcription"}
        dead = metrics.registry.get_sample_value("voice_pipeline_dead_jobs", stage)
        depth = metrics.registry.get_sample_value("voice_pipeline_queue_depth", stage)
        return (dead, depth) == (1, 0)

    await work_until(worker(database_url, engine, first, metrics=metrics), counted)
    (job,) = await jobs.list(state="dead")
    assert job.failure == ("error", "The file is broken. Mend it.")
    with pytest.raises(JobUnknown):
        await jobs.retry(job.id + 1)
    assert await jobs.retry(job.id) == 1

    async def done() -> bool:
        return await derived.get("s1", "transcription") is not None

    await work_until(worker(database_url, engine, first), done)


async def test_a_session_without_a_job_is_adopted_once(
    database_url: str, hold: Hold, jobs: JobStore, derived: DerivedStore
) -> None:
    await hold("s1")
    with psycopg.connect(database_url) as connection:
        connection.execute("DELETE FROM procrastinate_jobs")
    assert await jobs.adopt() == 1
    assert await jobs.adopt() == 0
    assert [job.session_id for job in await jobs.list()] == ["s1"]


async def test_a_stage_that_a_session_never_had_is_made_up_for(
    hold: Hold, jobs: JobStore, derived: DerivedStore
) -> None:
    stages = ("transcription", "redaction", "enrichment")
    await hold("s1")
    await hold("s2")
    # s1 is of a version that knew no redaction; of s2 nothing is made yet.
    await derived.keep("s1", "transcription", input_hash="t", output="{}", then=["enrichment"])

    async def waiting() -> set[tuple[str, str]]:
        return {(job.session_id, job.stage) for job in await jobs.list()}

    before = await waiting()
    assert await jobs.adopt(stages) == 1
    assert await waiting() - before == {("s1", "redaction")}
    assert await jobs.adopt(stages) == 0


async def test_what_earlier_rules_redacted_is_redacted_again(
    hold: Hold, jobs: JobStore, derived: DerivedStore
) -> None:
    for session_id, rules in (("s1", "rules/1"), ("s2", "rules/2"), ("s3", "rules/3")):
        await hold(session_id)
        await derived.keep(session_id, "redaction", input_hash="r", output=f'{{"rules": "{rules}"}}')
    # What came before them has a result of the same name.
    await derived.keep("s3", "transcription", input_hash="t", output='{"rules": "rules/1"}')

    async def waiting() -> set[tuple[str, str]]:
        return {(job.session_id, job.stage) for job in await jobs.list()}

    before = await waiting()
    assert await jobs.redact_again(()) == 0
    assert await jobs.redact_again(("rules/1", "rules/2"), limit=1) == 1
    assert await waiting() - before == {("s1", "redaction")}
    assert await jobs.redact_again(("rules/1", "rules/2")) == 1
    assert await waiting() - before == {("s1", "redaction"), ("s2", "redaction")}
    assert await jobs.redact_again(("rules/1", "rules/2")) == 0


async def test_a_job_that_kills_its_workers_is_dead_in_the_end(
    database_url: str, hold: Hold, jobs: JobStore
) -> None:
    await hold("s1")
    for death in range(3):
        with psycopg.connect(database_url) as connection:
            connection.execute("UPDATE procrastinate_jobs SET status = 'doing', worker_id = NULL")
        assert await jobs.revive(stalled_s=1, most_attempts=3) == 1, death
    (job,) = await jobs.list()
    assert job.state == "dead"


async def test_a_result_of_another_input_replaces_the_one_before(hold: Hold, derived: DerivedStore) -> None:
    await hold("s1")
    for known_by, instead_of, new in (
        ("a", None, True),
        ("a", None, False),
        ("b", "a", True),
        ("b", "a", False),
    ):
        made = await derived.keep(
            "s1", "transcription", input_hash=known_by, output="{}", instead_of=instead_of
        )
        assert made is new
    for instead_of in (None, "a"):
        with pytest.raises(ResultSuperseded):
            await derived.keep("s1", "transcription", input_hash="old", output="{}", instead_of=instead_of)
    kept = await derived.get("s1", "transcription")
    assert kept is not None
    assert kept.input_hash == "b"


async def test_a_stopped_worker_gives_its_job_back(
    database_url: str, engine: AsyncEngine, hold: Hold, jobs: JobStore
) -> None:
    await hold("s1")
    running = asyncio.Event()

    class Slow(First):
        async def output(self, inputs: Session) -> Session:
            running.set()
            await asyncio.Event().wait()
            return inputs

    hasty = BRISK.model_copy(update={"grace_s": 0.1})
    task = asyncio.create_task(worker(database_url, engine, Slow(), settings=hasty).run())
    async with asyncio.timeout(60):
        await running.wait()
    task.cancel()
    await asyncio.wait([task], timeout=60)
    assert [job.state for job in await jobs.list()] == ["waiting"]
