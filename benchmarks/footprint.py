"""The memory and the processor time of a process and all its children.

The proportional set size counts a page that several processes share once, in parts: unlike the resident set size it can
be added up (`man proc_pid_smaps`).
"""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

SAMPLE_EVERY_S = 0.2


def tree(pid: int) -> list[psutil.Process]:
    """A process and its children, and theirs."""
    root = psutil.Process(pid)
    return [root, *root.children(recursive=True)]


def pss(pid: int) -> int:
    """Bytes of a process and its children; those count that are still there."""
    total = 0
    for process in tree(pid):
        try:
            rollup = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        total += sum(int(line.split()[1]) << 10 for line in rollup.splitlines() if line.startswith("Pss:"))
    return total


def processor_s(pid: int) -> tuple[float, float]:
    """Seconds of processor time of a process, and of its children: those that ended, and those that live."""
    root = psutil.Process(pid)
    used = root.cpu_times()
    children = used.children_user + used.children_system
    for child in root.children(recursive=True):
        try:
            live = child.cpu_times()
        except psutil.NoSuchProcess:
            continue
        # What it counts of its own children has ended, and is counted nowhere else.
        children += live.user + live.system + live.children_user + live.children_system
    return used.user + used.system, children


def descriptors(pid: int) -> int:
    """Open file descriptors of a process and its children."""
    return sum(process.num_fds() for process in tree(pid))


@dataclass(slots=True)
class Peak:
    """The most that was seen, bytes."""

    bytes: int = 0


@contextmanager
def watch(pid: int) -> Generator[Peak]:
    """Sample the memory of a process and its children as long as the context lasts."""
    peak = Peak(pss(pid))
    over = threading.Event()

    def sample() -> None:
        while not over.wait(SAMPLE_EVERY_S):
            peak.bytes = max(peak.bytes, pss(pid))

    sampler = threading.Thread(target=sample, name="footprint")
    sampler.start()
    try:
        yield peak
    finally:
        over.set()
        sampler.join()
