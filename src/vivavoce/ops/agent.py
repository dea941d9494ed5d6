"""An agent worker as a process: its speech server, its database, its health, and the worker itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import structlog
from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from vivavoce.agent.entry import MEASURED
from vivavoce.agent.worker import Worker
from vivavoce.errors import VivavoceError
from vivavoce.ops.address import bind
from vivavoce.ops.background import background
from vivavoce.ops.checks import database_check, speech_check
from vivavoce.ops.children import speech_server_starting
from vivavoce.ops.rooms import sending_sweeper, sfu_check
from vivavoce.ops.spool import keep_left_over
from vivavoce.session.clock import SystemClock
from vivavoce.settings import Settings
from vivavoce.speech.client import SpeechClient
from vivavoce.storage.open import open_storage
from vivavoce.telemetry.forwarding import received
from vivavoce.telemetry.metrics import Metrics
from vivavoce.transport.sfu.api import Sfu
from vivavoce.voice.prices import PriceTable
from vivavoce.web.health import HOST, Check, CheckResult, Readiness, measurements, probes
from vivavoce.web.server import serving

log = structlog.get_logger(__name__)


class WorkerIncomplete(VivavoceError):
    """The settings do not say what a worker needs."""

    code = "worker_incomplete"


@dataclass(frozen=True)
class RunningWorker:
    """A worker that runs. `work` ends only if it fails."""

    worker: Worker
    work: asyncio.Task[None]


@asynccontextmanager
async def agent_worker(
    settings: Settings, *, on_step: Callable[[str], None] = lambda step: None
) -> AsyncGenerator[RunningWorker]:
    """Run an agent worker until the context ends; then its sessions say goodbye, and all is put away.

    Raises:
        VivavoceError: a part could not be started; what was started before it is stopped again.
    """
    sfu_settings = settings.livekit
    if sfu_settings.url is None or settings.database_url is None:
        raise WorkerIncomplete(
            "An agent worker needs an SFU and the database that it shares with the server.",
            next_step="Set VIVAVOCE_LIVEKIT__URL, its key and secret, and VIVAVOCE_DATABASE_URL.",
        )
    PriceTable.of(settings)  # what has no price is said before anything is started
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        health, metrics_at = (
            bind(
                sfu_settings.health_host,
                port,
                next_step=f"Stop what listens there, or set VIVAVOCE_LIVEKIT__{name}_PORT to another port.",
            )
            for name, port in (("HEALTH", sfu_settings.health_port), ("METRICS", sfu_settings.metrics_port))
        )
        stack.callback(health.close)
        stack.callback(metrics_at.close)
        on_step("Starting the speech server")
        starting = await stack.enter_async_context(speech_server_starting(settings))
        storage = await stack.enter_async_context(open_storage(settings, exclusive=True))
        speech_url = await starting.ready()
        settings = settings.model_copy(
            update={"speech": settings.speech.model_copy(update={"url": speech_url})}
        )
        client = SpeechClient(speech_url)
        stack.push_async_callback(client.aclose)
        sfu = Sfu(sfu_settings, clock)
        stack.push_async_callback(sfu.aclose)
        spool = settings.data_dir / "spool"
        await asyncio.to_thread(spool.mkdir, parents=True, exist_ok=True)
        await keep_left_over(spool, storage.recordings.keep, storage.sessions)
        metrics = Metrics(CollectorRegistry())
        await stack.enter_async_context(received(settings.data_dir / MEASURED, metrics))
        worker = Worker(settings, metrics)
        checks = {
            "database": database_check(storage.sessions),
            "speech": speech_check(client),
            "sfu": sfu_check(sfu),
            HOST: _worker_check(worker),
        }
        for sock, router in (
            (health, probes(Readiness(checks, clock))),
            (metrics_at, measurements(metrics.registry)),
        ):
            app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
            app.include_router(router)
            await stack.enter_async_context(serving(app, sock))
        sweeper = sending_sweeper(settings, storage, sfu, clock)
        await stack.enter_async_context(background(sweeper.run(), "worker.sweep"))
        on_step("Warming up, and registering with the SFU")
        work = asyncio.create_task(worker.run(), name="worker")
        stack.push_async_callback(_stop, worker, work)
        registered = asyncio.create_task(worker.registered_once.wait(), name="worker.registered")
        await asyncio.wait((work, registered), return_when=asyncio.FIRST_COMPLETED)
        registered.cancel()
        if work.done():
            await work
        log.info("registered", sfu=sfu_settings.url, agent_name=sfu_settings.agent_name)
        yield RunningWorker(worker, work)


async def _stop(worker: Worker, work: asyncio.Task[None]) -> None:
    await worker.aclose()
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)


def _worker_check(worker: Worker) -> Check:
    async def check() -> CheckResult:
        capacity = worker.capacity()
        detail = f"{capacity.used} of {capacity.slots} places taken"
        if not worker.registered_once.is_set():
            return CheckResult(False, "not registered with the SFU yet")
        if capacity.reason:
            return CheckResult(False, f"{detail}. {capacity.reason}")
        return CheckResult(True, detail)

    return check
