"""The data folder: one owner at a time, enough room, and files that only we can read."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from vivavoce.storage.errors import DataFolderInUse, DataFolderUnusable, DiskFull

OWNER_LOCK = "owner.lock"
RETRY_S = 0.05


def prepare(folder: Path) -> None:
    """Make the data folder if it is not there, and see that it can be written.

    Raises:
        DataFolderUnusable: it cannot be made or written, or is no folder.
        DiskFull: there is no room for even a small file.
    """
    probe = folder / f".write-test-{os.getpid()}"
    with folder_errors(folder):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        probe.write_bytes(b"\0" * 4096)
        probe.unlink()


def require_space(folder: Path, mebibytes: int, *, purpose: str) -> None:
    """Raise DiskFull unless the folder's disk has that much room."""
    free = shutil.disk_usage(folder).free >> 20
    if free < mebibytes:
        raise DiskFull(
            f"The disk of {folder} has {free} MB left; {purpose} needs {mebibytes} MB. Nothing was changed."
        )


@contextmanager
def folder_errors(folder: Path) -> Generator[None]:
    """Turn the operating system's refusals into errors that name the data folder."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFull(f"The disk of the data folder {folder} is full.") from error
        where = f" ({error.filename})" if error.filename and str(error.filename) != str(folder) else ""
        raise DataFolderUnusable(
            f"The data folder {folder} cannot be used: {error.strerror or error}{where}.",
            next_step="Check its permissions and that it is on a writable disk, or set VIVAVOCE_DATA_DIR.",
        ) from error


@contextmanager
def owned(folder: Path) -> Generator[None]:
    """Be the one process that runs on the folder. The operating system ends this with the process, however it ends.

    Raises:
        DataFolderInUse: another process is; the error names it.
        DataFolderUnusable: the lock's file cannot be written.
    """
    with _opened(folder, OWNER_LOCK) as file:
        if not try_lock(file, exclusive=True):
            raise DataFolderInUse(folder, pid=_pid(file))
        file.seek(0)
        file.truncate()
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield
        file.truncate(0)


def owner(folder: Path) -> int | None:
    """The process that runs on the folder, if one does.

    Raises:
        DataFolderUnusable: the lock's file cannot be read.
    """
    if not (folder / OWNER_LOCK).exists():
        return None
    with _opened(folder, OWNER_LOCK) as file:
        return None if try_lock(file, exclusive=True) else _pid(file)


@contextmanager
def locked(folder: Path, name: str, *, timeout_s: float) -> Generator[None]:
    """Hold a lock of the folder for a short piece of work, waiting for whoever holds it.

    Raises:
        DataFolderInUse: it was not to be had in time.
    """
    with _opened(folder, name) as file:
        deadline = time.monotonic() + timeout_s
        while not try_lock(file, exclusive=True):
            if time.monotonic() >= deadline:
                raise DataFolderInUse(folder, pid=None)
            time.sleep(RETRY_S)
        yield


def try_lock(file: IO[str], *, exclusive: bool) -> bool:
    """Take an advisory lock of a whole open file, or change ours to that kind, without waiting; whether it worked."""
    try:
        fcntl.flock(file, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def open_lock(folder: Path, name: str) -> IO[str]:
    """Open a lock file of the folder; closing it gives its lock back."""
    with folder_errors(folder):
        handle = os.open(folder / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        return os.fdopen(handle, "r+", encoding="ascii", errors="replace")


@contextmanager
def _opened(folder: Path, name: str) -> Generator[IO[str]]:
    file = open_lock(folder, name)
    try:
        yield file
    finally:
        file.close()


def _pid(file: IO[str]) -> int | None:
    file.seek(0)
    text = file.read(20).strip()
    return int(text) if text.isdecimal() else None
