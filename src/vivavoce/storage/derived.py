"""What the pipeline made of sessions: a row a session and stage, kept in one transaction with the job that follows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Text, cast, literal, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncEngine

from vivavoce.storage.engine import transaction
from vivavoce.storage.jobs import enqueue
from vivavoce.storage.tables import DerivedRow


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
        """What a stage made of a session; None: nothing yet."""
        query = select(
            DerivedRow.input_hash, cast(DerivedRow.output, Text).label("output"), DerivedRow.made_at
        ).where(DerivedRow.session_id == session_id, DerivedRow.stage == stage)
        async with transaction(self._engine, f"read the {stage} of session {session_id}") as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else Derived(row.input_hash, row.output, row.made_at.astimezone(UTC))

    async def keep(
        self, session_id: str, stage: str, *, input_hash: str, output: str, then: Sequence[str] = ()
    ) -> bool:
        """Keep a result, and add the jobs of the stages that follow: both, or neither.

        Args:
            session_id: the session.
            stage: whose result it is; one of another input is replaced.
            input_hash: of what it was made of.
            output: JSON.
            then: stages whose jobs follow.

        Returns:
            whether it was new; what was made of the same input before stays, and its jobs are not added again.
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
            where=DerivedRow.input_hash != row.excluded.input_hash,
        ).returning(DerivedRow.session_id)
        async with transaction(self._engine, f"keep the {stage} of session {session_id}") as connection:
            new = (await connection.execute(row)).one_or_none() is not None
            if new:
                for following in then:
                    await enqueue(connection, session_id, following)
        return new
