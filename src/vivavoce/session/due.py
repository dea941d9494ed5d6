"""Which of a session's timers have run out, and when the next one can. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from vivavoce.session.state import SessionState
from vivavoce.session.status import SessionStatus, TimerName


@dataclass(frozen=True, slots=True)
class Due:
    """Which timers have run out, and when to look again.

    Attributes:
        timers: those to be fired now, the gravest first.
        next_s: seconds until the next one can run out if nothing happens; `None` if none is running.
    """

    timers: tuple[TimerName, ...]
    next_s: float | None


def due(state: SessionState, *, now: datetime, at_s: float, heard_s: float | None = None) -> Due:
    """Judge the timers of `state.timers`; a timer that the log says has fired is not due again.

    Args:
        state: the fold of the log.
        now: the wall clock, aware; only the wait for the first join is measured by it.
        at_s: the session clock, 0 before the first join.
        heard_s: when the participant was last heard, on the session clock, also where no words came of it;
            `at_s` itself while the participant is speaking.
    """
    found: list[TimerName] = []
    later: list[float] = []
    for name, remaining_s in _running(state, now=now, at_s=at_s, heard_s=heard_s):
        if remaining_s <= 0:
            found.append(name)
        else:
            later.append(remaining_s)
    return Due(timers=tuple(found), next_s=min(later, default=None))


def _running(
    state: SessionState, *, now: datetime, at_s: float, heard_s: float | None
) -> Iterator[tuple[TimerName, float]]:
    """The running timers with the seconds left to each, the gravest first."""
    timers, fired, status = state.timers, state.fired, state.status
    if status is SessionStatus.WAITING and state.waiting_at is not None and TimerName.JOIN not in fired:
        yield TimerName.JOIN, timers.join_s - (now - state.waiting_at).total_seconds()
    if status not in (SessionStatus.ACTIVE, SessionStatus.DISCONNECTED):
        return
    if TimerName.HARD_LIMIT not in fired:
        yield TimerName.HARD_LIMIT, timers.hard_limit_s - at_s
    if state.left_s is not None and fired.get(TimerName.REJOIN, -1.0) < state.left_s:
        yield TimerName.REJOIN, state.left_s + timers.rejoin_s - at_s
    if status is SessionStatus.DISCONNECTED:
        return
    quiet_since_s = _quiet_since(state, at_s=at_s, heard_s=heard_s)
    if fired.get(TimerName.IDLE, -1.0) < quiet_since_s:
        yield TimerName.IDLE, quiet_since_s + timers.idle_s - at_s
    if TimerName.WRAP_UP not in fired:
        yield TimerName.WRAP_UP, timers.wrap_up_s - at_s
    if fired.get(TimerName.IDLE_PROMPT, -1.0) < quiet_since_s:
        yield TimerName.IDLE_PROMPT, quiet_since_s + timers.idle_prompt_s - at_s


def _quiet_since(state: SessionState, *, at_s: float, heard_s: float | None) -> float:
    if state.open_speeches:
        return at_s
    return max(state.quiet_since_s or 0.0, heard_s or 0.0)
