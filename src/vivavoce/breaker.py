"""When an upstream is left alone: a circuit breaker. Pure; the time is passed in.

Closed, every request goes through. After `failures` in a row it opens: requests are refused at once, so that callers
do not each wait for a time-out and a sick server gets rest. After `open_s` it is half open: one request may try. Its
success closes the breaker, its failure opens it again for twice as long, up to `longest_open_s`.

Only failures of the server count. A refusal of one request (4xx) is an answer, and an answer is a success.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class BreakerState(StrEnum):
    """What a breaker does with the next request."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True, slots=True)
class BreakerRules:
    """When a breaker opens, and for how long.

    Attributes:
        failures: in a row, without a success between them, that open it.
        open_s: seconds it stays open the first time.
        longest_open_s: seconds it stays open at most, after it has failed again and again.
    """

    failures: int = 5
    open_s: float = 5.0
    longest_open_s: float = 60.0


class Breaker:
    """The breaker of one upstream. Every `now` is in seconds, of any one clock that does not go back."""

    def __init__(self, rules: BreakerRules | None = None) -> None:
        self._rules = rules or BreakerRules()
        self._failures = 0
        self._open_s = self._rules.open_s
        self._opened_at: float | None = None
        self._trying = False

    def state(self, now: float) -> BreakerState:
        """What it would do with a request now."""
        if self._opened_at is None:
            return BreakerState.CLOSED
        return BreakerState.OPEN if self.wait_s(now) > 0 else BreakerState.HALF_OPEN

    def wait_s(self, now: float) -> float:
        """Seconds until a request may try again; 0 when one may now."""
        if self._opened_at is None:
            return 0.0
        return max(0.0, self._opened_at + self._open_s - now)

    def admit(self, now: float) -> bool:
        """Whether a request may go. One that may must end in `succeeded`, `failed` or `abandoned`."""
        state = self.state(now)
        if state is BreakerState.CLOSED:
            return True
        if state is BreakerState.OPEN or self._trying:
            return False
        self._trying = True
        return True

    def succeeded(self) -> None:
        """The server answered."""
        self._failures, self._open_s = 0, self._rules.open_s
        self._opened_at, self._trying = None, False

    def failed(self, now: float) -> None:
        """The server did not answer, or broke off."""
        self._failures += 1
        if self._trying:
            self._open_s = min(2 * self._open_s, self._rules.longest_open_s)
        elif self._opened_at is not None or self._failures < self._rules.failures:
            # One that set out before the breaker opened tells nothing new.
            return
        self._opened_at, self._trying = now, False

    def abandoned(self) -> None:
        """The caller left before there was anything to learn."""
        self._trying = False
