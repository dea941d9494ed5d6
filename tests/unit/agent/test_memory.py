"""Memory left in a container."""

from __future__ import annotations

from pathlib import Path

import psutil

from vivavoce.agent.memory import free_bytes


def test_a_containers_limit_counts(tmp_path: Path) -> None:
    (tmp_path / "memory.max").write_text("1000000\n")
    (tmp_path / "memory.current").write_text("900000\n")
    (tmp_path / "memory.stat").write_text("anon 600000\ninactive_file 250000\n")
    assert free_bytes(tmp_path) == 350_000


def test_without_one_the_machine_counts(tmp_path: Path) -> None:
    total = psutil.virtual_memory().total
    assert 0 < free_bytes(tmp_path) <= total
    (tmp_path / "memory.max").write_text("max\n")
    assert 0 < free_bytes(tmp_path) <= total
