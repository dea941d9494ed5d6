"""Interviews that are over and not erased, as retention looks at them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import bindparam, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from vivavoce.session.status import Reason, SessionStatus
from vivavoce.storage.engine import transaction
from vivavoce.storage.tables import SessionRow

MOST = 100_000


@dataclass(frozen=True)
class Over:
    """An interview with all its sittings over.

    Attributes:
        study_hashes: the versions of the study that its sittings followed.
        session_ids: its sittings that are not erased.
        ended_at: of the last one, in UTC.
        withdrawn: the participant ended it for good.
        warm: recordings that are complete and not in the cold store are among its own.
    """

    study_id: str
    study_hashes: tuple[str, ...]
    participant_id: str
    session_ids: tuple[str, ...]
    ended_at: datetime
    withdrawn: bool
    warm: bool


async def interviews_over(engine: AsyncEngine, *, limit: int = MOST) -> Sequence[Over]:
    """All of them, those that ended first before the others. Raises StorageUnavailable."""
    async with transaction(engine, "look at what is kept") as connection:
        rows = await connection.execute(
            _OVER,
            {
                "statuses": [status.value for status in SessionStatus if status.terminal],
                "withdrawn": Reason.WITHDRAWN.value,
                "limit": limit,
            },
        )
        return [
            Over(
                study_id=row.study_id,
                study_hashes=tuple(row.study_hashes),
                participant_id=row.participant_id,
                session_ids=tuple(row.session_ids),
                ended_at=row.ended_at.astimezone(UTC),
                withdrawn=row.withdrawn,
                warm=row.warm,
            )
            for row in rows
        ]


async def erased_since(engine: AsyncEngine, moment: datetime) -> Sequence[str]:
    """Ids of the sessions whose content was erased after a moment. Raises StorageUnavailable."""
    query = select(SessionRow.id).where(SessionRow.erased_at > moment).limit(MOST)
    async with transaction(engine, "look at what was erased") as connection:
        return list((await connection.execute(query)).scalars())


_OVER = text(
    """
    SELECT study_id, participant_id,
           array_agg(DISTINCT state->>'study_hash') AS study_hashes,
           array_agg(id ORDER BY created_at) AS session_ids,
           max(coalesce(ended_at, updated_at)) AS ended_at,
           bool_or(reason = :withdrawn) AS withdrawn,
           bool_or(EXISTS (
               SELECT 1 FROM recordings r WHERE r.session_id = sessions.id AND r.sha256 IS NOT NULL
                   AND NOT coalesce(sessions.state->'cold', '[]'::jsonb) @> to_jsonb(r.key)
           )) AS warm
    FROM sessions WHERE erased_at IS NULL
    GROUP BY study_id, participant_id
    HAVING bool_and(status IN :statuses)
    ORDER BY 5 LIMIT :limit
    """
).bindparams(bindparam("statuses", expanding=True))
