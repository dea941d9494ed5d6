"""Rehearsals without a model: the participants are understood, good studies pass, and a fault of each kind is found."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from vivavoce.cli.main import app
from vivavoce.ops.rehearse.phrases import NoPhrases, all_phrases, phrases
from vivavoce.ops.rehearse.run import Report, rehearse
from vivavoce.protocol.check import load_study
from vivavoce.protocol.intent import read
from vivavoce.protocol.study import Study

STUDIES = Path(__file__).parents[3] / "studies"
OURS = Path(__file__).parents[2] / "data" / "studies"


def example(name: str, *changes: tuple[str, str], folder: Path = STUDIES) -> Study:
    text = (folder / name).read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return load_study(text.encode(), source=name)


def problems(report: Report) -> dict[str, str]:
    return {row.name: row.problem for row in report.rows if row.problem}


@pytest.mark.parametrize(
    ("name", "language"),
    [("demo", "en"), ("remote-work", "en"), ("remote-work", "fr"), ("remote-work", "es")],
)
async def test_the_example_studies_pass(name: str, language: str) -> None:
    report = await rehearse(example(f"{name}.yaml"), language=language, models=None)
    assert report.passed, problems(report)
    assert {row.kind for row in report.rows} == {"phase", "question", "probe", "participant"}
    assert report.interviews > 25


@pytest.mark.parametrize("language", ["de", "ja"])
async def test_every_edge_in_german_and_in_japanese(language: str) -> None:
    study = example("errand.yaml", ("moderator: {mode: semi_structured}\n", ""), folder=OURS)
    report = await rehearse(study, language=language, models=None)
    assert report.passed, problems(report)
    names = {row.name for row in report.rows}
    assert {
        "wants to stop",
        "would rather not say",
        f"speaks {'ja' if language == 'de' else 'de'}, and goes on in it",
    } <= names


@pytest.mark.parametrize("language", list(all_phrases()))
def test_participants_are_understood_as_they_mean_it(language: str) -> None:
    spoken = phrases(language)
    meant = {
        "again": "repeat_request",
        "unclear": "clarify_request",
        "decline": "decline",
        "wait": "wait",
        "ready": "ready",
        "backchannel": "backchannel",
        "stop": "stop",
        "be_quiet": "stop",
        "yes": "yes_no",
        "no": "yes_no",
    }
    for name, intent in meant.items():
        assert read(getattr(spoken, name), language).intent == intent, name
    for name in ("short", "vague", "emotional", "unexpected", "contradictory", "off_topic", "to_moderator"):
        reading = read(getattr(spoken, name), language)
        assert (reading.intent, reading.vague) == ("answer", name == "vague"), name
    assert all(read(text, language).words > 20 for text in spoken.plain)


async def test_a_probe_that_another_one_hides_is_found() -> None:
    study = example(
        "demo.yaml",
        ("when: vague", "when: {short_answer: 9}"),
        ("max_per_interview: 2", "max_per_interview: 50"),
        ("probes: [tell-me-more]", "probes: none"),
    )
    report = await rehearse(study, language="en", models=None)
    assert problems(report) == {"tell-me-more": "never reached"}


async def test_a_question_nobody_comes_to_is_found() -> None:
    study = example(
        "demo.yaml",
        ("    max_minutes: 2.5", "    max_minutes: 0.25"),
        ("    min_minutes: 0.5", "    min_minutes: 0.25"),
    )
    report = await rehearse(study, language="en", models=None)
    assert "the question easy is not asked" in problems(report)["talks plainly to the end"]


async def test_a_moderator_that_misbehaves_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vivavoce.protocol.machine._Turn.nudge", lambda self: None)
    monkeypatch.setattr("vivavoce.protocol.machine._Turn._pass_over", lambda self: self._go_on())
    found = problems(await rehearse(example("demo.yaml"), language="en", models=None))
    assert "the moderator does not accept it" in found["would rather not say"]
    assert "falls silent, then answers" in found


async def test_who_speaks_no_language_of_ours() -> None:
    with pytest.raises(NoPhrases, match="Finnish"):
        phrases("fi")
    assert phrases("en-GB") == phrases("en")


def test_the_command_prints_a_table_and_writes_json(tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    result = CliRunner().invoke(app, ["study", "rehearse", str(STUDIES / "demo.yaml"), "--json", str(file)])
    assert result.exit_code == 0, result.output
    assert "✓ wish" in result.output and "everything was reached and behaved" in result.output
    [report] = json.loads(file.read_text(encoding="utf-8"))
    assert report["passed"] and report["moderator"] == "structured"


def test_the_command_fails_where_something_is_not_reached(tmp_path: Path) -> None:
    text = (STUDIES / "demo.yaml").read_text(encoding="utf-8")
    path = tmp_path / "hidden.yaml"
    path.write_text(text.replace("when: {short_answer: 8}", "when: {short_answer: 1}"), encoding="utf-8")
    result = CliRunner().invoke(app, ["study", "rehearse", str(path)])
    assert result.exit_code == 1
    assert "✗ tell-me-more 0×: never reached" in result.output


def test_an_unknown_profile_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["study", "rehearse", str(STUDIES / "demo.yaml"), "--profile", "big"])
    assert result.exit_code == 1
    assert "There is no model profile 'big'" in str(result.exception)
