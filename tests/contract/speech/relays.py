"""`vivavoce speech` as a process of its own, in front of upstreams that the test serves."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from vivavoce.speech.client import SpeechClient

CACHE = "VIVAVOCE_SPEECH__CACHE_DIR"
"""The one setting that a server of a test takes over: a folder of this run of the tests."""


@dataclass(frozen=True)
class Command:
    """The running server."""

    url: str
    pid: int
    client: SpeechClient
    http: httpx.AsyncClient
    log: Path

    async def model(self, name: str) -> dict[str, Any]:
        return (await self.http.get(f"/v1/models/{name}")).json()

    async def ready(self) -> bool:
        return (await self.http.get("/readyz")).status_code == 200

    async def until_ready(self, *, within_s: float = 60.0) -> None:
        async with asyncio.timeout(within_s):
            while not await self.ready():
                await asyncio.sleep(0.02)

    async def metric(self, line: str) -> float:
        text = (await self.http.get("/metrics")).text
        return next(float(row.rsplit(" ", 1)[1]) for row in text.splitlines() if row.startswith(line))

    def relay_pid(self, engine: str) -> int:
        """Of the process that stands for an engine."""
        for folder in Path("/proc").iterdir():
            if not folder.name.isdigit():
                continue
            try:
                command = (folder / "cmdline").read_bytes().split(b"\0")
                parent = (folder / "stat").read_text().rsplit(")", 1)[1].split()[1]
            except OSError:
                continue
            if int(parent) == self.pid and b"vivavoce.speech.relay" in command and engine.encode() in command:
                return int(folder.name)
        raise LookupError(f"no relay {engine} of {self.pid}")

    async def speak(self, text: str = "Hello.", **options: Any) -> bytes:
        async with self.client.speak(text, **options) as sound:
            return b"".join([piece async for piece in sound])


def proc(pid: int, name: str) -> bytes:
    """A file of a process's under /proc."""
    return Path(f"/proc/{pid}/{name}").read_bytes()


def resident_kb(pid: int) -> int:
    """A process's resident memory, KiB."""
    return int(re.findall(rb"VmRSS:\s+(\d+)", proc(pid, "status"))[0])


@asynccontextmanager
async def speech_command(
    folder: Path, upstreams: Mapping[str, Mapping[str, Any]], *arguments: str
) -> AsyncGenerator[Command]:
    """Start `vivavoce speech` with these upstreams as its engines; kill it afterwards.

    Args:
        folder: for its settings, its clips and its log.
        upstreams: by name: what stands under `speech.upstreams`; with little patience unless they say so.
        arguments: for the command.
    """
    lines = [f'data_dir = "{folder}"', "[speech]", f"engines = {list(upstreams)}"]
    for name, values in upstreams.items():
        lines.append(f"[speech.upstreams.{name}]")
        patient = {"connect_s": 1.0, "first_byte_s": 2.0, "between_s": 1.0, "whole_s": 20.0, **values}
        lines += [f"{key} = {_toml(value)}" for key, value in patient.items()]
    (folder / "vivavoce.toml").write_text("\n".join(lines) + "\n")
    log = folder / "speech.log"
    with log.open("wb") as stderr:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "vivavoce.cli", "speech", "--port", "0", *arguments,
            stdout=asyncio.subprocess.PIPE,
            stderr=stderr,
            cwd=folder,
            env={
                **{
                    name: value
                    for name, value in os.environ.items()
                    if name == CACHE or not name.startswith("VIVAVOCE_")
                },
                "VIVAVOCE_LOG__LEVEL": "debug",
            },
        )  # fmt: skip
    try:
        assert process.stdout is not None
        async with asyncio.timeout(60):
            line = (await process.stdout.readline()).decode()
        assert line.startswith("READY http://"), f"no READY line, but {line!r}: {log.read_text()}"
        url = line.split()[1]
        async with SpeechClient(url) as client, httpx.AsyncClient(base_url=url, timeout=20) as http:
            yield Command(url, process.pid, client, http, log)
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGKILL)
        await process.wait()


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value) if isinstance(value, int | float | list) else f'"{value}"'
