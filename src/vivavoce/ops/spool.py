"""The spool: recordings while they are written. What a killed process left there is handed over at the next start."""

from __future__ import annotations

import asyncio
import glob
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol

import structlog

from vivavoce.errors import VivavoceError
from vivavoce.session.errors import SessionUnknown
from vivavoce.session.state import SessionState

log = structlog.get_logger(__name__)


class States(Protocol):
    """Where sessions' states are to be had: `session.store.SessionStore`."""

    async def state(self, session_id: str) -> SessionState:
        """The fold of a session's log."""
        ...


async def keep_left_over(
    spool: Path, keep: Callable[[str, Path], Awaitable[object]], sessions: States
) -> list[str]:
    """Hand over every recording in the spool under the key its name says; returns those keys.

    Call it before any session runs. A file that cannot be handed over stays, and is named in the log. One of a session
    whose content was erased meanwhile goes, as the rest of it did.
    """
    kept: list[str] = []
    for path in await asyncio.to_thread(lambda: sorted(spool.glob("*.ogg"))):
        session_id, part = path.name.rsplit(".", 2)[:2]
        key = f"{session_id}/{part}.ogg"
        try:
            if await _erased(sessions, session_id):
                await asyncio.to_thread(path.unlink)
                log.info("recording of an erased session removed", key=key)
                continue
            await keep(key, path)
        except VivavoceError as error:
            log.error("recording left in the spool", path=str(path), error=str(error))
        else:
            log.info("recording of an earlier run kept", key=key)
            kept.append(key)
    return kept


async def _erased(sessions: States, session_id: str) -> bool:
    try:
        return (await sessions.state(session_id)).erased_at is not None
    except SessionUnknown:
        return False


async def empty_spool(spool: Path, session_id: str) -> list[str]:
    """Remove what the spool has of a session; returns the names of the files."""

    def remove() -> list[str]:
        names = in_spool(spool, session_id)
        for name in names:
            (spool / name).unlink(missing_ok=True)
        return names

    return await asyncio.to_thread(remove)


def in_spool(spool: Path, session_id: str) -> list[str]:
    """The names of the files that the spool has of a session. Blocking."""
    return sorted(path.name for path in spool.glob(f"{glob.escape(session_id)}.*"))
