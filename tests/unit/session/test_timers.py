"""The table of timers."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from vivavoce.session.timers import HOST_TIMERS, Timers
from vivavoce.settings import HostSettings


def test_the_defaults_are_the_table_of_the_design() -> None:
    assert Timers() == Timers(
        join_s=60, idle_prompt_s=60, idle_s=120, rejoin_s=120, wrap_up_s=40 * 60, hard_limit_s=45 * 60
    )
    assert (HOST_TIMERS.heartbeat_s, HOST_TIMERS.lease_s, HOST_TIMERS.sweep_s) == (5, 15, 10)
    assert (HOST_TIMERS.drain_s, HOST_TIMERS.pre_stop_s, HOST_TIMERS.grace_s) == (300, 5, 330)
    settings = HostSettings()
    assert (settings.heartbeat_s, settings.lease_s, settings.sweep_s, settings.drain_s) == (5, 15, 10, 300)
    assert Timers.resolve() == Timers()


@pytest.mark.parametrize(("limit_s", "wrap_up_s"), [(180, 144), (1499, 1199.2), (1500, 1200), (3600, 3300)])
def test_the_wrap_up_follows_the_limit(limit_s: float, wrap_up_s: float) -> None:
    assert Timers.resolve(hard_limit_s=limit_s).wrap_up_s == pytest.approx(wrap_up_s)


def test_a_study_overrides_what_it_likes() -> None:
    timers = Timers.resolve(hard_limit_s=600, wrap_up_s=590, join_s=5, rejoin_s=7, idle_s=30)
    assert timers == Timers(
        join_s=5, idle_prompt_s=15, idle_s=30, rejoin_s=7, wrap_up_s=590, hard_limit_s=600
    )
    assert Timers.resolve(idle_s=300).idle_prompt_s == 60
    assert Timers.resolve(idle_prompt_s=90).idle_s == 180


@pytest.mark.parametrize(
    "wrong",
    [
        {"idle_s": 10, "idle_prompt_s": 10},
        {"hard_limit_s": 60, "wrap_up_s": 60},
        {"join_s": 0},
        {"rejoin_s": float("inf")},
    ],
)
def test_a_table_that_contradicts_itself_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        Timers.resolve(**wrong)
