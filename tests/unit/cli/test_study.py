"""The `vivavoce study` commands, as somebody types them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from vivavoce.cli.main import app

STUDIES = Path(__file__).parents[3] / "studies"


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(app, ["study", *map(str, words)])


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    text = (STUDIES / "demo.yaml").read_text(encoding="utf-8")
    path = tmp_path / "broken.yaml"
    path.write_text(text.replace("organisation:", "organization:"), encoding="utf-8")
    return path


@pytest.fixture
def doubtful(tmp_path: Path) -> Path:
    text = (STUDIES / "demo.yaml").read_text(encoding="utf-8")
    path = tmp_path / "doubtful.yaml"
    path.write_text(text.replace("What went well?", "Don't you think it went well?"), encoding="utf-8")
    return path


def line_of(path: Path, text: str) -> int:
    lines = path.read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, start=1) if text in line)


def test_good_files_are_reported_good() -> None:
    result = run("check", STUDIES / "demo.yaml", STUDIES / "remote-work.yaml")
    assert result.exit_code == 0
    assert result.output.splitlines() == [
        f"{STUDIES / 'demo.yaml'}: no problems (6 questions, about 3 minutes)",
        f"{STUDIES / 'remote-work.yaml'}: no problems (14 questions, about 25 minutes)",
    ]


def test_problems_are_printed_as_file_line_column(broken: Path) -> None:
    result = run("check", broken)
    assert result.exit_code == 1
    line = line_of(broken, "organization:")
    assert f"{broken}:{line}:1: There is no `organization` in a study file." in result.output
    assert "    Did you mean `organisation`?" in result.output
    assert result.output.splitlines()[-1] == f"{broken}: 2 errors, 0 warnings"


def test_warnings_alone_are_no_failure(doubtful: Path) -> None:
    result = run("check", doubtful)
    assert result.exit_code == 0
    assert (
        f"{doubtful}:{line_of(doubtful, 'it went well')}:18: warning: This question suggests" in result.output
    )
    assert result.output.splitlines()[-1] == f"{doubtful}: 1 warning (6 questions, about 3 minutes)"


def test_one_bad_file_fails_the_lot_but_all_are_checked(broken: Path) -> None:
    result = run("check", broken, STUDIES / "demo.yaml", broken.parent / "missing.yaml", broken.parent)
    assert result.exit_code == 1
    assert "demo.yaml: no problems" in result.output
    assert "missing.yaml:1:1: The file cannot be read: No such file or directory." in result.output
    assert f"{broken.parent}:1:1: The file cannot be read: Is a directory." in result.output


def test_json_is_for_machines(broken: Path) -> None:
    result = run("check", "--format", "json", broken, STUDIES / "demo.yaml")
    assert result.exit_code == 1
    bad, good = json.loads(result.output)
    assert (bad["ok"], bad["id"], bad["content_hash"]) == (False, None, None)
    assert [problem["severity"] for problem in bad["problems"]] == ["error", "error"]
    assert set(bad["problems"][0]) == {"line", "column", "path", "severity", "message", "suggestion"}
    assert (good["ok"], good["id"], good["problems"]) == (True, "demo", [])
    assert len(good["content_hash"]) == 64


def test_a_huge_file_is_refused_without_being_read_whole(tmp_path: Path) -> None:
    huge = tmp_path / "huge.yaml"
    with huge.open("wb") as file:
        file.truncate(10 * 1024 * 1024 * 1024)  # sparse: takes no room
    result = run("check", huge)
    assert result.exit_code == 1
    assert "bigger than 1 MiB" in result.output


def test_show_outlines_the_study() -> None:
    result = run("show", STUDIES / "demo.yaml")
    assert result.exit_code == 0
    assert "1. Getting started (warm-up): 0.25 to 1.5 min, brisk" in result.output
    assert "   * story: Please tell me how it went" in result.output
    assert "       probes: feeling, example, tell-me-more" in result.output
    assert "6 questions (* required), 3 probes" in result.output
    assert "estimated at 3 min, planned for 3 min, ends at 8 min at the latest" in result.output


def test_show_takes_a_language() -> None:
    result = run("show", STUDIES / "remote-work.yaml", "--language", "fr")
    assert "1. Pour commencer (warm-up)" in result.output


def test_show_refuses_a_language_the_study_does_not_have() -> None:
    result = run("show", STUDIES / "remote-work.yaml", "--language", "de")
    assert result.exit_code == 1
    assert "not held in 'de'" in str(result.exception)


def test_show_refuses_a_broken_file(broken: Path) -> None:
    result = run("show", broken)
    assert result.exit_code == 1
    assert "has 2 errors, the first on line 2: `organisation` is missing" in str(result.exception)
