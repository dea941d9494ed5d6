"""The whole product in this process: real PostgreSQL, real speech server, real sockets; participants made of code."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import pytest_asyncio
from server_process import Books, ServerProcess
from two_questions import STUDY, variant

from vivavoce.ops.composition import Server
from vivavoce.ops.serve import serve
from vivavoce.session.state import SessionState
from vivavoce.settings import load

SOON_OVER = variant("two-questions-soon-over", rejoin_s=5, sittings=2)
"""Whoever is lost for five seconds has left, and may come back once for another sitting."""
PATIENT = variant("two-questions-patient")
"""All timers as a study has them that says nothing of them; time enough for who is away for a minute."""
DRAIN_S = 12


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Server]:
    data_dir = tmp_path_factory.mktemp("faults")
    settings = load()
    settings = settings.model_copy(update={"data_dir": data_dir, "money": settings.money.free_unless_said()})
    web = settings.web.model_copy(update={"host": "127.0.0.1", "port": 0, "public_url": None})
    # Sessions whose participant is gone keep their place for two minutes; here they must not keep others out.
    host = settings.host.model_copy(update={"slots": 40})
    async with serve(settings.model_copy(update={"web": web, "host": host})) as running:
        await running.publish(STUDY.read_bytes(), source=str(STUDY))
        for study in (SOON_OVER, PATIENT):
            await running.publish(study.encode(), source="a variant")
        yield running


@pytest.fixture(scope="session")
def books(server: Server) -> Books:
    """What the shared server keeps."""
    storage = server.storage
    return Books(storage.sessions, storage.invitations, storage.studies)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def served(server: Server, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[ServerProcess]:
    """A server in a process, with a database of its own; with the speech server and the voice of the shared one."""
    process = ServerProcess(
        tmp_path_factory.mktemp("served") / "data",
        {
            "VIVAVOCE_SPEECH__URL": server.speech_url,
            "VIVAVOCE_HOST__SLOTS": "20",
            "VIVAVOCE_HOST__DRAIN_S": str(DRAIN_S),
            "VIVAVOCE_HOST__HEARTBEAT_S": "1",
            "VIVAVOCE_HOST__LEASE_S": "4",
        },
    )
    try:
        await process.start()
        async with process.books() as kept:
            await kept.studies.publish(STUDY.read_text(encoding="utf-8"))
        yield process
    finally:
        await asyncio.to_thread(process.close)


@dataclass
class Seat:
    """A consented session and its token."""

    server: Server
    session_id: str
    token: str

    @property
    def api_url(self) -> str:
        return f"{self.server.url}/api/v1"

    async def state(self) -> SessionState:
        return await self.server.storage.sessions.state(self.session_id)


@pytest.fixture
def take_seat(server: Server) -> Callable[[], Any]:
    """Goes the page's way from an invitation to a session."""

    async def take() -> Seat:
        [link] = await server.invite("two-questions")
        invitation = link.rsplit("/", 1)[1]
        async with httpx.AsyncClient(base_url=f"{server.url}/api/v1", timeout=15) as api:
            view = (await api.get(f"/invitations/{invitation}")).raise_for_status().json()
            consent = {"language": "en", "consent_version": view["consent"]["version"], "accepted": True}
            answer = await api.post(f"/invitations/{invitation}/consent", json=consent)
            body = answer.raise_for_status().json()
        return Seat(server, body["session_id"], body["token"])

    return take
