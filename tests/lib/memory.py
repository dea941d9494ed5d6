"""How much memory processes had at most, by what the kernel keeps of them (`man proc_pid_status`)."""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psutil

LOOK_S = 0.25
"""Seldom: psutil looks at every process there is. What a process had at most stays written until it ends."""


def resident(pid: int, what: Literal["VmRSS", "VmHWM"]) -> int:
    """Bytes a process has resident now, or had at most; 0: there is no such process any more."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return 0
    found = [line.split()[1] for line in status.splitlines() if line.startswith(f"{what}:")]
    return int(found[0]) << 10 if found else 0


@dataclass(slots=True)
class Most:
    """Bytes that all children together had at most."""

    bytes: int = 0


@contextmanager
def children() -> Generator[Most]:
    """Look at the memory of this process's new children, and theirs, as long as the context lasts."""
    own, most, over = psutil.Process(), Most(), threading.Event()
    # What others of this process started goes on having children of its own, as a browser or a database does.
    earlier = {child.pid for child in own.children()}

    def look() -> None:
        while not over.wait(LOOK_S):
            now = sum(
                resident(one.pid, "VmHWM")
                for child in own.children()
                if child.pid not in earlier
                for one in (child, *_below(child))
            )
            most.bytes = max(most.bytes, now)

    watcher = threading.Thread(target=look, name="memory")
    watcher.start()
    try:
        yield most
    finally:
        over.set()
        watcher.join()


def _below(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.NoSuchProcess:  # it has just ended
        return []
