"""Where on a clock a stream of sound belongs, judged by when its pieces arrive."""

from __future__ import annotations

from collections import deque

WINDOW_S = 3.0
"""Seconds of arrivals that decide. Longer than a burst a line lets pass after a stall (2 s), short enough to follow a
sound card whose clock is off."""


class ArrivalClock:
    """Places the pieces of one continuous stream on a clock.

    Pieces are late by a varying delay, never early: the smallest delay seen lately is taken as that of the path, so a
    piece held up by the network is still placed where it was spoken. A stream that pauses longer than `window_s` begins
    anew at its next arrival.

    Args:
        window_s: seconds of arrivals that decide.
    """

    def __init__(self, *, window_s: float = WINDOW_S) -> None:
        self._window_s = window_s
        self._length_s = 0.0
        # (arrival, arrival - length then), the second increasing: the first entry holds the smallest of the window.
        self._delays: deque[tuple[float, float]] = deque()

    def place(self, duration_s: float, now_s: float) -> float:
        """A piece of `duration_s` has just arrived, at `now_s`; returns the second at which it begins."""
        self._length_s += duration_s
        delay = now_s - self._length_s
        while self._delays and self._delays[0][0] < now_s - self._window_s:
            self._delays.popleft()
        while self._delays and self._delays[-1][1] >= delay:
            self._delays.pop()
        self._delays.append((now_s, delay))
        return self._length_s - duration_s + self._delays[0][1]

    def reset(self) -> None:
        """The stream begins anew."""
        self._length_s = 0.0
        self._delays.clear()
