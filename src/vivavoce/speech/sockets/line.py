"""A WebSocket as the sessions use it: messages in, messages out, and an end."""

from __future__ import annotations

import asyncio
from enum import IntEnum
from typing import Protocol

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

WRITE_TIMEOUT_S = 30.0
"""A peer that takes nothing for so long is gone."""


class Code(IntEnum):
    """Why we close a socket (RFC 6455, section 7.4.1, and its registry)."""

    NORMAL = 1000
    NOT_BINARY = 1003
    MISUSED = 1008
    TOO_LARGE = 1009
    FAULT = 1011
    TOO_MANY = 1013


class LineClosed(Exception):
    """The peer is gone, or the socket was closed."""


class Line(Protocol):
    """One peer."""

    async def receive(self) -> str | bytes:
        """The next message.

        Raises:
            LineClosed.
        """
        ...

    async def send(self, message: str | bytes) -> None:
        """Send a message, when there is room for it.

        Raises:
            LineClosed: also when the peer took nothing for `WRITE_TIMEOUT_S`.
        """
        ...

    async def close(self, code: Code, reason: str) -> None:
        """End it. One that has ended stays so."""
        ...


class WebSocketLine:
    """A line over Starlette's WebSocket, which has been accepted."""

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket

    async def receive(self) -> str | bytes:
        """See `Line.receive`."""
        if self._socket.client_state is not WebSocketState.CONNECTED:
            raise LineClosed
        message = await self._socket.receive()
        if message["type"] == "websocket.disconnect":
            raise LineClosed
        text = message.get("text")
        return message["bytes"] if text is None else text

    async def send(self, message: str | bytes) -> None:
        """See `Line.send`."""
        try:
            async with asyncio.timeout(WRITE_TIMEOUT_S):
                if isinstance(message, str):
                    await self._socket.send_text(message)
                else:
                    await self._socket.send_bytes(message)
        except (TimeoutError, WebSocketDisconnect, RuntimeError) as error:
            # A RuntimeError is how the server says that the socket is closed, by the peer or by itself.
            raise LineClosed from error

    async def close(self, code: Code, reason: str) -> None:
        """See `Line.close`."""
        try:
            async with asyncio.timeout(WRITE_TIMEOUT_S):
                await self._socket.close(code, reason)
        except (TimeoutError, WebSocketDisconnect, RuntimeError):
            # It has ended already, which is what was wanted.
            return
