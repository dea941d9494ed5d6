"""The store port: what a session's log needs of whatever keeps it.

`memory.MemorySessionStore` and `vivavoce.storage.sessions.PostgresSessionStore` implement it; one contract suite
holds both to it. Expiry of a lease is judged by the database's clock, or by the clock given to the memory store.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Protocol

from pydantic import BaseModel, ConfigDict

from vivavoce.session.events import Payload, SessionErased, SessionEvent, SessionScheduled
from vivavoce.session.lease import Lease
from vivavoce.session.state import SessionState
from vivavoce.session.status import Reason, SessionStatus

EventList = list[SessionEvent]


class SessionSummary(BaseModel):
    """One line of a list of sessions.

    Attributes:
        session_id: the session.
        participant_id: the pseudonym; never a name or an address.
        seq: number of the last event.
        leased: somebody holds the live lease, by the store's clock.
        held_until: when the last lease that was not given back runs out, or ran out, by the store's clock.
        seen_at: now, by the store's clock.
        created_at: of the first event.
        updated_at: of the last event.
        erased_at: when its content was erased.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    session_id: str
    study_id: str
    study_title: str
    status: SessionStatus
    reason: Reason | None
    language: str
    participant_id: str
    sitting: int
    seq: int
    leased: bool
    held_until: datetime | None = None
    seen_at: datetime
    created_at: datetime
    updated_at: datetime
    joined_at: datetime | None
    ended_at: datetime | None
    erased_at: datetime | None = None

    @property
    def readable(self) -> bool:
        """Somebody came, it is over, and what was said is still there."""
        return self.joined_at is not None and self.status.terminal and self.erased_at is None


SummaryList = list[SessionSummary]
Ids = list[str]


def summarise(
    state: SessionState, *, leased: bool, held_until: datetime | None, seen_at: datetime
) -> SessionSummary:
    """The line of a list for a session in that state."""
    return SessionSummary(
        session_id=state.session_id,
        study_id=state.study_id,
        study_title=state.study_title,
        status=state.status,
        reason=state.reason,
        language=state.language,
        participant_id=state.participant_id,
        sitting=state.sitting,
        seq=state.seq,
        leased=leased,
        held_until=held_until,
        seen_at=seen_at,
        created_at=state.created_at,
        updated_at=state.updated_at,
        joined_at=state.joined_at,
        ended_at=state.ended_at,
        erased_at=state.erased_at,
    )


class SessionStore(Protocol):
    """Keeps logs of sessions, their folds and their leases."""

    async def create(self, session_id: str, payload: SessionScheduled, *, at: datetime) -> SessionState:
        """Write event 1 of a new session; needs no lease.

        Raises:
            SessionExists: the id is taken.
        """
        ...

    async def append(self, lease: Lease, payloads: Sequence[Payload], *, at: datetime) -> SessionState:
        """Append events in order, all or none, and return the state after them.

        Raises:
            LeaseLost: the lease is not the live one.
            IllegalTransition: one of the events does not fit.
            SessionUnknown: there is no such session.
        """
        ...

    async def erase(self, lease: Lease, last: SessionErased, *, at: datetime) -> SessionState:
        """Replace the log by what `session.erasure` leaves of it, `last` at its end, and drop what was made of it.

        All or nothing, and doing it again changes nothing.

        Raises:
            LeaseLost: the lease is not the live one.
            IllegalTransition: the session is not over.
            SessionUnknown: there is no such session.
        """
        ...

    async def read(self, session_id: str, *, after: int = 0) -> EventList:
        """The events with `seq > after`, in order.

        Raises:
            SessionUnknown: there is no such session.
            LogUnreadable: a newer version wrote one of them.
        """
        ...

    async def state(self, session_id: str) -> SessionState:
        """The fold of the whole log.

        Raises:
            SessionUnknown: there is no such session.
        """
        ...

    async def claim(self, session_id: str, *, holder: str, ttl_s: float) -> Lease:
        """Become the one writer for `ttl_s` seconds.

        Raises:
            LeaseHeld: there is a live lease, whoever holds it.
            SessionUnknown: there is no such session.
        """
        ...

    async def seize(self, session_id: str, *, holder: str, ttl_s: float) -> Lease:
        """Become the one writer whoever is: for a holder that nobody can reach, or that an operator overrules.

        Whoever held the lease can write nothing from then on, and learns of it at the next renewal or append.

        Raises:
            SessionUnknown: there is no such session.
        """
        ...

    async def renew(self, lease: Lease, *, ttl_s: float) -> Lease:
        """Stay the one writer for `ttl_s` seconds from now; the token stays.

        Raises:
            LeaseLost: the lease is not the live one.
        """
        ...

    async def release(self, lease: Lease) -> None:
        """Give the lease back. Nothing happens if it is not the live one."""
        ...

    async def list(
        self,
        *,
        study_id: str | None = None,
        participant_id: str | None = None,
        statuses: Collection[SessionStatus] | None = None,
        limit: int = 100,
    ) -> SummaryList:
        """The newest sessions first, by creation; `None` filters nothing, an empty collection everything."""
        ...

    async def unclosed(self, *, limit: int = 100) -> Ids:
        """The ids of sessions with a recording that was started and not closed, and that nobody holds; newest first."""
        ...


@asynccontextmanager
async def holding(
    store: SessionStore, session_id: str, *, holder: str, ttl_s: float
) -> AsyncGenerator[Lease]:
    """Be the one writer of a session while the context lasts, which is to be shorter than `ttl_s` seconds.

    Raises:
        LeaseHeld: there is a live lease, whoever holds it.
        SessionUnknown: there is no such session.
    """
    lease = await store.claim(session_id, holder=holder, ttl_s=ttl_s)
    async with given_back(store, lease):
        yield lease


@asynccontextmanager
async def given_back(store: SessionStore, lease: Lease) -> AsyncGenerator[None]:
    """Give a lease back when the context ends, however it ends, so that nobody waits for it to run out."""
    try:
        yield
    finally:
        await store.release(lease)
