"""The worker: takes the jobs of its stages from the database and does them, one way of failing for each kind of error.

procrastinate fetches jobs and keeps heartbeats; what it gives up on, we try again: a database that went away, a worker
that died, a session whose first job was lost.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any

import procrastinate
import psycopg
import psycopg_pool
import structlog
from procrastinate.exceptions import ConnectorException, JobAborted
from procrastinate.jobs import DeleteJobCondition, Job
from procrastinate.retry import BaseRetryStrategy, RetryDecision

from vivavoce.errors import VivavoceError
from vivavoce.pipeline import stage as stages
from vivavoce.pipeline.kept import TOLD
from vivavoce.pipeline.patience import NotYet, wait_s
from vivavoce.pipeline.redaction.finding import EARLIER
from vivavoce.pipeline.searching import Index, catch_up
from vivavoce.pipeline.stage import Chain, Results, Stage
from vivavoce.session.errors import ContentErased
from vivavoce.settings.pipeline import PipelineSettings
from vivavoce.storage.engine import connect_args, parse_url
from vivavoce.storage.jobs import JobState, JobStore, task_name
from vivavoce.telemetry.metrics import Metrics

CONNECTIONS = 4
"""Of a worker at most: fetching, heartbeats, the end of a job, and one to listen on beside them."""

RESTART_S = (1.0, 2.0, 5.0, 10.0)
"""Waits before a worker that lost the database begins again; the last one repeats."""

MESSAGE_CHARS = 1000

log = structlog.get_logger(__name__)

_LOST = (ConnectorException, psycopg.Error, psycopg_pool.PoolTimeout, OSError)


class Worker:
    """Does jobs in this process.

    Args:
        url: of the database.
        chain: all stages there are.
        only: names of the stages to do here; None: all.
        jobs: the queues.
        results: where results are kept.
        settings: of the pipeline.
        metrics: are told how deep the queues are.
        index: of what was said, kept in step with the transcripts.
    """

    def __init__(
        self,
        url: str,
        *,
        chain: Chain,
        only: Collection[str] | None,
        jobs: JobStore,
        results: Results,
        settings: PipelineSettings,
        metrics: Metrics,
        index: Index,
    ) -> None:
        self._chain = chain
        self._stages = [stage for stage in chain.stages if only is None or stage.name in only]
        self._jobs = jobs
        self._results = results
        self._settings = settings
        self._metrics = metrics
        self._index = index
        self._url = url

    async def run(self) -> None:
        """Work until cancelled; then jobs under way get the time to finish, and those that do not are given back."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._upkeep(), name="pipeline.upkeep")
            group.create_task(self._work(), name="pipeline.work")

    async def _work(self) -> None:
        failures = 0
        while True:
            began = asyncio.get_running_loop().time()
            try:
                await self._work_while_connected()
            except _LOST as error:
                log.warning("pipeline worker lost the database", error=str(error))
            # It ends by itself where one of its parts failed, and has said why.
            worked_s = asyncio.get_running_loop().time() - began
            failures = 0 if worked_s > RESTART_S[-1] else failures + 1
            await asyncio.sleep(RESTART_S[min(failures, len(RESTART_S) - 1)])

    async def _work_while_connected(self) -> None:
        url, bouncer = parse_url(self._url)
        app = procrastinate.App(
            connector=procrastinate.PsycopgConnector(
                conninfo=url.set(drivername="postgresql").render_as_string(hide_password=False),
                kwargs=connect_args(bouncer),
                min_size=1,
                max_size=CONNECTIONS,
            )
        )
        for stage in self._stages:
            self._register(app, stage)
        async with app.open_async():
            await app.run_worker_async(
                queues=[stage.name for stage in self._stages],
                concurrency=self._settings.concurrency,
                # A pooler in transaction mode lets nobody listen: there the queue is looked at now and then.
                listen_notify=not bouncer,
                fetch_job_polling_interval=self._settings.poll_s,
                update_heartbeat_interval=self._settings.heartbeat_s,
                stalled_worker_timeout=self._settings.stalled_s,
                shutdown_graceful_timeout=self._settings.grace_s,
                install_signal_handlers=False,
                delete_jobs=DeleteJobCondition.SUCCESSFUL,
            )

    def _register(self, app: procrastinate.App, stage: Stage[Any]) -> None:
        then = self._chain.after(stage.name)

        async def do(context: procrastinate.JobContext, session_id: str) -> None:
            try:
                new = await stages.run(stage, session_id, results=self._results, then=then)
            except asyncio.CancelledError:
                raise
            except ContentErased:
                log.info("pipeline stage left out, content erased", session_id=session_id, stage=stage.name)
                return
            except VivavoceError as error:
                await self._explain(context.job.id, error.code, str(error))
                raise
            except BaseException as error:
                await self._explain(context.job.id, "internal", f"{type(error).__name__}: {error}")
                raise
            log.info("pipeline stage done", session_id=session_id, stage=stage.name, new=new)

        app.task(name=task_name(stage.name), queue=stage.name, retry=Patience(), pass_context=True)(do)

    async def _explain(self, job_id: int | None, code: str, message: str) -> None:
        # An interview's first job is there when it ends, which is a moment before its recording is closed.
        tell = log.info if code == NotYet.code else log.warning
        tell("pipeline job failed", job_id=job_id, code=code, message=message)
        if job_id is None:
            return
        try:
            await self._jobs.failed(job_id, code, message[:MESSAGE_CHARS])
        except VivavoceError as error:
            log.warning("failure not written down", job_id=job_id, error=str(error))

    async def _upkeep(self) -> None:
        """Look after what nobody works on any more, and say how deep the queues are."""
        while True:
            try:
                revived = await self._jobs.revive(
                    stalled_s=self._settings.stalled_s, most_attempts=self._settings.deaths
                )
                names = [stage.name for stage in self._chain.stages]
                adopted = await self._jobs.adopt(names)
                outdated = await self._jobs.redact_again(EARLIER) if TOLD in names else 0
                depths = await self._jobs.depths()
                indexed = await catch_up(self._index)
            except VivavoceError as error:
                log.warning("upkeep of the pipeline failed, next one follows", error=str(error))
            else:
                self._tell(depths)
                if indexed:
                    log.info("transcripts indexed for search", indexed=indexed)
                if revived or adopted or outdated:
                    log.info(
                        "pipeline jobs taken up again", revived=revived, adopted=adopted, outdated=outdated
                    )
            await asyncio.sleep(self._settings.upkeep_s)

    def _tell(self, depths: dict[tuple[str, JobState], int]) -> None:
        for stage in self._chain.stages:
            waiting, running, dead = (
                depths.get((stage.name, state), 0) for state in ("waiting", "running", "dead")
            )
            self._metrics.pipeline_depth(stage.name, waiting + running)
            self._metrics.pipeline_dead(stage.name, dead)


class Patience(BaseRetryStrategy):
    """`pipeline.patience` as procrastinate asks it."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        """When to try again; None: never."""
        error = asyncio.CancelledError() if isinstance(exception, JobAborted) else exception
        wait = wait_s(error, job.attempts)
        if wait is None:
            return None
        return RetryDecision(retry_at=datetime.now(UTC) + timedelta(seconds=wait))
