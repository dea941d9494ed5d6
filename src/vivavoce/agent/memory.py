"""How much memory there is left, for this machine or for the container that we are in."""

from __future__ import annotations

from pathlib import Path

import psutil

CGROUP = Path("/sys/fs/cgroup")
"""Version 2 of Linux' control groups: https://docs.kernel.org/admin-guide/cgroup-v2.html#memory-interface-files."""


def free_bytes(cgroup: Path = CGROUP) -> int:
    """Bytes that may still be used, by the stricter of the two limits."""
    machine = psutil.virtual_memory().available
    try:
        limit = (cgroup / "memory.max").read_text(encoding="ascii").strip()
        if limit == "max":
            return machine
        used = int((cgroup / "memory.current").read_text(encoding="ascii"))
        stat = dict(line.split() for line in (cgroup / "memory.stat").read_text("ascii").splitlines())
        # What is only a copy of files is given up when it is needed.
        return min(machine, int(limit) - used + int(stat.get("inactive_file", 0)))
    except (OSError, ValueError):
        return machine  # no container, or one of another kind
