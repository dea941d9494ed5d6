"""Draining a server by hand: as SIGTERM does it, and waited for."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from vivavoce.errors import VivavoceError
from vivavoce.settings import Settings
from vivavoce.storage.folder import owner

LOOK_S = 0.2


class NothingToDrain(VivavoceError):
    """No server runs on the data folder."""

    code = "nothing_to_drain"


async def drain_here(
    settings: Settings, *, wait: bool = True, on_told: Callable[[int], None] = lambda pid: None
) -> None:
    """Tell the server of the settings' data folder to drain, and wait until it has ended.

    Args:
        settings: name the data folder.
        wait: False comes back as soon as it has been told.
        on_told: told the server's process id.

    Raises:
        NothingToDrain: no server runs there that this command can see.
    """
    folder = settings.data_dir
    pid = await asyncio.to_thread(owner, folder)
    if pid is None:
        raise NothingToDrain(
            f"No server runs on the data folder {folder}.",
            next_step="Run this where the server runs, with the same VIVAVOCE_DATA_DIR.",
        )
    try:
        os.kill(pid, signal.SIGTERM)
    except ProcessLookupError as error:
        raise NothingToDrain(
            f"The server on {folder} has the process id {pid}, which is not to be seen here.",
            next_step="Run this in the server's container, as its user.",
        ) from error
    on_told(pid)
    if wait:
        await asyncio.to_thread(_wait, folder, pid)


def _wait(folder: Path, pid: int) -> None:
    """Until the process has let go of the folder: its own process id may outlive it, unburied."""
    while owner(folder) == pid:
        time.sleep(LOOK_S)
