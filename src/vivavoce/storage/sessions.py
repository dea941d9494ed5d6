"""Sessions in PostgreSQL: an append is one transaction that checks the lease, adds events and keeps their fold."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from functools import reduce
from typing import Any

from pydantic import ValidationError
from sqlalchemy import ColumnElement, Select, Text, cast, delete, func, insert, literal, select, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.sql.dml import ReturningInsert

from vivavoce.session.erasure import Line, erased
from vivavoce.session.errors import LeaseHeld, LeaseLost, SessionExists, SessionUnknown, StorageUnavailable
from vivavoce.session.events import (
    Payload,
    RecordingClosed,
    RecordingStarted,
    SessionEnded,
    SessionErased,
    SessionEvent,
    SessionScheduled,
    parse_payload,
)
from vivavoce.session.lease import Lease
from vivavoce.session.memory import new_token
from vivavoce.session.state import STATE_VERSION, SessionState, apply, fold
from vivavoce.session.status import Reason, SessionStatus
from vivavoce.session.store import EventList, Ids, SessionSummary, SummaryList
from vivavoce.storage.engine import transaction
from vivavoce.storage.erasure import erase_around
from vivavoce.storage.jobs import FIRST, enqueue
from vivavoce.storage.ledger import enter
from vivavoce.storage.tables import EventRow, LeaseRow, RecordingRow, SessionRow

CLAIM_TRIES = 3

STATES_KEPT = 500
"""States of recent appends kept in memory, about 100 KB each for a long interview."""


class PostgresSessionStore:
    """Implements `vivavoce.session.store.SessionStore`. Leases expire by the database's clock.

    Every method raises `StorageUnavailable` when the database does not answer; trying again is the caller's.

    Args:
        engine: made by `vivavoce.storage.engine.make_engine`; stays the caller's.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        # A log is append-only, so a session's id and seq name one state for ever: no other process can make it stale.
        self._states: OrderedDict[str, SessionState] = OrderedDict()

    async def create(self, session_id: str, payload: SessionScheduled, *, at: datetime) -> SessionState:
        """Write event 1; see `SessionStore.create`."""
        event = SessionEvent(session_id=session_id, seq=1, at=at, payload=payload)
        state = fold([event])
        try:
            async with transaction(self._engine, f"create session {session_id}") as connection:
                await connection.execute(insert(SessionRow).values(id=session_id, **_columns(state)))
                await _insert_events(connection, [event])
        except IntegrityError as error:
            raise SessionExists(session_id) from error
        return state

    async def append(self, lease: Lease, payloads: Sequence[Payload], *, at: datetime) -> SessionState:
        """Append all or none; see `SessionStore.append`."""
        session_id = lease.session_id
        async with transaction(self._engine, f"append to session {session_id}") as connection:
            seq = await _hold(connection, lease)
            before = self._states.get(session_id)
            if before is None or before.seq != seq:
                before = await _state(connection, session_id)
            events = [
                SessionEvent(session_id=session_id, seq=number, at=at, payload=payload)
                for number, payload in enumerate(payloads, start=seq + 1)
            ]
            if not events:
                return before
            after = reduce(apply, events, before)
            await _insert_events(connection, events)
            await connection.execute(
                update(SessionRow).where(SessionRow.id == session_id).values(**_columns(after))
            )
            await _keep_recordings(connection, events)
            await enter(connection, after.study_id, events)
            if after.joined_at is not None and _complete(after, events):
                await enqueue(connection, session_id, FIRST)
        self._remember(after)
        return after

    async def erase(self, lease: Lease, last: SessionErased, *, at: datetime) -> SessionState:
        """Replace the log by what is left of it, and drop what was made of it; see `SessionStore.erase`."""
        session_id = lease.session_id
        async with transaction(self._engine, f"erase session {session_id}") as connection:
            await _hold(connection, lease)
            rows = await connection.execute(_log(session_id))
            log = (Line(row.seq, row.at, row.kind, row.payload) for row in rows)
            left = erased(session_id, log, last, at=at)
            state = fold(left)
            await erase_around(connection, session_id)
            await connection.execute(delete(EventRow).where(EventRow.session_id == session_id))
            await _insert_events(connection, left)
            await connection.execute(
                update(SessionRow).where(SessionRow.id == session_id).values(**_columns(state))
            )
        self._states.pop(session_id, None)
        return state

    async def read(self, session_id: str, *, after: int = 0) -> EventList:
        """The events after `after`; see `SessionStore.read`."""
        async with transaction(self._engine, f"read the log of session {session_id}") as connection:
            events = await _read(connection, session_id, after=after)
            if not events and not await _exists(connection, session_id):
                raise SessionUnknown(session_id)
        return events

    async def state(self, session_id: str) -> SessionState:
        """The stored fold; see `SessionStore.state`."""
        async with transaction(self._engine, f"read the state of session {session_id}") as connection:
            return await _state(connection, session_id)

    async def claim(self, session_id: str, *, holder: str, ttl_s: float) -> Lease:
        """Become the one writer; see `SessionStore.claim`."""
        token = new_token()
        claim = _claim(session_id, holder=holder, token=token, ttl_s=ttl_s, over_a_live_one=False)
        for _ in range(CLAIM_TRIES):
            try:
                async with transaction(self._engine, f"claim session {session_id}") as connection:
                    expires_at = (await connection.execute(claim)).scalar_one_or_none()
                    if expires_at is not None:
                        return Lease(session_id, holder, token, expires_at.astimezone(UTC))
                    other = (
                        await connection.execute(
                            select(LeaseRow.holder, LeaseRow.expires_at).where(
                                LeaseRow.session_id == session_id
                            )
                        )
                    ).one_or_none()
            except IntegrityError as error:
                raise SessionUnknown(session_id) from error
            if other is not None:
                raise LeaseHeld(session_id, holder=other.holder, expires_at=other.expires_at.astimezone(UTC))
            # It was released between the two statements: it is free now.
        raise StorageUnavailable(
            f"Session {session_id!r} is claimed and released too fast to be claimed here."
        )

    async def seize(self, session_id: str, *, holder: str, ttl_s: float) -> Lease:
        """Become the one writer, whoever is; see `SessionStore.seize`."""
        token = new_token()
        claim = _claim(session_id, holder=holder, token=token, ttl_s=ttl_s, over_a_live_one=True)
        try:
            async with transaction(self._engine, f"seize session {session_id}") as connection:
                expires_at = (await connection.execute(claim)).scalar_one()
        except IntegrityError as error:
            raise SessionUnknown(session_id) from error
        return Lease(session_id, holder, token, expires_at.astimezone(UTC))

    async def renew(self, lease: Lease, *, ttl_s: float) -> Lease:
        """Stay the one writer; see `SessionStore.renew`."""
        async with transaction(self._engine, f"renew the lease of session {lease.session_id}") as connection:
            expires_at = (
                await connection.execute(
                    update(LeaseRow)
                    .where(
                        LeaseRow.session_id == lease.session_id,
                        LeaseRow.token == lease.token,
                        LeaseRow.expires_at > _now(),
                    )
                    .values(expires_at=_now() + timedelta(seconds=ttl_s))
                    .returning(LeaseRow.expires_at)
                )
            ).scalar_one_or_none()
        if expires_at is None:
            raise LeaseLost(lease.session_id, holder=lease.holder)
        return Lease(lease.session_id, lease.holder, lease.token, expires_at.astimezone(UTC))

    async def release(self, lease: Lease) -> None:
        """Give the lease back; see `SessionStore.release`."""
        async with transaction(self._engine, f"release session {lease.session_id}") as connection:
            await connection.execute(
                delete(LeaseRow).where(LeaseRow.session_id == lease.session_id, LeaseRow.token == lease.token)
            )

    async def list(
        self,
        *,
        study_id: str | None = None,
        participant_id: str | None = None,
        statuses: Collection[SessionStatus] | None = None,
        limit: int = 100,
    ) -> SummaryList:
        """The newest sessions first; see `SessionStore.list`."""
        query = (
            select(
                SessionRow.id.label("session_id"),
                SessionRow.study_id,
                SessionRow.study_title,
                SessionRow.status,
                SessionRow.reason,
                SessionRow.language,
                SessionRow.participant_id,
                SessionRow.sitting,
                SessionRow.seq,
                SessionRow.created_at,
                SessionRow.updated_at,
                SessionRow.joined_at,
                SessionRow.ended_at,
                SessionRow.erased_at,
                func.coalesce(LeaseRow.expires_at > _now(), literal(False)).label("leased"),
                LeaseRow.expires_at.label("held_until"),
                _now().label("seen_at"),
            )
            .outerjoin(LeaseRow, LeaseRow.session_id == SessionRow.id)
            .order_by(SessionRow.created_at.desc(), SessionRow.id.desc())
            .limit(limit)
        )
        if study_id is not None:
            query = query.where(SessionRow.study_id == study_id)
        if participant_id is not None:
            query = query.where(SessionRow.participant_id == participant_id)
        if statuses is not None:
            query = query.where(SessionRow.status.in_([status.value for status in statuses]))
        async with transaction(self._engine, "list sessions") as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [SessionSummary.model_validate(dict(row)) for row in rows]

    async def unclosed(self, *, limit: int = 100) -> Ids:
        """Sessions with a recording left open; see `SessionStore.unclosed`."""
        left_open = select(RecordingRow.session_id).where(RecordingRow.sha256.is_(None))
        query = (
            select(SessionRow.id)
            .outerjoin(LeaseRow, LeaseRow.session_id == SessionRow.id)
            .where(SessionRow.id.in_(left_open), func.coalesce(LeaseRow.expires_at <= _now(), literal(True)))
            .order_by(SessionRow.created_at.desc(), SessionRow.id.desc())
            .limit(limit)
        )
        async with transaction(self._engine, "look for recordings left open") as connection:
            return list((await connection.execute(query)).scalars())

    def _remember(self, state: SessionState) -> None:
        """Keep the state for the next append, unless a later one is kept already; a session that is over needs none."""
        known = self._states.pop(state.session_id, None)
        if known is not None and known.seq > state.seq:
            state = known
        if not state.status.terminal:
            self._states[state.session_id] = state
            if len(self._states) > STATES_KEPT:
                self._states.popitem(last=False)


