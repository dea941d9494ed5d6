"""Token buckets: never more than the rate allows, never without end, never unbounded."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.web.limits import Rate, RateLimiter, client_key


def test_a_burst_is_let_through_then_the_rate_holds() -> None:
    limiter = RateLimiter(Rate(per_s=2, burst=3))
    assert [limiter.take("a", now=0) for _ in range(4)] == [0, 0, 0, 0.5]
    assert limiter.take("a", now=0.25) == pytest.approx(0.25)
    assert limiter.take("a", now=0.5) == 0
    assert limiter.take("b", now=0.5) == 0


def test_waiting_takes_nothing() -> None:
    limiter = RateLimiter(Rate(per_s=1, burst=1))
    assert [limiter.wait("a", now=0) for _ in range(3)] == [0, 0, 0]
    assert limiter.take("a", now=0) == 0
    assert limiter.wait("a", now=0) == 1


@given(st.lists(st.floats(0, 10), max_size=200))
def test_no_pattern_of_asking_gets_more_than_the_rate(gaps: list[float]) -> None:
    limiter = RateLimiter(Rate(per_s=1.5, burst=5))
    now, granted = 0.0, 0
    for gap in gaps:
        now += gap
        wait = limiter.take("a", now=now)
        assert wait >= 0
        granted += wait == 0
        assert granted <= 5 + 1.5 * now + 1e-6


@given(st.lists(st.floats(0, 10), max_size=50))
def test_whoever_waits_as_told_is_let_in(gaps: list[float]) -> None:
    limiter = RateLimiter(Rate(per_s=1.5, burst=2))
    now = 0.0
    for gap in gaps:
        now += gap
        wait = limiter.take("a", now=now)
        if wait:
            now += wait + 1e-9
            assert limiter.take("a", now=now) == 0


def test_memory_is_bounded_and_the_longest_unused_is_forgotten() -> None:
    limiter = RateLimiter(Rate(per_s=0.001, burst=1), max_keys=100)
    limiter.take("me", now=0)
    for number in range(1000):
        limiter.take(str(number), now=number)
        assert limiter.wait("me", now=number) > 0
    assert len(limiter) == 100


def test_a_clock_that_stands_still_or_jumps_back_gives_nothing_away() -> None:
    limiter = RateLimiter(Rate(per_s=1, burst=1))
    limiter.take("a", now=10)
    assert limiter.take("a", now=5) == 1
    assert limiter.take("a", now=10.5) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("testclient", "testclient"),
        (None, "unknown"),
    ],
)
def test_who_counts_as_one(address: str | None, key: str) -> None:
    assert client_key(address) == key
