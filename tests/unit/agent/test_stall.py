"""The stall watch, on a loop that is really blocked."""

from __future__ import annotations

import asyncio
import time

from vivavoce.agent.stall import StallWatch


def block() -> None:
    time.sleep(0.6)


async def test_a_blocked_loop_is_told_once_with_what_blocks_it() -> None:
    told: list[tuple[float, str]] = []
    watch = asyncio.create_task(StallWatch(lambda *stall: told.append(stall), stalled_s=0.2).run())
    await asyncio.sleep(0.3)
    assert told == []
    block()
    await asyncio.sleep(0.3)
    block()
    await asyncio.sleep(0.3)
    watch.cancel()
    await asyncio.gather(watch, return_exceptions=True)
    assert len(told) == 2
    for seconds, stack in told:
        assert 0.2 <= seconds < 0.6
        assert "in block" in stack
