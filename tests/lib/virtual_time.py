"""An event loop whose clock jumps: what waits for time waits for nothing, and hours pass in milliseconds.

For code that waits on tasks and timers only. Threads and sockets take real time, of which this loop knows nothing.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


class _Jump(selectors.SelectSelector):
    """A selector that, asked to wait, lets the loop's clock jump instead."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("everything waits, and nothing will ever happen")
        self.now += max(0.0, timeout)
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """See the module."""

    def __init__(self) -> None:
        self._jump = _Jump()
        super().__init__(self._jump)

    def time(self) -> float:
        return self._jump.now


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """Run on virtual time; a deadlock is a RuntimeError, and so is a callback that fails."""
    broken: list[dict[str, Any]] = []
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.get_loop().set_exception_handler(lambda _, context: broken.append(context))
        result = runner.run(work)
    if broken:
        raise RuntimeError(broken[0]["message"]) from broken[0].get("exception")
    return result
