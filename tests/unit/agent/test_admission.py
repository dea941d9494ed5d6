"""What a host may be too busy for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.agent.admission import FULL, LEAST_MEMORY, REMEMBERED_S, Admission, fullness

SFU_TARGET = 0.7
"""`agents.target_load` of an SFU that is told nothing."""


def test_a_host_of_which_nothing_is_known_takes_sessions() -> None:
    assert Admission().refusal(now=0) is None


def test_one_late_moment_refuses_nobody_and_a_late_loop_does_until_it_is_forgotten() -> None:
    admission = Admission()
    for at in range(10):
        admission.lagged(2.0 if at == 4 else 0.01, at=at)
    assert admission.refusal(now=10) is None
    for at in range(10, 30):
        admission.lagged(0.4, at=at)
    assert "too busy" in (admission.refusal(now=30) or "")
    assert admission.refusal(now=29 + REMEMBERED_S + 1) is None


def test_a_speech_server_with_a_queue_refuses() -> None:
    admission = Admission()
    for at in range(2):
        admission.transcribed(9.0, at=at)
    assert admission.refusal(now=2) is None, "two may be chance"
    admission.transcribed(3.0, at=2)
    assert "too slowly" in (admission.refusal(now=2) or "")


@pytest.mark.parametrize(
    ("free", "refused"), [(None, False), (LEAST_MEMORY - 1, True), (LEAST_MEMORY, False)]
)
def test_memory(free: int | None, refused: bool) -> None:
    admission = Admission()
    admission.memory(free)
    assert (admission.refusal(now=0) is not None) is refused


@given(slots=st.integers(1, 500), data=st.data())
def test_a_worker_is_full_when_its_places_are_taken_and_not_before(slots: int, data: st.DataObject) -> None:
    used = data.draw(st.integers(0, slots - 1))
    assert fullness(used, slots) < FULL < SFU_TARGET
    assert fullness(slots, slots) == fullness(slots + 1, slots) == FULL
