"""The budget of a session: when it is nearly spent, and when it is. Pure; the fold of the log knows both sums."""

from __future__ import annotations

from vivavoce.session.state import SessionState
from vivavoce.session.status import BudgetMark, SessionStatus

WRAP_UP_PERCENT = 90
"""Of the budget: from here on only what the last phase requires is asked."""

_LIVE = (SessionStatus.ACTIVE, SessionStatus.DISCONNECTED)


def reached(state: SessionState) -> BudgetMark | None:
    """The mark that has been reached and not been written down yet, the gravest if both have."""
    if state.budget is None or state.status not in _LIVE or BudgetMark.CLOSE in state.budget_marks:
        return None
    if state.spent >= state.budget:
        return BudgetMark.CLOSE
    if state.spent * 100 >= state.budget * WRAP_UP_PERCENT and BudgetMark.WRAP_UP not in state.budget_marks:
        return BudgetMark.WRAP_UP
    return None
