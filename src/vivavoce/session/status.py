"""The words for where a session stands, why it ended, and what can run out."""

from __future__ import annotations

from enum import StrEnum


class SessionStatus(StrEnum):
    """Where a session stands; the last four are terminal."""

    SCHEDULED = "SCHEDULED"
    WAITING = "WAITING"
    ACTIVE = "ACTIVE"
    DISCONNECTED = "DISCONNECTED"
    COMPLETED = "COMPLETED"
    INTERRUPTED = "INTERRUPTED"
    ABANDONED = "ABANDONED"
    FAILED = "FAILED"

    @property
    def terminal(self) -> bool:
        """Whether the session is over."""
        return self in _TERMINAL


_TERMINAL = frozenset(
    {SessionStatus.COMPLETED, SessionStatus.INTERRUPTED, SessionStatus.ABANDONED, SessionStatus.FAILED}
)


class Reason(StrEnum):
    """Why a session ended."""

    FINISHED = "finished"
    WRAP_UP = "wrap_up"
    BUDGET = "budget"
    HARD_LIMIT = "hard_limit"
    IDLE = "idle"
    DRAIN = "drain"
    NO_SHOW = "no_show"
    WITHDRAWN = "withdrawn"
    FORCED = "forced"
    CRASH = "crash"
    LEFT = "left"


RESUMABLE = frozenset({Reason.IDLE, Reason.DRAIN, Reason.FORCED, Reason.CRASH, Reason.LEFT, Reason.NO_SHOW})
"""Why a session may have ended so that another sitting makes sense: nobody wanted it to be over for good."""


class BudgetMark(StrEnum):
    """What is done about a session's budget: its marks lie at 90 and at 100 % of it."""

    WRAP_UP = "wrap_up"
    CLOSE = "close"


class TimerName(StrEnum):
    """The timers that fire inside a session."""

    JOIN = "join"
    IDLE_PROMPT = "idle_prompt"
    IDLE = "idle"
    REJOIN = "rejoin"
    WRAP_UP = "wrap_up"
    HARD_LIMIT = "hard_limit"
