"""How long those wait who find an engine full."""

from __future__ import annotations

import pytest

from vivavoce.speech.pace import UNKNOWN_S, Pace


def test_nothing_is_known_at_first() -> None:
    assert Pace().wait_s(3) == 3 * UNKNOWN_S


def test_the_wait_follows_the_pace() -> None:
    pace = Pace()
    pace.began(now=100.0)
    for ending in range(1, 40):
        pace.ended(now=100.0 + 0.25 * ending)
    assert pace.wait_s(1) == pytest.approx(0.25)
    assert pace.wait_s(4) == pytest.approx(1.0)


def test_an_engine_without_work_is_not_slow() -> None:
    pace = Pace()
    pace.began(now=0.0)
    pace.ended(now=0.5)
    pace.began(now=1000.0)
    pace.ended(now=1000.5)
    assert pace.wait_s(1) == pytest.approx(0.5)


def test_the_pace_of_now_counts_more_than_that_of_then() -> None:
    pace = Pace()
    pace.began(now=0.0)
    at = 0.0
    for taken in [4.0] * 10 + [0.5] * 20:
        at += taken
        pace.ended(now=at)
    assert pace.wait_s(1) < 0.6
