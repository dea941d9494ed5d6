"""Who may open a WebSocket: no pages of other sites, and no more than there is room for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Literal

from starlette.websockets import WebSocket

from vivavoce.speech.error_bodies import Failure, invalid
from vivavoce.speech.metrics import SpeechMetrics
from vivavoce.speech.sockets.line import Code, Line, WebSocketLine

SOCKETS_LIMIT = 256
"""Open at once; the engines' hands are full long before."""


class Door:
    """Lets clients in.

    Args:
        metrics: counts those who are in.
        limit: how many may be.
    """

    def __init__(self, metrics: SpeechMetrics, *, limit: int = SOCKETS_LIMIT) -> None:
        self._metrics = metrics
        self._limit = limit
        self._inside = 0

    async def enter(
        self,
        socket: WebSocket,
        surface: Literal["stream", "transcribe"],
        serve: Callable[[Line], Awaitable[None]],
        *,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Accept a socket, with headers, and serve it; or refuse it with an HTTP answer."""
        refusal = self._refusal(socket)
        if refusal is not None:
            await socket.send_denial_response(refusal.response())
            return
        self._inside += 1
        line = WebSocketLine(socket)
        try:
            with self._metrics.socket(surface):
                await socket.accept(
                    headers=[(name.encode(), value.encode()) for name, value in (headers or {}).items()]
                )
                await serve(line)
        except Exception:
            await line.close(Code.FAULT, "the server failed; its log has the details")
            raise
        finally:
            self._inside -= 1

    def _refusal(self, socket: WebSocket) -> Failure | None:
        # Browsers let any page open a socket to any server, also to one on its visitor's machine, and say which page.
        origin = socket.headers.get("origin")
        if origin is not None and origin.partition("://")[2] != socket.headers.get("host"):
            return invalid(f"Pages of {origin} may not use this server.", status=403, code="origin_refused")
        if self._inside >= self._limit:
            return Failure(
                503,
                "server_error",
                "sockets_full",
                f"{self._limit} sockets are open. Try again shortly, or run more speech servers.",
                retry_after_s=1.0,
            )
        return None
