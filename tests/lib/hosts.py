"""Servers that hold interviews side by side, on one database, as behind a balancer that asks whether they are ready."""

from __future__ import annotations

import asyncio
import shutil
import signal
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from caller import Caller
from server_process import Books, ServerProcess, beside_others
from worker_process import SpeechProcess

SECRET = "secret.key"
"""What signs the tokens; they share it."""


@dataclass
class Hosts:
    """Servers, and who calls them."""

    folder: Path
    environment: dict[str, str]
    speech: SpeechProcess | None
    """Where they have one of their own."""
    hosts: list[ServerProcess] = field(default_factory=list[ServerProcess])
    _open: list[ServerProcess] = field(default_factory=list[ServerProcess])
    _callers: list[Caller] = field(default_factory=list[Caller])

    async def another(self) -> ServerProcess:
        """Start another one; participants are sent to it when it is ready."""
        host = ServerProcess(self.folder / f"host-{len(self.hosts) + 1}", self.environment)
        if self.hosts:
            await asyncio.to_thread(host.data_dir.mkdir)
            await asyncio.to_thread(shutil.copy2, self.hosts[0].data_dir / SECRET, host.data_dir / SECRET)
        self.hosts.append(host)
        await host.start()
        self._open.append(host)
        self._send_on()
        return host

    def end_oldest(self) -> ServerProcess:
        """SIGTERM to the one that has run longest; nobody is sent to it any more."""
        host = self.alive[0]
        host.send(signal.SIGTERM)
        self._open.remove(host)
        self._send_on()
        return host

    @property
    def web(self) -> ServerProcess:
        """One that takes participants."""
        return self._open[0]

    @property
    def alive(self) -> list[ServerProcess]:
        """Those that run."""
        return [host for host in self.hosts if host.running.poll() is None]

    @property
    def parts(self) -> dict[str, list[int]]:
        """Process ids, by what they are."""
        speech = {"speech server": [self.speech.pid]} if self.speech is not None else {}
        return {"servers": [host.running.pid for host in self.alive], **speech}

    async def caller(self, books: Books, study: str, *, beats: bool = False) -> Caller:
        """A participant; one after the other begins at the next server."""
        invitation = await books.invitation(study)
        caller = Caller(*self._urls(len(self._callers)), invitation=invitation, beats=beats)
        self._callers.append(caller)
        return caller

    def _send_on(self) -> None:
        for number, caller in enumerate(self._callers):
            caller.urls = self._urls(number)

    def _urls(self, number: int) -> list[str]:
        first = number % len(self._open)
        return [host.url for host in (*self._open[first:], *self._open[:first])]


@asynccontextmanager
async def running_hosts(
    folder: Path,
    database_url: str,
    *,
    speech_url: str | None = None,
    settings: Mapping[str, str] | None = None,
) -> AsyncGenerator[Hosts]:
    """Two servers while the context lasts.

    Args:
        folder: for what they write; empty.
        database_url: of an empty database.
        speech_url: of the speech server; None starts one for them.
        settings: of the servers, by their variables, besides those that bring them together.
    """
    speech = SpeechProcess() if speech_url is None else None
    url = speech.url if speech is not None else speech_url
    running = Hosts(folder, {**beside_others(folder, str(url), database_url), **(settings or {})}, speech)
    try:
        # One after the other: the first one makes the tables, and the secret.
        await running.another()
        await running.another()
        yield running
    finally:
        for process in (*running.hosts, *([speech] if speech is not None else [])):
            await asyncio.to_thread(process.close)
