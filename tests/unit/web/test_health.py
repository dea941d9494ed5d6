"""Alive, ready, measured."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from vivavoce.errors import VivavoceError
from vivavoce.session.clock import ManualClock
from vivavoce.web.health import CheckResult, Readiness, host_check

if TYPE_CHECKING:
    from unit.web.conftest import House, MakeHouse


async def _well() -> CheckResult:
    return CheckResult(True, "well")


async def _unwell() -> CheckResult:
    return CheckResult(False, "loading models")


async def _refuses() -> CheckResult:
    raise VivavoceError("The database at hunter2 is gone.", next_step="Start it.")


async def _breaks() -> CheckResult:
    raise KeyError("hunter2")


async def _hangs() -> CheckResult:
    await asyncio.Event().wait()
    return CheckResult(True, "never")


async def test_alive_is_alive(house: House) -> None:
    for response in (await house.client.get("/healthz"), await house.client.head("/healthz")):
        assert response.status_code == 200
        assert response.headers["content-type"] == "text/plain; charset=utf-8"
    assert (await house.client.get("/healthz")).text == "ok"


async def test_ready_when_every_part_is(make_house: MakeHouse) -> None:
    house = make_house(checks={"database": _well, "speech": _well})
    response = await house.client.get("/readyz")
    assert response.status_code == 200
    assert response.json() == {
        "ready": True,
        "checks": {"database": {"ok": True, "detail": "well"}, "speech": {"ok": True, "detail": "well"}},
    }


async def test_one_part_that_is_not_well_is_enough_and_tells_no_secret(make_house: MakeHouse) -> None:
    house = make_house(checks={"database": _refuses, "speech": _unwell, "host": _breaks, "other": _well})
    response = await house.client.get("/readyz")
    assert response.status_code == 503
    assert response.json() == {
        "ready": False,
        "checks": {
            "database": {"ok": False, "detail": "error"},
            "speech": {"ok": False, "detail": "loading models"},
            "host": {"ok": False, "detail": "failed: KeyError"},
            "other": {"ok": True, "detail": "well"},
        },
    }
    assert (await house.client.get("/healthz")).status_code == 200


async def test_a_part_that_does_not_answer_is_not_waited_for() -> None:
    readiness = Readiness({"database": _hangs, "speech": _well}, ManualClock(), timeout_s=0.01)
    results = await readiness.results()
    assert results["database"] == CheckResult(False, "no answer in time")
    assert results["speech"].ok


async def test_asking_often_costs_one_look_a_second() -> None:
    looks = 0

    async def counted() -> CheckResult:
        nonlocal looks
        looks += 1
        return CheckResult(True, str(looks))

    clock = ManualClock()
    readiness = Readiness({"database": counted}, clock)
    await asyncio.gather(*(readiness.results() for _ in range(20)))
    assert looks == 1
    clock.advance(1)
    assert (await readiness.results())["database"].detail == "2"


async def test_a_host_that_drains_is_not_ready_at_once(house: House) -> None:
    readiness = Readiness({"database": _well, "host": host_check(house.gateway)}, ManualClock())
    assert (await readiness.results())["host"].ok
    house.gateway.places = replace(house.gateway.places, accepting=False, draining=True)
    assert not (await readiness.results())["host"].ok


@pytest.mark.parametrize(
    ("used", "accepting", "reason", "draining", "ok"),
    [
        (1, True, "", False, True),
        (4, False, "All places are taken.", False, True),
        (1, False, "The host is closing.", True, False),
        (4, False, "The host is closing.", True, False),
        (0, False, "The host lags.", False, False),
    ],
)
async def test_a_full_host_is_well_and_a_closing_one_is_not(
    house: House, used: int, accepting: bool, reason: str, draining: bool, ok: bool
) -> None:
    house.gateway.places = replace(
        house.gateway.places, used=used, accepting=accepting, reason=reason, draining=draining
    )
    result = await host_check(house.gateway)()
    assert result.ok is ok
    assert f"{used} of 4 places taken" in result.detail
    assert ok or reason in result.detail


async def test_measurements_are_given_in_prometheus_own_format(house: House) -> None:
    house.metrics.session_started()
    response = await house.client.get("/metrics")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/plain; version=")
    assert "vivavoce_sessions_started_total 1.0" in response.text.splitlines()
