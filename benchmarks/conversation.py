"""How quickly the moderator answers, at the participant's ear: `make bench` writes `conversation.md`.

Holds whole demo interviews with one simulated participant over each transport, a few times, on an otherwise idle
machine. Each figure is of all interviews of a transport together; the stages are the host's own marks, read off the
logs, and say where the time goes.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from made import ROOT, made
from vivavoce.protocol.check import load_study
from vivavoce.protocol.study import Study
from vivavoce.session.events import TurnTimed
from vivavoce.settings import load
from vivavoce.storage.open import open_storage

DEMO = ROOT / "studies" / "demo.yaml"
TABLE = Path(__file__).with_suffix(".md")
BARGE_IN = 0.3
TRANSPORTS = ("webrtc", "websocket")
GOALS = {"response_s": {"p50": 0.8, "p95": 1.5}, "barge_in_s": {"max": 0.8}, "ttfv_s": {"p95": 2.0}}
NAMES = {
    "response_s": "end of own speech → first audible moderator sample",
    "barge_in_s": "own first audible sample → moderator silent",
    "ttfv_s": "connection asked for → first audible moderator sample",
}
STAGES = (
    ("silence_s", "voice activity detection sees the silence"),
    ("transcript_s", "the text is known"),
    ("end_of_turn_s", "the turn is judged to be over"),
    ("decided_s", "the next move is decided"),
    ("first_audio_s", "its first sample leaves the host"),
)


def simulate(study: Path, transport: str, data_dir: Path, seed: int) -> dict[str, Any]:
    """One interview; its report."""
    report = data_dir / f"{transport}-{seed}.json"
    command = [sys.executable, "-m", "vivavoce.cli", "simulate", str(study), "--sessions", "1"]
    command += [
        "--transport",
        transport,
        "--seed",
        str(seed),
        "--barge-in",
        str(BARGE_IN),
        "--json",
        str(report),
    ]
    environment = {**os.environ, "VIVAVOCE_DATA_DIR": str(data_dir)}
    done = subprocess.run(command, env=environment, cwd=ROOT, timeout=900, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}")
    return json.loads(report.read_text())


async def stages(data_dir: Path, known: set[str]) -> dict[str, list[float]]:
    """The host's marks of every timed turn of the sessions that are not `known` yet."""
    settings = load({"VIVAVOCE_DATA_DIR": str(data_dir / "simulate")})
    marks: dict[str, list[float]] = {name: [] for name, _ in STAGES}
    async with open_storage(settings, exclusive=False) as storage:
        for summary in await storage.sessions.list(limit=100):
            if summary.session_id in known:
                continue
            known.add(summary.session_id)
            for event in await storage.sessions.read(summary.session_id):
                if isinstance(event.payload, TurnTimed):
                    for name, _ in STAGES:
                        marks[name].append(getattr(event.payload, name))
    return marks


def quantile(values: Sequence[float], share: float) -> float:
    """The nearest-rank quantile."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def merged(reports: Sequence[dict[str, Any]], key: str) -> dict[str, float]:
    """One row from several interviews: n summed, p50 the median of theirs, p95 and max the worst of theirs."""
    filled: list[dict[str, float]] = [report[key] for report in reports if report[key]["n"]]
    return {
        "n": sum(row["n"] for row in filled),
        "p50": statistics.median(row["p50"] for row in filled),
        "p95": max(row["p95"] for row in filled),
        "max": max(row["max"] for row in filled),
    }


def goal(key: str, row: dict[str, float]) -> str:
    """What was wanted, and whether it was reached."""
    return ", ".join(
        f"{name} ≤ {limit} s: {'met' if row[name] <= limit else '**missed**'}"
        for name, limit in GOALS[key].items()
    )


def where_missed(study: Study, heard_s: float, host_s: float) -> list[str]:
    """What the median response is made of, where it missed its goal; see `GOALS`.

    Args:
        study: that was held.
        heard_s: the median response at the ear.
        host_s: the median of the host's last mark.
    """
    limit = GOALS["response_s"]["p50"]
    if heard_s <= limit:
        return []
    waits = sorted({study.turn_profiles[phase.turn_profile].min_wait_s for phase in study.phases})
    return [
        "",
        f"The median response is {heard_s - limit:.2f} s over its goal. The study's turn profiles wait for "
        f"{' or '.join(f'{wait:g}' for wait in waits)} s of silence before a sentence that sounds finished is taken "
        f"for the end; with that the host has its first sample after {host_s:.2f} s. The other "
        f"{heard_s - host_s:.2f} s are what the voice detector hears on for after the last word, and the way to the "
        "host and back to the ear.",
    ]


def main() -> None:
    """Run and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="interviews a transport")
    parser.add_argument("--study", type=Path, default=DEMO)
    arguments = parser.parse_args()
    command = f"python benchmarks/conversation.py --runs {arguments.runs}"
    if arguments.study != DEMO:
        command += f" --study {arguments.study}"
    study = load_study(arguments.study.read_bytes(), source=str(arguments.study))
    interviews = "One interview" if arguments.runs == 1 else f"{arguments.runs} interviews"
    lines = [
        "# The conversation, at the participant's ear",
        "",
        made(command, "livekit-agents", "aiortc", "faster-whisper"),
        "",
        f"{interviews} of `{arguments.study.name}` a transport, one at a time, each by `vivavoce simulate` with the "
        f"answers of seed 1 to {arguments.runs} and {BARGE_IN:.0%} of the turns barging in; host and simulated "
        "participant on the same machine, all sound that is known in advance made before the calls. p50 is the median "
        "of the interviews' medians, p95 and max the worst of theirs.",
    ]
    with tempfile.TemporaryDirectory() as folder:
        data_dir = Path(folder)
        known: set[str] = set()
        for transport in TRANSPORTS:
            reports = [
                simulate(arguments.study, transport, data_dir, seed) for seed in range(1, arguments.runs + 1)
            ]
            marks = asyncio.run(stages(data_dir, known))
            lines += [
                "",
                f"## {transport}",
                "",
                "| s | n | p50 | p95 | max | goal |",
                "|---|---|---|---|---|---|",
            ]
            for key, name in NAMES.items():
                row = merged(reports, key)
                figures = " | ".join(f"{row[part]:.2f}" for part in ("p50", "p95", "max"))
                lines.append(f"| {name} | {row['n']} | {figures} | {goal(key, row)} |")
            lines += [
                "",
                "Where the response's time goes, from the last voiced sample as the host heard it:",
                "",
            ]
            lines += ["| until | p50 | p95 |", "|---|---|---|"]
            for name, meaning in STAGES:
                values = marks[name]
                lines.append(f"| {meaning} | {quantile(values, 0.5):.2f} | {quantile(values, 0.95):.2f} |")
            lines += where_missed(
                study, merged(reports, "response_s")["p50"], quantile(marks["first_audio_s"], 0.5)
            )
    TABLE.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(TABLE.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
