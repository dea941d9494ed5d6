"""What the pipeline made of sessions: a row a session and stage, kept in one transaction with the job that follows.

A result replaces the one that was there when its making began, no other: a worker that hung and wakes, with what was
known hours ago, overwrites nothing. Of a session whose content was erased nothing is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Text, and_, cast, literal, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncEngine

from vivavoce.session.errors import ContentErased, SessionUnknown
from vivavoce.storage.engine import transaction
from vivavoce.storage.errors import StorageError
from vivavoce.storage.jobs import enqueue
from vivavoce.storage.tables import DerivedRow, SessionRow


class ResultSuperseded(StorageError):
    """Another result was kept while this one was made."""

    code = "result_superseded"

    def __init__(self, session_id: str, stage: str) -> None:
        super().__init__(
            f"Another result of {stage} was kept for session {session_id!r} while this one was made.",
            next_step="It is looked at again by itself.",
        )


@dataclass(frozen=True)
class Derived:
    """A stage's result: JSON, made of the input with that hash. `made_at` is by the database's clock, in UTC."""

    input_hash: str
    output: str
    made_at: datetime


class DerivedStore:
    """Keeps results. Every method raises `StorageUnavailable` when the database does not answer.

    Args:
        engine: made by `vivavoce.storage.engine.make_engine`; stays the caller's.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def get(self, session_id: str, stage: str) -> Derived | None:
        """What a stage made of a session; None: nothing yet.

        Raises:
            ContentErased: the session's content was erased.
        """
        query = (
            select(
                SessionRow.erased_at,
                DerivedRow.input_hash,
                cast(DerivedRow.output, Text).label("output"),
                DerivedRow.made_at,
            )
            .select_from(SessionRow)
            .outerjoin(DerivedRow, and_(DerivedRow.session_id == SessionRow.id, DerivedRow.stage == stage))
            .where(SessionRow.id == session_id)
        )
        async with transaction(self._engine, f"read the {stage} of session {session_id}") as connection:
            row = (await connection.execute(query)).one_or_none()
        if row is None:
            return None
        if row.erased_at is not None:
            raise ContentErased(session_id)
        if row.input_hash is None:
            return None
        return Derived(row.input_hash, row.output, row.made_at.astimezone(UTC))

    async def keep(
        self,
        session_id: str,
        stage: str,
        *,
        input_hash: str,
        output: str,
        instead_of: str | None = None,
        then: Sequence[str] = (),
    ) -> bool:
        """Keep a result, and add the jobs of the stages that follow: both, or neither.

        Args:
            session_id: the session.
            stage: whose result it is.
            input_hash: of what it was made of.
            output: JSON.
            instead_of: input hash of the result that was there when the making of this one began; None: there was none.
            then: stages whose jobs follow.

        Returns:
            whether it was new; what was made of the same input before stays, and its jobs are not added again.

        Raises:
            ResultSuperseded: neither that one is there, nor one of the same input. Nothing was kept.
            ContentErased: the session's content was erased meanwhile.
            SessionUnknown: there is no such session.
        """
        row = upsert(DerivedRow).values(
            session_id=session_id,
            stage=stage,
            input_hash=input_hash,
            output=cast(literal(output, Text), JSONB),
        )
        row = row.on_conflict_do_update(
            index_elements=[DerivedRow.session_id, DerivedRow.stage],
            set_={
                "input_hash": row.excluded.input_hash,
                "output": row.excluded.output,
                "made_at": row.excluded.made_at,
            },
            where=and_(DerivedRow.input_hash != row.excluded.input_hash, DerivedRow.input_hash == instead_of),
        ).returning(DerivedRow.session_id)
        # Shared, so that an erasure waits for us or we for it.
        session = select(SessionRow.erased_at).where(SessionRow.id == session_id).with_for_update(read=True)
        there = select(DerivedRow.input_hash).where(
            DerivedRow.session_id == session_id, DerivedRow.stage == stage
        )
        async with transaction(self._engine, f"keep the {stage} of session {session_id}") as connection:
            known = (await connection.execute(session)).one_or_none()
            if known is None:
                raise SessionUnknown(session_id)
            if known.erased_at is not None:
                raise ContentErased(session_id)
            if (await connection.execute(row)).one_or_none() is None:
                if (await connection.execute(there)).scalar_one() == input_hash:
                    return False
                raise ResultSuperseded(session_id, stage)
            for following in then:
                await enqueue(connection, session_id, following)
        return True
