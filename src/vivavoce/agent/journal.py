"""The journal: one running session's pen.

What happens in a session happens faster than a database answers, and an interview must not stop because one is being
restarted. So a payload is checked against the state and folded at once, and appended to the store in order behind it.
The store stays the only truth: what it refuses ends the session here.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from datetime import datetime
from itertools import takewhile

import structlog

from vivavoce.errors import VivavoceError
from vivavoce.session.clock import Clock
from vivavoce.session.errors import LeaseLost, StorageUnavailable
from vivavoce.session.events import Payload, SessionEvent
from vivavoce.session.lease import Lease
from vivavoce.session.state import SessionState, apply
from vivavoce.session.store import SessionStore
from vivavoce.session.timers import HOST_TIMERS

MOST_WAITING = 20_000
"""Events kept while the store is away: about two hours of a lively interview, 20 MB."""

RETRY_S = (0.1, 0.3, 1.0, 2.0, 5.0)
"""Waits between tries while the store is away; the last one repeats."""

log = structlog.get_logger(__name__)


class JournalFull(VivavoceError):
    """The store has been away for so long that no more events can be kept for it."""

    code = "journal_full"


Watcher = Callable[[SessionEvent, SessionState], None]


class Journal:
    """Appends one session's events while its lease is held.

    Args:
        store: keeps the log.
        lease: shows that we are the one writer.
        state: the fold of the log so far.
        clock: gives events their wall-clock time.
        lease_s: seconds a lease lives without renewal.
        on_lost: called once when the lease is lost or the store refuses an event: this session is somebody else's now.
    """

    def __init__(
        self,
        store: SessionStore,
        lease: Lease,
        state: SessionState,
        *,
        clock: Clock,
        on_lost: Callable[[VivavoceError], None],
        lease_s: float = HOST_TIMERS.lease_s,
    ) -> None:
        self._store = store
        self._lease = lease
        self._state = state
        self._stored = state.seq
        self._clock = clock
        self._lease_s = lease_s
        self._retaking = asyncio.Lock()
        self._on_lost = on_lost
        self._waiting: deque[tuple[datetime, Payload]] = deque()
        self._work = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._lost = False
        self._watchers: list[Watcher] = []

    @property
    def state(self) -> SessionState:
        """The fold of everything posted."""
        return self._state

    @property
    def lease(self) -> Lease:
        """The lease as last renewed."""
        return self._lease

    def watch(self, watcher: Watcher) -> None:
        """Call `watcher` with every event posted from now on, and the state after it."""
        self._watchers.append(watcher)

    def post(self, *payloads: Payload) -> SessionState:
        """Take events, in order.

        Raises:
            IllegalTransition: an event does not fit the state; none after it is taken.
            JournalFull: the store has been away for too long.
        """
        for payload in payloads:
            if len(self._waiting) >= MOST_WAITING:
                raise JournalFull(
                    f"{MOST_WAITING} events of session {self._state.session_id} wait for the database.",
                    next_step="Bring the database back; the session ends here.",
                )
            at = self._clock.now()
            event = SessionEvent(
                session_id=self._state.session_id, seq=self._state.seq + 1, at=at, payload=payload
            )
            self._state = apply(self._state, event)
            self._waiting.append((at, payload))
            self._idle.clear()
            self._work.set()
            for watcher in self._watchers:
                watcher(event, self._state)
        return self._state

    async def run(self) -> None:
        """Append what was posted until cancelled; the owner's task."""
        while True:
            await self._work.wait()
            self._work.clear()
            while self._waiting and not self._lost:
                await self._append_waiting()
            self._idle.set()

    async def flush(self, *, timeout_s: float) -> bool:
        """Wait until everything posted is stored; False if that took longer than `timeout_s` or the lease was lost."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._idle.wait()
        except TimeoutError:
            return False
        return not self._lost

    async def renew(self) -> None:
        """Beat: keep the lease alive. A store that is away is tried again at the next beat."""
        lease = self._lease
        try:
            renewed = await self._store.renew(lease, ttl_s=self._lease_s)
            if self._lease is lease:
                self._lease = renewed
        except LeaseLost as error:
            await self._retake(lease, error)
        except StorageUnavailable as error:
            log.warning("lease not renewed", session_id=self._state.session_id, error=str(error))

    async def release(self) -> None:
        """Give the lease back, so that nobody waits for it to run out."""
        if not self._lost:
            try:
                await self._store.release(self._lease)
            except (LeaseLost, StorageUnavailable) as error:
                log.warning("lease not released", session_id=self._state.session_id, error=str(error))

    async def _append_waiting(self) -> None:
        tries = 0
        while self._waiting and not self._lost:
            at = self._waiting[0][0]
            batch = self._batch(at)
            lease = self._lease
            try:
                # An append whose answer was lost may have happened: then the store is ahead of us already.
                unsure = tries > 0
                if not (unsure and await self._stored_seq() >= self._stored + len(batch)):
                    await self._store.append(lease, batch, at=at)
            except StorageUnavailable as error:
                wait = RETRY_S[min(tries, len(RETRY_S) - 1)]
                tries += 1
                log.warning(
                    "events wait for the database",
                    session_id=self._state.session_id,
                    waiting=len(self._waiting),
                    retry_s=wait,
                    error=str(error),
                )
                await asyncio.sleep(wait)
            except LeaseLost as error:
                await self._retake(lease, error)
            except VivavoceError as error:
                self._lose(error)
            else:
                tries = 0
                self._stored += len(batch)
                for _ in batch:
                    self._waiting.popleft()

    async def _retake(self, lost: Lease, error: LeaseLost) -> None:
        """Claim again a lease that ran out while the store was away, or while this process was kept from running.

        Nobody may have written meanwhile; what the log has beyond what we know is ours only if it is what waits first.
        """
        async with self._retaking:
            if self._lost or self._lease is not lost:
                return
            session_id = self._state.session_id
            try:
                lease = await self._store.claim(session_id, holder=lost.holder, ttl_s=self._lease_s)
                beyond = [event.payload for event in await self._store.read(session_id, after=self._stored)]
            except StorageUnavailable as away:
                log.warning("lease not taken up again", session_id=session_id, error=str(away))
                return
            except VivavoceError:
                self._lose(error)
                return
            if beyond and beyond != self._batch(self._waiting[0][0] if self._waiting else None):
                await self._store.release(lease)
                self._lose(error)
                return
            self._lease = lease
            log.warning("lease ran out and was taken up again", session_id=session_id)

    def _batch(self, at: datetime | None) -> list[Payload]:
        """The oldest waiting events: those posted at the same moment are appended together."""
        return [payload for _, payload in takewhile(lambda entry: entry[0] == at, self._waiting)]

    async def stored(self) -> SessionState | None:
        """The session as the store has it, whoever wrote it; None if the store is away."""
        try:
            return await self._store.state(self._state.session_id)
        except StorageUnavailable:
            return None

    async def _stored_seq(self) -> int:
        return (await self._store.state(self._state.session_id)).seq

    def _lose(self, error: VivavoceError) -> None:
        if not self._lost:
            self._lost = True
            log.error("session lost", session_id=self._state.session_id, code=error.code, error=str(error))
            self._on_lost(error)
