"""The sender's clock."""

from __future__ import annotations

import pytest

from vivavoce.transport.pacer import CATCH_UP, Pacer


class Time:
    def __init__(self) -> None:
        self.now = 100.0
        self.oversleeps = 0.0

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds + self.oversleeps


async def test_it_does_not_drift_although_every_sleep_is_too_long() -> None:
    time = Time()
    time.oversleeps = 0.004
    pacer = Pacer(monotonic=time.monotonic, sleep=time.sleep)
    for _ in range(1001):
        assert await pacer.tick() == 0
    assert time.now - 100.0 == pytest.approx(1000 * 0.02, abs=0.005)


async def test_a_little_lateness_is_made_up_for() -> None:
    time = Time()
    pacer = Pacer(monotonic=time.monotonic, sleep=time.sleep)
    await pacer.tick()
    time.now += 0.05
    late = time.now
    assert await pacer.tick() == 0
    assert await pacer.tick() == 0
    assert time.now == late
    await pacer.tick()
    assert time.now == pytest.approx(100.06)


async def test_after_a_stall_there_is_no_burst() -> None:
    time = Time()
    pacer = Pacer(monotonic=time.monotonic, sleep=time.sleep)
    for _ in range(10):
        await pacer.tick()
    time.now += 1.0
    stalled_until = time.now
    skipped = await pacer.tick()
    assert skipped == pytest.approx(49, abs=1)
    for _ in range(CATCH_UP + 10):
        assert await pacer.tick() == 0
    assert time.now - stalled_until >= 10 * 0.02
