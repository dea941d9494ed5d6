"""The budget watch: marks in the log what a session has spent, and says what is to be done about it."""

from __future__ import annotations

from collections.abc import Callable

from vivavoce.session.budget import reached
from vivavoce.session.events import BudgetReached
from vivavoce.session.state import SessionState
from vivavoce.session.status import BudgetMark

LAST_TURN_S = 20.0
"""How long a participant who is speaking when the money runs out is listened to."""


class BudgetWatch:
    """One session's.

    Args:
        state: gives the fold of the log.
        post: writes the marks.
    """

    def __init__(self, state: Callable[[], SessionState], *, post: Callable[[BudgetReached], None]) -> None:
        self._state = state
        self._post = post
        self._spent_s = 0.0

    def look(self, *, at_s: float, speaking: bool) -> BudgetMark | None:
        """What is due now: once to wrap up when the budget is nearly spent, and to close, again and again, when it is.

        Args:
            at_s: the session clock.
            speaking: whether the participant is saying something; they are heard out for `LAST_TURN_S` before the end.
        """
        mark = reached(self._state())
        if mark is not None:
            self._post(BudgetReached(mark=mark, spent=self._state().spent, at_s=at_s))
        if mark is BudgetMark.WRAP_UP:
            return mark
        if mark is BudgetMark.CLOSE:
            self._spent_s = at_s
        spent = BudgetMark.CLOSE in self._state().budget_marks
        heard_out = not speaking or at_s - self._spent_s >= LAST_TURN_S
        return BudgetMark.CLOSE if spent and heard_out else None
