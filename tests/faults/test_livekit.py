"""Interviews through an SFU, held by two agent workers: one is killed, one drains."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pytest_asyncio
from caller import Caller
from server_process import Books, ServerProcess
from sfu import SfuProcess, running_sfu
from worker_process import WorkerProcess, speech_server

from vivavoce.session.events import LeaseClaimed, Reason, SessionStatus
from vivavoce.transport.livekit_client import LiveKitParticipant

STUDY = Path(__file__).parents[1] / "data" / "studies" / "two-questions.yaml"
FIRST = "What did you think of the shop?"
SECOND = "Would you recommend it to anyone?"
WELCOME = "Welcome back. This is where we were."
DRAIN_S = 12

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]


@dataclass
class Rooms:
    """A server on an SFU, and its workers."""

    sfu: SfuProcess
    web: ServerProcess
    environment: dict[str, str]
    folder: Path
    workers: list[WorkerProcess] = field(default_factory=list[WorkerProcess])

    async def worker(self) -> WorkerProcess:
        """Start another worker."""
        worker = WorkerProcess(self.environment)
        self.workers.append(worker)
        await worker.start(self.folder / f"worker-{len(self.workers)}")
        return worker

    async def holding(self) -> WorkerProcess:
        """The worker that holds a session."""
        for worker in self.workers:
            if worker.running.poll() is None and await worker.places():
                return worker
        raise AssertionError("nobody holds a session")

    async def caller(self, books: Books) -> Caller:
        return Caller(
            self.web.url, invitation=await books.invitation("two-questions"), participant=LiveKitParticipant
        )


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def rooms(tmp_path_factory: pytest.TempPathFactory, shared_database_url: str) -> AsyncGenerator[Rooms]:
    folder = tmp_path_factory.mktemp("rooms")
    (folder / "recordings").mkdir()
    with running_sfu(folder) as sfu, speech_server() as speech:
        environment = {
            **sfu.environment,
            "VIVAVOCE_SPEECH__URL": speech,
            "VIVAVOCE_DATABASE_URL": shared_database_url,
            "VIVAVOCE_RECORDINGS_URL": f"file://{folder / 'recordings'}",
            "VIVAVOCE_HOST__DRAIN_S": str(DRAIN_S),
            "VIVAVOCE_MONEY__MACHINE_HOUR_USD": "0",
            "VIVAVOCE_MONEY__PRICES__KOKORO__MACHINE_HOUR_USD": "0",
            "VIVAVOCE_MONEY__PRICES__WHISPER__MACHINE_HOUR_USD": "0",
        }
        running = Rooms(sfu, ServerProcess(folder / "web", environment), environment, folder)
        try:
            await asyncio.gather(running.web.start(), running.worker(), running.worker())
            async with running.web.books() as books:
                await books.studies.publish(STUDY.read_text(encoding="utf-8"))
            yield running
        finally:
            for process in (*running.workers, running.web):
                await asyncio.to_thread(process.close)


async def test_another_worker_goes_on_in_the_same_room_when_one_is_killed(rooms: Rooms) -> None:
    async with rooms.web.books() as books:
        caller = await rooms.caller(books)
        async with caller:
            await caller.heard(FIRST)
            caller.say("kokoro_s05")
            # In the middle of the second question.
            await caller.until(
                lambda: any(m["type"] == "caption" and m["text"].startswith("Would") for m in caller.messages)
            )
            one = await rooms.holding()
            killed = time.monotonic()
            await asyncio.to_thread(one.kill)
            await caller.heard(f"{WELCOME} {SECOND}", within_s=60)
            assert await caller.audible(after=killed + 2) - killed <= 20
            assert len(caller.joins) == 1, "the participant stayed where they were"
            caller.say("kokoro_s01")
            await caller.goodbye()
        over = await books.over(caller.session_id)
        assert (over.status, over.reason) == (SessionStatus.COMPLETED, Reason.FINISHED)
        claims = [
            e for e in await books.sessions.read(caller.session_id) if isinstance(e.payload, LeaseClaimed)
        ]
        assert len(claims) == 1, "one agent, then one other"
    await rooms.worker()


async def test_a_worker_that_drains_lets_its_session_finish_or_says_goodbye(rooms: Rooms) -> None:
    async with rooms.web.books() as books:
        caller = await rooms.caller(books)
        async with caller:
            await caller.heard(FIRST)
            one = await rooms.holding()
            one.running.send_signal(signal.SIGTERM)
            asked = time.monotonic()
            while await one.ready() != 503:
                assert time.monotonic() - asked < 5
                await asyncio.sleep(0.1)
            # Another one takes who comes now.
            other = await rooms.caller(books)
            async with other:
                await other.heard(FIRST)
                ended = await caller.goodbye(within_s=DRAIN_S + 45)
                assert ended["reason"] == "drain"
                assert any("Goodbye" in said for said in caller.captions), "the goodbye is spoken"
                assert await one.ended(within_s=60) == 0
                await other.leave()
                await other.goodbye()
        over = await books.over(caller.session_id)
        assert (over.status, over.reason) == (SessionStatus.INTERRUPTED, Reason.DRAIN)
        assert not over.unclosed, "the recording is whole"
