"""The whole product in this process: real PostgreSQL, real speech server, real sockets; participants made of code."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from vivavoce.ops.composition import Server
from vivavoce.ops.serve import serve
from vivavoce.session.state import SessionState
from vivavoce.settings import load

STUDY = Path(__file__).parents[1] / "data" / "studies" / "two-questions.yaml"


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Server]:
    data_dir = tmp_path_factory.mktemp("faults")
    settings = load().model_copy(update={"data_dir": data_dir})
    web = settings.web.model_copy(update={"host": "127.0.0.1", "port": 0, "public_url": None})
    # Sessions whose participant is gone keep their place for two minutes; here they must not keep others out.
    host = settings.host.model_copy(update={"slots": 40})
    async with serve(settings.model_copy(update={"web": web, "host": host})) as running:
        await running.publish(STUDY.read_bytes(), source=str(STUDY))
        yield running


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
