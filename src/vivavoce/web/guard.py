"""The doorkeeper of the API: who may ask, how often, how much, and for how long. ASGI middleware before the routes."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vivavoce.errors import VivavoceError
from vivavoce.session.clock import Clock
from vivavoce.web.errors import (
    BodyTooLarge,
    BodyTooSlow,
    ContentTypeUnknown,
    OriginRefused,
    TimedOut,
    TooManyRequests,
    respond,
)
from vivavoce.web.limits import RateLimiter, client_key

API = "/api/"

MAX_SDP_BYTES = 64 * 1024
"""A browser's offer is 3 to 8 KiB; with every codec and candidate there is, 30."""
WEBHOOK = "/api/v1/livekit/webhook"
"""Called by the SFU, with JSON of a type of its own."""

MAX_JSON_BYTES = 16 * 1024
BODY_TIMEOUT_S = 10.0
ANSWER_TIMEOUT_S = 20.0
"""Longer than any call should take (an offer gathers candidates for up to 5 s), shorter than people wait."""


@dataclass(frozen=True)
class Allowance:
    """How much and how long. Bytes and seconds."""

    sdp_bytes: int = MAX_SDP_BYTES
    json_bytes: int = MAX_JSON_BYTES
    body_timeout_s: float = BODY_TIMEOUT_S
    answer_timeout_s: float = ANSWER_TIMEOUT_S

    def body_bytes(self, path: str) -> int:
        """The largest body a path takes."""
        return self.sdp_bytes if path.endswith(("/webrtc", WEBHOOK)) else self.json_bytes


class Guard:
    """Refuses what should not reach a route.

    Args:
        app: what it guards.
        calls: how often an address may ask.
        clock: for the rates.
        public_url: the origin participants use; without it, pages of the host a request names may call.
        allowance: sizes and times.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        calls: RateLimiter,
        clock: Clock,
        public_url: str | None,
        allowance: Allowance,
    ) -> None:
        self._app = app
        self._calls = calls
        self._clock = clock
        self._public_url = public_url
        self._allowance = allowance

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it."""
        if scope["type"] not in ("http", "websocket") or not scope["path"].startswith(API):
            await self._app(scope, receive, send)
            return
        answer = Watched(send)
        try:
            self._admit(scope)
            if scope["type"] == "websocket":
                await self._app(scope, receive, send)
                return
            body = await self._body(scope, receive)
            if body is None:
                return
            try:
                async with asyncio.timeout(self._allowance.answer_timeout_s):
                    await self._app(scope, Replay(body, receive), answer)
            except TimeoutError as error:
                raise TimedOut from error
        except VivavoceError as error:
            if answer.begun:
                raise
            await respond(error)(scope, receive, send)

    def _admit(self, scope: Scope) -> None:
        client = scope.get("client")
        wait = self._calls.take(client_key(client[0] if client else None), now=self._clock.monotonic())
        if wait > 0:
            raise TooManyRequests(retry_after_s=wait)
        headers = Headers(scope=scope)
        if not same_origin(headers.get("origin"), host=headers.get("host", ""), public_url=self._public_url):
            raise OriginRefused

    async def _body(self, scope: Scope, receive: Receive) -> bytes | None:
        """The whole body; None if the client went before it was there."""
        headers = Headers(scope=scope)
        limit = self._allowance.body_bytes(scope["path"])
        declared = headers.get("content-length", "")
        if declared.isdecimal() and int(declared[:12]) > limit:
            raise BodyTooLarge(f"The body has {declared[:12]} bytes; this call takes {limit}.")
        body = bytearray()
        try:
            async with asyncio.timeout(self._allowance.body_timeout_s):
                more = True
                while more:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return None
                    body += message.get("body", b"")
                    if len(body) > limit:
                        raise BodyTooLarge(f"The body has more than the {limit} bytes this call takes.")
                    more = message.get("more_body", False)
        except TimeoutError as error:
            raise BodyTooSlow from error
        if body:
            kind = headers.get("content-type", "").partition(";")[0].strip().lower()
            wanted = "application/webhook+json" if scope["path"] == WEBHOOK else "application/json"
            if kind != wanted or "content-encoding" in headers:
                raise ContentTypeUnknown
        return bytes(body)


class Watched:
    """A `send` that knows whether the answer has begun."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.begun = False

    async def __call__(self, message: Message) -> None:
        """Pass the message on."""
        self.begun = True
        await self._send(message)


class Replay:
    """A `receive` that gives the body that was read already, then whatever follows."""

    def __init__(self, body: bytes, receive: Receive) -> None:
        self._body: bytes | None = body
        self._receive = receive

    async def __call__(self) -> Message:
        """The next message."""
        if self._body is None:
            return await self._receive()
        body, self._body = self._body, None
        return {"type": "http.request", "body": body, "more_body": False}


def same_origin(origin: str | None, *, host: str, public_url: str | None) -> bool:
    """Whether a page of `origin` may call.

    Without an Origin header the caller is no page of another site: browsers send it with every call that could do
    harm. Where no public URL is set, the host the request itself names stands in for it.
    """
    if origin is None:
        return True
    found = _authority(origin)
    if found is None:
        return False
    if public_url is not None:
        return found == _authority(public_url)
    # Behind a proxy that ends TLS the scheme we see is not the page's: the host decides.
    return found[1] == (_authority(f"{found[0]}://{host}") or ("", ""))[1]


def _authority(url: str) -> tuple[str, str] | None:
    """Scheme and `host:port` of an origin, the default port spelt out; None for `null` and nonsense."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    default = {"http": 80, "https": 443}.get(parts.scheme)
    if default is None or not parts.hostname or parts.path not in ("", "/") or parts.query or parts.fragment:
        return None
    return parts.scheme, f"{parts.hostname.lower()}:{port or default}"
