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
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

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


def held(report: Path) -> list[dict[str, Any]]:
    """One run of the tests: what was noticed in each. A test that fails has reported all the same."""
    folder = ROOT / "tests" / "integration" / "agent"
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}"]
        + [str(folder / name) for name in TESTS]
        + ["-k", "in_time or cannot or not_there"],
        cwd=ROOT,
        check=False,
        timeout=A_RUN_S,
        stdout=subprocess.DEVNULL,
    )
    properties = ElementTree.parse(report).getroot().iter("property")
    return [json.loads(each.get("value") or "") for each in properties if each.get("name") == PROPERTY]


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
    with tempfile.TemporaryDirectory() as folder:
        for number in range(times):
            for turn in held(Path(folder) / "report.xml"):
                found[turn["part"], turn["spare"], turn["fault"]].append(turn)
            print(f"run {number + 1} of {times}: {sum(map(len, found.values()))} turns", file=sys.stderr)
            write(how, found)


def write(how: str, found: Mapping[tuple[str, str, str], list[dict[str, Any]]]) -> None:
    """Write the table.

    Args:
        how: it was made.
        found: turns by what failed, who stood in, and how it failed.
    """
    rows = [row(*case, turns) for case, turns in sorted(found.items(), key=lambda each: _place(*each[0]))]
    TABLE.write_text(
        f"# What a participant notices of a failover\n\n{how}\n\n"
        "One turn a time through the host: a participant answers, a provider fails, another one goes on. First: from "
        "their last sound to the moderator's first. Silence: the longest one from there to the end of what the "
        f"moderator says, the wait for what follows a broken sentence among it; at most {WITHIN_S:g} s. Both have the "
        "wait for the end of the turn in them, about half a second. Lost: words of the answer that the log lacks. "
        "Unheard: words that the moderator planned and the participant did not hear.\n\n"
        "| fails | how | goes on | turns | first p50, s | silence p50, s | silence max, s | lost | unheard | |\n"
        "|---|---|---|---|---|---|---|---|---|---|\n" + "\n".join(rows) + "\n",
        encoding="utf-8",
    )


def _place(part: str, spare: str, fault: str) -> tuple[int, str, int]:
    return PARTS.index(part), spare, list(HOW).index(fault)


if __name__ == "__main__":
    main()