def _claim(
    session_id: str, *, holder: str, token: str, ttl_s: float, over_a_live_one: bool
) -> ReturningInsert[datetime]:
    claim = upsert(LeaseRow).values(
        session_id=session_id, holder=holder, token=token, expires_at=_now() + timedelta(seconds=ttl_s)
    )
    return claim.on_conflict_do_update(
        index_elements=[LeaseRow.session_id],
        set_={
            "holder": claim.excluded.holder,
            "token": claim.excluded.token,
            # Not `excluded`: that was reckoned before we waited for whoever held the row.
            "expires_at": _now() + timedelta(seconds=ttl_s),
        },
        where=None if over_a_live_one else LeaseRow.expires_at <= _now(),
    ).returning(LeaseRow.expires_at)


def _now() -> ColumnElement[datetime]:
    """The database's clock at this statement; `now()` would be that at the transaction's start."""
    return func.clock_timestamp()


def _complete(state: SessionState, events: Sequence[SessionEvent]) -> bool:
    """Whether these events ended the session, or closed a recording of one that was over: the pipeline's time."""
    kinds = (SessionEnded, RecordingClosed)
    return state.status.terminal and any(isinstance(event.payload, kinds) for event in events)


def _columns(state: SessionState) -> dict[str, Any]:
    reason: Reason | None = state.reason
    return {
        "study_id": state.study_id,
        "study_title": state.study_title,
        "participant_id": state.participant_id,
        "language": state.language,
        "sitting": state.sitting,
        "status": state.status.value,
        "reason": None if reason is None else reason.value,
        "seq": state.seq,
        "state_version": STATE_VERSION,
        # As text, by pydantic's own writer: this is most of an append's work.
        "state": cast(literal(state.model_dump_json(), Text), JSONB),
        "created_at": state.created_at,
        "updated_at": state.updated_at,
        "joined_at": state.joined_at,
        "ended_at": state.ended_at,
        "erased_at": state.erased_at,
    }


