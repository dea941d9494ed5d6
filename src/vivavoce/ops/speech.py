"""The speech server as a process of its own: its engines, its address, and its end."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Callable, Generator, Sequence
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from vivavoce import lifeline
from vivavoce.ops.address import bind
from vivavoce.settings import SpeechSettings, UpstreamSettings
from vivavoce.speech.cache import SpeechCache
from vivavoce.speech.casting import Casting
from vivavoce.speech.clips import ClipStore
from vivavoce.speech.engines import ENGINES, EngineSpec
from vivavoce.speech.messages import EngineOptions, RelayOptions
from vivavoce.speech.server import create_app
from vivavoce.speech.serving import config, hurry
from vivavoce.speech.store import ModelStore
from vivavoce.speech.supervisor import Limits, Supervisor
from vivavoce.speech.upstream.kinds import IMITATORS, concurrency

STOP_S = 3
"""Seconds that open requests have to end when the server is told to."""


def run(
    engines: Sequence[str],
    *,
    store: ModelStore,
    clips: ClipStore,
    settings: SpeechSettings,
    host: str,
    port: int,
    parent: int | None,
) -> None:
    """Serve these engines until SIGINT, SIGTERM, or the end of the process `parent`. Prints `READY` and the address.

    Raises:
        ModelMissing, ModelDamaged: an engine's usual model is not there.
        AddressTaken: nothing can listen there.
    """
    supervisors = {
        name: _local(ENGINES[name], store, settings)
        if name in ENGINES
        else _relayed(name, settings.upstreams[name], clips)
        for name in dict.fromkeys(engines)
    }
    sock = bind(host, port, next_step="Stop what listens there, or give another --port (0 takes a free one).")
    hurry(sock)
    with contextlib.closing(sock):
        app = create_app(supervisors, clips=clips, casting=Casting(settings.voices), cache=_cache(settings))
        asyncio.run(_serve(app, sock, host, parent))


def _cache(settings: SpeechSettings) -> SpeechCache | None:
    limit = settings.cache_mb << 20
    return SpeechCache(settings.cache_dir, limit=limit) if limit else None


def _local(spec: EngineSpec, store: ModelStore, settings: SpeechSettings) -> Supervisor:
    threads = settings.stt_threads if spec.role == "stt" else settings.tts_threads
    return Supervisor(spec, EngineOptions(folders=_folders(spec, store), threads=threads))


def _relayed(name: str, upstream: UpstreamSettings, clips: ClipStore) -> Supervisor:
    options = RelayOptions(name=name, clips=clips.root, **dict(upstream))
    spec = EngineSpec(
        name,
        upstream.role,
        factory="",
        model=upstream.model or upstream.kind,
        worker="vivavoce.speech.relay",
        imitates=upstream.kind in IMITATORS,
    )
    # As many wait as are at work, and at least as many as for an engine of ours.
    at_once, usual = concurrency(options), Limits()
    limits = Limits(live=max(usual.live, 2 * at_once), other=max(usual.other, at_once))
    return Supervisor(spec, options, limits=limits)


def _folders(spec: EngineSpec, store: ModelStore) -> tuple[Path, ...]:
    """The engine's usual model, which must be there, and those that were pulled beside it."""
    others = (id for id in store.installed() if store.catalogue[id].engine == spec.name and id != spec.model)
    return (store.path(spec.model), *map(store.path, others))


class _Server(uvicorn.Server):
    """uvicorn that says when it listens, and leaves signals to us."""

    def __init__(self, config: uvicorn.Config, ready: str) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            print(self._ready, flush=True)

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


async def _serve(app: FastAPI, sock: socket.socket, host: str, parent: int | None) -> None:
    shown = f"[{host}]" if ":" in host else host
    server = _Server(config(app, stop_s=STOP_S), f"READY http://{shown}:{sock.getsockname()[1]}")

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
