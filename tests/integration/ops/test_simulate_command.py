"""`vivavoce simulate` as a command: it starts everything by itself and holds a real, short interview."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SPEECH = Path(__file__).parents[2] / "data" / "speech"

STUDY = Path(__file__).parents[2] / "data" / "studies" / "two-questions.yaml"


@pytest.mark.models
@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_whole_interview_by_one_command(tmp_path: Path) -> None:
    answers, report = tmp_path / "answers", tmp_path / "report.json"
    answers.mkdir()
    for name in ("kokoro_s04", "kokoro_s08"):
        shutil.copy(SPEECH / f"{name}.wav", answers)
    environ = {**os.environ, "VIVAVOCE_DATA_DIR": str(tmp_path / "data")}
    command = [sys.executable, "-m", "vivavoce.cli", "simulate", str(STUDY)]
    done = subprocess.run(
        [*command, "--answers", str(answers), "--barge-in", "0", "--json", str(report)],
        env=environ,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert "1 of 1 sessions reached their end" in said
    found = json.loads(report.read_text())
    assert (found["study"], found["transport"], found["sessions"], found["completed"], found["failures"]) == (
        "two-questions",
        "webrtc",
        1,
        1,
        [],
    )
    assert found["ttfv_s"]["n"] == 1
    assert found["turns"] >= 2
    assert found["response_s"]["n"] >= 1
    assert found["response_s"]["max"] < 15.0
    assert found["unanswered"] == 0
    assert found["simulator_lag_s"]["n"] > 0
