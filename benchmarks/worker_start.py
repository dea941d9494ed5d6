"""How soon an SFU knows an agent worker that is started: `worker_start.md`.

    PYTHONPATH=tests/lib .venv/bin/python benchmarks/worker_start.py [--times 3] [--rows FILE --label NAME]

Everything else runs already, and does nothing. `--rows` keeps what was measured under a label, so that two versions can
be compared in one table.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil
from pydantic import TypeAdapter
from rooms import Rooms, running_rooms

from made import made
from vivavoce.storage.embedded import EmbeddedPostgres

TABLE = Path(__file__).with_suffix(".md")
GOAL_S = 30.0
TOGETHER = (1, 2)


@dataclass(frozen=True)
class Start:
    """Workers started together. Seconds.

    Attributes:
        loaded_s: until the slowest was loaded, and began to warm its processes.
        registered_s: until the SFU knew the slowest.
        cpu_s: of one worker with all its processes, until then.
    """

    label: str
    together: int
    loaded_s: float
    registered_s: float
    cpu_s: float


def cpu_s(pid: int) -> float:
    """Seconds of processor time of a process and those it started."""
    top = psutil.Process(pid)
    times = [one.cpu_times() for one in (top, *top.children(recursive=True))]
    return sum(one.user + one.system for one in times)


async def started(rooms: Rooms, label: str, together: int) -> Start:
    """Start so many at once, and end them."""
    workers = await asyncio.gather(*(rooms.another() for _ in range(together)))
    spent = statistics.mean(cpu_s(worker.running.pid) for worker in workers)
    for worker in workers:
        await asyncio.to_thread(worker.close)
    rooms.workers.clear()
    return Start(
        label,
        together,
        max(worker.loaded_s for worker in workers),
        max(worker.registered_s for worker in workers),
        spent,
    )


async def measured(label: str, times: int) -> list[Start]:
    """Start them, again and again."""
    found: list[Start] = []
    with tempfile.TemporaryDirectory(prefix="vivavoce-start-") as name:
        folder = Path(name)
        postgres = EmbeddedPostgres(folder / "database")
        url = await asyncio.to_thread(postgres.attach)
        try:
            (folder / "rooms").mkdir()
            async with running_rooms(folder / "rooms", url, workers=0) as rooms:
                for together in TOGETHER:
                    for _ in range(times):
                        found.append(await started(rooms, label, together))
                        print(found[-1], flush=True)
        finally:
            await asyncio.to_thread(postgres.detach)
    return found


def render(starts: Sequence[Start], head: str) -> str:
    """The page."""
    lines = [
        "# Starting agent workers",
        "",
        head,
        "",
        f"Medians, in seconds; the goal is {GOAL_S:g} s. Until loaded: the libraries, the database, the speech server",
        "found. Until registered: a process for the first session is warm, too, and the SFU knows the worker.",
        "",
        "| | together | times | until loaded | until registered | slowest | processor time each |",
        "|---|---|---|---|---|---|---|",
    ]
    for label, together in dict.fromkeys((one.label, one.together) for one in starts):
        same = [one for one in starts if (one.label, one.together) == (label, together)]
        registered = [one.registered_s for one in same]
        figures = (
            statistics.median(one.loaded_s for one in same),
            statistics.median(registered),
            max(registered),
            statistics.median(one.cpu_s for one in same),
        )
        cells = " | ".join(f"{figure:.1f}" for figure in figures)
        lines.append(f"| {label} | {together} | {len(same)} | {cells} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure, and write the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--times", type=int, default=3, help="starts of each kind")
    parser.add_argument("--label", default="now", help="of what is measured")
    parser.add_argument("--rows", type=Path, help="a file of what was measured, read, added to and kept")
    options = parser.parse_args()
    head = made("PYTHONPATH=tests/lib python benchmarks/worker_start.py", "livekit-agents")
    kept = TypeAdapter(list[Start])
    rows: Path | None = options.rows
    starts = kept.validate_json(rows.read_bytes()) if rows is not None and rows.exists() else []
    starts = [one for one in starts if one.label != options.label]
    starts += asyncio.run(measured(options.label, options.times))
    if rows is not None:
        rows.write_bytes(kept.dump_json(starts, indent=1))
    TABLE.write_text(render(starts, head), encoding="utf-8")
    print(TABLE.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
