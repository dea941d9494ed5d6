"""The programs that are measured against each other: how each is started, asked for speech, and stopped.

Each is a process of its own on the loopback address. The clients of servers live in this process; those of the
raw engine are threads beside it, for that is what it means to have no server.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import httpx
import numpy as np

from ear import Ear, Heard

ROOT = Path(__file__).parents[1]
GUESTS = ROOT / ".setup" / "guests"
READY_S = 180.0
STOP_S = 10.0
TEXT_S = 300.0
"""Seconds after which a text counts as failed."""


@dataclass(frozen=True, slots=True)
class Voice:
    """What is spoken with: an engine of ours, its model's folder in the store, and the voice."""

    engine: str
    folder: Path
    voice: str
    rate: int


class Contender(Protocol):
    """A program that runs."""

    @property
    def pid(self) -> int:
        """Its process; children count with it."""
        ...

    async def speak(self, clients: int, texts: Sequence[str]) -> list[Heard]:
        """Have so many clients, who begin together, ask for the texts one after the other."""
        ...


@dataclass(frozen=True, slots=True)
class Call:
    """How a server is asked for a text.

    Attributes:
        path: where to post the body.
        body: JSON; `text_field` holds the text.
        ready: path that answers 200 when it can be asked.
        header_bytes: that come before the samples.
    """

    path: str
    body: Mapping[str, Any]
    text_field: str
    ready: str
    header_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Server:
    """A server that runs."""

    process: Process
    port: int
    call: Call
    rate: int

    @property
    def pid(self) -> int:
        """See `Contender.pid`."""
        return self.process.pid

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    async def speak(self, clients: int, texts: Sequence[str]) -> list[Heard]:
        """See `Contender.speak`."""
        limits = httpx.Limits(max_connections=None)
        async with httpx.AsyncClient(base_url=self.url, timeout=TEXT_S, limits=limits) as http:
            start = asyncio.Event()
            waiting = [
                asyncio.create_task(self._client(http, number, texts, start)) for number in range(clients)
            ]
            await asyncio.sleep(0)
            start.set()
            return [one for heard in await asyncio.gather(*waiting) for one in heard]

    async def _client(
        self, http: httpx.AsyncClient, number: int, texts: Sequence[str], start: asyncio.Event
    ) -> list[Heard]:
        await start.wait()
        return [await self._text(http, number, turn, text) for turn, text in enumerate(texts)]

    async def _text(self, http: httpx.AsyncClient, number: int, turn: int, text: str) -> Heard:
        ear = Ear(self.rate, time.perf_counter())
        error = None
        header = self.call.header_bytes
        body = {**self.call.body, self.call.text_field: text}
        try:
            async with asyncio.timeout(TEXT_S), http.stream("POST", self.call.path, json=body) as response:
                if response.status_code != 200:
                    await response.aread()
                    error = f"{response.status_code} {response.text[:200]}"
                else:
                    async for data in response.aiter_raw():
                        ear.hear(data[header:], time.perf_counter())
                        header = max(0, header - len(data))
        except (httpx.HTTPError, TimeoutError) as failure:
            error = repr(failure)
        return ear.heard(number, turn, time.perf_counter(), error)


