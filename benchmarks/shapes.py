"""Where interviews are held while something happens to them: the two shapes, by the processes of `tests/lib`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from re import findall

from caller import Caller
from distant import Distant
from false_clock import false_clock
from rooms import Rooms, running_rooms
from server_process import ServerProcess
from two_questions import variant

from vivavoce.ops.children import speech_server
from vivavoce.ops.publish import patient_client, prepare_study
from vivavoce.protocol.check import load_study
from vivavoce.protocol.wordings import wordings
from vivavoce.settings import load
from vivavoce.storage.embedded import EmbeddedPostgres
from vivavoce.transport.livekit_client import LiveKitParticipant
from vivavoce.voice.cast import Cast
from vivavoce.voice.wording import WordingStore

STUDY = "two-questions-of-eight-minutes"
SHAPES = ("embedded", "livekit")
SENT = ("agent sent for", "another one is sent for", "another agent sent for")
"""What a server or a worker logs when it has noticed that nobody holds an interview."""


class Embedded:
    """One server, with everything in it."""

    name = "embedded"
    registered_s = None

    def __init__(self, folder: Path, settings: Mapping[str, str]) -> None:
        self.server = ServerProcess(folder / "data", dict(settings))
        self.clock = folder / "clock"
        """What sets the machine's clock, where it is a false one."""

    @property
    def web(self) -> ServerProcess:
        """What participants call first."""
        return self.server

    @property
    def data_dir(self) -> Path:
        """Of the database."""
        return self.server.data_dir

    def caller(self, invitation: str) -> Caller:
        """A participant who notices, as the page does, that nobody answers."""
        return Caller(self.server.url, invitation=invitation, beats=True)

    def distant(self, invitation: str) -> Distant:
        """A participant on a machine of their own."""
        return Distant(self.server.url, invitation=invitation, transport="websocket")

    async def agents(self, session_id: str) -> int:
        """How many hold that session."""
        running = self.server.running.poll() is None
        return min(1, await self.server.places()) if running else 0

    def sent(self, since: datetime) -> list[datetime]:
        """When somebody was sent for to go on: nobody is, here."""
        return []

    async def whole(self) -> None:
        """Make good what an interview broke."""
        if self.server.running.poll() is not None:
            await self.server.start()


class ThroughSfu:
    """A server and two workers on an SFU, and a database beside them."""

    name = "LiveKit, two workers"

    def __init__(self, rooms: Rooms, data_dir: Path) -> None:
        self.rooms = rooms
        self.data_dir = data_dir

    @property
    def registered_s(self) -> float:
        """Seconds until the SFU knew the slowest of the workers that run."""
        return max(worker.registered_s for worker in self.rooms.alive)

    @property
    def web(self) -> ServerProcess:
        """What participants call first."""
        return self.rooms.web

    def caller(self, invitation: str) -> Caller:
        """A participant who notices, as the page does, that nobody answers."""
        return Caller(self.rooms.web.url, invitation=invitation, participant=LiveKitParticipant, beats=True)

    def distant(self, invitation: str) -> Distant:
        """A participant on a machine of their own."""
        return Distant(self.rooms.web.url, invitation=invitation, transport="livekit")

    async def agents(self, session_id: str) -> int:
        """How many hold that session, at most.

        An agent that died sits in its room until the SFU has noticed, and a worker has jobs of other sessions, and for
        a moment jobs that find the session taken: whoever holds it does both.
        """
        jobs = sum(await asyncio.gather(*(worker.places() for worker in self.rooms.alive)))
        return min(jobs, len(await self.rooms.agents(session_id))) if jobs > 1 else jobs

    def sent(self, since: datetime) -> list[datetime]:
        """When somebody was sent for to go on."""
        lines = [line for one in (self.rooms.web, *self.rooms.workers) for line in one.output]
        said = [line for line in lines if any(sent in line for sent in SENT)]
        found = [datetime.fromisoformat(at) for line in said for at in findall(r"^\S+T\S+Z", line)]
        return [at for at in found if at >= since]

    async def whole(self) -> None:
        """Make good what an interview broke."""
        for worker in self.rooms.workers:
            if worker.running.poll() is not None:
                await worker.start(worker.data_dir)


Shape = Embedded | ThroughSfu


@asynccontextmanager
async def shaped(
    name: str, folder: Path, settings: Mapping[str, str], *, clock: bool = False
) -> AsyncGenerator[Shape]:
    """The shape of that name, ready, with the study in it.

    Args:
        name: one of `SHAPES`.
        folder: for what it writes; empty.
        settings: by their variables, of everything in it.
        clock: whether the clock of its machine is to be set; of the embedded shape.
    """
    await say_nothing_new()
    if name == "embedded" and not clock:
        async with _embedded(Embedded(folder, settings)) as shape:
            yield shape
        return
    postgres = EmbeddedPostgres(folder / "database")
    url = await asyncio.to_thread(postgres.attach)
    try:
        if name == "embedded":
            # PostgreSQL does not start under another account from a process whose clock is set.
            shape = Embedded(folder, {**settings, "VIVAVOCE_DATABASE_URL": url})
            shape.server.environment.update(false_clock(shape.clock))
            async with _embedded(shape):
                yield shape
            return
        (folder / "rooms").mkdir()
        async with running_rooms(folder / "rooms", url, settings=settings) as rooms:
            shape = ThroughSfu(rooms, folder / "database")
            await _publish(shape)
            yield shape
    finally:
        await asyncio.to_thread(postgres.detach)


@asynccontextmanager
async def _embedded(shape: Embedded) -> AsyncGenerator[Embedded]:
    try:
        await shape.server.start()
        await _publish(shape)
        yield shape
    finally:
        await asyncio.to_thread(shape.server.close)


async def say_nothing_new() -> None:
    """Make the sound of the study's wording, as publishing it would, where that has not been done."""
    settings = load()
    study = load_study(variant(STUDY).encode(), source="a variant")
    wording, cast = WordingStore(settings.wording_dir), Cast(settings.speech)
    if all(wording.has(text, cast.voice(study, "en")) for text in wordings(study, "en")):
        return
    async with speech_server(settings) as speech, patient_client(speech.url) as client:
        await prepare_study(study, client=client, wording=wording, cast=cast)


async def _publish(shape: Shape) -> None:
    async with shape.web.books() as books:
        await books.studies.publish(variant(STUDY))
