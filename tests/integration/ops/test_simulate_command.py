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

STUDY = """\
schema: vivavoce/study/1
id: two-questions
title: Two questions
about: As short as an interview can be.
organisation: The tests
contact: nobody
languages: [en]
voices:
  en: {engine: kokoro, voice: af_heart}
consent:
  version: "1"
  text: I take part of my own free will.
  disclosure: I am a computer program.
limits:
  hard_limit_minutes: 3
topics:
  - {id: all, title: Everything}
opening: Hello.
closing: Thank you. Goodbye.
phases:
  - id: only
    title: The questions
    objective: Two answers.
    min_minutes: 0.1
    max_minutes: 2
    turn_profile: standard
    questions:
      - id: first
        wording: What did you think of the shop?
        required: true
        topics: [all]
        probes: none
      - id: second
        wording: Would you recommend it to anyone?
        required: true
        topics: [all]
        probes: none
"""


@pytest.mark.models
@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_whole_interview_by_one_command(tmp_path: Path) -> None:
    study, answers, report = tmp_path / "study.yaml", tmp_path / "answers", tmp_path / "report.json"
    study.write_text(STUDY)
    answers.mkdir()
    for name in ("kokoro_s04", "kokoro_s08"):
        shutil.copy(SPEECH / f"{name}.wav", answers)
    environ = {**os.environ, "VIVAVOCE_DATA_DIR": str(tmp_path / "data")}
    command = [sys.executable, "-m", "vivavoce.cli", "simulate", str(study)]
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
