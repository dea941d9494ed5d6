"""The server's answers: sound that streams as it is made, and OpenAI's error bodies."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import Coroutine, Mapping, MutableMapping
from typing import Any, TypeAlias, TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from vivavoce.errors import VivavoceError
from vivavoce.speech.clips import ClipUnknown
from vivavoce.speech.errors import SpeechBusy, SpeechDropped, SpeechError, SpeechRejected, SpeechUnavailable
from vivavoce.speech.messages import Priority, Spoken
from vivavoce.speech.metrics import SpeechMetrics
from vivavoce.speech.sound import Encoder, SoundFormat
from vivavoce.speech.supervisor import Supervisor

WRITE_TIMEOUT_S = 30.0
"""A caller that takes no bytes for so long has its stream ended, so that it holds no engine."""

T = TypeVar("T")
Message: TypeAlias = MutableMapping[str, Any]


class CallerGone(Exception):
    """The caller closed the connection before the answer."""


class UploadTooLarge(VivavoceError):
    """A request body or its sound is over the limit."""

    code = "upload_too_large"


class ModelUnknown(VivavoceError):
    """No engine of that name runs here."""

    code = "model_not_found"


def error_response(error: VivavoceError) -> JSONResponse:
    """OpenAI's error body for one of our errors."""
    status, kind, headers = _STATUS.get(type(error), (500, "server_error", {}))
    code, param = error.code, None
    if isinstance(error, SpeechRejected):
        # OpenAI's status for a voice that is not there, as for a model.
        status = 404 if error.reason == "voice_unknown" else 400
        kind, code, param = "invalid_request_error", error.reason, error.param
    elif isinstance(error, SpeechBusy) and not isinstance(error, SpeechDropped):
        headers = {"Retry-After": str(max(1, round(error.retry_after_s)))}
        status, kind = 429, "rate_limit_error"
    elif isinstance(error, SpeechUnavailable):
        status, headers = 503, {"Retry-After": "1"}
    elif isinstance(error, ModelUnknown):
        param = "model"
    return error_body(status, kind, code, f"{error.what} {error.next_step}", param=param, headers=headers)


_STATUS: Mapping[type[VivavoceError], tuple[int, str, dict[str, str]]] = {
    ModelUnknown: (404, "invalid_request_error", {}),
    ClipUnknown: (404, "invalid_request_error", {}),
    UploadTooLarge: (413, "invalid_request_error", {}),
    SpeechDropped: (409, "invalid_request_error", {}),
}


def error_body(
    status: int,
    kind: str,
    code: str,
    message: str,
    *,
    param: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """An error as OpenAI's API shapes it."""
    body = {"error": {"message": message, "type": kind, "param": param, "code": code}}
    return JSONResponse(body, status, headers=dict(headers or {}))


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
    """Speaks a text and sends the sound chunk by chunk.

    The status line waits for the first chunk, so that a text that cannot be spoken is an error and not a broken
    stream. When something fails later the connection is cut without its proper end: that is how a caller can tell.
    """

    def __init__(
        self,
        supervisor: Supervisor,
        metrics: SpeechMetrics,
        *,
        text: str,
        voice: str,
        language: str | None,
        speed: float,
        priority: Priority,
        format: SoundFormat,
        events: bool,
    ) -> None:
        super().__init__()
        self._supervisor = supervisor
        self._metrics = metrics
        self._text = text
        self._voice = voice
        self._language = language
        self._speed = speed
        self._priority = priority
        self._format: SoundFormat = format
        self._events = events
        self._started = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer."""
        engine = self._supervisor.spec.name
        try:
            await while_connected(receive, self._stream(send))
        except CallerGone:
            self._metrics.ended(engine, "gone")
        except SpeechError as error:
            self._metrics.ended(engine, error.code)
            if not self._started:
                raise
        else:
            self._metrics.ended(engine, "ok")

    async def _stream(self, send: Send) -> None:
        name = self._supervisor.spec.name
        arrived = time.perf_counter()
        async with self._supervisor.speak(
            self._text,
            voice=self._voice,
            language=self._language,
            speed=self._speed,
            priority=self._priority,
        ) as chunks:
            loaded = self._supervisor.loaded
            assert loaded is not None and loaded.sample_rate is not None
            encoder = Encoder(self._format, loaded.sample_rate)
            async for chunk in chunks:
                if isinstance(chunk, Spoken):
                    self._metrics.spoken(name, audio_s=chunk.audio_s, work_s=chunk.work_s)
                    continue
                if not self._started:
                    self._metrics.first_sound(name, time.perf_counter() - arrived)
                    await _write(send, self._start(encoder))
                # A compressed chunk of several seconds takes tens of milliseconds.
                encoded = await asyncio.to_thread(encoder.encode, chunk.pcm)
                await self._body(send, encoded)
            if not self._started:
                await _write(send, self._start(encoder))
            await self._body(send, await asyncio.to_thread(encoder.finish))
            if self._events:
                await _write(send, _body(_event({"type": "speech.audio.done"}), more=True))
            await _write(send, _body(b"", more=False))

    def _start(self, encoder: Encoder) -> Message:
        self._started = True
        media_type = "text/event-stream" if self._events else encoder.media_type
        headers = {
            "content-type": media_type,
            "x-sample-rate": str(encoder.sample_rate),
            "cache-control": "no-store",
        }
        return {
            "type": "http.response.start",
            "status": 200,
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }

    async def _body(self, send: Send, data: bytes) -> None:
        if not data:
            return
        if self._events:
            data = _event({"type": "speech.audio.delta", "audio": base64.b64encode(data).decode()})
        await _write(send, _body(data, more=True))


def _event(content: dict[str, str]) -> bytes:
    return f"data: {json.dumps(content)}\n\n".encode()


def _body(data: bytes, *, more: bool) -> Message:
    return {"type": "http.response.body", "body": data, "more_body": more}


async def _write(send: Send, message: Message) -> None:
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
            await error_response(self._too_large())(scope, receive, send)
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
