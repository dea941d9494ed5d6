"""Which failures of a job are worth another try, and when. Pure."""

from __future__ import annotations

import asyncio

from vivavoce.errors import VivavoceError
from vivavoce.session.errors import StorageUnavailable
from vivavoce.speech.client import SpeechBusy, SpeechUnavailable
from vivavoce.storage.derived import ResultSuperseded

FIRST_S = 2.0
"""Seconds before the second try; each later one waits twice as long."""

LONGEST_S = 900.0
"""Seconds between two tries at most."""

MOST_PASSING = 20
"""Tries where something does not answer that may answer later: nearly three hours."""

MOST_UNKNOWN = 3
"""Tries where it is a mistake of ours: a machine out of memory may be the reason, and is not for long."""


class NotYet(VivavoceError):
    """What a stage works from is not there yet."""

    code = "not_yet"


PASSING = (
    NotYet,
    ResultSuperseded,
    StorageUnavailable,
    SpeechUnavailable,
    SpeechBusy,
    TimeoutError,
    ConnectionError,
)
"""Failures that waiting may cure."""


def wait_s(error: BaseException, attempts: int) -> float | None:
    """Seconds until a failed job is tried again; None: never, it is dead.

    Args:
        error: what it failed with.
        attempts: how often it had been tried before.
    """
    if isinstance(error, asyncio.CancelledError):
        return 0.0  # its worker was stopped
    if isinstance(error, PASSING):
        most = MOST_PASSING
    elif isinstance(error, VivavoceError):
        return None  # it says itself what has to be done first
    else:
        most = MOST_UNKNOWN
    if attempts + 1 >= most:
        return None
    return float(min(FIRST_S * 2**attempts, LONGEST_S))
