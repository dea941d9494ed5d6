"""How fast a session's turns were answered, stage by stage."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pydantic import BaseModel, ConfigDict

from vivavoce.session.events import SessionEvent, TurnTimed

STAGES = ("silence_s", "transcript_s", "end_of_turn_s", "decided_s", "first_audio_s", "response_s")
"""Of a `turn.timed`, in the order they happen; all are reckoned from the participant's last speech sample."""


class Spread(BaseModel):
    """How a number of seconds is spread: median, 95th percentile (interpolated) and the largest."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    n: int
    p50: float
    p95: float
    max: float


def spread(values: Sequence[float]) -> Spread | None:
    """The spread of some values; `None` of none."""
    if not values:
        return None
    ordered = sorted(values)
    return Spread(n=len(ordered), p50=_quantile(ordered, 0.5), p95=_quantile(ordered, 0.95), max=ordered[-1])


def latency(events: Iterable[SessionEvent]) -> dict[str, Spread]:
    """The spread of every stage over a session's timed turns; empty if none was timed."""
    turns = [event.payload for event in events if isinstance(event.payload, TurnTimed)]
    found = {stage: spread([float(getattr(turn, stage)) for turn in turns]) for stage in STAGES}
    return {stage: value for stage, value in found.items() if value is not None}


def _quantile(ordered: Sequence[float], share: float) -> float:
    place = (len(ordered) - 1) * share
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)
