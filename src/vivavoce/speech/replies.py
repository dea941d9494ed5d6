"""The server's answers that take their time: sound that streams as it is made, and work that ends with its caller."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncGenerator, Coroutine, Mapping, MutableMapping
from concurrent.futures import Executor
from contextlib import aclosing
from typing import Any, TypeAlias, TypeVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from vivavoce.speech.error_bodies import UploadTooLarge, failure
from vivavoce.speech.errors import SpeechError
from vivavoce.speech.sound import Encoder, SoundFormat
from vivavoce.speech.supervisor import Speech

WRITE_TIMEOUT_S = 30.0
"""A caller that takes no bytes for so long has its stream ended, so that it holds no engine."""

EVENTS = "text/event-stream"

T = TypeVar("T")
Message: TypeAlias = MutableMapping[str, Any]


class CallerGone(Exception):
    """The caller closed the connection before the answer."""


async def while_connected(receive: Receive, work: Coroutine[Any, Any, T]) -> T:
    """Do some work, and stop it when the caller leaves.

    Raises:
        CallerGone: they left first; the work has been cancelled and has ended.
    """
    task = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(_disconnected(receive))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise CallerGone
        return task.result()
    finally:
        gone.cancel()
        task.cancel()
        # Both have ended before we go on; what they raised is either raised above or of no interest.
        await asyncio.wait({task, gone})


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


class SpeechReply(Response):
    """Sends speech as it is made, in one of the formats.

    The status line waits for the first stretch, so that a text that cannot be spoken is an error and not a broken
    stream. What fails later is an event where the answer is a stream of events; otherwise the connection is cut without
    its proper end: that is how a caller can tell.

    Args:
        speech: s16le mono at `sample_rate`.
        sample_rate: Hz.
        format: what is sent.
        events: whether it is sent as OpenAI's events.
        threads: where it is encoded.
    """

    def __init__(
        self,
        speech: AsyncGenerator[Speech],
        *,
        sample_rate: int,
        format: SoundFormat,
        events: bool,
        threads: Executor,
    ) -> None:
        super().__init__()
        self._speech = speech
        self._rate = sample_rate
        self._format: SoundFormat = format
        self._events = events
        self._threads = threads
        self._started = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer."""
        try:
            await while_connected(receive, self._answer(send))
        except CallerGone:
            pass

    async def _answer(self, send: Send) -> None:
        try:
            await self._stream(send)
        except SpeechError as error:
            if not self._started:
                raise
            if self._events:
                await write(send, body(event(failure(error).content), more=False))

    async def _stream(self, send: Send) -> None:
        # An encoder is set up in a millisecond or two, and takes some ten for several seconds of sound.
        run = asyncio.get_running_loop().run_in_executor
        encoder = await run(self._threads, Encoder, self._format, self._rate)
        try:
            await self._encode(send, encoder)
        finally:
            await run(self._threads, encoder.close)

    async def _encode(self, send: Send, encoder: Encoder) -> None:
        run = asyncio.get_running_loop().run_in_executor
        async with aclosing(self._speech) as stretches:
            async for stretch in stretches:
                await self._start(send, encoder)
                await self._body(send, await run(self._threads, encoder.encode, stretch.pcm))
        await self._start(send, encoder)
        await self._body(send, await run(self._threads, encoder.finish))
        if self._events:
            await write(send, body(event({"type": "speech.audio.done"}), more=True))
        await write(send, body(b"", more=False))

    async def _start(self, send: Send, encoder: Encoder) -> None:
        if self._started:
            return
        self._started = True
        headers = {
            "content-type": EVENTS if self._events else encoder.media_type,
            "x-sample-rate": str(encoder.sample_rate),
            "cache-control": "no-store",
        }
        await write(send, start(headers))

    async def _body(self, send: Send, data: bytes) -> None:
        if not data:
            return
        if self._events:
            data = event({"type": "speech.audio.delta", "audio": base64.b64encode(data).decode()})
        await write(send, body(data, more=True))


def event(content: Mapping[str, Any]) -> bytes:
    """One server-sent event."""
    return f"data: {json.dumps(content)}\n\n".encode()


def start(headers: Mapping[str, str]) -> Message:
    """The status line of a good answer, and its headers."""
    return {
        "type": "http.response.start",
        "status": 200,
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }


def body(data: bytes, *, more: bool) -> Message:
    """A piece of an answer."""
    return {"type": "http.response.body", "body": data, "more_body": more}


async def write(send: Send, message: Message) -> None:
    """Send a message.

    Raises:
        CallerGone: they took nothing for `WRITE_TIMEOUT_S`.
    """
    try:
        async with asyncio.timeout(WRITE_TIMEOUT_S):
            await send(message)
    except TimeoutError:
        raise CallerGone from None


class BodyLimit:
    """ASGI middleware: a request body over `limit` bytes is refused, whether or not it says its length."""

    def __init__(self, app: Any, *, limit: int) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, counting its bytes."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = Request(scope).headers.get("content-length", "")
        if declared.isdigit() and int(declared) > self._limit:
            await failure(self._too_large()).response()(scope, receive, send)
            return
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self._limit:
                raise self._too_large()
            return message

        await self._app(scope, counted, send)

    def _too_large(self) -> UploadTooLarge:
        return UploadTooLarge(
            f"The request is larger than {self._limit >> 20} MiB.",
            next_step="Send shorter or compressed sound, or cut it in pieces.",
        )
