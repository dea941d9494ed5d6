"""The one table of timers: how long a session waits for what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

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
