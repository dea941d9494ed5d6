"""How late an event loop is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

EVERY_S = 1.0
"""Seconds between two measurements."""


async def lags() -> AsyncGenerator[float]:
    """Seconds by which the running loop ran its latest timer late, measured again and again without end."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + EVERY_S
        await asyncio.sleep(EVERY_S)
        yield max(0.0, loop.time() - due)
