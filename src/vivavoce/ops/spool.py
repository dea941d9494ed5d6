"""The spool: recordings while they are written. What a killed process left there is handed over at the next start."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import structlog

from vivavoce.errors import VivavoceError

log = structlog.get_logger(__name__)


async def keep_left_over(spool: Path, keep: Callable[[str, Path], Awaitable[object]]) -> list[str]:
    """Hand over every recording in the spool under the key its name says; returns those keys.

    Call it before any session runs. A file that cannot be handed over stays, and is named in the log.
    """
    kept: list[str] = []
    for path in await asyncio.to_thread(lambda: sorted(spool.glob("*.ogg"))):
        session_id, part = path.name.rsplit(".", 2)[:2]
        key = f"{session_id}/{part}.ogg"
        try:
            await keep(key, path)
        except VivavoceError as error:
            log.error("recording left in the spool", path=str(path), error=str(error))
        else:
            log.info("recording of an earlier run kept", key=key)
            kept.append(key)
    return kept
