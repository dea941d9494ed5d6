"""Two voices on one timeline: where each piece belongs, what is missing, what comes too late."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE = 48_000
"""Hz."""

STEP_S = 0.015
"""Seconds a voice may be out of step before it is put right; with the clock's own error it stays within 20 ms."""

PATIENCE_S = 5.0
"""Seconds it must be out of step for. The delay of a network swings; a sound card that runs fast or slow does not."""

GAP_S = 0.25
"""Seconds out of step at which it is put right at once: that is a pause or a stall, not a drift."""


class Voice:
    """One channel: pieces of sound on a clock, gap-free once taken.

    Args:
        start: the first sample's position, in samples of the session clock.
    """

    def __init__(self, start: int) -> None:
        self.end = start
        """Position after the last sample placed."""
        self.late = 0
        """Samples that came when their place was taken out already, or filled."""
        self._start = start
        self._sound: NDArray[np.int16] = np.zeros(0, np.int16)
        self._off_since: int | None = None
        self._off_least = 0

    def place(self, at_s: float, sound: NDArray[np.int16]) -> None:
        """`sound` begins at `at_s` of the session clock."""
        at = self._aligned(round(at_s * SAMPLE_RATE))
        if at < self.end:
            skip = min(self.end - at, len(sound))
            self.late += skip
            sound = sound[skip:]
            at = self.end
        if not len(sound):
            return
        offset = at - self._start
        if offset + len(sound) > len(self._sound):
            room = np.zeros(offset + len(sound) + SAMPLE_RATE, np.int16)
            room[: len(self._sound)] = self._sound
            self._sound = room
        self._sound[offset : offset + len(sound)] = sound
        self.end = at + len(sound)

    def take(self, end: int) -> NDArray[np.int16]:
        """The sound from where the last `take` ended up to position `end`; silence where there is none."""
        count = end - self._start
        taken = np.zeros(count, np.int16)
        there = self._sound[: min(count, max(0, self.end - self._start))]
        taken[: len(there)] = there
        self._sound = self._sound[count:].copy()
        self._start = end
        self.end = max(self.end, end)
        return taken

    def _aligned(self, at: int) -> int:
        """Where sound that claims to begin at `at` goes: usually just behind what is there."""
        off = at - self.end
        if abs(off) > GAP_S * SAMPLE_RATE:
            self._off_since = None
            return at
        if abs(off) <= STEP_S * SAMPLE_RATE or (self._off_since is not None and off * self._off_least < 0):
            self._off_since = None
            return self.end
        if self._off_since is None:
            self._off_since, self._off_least = self.end, off
        self._off_least = min(self._off_least, off, key=abs)
        if self.end - self._off_since < PATIENCE_S * SAMPLE_RATE:
            return self.end
        self._off_since = None
        return self.end + self._off_least
