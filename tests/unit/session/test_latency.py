"""The spread of response times."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.session.events import SessionEvent, TurnTimed
from vivavoce.session.latency import STAGES, latency, spread


def test_the_spread_of_known_values() -> None:
    found = spread([0.4, 0.1, 0.3, 0.2])
    assert found is not None
    assert (found.n, found.max) == (4, 0.4)
    assert found.p50 == pytest.approx(0.25)
    assert found.p95 == pytest.approx(0.385)
    assert spread([]) is None


@given(st.lists(st.floats(0, 100), min_size=1, max_size=50))
def test_a_spread_is_in_order(values: list[float]) -> None:
    found = spread(values)
    assert found is not None
    assert min(values) <= found.p50 <= found.p95 + 1e-9
    assert found.p95 <= found.max + 1e-9
    assert found.max == max(values)


def test_every_stage_of_every_timed_turn_counts() -> None:
    def timed(seq: int, response_s: float) -> SessionEvent:
        payload = TurnTimed(
            utterance_id=f"u{seq}",
            silence_s=0.1,
            transcript_s=0.2,
            end_of_turn_s=0.3,
            decided_s=0.3,
            first_audio_s=0.35,
            response_s=response_s,
            wait_reason="silence",
        )
        return SessionEvent(session_id="s", seq=seq, at=datetime(2030, 1, 1, tzinfo=UTC), payload=payload)

    found = latency([timed(1, 0.5), timed(2, 0.7)])
    assert tuple(found) == STAGES
    assert found["response_s"].p50 == pytest.approx(0.6)
    assert latency([]) == {}
