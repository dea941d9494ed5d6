"""Processes on a machine whose clock is wrong: libfaketime tells them another time, which a file sets.

libfaketime is GPL-2.0; it is Debian's package of that name, and only tests and benchmarks load it.
"""

from __future__ import annotations

from pathlib import Path


class NoFalseClock(RuntimeError):
    """There is no libfaketime here."""


def false_clock(file: Path) -> dict[str, str]:
    """Variables under which processes go by a clock that a file sets, and the seconds that pass are the right ones.

    Raises:
        NoFalseClock: there is no libfaketime here.
    """
    library = next(iter(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")), None)
    if library is None:
        raise NoFalseClock(
            "There is no libfaketime here: `make clock`, or your system's package of that name."
        )
    set_by(file, 0)
    return {
        "LD_PRELOAD": str(library),
        "FAKETIME_TIMESTAMP_FILE": str(file),
        "FAKETIME_CACHE_DURATION": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }


def set_by(file: Path, seconds: int) -> None:
    """Have the clock differ by so much from the right one."""
    file.write_text(f"{seconds:+d}\n", encoding="ascii")
