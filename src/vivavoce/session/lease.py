"""The right to write a session's log: one holder at a time, for a limited time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Lease:
    """A claim on a session's log. Whoever shows the live `token` may append.

    Attributes:
        session_id: the session.
        holder: who claimed it, for people to read (host name and process).
        token: unguessable, new for each claim; this, not the holder's name, is the right to write.
        expires_at: aware UTC, by the clock of the store that gave it.
    """

    session_id: str
    holder: str
    token: str
    expires_at: datetime

    def __repr__(self) -> str:
        """Without the token: leases end up in logs."""
        return f"Lease({self.session_id!r}, holder={self.holder!r}, expires_at={self.expires_at.isoformat()})"
