"""How the application is served: uvicorn, with limits on what a connection may do."""

from __future__ import annotations

import uvicorn
from fastapi import FastAPI

from vivavoce.settings import WebSettings
from vivavoce.web.audio import MAX_BINARY_BYTES

MAX_CONNECTIONS = 1_000
"""Open connections; beyond them the answer is 503 at once."""


def server_config(app: FastAPI, settings: WebSettings, *, graceful_s: int = 10) -> uvicorn.Config:
    """The configuration for `uvicorn.Server`.

    Logging is left to `vivavoce.telemetry.logging`. `X-Forwarded-*` is believed from this machine only.

    Args:
        app: from `create_app`.
        settings: host and port.
        graceful_s: seconds for requests under way when the server is told to stop.
    """
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
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
