"""The access log: what was asked and how it went, without addresses, queries or invitation links. ASGI middleware."""

from __future__ import annotations

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vivavoce.session.clock import Clock

log = structlog.stdlib.get_logger(__name__)

_ROUTINE = ("/healthz", "/readyz", "/metrics", "/assets/")


class AccessLog:
    """Logs each request once it is over.

    It names the route, not the path: what stands in the path may be an invitation's token, even where no route is.
    """

    def __init__(self, app: ASGIApp, *, clock: Clock) -> None:
        self._app = app
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and log how it went."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        began = self._clock.monotonic()
        # Where nothing is sent at all it was a fault of ours.
        outcome = {"status": 500}

        async def heard() -> Message:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                outcome.setdefault("close_code", message.get("code", 1006))
            return message

        async def said(message: Message) -> None:
            match message["type"]:
                case "http.response.start" | "websocket.http.response.start":
                    outcome["status"] = int(message["status"])
                case "websocket.accept":
                    outcome["status"] = 101
                case "websocket.close":
                    outcome.setdefault("close_code", message.get("code", 1000))
                case _:
                    pass
            await send(message)

        try:
            await self._app(scope, heard, said)
        finally:
            routine = scope["path"].startswith(_ROUTINE)
            session_id = scope.get("path_params", {}).get("session_id")
            (log.debug if routine else log.info)(
                "websocket closed" if scope["type"] == "websocket" else "request",
                method=scope.get("method", "WS"),
                route=route_of(scope),
                seconds=round(self._clock.monotonic() - began, 4),
                **outcome,
                **({"session_id": session_id} if session_id is not None else {}),
            )


def route_of(scope: Scope) -> str:
    """The route that took the request, as its pattern; `-` where none did."""
    return getattr(scope.get("route"), "path", None) or "-"
