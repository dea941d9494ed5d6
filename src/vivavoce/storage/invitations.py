"""Invitations: who may come to which study. Tokens are given out once; only their hashes are kept.

The participant is a pseudonym made here at random: it comes from no name, no address and no token.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from vivavoce.storage.engine import transaction
from vivavoce.storage.erasure import forget
from vivavoce.storage.errors import InvitationMissing, StudyUnknown
from vivavoce.storage.tables import InvitationRow, StudyRow

TOKEN_BYTES = 20
"""160 random bits: 27 characters in a link."""

BATCH = 1_000


@dataclass(frozen=True)
class Invitation:
    """One participant's way in. Times are UTC.

    Attributes:
        id: names it in logs; opens nothing.
        participant_id: the pseudonym.
        language: the participant's, where it is known.
        expires_at: until when an interview may be begun with it.
        session_id: the session it led to.
    """

    id: str
    study_id: str
    participant_id: str
    language: str | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    session_id: str | None


def token_hash(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def _name(prefix: str, size: int) -> str:
    return prefix + base64.b32encode(secrets.token_bytes(size)).decode().rstrip("=").lower()


class InvitationStore:
    """Keeps invitations. Every method raises `StorageUnavailable` when the database does not answer."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def create(
        self,
        study_id: str,
        count: int = 1,
        *,
        expires_at: datetime | None = None,
        language: str | None = None,
    ) -> list[str]:
        """Make invitations, all or none, and return their tokens. They cannot be shown again.

        Args:
            count: how many, each for another participant.
            expires_at: aware; `None` for never.
            language: for all of them, where it is known.

        Raises:
            StudyUnknown: no such study was published.
        """
        tokens = [secrets.token_urlsafe(TOKEN_BYTES) for _ in range(count)]
        rows = [
            {
                "id": _name("i", 10),
                "token_sha256": token_hash(token),
                "study_id": study_id,
                "participant_id": _name("p", 10),
                "language": language,
                "expires_at": expires_at,
            }
            for token in tokens
        ]
        async with transaction(self._engine, f"make invitations to {study_id}") as connection:
            known = await connection.execute(select(StudyRow.id).where(StudyRow.id == study_id).limit(1))
            if known.one_or_none() is None:
                raise StudyUnknown(study_id)
            for start in range(0, len(rows), BATCH):
                await connection.execute(insert(InvitationRow), rows[start : start + BATCH])
        return tokens

    async def find(self, token: str, /) -> Invitation | None:
        """The invitation with this token, in whatever state, if there is one."""
        async with transaction(self._engine, "look an invitation up") as connection:
            row = (
                await connection.execute(
                    select(
                        InvitationRow.id,
                        InvitationRow.study_id,
                        InvitationRow.participant_id,
                        InvitationRow.language,
                        InvitationRow.created_at,
                        InvitationRow.expires_at,
                        InvitationRow.revoked_at,
                        InvitationRow.session_id,
                    ).where(InvitationRow.token_sha256 == token_hash(token))
                )
            ).one_or_none()
        if row is None:
            return None
        return Invitation(
            id=row.id,
            study_id=row.study_id,
            participant_id=row.participant_id,
            language=row.language,
            created_at=row.created_at.astimezone(UTC),
            expires_at=_utc(row.expires_at),
            revoked_at=_utc(row.revoked_at),
            session_id=row.session_id,
        )

    async def bind_session(
        self, invitation_id: str, session_id: str, /, *, instead_of: str | None = None
    ) -> str:
        """Give the invitation its session, and return the id of the one it has then: the first one bound wins.

        Args:
            instead_of: the session of an earlier sitting, which it has now.

        Raises:
            InvitationMissing: there is no such invitation.
        """
        async with transaction(self._engine, f"bind invitation {invitation_id}") as connection:
            bound = (
                await connection.execute(
                    update(InvitationRow)
                    .where(InvitationRow.id == invitation_id)
                    .values(
                        session_id=func.coalesce(
                            func.nullif(InvitationRow.session_id, instead_of), session_id
                        )
                    )
                    .returning(InvitationRow.session_id)
                )
            ).scalar_one_or_none()
        if bound is None:
            raise InvitationMissing(invitation_id)
        return bound

    async def revoke(self, invitation_id: str, /) -> None:
        """Take the invitation back; a session that is under way is not touched.

        Raises:
            InvitationMissing: there is no such invitation.
        """
        async with transaction(self._engine, f"revoke invitation {invitation_id}") as connection:
            found = await connection.execute(
                update(InvitationRow)
                .where(InvitationRow.id == invitation_id)
                .values(revoked_at=func.coalesce(InvitationRow.revoked_at, func.clock_timestamp()))
                .returning(InvitationRow.id)
            )
            if found.one_or_none() is None:
                raise InvitationMissing(invitation_id)

    async def forget(self, study_id: str, participant_id: str) -> int:
        """Make a participant's link lead nowhere, for good; how many invitations there were, also forgotten ones."""
        async with transaction(self._engine, f"forget the invitation of {participant_id}") as connection:
            return await forget(connection, study_id, participant_id)


def _utc(value: datetime | None) -> datetime | None:
    return None if value is None else value.astimezone(UTC)
