"""Sessions that nobody looks after, seen from outside while they run."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from server_process import Books

from vivavoce.session.errors import StorageUnavailable
from vivavoce.session.events import SessionStatus

LOOK_S = 0.5


@dataclass
class Unheld:
    """How long sessions have been ACTIVE though nobody held them."""

    longest_s: float = 0.0
    of: dict[str, float] = field(default_factory=dict[str, float])
    """The longest of each session, by its id."""
    _since: dict[str, float] = field(default_factory=dict[str, float])

    async def run(self, books: Books) -> None:
        """Look again and again, until cancelled."""
        while True:
            # A database that is away is waited for, as the product does; time goes on meanwhile.
            with contextlib.suppress(StorageUnavailable):
                await self.look(books)
            await asyncio.sleep(LOOK_S)

    async def look(self, books: Books) -> None:
        """Look once."""
        active = await books.sessions.list(statuses=frozenset({SessionStatus.ACTIVE}), limit=1000)
        now = time.monotonic()
        unheld = {one.session_id for one in active if not one.leased}
        self._since = {one: self._since.get(one, now) for one in unheld}
        for one, since in self._since.items():
            self.of[one] = max(self.of.get(one, 0.0), now - since)
            self.longest_s = max(self.longest_s, now - since)


@asynccontextmanager
async def watched(books: Books) -> AsyncGenerator[Unheld]:
    """Look while the context lasts."""
    unheld = Unheld()
    looking = asyncio.create_task(unheld.run(books), name="unheld")
    try:
        yield unheld
    finally:
        looking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await looking
