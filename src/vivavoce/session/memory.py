"""A session store in memory: for tests and rehearsals. It keeps the whole contract of the port."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import reduce

from vivavoce.session.clock import Clock
from vivavoce.session.erasure import Line, erased
from vivavoce.session.errors import LeaseHeld, LeaseLost, SessionExists, SessionUnknown, StudySpent
from vivavoce.session.events import Payload, SessionErased, SessionEvent, SessionScheduled
from vivavoce.session.lease import Lease
from vivavoce.session.ledger import Standing
from vivavoce.session.state import SessionState, apply, fold
from vivavoce.session.status import SessionStatus
from vivavoce.session.store import EventList, Ids, SessionSummary, SummaryList, summarise


def new_token() -> str:
    """An unguessable lease token of 128 bits."""
    return secrets.token_urlsafe(16)


@dataclass(slots=True)
class _Log:
    events: EventList
    state: SessionState
    lease: Lease | None = None


class MemorySessionStore:
    """Keeps sessions in this process, for as long as it runs.

    Safe for many tasks on one event loop: no method gives way between its check and its change.

    Args:
        clock: judges the expiry of leases.
        tokens: makes lease tokens.
    """

    def __init__(self, clock: Clock, *, tokens: Callable[[], str] = new_token) -> None:
        self._clock = clock
        self._tokens = tokens
        self._logs: dict[str, _Log] = {}

    async def create(self, session_id: str, payload: SessionScheduled, *, at: datetime) -> SessionState:
        """Write event 1; see `SessionStore.create`."""
        if session_id in self._logs:
            raise SessionExists(session_id)
        event = SessionEvent(session_id=session_id, seq=1, at=at, payload=payload)
        self._logs[session_id] = _Log(events=[event], state=fold([event]))
        return self._logs[session_id].state

    async def append(self, lease: Lease, payloads: Sequence[Payload], *, at: datetime) -> SessionState:
        """Append all or none; see `SessionStore.append`."""
        log = self._log(lease.session_id)
        self._check(log, lease)
        events = [
            SessionEvent(session_id=lease.session_id, seq=seq, at=at, payload=payload)
            for seq, payload in enumerate(payloads, start=log.state.seq + 1)
        ]
        state = reduce(apply, events, log.state)
        log.events.extend(events)
        log.state = state
        return state

    async def erase(self, lease: Lease, last: SessionErased, *, at: datetime) -> SessionState:
        """Replace the log by what is left of it; see `SessionStore.erase`."""
        log = self._log(lease.session_id)
        self._check(log, lease)
        lines = [Line(e.seq, e.at, e.payload.kind, e.payload.model_dump(mode="json")) for e in log.events]
        left = erased(lease.session_id, lines, last, at=at)
        log.state = fold(left)
        log.events = left
        return log.state

    async def read(self, session_id: str, *, after: int = 0) -> EventList:
        """The events after `after`; see `SessionStore.read`."""
        return self._log(session_id).events[max(0, after) :]

    async def state(self, session_id: str) -> SessionState:
        """The fold of the log; see `SessionStore.state`."""
        return self._log(session_id).state

    async def claim(self, session_id: str, *, holder: str, ttl_s: float) -> Lease:
        """Become the one writer; see `SessionStore.claim`."""
        log = self._log(session_id)
        now = self._clock.now()
        if log.lease is not None and log.lease.expires_at > now:
            raise LeaseHeld(session_id, holder=log.lease.holder, expires_at=log.lease.expires_at)
        log.lease = Lease(session_id, holder, self._tokens(), now + timedelta(seconds=ttl_s))
        return log.lease

    async def seize(self, session_id: str, *, holder: str, ttl_s: float) -> Lease:
        """Become the one writer, whoever is; see `SessionStore.seize`."""
        self._log(session_id).lease = None
        return await self.claim(session_id, holder=holder, ttl_s=ttl_s)

    async def renew(self, lease: Lease, *, ttl_s: float) -> Lease:
        """Stay the one writer; see `SessionStore.renew`."""
        log = self._logs.get(lease.session_id)
        if log is None:
            raise LeaseLost(lease.session_id, holder=lease.holder)
        held = self._check(log, lease)
        log.lease = replace(held, expires_at=self._clock.now() + timedelta(seconds=ttl_s))
        return log.lease

    async def release(self, lease: Lease) -> None:
        """Give the lease back; see `SessionStore.release`."""
        log = self._logs.get(lease.session_id)
        if log is not None and log.lease is not None and log.lease.token == lease.token:
            log.lease = None

    async def list(
        self,
        *,
        study_id: str | None = None,
        participant_id: str | None = None,
        statuses: Collection[SessionStatus] | None = None,
        limit: int = 100,
    ) -> SummaryList:
        """The newest sessions first; see `SessionStore.list`."""
        found = [
            self._summary(log)
            for log in self._logs.values()
            if (study_id is None or log.state.study_id == study_id)
            and (participant_id is None or log.state.participant_id == participant_id)
            and (statuses is None or log.state.status in statuses)
        ]
        found.sort(key=lambda summary: (summary.created_at, summary.session_id), reverse=True)
        return found[:limit]

    async def unclosed(self, *, limit: int = 100) -> Ids:
        """Sessions with a recording left open; see `SessionStore.unclosed`."""
        return [
            summary.session_id
            for summary in await self.list(limit=len(self._logs))
            if not summary.leased and self._logs[summary.session_id].state.unclosed
        ][:limit]

    def _log(self, session_id: str) -> _Log:
        log = self._logs.get(session_id)
        if log is None:
            raise SessionUnknown(session_id)
        return log

    def _check(self, log: _Log, lease: Lease) -> Lease:
        held = log.lease
        if held is None or held.token != lease.token or held.expires_at <= self._clock.now():
            raise LeaseLost(lease.session_id, holder=lease.holder)
        return held

    def _summary(self, log: _Log) -> SessionSummary:
        now = self._clock.now()
        leased = log.lease is not None and log.lease.expires_at > now
        held_until = log.lease.expires_at if log.lease is not None else None
        return summarise(log.state, leased=leased, held_until=held_until, seen_at=now)


class MemoryLedger:
    """A ledger over a store in memory; see `vivavoce.session.ledger.Ledger`.

    Args:
        store: has the logs.
    """

    def __init__(self, store: MemorySessionStore) -> None:
        self._store = store
        self._reserved: dict[str, int] = {}

    async def reserve(self, session_id: str, *, wanted: int, cap: int | None) -> int:
        """Set aside a session's budget; see `Ledger.reserve`."""
        state = await self._store.state(session_id)
        if session_id in self._reserved:
            return self._reserved[session_id]
        granted = (await self.standing(state.study_id)).grant(wanted=wanted, cap=cap)
        if granted is None:
            raise StudySpent(state.study_id)
        self._reserved[session_id] = granted
        return granted

    async def standing(self, study_id: str) -> Standing:
        """How a study stands; see `Ledger.standing`."""
        spent = held = 0
        for summary in await self._store.list(study_id=study_id, limit=sys.maxsize):
            state = await self._store.state(summary.session_id)
            spent += state.spent
            if not state.status.terminal:
                held += max(0, self._reserved.get(summary.session_id, 0) - state.spent)
        return Standing(spent=spent, held=held)
