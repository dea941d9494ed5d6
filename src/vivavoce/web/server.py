"""How the application is served: uvicorn, with limits on what a connection may do."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from fastapi import FastAPI

from vivavoce.web.audio import MAX_BINARY_BYTES

MAX_CONNECTIONS = 1_000
"""Open connections; beyond them the answer is 503 at once."""

GRACEFUL_S = 5


class WebServer(uvicorn.Server):
    """uvicorn that says when it listens, and leaves signals to whoever owns the process."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Capture none."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say so."""
        await super().startup(sockets)
        self.listening.set()


@asynccontextmanager
async def serving(app: FastAPI, sock: socket.socket, *, graceful_s: int = GRACEFUL_S) -> AsyncGenerator[None]:
    """Serve `app` on a bound socket until the context ends; then let requests finish and close what is open.

    Should the server fail while it runs, the context's body is cancelled and the failure raised in its place.
    """
    server = WebServer(server_config(app, graceful_s=graceful_s))
    body = asyncio.current_task()
    assert body is not None

    def cancel_body(_: asyncio.Task[None]) -> None:
        body.cancel()

    work = asyncio.create_task(server.serve(sockets=[sock]), name="web server")
    listening = asyncio.create_task(server.listening.wait(), name="web server listens")
    try:
        await asyncio.wait((work, listening), return_when=asyncio.FIRST_COMPLETED)
        work.add_done_callback(cancel_body)
        yield
    except asyncio.CancelledError:
        if not work.done() or work.cancelled() or (failure := work.exception()) is None:
            raise
        body.uncancel()
        raise failure from None
    finally:
        listening.cancel()
        work.remove_done_callback(cancel_body)
        server.should_exit = True
        await asyncio.wait((work,))


def server_config(app: FastAPI, *, graceful_s: int = GRACEFUL_S) -> uvicorn.Config:
    """The configuration of the server.

    Logging is left to `vivavoce.telemetry.logging`. `X-Forwarded-*` is believed from this machine only.

    Args:
        app: from `create_app`.
        graceful_s: seconds for requests under way when the server is told to stop.
    """
    return uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        http="h11",
        ws="websockets-sansio",
        # Refused while it arrives, with close code 1009.
        ws_max_size=MAX_BINARY_BYTES,
        # Speech hardly compresses, and a small frame that unfolds into a large one is a known trick.
        ws_per_message_deflate=False,
        # A line that went dead is noticed within 15 s, well before the session gives up waiting for a rejoin.
        ws_ping_interval=10.0,
        ws_ping_timeout=5.0,
        h11_max_incomplete_event_size=16 * 1024,
        limit_concurrency=MAX_CONNECTIONS,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=graceful_s,
        forwarded_allow_ips=["127.0.0.1", "::1"],
        lifespan="off",
    )
