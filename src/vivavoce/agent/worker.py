"""The agent worker: takes sessions from a LiveKit SFU, and runs each in a process of its own."""

from __future__ import annotations

import asyncio
from functools import partial
from statistics import median
from typing import Any

import structlog
from livekit.agents import AgentServer, JobExecutorType, JobRequest

from vivavoce.agent import entry
from vivavoce.agent.admission import FULL, LATE_S, fullness
from vivavoce.agent.capacity import Capacity
from vivavoce.agent.ending import CLOSE_S
from vivavoce.agent.lag import lags
from vivavoce.errors import VivavoceError
from vivavoce.settings import Settings
from vivavoce.telemetry.metrics import Metrics
from vivavoce.transport.sfu.job import SessionJob

WARM_S = 90.0
"""Seconds a process may take to load its models; three that begin at once on two busy cores need half of it."""

END_S = CLOSE_S + 45.0
"""Seconds a session may take to end when it is told to: the goodbye, its last events, its recording."""

RETRIES = 1_000_000
"""Tries to reach the SFU: a worker waits for one that is away, and `/readyz` says so meanwhile."""

ROUNDED = 1e-6
"""Less than a place of the most slots there may be, and more than a sum of shares may be wrong by."""

LAGS = 30
"""Measurements that say how late the event loop is."""

MEMORY_WARN_MB = 1500
"""What a session's process takes is about half of it; more is a leak, and is said in the log."""

log = structlog.get_logger(__name__)


class WorkerFailed(VivavoceError):
    """The worker cannot go on."""

    code = "worker_failed"


class Worker:
    """Registers with the SFU, takes jobs up to its slots, and lets them finish when it is told to end.

    Args:
        settings: with an SFU and a speech server.
        metrics: of the process.
    """

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        sfu = settings.livekit
        assert sfu.url is not None and sfu.api_key is not None and sfu.api_secret is not None
        assert settings.speech.url is not None
        self._slots = settings.host.slots
        self._drain_s = settings.host.drain_s
        self._metrics = metrics
        self._lags: list[float] = []
        self._draining = False
        self.registered_once = asyncio.Event()
        """The SFU has known us."""
        self._server = AgentServer(
            job_executor_type=JobExecutorType.PROCESS,
            setup_fnc=partial(entry.prewarm, speech_url=settings.speech.url),
            load_fnc=self.load,
            # What livekit adds up to it is rounded.
            load_threshold=FULL - ROUNDED,
            num_idle_processes=min(sfu.prewarmed, self._slots),
            initialize_process_timeout=WARM_S,
            session_end_timeout=END_S,
            shutdown_process_timeout=END_S,
            job_memory_warn_mb=MEMORY_WARN_MB,
            max_retry=RETRIES,
            ws_url=sfu.url,
            api_key=sfu.api_key,
            api_secret=sfu.api_secret.get_secret_value(),
            # Ours says more (`ops.agent`); livekit's own is for this machine's eyes, on any free port.
            host="127.0.0.1",
            port=0,
            preload_modules=entry.LIBRARIES,
        )
        self._server.rtc_session(
            entry.hold, agent_name=sfu.agent_name, on_request=_answer, on_session_end=entry.end
        )
        self._server.on("worker_registered", self._registered)

    async def run(self) -> None:
        """Work until `aclose`.

        Raises:
            WorkerFailed: the SFU refuses us, or processes do not come up.
        """
        lagging = asyncio.create_task(self._watch_loop(), name="worker.loop")
        try:
            # Not LiveKit's development mode, which sends sound to its cloud (see the settings' keys).
            await self._server.run(devmode=False)
        except RuntimeError as error:
            raise WorkerFailed(
                f"The agent worker cannot go on: {error}.", next_step="See what was logged before."
            ) from error
        finally:
            lagging.cancel()
            await asyncio.gather(lagging, return_exceptions=True)

    def capacity(self) -> Capacity:
        """How many sessions there are, and whether another may come."""
        used = self._used
        if self._draining:
            return Capacity(self._slots, used, accepting=False, reason="It is closing.", draining=True)
        if self._late:
            return Capacity(self._slots, used, accepting=False, reason="It is too busy for another session.")
        return Capacity(self._slots, used, accepting=used < self._slots)

    def load(self) -> float:
        """How full we are, from 0 to `FULL`; then the SFU sends nobody. Called on another thread."""
        return FULL if self._late else fullness(self._used, self._slots)

    def begin_drain(self) -> None:
        """Take no new session from now on."""
        self._draining = True

    async def drain(self) -> bool:
        """Wait until the sessions have come to their end, for `drain_s` at most; False if some have not."""
        self.begin_drain()
        if not self.registered_once.is_set():
            return True
        log.info("draining", sessions=self._used, drain_s=self._drain_s)
        try:
            # Nought would be no limit at all.
            await self._server.drain(timeout=max(1, round(self._drain_s)))
        except TimeoutError:
            return False
        return True

    async def aclose(self) -> None:
        """Say goodbye in every session that still runs, and end the processes."""
        self.begin_drain()
        await self._server.aclose()

    def _registered(self, *_: object) -> None:
        self.registered_once.set()

    @property
    def _used(self) -> int:
        # livekit makes its pool of processes when it runs.
        return len(self._server.active_jobs) if self.registered_once.is_set() else 0

    @property
    def _late(self) -> bool:
        return bool(self._lags) and median(self._lags) > LATE_S

    async def _watch_loop(self) -> None:
        async for lag_s in lags():
            self._metrics.event_loop_lag(lag_s)
            self._lags = [*self._lags[-LAGS + 1 :], lag_s]
            self._metrics.hold_sessions({"ACTIVE": self._used})


async def _answer(request: JobRequest) -> None:
    try:
        session: Any = SessionJob.read(request.job.metadata)
    except VivavoceError as error:
        log.error("job refused", room=request.room.name, error=str(error))
        await request.reject()
        return
    log.info("session taken", session_id=session.session_id)
    await request.accept(name="moderator", identity=f"agent-{request.id}")
