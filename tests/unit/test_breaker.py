"""When an upstream is left alone, and for how long."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from vivavoce.breaker import Breaker, BreakerRules, BreakerState

RULES = BreakerRules(failures=3, open_s=5.0, longest_open_s=20.0)


def failing(times: int, *, now: float = 0.0) -> Breaker:
    breaker = Breaker(RULES)
    for _ in range(times):
        assert breaker.admit(now)
        breaker.failed(now)
    return breaker


def test_it_opens_after_failures_in_a_row_only() -> None:
    breaker = failing(2)
    assert breaker.state(0) is BreakerState.CLOSED
    breaker.succeeded()
    for _ in range(2):
        breaker.failed(1)
    assert breaker.admit(1)
    breaker.failed(1)
    assert breaker.state(1) is BreakerState.OPEN
    assert not breaker.admit(1)
    assert breaker.wait_s(2) == 4.0


def test_after_a_while_one_request_may_try() -> None:
    breaker = failing(3)
    assert breaker.state(4.9) is BreakerState.OPEN
    assert breaker.state(5.0) is BreakerState.HALF_OPEN
    assert breaker.admit(5.0)
    assert not breaker.admit(5.0)


def test_its_success_closes_and_forgets() -> None:
    breaker = failing(3)
    assert breaker.admit(5.0)
    breaker.succeeded()
    assert breaker.state(5.0) is BreakerState.CLOSED
    breaker.failed(5.0)
    assert breaker.state(5.0) is BreakerState.CLOSED


def test_its_failure_opens_for_longer_each_time_up_to_a_bound() -> None:
    breaker, now = failing(3), 0.0
    for expected in (5.0, 10.0, 20.0, 20.0):
        assert breaker.wait_s(now) == expected
        now += expected
        assert breaker.admit(now)
        breaker.failed(now)


def test_a_caller_who_leaves_gives_the_try_back() -> None:
    breaker = failing(3)
    assert breaker.admit(5.0)
    breaker.abandoned()
    assert breaker.state(5.0) is BreakerState.HALF_OPEN
    assert breaker.admit(5.0)


def test_a_late_failure_of_an_old_request_does_not_keep_it_open() -> None:
    breaker = Breaker(RULES)
    for _ in range(5):
        assert breaker.admit(0)
    for now in (0.0, 0.0, 0.0, 3.0, 4.0):
        breaker.failed(now)
    assert breaker.state(5.0) is BreakerState.HALF_OPEN


@given(st.lists(st.tuples(st.sampled_from(["succeeded", "failed", "abandoned", "wait"]), st.floats(0, 30))))
def test_it_never_stays_shut_for_good(steps: list[tuple[str, float]]) -> None:
    """Whatever happened, at the latest `longest_open_s` later a request may go."""
    breaker, now = Breaker(RULES), 0.0
    for step, wait in steps:
        if step == "wait":
            now += wait
        elif breaker.admit(now):
            match step:
                case "succeeded":
                    breaker.succeeded()
                case "failed":
                    breaker.failed(now)
                case _:
                    breaker.abandoned()
    assert breaker.admit(now + RULES.longest_open_s)
