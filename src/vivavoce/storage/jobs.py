"""The jobs of the pipeline: added in a transaction of the caller's, counted, listed, and tried again.

procrastinate's tables hold them (`migrations/versions/0003_procrastinate.sql`), and its worker takes them from there.
A job names a session and nothing that was said. A job that waits is not added again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from sqlalchemy import bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from vivavoce.errors import VivavoceError
from vivavoce.session.status import SessionStatus
from vivavoce.storage.engine import transaction

StageName = Literal["transcription", "redaction", "enrichment", "reporting"]
STAGES: tuple[StageName, ...] = get_args(StageName)
"""In the order in which they follow each other; each has a queue of its name."""

FIRST: StageName = "transcription"

JobState = Literal["waiting", "running", "dead"]

_STATES: dict[str, JobState] = {"todo": "waiting", "doing": "running", "failed": "dead"}


class JobUnknown(VivavoceError):
    """There is no dead job of that number."""

    code = "job_unknown"

    def __init__(self, job_id: int) -> None:
        super().__init__(
            f"There is no dead job {job_id}.",
            next_step="`vivavoce jobs list --state dead` shows those there are.",
        )


@dataclass(frozen=True)
class Job:
    """One job.

    Attributes:
        attempts: how often it was tried.
        due_at: when it may be tried next, if that is said; UTC.
        failure: code and message of its last failure, if it ever failed.
    """

    id: int
    stage: str
    session_id: str
    state: JobState
    attempts: int
    due_at: datetime | None
    failure: tuple[str, str] | None


def task_name(stage: str) -> str:
    """The name of the task that does a stage's jobs."""
    return f"vivavoce.{stage}"


async def enqueue(connection: AsyncConnection, session_id: str, stage: str) -> None:
    """Add a job within the transaction of `connection`. One that waits already is due at once instead.

    Two transactions at once may add it twice: the second finds the first one's result.
    """
    lock = _lock(session_id, stage)
    if (await connection.execute(_HURRY, {"lock": lock})).rowcount == 0:
        await connection.execute(
            _ENQUEUE, {"stage": stage, "task": task_name(stage), "session_id": session_id, "lock": lock}
        )


async def drop(connection: AsyncConnection, session_id: str) -> None:
    """Take a session's jobs away within the transaction of `connection`, and why they failed.

    One that is running stays, so that its worker can end it; it holds nothing but the session's id.
    """
    for statement in (_DROP_FAILURES, _DROP):
        await connection.execute(statement, {"session_id": session_id})


