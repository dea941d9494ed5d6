"""How reports put things in English: counts with their nouns, how interviews ended, and whose work something is."""

from __future__ import annotations

from vivavoce.pipeline.codes import Author
from vivavoce.session.status import Reason, SessionStatus

ENDED: dict[SessionStatus, str] = {
    SessionStatus.COMPLETED: "completed",
    SessionStatus.INTERRUPTED: "interrupted",
    SessionStatus.ABANDONED: "abandoned",
    SessionStatus.FAILED: "failed",
}

REASONS: dict[Reason, str] = {
    Reason.FINISHED: "the guide was finished",
    Reason.WRAP_UP: "time was running out, and it was wrapped up",
    Reason.BUDGET: "its budget was used up",
    Reason.HARD_LIMIT: "its time was up",
    Reason.IDLE: "the participant said nothing any more",
    Reason.DRAIN: "the machine was shut down",
    Reason.NO_SHOW: "nobody came",
    Reason.WITHDRAWN: "the participant withdrew",
    Reason.FORCED: "it was stopped",
    Reason.CRASH: "something failed",
    Reason.LEFT: "the participant left",
}


def ended(status: SessionStatus, reason: Reason | None) -> str:
    """How an interview ended: `interrupted (its time was up)`."""
    how = ENDED.get(status, status.value.lower())
    return how if reason is None else f"{how} ({REASONS[reason]})"


def count(number: int, noun: str) -> str:
    """`1 answer`, `2 answers`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def have(number: int) -> str:
    """The verb to so many."""
    return "has" if number == 1 else "have"


def were(number: int) -> str:
    """The verb to so many."""
    return "was" if number == 1 else "were"


def author(who: Author) -> str:
    """A person, or a model with its version."""
    return versioned(who.name, who.version)


def versioned(name: str, version: str | None) -> str:
    """`whisper (1.2)`; without a version the name alone."""
    return name if version is None else f"{name} ({version})"
