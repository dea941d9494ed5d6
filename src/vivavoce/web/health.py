"""Health: is the process alive, can it hold interviews, and its measurements."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import structlog
from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from vivavoce.errors import VivavoceError
from vivavoce.session.clock import Clock
from vivavoce.web.gateway import SessionGateway
from vivavoce.web.models import CheckView, ReadinessView

log = structlog.stdlib.get_logger(__name__)

CHECK_TIMEOUT_S = 3.0
"""A part that takes longer to say it is well, is not."""

HOLDS_S = 1.0

HOST = "host"
"""The name of the check that is made by `host_check`."""


@dataclass(frozen=True)
class CheckResult:
    """How one thing the server needs is doing; `detail` is for operators and holds no secret."""

    ok: bool
    detail: str


Check = Callable[[], Awaitable[CheckResult]]


def host_check(gateway: SessionGateway) -> Check:
    """The host is well while it takes sessions; a full one is well too, and says so to those who come."""

    async def check() -> CheckResult:
        capacity = gateway.capacity()
        full = capacity.used >= capacity.slots and not capacity.draining
        detail = f"{capacity.used} of {capacity.slots} places taken"
        if not capacity.accepting and not full:
            return CheckResult(False, f"{detail}. {capacity.reason}".strip())
        return CheckResult(True, detail)

    return check


class Readiness:
    """Asks the checks, all at once and each within its time.

    The answer holds for a second, so that asking often costs little; that of the host is always had anew, for it
    costs nothing, and a host that drains says so at once.

    Args:
        checks: by name.
        clock: for how long an answer holds.
        timeout_s: for each check.
    """

    def __init__(
        self, checks: Mapping[str, Check], clock: Clock, *, timeout_s: float = CHECK_TIMEOUT_S
    ) -> None:
        self._checks = checks
        self._clock = clock
        self._timeout_s = timeout_s
        self._lock = asyncio.Lock()
        self._results: dict[str, CheckResult] = {}
        self._asked_at: float | None = None

    async def results(self) -> dict[str, CheckResult]:
        """How everything is. A check that fails is a part that is not well, never an error."""
        async with self._lock:
            now = self._clock.monotonic()
            holds = self._asked_at is not None and now - self._asked_at < HOLDS_S
            asked = {name: check for name, check in self._checks.items() if not holds or name == HOST}
            found = await asyncio.gather(
                *(asyncio.wait_for(check(), self._timeout_s) for check in asked.values()),
                return_exceptions=True,
            )
            known = {name: _result(name, result) for name, result in zip(asked, found, strict=True)}
            self._results = {name: known.get(name) or self._results[name] for name in self._checks}
            if not holds:
                self._asked_at = now
            return self._results


def _result(name: str, result: CheckResult | BaseException) -> CheckResult:
    match result:
        case CheckResult():
            return result
        case TimeoutError():
            return CheckResult(False, "no answer in time")
        case VivavoceError():
            return CheckResult(False, result.code)
        case Exception():
            log.error("readiness check failed", check=name, exc_info=result)
            return CheckResult(False, f"failed: {type(result).__name__}")
        case _:
            raise result


def router(readiness: Readiness, registry: CollectorRegistry) -> APIRouter:
    """The health routes."""
    routes = APIRouter()
    routes.include_router(probes(readiness))
    routes.include_router(measurements(registry))
    return routes


def probes(readiness: Readiness) -> APIRouter:
    """`/healthz` and `/readyz`."""
    routes = APIRouter(tags=["health"])

    @routes.head("/healthz", include_in_schema=False, response_class=PlainTextResponse)
    @routes.get(
        "/healthz",
        operation_id="read_health",
        summary="Whether the process answers",
        response_class=PlainTextResponse,
    )
    async def healthz() -> str:  # pyright: ignore[reportUnusedFunction]
        """`ok`, as long as the event loop turns."""
        return "ok"

    @routes.get(
        "/readyz",
        operation_id="read_readiness",
        summary="Whether interviews can be held",
        response_model=ReadinessView,
        responses={503: {"model": ReadinessView, "description": "At least one check fails"}},
    )
    async def readyz() -> JSONResponse:  # pyright: ignore[reportUnusedFunction]
        """Every part the server needs, and how it is."""
        results = await readiness.results()
        ready = all(result.ok for result in results.values())
        view = ReadinessView(
            ready=ready,
            checks={name: CheckView(ok=r.ok, detail=r.detail) for name, r in results.items()},
        )
        return JSONResponse(view.model_dump(), status_code=200 if ready else 503)

    return routes


def measurements(registry: CollectorRegistry) -> APIRouter:
    """`/metrics`."""
    routes = APIRouter(tags=["health"])

    @routes.get(
        "/metrics",
        operation_id="read_metrics",
        summary="Measurements for Prometheus",
        response_class=PlainTextResponse,
    )
    async def metrics() -> Response:  # pyright: ignore[reportUnusedFunction]
        """The Prometheus text format. Counts and times only; keep it from the public at the proxy all the same."""
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return routes
