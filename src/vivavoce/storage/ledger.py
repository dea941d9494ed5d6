"""The ledger in PostgreSQL: the logs' uses and costs as rows, and reservations beside them.

The rows are written in the transaction that appends their events, so the ledger is never behind the logs; `rebuild`
makes them anew from the logs. A study's money is given out by one transaction at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Double, cast, delete, func, insert, literal, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from vivavoce.session.errors import SessionUnknown, StudySpent
from vivavoce.session.events import SessionEnded, SessionEvent, UsageMetered
from vivavoce.session.ledger import Standing
from vivavoce.storage.engine import transaction
from vivavoce.storage.tables import LedgerRow, ReservationRow, SessionRow

LOCK_CLASS = 0x76766D  # "vvm"
"""First key of the advisory locks on studies' money; the second is a hash of the study's id. They last a transaction,
so they work behind a pooler too; two studies with one hash wait for each other, and that is all."""


@dataclass(frozen=True)
class BillLine:
    """What one session used of one model for one part, and what it cost. The counts are as in `session.usage.Use`.

    Attributes:
        price: where the price comes from, with its version.
        amount: in micro-dollars.
    """

    session_id: str
    part: str
    provider: str
    model: str
    price: str
    uses: int
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    input_audio_tokens: int
    output_audio_tokens: int
    cached_audio_tokens: int
    characters: int
    seconds: float
    amount: int


_COUNTS = (
    "input_tokens",
    "cached_tokens",
    "output_tokens",
    "input_audio_tokens",
    "output_audio_tokens",
    "cached_audio_tokens",
    "characters",
)
"""Of a use, an event, a row and a bill's line alike."""


class PostgresLedger:
    """Implements `vivavoce.session.ledger.Ledger`.

    Every method raises `StorageUnavailable` when the database does not answer.

    Args:
        engine: made by `vivavoce.storage.engine.make_engine`; stays the caller's.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def reserve(self, session_id: str, *, wanted: int, cap: int | None) -> int:
        """Set aside a session's budget; see `Ledger.reserve`."""
        async with transaction(self._engine, f"reserve money for session {session_id}") as connection:
            study_id = (
                await connection.execute(select(SessionRow.study_id).where(SessionRow.id == session_id))
            ).scalar_one_or_none()
            if study_id is None:
                raise SessionUnknown(session_id)
            await connection.execute(select(func.pg_advisory_xact_lock(LOCK_CLASS, func.hashtext(study_id))))
            # A statement of its own: it sees what was committed while we waited for the lock.
            known = select(ReservationRow.amount).where(ReservationRow.session_id == session_id)
            held = (await connection.execute(known)).scalar_one_or_none()
            if held is not None:
                return held
            granted = (await _standing(connection, study_id)).grant(wanted=wanted, cap=cap)
            if granted is None:
                raise StudySpent(study_id)
            await connection.execute(
                insert(ReservationRow).values(session_id=session_id, study_id=study_id, amount=granted)
            )
        return granted

    async def standing(self, study_id: str) -> Standing:
        """How a study stands; see `Ledger.standing`."""
        async with transaction(self._engine, f"read the standing of study {study_id}") as connection:
            return await _standing(connection, study_id)

    async def bill(self, study_id: str) -> list[BillLine]:
        """Everything a study was charged, a line a session, part, provider, model and price, in that order."""
        keys = (LedgerRow.session_id, LedgerRow.part, LedgerRow.provider, LedgerRow.model, LedgerRow.price)
        sums = (*_COUNTS, "amount")
        query = (
            select(
                *keys,
                func.count().label("uses"),
                *(_whole(func.sum(getattr(LedgerRow, name))).label(name) for name in sums),
                cast(func.sum(LedgerRow.seconds), Double).label("seconds"),
            )
            .where(LedgerRow.study_id == study_id)
            .group_by(*keys)
            .order_by(*keys)
        )
        async with transaction(self._engine, f"read the bill of study {study_id}") as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [BillLine(**row) for row in rows]

    async def rebuild(self, study_id: str) -> int:
        """Make a study's rows anew from its logs; returns how many there are. Reservations stay.

        Sessions under way wait meanwhile, and go on.
        """
        async with transaction(self._engine, f"rebuild the ledger of study {study_id}") as connection:
            await connection.execute(
                # An append locks its session's row before its event is there, so none is seen half.
                select(SessionRow.id).where(SessionRow.study_id == study_id).with_for_update()
            )
            await connection.execute(delete(LedgerRow).where(LedgerRow.study_id == study_id))
            made = await connection.execute(text(_FROM_LOGS), {"study_id": study_id})
        return made.rowcount