class JobStore:
    """The jobs in PostgreSQL. Every method raises `StorageUnavailable` when the database does not answer.

    Args:
        engine: made by `vivavoce.storage.engine.make_engine`; stays the caller's.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def add(self, session_id: str, stage: str) -> None:
        """Add a job; nothing happens if it waits already."""
        async with transaction(self._engine, f"add a job for session {session_id}") as connection:
            await enqueue(connection, session_id, stage)

    async def depths(self) -> dict[tuple[str, JobState], int]:
        """How many jobs there are, by stage and state; stages and states without any are left out."""
        async with transaction(self._engine, "count jobs") as connection:
            rows = await connection.execute(_DEPTHS)
            return {(row.queue_name, _STATES[row.status]): row.n for row in rows}

    async def list(
        self, *, stage: str | None = None, state: JobState | None = None, limit: int = 100
    ) -> Sequence[Job]:
        """Jobs that are not done, the oldest first."""
        async with transaction(self._engine, "list jobs") as connection:
            rows = await connection.execute(
                _LIST,
                {
                    "stage": stage,
                    "statuses": [status for status, name in _STATES.items() if state in (None, name)],
                    "limit": limit,
                },
            )
            return [
                Job(
                    id=row.id,
                    stage=row.queue_name,
                    session_id=row.session_id,
                    state=_STATES[row.status],
                    attempts=row.attempts,
                    due_at=row.scheduled_at,
                    failure=None if row.code is None else (row.code, row.message),
                )
                for row in rows
            ]

    async def retry(self, job_id: int | None = None) -> int:
        """Have a dead job, or all of them, tried again from the start; returns how many.

        A dead job beside one that waits for the same is dropped: that one does it.

        Raises:
            JobUnknown: no dead job has that number.
        """
        async with transaction(self._engine, "retry dead jobs") as connection:
            dropped = await connection.execute(_DROP_DOUBLES, {"id": job_id})
            retried = await connection.execute(_RETRY, {"id": job_id})
        found = dropped.rowcount + retried.rowcount
        if job_id is not None and not found:
            raise JobUnknown(job_id)
        return found

    async def failed(self, job_id: int, code: str, message: str) -> None:
        """Write down why a job failed, for people."""
        async with transaction(self._engine, f"write down a failure of job {job_id}") as connection:
            await connection.execute(_FAILED, {"id": job_id, "code": code, "message": message})

    async def revive(self, *, stalled_s: float, most_attempts: int) -> int:
        """Give jobs back whose worker gave no sign of life for `stalled_s` seconds; returns how many.

        A job that took its worker with it `most_attempts` times is dead.
        """
        async with transaction(self._engine, "look for jobs of dead workers") as connection:
            await connection.execute(_PRUNE, {"stalled_s": stalled_s})
            revived = await connection.execute(_REVIVE, {"most": most_attempts})
        return revived.rowcount

    async def adopt(self, stages: Sequence[str] = (FIRST,), *, limit: int = 1000) -> int:
        """Add jobs that are missing; returns how many.

        The first one of sessions that ended, and each further one where the stage before it has a result: a version of
        ours that did not know a stage left sessions without its job.

        Args:
            stages: those there are, in the order in which they follow each other.
            limit: most to add, of each stage.
        """
        added = 0
        async with transaction(self._engine, "look for sessions without a job") as connection:
            for before, stage in zip((None, *stages), stages, strict=False):
                rows = await connection.execute(
                    _FORGOTTEN,
                    {
                        "before": before,
                        "stage": stage,
                        "statuses": [status.value for status in SessionStatus if status.terminal],
                        "limit": limit,
                    },
                )
                found = [row.id for row in rows]
                for session_id in found:
                    await enqueue(connection, session_id, stage)
                added += len(found)
        return added

    async def redact_again(self, rules: Sequence[str], *, limit: int = 1000) -> int:
        """Add jobs of redaction where it was done by one of these versions of the rules; returns how many.

        What follows redaction is then made again, too. A job that is dead stays so.

        Args:
            rules: earlier ones. Never later ones, or two versions of ours at work would take turns for ever.
            limit: most to add.
        """
        if not rules:
            return 0
        async with transaction(self._engine, "look for sessions redacted by earlier rules") as connection:
            rows = await connection.execute(_OUTDATED, {"rules": list(rules), "limit": limit})
            found = [row.session_id for row in rows]
            for session_id in found:
                await enqueue(connection, session_id, "redaction")
        return len(found)


def _lock(session_id: str, stage: str) -> str:
    """At most one job of that name runs."""
    return f"{stage}/{session_id}"


_HURRY = text("UPDATE procrastinate_jobs SET scheduled_at = NULL WHERE lock = :lock AND status = 'todo'")

_ENQUEUE = text(
    """
    INSERT INTO procrastinate_jobs (queue_name, task_name, lock, args)
    VALUES (:stage, :task, :lock, jsonb_build_object('session_id', CAST(:session_id AS text)))
    """
)
"""Without a `queueing_lock`: a running job could not wait again behind another one of its name."""

_OF_SESSION = "args->>'session_id' = CAST(:session_id AS text)"

_DROP_FAILURES = text(
    f"DELETE FROM job_failures WHERE job_id IN (SELECT id FROM procrastinate_jobs WHERE {_OF_SESSION})"  # noqa: S608
)

_DROP = text(f"DELETE FROM procrastinate_jobs WHERE {_OF_SESSION} AND status <> 'doing'")  # noqa: S608

_DEPTHS = text(
    """
    SELECT queue_name, status::text AS status, count(*) AS n FROM procrastinate_jobs
    WHERE status IN ('todo', 'doing', 'failed') GROUP BY queue_name, status
    """
)

_LIST = text(
    """
    SELECT j.id, j.queue_name, j.args->>'session_id' AS session_id, j.status::text AS status, j.attempts,
           j.scheduled_at, f.code, f.message
    FROM procrastinate_jobs j LEFT JOIN job_failures f ON f.job_id = j.id
    WHERE j.status::text IN :statuses AND (CAST(:stage AS text) IS NULL OR j.queue_name = :stage)
    ORDER BY j.id LIMIT :limit
    """
).bindparams(bindparam("statuses", expanding=True))

_DEAD = "status = 'failed' AND (CAST(:id AS bigint) IS NULL OR id = :id)"

_DROP_DOUBLES = text(
    f"""
    DELETE FROM procrastinate_jobs WHERE {_DEAD}
      AND EXISTS (
        SELECT 1 FROM procrastinate_jobs other
        WHERE other.lock = procrastinate_jobs.lock
          AND (other.status IN ('todo', 'doing') OR (other.status = 'failed' AND other.id > procrastinate_jobs.id))
    )
    """  # noqa: S608  # no value of anybody's is in it
)

_RETRY = text(
    f"UPDATE procrastinate_jobs SET status = 'todo', attempts = 0, scheduled_at = NULL WHERE {_DEAD}"  # noqa: S608
)

_FAILED = text(
    """
    INSERT INTO job_failures (job_id, code, message) SELECT id, :code, :message FROM procrastinate_jobs WHERE id = :id
    ON CONFLICT (job_id) DO UPDATE SET code = excluded.code, message = excluded.message, at = clock_timestamp()
    """
)

_PRUNE = text("SELECT procrastinate_prune_stalled_workers_v1(CAST(:stalled_s AS float))")
"""A worker that is gone takes its name off its jobs (ON DELETE SET NULL)."""

_REVIVE = text(
    """
    UPDATE procrastinate_jobs
    SET status = CASE WHEN attempts + 1 >= :most THEN 'failed' ELSE 'todo' END::procrastinate_job_status,
        attempts = attempts + 1, scheduled_at = NULL, abort_requested = false
    WHERE status = 'doing' AND worker_id IS NULL
    """
)

_FORGOTTEN = text(
    """
    SELECT s.id FROM sessions s
    WHERE s.status IN :statuses AND s.joined_at IS NOT NULL AND s.erased_at IS NULL
      AND (CAST(:before AS text) IS NULL
           OR EXISTS (SELECT 1 FROM derived d WHERE d.session_id = s.id AND d.stage = :before))
      AND NOT EXISTS (SELECT 1 FROM derived d WHERE d.session_id = s.id AND d.stage = :stage)
      AND NOT EXISTS (
          SELECT 1 FROM procrastinate_jobs j WHERE j.lock = :stage || '/' || s.id AND j.status <> 'succeeded'
      )
    ORDER BY s.created_at LIMIT :limit
    """
).bindparams(bindparam("statuses", expanding=True))

_OUTDATED = text(
    """
    SELECT d.session_id FROM derived d JOIN sessions s ON s.id = d.session_id
    WHERE d.stage = 'redaction' AND d.output ->> 'rules' IN :rules AND s.erased_at IS NULL
      AND NOT EXISTS (
          SELECT 1 FROM procrastinate_jobs j
          WHERE j.lock = 'redaction/' || d.session_id AND j.status <> 'succeeded'
      )
    ORDER BY s.created_at LIMIT :limit
    """
).bindparams(bindparam("rules", expanding=True))
