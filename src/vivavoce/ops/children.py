"""Child processes of a one-machine deployment: the speech server."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import structlog

from vivavoce.errors import VivavoceError

if TYPE_CHECKING:
    from vivavoce.settings import Settings

READY_TIMEOUT_S = 120.0
"""Loading and warming the models takes 5-15 s on two idle cores; a busy machine gets time."""

STOP_TIMEOUT_S = 10.0

RESTART_S = (0.5, 1.0, 2.0, 5.0, 10.0)
"""Waits before a speech server that died is started again; the last one repeats."""

log = structlog.get_logger(__name__)


class SpeechServerFailed(VivavoceError):
    """The speech server did not come up."""

    code = "speech_server_failed"


@dataclass(frozen=True)
class SpeechAddress:
    """Where the speech server listens; the same over restarts of the child."""

    url: str


class Starting(Protocol):
    """A speech server that is on its way."""

    async def ready(self) -> str:
        """Wait until it answers; its URL, the same over restarts of a child.

        Raises:
            SpeechServerFailed: it did not answer, or ended before it was ready.
        """
        ...


@asynccontextmanager
async def speech_server_starting(settings: Settings) -> AsyncGenerator[Starting]:
    """The speech server that the settings name, or a child process of ours that loads its models from now on.

    For whoever has something else to do meanwhile; `speech_server` waits until it is ready.
    """
    if settings.speech.url is not None:
        yield _Elsewhere(settings.speech.url)
        return
    child = _Child(settings)
    await child.spawn()
    try:
        yield child
    finally:
        await child.stop()


@asynccontextmanager
async def speech_server(settings: Settings) -> AsyncGenerator[SpeechAddress]:
    """The speech server: the one that the settings name, or a child process of ours that is kept running.

    Raises:
        SpeechServerFailed: it did not answer, or ended before it was ready.
    """
    async with speech_server_starting(settings) as starting:
        yield SpeechAddress(await starting.ready())


@dataclass(frozen=True)
class _Elsewhere:
    url: str

    async def ready(self) -> str:
        await _wait_until_ready(self.url, process=None)
        return self.url


class _Child:
    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._process: asyncio.subprocess.Process | None = None
        self._pump: asyncio.Task[None] | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    async def spawn(self) -> None:
        """Start the process; it loads its models by itself."""
        engines = ",".join(self._settings.speech.engines)
        environment = dict(os.environ, VIVAVOCE_MODELS_DIR=str(self._settings.models_dir))
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "vivavoce.cli",
            "speech",
            "--host",
            "127.0.0.1",
            "--port",
            str(self._port),
            "--engines",
            engines,
            "--exit-with-parent",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=environment,
            # Ctrl-C in a terminal goes to the whole foreground group; this child is stopped by us, after the sessions.
            start_new_session=True,
        )

    async def ready(self) -> str:
        """See `Starting.ready`. From then on it is kept running."""
        await self._wait()
        self._keeper = asyncio.create_task(self._keep(), name="speech.keeper")
        return self.url

    async def _wait(self) -> None:
        assert self._process is not None
        self._port = await self._read_port(self._process)
        self._pump = asyncio.create_task(_drain(self._process), name="speech.stdout")
        await _wait_until_ready(self.url, process=self._process)

    async def _read_port(self, process: asyncio.subprocess.Process) -> int:
        assert process.stdout is not None
        try:
            async with asyncio.timeout(READY_TIMEOUT_S):
                async for line in process.stdout:
                    text = line.decode(errors="replace").strip()
                    if text.startswith("READY "):
                        return int(text.rsplit(":", 1)[1].rstrip("/"))
        except TimeoutError:
            process.kill()
        code = await process.wait()
        raise SpeechServerFailed(
            f"The speech server ended with code {code} before it listened.",
            next_step="Read its messages above; `vivavoce models list` shows whether the models are there.",
        )

    async def _keep(self) -> None:
        """Start it again when it ends, at the same address, until cancelled."""
        deaths = 0
        while True:
            assert self._process is not None
            code = await self._process.wait()
            wait = RESTART_S[min(deaths, len(RESTART_S) - 1)]
            deaths += 1
            log.error("speech server ended, starting it again", code=code, wait_s=wait)
            await asyncio.sleep(wait)
            try:
                await self.spawn()
                await self._wait()
            except SpeechServerFailed as error:
                log.error("speech server did not start", error=str(error))
            else:
                log.info("speech server is back", url=self.url)

    async def stop(self) -> None:
        """End it, and what looked after it."""
        for task in (self._keeper, self._pump):
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


async def _drain(process: asyncio.subprocess.Process) -> None:
    """Read on, so that a full pipe never stops the child."""
    assert process.stdout is not None
    async for line in process.stdout:
        log.debug("speech server", line=line.decode(errors="replace").rstrip())


async def _wait_until_ready(url: str, *, process: asyncio.subprocess.Process | None) -> None:
    # Imported when the child is under way: it takes a quarter of a second.
    from vivavoce.speech.client import SpeechClient, SpeechUnavailable

    client = SpeechClient(url)
    try:
        async with asyncio.timeout(READY_TIMEOUT_S):
            while True:
                try:
                    if (await client.ready()).ready:
                        return
                except SpeechUnavailable as error:
                    if process is None:
                        log.info("waiting for the speech server", url=url, error=str(error))
                if process is not None and process.returncode is not None:
                    raise SpeechServerFailed(
                        f"The speech server ended with code {process.returncode} while it loaded its models.",
                        next_step="Read its messages above; `vivavoce models verify` checks the models.",
                    )
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise SpeechServerFailed(
            f"The speech server at {url} was not ready after {READY_TIMEOUT_S:.0f} s.",
            next_step=f"Open {url}/readyz: it names what is still loading.",
        ) from None
    finally:
        await client.aclose()
