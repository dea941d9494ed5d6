"""The clocks edges are given."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from vivavoce.session.clock import ManualClock, SystemClock


def test_the_manual_clock_moves_when_told() -> None:
    clock = ManualClock()
    start, ticks = clock.now(), clock.monotonic()
    assert (clock.now(), clock.monotonic()) == (start, ticks)
    clock.advance(1.5)
    assert clock.now() - start == timedelta(seconds=1.5)
    assert clock.monotonic() - ticks == 1.5
    with pytest.raises(ValueError, match="go back"):
        clock.advance(-1)
    with pytest.raises(ValueError, match="aware"):
        ManualClock(datetime(2030, 1, 1))


def test_the_system_clock_knows_its_zone() -> None:
    clock = SystemClock()
    assert clock.now().tzinfo is UTC
    assert clock.monotonic() <= clock.monotonic()
