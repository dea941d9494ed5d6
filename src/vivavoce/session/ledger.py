"""The ledger port: what a study has spent, and what is set aside for its sessions under way.

What was spent is a projection of the logs' `usage.metered` events. What is set aside, a **reservation** a session, is
the one thing that no log has: it is made before a session may spend, and goes when the session has ended.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

ALERTS_PERCENT = (85, 100)
"""Of a study's cap: where the team is told."""

LEAST_PERCENT = 20
"""Of a session's budget: with less left in the study no session begins, for it would be wrapped up after a question."""


@dataclass(frozen=True)
class Standing:
    """How a study stands, in micro-dollars.

    Attributes:
        spent: by all its sessions.
        held: set aside for sessions under way and not spent by them yet.
    """

    spent: int
    held: int

    def left(self, cap: int) -> int:
        """What a new session may still be given under a cap; never negative."""
        return max(0, cap - self.spent - self.held)

    def alerts(self, cap: int) -> list[int]:
        """What the team should know of: those of `ALERTS_PERCENT` that are spent."""
        return [percent for percent in ALERTS_PERCENT if self.spent * 100 >= cap * percent]

    def grant(self, *, wanted: int, cap: int | None) -> int | None:
        """What a session is given that wants so much: what is left if that is less; None if it is too little."""
        if cap is None:
            return wanted
        granted = min(wanted, self.left(cap))
        return granted if granted > 0 and granted * 100 >= wanted * LEAST_PERCENT else None


class Ledger(Protocol):
    """Keeps reservations beside the logs."""

    async def reserve(self, session_id: str, *, wanted: int, cap: int | None) -> int:
        """Set aside a session's budget; a session that has one keeps it.

        Args:
            session_id: of a session that exists.
            wanted: its budget, in micro-dollars.
            cap: of its study, for all sessions; None: there is none.

        Returns:
            what was granted: at most what the study has left.

        Raises:
            StudySpent: too little is left.
            SessionUnknown: there is no such session.
        """
        ...

    async def standing(self, study_id: str) -> Standing:
        """How a study stands."""
        ...
