"""How long a speech server that does not answer is waited for: one that was killed comes back."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

LONGEST_S = 25.0
"""No other try is begun so long after the first; a server that hangs costs a read time-out more."""


class Patience:
    """Of one caller with one question: when to ask again.

    Args:
        waits_s: seconds before each further try.
    """

    def __init__(self, waits_s: Sequence[float]) -> None:
        self._waits_s = iter(waits_s)
        self._loop = asyncio.get_running_loop()
        self._until = self._loop.time() + LONGEST_S

    async def again(self) -> bool:
        """Wait before another try; False, at once, when there have been enough."""
        wait_s = next(self._waits_s, None)
        if wait_s is None or self._loop.time() + wait_s > self._until:
            return False
        await asyncio.sleep(wait_s)
        return True
