"""Many simulated calls in one process, and how punctual that process was."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence

import httpx

from vivavoce.ops.simulate.call import REQUEST_TIMEOUT_S, TICK_S, Plan, Transport, api_of, call
from vivavoce.ops.simulate.report import Outcome, Report, Spread

LATE_S = 0.05
"""A simulator whose p95 lag is above this measures itself: its figures are not to be trusted."""

_MOST_LAGS = 200_000
"""Measurements of lag that are kept: over an hour of them."""


async def simulate(
    links: Sequence[str],
    plan: Plan,
    *,
    study: str,
    transport: Transport,
    ramp_s: float = 0.5,
    on_outcome: Callable[[Outcome], None] = lambda outcome: None,
) -> Report:
    """Hold one interview an invitation link, all at the same time.

    Args:
        links: one a session.
        plan: what they have in common.
        study: its name, for the report.
        transport: its name, for the report.
        ramp_s: seconds between the beginnings of two calls.
        on_outcome: told of each call that is over.

    Raises:
        BadLink: one of the links is none; nothing was begun.
    """
    for link in links:
        api_of(link)
    lags: list[float] = []
    outcomes: list[Outcome] = []

    async def one(number: int, link: str) -> None:
        await plan.sleep(number * ramp_s)
        outcome = await call(number, link, plan, http)
        outcomes.append(outcome)
        on_outcome(outcome)

    limits = httpx.Limits(max_connections=None)
    async with (
        httpx.AsyncClient(timeout=REQUEST_TIMEOUT_S, limits=limits) as http,
        asyncio.TaskGroup() as group,
    ):
        watch = group.create_task(_watch(lags), name="simulate.lag")
        calls = [
            group.create_task(one(number, link), name=f"simulate.{number}")
            for number, link in enumerate(links)
        ]
        await asyncio.wait(calls)
        watch.cancel()
    outcomes.sort(key=lambda outcome: outcome.session)
    return Report(study, transport, tuple(outcomes), Spread.of(lags))


async def _watch(lags: list[float]) -> None:
    """How late this process's event loop is, every tick."""
    while len(lags) < _MOST_LAGS:
        due = time.monotonic() + TICK_S
        await asyncio.sleep(TICK_S)
        lags.append(max(0.0, time.monotonic() - due))
