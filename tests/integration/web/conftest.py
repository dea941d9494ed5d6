"""The application behind a real uvicorn on a free port, with the in-memory session store and a host that echoes."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from vivavoce.session.clock import SystemClock
from vivavoce.session.events import ConsentGiven, SessionScheduled
from vivavoce.session.memory import MemorySessionStore
from vivavoce.settings import WebSettings
from vivavoce.telemetry.metrics import Metrics
from vivavoce.web import tokens
from vivavoce.web.app import create_app
from vivavoce.web.gateway import AudioSocket
from vivavoce.web.keys import Keys
from vivavoce.web.server import serving

SESSION = "s-1"


@dataclass(frozen=True)
class Places:
    slots: int = 4
    used: int = 0
    accepting: bool = True
    reason: str = ""
    draining: bool = False


@dataclass(frozen=True)
class SdpAnswer:
    sdp: str = "v=0"
    connection_id: str = "c-1"


@dataclass
class Echo:
    """A host that gives every frame back; `ended` is set when a line has ended."""

    frames: int = 0
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    def capacity(self) -> Places:
        return Places()

    async def offer(
        self, _session: str, /, *, sdp: str, take_over: bool, user_agent: str | None
    ) -> SdpAnswer:
        return SdpAnswer()

    async def websocket(
        self, _session: str, socket: AudioSocket, /, *, rate: int, take_over: bool, user_agent: str | None
    ) -> None:
        try:
            while (frame := await socket.receive()) is not None:
                self.frames += 1
                if isinstance(frame, bytes):
                    await socket.send_bytes(frame)
                else:
                    await socket.send_text(frame)
        finally:
            self.ended.set()

    async def leave(self, _session: str, /) -> None:
        return


class NoInvitations:
    async def find(self, _token: str, /) -> None:
        return None

    async def bind_session(
        self, _invitation_id: str, session_id: str, /, *, instead_of: str | None = None
    ) -> str:
        return session_id


class NoStudies:
    async def get(self, study_id: str, content_hash: str | None = None, /) -> None:
        raise AssertionError(study_id)


@dataclass
class Served:
    """A running server."""

    host: str
    port: int
    gateway: Echo
    token: str
    static: Path

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    @property
    def audio_url(self) -> str:
        return f"ws://{self.host}:{self.port}/api/v1/sessions/{SESSION}/audio?rate=16000"


@pytest.fixture
def echo() -> Echo:
    return Echo()


@pytest.fixture
async def served(tmp_path: Path, echo: Echo) -> AsyncIterator[Served]:
    clock = SystemClock()
    keys = Keys.derive(bytes(32))
    sessions = MemorySessionStore(clock)
    scheduled = SessionScheduled(
        study_id="tea", study_hash="h", study_title="Tea", language="en", participant_id="P-1"
    )
    consent = ConsentGiven(version="1", text_sha256="0" * 64, language="en", disclosure_sha256="0" * 64)
    await sessions.create(SESSION, scheduled, at=clock.now())
    lease = await sessions.claim(SESSION, holder="test", ttl_s=5)
    await sessions.append(lease, [consent], at=clock.now())
    await sessions.release(lease)
    app = create_app(
        invitations=NoInvitations(),
        studies=NoStudies(),  # pyright: ignore[reportArgumentType]  # never asked: there are no invitations
        sessions=sessions,
        gateway=echo,
        settings=WebSettings(),
        clock=clock,
        keys=keys,
        checks={},
        registry=Metrics(CollectorRegistry()).registry,
        static=tmp_path / "static",
    )
    token = tokens.mint(
        keys.session_token, session_id=SESSION, now=clock.now(), nonce="n", lifetime=timedelta(minutes=5)
    )
    with socket.create_server(("127.0.0.1", 0)) as sock:
        host, port = sock.getsockname()
        async with serving(app, sock, graceful_s=1):
            yield Served(host, port, echo, token.text, tmp_path / "static")