async def _insert_events(connection: AsyncConnection, events: Sequence[SessionEvent]) -> None:
    await connection.execute(
        insert(EventRow),
        [
            {
                "session_id": event.session_id,
                "seq": event.seq,
                "at": event.at,
                "kind": event.kind.value,
                "payload": event.payload.model_dump(mode="json", exclude={"kind"}),
            }
            for event in events
        ],
    )


async def _keep_recordings(connection: AsyncConnection, events: Sequence[SessionEvent]) -> None:
    for event in events:
        match event.payload:
            case RecordingStarted(key=key):
                await connection.execute(insert(RecordingRow).values(key=key, session_id=event.session_id))
            case RecordingClosed(key=key, bytes=size, sha256=sha256):
                await connection.execute(
                    update(RecordingRow).where(RecordingRow.key == key).values(bytes=size, sha256=sha256)
                )
            case _:
                pass


async def _hold(connection: AsyncConnection, lease: Lease) -> int:
    """See that the lease is the live one, and keep it so until the commit; the number of the log's last event.

    Raises:
        SessionUnknown, LeaseLost.
    """
    # The lease's row stays locked until the commit: nobody takes the session over half-way.
    held = (
        await connection.execute(
            select(LeaseRow.token, LeaseRow.expires_at)
            .where(LeaseRow.session_id == lease.session_id)
            .with_for_update()
        )
    ).one_or_none()
    row = (
        await connection.execute(
            select(SessionRow.seq, _now().label("now")).where(SessionRow.id == lease.session_id)
        )
    ).one_or_none()
    if row is None:
        raise SessionUnknown(lease.session_id)
    if held is None or held.token != lease.token or held.expires_at <= row.now:
        raise LeaseLost(lease.session_id, holder=lease.holder)
    return row.seq


