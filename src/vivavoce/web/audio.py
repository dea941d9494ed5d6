"""Sound over a WebSocket: who may open one, and the socket as the host is given it.

`/sessions/{id}/audio?rate=16000&take_over=0` with the subprotocols `vivavoce.v1` and `bearer.<session token>`. Binary
frames are s16le mono PCM, at `rate` towards us and 24 kHz back; text frames are line messages. A refusal is told by the
close code, because browsers show a page nothing else: so the handshake is accepted before the token is judged.
"""

from __future__ import annotations

import asyncio
import json
import math
from typing import Annotated

import structlog
from fastapi import APIRouter, Header
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from vivavoce.errors import VivavoceError
from vivavoce.session.errors import (
    AlreadyConnected,
    BadFrame,
    HostFull,
    SessionOver,
    SessionUnknown,
    StudySpent,
)
from vivavoce.telemetry.logging import session_scope
from vivavoce.web.context import Context
from vivavoce.web.errors import (
    ConsentMissing,
    SessionBusy,
    TokenExpired,
    TokenInvalid,
    TokenMissing,
    TransportAbsent,
    Unavailable,
    public,
)

router = APIRouter()
log = structlog.stdlib.get_logger(__name__)

SUBPROTOCOL = "vivavoce.v1"
BEARER = "bearer."
RATES = range(8_000, 48_001)
"""Sample rates taken, in Hz: telephone to studio."""

MAX_BINARY_BYTES = 64 * 1024
"""A third of a second at the highest rate; pages send 20 ms at a time, which is 1,920 bytes at most."""
MAX_TEXT_BYTES = 16 * 1024
SEND_TIMEOUT_S = 10.0
"""A page that takes nothing for so long is gone."""

BROKEN = (1005, 1006)
"""A close without a code, which no page makes: the network, or the browser, is gone."""
OVERSIZE = 1009
INTERNAL = 1011
CLOSE_CODES: dict[type[VivavoceError], int] = {
    BadFrame: 4400,
    TokenMissing: 4401,
    TokenInvalid: 4401,
    TokenExpired: 4401,
    ConsentMissing: 4403,
    TransportAbsent: 4400,
    SessionUnknown: 4404,
    AlreadyConnected: 4409,
    SessionOver: 4410,
    HostFull: 1013,
    StudySpent: 1013,
    SessionBusy: 1013,
    Unavailable: 1013,
}
"""The close code by what was refused; anything else is 1011."""


@router.websocket("/sessions/{session_id}/audio")
async def audio(
    websocket: WebSocket, session_id: str, web: Context, user_agent: Annotated[str | None, Header()] = None
) -> None:
    """Connect the participant's sound to the session's host until either side closes."""
    offered: list[str] = websocket.scope["subprotocols"]
    await websocket.accept(SUBPROTOCOL if SUBPROTOCOL in offered else None)
    socket = FramedSocket(websocket)
    with session_scope(session_id):
        try:
            web.verify(_token(offered), session_id=session_id)
            rate, take_over = _query(websocket, offered)
            await web.audible(session_id)
            await web.gateway.websocket(
                session_id, socket, rate=rate, take_over=take_over, user_agent=user_agent
            )
        except VivavoceError as error:
            shown = public(error)
            code = CLOSE_CODES.get(type(shown), INTERNAL)
            if code == INTERNAL:
                log.error("audio connection failed", code=error.code, error=str(error))
            if isinstance(shown, HostFull):
                await socket.send_text(json.dumps(_queued(shown)))
            await socket.close(code, shown.what)
        else:
            await socket.close(1000, "")
        finally:
            # Only what nobody foresaw leaves it open until here; the server that runs us logs it.
            await socket.close(INTERNAL, "The server failed.")


def _queued(full: HostFull) -> dict[str, object]:
    """What a close code has no room for: when to ask again, and the place in the queue."""
    return {"type": "queued", "place": full.place, "retry_after_s": math.ceil(full.retry_after_s)}


def _token(offered: list[str]) -> str:
    for name in offered:
        if name.startswith(BEARER):
            return name.removeprefix(BEARER)
    raise TokenMissing


def _query(websocket: WebSocket, offered: list[str]) -> tuple[int, bool]:
    if SUBPROTOCOL not in offered:
        raise BadFrame(f"The socket does not speak {SUBPROTOCOL}.")
    rate = websocket.query_params.get("rate", "16000")
    if not rate.isascii() or not rate.isdecimal() or len(rate) > 6 or int(rate) not in RATES:
        raise BadFrame(f"rate must be a number of Hz from {RATES[0]} to {RATES[-1]}.")
    take_over = websocket.query_params.get("take_over", "0")
    if take_over not in ("0", "1"):
        raise BadFrame("take_over must be 0 or 1.")
    return int(rate), take_over == "1"


class FramedSocket:
    """An accepted WebSocket, with frames of bounded size and sends of bounded time (`gateway.AudioSocket`)."""

    def __init__(self, websocket: WebSocket, *, send_timeout_s: float = SEND_TIMEOUT_S) -> None:
        self._websocket = websocket
        self._send_timeout_s = send_timeout_s

    async def receive(self) -> bytes | str | None:
        """The next frame; None once the other side has closed, or sent one too large and was closed.

        Raises:
            ConnectionResetError: the connection broke off.
        """
        if self._websocket.client_state is not WebSocketState.CONNECTED:
            return None
        message = await self._websocket.receive()
        if message["type"] == "websocket.disconnect":
            if message.get("code") in BROKEN:
                raise ConnectionResetError("the connection broke off")
            return None
        data: bytes | None = message.get("bytes")
        if data is not None:
            return await self._oversize() if len(data) > MAX_BINARY_BYTES else data
        text: str = message.get("text") or ""
        too_long = len(text) > MAX_TEXT_BYTES or len(text.encode()) > MAX_TEXT_BYTES
        return await self._oversize() if too_long else text

    async def send_bytes(self, data: bytes) -> None:
        """Send a binary frame; on a closed socket, nothing."""
        await self._send({"type": "websocket.send", "bytes": data})

    async def send_text(self, text: str) -> None:
        """Send a text frame; on a closed socket, nothing."""
        await self._send({"type": "websocket.send", "text": text})

    async def close(self, code: int, reason: str) -> None:
        """Close once; `reason` is cut to the 123 bytes a close frame has room for."""
        short = reason.encode()[:123].decode(errors="ignore")
        await self._send({"type": "websocket.close", "code": code, "reason": short})

    async def _oversize(self) -> None:
        await self.close(OVERSIZE, "A frame was too large.")

    async def _send(self, message: dict[str, object]) -> None:
        if self._websocket.application_state is not WebSocketState.CONNECTED:
            return
        try:
            async with asyncio.timeout(self._send_timeout_s):
                await self._websocket.send(message)
        except TimeoutError:
            log.warning("the page takes nothing any more", timeout_s=self._send_timeout_s)
            # Whatever is sent or received from now on finds the socket closed.
            self._websocket.application_state = WebSocketState.DISCONNECTED
            self._websocket.client_state = WebSocketState.DISCONNECTED
        except (WebSocketDisconnect, RuntimeError):
            # The other side went while we spoke; receiving says so to whoever listens.
            self._websocket.application_state = WebSocketState.DISCONNECTED
