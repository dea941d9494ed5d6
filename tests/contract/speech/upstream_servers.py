"""What the small servers have in common that speak the real wire formats of upstreams: sound, and faults on demand.

Each follows the source of the real one, named in its module, also where that is odd; what differs between versions is
an attribute.
"""

from __future__ import annotations

import asyncio
import contextlib
import struct
import time
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
import uvicorn
from starlette.applications import Starlette
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response, StreamingResponse

PIECE_S = 0.05
PIECES = 20
"""A text is one second of sound, in pieces."""

UNKNOWN = 0xFFFFFFFF


def tone(rate: int, seconds: float = PIECE_S * PIECES) -> bytes:
    """A tone of 440 Hz, s16le mono."""
    t = np.arange(round(rate * seconds)) / rate
    return (np.sin(2 * np.pi * 440 * t) * 12_000).astype("<i2").tobytes()


def wav_header(rate: int, *, length: int = UNKNOWN, channels: int = 1) -> bytes:
    riff = UNKNOWN if length == UNKNOWN else 36 + length
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI", b"RIFF", riff & UNKNOWN, b"WAVE", b"fmt ", 16, 1, channels, rate,
        rate * 2 * channels, 2 * channels, 16, b"data", length,
    )  # fmt: skip


@dataclass
class Fault:
    """What goes wrong with one request to speak.

    Attributes:
        status: an error instead of sound, with `headers` and `body`.
        before_s: nothing for so long.
        after_s: one piece, then nothing for so long.
        breaks_after: pieces, and then the connection breaks.
        pieces: exactly these bytes instead of sound.
        every_s: seconds between pieces.
        rate: Hz of the sound, whatever it should be.
        length: of the samples, by the wav header.
    """

    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict[str, str])
    body: Any = None
    before_s: float = 0.0
    after_s: float = 0.0
    breaks_after: int | None = None
    pieces: list[bytes] | None = None
    every_s: float = 0.0
    rate: int | None = None
    length: int = UNKNOWN
    content_type: str | None = None


@dataclass
class Server:
    """One running server: what it saw, and what it shall do with the next requests."""

    url: str = ""
    key: str | None = None
    faults: deque[Fault] = field(default_factory=deque[Fault])
    always: Fault = field(default_factory=Fault)
    spoken: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    headers: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    open: int = 0
    most_open: int = 0
    left_at: list[float] = field(default_factory=list[float])
    clips: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    uploads: int = 0
    healthy: bool = True
    probes: int = 0

    def app(self) -> Starlette:
        raise NotImplementedError

    def next(self) -> Fault:
        return self.faults.popleft() if self.faults else self.always

    def allowed(self, request: HTTPConnection) -> bool:
        return self.key is None or request.headers.get("authorization") == f"Bearer {self.key}"

    def saw(self, request: Request, body: dict[str, Any]) -> Fault:
        self.spoken.append(body)
        self.headers.append(dict(request.headers))
        return self.next()

    async def sound(self, fault: Fault, rate: int, *, wav: bool) -> AsyncGenerator[bytes]:
        """The body of an answer; counts who leaves early."""
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        whole = False
        try:
            await asyncio.sleep(fault.before_s)
            if fault.pieces is not None:
                for piece in fault.pieces:
                    yield piece
                    await asyncio.sleep(fault.every_s)
                whole = True
                return
            rate = fault.rate or rate
            if wav:
                yield wav_header(rate, length=fault.length)
            pcm, step = tone(rate), round(rate * PIECE_S) * 2
            for number in range(PIECES):
                if fault.breaks_after == number:
                    raise ConnectionResetError("the test asked for it")
                yield pcm[number * step : (number + 1) * step]
                await asyncio.sleep(fault.after_s or fault.every_s)
            whole = True
        finally:
            self.open -= 1
            if not whole:
                self.left_at.append(time.monotonic())

    def answer(self, fault: Fault, rate: int, *, wav: bool, content_type: str | None = None) -> Response:
        kind = fault.content_type or content_type or ("audio/wav" if wav else "audio/pcm")
        return StreamingResponse(self.sound(fault, rate, wav=wav), media_type=kind)


def openai_error(
    status: int, message: str, *, code: Any = None, param: str | None = None, **headers: str
) -> JSONResponse:
    """OpenAI's error body."""
    body = {"error": {"message": message, "type": "invalid_request_error", "param": param, "code": code}}
    return JSONResponse(body, status, headers=headers)


def broken_by(fault: Fault) -> Response | None:
    if fault.status is None:
        return None
    if isinstance(fault.body, dict):
        return JSONResponse(fault.body, fault.status, headers=fault.headers)
    if isinstance(fault.body, str):
        return Response(fault.body, fault.status, headers=fault.headers, media_type="text/html")
    return openai_error(fault.status, "The test asked for it.", **fault.headers)


Serving = TypeVar("Serving", bound=Server)


@asynccontextmanager
async def running(server: Serving) -> AsyncGenerator[Serving]:
    """Serve on a free port of this machine until the context ends."""
    config = uvicorn.Config(
        server.app(),
        port=0,
        log_config=None,
        lifespan="off",
        timeout_graceful_shutdown=1,
        ws="websockets-sansio",
    )
    uvicorn_server = uvicorn.Server(config)
    task = asyncio.create_task(uvicorn_server.serve())
    try:
        while not uvicorn_server.started:
            assert not task.done()
            await asyncio.sleep(0.005)
        port = uvicorn_server.servers[0].sockets[0].getsockname()[1]
        server.url = f"http://127.0.0.1:{port}"
        yield server
    finally:
        uvicorn_server.should_exit = True
        await task


@asynccontextmanager
async def gibberish(data: bytes) -> AsyncGenerator[str]:
    """A server that answers everything with the same bytes, which are no HTTP; its URL."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(data)
        with contextlib.suppress(ConnectionError):
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
