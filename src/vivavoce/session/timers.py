"""The one table of timers: how long a session waits for what."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from vivavoce.session.status import SessionStatus, TimerName

if TYPE_CHECKING:
    from vivavoce.session.state import SessionState

HARD_LIMIT_S = 45 * 60.0
SHORT_LIMIT_S = 25 * 60.0
"""Below this limit the wrap-up comes at a share of it, not at a fixed distance from its end."""
WRAP_UP_BEFORE_S = 5 * 60.0
WRAP_UP_SHARE = 0.8


def wrap_up_at(hard_limit_s: float) -> float:
    """When the moderator starts to close, in seconds on the session clock."""
    if hard_limit_s < SHORT_LIMIT_S:
        return hard_limit_s * WRAP_UP_SHARE
    return hard_limit_s - WRAP_UP_BEFORE_S


class Timers(BaseModel):
    """The timers of one session, in seconds. A study may override any of them with `resolve`.

    Attributes:
        join_s: from `session.waiting` until the participant must have joined.
        idle_prompt_s: of silence until the participant is asked whether they are there.
        idle_s: of silence until the interview ends.
        rejoin_s: from a lost connection until the interview ends.
        wrap_up_s: on the session clock, when the closing begins.
        hard_limit_s: on the session clock, when the interview ends.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    join_s: float = Field(default=60.0, gt=0)
    idle_prompt_s: float = Field(default=60.0, gt=0)
    idle_s: float = Field(default=120.0, gt=0)
    rejoin_s: float = Field(default=120.0, gt=0)
    wrap_up_s: float = Field(default=wrap_up_at(HARD_LIMIT_S), gt=0)
    hard_limit_s: float = Field(default=HARD_LIMIT_S, gt=0)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.idle_prompt_s >= self.idle_s:
            raise ValueError("idle_prompt_s must be shorter than idle_s")
        if self.wrap_up_s >= self.hard_limit_s:
            raise ValueError("wrap_up_s must come before hard_limit_s")
        return self

    @classmethod
    def resolve(
        cls,
        *,
        hard_limit_s: float | None = None,
        wrap_up_s: float | None = None,
        join_s: float | None = None,
        idle_prompt_s: float | None = None,
        idle_s: float | None = None,
        rejoin_s: float | None = None,
    ) -> Timers:
        """The table with a study's own figures in it; `None` keeps the default.

        A wrap-up that is not given follows the hard limit. Of the two idle timers, one that is not given keeps clear of
        the other: the prompt comes half-way to `idle_s` at the latest.

        Raises:
            pydantic.ValidationError: a figure is not positive, or they contradict each other.
        """
        limit = HARD_LIMIT_S if hard_limit_s is None else hard_limit_s
        default = cls()
        if idle_prompt_s is None and idle_s is not None:
            idle_prompt_s = min(default.idle_prompt_s, idle_s / 2)
        elif idle_s is None and idle_prompt_s is not None:
            idle_s = max(default.idle_s, idle_prompt_s * 2)
        given = {
            "join_s": join_s,
            "idle_prompt_s": idle_prompt_s,
            "idle_s": idle_s,
            "rejoin_s": rejoin_s,
            "wrap_up_s": wrap_up_at(limit) if wrap_up_s is None else wrap_up_s,
            "hard_limit_s": limit,
        }
        return cls.model_validate({name: value for name, value in given.items() if value is not None})


@dataclass(frozen=True, slots=True)
class HostTimers:
    """The timers of a host, in seconds; the same for every study.

    Attributes:
        heartbeat_s: between two renewals of a lease.
        lease_s: how long a lease lives without renewal.
        sweep_s: between two looks for sessions nobody holds.
        drain_s: for sessions to finish once the host was told to stop.
        pre_stop_s: for traffic to go elsewhere before the drain begins.
        grace_s: until the host is killed, whatever is left.
    """

    heartbeat_s: float = 5.0
    lease_s: float = 15.0
    sweep_s: float = 10.0
    drain_s: float = 300.0
    pre_stop_s: float = 5.0
    grace_s: float = 330.0


HOST_TIMERS = HostTimers()


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
