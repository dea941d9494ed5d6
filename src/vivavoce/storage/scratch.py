"""Folders for a while, with recordings in them: what a killed process left of them is removed by the next one.

Each has a lock in it, held by its process and gone with it, however that ends; a number of a process would not do, for
it may be another one's by then, or that of a process in another container on the same disk.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from vivavoce.storage.folder import open_lock, try_lock

PREFIX = "vivavoce-scratch-"
LOCK = ".lock"
YOUNG_S = 60.0
"""Seconds that a process has to lock the folder it made."""


@contextmanager
def scratch() -> Generator[Path]:
    """A folder of our own while the context lasts. Blocking, but for a moment only."""
    remove_left_over()
    with tempfile.TemporaryDirectory(prefix=PREFIX) as name:
        folder = Path(name)
        with open_lock(folder, LOCK) as lock:
            try_lock(lock, exclusive=True)
            yield folder


def remove_left_over() -> int:
    """Remove the folders of processes that are gone; how many there were. Other accounts' are left alone."""
    removed = 0
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        # Somebody else's, or gone at this moment.
        with suppress(PermissionError, FileNotFoundError):
            if _abandoned(folder):
                shutil.rmtree(folder)
                removed += 1
    return removed


def _abandoned(folder: Path) -> bool:
    path = folder / LOCK
    if not path.exists():
        return time.time() - folder.stat().st_mtime > YOUNG_S
    with path.open("r+", encoding="ascii") as lock:
        return try_lock(lock, exclusive=True)