def _log(session_id: str, *, after: int = 0) -> Select[int, datetime, str, dict[str, Any]]:
    return (
        select(EventRow.seq, EventRow.at, EventRow.kind, EventRow.payload)
        .where(EventRow.session_id == session_id, EventRow.seq > after)
        .order_by(EventRow.seq)
    )


async def _read(connection: AsyncConnection, session_id: str, *, after: int = 0) -> EventList:
    rows = await connection.execute(_log(session_id, after=after))
    return [
        SessionEvent(
            session_id=session_id,
            seq=row.seq,
            at=row.at,
            payload=parse_payload(
                {**row.payload, "kind": row.kind}, where=f"session {session_id!r}, event {row.seq}"
            ),
        )
        for row in rows
    ]


async def _exists(connection: AsyncConnection, session_id: str) -> bool:
    found = await connection.execute(select(SessionRow.id).where(SessionRow.id == session_id))
    return found.one_or_none() is not None


async def _state(connection: AsyncConnection, session_id: str) -> SessionState:
    """The snapshot, or the log folded anew where another version wrote the snapshot."""
    row = (
        await connection.execute(
            select(SessionRow.state_version, cast(SessionRow.state, Text).label("state")).where(
                SessionRow.id == session_id
            )
        )
    ).one_or_none()
    if row is None:
        raise SessionUnknown(session_id)
    if row.state_version == STATE_VERSION:
        try:
            return SessionState.model_validate_json(row.state)
        except ValidationError:
            pass  # the protocol's part of it may have changed without our number: the log decides
    return fold(await _read(connection, session_id))
