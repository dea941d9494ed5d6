"""How fast an engine gets through its requests, to tell those who must wait how long. Pure; the time is passed in."""

from __future__ import annotations

UNKNOWN_S = 1.0
"""Seconds a request is taken to need before any has ended."""

WEIGHT = 0.2
"""Of the newest request in the mean: the last dozen count."""


class Pace:
    """The seconds from one ending to the next while there is work, whatever an engine does at once."""

    def __init__(self) -> None:
        self._mean_s: float | None = None
        self._since = 0.0

    def began(self, *, now: float) -> None:
        """An engine that had nothing to do has work."""
        self._since = now

    def ended(self, *, now: float) -> None:
        """A request ended."""
        taken = max(0.0, now - self._since)
        self._since = now
        self._mean_s = taken if self._mean_s is None else self._mean_s + WEIGHT * (taken - self._mean_s)

    def wait_s(self, endings: int) -> float:
        """Seconds until so many requests will have ended."""
        return endings * (UNKNOWN_S if self._mean_s is None else self._mean_s)
