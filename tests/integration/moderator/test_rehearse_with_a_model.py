"""A rehearsal against a model behind HTTP: every trigger, every edge."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from scripted_model import Reply, plain_interviewer, scripted_model
from typer.testing import CliRunner

from vivavoce.cli.main import app
from vivavoce.moderator.mind import Minds
from vivavoce.ops.rehearse.cases import cases
from vivavoce.ops.rehearse.run import rehearse
from vivavoce.protocol.check import load_study
from vivavoce.settings import LlmProfile, LlmSettings

STUDIES = Path(__file__).parents[3] / "studies"
OURS = Path(__file__).parents[2] / "data" / "studies"


@pytest.mark.timeout(400)
async def test_the_command_passes_the_longer_study_in_its_three_languages(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Whatever a participant does, in every language: with a model that behaves there is nothing to complain of."""
    async with scripted_model() as server:
        config = tmp_path / "vivavoce.toml"
        config.write_text(
            f'[llm.profiles.m]\nbase_url = "{server.url}"\nmodel = "scripted"\n', encoding="utf-8"
        )
        monkeypatch.setenv("VIVAVOCE_CONFIG", str(config))
        report = tmp_path / "report.json"
        study = STUDIES / "remote-work.yaml"
        arguments = ["study", "rehearse", str(study), "--profile", "m", "--json", str(report)]
        result = await asyncio.to_thread(CliRunner().invoke, app, arguments)
        assert result.exit_code == 0, result.output
        held = json.loads(report.read_text(encoding="utf-8"))
        assert [(one["language"], one["moderator"], one["passed"]) for one in held] == [
            ("en", "m", True), ("es", "m", True), ("fr", "m", True),
        ]  # fmt: skip
        names = {row["name"] for row in held[0]["rows"] if row["kind"] == "participant"}
        assert {"speaks es, and goes on in it", "speaks fr, and would rather not"} <= names


async def test_german_participants_meet_a_model_that_behaves() -> None:
    text = (OURS / "errand.yaml").read_text(encoding="utf-8") + "language_offer: false\n"
    study = load_study(text.encode(), source="errand.yaml")
    async with scripted_model() as server:
        minds = Minds(LlmSettings(profiles={"m": LlmProfile(base_url=server.url, model="scripted")}))
        report = await rehearse(study, language="de", models=minds.route("m"))
        await minds.aclose()
    assert report.passed, [row for row in report.rows if row.problem]
    assert {row.name for row in report.rows if row.kind == "trigger"} == {
        "unexpected", "contradictory", "emotional", "vague",
    }  # fmt: skip


async def test_the_demo_study_passes_with_a_model_that_behaves(monkeypatch: pytest.MonkeyPatch) -> None:
    text = (STUDIES / "demo.yaml").read_text(encoding="utf-8") + "\nmoderator: {mode: semi_structured}\n"
    study = load_study(text.encode(), source="demo.yaml")
    async with scripted_model() as server:
        minds = Minds(LlmSettings(profiles={"m": LlmProfile(base_url=server.url, model="scripted")}))
        good = await rehearse(study, language="en", models=minds.route("m"))
        assert good.passed, [row for row in good.rows if row.problem]
        assert {row.name for row in good.rows if row.kind == "trigger"} == {
            "unexpected", "contradictory", "emotional", "vague",
        }  # fmt: skip
        server.script = lambda request: (
            Reply() if "football" in str(request["messages"][-1]) else plain_interviewer(request)
        )
        name = "speaks of something else"
        monkeypatch.setattr(
            "vivavoce.ops.rehearse.run.cases",
            lambda study, language: [case for case in cases(study, language) if case.name == name],
        )
        bad = await rehearse(study, language="en", models=minds.route("m"))
        (row,) = [row for row in bad.rows if row.kind == "participant"]
        assert row.problem == "the model failed: The model had nothing to say."
        await minds.aclose()