async def enter(connection: AsyncConnection, study_id: str, events: Sequence[SessionEvent]) -> None:
    """Write what events cost into the ledger, and settle sessions that ended, in the transaction that appends them."""
    rows = [
        _row(study_id, event, event.payload) for event in events if isinstance(event.payload, UsageMetered)
    ]
    if rows:
        await connection.execute(insert(LedgerRow), rows)
    for event in events:
        if isinstance(event.payload, SessionEnded):
            await connection.execute(
                delete(ReservationRow).where(ReservationRow.session_id == event.session_id)
            )


def _row(study_id: str, event: SessionEvent, usage: UsageMetered) -> dict[str, Any]:
    return {
        "session_id": event.session_id,
        "seq": event.seq,
        "study_id": study_id,
        "at": event.at,
        "part": usage.part,
        "provider": usage.provider,
        "model": usage.model,
        **{name: getattr(usage, name) for name in _COUNTS},
        "seconds": usage.seconds,
        "price": usage.price,
        "amount": usage.amount,
    }


async def _standing(connection: AsyncConnection, study_id: str) -> Standing:
    spent = (
        select(_whole(func.coalesce(func.sum(LedgerRow.amount), 0)))
        .where(LedgerRow.study_id == study_id)
        .scalar_subquery()
    )
    by_session = (
        select(func.coalesce(func.sum(LedgerRow.amount), 0))
        .where(LedgerRow.session_id == ReservationRow.session_id)
        .scalar_subquery()
    )
    unspent = func.greatest(ReservationRow.amount - by_session, literal(0))
    held = (
        select(_whole(func.coalesce(func.sum(unspent), 0)))
        .where(ReservationRow.study_id == study_id)
        .scalar_subquery()
    )
    # One statement sees one moment: what a session spends between two of them would be missing from both sums.
    row = (await connection.execute(select(spent.label("spent"), held.label("held")))).one()
    return Standing(spent=row.spent, held=row.held)


def _whole(amount: Any) -> Any:
    """A sum of integers as an integer; PostgreSQL makes it a numeric."""
    return amount.cast(LedgerRow.amount.type)


_FROM_LOGS = """
INSERT INTO ledger (session_id, seq, study_id, at, part, provider, model, input_tokens, cached_tokens, output_tokens,
                    input_audio_tokens, output_audio_tokens, cached_audio_tokens, characters, seconds, price, amount)
SELECT event.session_id, event.seq, session.study_id, event.at, event.payload ->> 'part', event.payload ->> 'provider',
       event.payload ->> 'model', (event.payload ->> 'input_tokens')::bigint,
       (event.payload ->> 'cached_tokens')::bigint, (event.payload ->> 'output_tokens')::bigint,
       coalesce((event.payload ->> 'input_audio_tokens')::bigint, 0),
       coalesce((event.payload ->> 'output_audio_tokens')::bigint, 0),
       coalesce((event.payload ->> 'cached_audio_tokens')::bigint, 0),
       (event.payload ->> 'characters')::bigint, (event.payload ->> 'seconds')::numeric,
       event.payload ->> 'price', (event.payload ->> 'amount')::bigint
FROM session_events AS event
JOIN sessions AS session ON session.id = event.session_id
WHERE session.study_id = :study_id AND event.kind = 'usage.metered'
ON CONFLICT DO NOTHING
"""
