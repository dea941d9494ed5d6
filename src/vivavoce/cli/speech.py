"""The `vivavoce speech` command: the speech server on its own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import Annotated

import typer
import uvicorn

from vivavoce import settings
from vivavoce.errors import VivavoceError
from vivavoce.settings import Settings
from vivavoce.speech import lifeline
from vivavoce.speech.engines import ENGINES, EngineSpec
from vivavoce.speech.messages import EngineOptions
from vivavoce.speech.server import create_app
from vivavoce.speech.store import ModelStore
from vivavoce.speech.supervisor import Supervisor
from vivavoce.telemetry import logging

STOP_S = 3
"""Seconds that open requests have to end when the server is told to."""


class AddressTaken(VivavoceError):
    """The address to listen on cannot be had."""

    code = "address_taken"


def register(app: typer.Typer) -> None:
    """Add the commands of this group to the command line."""
    app.command("speech")(speech)


def speech(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8090,
    engines: Annotated[
        str | None, typer.Option(help="Comma-separated; default: the settings' speech.engines.")
    ] = None,
    models_dir: Annotated[Path | None, typer.Option(help="Where pulled models are.")] = None,
    exit_with_parent: Annotated[
        bool, typer.Option("--exit-with-parent", help="End when the process that started this ends.")
    ] = False,
) -> None:
    """Run the speech server: OpenAI-compatible speech and transcription, on this machine's processors."""
    parent = os.getppid() if exit_with_parent else None
    loaded = settings.load()
    logging.configure(level=loaded.log.level, format=loaded.log.format)
    names: Sequence[str] = [name.strip() for name in engines.split(",")] if engines else loaded.speech.engines
    supervisors = _supervisors(names, ModelStore(models_dir or loaded.models_dir), loaded)
    with contextlib.closing(_bind(host, port)) as sock:
        asyncio.run(_serve(supervisors, sock, host, parent))


def _supervisors(names: Sequence[str], store: ModelStore, loaded: Settings) -> dict[str, Supervisor]:
    unknown = [name for name in names if name not in ENGINES]
    if unknown or not names:
        raise typer.BadParameter(
            f"there is no engine {', '.join(unknown)}; choose from {', '.join(ENGINES)}",
            param_hint="--engines",
        )
    return {
        name: Supervisor(
            spec,
            EngineOptions(
                folders=_folders(spec, store),
                threads=loaded.speech.stt_threads if spec.role == "stt" else loaded.speech.tts_threads,
            ),
        )
        for name in dict.fromkeys(names)
        for spec in (ENGINES[name],)
    }


def _folders(spec: EngineSpec, store: ModelStore) -> tuple[Path, ...]:
    """The engine's usual model, which must be there, and those that were pulled beside it."""
    others = (id for id in store.installed() if store.catalogue[id].engine == spec.name and id != spec.model)
    return (store.path(spec.model), *map(store.path, others))


def _bind(host: str, port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
    except OSError as error:
        sock.close()
        raise AddressTaken(
            f"Nothing can listen on {host}:{port}: {error.strerror}.",
            next_step="Stop what listens there, or give another --port (0 takes a free one).",
        ) from error
    return sock


class _Server(uvicorn.Server):
    """uvicorn that says when it listens, and leaves signals to us."""

    def __init__(self, config: uvicorn.Config, ready: str) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            typer.echo(self._ready)

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


async def _serve(
    supervisors: dict[str, Supervisor], sock: socket.socket, host: str, parent: int | None
) -> None:
    shown = f"[{host}]" if ":" in host else host
    config = uvicorn.Config(
        create_app(supervisors), log_config=None, access_log=False, timeout_graceful_shutdown=STOP_S
    )
    server = _Server(config, f"READY http://{shown}:{sock.getsockname()[1]}")

    def stop() -> None:
        # The second time a stop is asked for, open requests are not waited for.
        server.force_exit = server.should_exit
        server.should_exit = True

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    async with asyncio.TaskGroup() as group:
        watch = group.create_task(_stop_with(parent, stop), name="speech.parent") if parent else None
        await server.serve([sock])
        if watch is not None:
            watch.cancel()


async def _stop_with(parent: int, stop: Callable[[], None]) -> None:
    await lifeline.parent_gone(parent)
    stop()