@dataclass(frozen=True, slots=True)
class RawEngine:
    """`raw_engine.py`, running."""

    process: Process

    @property
    def pid(self) -> int:
        """See `Contender.pid`."""
        return self.process.pid

    async def speak(self, clients: int, texts: Sequence[str]) -> list[Heard]:
        """See `Contender.speak`."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps({"clients": clients, "texts": list(texts)}).encode() + b"\n")
        async with asyncio.timeout(TEXT_S * len(texts)):
            line = await self.process.stdout.readline()
        return [Heard(**one) for one in json.loads(line)]


@asynccontextmanager
async def raw(voice: Voice, log: Path) -> AsyncGenerator[Contender]:
    """The engine without a server."""
    script = str(Path(__file__).with_name("raw_engine.py"))
    command = [sys.executable, script, voice.engine, str(voice.folder), voice.voice]
    async with _process(command, {}, log, talks=True) as process:
        assert process.stdout is not None
        async with asyncio.timeout(READY_S):
            if await process.stdout.readline() != b"ready\n":
                raise RuntimeError(f"the raw engine did not start:\n{_said(log)}")
        yield RawEngine(process)


@asynccontextmanager
async def ours(voice: Voice, log: Path) -> AsyncGenerator[Contender]:
    """`vivavoce speech` with nothing but this engine, and otherwise as it comes."""
    port = _free_port()
    command = [sys.executable, "-m", "vivavoce.cli", "speech", "--port", str(port), "--exit-with-parent"]
    command += ["--engines", voice.engine, "--models-dir", str(voice.folder.parent)]
    body = {"model": voice.engine, "voice": voice.voice, "response_format": "pcm"}
    call = Call("/v1/audio/speech", body, "input", "/readyz")
    async with _process(command, {}, log) as process:
        yield await _ready(Server(process, port, call, voice.rate), log)


@asynccontextmanager
async def piper_http(voice: Voice, log: Path) -> AsyncGenerator[Contender]:
    """`python -m piper.http_server`: a wav for a text, whole."""
    port = _free_port()
    command = [str(GUESTS / "piper-http" / "bin" / "python"), "-m", "piper.http_server"]
    command += ["--host", "127.0.0.1", "--port", str(port), "-m", str(voice.folder / f"{voice.voice}.onnx")]
    call = Call("/synthesize", {}, "text", "/info", header_bytes=44)
    async with _process(command, {}, log) as process:
        yield await _ready(Server(process, port, call, voice.rate), log)


@asynccontextmanager
async def fastkokoro(voice: Voice, log: Path) -> AsyncGenerator[Contender]:
    """`fastkokoro`, pointed at our model's files instead of its own, which are on a hub."""
    port = _free_port()
    styles = log.with_name("voices.npz")
    if not styles.exists():
        _pack(voice.folder / "voices", styles)
    environment = {
        "FASTKOKORO_MODEL_PATH": str(voice.folder / "model.onnx"),
        "FASTKOKORO_VOICES_PATH": str(styles),
        # It rewrites the model once for this processor, and compiles some of its own code.
        "FASTKOKORO_CACHE_DIR": str(log.with_name("fastkokoro")),
        "NUMBA_CACHE_DIR": str(log.with_name("numba")),
        "FASTKOKORO_HOST": "127.0.0.1",
        "FASTKOKORO_PORT": str(port),
        "HF_HUB_OFFLINE": "1",
    }
    body = {"model": "kokoro", "voice": voice.voice, "response_format": "pcm", "stream": True}
    call = Call("/v1/audio/speech", body, "input", "/health")
    async with _process([str(GUESTS / "fastkokoro" / "bin" / "fastkokoro")], environment, log) as process:
        yield await _ready(Server(process, port, call, voice.rate), log)


def _pack(folder: Path, file: Path) -> None:
    """Voices as fastkokoro wants them: arrays of shape (510, 1, 256) by name."""
    voices = {path.stem: np.fromfile(path, "<f4").reshape(510, 1, 256) for path in folder.glob("*.bin")}
    np.savez(file, allow_pickle=False, **voices)


async def _ready(server: Server, log: Path) -> Server:
    """The server, when it says that it can be asked."""
    async with asyncio.timeout(READY_S), httpx.AsyncClient(base_url=server.url) as http:
        while server.process.returncode is None:
            try:
                if (await http.get(server.call.ready)).status_code == 200:
                    return server
            except httpx.TransportError:
                pass  # it does not listen yet
            await asyncio.sleep(0.1)
    raise RuntimeError(f"a server ended with code {server.process.returncode}:\n{_said(log)}")


@asynccontextmanager
async def _process(
    command: Sequence[str], environment: Mapping[str, str], log: Path, *, talks: bool = False
) -> AsyncGenerator[Process]:
    """A program that runs as long as the context does. What it says goes to `log`, or to us if it `talks`."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("VIVAVOCE_")}
    with log.open("ab") as messages:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=PIPE,
            stdout=PIPE if talks else messages,
            stderr=messages,
            env={**inherited, **environment},
            limit=1 << 24,
        )
    try:
        yield process
    finally:
        await _stop(process)


def _said(log: Path) -> str:
    return log.read_text(errors="replace")[-2000:]


async def _stop(process: Process) -> None:
    if process.returncode is None:
        process.terminate()
    try:
        async with asyncio.timeout(STOP_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
