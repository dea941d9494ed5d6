"""A running one-machine deployment: agent host and web, joined to the database and the speech server they stand on."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import structlog
from prometheus_client import CollectorRegistry

from vivavoce.agent.purse import Purse
from vivavoce.ops.background import background
from vivavoce.ops.checks import database_check, speech_check
from vivavoce.ops.invite import announced, invite, public_url
from vivavoce.ops.pipeline import runs
from vivavoce.ops.publish import Progress, patient_client, publish
from vivavoce.ops.rooms import rooms_of, sfu_check
from vivavoce.ops.spool import keep_left_over
from vivavoce.protocol.study import Study
from vivavoce.session.clock import Clock, SystemClock
from vivavoce.settings import Settings
from vivavoce.speech.client import SpeechClient
from vivavoce.storage.open import Storage
from vivavoce.telemetry.metrics import Metrics
from vivavoce.voice.cast import Cast
from vivavoce.voice.prices import PriceTable
from vivavoce.voice.wording import WordingStore
from vivavoce.web.app import create_app
from vivavoce.web.gateway import Capacity
from vivavoce.web.health import HOST, host_check
from vivavoce.web.keys import load_or_create
from vivavoce.web.rooms import Rooms
from vivavoce.web.server import serving

if TYPE_CHECKING:
    from vivavoce.ops.hosting import Hosting

log = structlog.get_logger(__name__)


class Holder(Protocol):
    """Who holds the sessions, as whoever stops a server sees it: the host, or the rooms of an SFU."""

    def capacity(self) -> Capacity:
        """How many sessions there are."""
        ...

    def begin_drain(self) -> None:
        """Take no new session from now on."""
        ...

    async def drain(self) -> bool:
        """Wait until the sessions have come to their end; False if some have not in time."""
        ...

    async def worn_out(self) -> int:
        """Wait until enough sessions were held here and all have ended (`host.recycle_after`); how many it was."""
        ...

    async def aclose(self) -> None:
        """Let go of the sessions."""
        ...


@dataclass(frozen=True)
class Server:
    """A running one-machine deployment."""

    url: str
    speech_url: str
    storage: Storage
    client: SpeechClient
    wording: WordingStore
    clock: Clock
    settings: Settings
    prices: PriceTable
    cast: Cast
    host: Holder

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
                settings=self.settings,
                prices=self.prices,
                on_progress=on_progress,
            )

    async def invite(self, study_id: str, count: int = 1, *, language: str | None = None) -> list[str]:
        """Make invitations; returns their links."""
        return await invite(
            self.storage,
            study_id,
            count,
            url=self.url,
            clock=self.clock,
            llm=self.settings.llm,
            guard=self.settings.guard,
            realtime=self.settings.realtime,
            language=language,
        )


@asynccontextmanager
async def compose(
    settings: Settings,
    *,
    sock: socket.socket,
    storage: Storage,
    speech_url: str,
    hosting: Hosting | None,
    prices: PriceTable,
    clock: Clock | None = None,
) -> AsyncGenerator[Server]:
    """Run the agent host and the web until the context ends; then sessions say goodbye, and both stop.

    Args:
        settings: of the deployment.
        sock: bound to the web's address.
        storage: open, and ours alone to serve.
        speech_url: of the speech server.
        hosting: warm; None where agent workers hold the interviews, on an SFU.
        prices: of everything in the settings.
        clock: wall clock; default: the machine's.

    Raises:
        VivavoceError: a part could not be started; what was started before it is stopped again.
    """
    clock = clock or SystemClock()
    url = public_url(settings.web, port=sock.getsockname()[1])
    async with AsyncExitStack() as stack:
        client = SpeechClient(speech_url)
        stack.push_async_callback(client.aclose)
        spool = settings.data_dir / "spool"
        await asyncio.to_thread(spool.mkdir, parents=True, exist_ok=True)
        wording = WordingStore(settings.wording_dir)
        metrics = Metrics(CollectorRegistry())
        purse = Purse(storage.ledger, settings.money, metrics=metrics)
        checks = {"database": database_check(storage.sessions), "speech": speech_check(client)}
        rooms: Rooms | None = None
        if hosting is None:
            host, sweeper = await stack.enter_async_context(rooms_of(settings, storage, clock))
            rooms = host
            checks["sfu"] = sfu_check(host.sfu)
            work = [("rooms.sweep", sweeper.run())]
        else:
            host, work = hosting.host(
                storage=storage,
                client=client,
                wording=wording,
                clock=clock,
                spool=spool,
                metrics=metrics,
                prices=prices,
                purse=purse,
            )
        await keep_left_over(spool, storage.recordings.keep, storage.sessions)
        app = create_app(
            invitations=storage.invitations,
            studies=storage.studies,
            sessions=storage.sessions,
            gateway=host,
            admits=purse.admits,
            settings=settings.web,
            clock=clock,
            keys=await asyncio.to_thread(load_or_create, settings.data_dir),
            checks={**checks, HOST: host_check(host)},
            rooms=rooms,
            registry=metrics.registry,
        )
        if settings.pipeline.here:
            work += runs(settings, storage, client, clock=clock, metrics=metrics)
        for name, running in work:
            await stack.enter_async_context(background(running, name))
        await stack.enter_async_context(serving(app, sock))
        await asyncio.to_thread(stack.enter_context, announced(settings.data_dir, url))
        # First to stop: sessions say goodbye while their lines are still served.
        stack.push_async_callback(host.aclose)
        log.info("ready", url=url)
        yield Server(
            url=url,
            speech_url=speech_url,
            storage=storage,
            client=client,
            wording=wording,
            clock=clock,
            settings=settings,
            prices=prices,
            cast=Cast(settings.speech),
            host=host,
        )
