"""The studies' codebooks: each edit is a version of its own, so that it can be told which codes were in force when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Text, cast, literal, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncEngine

from vivavoce.errors import VivavoceError
from vivavoce.storage.engine import transaction
from vivavoce.storage.tables import CodebookRow


class CodebookChanged(VivavoceError):
    """Somebody else edited the codebook meanwhile."""

    code = "codebook_changed"


@dataclass(frozen=True)
class KeptCodebook:
    """A version of a codebook. `made_at` is by the database's clock, in UTC.

    Attributes:
        version: from 1.
        codebook: JSON, as `pipeline.codes.Codebook` writes it.
        editor: who made this version, for people.
    """

    version: int
    codebook: str
    editor: str
    made_at: datetime


class CodebookStore:
    """Keeps codebooks. Every method raises `StorageUnavailable` when the database does not answer.

    Args:
        engine: made by `vivavoce.storage.engine.make_engine`; stays the caller's.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def latest(self, study_id: str) -> KeptCodebook | None:
        """The version in force; None: nobody has made any."""
        query = (
            select(
                CodebookRow.version,
                cast(CodebookRow.codebook, Text).label("codebook"),
                CodebookRow.editor,
                CodebookRow.made_at,
            )
            .where(CodebookRow.study_id == study_id)
            .order_by(CodebookRow.version.desc())
            .limit(1)
        )
        async with transaction(self._engine, f"read the codebook of study {study_id}") as connection:
            row = (await connection.execute(query)).one_or_none()
        if row is None:
            return None
        return KeptCodebook(row.version, row.codebook, row.editor, row.made_at.astimezone(UTC))

    async def add(self, study_id: str, version: int, codebook: str, *, editor: str) -> None:
        """Put a version in force.

        Args:
            study_id: the study.
            version: one more than the version that was edited.
            codebook: JSON.
            editor: who made it.

        Raises:
            CodebookChanged: there is that version already.
        """
        row = (
            upsert(CodebookRow)
            .values(
                study_id=study_id,
                version=version,
                codebook=cast(literal(codebook, Text), JSONB),
                editor=editor,
            )
            .on_conflict_do_nothing()
            .returning(CodebookRow.version)
        )
        async with transaction(self._engine, f"keep the codebook of study {study_id}") as connection:
            if (await connection.execute(row)).one_or_none() is None:
                raise CodebookChanged(
                    f"The codebook of study {study_id!r} was edited by somebody else meanwhile.",
                    next_step="Look at it again, and repeat the edit.",
                )
