"""`vivavoce agent` in a process of its own: an agent worker on a test's SFU, and a speech server for all."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil
from server_process import local_http, measured, places
from sfu import free_port

START_S = 120.0


class SpeechProcess:
    """`vivavoce speech` in a process of its own, to be killed and started again on the same port."""

    def __init__(self) -> None:
        self._port = free_port()
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def pid(self) -> int:
        return self._process.pid

    def start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "vivavoce", "speech", "--port", str(self._port)]
        )

    def kill(self) -> None:
        """SIGKILL; its engines end with it."""
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(30)


@contextmanager
def speech_server() -> Generator[str]:
    """A speech server in a process of its own; its URL."""
    process = SpeechProcess()
    try:
        yield process.url
    finally:
        process.close()


@dataclass
class WorkerProcess:
    """`vivavoce agent` in a process of its own."""

    environment: dict[str, str]
    output: list[str] = field(default_factory=list[str])
    health: int = field(default_factory=free_port)
    metrics: int = field(default_factory=free_port)
    process: subprocess.Popen[str] | None = None
    data_dir: Path = field(default_factory=Path)
    registered_s: float = 0.0
    """Seconds from its start until the SFU knew it, the last time."""
    loaded_s: float = 0.0
    """Seconds of them until it was loaded, and began to warm up."""
    http: httpx.AsyncClient = field(default_factory=local_http)

    async def start(self, data_dir: Path) -> None:
        """Start it, perhaps again, and wait until the SFU knows it."""
        self.data_dir = data_dir
        self.output.clear()
        ready, self._began = threading.Event(), time.monotonic()
        self.process = subprocess.Popen(  # noqa: ASYNC220 - it only begins here
            [sys.executable, "-m", "vivavoce", "agent"],
            env={
                **os.environ,
                **self.environment,
                "VIVAVOCE_DATA_DIR": str(data_dir),
                "VIVAVOCE_LIVEKIT__HEALTH_HOST": "127.0.0.1",
                "VIVAVOCE_LIVEKIT__HEALTH_PORT": str(self.health),
                "VIVAVOCE_LIVEKIT__METRICS_PORT": str(self.metrics),
                "COLUMNS": "200",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        threading.Thread(target=self._read, args=(self.process, ready), daemon=True).start()
        await asyncio.to_thread(ready.wait, START_S)
        self.registered_s = time.monotonic() - self._began
        assert self.running.poll() is None and "Ready for" in "".join(self.output), self.said()

    @property
    def running(self) -> subprocess.Popen[str]:
        assert self.process is not None
        return self.process

    def kill(self) -> None:
        """SIGKILL it with all its processes, as a node that dies."""
        top = psutil.Process(self.running.pid)
        family = [top, *top.children(recursive=True)]
        for one in family:
            one.kill()
        self.running.wait()

    async def ended(self, *, within_s: float) -> int:
        return await asyncio.to_thread(self.running.wait, within_s)

    def close(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(90)
            except subprocess.TimeoutExpired:
                self.kill()

    async def ready(self) -> int:
        """What `/readyz` answers."""
        return (await self.http.get(f"http://127.0.0.1:{self.health}/readyz")).status_code

    async def places(self) -> int:
        """How many sessions it holds."""
        return places((await self.http.get(f"http://127.0.0.1:{self.health}/readyz")).json())

    async def measured(self, name: str) -> float:
        """The sum of a metric over its labels."""
        return measured((await self.http.get(f"http://127.0.0.1:{self.metrics}/metrics")).text, name)

    def said(self) -> str:
        return "".join(self.output[-60:])

    def _read(self, process: subprocess.Popen[str], ready: threading.Event) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self.output.append(line)
            if "Warming up" in line:
                self.loaded_s = time.monotonic() - self._began
            if "Ready for" in line:
                ready.set()
        ready.set()
