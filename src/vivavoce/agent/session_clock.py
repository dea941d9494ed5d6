"""The session clock: seconds since the participant's first joining, by the event loop's time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

from vivavoce.session.clock import Clock
from vivavoce.session.state import SessionState


class SessionClock:
    """One session's, from when this process holds it; made on the event loop.

    The wall clock is read once, so that no timer moves when the machine's clock is set.

    Args:
        state: gives the fold of the log.
        wall: the wall clock.
    """

    def __init__(self, state: Callable[[], SessionState], wall: Clock) -> None:
        self._state = state
        self._loop = asyncio.get_running_loop()
        self._began = wall.now(), self._loop.time()
        self._zero = self._loop.time() - state().at_s(self._began[0])

    def start(self) -> None:
        """The participant joins for the first time: it is 0 now."""
        self._zero = self._loop.time()

    def now(self) -> datetime:
        """The wall clock, as it has gone on since we began, whatever it has been set to."""
        at, since = self._began
        return at + timedelta(seconds=self._loop.time() - since)

    def now_s(self) -> float:
        """Seconds on the session clock; 0 before the first joining."""
        return self.at_s(self._loop.time())

    def at_s(self, at: float) -> float:
        """An event-loop time on the session clock; 0 before the first joining."""
        if self._state().joined_at is None:
            return 0.0
        return round(max(0.0, at - self._zero), 3)
