"""How the server's application is served: what a connection may hold, and when its peer is dead."""

from __future__ import annotations

import socket

import uvicorn
from fastapi import FastAPI

MESSAGE_LIMIT = 1 << 20
"""Bytes of a WebSocket message; a larger one closes its socket with 1009 before it is taken in. 30 s at 16 kHz fit."""

PING_EVERY_S = 20.0
PING_TIMEOUT_S = 40.0
"""A WebSocket's peer that does not answer a ping (RFC 6455, section 5.5.2: libraries do by themselves) is dead, and
found out after a minute. Long, since an answer may wait behind sound that is played as it is read."""

SEND_BUFFER = 1 << 17
"""Bytes of a connection's send buffer, which Linux doubles: 5 s of speech at 24 kHz. Linux alone would let it grow to
some megabytes, a minute and more of speech that was made in vain when its caller leaves."""


def hurry(sock: socket.socket) -> None:
    """Have the connections that come to a listening socket send at once, and hold little that was not taken."""
    # asyncio does it for connections too, but only where the socket was made with a protocol's number. Without it the
    # end of each piece of sound waits 40 ms for the one before to be acknowledged.
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)


def config(
    app: FastAPI,
    *,
    stop_s: int,
    ping_every_s: float = PING_EVERY_S,
    ping_timeout_s: float = PING_TIMEOUT_S,
) -> uvicorn.Config:
    """How uvicorn serves the application.

    Args:
        app: of `create_app`.
        stop_s: seconds that open requests have to end when the server is told to.
        ping_every_s, ping_timeout_s: how a WebSocket's peer shows that it lives.
    """
    return uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=stop_s,
        ws_max_size=MESSAGE_LIMIT,
        ws_ping_interval=ping_every_s,
        ws_ping_timeout=ping_timeout_s,
        # Speech does not shrink by it, and it takes time.
        ws_per_message_deflate=False,
    )
