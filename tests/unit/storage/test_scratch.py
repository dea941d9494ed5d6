"""Folders with recordings in them do not outlive their process for long."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from vivavoce.storage.scratch import PREFIX, remove_left_over, scratch

KILLED = """
import os, signal
from vivavoce.storage.scratch import scratch
with scratch() as folder:
    (folder / "participant.raw").write_bytes(b"voice")
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


def test_a_folder_goes_with_its_context(temporary: Path) -> None:
    with scratch() as folder:
        (folder / "part").write_bytes(b"voice")
        assert remove_left_over() == 0
        assert (folder / "part").exists()
    assert list(temporary.iterdir()) == []


def test_what_a_killed_process_left_is_removed_by_the_next(temporary: Path) -> None:
    subprocess.run([sys.executable, "-c", KILLED], check=False, timeout=60)
    assert len(list(temporary.rglob("participant.raw"))) == 1
    with scratch() as folder:
        assert list(temporary.iterdir()) == [folder]


def test_a_folder_that_is_just_being_made_is_left_alone(temporary: Path) -> None:
    fresh = temporary / f"{PREFIX}fresh"
    fresh.mkdir()
    assert remove_left_over() == 0
    old = time.time() - 3600
    os.utime(fresh, (old, old))
    assert remove_left_over() == 1
