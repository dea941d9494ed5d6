"""How an interview ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Self

from vivavoce.session.events import Reason, SessionStatus

TerminalStatus = Literal[
    SessionStatus.COMPLETED, SessionStatus.INTERRUPTED, SessionStatus.ABANDONED, SessionStatus.FAILED
]

CLOSE_S = 30.0
"""How long sessions may take to say goodbye when the host closes."""

STATUS: dict[Reason, TerminalStatus] = {
    Reason.FINISHED: SessionStatus.COMPLETED,
    Reason.WRAP_UP: SessionStatus.COMPLETED,
    Reason.BUDGET: SessionStatus.INTERRUPTED,
    Reason.HARD_LIMIT: SessionStatus.INTERRUPTED,
    Reason.IDLE: SessionStatus.ABANDONED,
    Reason.DRAIN: SessionStatus.INTERRUPTED,
    Reason.NO_SHOW: SessionStatus.ABANDONED,
    Reason.WITHDRAWN: SessionStatus.INTERRUPTED,
    Reason.FORCED: SessionStatus.INTERRUPTED,
    Reason.CRASH: SessionStatus.FAILED,
    Reason.LEFT: SessionStatus.ABANDONED,
}
"""A session's last status for each reason it can end for."""


@dataclass(frozen=True)
class Ending:
    """A status and its reason."""

    status: TerminalStatus
    reason: Reason

    @classmethod
    def of(cls, reason: Reason) -> Self:
        """The usual ending for a reason."""
        return cls(STATUS[reason], reason)
