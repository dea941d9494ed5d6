"""The one-machine shape: database, speech server, agent host and web in one command, started and stopped in order."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

import structlog
from prometheus_client import CollectorRegistry

from vivavoce.agent.hearing import Hearing
from vivavoce.agent.host import Host
from vivavoce.errors import VivavoceError
from vivavoce.ops.checks import database_check, speech_check
from vivavoce.ops.children import speech_server
from vivavoce.ops.invite import invite, public_url
from vivavoce.ops.publish import Progress, patient_client, publish
from vivavoce.ops.spool import keep_left_over
from vivavoce.protocol.study import Study
from vivavoce.session.clock import Clock, SystemClock
from vivavoce.settings import Settings
from vivavoce.speech.client import SpeechClient
from vivavoce.storage.open import Storage, open_storage
from vivavoce.telemetry.metrics import Metrics
from vivavoce.voice.wording import WordingStore
from vivavoce.web.app import create_app
from vivavoce.web.health import host_check
from vivavoce.web.keys import load_or_create
from vivavoce.web.server import serving

log = structlog.get_logger(__name__)

Started = TypeVar("Started")

Step = Callable[[str], None]
"""Told what is being started, for people."""


class PortTaken(VivavoceError):
    """The web server's address is in use."""

    code = "port_taken"


@dataclass(frozen=True)
class Server:
    """A running one-machine deployment."""

    url: str
    speech_url: str
    storage: Storage
    client: SpeechClient
    wording: WordingStore
    clock: Clock

    async def publish(
        self, data: bytes, *, source: str, on_progress: Progress = lambda language, done, total: None
    ) -> Study:
        """Publish a study here; see `ops.publish.publish`."""
        async with patient_client(self.speech_url) as client:
            return await publish(
                data,
                source=source,
                shelf=self.storage.studies,
                client=client,
                wording=self.wording,
                on_progress=on_progress,
            )

    async def invite(self, study_id: str, count: int = 1, *, language: str | None = None) -> list[str]:
        """Make invitations; returns their links."""
        return await invite(
            self.storage.invitations, study_id, count, url=self.url, clock=self.clock, language=language
        )


@asynccontextmanager
async def serve(
    settings: Settings, *, on_step: Step = lambda step: None, clock: Clock | None = None
) -> AsyncGenerator[Server]:
    """Run everything on this machine until the context ends; then drain and stop, in the reverse order.

    Raises:
        VivavoceError: a part could not be started; what was started before it is stopped again.
    """
    clock = clock or SystemClock()
    sock = _bind(settings)
    port = sock.getsockname()[1]
    url = public_url(settings.web, port=port)
    async with AsyncExitStack() as stack:
        stack.callback(sock.close)
        on_step("Starting the database and the speech server")
        storage, speech = await _both(stack, settings)
        client = SpeechClient(speech)
        stack.push_async_callback(client.aclose)
        spool = settings.data_dir / "spool"
        await asyncio.to_thread(spool.mkdir, parents=True, exist_ok=True)
        wording = WordingStore(settings.wording_dir)
        metrics = Metrics(CollectorRegistry())
        hearing = Hearing(settings.turn.detector)
        host = Host(
            store=storage.sessions,
            studies=storage.studies,
            client=client,
            wording=wording,
            hearing=hearing,
            archive=storage.recordings,
            settings=settings,
            clock=clock,
            spool=spool,
            metrics=metrics,
        )
        on_step("Warming up the moderator")
        await hearing.warm()
        await keep_left_over(spool, storage.recordings.keep)
        app = create_app(
            invitations=storage.invitations,
            studies=storage.studies,
            sessions=storage.sessions,
            gateway=host,
            settings=settings.web,
            clock=clock,
            keys=await asyncio.to_thread(load_or_create, settings.data_dir),
            checks={
                "database": database_check(storage.sessions),
                "speech": speech_check(client),
                "host": host_check(host),
            },
            registry=metrics.registry,
        )
        for name, work in (("host.sweep", host.sweeper.run()), ("host.loop", host.watch_loop())):
            await stack.enter_async_context(_background(work, name))
        await stack.enter_async_context(serving(app, sock))
        # First to stop: sessions say goodbye while their lines are still served.
        stack.push_async_callback(host.aclose)
        log.info("ready", url=url)
        yield Server(url=url, speech_url=speech, storage=storage, client=client, wording=wording, clock=clock)


def _bind(settings: Settings) -> socket.socket:
    sock = socket.socket(socket.AF_INET6 if ":" in settings.web.host else socket.AF_INET)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((settings.web.host, settings.web.port))
    except OSError as error:
        sock.close()
        raise PortTaken(
            f"Nothing can listen on {settings.web.host}:{settings.web.port}: {error.strerror}.",
            next_step="Stop what listens there, or set VIVAVOCE_WEB__PORT to another port (0 takes a free one).",
        ) from error
    return sock


async def _both(stack: AsyncExitStack, settings: Settings) -> tuple[Storage, str]:
    """Database and speech server start at the same time: the slower one decides, not their sum.

    Whichever is up when the other fails, or when we are told to stop, is on the stack to be stopped again.
    """
    storage = open_storage(settings, exclusive=True)
    speech = speech_server(settings)
    opening_storage = asyncio.create_task(_enter(stack, storage), name="start database")
    opening_speech = asyncio.create_task(_enter(stack, speech), name="start speech server")
    both = (opening_storage, opening_speech)
    try:
        await asyncio.wait(both, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        for task in both:
            task.cancel()
        await asyncio.gather(*both, return_exceptions=True)
    for task in both:
        if not task.cancelled() and (error := task.exception()) is not None:
            raise error
    return opening_storage.result(), opening_speech.result().url


async def _enter(stack: AsyncExitStack, manager: AbstractAsyncContextManager[Started]) -> Started:
    return await stack.enter_async_context(manager)


@asynccontextmanager
async def _background(work: Coroutine[None, None, None], name: str) -> AsyncGenerator[None]:
    """Work that runs until the context ends; if it fails before, the failure is seen at once and the process told."""
    task = asyncio.create_task(work, name=name)
    task.add_done_callback(_report)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _report(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.critical("background work failed", task=task.get_name(), exc_info=error)
