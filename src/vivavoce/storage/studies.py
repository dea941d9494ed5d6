"""Published studies. A version stays for the sessions that began with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncEngine

from vivavoce.protocol.check import load_study
from vivavoce.protocol.study import Study
from vivavoce.storage.engine import transaction
from vivavoce.storage.errors import StudyUnknown
from vivavoce.storage.tables import StudyRow


@dataclass(frozen=True)
class StudyRecord:
    """One published version of a study.

    Attributes:
        content_hash: SHA-256 of what the study says, as `Study.content_hash`.
        yaml: its file, as it was published.
        published_at: when last, by the database's clock, in UTC.
    """

    id: str
    content_hash: str
    yaml: str
    published_at: datetime

    @property
    def study(self) -> Study:
        """What is asked. The first time in a process the file is read, which may take a tenth of a second.

        Raises:
            StudyError: this version of Viva Voce cannot read the file any more.
        """
        return _read(self.yaml, f"published study {self.id}")


@lru_cache(maxsize=64)
def _read(yaml: str, source: str) -> Study:
    return load_study(yaml.encode(), source=source)


class StudyStore:
    """Keeps published studies. Every method raises `StorageUnavailable` when the database does not answer."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def publish(self, yaml: str) -> StudyRecord:
        """Make this file the present version of its study; publishing the same content again changes nothing but that.

        Raises:
            StudyError: the file has errors; nothing was kept.
        """
        study = load_study(yaml.encode(), source="study")
        row = upsert(StudyRow).values(id=study.id, content_hash=study.content_hash, yaml=yaml)
        row = row.on_conflict_do_update(
            index_elements=[StudyRow.id, StudyRow.content_hash],
            set_={"yaml": row.excluded.yaml, "published_at": func.clock_timestamp()},
        ).returning(StudyRow.published_at)
        async with transaction(self._engine, f"publish study {study.id}") as connection:
            published_at = (await connection.execute(row)).scalar_one()
        return StudyRecord(study.id, study.content_hash, yaml, published_at.astimezone(UTC))

    async def get(self, study_id: str, content_hash: str | None = None) -> StudyRecord:
        """The version published last, or the one with that content.

        Raises:
            StudyUnknown: there is none.
        """
        query = (
            select(StudyRow.id, StudyRow.content_hash, StudyRow.yaml, StudyRow.published_at)
            .where(StudyRow.id == study_id)
            .order_by(StudyRow.published_at.desc())
            .limit(1)
        )
        if content_hash is not None:
            query = query.where(StudyRow.content_hash == content_hash)
        async with transaction(self._engine, f"read study {study_id}") as connection:
            row = (await connection.execute(query)).one_or_none()
        if row is None:
            raise StudyUnknown(study_id, content_hash=content_hash)
        return StudyRecord(row.id, row.content_hash, row.yaml, row.published_at.astimezone(UTC))

    async def list(self) -> list[StudyRecord]:
        """The present version of every study, by id."""
        query = (
            select(StudyRow.id, StudyRow.content_hash, StudyRow.yaml, StudyRow.published_at)
            .ext(distinct_on(StudyRow.id))
            .order_by(StudyRow.id, StudyRow.published_at.desc())
        )
        async with transaction(self._engine, "list studies") as connection:
            rows = (await connection.execute(query)).all()
        return [
            StudyRecord(row.id, row.content_hash, row.yaml, row.published_at.astimezone(UTC)) for row in rows
        ]
