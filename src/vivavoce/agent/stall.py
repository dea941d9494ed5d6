"""The stall watch: a thread that says what the event loop is busy with while it does not turn."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
import traceback
from collections.abc import Callable

import structlog

STALLED_S = 0.5
"""An event loop that has not turned for so long is heard: lines buffer less than that."""

BEAT_S = 0.1

log = structlog.get_logger(__name__)

Stalled = Callable[[float, str], None]
"""Told once a stall, on the watch's thread: seconds so far, and the stack of what runs on the loop, innermost last."""


def report(seconds: float, stack: str) -> None:
    """Write a stall to the log."""
    log.error("the event loop does not turn", seconds=round(seconds, 1), stack=stack)


class StallWatch:
    """Watches the event loop that it runs on.

    Args:
        stalled: see `Stalled`.
        stalled_s: seconds without a turn that are a stall.
    """

    def __init__(self, stalled: Stalled = report, *, stalled_s: float = STALLED_S) -> None:
        self._stalled = stalled
        self._stalled_s = stalled_s
        self._beat = 0.0
        self._loop_thread = 0
        self._stop = threading.Event()

    async def run(self) -> None:
        """Watch until cancelled."""
        self._loop_thread = threading.get_ident()
        self._beat = time.monotonic()
        thread = threading.Thread(target=self._watch, name="stall watch", daemon=True)
        thread.start()
        try:
            while True:
                self._beat = time.monotonic()
                await asyncio.sleep(BEAT_S)
        finally:
            self._stop.set()
            await asyncio.to_thread(thread.join)

    def _watch(self) -> None:
        told = False
        while not self._stop.wait(BEAT_S):
            late_s = time.monotonic() - self._beat
            if late_s < self._stalled_s:
                told = False
            elif not told:
                told = True
                # Documented for this purpose: https://docs.python.org/3/library/sys.html#sys._current_frames
                frame = sys._current_frames().get(self._loop_thread)  # pyright: ignore[reportPrivateUsage]
                self._stalled(late_s, "".join(traceback.format_stack(frame)) if frame is not None else "")
