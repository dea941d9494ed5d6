"""`vivavoce serve` in a process of its own, which tests kill, stop and start again on the same folder and port."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from vivavoce.session.events import Payload
from vivavoce.session.state import SessionState, fold
from vivavoce.storage.engine import make_engine
from vivavoce.storage.invitations import InvitationStore
from vivavoce.storage.sessions import PostgresSessionStore
from vivavoce.storage.studies import StudyStore

START_S = 90.0
FREE = {
    "VIVAVOCE_MONEY__MACHINE_HOUR_USD": "0",
    # Of a speech server that runs elsewhere, as the tests share one.
    "VIVAVOCE_MONEY__PRICES__KOKORO__MACHINE_HOUR_USD": "0",
    "VIVAVOCE_MONEY__PRICES__WHISPER__MACHINE_HOUR_USD": "0",
}
"""Settings under which nothing costs anything."""


def beside_others(folder: Path, speech_url: str, database_url: str) -> dict[str, str]:
    """Settings of processes that hold interviews together; makes the folder of their recordings in that one."""
    (folder / "recordings").mkdir()
    return {
        "VIVAVOCE_SPEECH__URL": speech_url,
        "VIVAVOCE_DATABASE_URL": database_url,
        "VIVAVOCE_RECORDINGS_URL": f"file://{folder / 'recordings'}",
        **FREE,
    }


def local_http() -> httpx.AsyncClient:
    """For questions to processes: making one takes a while, and a connection does not outlive a process."""
    return httpx.AsyncClient(timeout=15, limits=httpx.Limits(max_keepalive_connections=0))


def measured(metrics: str, name: str) -> float:
    """The sum of a metric over its labels, in what a process's `/metrics` says."""
    lines = [line.rsplit(" ", 1) for line in metrics.splitlines() if not line.startswith("#")]
    return sum(float(value) for series, value in lines if series.split("{")[0] == name)


def places(ready: dict[str, Any]) -> int:
    """How many sessions a process holds, by what its `/readyz` says."""
    found = re.match(r"(\d+) of", ready["checks"]["host"]["detail"])
    return int(found[1]) if found is not None else 0


@dataclass
class Books:
    """What is kept, seen past the server."""

    sessions: PostgresSessionStore
    invitations: InvitationStore
    studies: StudyStore

    async def folded(self, session_id: str) -> SessionState:
        """The session's state, which must be what its log folds to."""
        state = await self.sessions.state(session_id)
        assert state == fold((await self.sessions.read(session_id))[: state.seq])
        return state

    async def over(self, session_id: str, *, within_s: float = 20) -> SessionState:
        """The state at the end, waited for: participants are let go before the last event is written."""
        async with asyncio.timeout(within_s):
            while not (state := await self.folded(session_id)).status.terminal:
                await asyncio.sleep(0.1)
        return state

    async def told(
        self, session_id: str, true: Callable[[list[Payload]], bool], *, within_s: float = 60
    ) -> list[Payload]:
        """What the log says, waited for until something is so."""
        async with asyncio.timeout(within_s):
            while not true(log := [event.payload for event in await self.sessions.read(session_id)]):
                await asyncio.sleep(0.1)
        return log

    async def invitation(self, study_id: str) -> str:
        """A fresh invitation's token."""
        [token] = await self.invitations.create(study_id, expires_at=datetime.now(UTC) + timedelta(days=1))
        return token


@dataclass
class ServerProcess:
    """One server. `environment` has its settings beside the data folder and the port."""

    data_dir: Path
    environment: dict[str, str]
    port: int = 0
    process: subprocess.Popen[str] | None = None
    output: list[str] = field(default_factory=list[str])
    http: httpx.AsyncClient = field(default_factory=local_http)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def running(self) -> subprocess.Popen[str]:
        assert self.process is not None
        return self.process

    @property
    def environ(self) -> dict[str, str]:
        """The server's environment, for commands beside it."""
        return {
            **FREE,
            # A second pass over one interview beside another takes time that tests of talking have not.
            "VIVAVOCE_PIPELINE__HERE": "false",
            **os.environ,
            **self.environment,
            "VIVAVOCE_DATA_DIR": str(self.data_dir),
            "VIVAVOCE_WEB__PORT": str(self.port),
            "COLUMNS": "200",
        }

    async def start(self) -> None:
        """Start it, again on the same port, and wait until it is ready."""
        if not self.port:
            with socket.create_server(("127.0.0.1", 0)) as free:
                self.port = free.getsockname()[1]
        ready = self._spawn()
        await asyncio.to_thread(ready.wait, START_S)
        assert self.running.poll() is None, "the server did not start:\n" + self.said()

    def kill(self) -> None:
        """SIGKILL."""
        self.running.kill()
        self.running.wait()

    def send(self, number: signal.Signals) -> None:
        self.running.send_signal(number)

    async def ended(self, *, within_s: float) -> int:
        """Wait for its end; its exit code."""
        return await asyncio.to_thread(self.running.wait, within_s)

    def close(self) -> None:
        """End it however it is, and what it left: a killed server's database lives on."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.kill()
        pid_file = self.data_dir / "postgres" / "data" / "postmaster.pid"
        if pid_file.exists():
            os.kill(int(pid_file.read_text(encoding="utf-8").splitlines()[0]), signal.SIGINT)
        shutil.rmtree(self.data_dir, ignore_errors=True)

    async def places(self) -> int:
        """How many sessions it holds itself."""
        return places((await self.get("/readyz")).json())

    async def ready(self) -> int:
        """What `/readyz` answers."""
        return (await self.get("/readyz")).status_code

    async def measured(self, name: str) -> float:
        """The sum of a metric over its labels."""
        return measured((await self.get("/metrics")).text, name)

    async def get(self, path: str) -> httpx.Response:
        return await self.http.get(f"{self.url}{path}")

    @asynccontextmanager
    async def books(self) -> AsyncGenerator[Books]:
        """Read and write what the server's database keeps."""
        elsewhere = self.environment.get("VIVAVOCE_DATABASE_URL")
        file = self.data_dir / "postgres.url"
        engine = make_engine(elsewhere or await asyncio.to_thread(lambda: file.read_text("utf-8").strip()))
        try:
            yield Books(PostgresSessionStore(engine), InvitationStore(engine), StudyStore(engine))
        finally:
            await engine.dispose()

    def said(self) -> str:
        return "".join(self.output[-60:])

    def _spawn(self) -> threading.Event:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "vivavoce", "serve"],
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        ready = threading.Event()
        threading.Thread(target=self._read, args=(self.process, ready), daemon=True).start()
        return ready

    def _read(self, process: subprocess.Popen[str], ready: threading.Event) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self.output.append(line)
            if re.search(r"Ready at ", line):
                ready.set()
        ready.set()
