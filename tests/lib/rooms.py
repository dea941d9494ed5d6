"""Interviews through an SFU: a server, and agent workers that hold them, each in processes of their own."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from caller import Caller
from distant import Distant
from server_process import Books, ServerProcess, beside_others
from sfu import SfuProcess, running_sfu
from worker_process import SpeechProcess, WorkerProcess

from vivavoce.session.clock import SystemClock
from vivavoce.transport.livekit_client import LiveKitParticipant
from vivavoce.transport.sfu.api import AGENT, Sfu


@dataclass
class Rooms:
    """A server on an SFU, and its workers."""

    sfu: SfuProcess
    speech: SpeechProcess
    web: ServerProcess
    environment: dict[str, str]
    folder: Path
    workers: list[WorkerProcess] = field(default_factory=list[WorkerProcess])

    async def another(self) -> WorkerProcess:
        """Start another worker."""
        worker = WorkerProcess(self.environment)
        self.workers.append(worker)
        await worker.start(self.folder / f"worker-{len(self.workers)}")
        return worker

    def end_oldest(self) -> WorkerProcess:
        """SIGTERM to the worker that has run longest."""
        worker = self.alive[0]
        worker.running.send_signal(signal.SIGTERM)
        return worker

    @property
    def alive(self) -> list[WorkerProcess]:
        """The workers that run."""
        return [worker for worker in self.workers if worker.running.poll() is None]

    @property
    def parts(self) -> dict[str, list[int]]:
        """Process ids, by what they are."""
        return {
            "workers": [worker.running.pid for worker in self.alive],
            "speech server": [self.speech.pid],
            "SFU": [self.sfu.pid],
            "server": [self.web.running.pid],
        }

    async def holding(self) -> WorkerProcess:
        """The worker that holds a session."""
        for worker in self.alive:
            if await worker.places():
                return worker
        raise AssertionError("nobody holds a session")

    async def measured(self, name: str) -> float:
        """A metric, summed over the workers that run."""
        return sum(await asyncio.gather(*(worker.measured(name) for worker in self.alive)))

    async def agents(self, session_id: str) -> list[str]:
        """Who sits in a session's room as its agent."""
        async with self._api() as sfu:
            people = await sfu._people(session_id)
            return [one["identity"] for one in people if one.get("kind") == AGENT]

    async def throw_out(self, session_id: str) -> None:
        """Remove a session's agent from its room, as an operator may by the SFU's API."""
        [agent] = await self.agents(session_id)
        async with self._api() as sfu:
            await sfu.hang_up(session_id, agent)

    async def caller(self, books: Books, study: str = "two-questions", *, beats: bool = False) -> Caller:
        """A participant; `beats`: who notices by themselves that nobody answers any more."""
        invitation = await books.invitation(study)
        return Caller(self.web.url, invitation=invitation, participant=LiveKitParticipant, beats=beats)

    async def distant(self, books: Books, study: str = "two-questions") -> Distant:
        """A participant on a machine of their own, which may fall asleep."""
        return Distant(self.web.url, invitation=await books.invitation(study), transport="livekit")

    @asynccontextmanager
    async def _api(self) -> AsyncGenerator[Sfu]:
        sfu = Sfu(self.sfu.settings, SystemClock())
        try:
            yield sfu
        finally:
            await sfu.aclose()


@asynccontextmanager
async def running_rooms(
    folder: Path, database_url: str, *, workers: int = 2, settings: Mapping[str, str] | None = None
) -> AsyncGenerator[Rooms]:
    """A server and workers on an SFU of their own while the context lasts; skips the test where there is no SFU.

    Args:
        folder: for what they write; empty.
        database_url: of an empty database.
        workers: how many.
        settings: of the server and the workers, by their variables, besides those that bring them together.
    """
    with running_sfu(folder) as sfu:
        speech = SpeechProcess()
        environment = {
            **sfu.environment,
            **beside_others(folder, speech.url, database_url),
            **(settings or {}),
        }
        running = Rooms(sfu, speech, ServerProcess(folder / "web", environment), environment, folder)
        try:
            await asyncio.gather(running.web.start(), *(running.another() for _ in range(workers)))
            yield running
        finally:
            for process in (*running.workers, running.web, speech):
                await asyncio.to_thread(process.close)
