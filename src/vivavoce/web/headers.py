"""The security headers every answer carries. ASGI middleware."""

from __future__ import annotations

import re

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:[0-9]{1,5})?")

FIXED = {
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Permissions-Policy": "microphone=(self), camera=(), geolocation=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def content_security_policy(host: str, sfu: str | None = None) -> str:
    """Everything from here and nowhere else. `host` is for WebSockets, which older browsers do not take for 'self'.

    An `sfu` (ws://… or wss://…) is talked to as well: by WebSocket, and by HTTP to ask why that was refused.
    """
    sockets = f" ws://{host} wss://{host}" if _HOST.fullmatch(host) else ""
    if sfu is not None:
        sockets += f" {sfu} http{sfu.removeprefix('ws')}"
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self'",
            "font-src 'self'",
            f"connect-src 'self'{sockets}",
            "media-src 'self' blob:",
            "worker-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )


def dress(headers: MutableHeaders, *, host: str, sfu: str | None = None) -> None:
    """Add the headers to those of an answer. It is not stored anywhere unless it says otherwise."""
    headers["Content-Security-Policy"] = content_security_policy(host, sfu)
    for name, value in FIXED.items():
        headers[name] = value
    headers.setdefault("Cache-Control", "no-store")


class SecurityHeaders:
    """Adds the headers to every HTTP answer.

    Args:
        app: whose answers.
        sfu: see `content_security_policy`.
    """

    def __init__(self, app: ASGIApp, *, sfu: str | None = None) -> None:
        self._app = app
        self._sfu = sfu

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and dress its answer."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        host = Headers(scope=scope).get("host", "")

        async def dressed(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                dress(MutableHeaders(scope=message), host=host, sfu=self._sfu)
            await send(message)

        await self._app(scope, receive, dressed)
