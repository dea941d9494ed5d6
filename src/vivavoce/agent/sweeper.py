"""The sweeper: sees to sessions that nobody holds, because the host that held them died or could not finish.

An interview whose participant may still come back is taken up, so that it is ready for them; one whose participant did
not is closed with what there is. A recording that was left open is handed over and closed from its file.

A server whose interviews are held by agent workers sweeps too, and imports none of what they need.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from vivavoce.agent.ending import Ending
from vivavoce.agent.tape import spooled
from vivavoce.errors import VivavoceError
from vivavoce.session.clock import Clock
from vivavoce.session.errors import LeaseHeld
from vivavoce.session.events import Payload, Reason, RecordingClosed, SessionEnded, SessionStatus
from vivavoce.session.state import SessionState
from vivavoce.session.store import SessionStore, SessionSummary, holding
from vivavoce.session.timers import HostTimers
from vivavoce.transport.recorded import measure

if TYPE_CHECKING:
    from vivavoce.agent.equipment import Archive

LIVE = frozenset({SessionStatus.WAITING, SessionStatus.ACTIVE, SessionStatus.DISCONNECTED})

MOST = 1000
"""Sessions looked at in one sweep; the rest have their turn when these are done."""

JUST_AFTER_S = 0.2
"""Seconds after a lease's end at which it has run out by the database's clock, too."""

LEAST_S = 0.5
"""Seconds between two sweeps, however much there is to see."""

log = structlog.get_logger(__name__)


class Sweeper:
    """Looks after sessions without a holder.

    Args:
        store: the sessions' logs and leases.
        archive: where recordings are kept.
        spool: folder of this host's recordings while they are written.
        clock: wall clock.
        holder: our name, for leases.
        held: whether a session runs in this process, though its lease may be lost.
        take_up: has an interview go on in this process, if there is a place for it.
        timers: of the host.
    """

    def __init__(
        self,
        *,
        store: SessionStore,
        archive: Archive,
        spool: Path,
        clock: Clock,
        holder: str,
        held: Callable[[str], bool],
        take_up: Callable[[str], Awaitable[None]],
        timers: HostTimers,
    ) -> None:
        self._store = store
        self._archive = archive
        self._spool = spool
        self._clock = clock
        self._holder = holder
        self._held = held
        self._take_up = take_up
        self._timers = timers
        self._soonest_s: float | None = None
        """Seconds from the last sweep until a lease runs out, if nobody renews it."""
        self._hint = asyncio.Event()
        self._missing: set[str] = set()
        """Keys of recordings that are nowhere we can see: on another host's disk, or gone. Told once."""

    async def run(self) -> None:
        """Sweep again and again, until cancelled."""
        while True:
            try:
                await self.sweep()
            except VivavoceError as error:
                log.warning("sweep failed, next one follows", error=str(error), sweep_s=self._timers.sweep_s)
            await self._pause()

    def look_soon(self) -> None:
        """Something may have happened to a session: sweep now instead of later."""
        self._hint.set()

    async def _pause(self) -> None:
        """Until the next sweep is due, a lease may have run out, or somebody says that there is something to see."""
        wait_s = self._timers.sweep_s
        if self._soonest_s is not None:
            wait_s = min(wait_s, self._soonest_s + JUST_AFTER_S)
        try:
            async with asyncio.timeout(max(LEAST_S, wait_s)):
                await self._hint.wait()
            await asyncio.sleep(LEAST_S)
        except TimeoutError:
            pass
        self._hint.clear()

    async def sweep(self) -> None:
        """Look once.

        Raises:
            VivavoceError: something could not be done; what was done before it is done.
        """
        found = await self._store.list(statuses=LIVE, limit=MOST)
        leases = [
            (one.held_until - one.seen_at).total_seconds() for one in found if one.leased and one.held_until
        ]
        self._soonest_s = min(leases, default=None)
        for summary in found:
            if not summary.leased and not self._held(summary.session_id):
                await self._see_to(summary)
        for session_id in await self._store.unclosed(limit=MOST):
            if not self._held(session_id):
                await self._close_recordings(session_id)

    async def end(self, session_id: str, reason: Reason) -> None:
        """End a session that nobody holds; nothing happens if somebody does, or if it is over."""
        state = await self._store.state(session_id)
        if state.status.terminal:
            return
        # Whoever held it died, not the interview: what was said is kept.
        ending = Ending(SessionStatus.INTERRUPTED, reason) if reason is Reason.CRASH else Ending.of(reason)
        at_s = state.at_s(self._clock.now())
        if await self._append(session_id, SessionEnded(status=ending.status, reason=reason, at_s=at_s)):
            log.info(
                "unattended session ended",
                session_id=session_id,
                status=ending.status.value,
                reason=reason.value,
            )

    async def _see_to(self, summary: SessionSummary) -> None:
        state = await self._store.state(summary.session_id)
        joined = state.joined_at is not None
        patience_s = state.timers.rejoin_s if joined else state.timers.join_s
        # A participant may be silent for long with nothing to write down; the lease tells how long somebody was there,
        # by the database's clock, whatever those of the hosts are set to.
        left_alone = summary.held_until or state.updated_at
        if (summary.seen_at - left_alone).total_seconds() <= patience_s:
            if joined:
                await self._take_up(summary.session_id)
        elif not joined:
            await self.end(summary.session_id, Reason.NO_SHOW)
        elif state.status is SessionStatus.ACTIVE:
            await self.end(summary.session_id, Reason.CRASH)
        else:
            await self.end(summary.session_id, Reason.LEFT)

    async def _close_recordings(self, session_id: str) -> None:
        state: SessionState = await self._store.state(session_id)
        for key in set(state.unclosed) - self._missing:
            try:
                closed = await self._closed(key)
            except VivavoceError as error:
                # Others are not kept waiting by it.
                log.warning("recording not closed", session_id=session_id, key=key, error=str(error))
                continue
            if closed is None:
                self._missing.add(key)
                log.warning("recording not found", session_id=session_id, key=key)
            elif await self._append(session_id, closed):
                log.info("recording left open was closed", session_id=session_id, key=key)

    async def _closed(self, key: str) -> RecordingClosed | None:
        """What is to be said of a recording when it is closed; None: it is nowhere to be found."""
        path = spooled(self._spool, key)
        if await asyncio.to_thread(path.exists):
            await self._archive.keep(key, path)
        async with self._archive.borrow(key) as file:
            if file is None:
                return None
            measured = await asyncio.to_thread(measure, file)
        return RecordingClosed(
            key=key, duration_s=measured.duration_s, bytes=measured.bytes, sha256=measured.sha256
        )

    async def _append(self, session_id: str, payload: Payload) -> bool:
        """Write an event into the log of a session that nobody holds; False: somebody took it up in the meantime."""
        try:
            async with holding(
                self._store, session_id, holder=self._holder, ttl_s=self._timers.lease_s
            ) as lease:
                await self._store.append(lease, [payload], at=self._clock.now())
        except LeaseHeld:
            return False
        return True
