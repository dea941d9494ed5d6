"""What goes with a session's content when that is erased: all that was made of it, and the link that led to it."""

from __future__ import annotations

from sqlalchemy import Table, delete, func, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vivavoce.storage import jobs
from vivavoce.storage.quotes import unquote
from vivavoce.storage.tables import (
    Base,
    EventRow,
    InvitationRow,
    LeaseRow,
    LedgerRow,
    SessionRow,
)

KEPT = frozenset(row.__tablename__ for row in (EventRow, LeaseRow, LedgerRow, InvitationRow))
"""Tables whose rows of a session stay: its log, which is replaced; who may write it; what it cost; its invitation."""

NO_TOKEN = "erased:"  # noqa: S105  # what stands where there is none
"""Instead of a token's hash, with the invitation's id after it: no token has such a hash, so the link leads nowhere."""


def dropped() -> list[Table]:
    """The tables whose rows of a session go: every one that names sessions, unless it is in `KEPT`."""
    return [
        table
        for table in reversed(Base.metadata.sorted_tables)
        if "session_id" in table.columns and table.name not in KEPT
    ]


async def erase_around(connection: AsyncConnection, session_id: str) -> None:
    """Drop what was made of a session, its jobs and its way in, within the transaction of `connection`.

    Before its log is replaced: examples in codebooks are found by what was said.
    """
    of_session = select(SessionRow.study_id, SessionRow.participant_id).where(SessionRow.id == session_id)
    study_id, participant_id = (await connection.execute(of_session)).one()
    await unquote(connection, session_id, study_id)
    for table in dropped():
        await connection.execute(delete(table).where(table.c.session_id == session_id))
    await jobs.drop(connection, session_id)
    await forget(connection, study_id, participant_id)


async def forget(connection: AsyncConnection, study_id: str, participant_id: str) -> int:
    """Make a participant's link lead nowhere; how many invitations there were."""
    forgotten = await connection.execute(
        update(InvitationRow)
        .where(InvitationRow.study_id == study_id, InvitationRow.participant_id == participant_id)
        .values(
            token_sha256=literal(NO_TOKEN) + InvitationRow.id,
            language=None,
            revoked_at=func.coalesce(InvitationRow.revoked_at, func.clock_timestamp()),
        )
    )
    return forgotten.rowcount
