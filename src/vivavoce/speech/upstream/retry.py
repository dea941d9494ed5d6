"""How often and how soon a request is tried again. Pure; the dice are passed in.

Tried again is only what has given no sound yet, and only where another try can help: the server was not reached, it
failed (5xx), it broke off, or it is full (429). `Retry-After` is obeyed where it is short; a longer one is passed on to
the caller, who may have something better to do.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime


@dataclass(frozen=True, slots=True)
class RetryRules:
    """The bounds of trying again.

    Attributes:
        attempts: in all, the first one included.
        first_wait_s: seconds before the second attempt; doubled before each further one.
        longest_wait_s: seconds that are waited at most, also when the server asks for more: then there is no retry.
        jitter: share of a wait that is left to chance, so that many callers do not come back together.
    """

    attempts: int = 3
    first_wait_s: float = 0.25
    longest_wait_s: float = 2.0
    jitter: float = 0.25

    def wait_s(self, attempt: int, *, retry_after_s: float | None, chance: float) -> float | None:
        """Seconds to wait after a failed attempt; None: do not try again.

        Args:
            attempt: the number of the one that failed, from 1.
            retry_after_s: what the server asked for, if it did.
            chance: 0 to 1, from a generator of random numbers.
        """
        if attempt >= self.attempts:
            return None
        if retry_after_s is not None:
            return retry_after_s if retry_after_s <= self.longest_wait_s else None
        wait = min(self.first_wait_s * 2 ** (attempt - 1), self.longest_wait_s)
        return wait * (1 - self.jitter * chance)


def retry_after_s(headers: Mapping[str, str], *, now: datetime) -> float | None:
    """What a server asks to wait, in seconds; None when it does not say, or says nonsense.

    `retry-after-ms` is OpenAI's and goes first, as in its own client (openai-python 3.54, `_parse_retry_after_header`);
    `retry-after` is seconds or a date (RFC 9110, 10.2.3).

    Args:
        headers: of the answer, names in lower case or in a mapping that ignores case.
        now: for dates; aware, UTC.
    """
    for name, unit_s in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        value = _number(headers.get(name))
        if value is not None:
            return value * unit_s
    return _until(headers.get("retry-after"), now)


def _number(value: str | None) -> float | None:
    try:
        number = float(value or "")
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _until(value: str | None, now: datetime) -> float | None:
    try:
        then = parsedate_to_datetime(value or "")
    except ValueError:
        return None
    if then.tzinfo is None:
        then = then.replace(tzinfo=now.tzinfo)
    return max(0.0, (then - now).total_seconds())
