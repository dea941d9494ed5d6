"""The 20 ms clock of a sender."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

TICK_S = 0.02
"""Seconds of sound a packet or frame holds."""

CATCH_UP = 3
"""Ticks a late sender may send at once. The other side's jitter buffer takes 60 ms; more would be a burst."""


class Pacer:
    """Ticks on a fixed grid, without drift and without bursts.

    A tick that comes a little late is followed sooner by the next. After a longer stall the missed ticks are skipped:
    sound delayed by a stall is played later, not faster.

    Args:
        period_s: seconds between ticks.
        monotonic: the clock.
        sleep: waits on that clock.
    """

    def __init__(
        self,
        period_s: float = TICK_S,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._period_s = period_s
        self._monotonic = monotonic
        self._sleep = sleep
        self._next: float | None = None

    async def tick(self) -> int:
        """Wait for the next tick; returns how many were skipped before it, usually 0. The first comes at once."""
        now = self._monotonic()
        if self._next is None:
            self._next = now + self._period_s
            return 0
        skipped = 0
        late = int((now - self._next) / self._period_s)
        if late >= CATCH_UP:
            skipped = late
            self._next += skipped * self._period_s
        wait = self._next - now
        self._next += self._period_s
        # A sender that is behind still lets the loop breathe.
        await self._sleep(max(0.0, wait))
        return skipped
