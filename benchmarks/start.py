"""How soon a new user has the link, and how soon on every later day: `python benchmarks/start.py` writes `start.md`.

Clones the repository as committed into a temporary folder, with a home and download caches of its own that are empty,
and runs `make demo` there: once cold, then warm. A run is timed by the lines that it prints, and stopped with Ctrl-C as
soon as it has printed the link; then nothing of it may be left running.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from made import ROOT, made

TABLE = Path(__file__).with_suffix(".md")
COLD_LIMIT_S, WARM_LIMIT_S = 300.0, 15.0
TIMEOUT_S = 1200.0
STOP_TIMEOUT_S = 60.0

STAGES = (
    # What a run prints when the stage begins, and what it is then busy with.
    (r"-m venv ", "uv, into a folder of its own"),
    (r"uv (venv|pip sync) ", "Python packages"),
    (r"npm ci", "packages of the pages"),
    (r"npm run --silent build", "pages, built"),
    (r"vivavoce models pull", "speech models: fetched, or found to be there"),
    (r"\.venv/bin/vivavoce demo", "`vivavoce demo`, to its first line"),
    (r"^Starting ", "importing the rest, while database and speech server start"),
    (r"^Warming up ", "warming up, and whatever the speech server still needs"),
    (r"^Preparing ", "the moderator's voice: made, or found to be there"),
    (r"http://\S+/i/\S+", ""),
)
"""In this order; the last one is the link."""


@dataclass(frozen=True)
class Run:
    """One `make demo`. `marks`: index of a stage → seconds from the start at which it began."""

    marks: dict[int, float]

    @property
    def link_s(self) -> float:
        """Until the link was printed."""
        return self.marks[len(STAGES) - 1]

    def seconds(self, stage: int) -> float:
        """What a stage took, until the next one that this run had; 0 if it had not this one."""
        if stage not in self.marks:
            return 0.0
        return min(at for index, at in self.marks.items() if index > stage) - self.marks[stage]


def clean_environment(home: Path) -> dict[str, str]:
    """Ours, but with nothing of an earlier set-up in it. Which registries are used stays as the machine has it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("VIVAVOCE_", "MAKE"))}
    return {
        **kept,
        "HOME": str(home),
        "XDG_CACHE_HOME": str(home / "cache"),
        "XDG_DATA_HOME": str(home / "data"),
        "UV_CACHE_DIR": str(home / "cache" / "uv"),
        "PIP_CACHE_DIR": str(home / "cache" / "pip"),
        "npm_config_cache": str(home / "cache" / "npm"),
        "VIVAVOCE_WEB__PORT": "0",
    }


def demo(checkout: Path, environment: dict[str, str]) -> Run:
    """Run `make demo` to its link, and stop it."""
    began = time.monotonic()
    process = subprocess.Popen(
        ["make", "demo"],
        cwd=checkout,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    overdue = threading.Timer(TIMEOUT_S, os.killpg, (process.pid, signal.SIGKILL))
    overdue.start()
    marks: dict[int, float] = {}
    said: list[str] = []
    try:
        for line in process.stdout:
            at = time.monotonic() - began
            said.append(line)
            print(f"{at:7.1f}  {line}", end="", flush=True)
            for index, (pattern, _) in enumerate(STAGES):
                if index not in marks and re.search(pattern, line):
                    marks[index] = at
            if len(STAGES) - 1 in marks:
                stop(process)
                return Run(marks)
    finally:
        overdue.cancel()
    sys.exit(f"`make demo` printed no link:\n{''.join(said)}")


def stop(process: subprocess.Popen[str]) -> None:
    """Ctrl-C, as a terminal sends it; whatever the demo started must end by itself."""
    started = psutil.Process(process.pid).children(recursive=True)
    os.killpg(process.pid, signal.SIGINT)
    process.wait(STOP_TIMEOUT_S)
    _, left = psutil.wait_procs(started, timeout=STOP_TIMEOUT_S)
    if left:
        sys.exit(f"still running after the demo was stopped: {left}")


def main() -> None:
    """Run and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--warm", type=int, default=3, help="warm runs; their median counts")
    arguments = parser.parse_args()
    provenance = made(f"python benchmarks/start.py --warm {arguments.warm}")
    with tempfile.TemporaryDirectory(prefix="vivavoce-start-") as folder:
        checkout = Path(folder) / "vivavoce"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(checkout)], check=True)
        home = Path(folder) / "home"
        home.mkdir()
        environment = clean_environment(home)
        cold = demo(checkout, environment)
        warm = [demo(checkout, environment) for _ in range(arguments.warm)]
        help_s = statistics.median(timed_help(checkout, environment) for _ in range(5))
    warm_s = statistics.median(run.link_s for run in warm)
    lines = [
        "# From `make demo` to the link",
        "",
        provenance,
        "",
        "Cold is a fresh clone with empty download caches and nothing built; how long that takes depends on "
        f"the connection. Warm is the same command again: the median of {len(warm)} runs.",
        "",
        "| seconds for | cold | warm |",
        "|---|---|---|",
    ]
    for index, (_, meaning) in enumerate(STAGES[:-1]):
        row = cold.seconds(index), statistics.median(run.seconds(index) for run in warm)
        lines.append(f"| {meaning} | " + " | ".join(f"{value:.1f}" if value else "" for value in row) + " |")
    lines += [
        f"| **the link** | **{cold.link_s:.0f}** | **{warm_s:.1f}** "
        f"({', '.join(f'{run.link_s:.1f}' for run in warm)}) |",
        f"| goal | ≤ {COLD_LIMIT_S:.0f} s: {met(cold.link_s, COLD_LIMIT_S)} "
        f"| ≤ {WARM_LIMIT_S:.0f} s: {met(warm_s, WARM_LIMIT_S)} |",
        "",
        f"`vivavoce --help` takes {help_s:.2f} s, the median of five.",
    ]
    TABLE.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(TABLE.read_text(encoding="utf-8"))


def timed_help(checkout: Path, environment: dict[str, str]) -> float:
    """Seconds of one `vivavoce --help`."""
    began = time.monotonic()
    subprocess.run(
        [checkout / ".venv/bin/vivavoce", "--help"], env=environment, check=True, stdout=subprocess.DEVNULL
    )
    return time.monotonic() - began


def met(value: float, limit: float) -> str:
    """Whether a goal was reached, for the table."""
    return "met" if value <= limit else "**missed**"


if __name__ == "__main__":
    main()
