"""How a table was made, as it says of itself: without that a figure cannot be compared with another."""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parents[1]


def made(command: str, *packages: str) -> str:
    """A paragraph: the command, the commit, the day, the machine and how busy it is, and versions. Call it first.

    Args:
        command: as typed in the checkout.
        packages: distributions whose version matters.
    """
    changed = _git("status", "--porcelain", "--", "src", "studies", "requirements", "benchmarks/*.py")
    commit = _git("log", "-1", "--format=%h") + (" with changes" if changed else "")
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    return (
        f"Made by `{command}` on {datetime.now(UTC):%Y-%m-%d} at commit {commit}: {os.cpu_count()} shared cores "
        f"({_processor()}), {platform.system()} {platform.release()}, Python {platform.python_version()}"
        f"{', ' if versions else ''}{versions}. Load average when it began: {load}."
    )


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        lines = []
    return next(
        (line.partition(":")[2].strip() for line in lines if "model name" in line), platform.machine()
    )
