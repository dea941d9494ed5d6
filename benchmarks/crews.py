"""Those who hold interviews side by side, by the processes of `tests/lib`: two servers, or two workers on an SFU."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from hosts import Hosts, running_hosts
from rooms import Rooms, running_rooms
from two_questions import variant

from shapes import STUDY, say_nothing_new
from vivavoce.storage.embedded import EmbeddedPostgres

SHAPES = {"hosts": "two servers", "livekit": "LiveKit, two workers"}
PREWARMED = 2
"""Processes a worker keeps warm."""

Crew = Hosts | Rooms


@asynccontextmanager
async def crew_of(shape: str, *, slots: int) -> AsyncGenerator[Crew]:
    """One with a database of its own, ready, with the study in it.

    Args:
        shape: one of `SHAPES`.
        slots: how many interviews each of the two may hold.
    """
    await say_nothing_new()
    settings = {"VIVAVOCE_HOST__SLOTS": str(slots), "VIVAVOCE_LIVEKIT__PREWARMED": str(PREWARMED)}
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vivavoce-crew-")))
        postgres = EmbeddedPostgres(folder / "database")
        url = await asyncio.to_thread(postgres.attach)
        stack.push_async_callback(asyncio.to_thread, postgres.detach)
        (folder / "crew").mkdir()
        running = running_rooms if shape == "livekit" else running_hosts
        crew = await stack.enter_async_context(running(folder / "crew", url, settings=settings))
        async with crew.web.books() as books:
            await books.studies.publish(variant(STUDY))
        yield crew
