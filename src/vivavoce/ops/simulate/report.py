"""What a simulation found: percentiles, failures by reason, JSON."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Spread:
    """A measured quantity. All None where nothing was measured."""

    n: int
    p50: float | None
    p95: float | None
    max: float | None

    @classmethod
    def of(cls, values: Iterable[float]) -> Spread:
        """Percentiles by linear interpolation between the sorted values (numpy's default)."""
        ordered = sorted(values)
        if not ordered:
            return cls(0, None, None, None)
        return cls(len(ordered), _percentile(ordered, 0.5), _percentile(ordered, 0.95), ordered[-1])

    def as_json(self) -> dict[str, Any]:
        """`n`, `p50`, `p95`, `max`, to the millisecond."""
        rounded = {name: _rounded(getattr(self, name)) for name in ("p50", "p95", "max")}
        return {"n": self.n, **rounded}


@dataclass(frozen=True, slots=True)
class Failure:
    """A session that did not reach its end. `reason` is snake_case and countable; `detail` is for people."""

    session: int
    reason: str
    detail: str


@dataclass
class Measured:
    """What one participant measured, in seconds.

    Attributes:
        response_s: end of own speech to the agent's first audible sample, one a turn.
        barge_in_s: own first audible sample to the agent's last, one an interruption.
        ttfv_s: from asking for the connection to the agent's first audible sample.
        turns: how often the participant spoke.
        cut_ins: turns in which the agent was speaking when the participant had finished; no response time exists.
        unanswered: turns that were followed by silence until the participant lost patience.
        missed_barge_ins: interruptions that began just when the agent had finished.
    """

    response_s: list[float] = field(default_factory=list[float])
    barge_in_s: list[float] = field(default_factory=list[float])
    ttfv_s: float | None = None
    turns: int = 0
    cut_ins: int = 0
    unanswered: int = 0
    missed_barge_ins: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """One session. `failure` is None when it reached its end; `duration_s` from the request to the end."""

    session: int
    session_id: str | None
    measured: Measured
    duration_s: float
    failure: Failure | None


@dataclass(frozen=True, slots=True)
class Report:
    """All sessions of a simulation. `simulator_lag_s` is how late the simulator's own event loop was."""

    study: str
    transport: str
    outcomes: Sequence[Outcome]
    simulator_lag_s: Spread

    @property
    def failures(self) -> list[Failure]:
        """In the order of the sessions."""
        return [outcome.failure for outcome in self.outcomes if outcome.failure is not None]

    @property
    def completed(self) -> int:
        """Sessions that reached their end."""
        return len(self.outcomes) - len(self.failures)

    @property
    def reached_the_end(self) -> bool:
        """Whether every session did."""
        return bool(self.outcomes) and self.completed == len(self.outcomes)

    @property
    def response_s(self) -> Spread:
        """Over all turns of all sessions."""
        return Spread.of(value for outcome in self.outcomes for value in outcome.measured.response_s)

    @property
    def barge_in_s(self) -> Spread:
        """Over all interruptions of all sessions."""
        return Spread.of(value for outcome in self.outcomes for value in outcome.measured.barge_in_s)

    @property
    def ttfv_s(self) -> Spread:
        """Over all sessions that heard the agent."""
        heard = (outcome.measured.ttfv_s for outcome in self.outcomes)
        return Spread.of(value for value in heard if value is not None)

    def reasons(self) -> list[tuple[str, int]]:
        """Failures by reason, the commonest first."""
        return Counter(failure.reason for failure in self.failures).most_common()

    def total(self, name: str) -> int:
        """A count of `Measured`, over all sessions."""
        return sum(getattr(outcome.measured, name) for outcome in self.outcomes)

    def as_json(self) -> dict[str, Any]:
        """The report as `--json` writes it."""
        return {
            "study": self.study,
            "transport": self.transport,
            "sessions": len(self.outcomes),
            "completed": self.completed,
            "failures": [
                {"session": failure.session, "reason": failure.reason, "detail": failure.detail}
                for failure in self.failures
            ],
            "response_s": self.response_s.as_json(),
            "barge_in_s": self.barge_in_s.as_json(),
            "ttfv_s": self.ttfv_s.as_json(),
            "turns": self.total("turns"),
            "cut_ins": self.total("cut_ins"),
            "unanswered": self.total("unanswered"),
            "missed_barge_ins": self.total("missed_barge_ins"),
            "simulator_lag_s": self.simulator_lag_s.as_json(),
            "per_session": [_session(outcome) for outcome in self.outcomes],
        }


def _session(outcome: Outcome) -> dict[str, Any]:
    return {
        "session": outcome.session,
        "session_id": outcome.session_id,
        "completed": outcome.failure is None,
        "duration_s": _rounded(outcome.duration_s),
        "turns": outcome.measured.turns,
        "response_s": [_rounded(value) for value in outcome.measured.response_s],
        "barge_in_s": [_rounded(value) for value in outcome.measured.barge_in_s],
        "ttfv_s": _rounded(outcome.measured.ttfv_s),
    }


def _percentile(ordered: Sequence[float], share: float) -> float:
    position = (len(ordered) - 1) * share
    below = math.floor(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (position - below)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
