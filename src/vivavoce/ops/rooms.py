"""Sessions that agent workers hold: what a server does for them that has none of its own."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import structlog

from vivavoce.agent.holding import holder, host_timers
from vivavoce.agent.sweeper import Sweeper
from vivavoce.ops.close import close_session
from vivavoce.session.clock import Clock
from vivavoce.session.errors import SessionOver
from vivavoce.session.events import Reason
from vivavoce.settings import Settings
from vivavoce.storage.open import Storage
from vivavoce.transport.sfu.api import Sfu
from vivavoce.web.health import Check, CheckResult
from vivavoce.web.rooms import Rooms, job_of

log = structlog.get_logger(__name__)


def sending_sweeper(settings: Settings, storage: Storage, sfu: Sfu, clock: Clock) -> Sweeper:
    """A sweeper that sends an agent to a session which nobody holds, into the room its participant sits in."""

    async def send(session_id: str) -> None:
        log.warning("session of a dead agent, another one is sent for", session_id=session_id)
        await sfu.dispatch(job_of(await storage.sessions.state(session_id)))

    return Sweeper(
        store=storage.sessions,
        archive=storage.recordings,
        spool=settings.data_dir / "spool",
        clock=clock,
        holder=holder(),
        held=lambda session_id: False,
        take_up=send,
        timers=host_timers(settings.host),
    )


@asynccontextmanager
async def rooms_of(
    settings: Settings, storage: Storage, clock: Clock
) -> AsyncGenerator[tuple[Rooms, Sweeper]]:
    """The gateway to the sessions that agent workers hold, and who looks after those that none holds."""
    sfu = Sfu(settings.livekit, clock)
    sweeper = sending_sweeper(settings, storage, sfu, clock)

    async def end(session_id: str) -> None:
        try:
            await close_session(storage.sessions, session_id, clock=clock, reason=Reason.LEFT)
        except SessionOver:
            return

    try:
        yield Rooms(sfu, clock, end=end, hinted=sweeper.look_soon), sweeper
    finally:
        await sfu.aclose()


def sfu_check(sfu: Sfu) -> Check:
    """The SFU is well while it answers."""

    async def check() -> CheckResult:
        await sfu.answers()
        return CheckResult(True, "answers")

    return check
