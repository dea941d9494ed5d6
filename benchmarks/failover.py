"""What a participant notices of a failover in the middle of a turn: `make bench` or this script writes `failover.md`.

Whole turns through the host, as `tests/integration/agent/test_model_failover.py` and `test_speech_failover.py` hold
them: real speech goes in over a WebSocket, LiveKit's session and our machine run, the providers are servers of ours
that fail on demand, and the one that stands in is well. The tests report what was noticed; here they are run again and
again.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from made import ROOT, made

TABLE = Path(__file__).with_suffix(".md")
TESTS = ("test_model_failover.py", "test_speech_failover.py")
PROPERTY = "failover"
WITHIN_S = 3.0
A_RUN_S = 400

HOW = {
    "not there": "connection refused",
    "refused": "503 at once",
    "slow": "never answers",
    "silent": "never answers",
    "stalled": "stops in the middle",
    "broken": "breaks off in the middle",
    "broken off": "breaks off in the middle",
    "stalled after a sentence": "stops after a sentence",
    "broken off after a sentence": "breaks off after a sentence",
}
SILENT_VOICE = "answers without sound"
SPARES = {"model": "another model", "server": "another speech server", "plugin": "a cloud, by plug-in"}
PARTS = ("LLM", "STT", "TTS", "STT and TTS")


def held(report: Path) -> tuple[list[dict[str, Any]], list[str]]:
    """One run of the tests.

    Returns:
        What was noticed in each, for a test that fails has reported all the same; and the names of those that failed.

    Raises:
        SystemExit: pytest could not run them.
    """
    folder = ROOT / "tests" / "integration" / "agent"
    status = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}"]
        + [str(folder / name) for name in TESTS]
        + ["-k", "in_time or cannot or not_there"],
        cwd=ROOT,
        check=False,
        timeout=A_RUN_S,
        stdout=subprocess.DEVNULL,
    ).returncode
    if status not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        raise SystemExit(
            f"pytest could not run {', '.join(TESTS)} (status {status}). Run them by hand to see why."
        )
    cases = list(ElementTree.parse(report).getroot().iter("testcase"))
    noticed = [
        json.loads(each.get("value") or "")
        for case in cases
        for each in case.iter("property")
        if each.get("name") == PROPERTY
    ]
    failed = [
        case.get("name") or ""
        for case in cases
        if case.find("failure") is not None or case.find("error") is not None
    ]
    return noticed, failed


def row(part: str, spare: str, fault: str, turns: list[dict[str, Any]]) -> str:
    """A line of the table."""
    first = [turn["first_s"] for turn in turns]
    silence = [turn["silence_s"] for turn in turns]
    lost, unheard = (sum(turn[name] for turn in turns) for name in ("lost", "unheard"))
    met = max(silence) <= WITHIN_S and lost == unheard == 0
    how = SILENT_VOICE if (part, fault) == ("TTS", "silent") else HOW[fault]
    return (
        f"| {part} | {how} | {SPARES[spare]} | {len(turns)} | {statistics.median(first):.1f} | "
        f"{statistics.median(silence):.1f} | {max(silence):.1f} | {lost} | {unheard} | "
        f"{'met' if met else '**not met**'} |"
    )


def main() -> None:
    """Run the turns, and write the table after each run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=3, help="runs; about three minutes each")
    times = parser.parse_args().times
    how = made(f"python benchmarks/failover.py --times {times}", "livekit-agents", "livekit-plugins-openai")
    found: dict[tuple[str, str, str], list[dict[str, Any]]] = defaultdict(list)
    failed: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(times):
            noticed, also_failed = held(Path(folder) / "report.xml")
            failed += also_failed
            for turn in noticed:
                found[turn["part"], turn["spare"], turn["fault"]].append(turn)
            print(f"run {number + 1} of {times}: {sum(map(len, found.values()))} turns", file=sys.stderr)
            write(how, found, number + 1, failed)


def write(
    how: str, found: Mapping[tuple[str, str, str], list[dict[str, Any]]], runs: int, failed: Sequence[str]
) -> None:
    """Write the table.

    Args:
        how: it was made.
        found: turns by what failed, who stood in, and how it failed.
        runs: of the tests.
        failed: names of tests that failed, once for each time.
    """
    tests = ", ".join(f"`{name}`" for name in failed) or "none"
    rows = [row(*case, turns) for case, turns in sorted(found.items(), key=lambda each: _place(*each[0]))]
    TABLE.write_text(
        f"# What a participant notices of a failover\n\n{how}\n\n"
        "One turn a time through the host: a participant answers, a provider fails, another one goes on. First: from "
        "their last sound to the moderator's first. Silence: the longest one from there to the end of what the "
        f"moderator says, the wait for what follows a broken sentence among it; at most {WITHIN_S:g} s. Both have the "
        "wait for the end of the turn in them, about half a second. Lost: words of the answer that the log lacks. "
        "Unheard: words that the moderator planned and the participant did not hear.\n\n"
        "| fails | how | goes on | turns | first p50, s | silence p50, s | silence max, s | lost | unheard | |\n"
        "|---|---|---|---|---|---|---|---|---|---|\n"
        + "\n".join(rows)
        + f"\n\nRuns of the tests: {runs}. Tests that failed in them: {tests}.\n",
        encoding="utf-8",
    )


def _place(part: str, spare: str, fault: str) -> tuple[int, str, int]:
    return PARTS.index(part), spare, list(HOW).index(fault)


if __name__ == "__main__":
    main()
