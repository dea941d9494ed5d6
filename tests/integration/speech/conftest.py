"""Speech servers for tests: fake engines in real processes, and the real engines behind the real command."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import httpx
import pytest
import uvicorn

from vivavoce.speech.cache import SpeechCache
from vivavoce.speech.clips import ClipStore
from vivavoce.speech.engines import EngineSpec
from vivavoce.speech.messages import EngineOptions
from vivavoce.speech.server import create_app
from vivavoce.speech.serving import config, hurry
from vivavoce.speech.supervisor import Limits, State, Supervisor

FAKES = Path(__file__).parent / "engines"
START_S = 60


@dataclass(frozen=True)
class Running:
    """A server in this event loop."""

    url: str
    engines: dict[str, Supervisor]


@asynccontextmanager
async def serve_fake_engines(
    *,
    wait: bool = True,
    limits: Limits | None = None,
    cache: SpeechCache | None = None,
    ping_s: float = 20.0,
    clips: Path = Path("/nonexistent"),
    **factories: str,
) -> AsyncGenerator[Running]:
    """A server with fake engines: `serve_fake_engines(speaker="speaker", listener="listener")`.

    Args:
        wait: until all are ready.
        limits: of every engine.
        clips: where its reference clips are.
        cache: of speech made before.
        ping_s: seconds from one ping of WebSockets to the next, and for its answer.
        factories: of `fake_engines`, by the engine's name; a name that begins with `listener` transcribes.
    """
    engines = {
        name: Supervisor(
            EngineSpec(name, _role(name), f"fake_engines:{factory}", f"fake-{name}", (f"{name}-1",)),
            EngineOptions(folders=(Path("/nonexistent"),)),
            limits=limits,
        )
        for name, factory in factories.items()
    }
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    hurry(sock)
    app = create_app(engines, clips=ClipStore(clips), cache=cache)
    server = uvicorn.Server(config(app, stop_s=1, ping_every_s=ping_s, ping_timeout_s=ping_s))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(FAKES))
        task = asyncio.create_task(server.serve([sock]))
        try:
            async with asyncio.timeout(START_S):
                while not server.started or (
                    wait and any(e.state is not State.READY for e in engines.values())
                ):
                    assert not task.done(), "the server ended"
                    await asyncio.sleep(0.02)
            yield Running(f"http://127.0.0.1:{sock.getsockname()[1]}", engines)
        finally:
            server.should_exit = True
            await task


def _role(name: str) -> Literal["stt", "tts"]:
    return "stt" if name.startswith("listener") else "tts"


@dataclass(frozen=True)
class Command:
    """`vivavoce speech` as a process of its own."""

    url: str
    process: subprocess.Popen[str]


@contextlib.contextmanager
def run_command(*arguments: str, start_s: float = START_S) -> Generator[Command]:
    """Start `vivavoce speech --port 0 …` and wait for its READY line; kill it afterwards."""
    process = subprocess.Popen(
        [sys.executable, "-m", "vivavoce.cli", "speech", "--port", "0", *arguments],
        stdout=subprocess.PIPE,
        text=True,
        env={
            name: value
            for name, value in os.environ.items()
            if not name.startswith("VIVAVOCE_") or name == "VIVAVOCE_SPEECH__CACHE_DIR"
        },
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("READY http://"), f"no READY line, but {line!r}"
        yield Command(line.split()[1], process)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


@pytest.fixture(scope="session")
def models_dir() -> Path:
    """Where the pulled models are; the test fails, and says what to do, when they are not."""
    root = Path(os.environ.get("VIVAVOCE_MODELS_DIR") or "~/.cache/vivavoce/models").expanduser()
    if not (root / "whisper-base" / "manifest.json").is_file():
        pytest.fail(f"The speech models are not in {root}. Run `make models`.")
    return root


@pytest.fixture(scope="session")
def real_server(models_dir: Path) -> Generator[str]:
    """The URL of a server with the three local engines, warm."""
    with run_command("--engines", "whisper,kokoro,piper", "--models-dir", str(models_dir)) as command:
        deadline = time.monotonic() + 180
        while httpx.get(f"{command.url}/readyz").status_code != 200:
            assert time.monotonic() < deadline, httpx.get(f"{command.url}/readyz").text
            time.sleep(0.2)
        yield command.url
