"""Invitations: where their links lead, and to what nobody is invited."""

from __future__ import annotations

from pathlib import Path

import pytest

from vivavoce.ops.invite import URL_FILE, announced, invite_here, links_start_with
from vivavoce.protocol.prompts.pack import PackUnreviewed
from vivavoce.settings import LlmProfile, LlmSettings, Settings
from vivavoce.storage.folder import owned
from vivavoce.storage.open import open_storage

STUDIES = Path(__file__).parents[3] / "studies"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path)


def test_links_lead_to_the_server_that_runs(settings: Settings) -> None:
    with owned(settings.data_dir), announced(settings.data_dir, "http://127.0.0.1:9123"):
        assert links_start_with(settings) == "http://127.0.0.1:9123"
        public = settings.web.model_copy(update={"public_url": "https://interviews.example.org"})
        assert (
            links_start_with(settings.model_copy(update={"web": public})) == "https://interviews.example.org"
        )
    assert links_start_with(settings) == "http://127.0.0.1:8080"


def test_what_a_killed_server_left_behind_is_not_believed(settings: Settings) -> None:
    (settings.data_dir / URL_FILE).write_text("http://127.0.0.1:9123\n")
    assert links_start_with(settings) == "http://127.0.0.1:8080"


async def test_nobody_is_invited_to_meet_prompts_that_nobody_has_reviewed(tmp_path: Path) -> None:
    """A study that was published for a pilot does not go live by an invitation."""
    profile = LlmProfile(base_url="http://127.0.0.1:9/v1", model="m")
    llm = LlmSettings(default="m", profiles={"m": profile})
    live = Settings(data_dir=tmp_path, llm=llm)
    async with open_storage(live, exclusive=False) as storage:
        text = (STUDIES / "remote-work.yaml").read_text(encoding="utf-8")
        await storage.studies.publish(f"{text}\nmoderator: {{mode: semi_structured}}\n")
    with pytest.raises(PackUnreviewed, match=r"Spanish \(es\), French \(fr\)") as refused:
        await invite_here(live, "remote-work", 1)
    assert "VIVAVOCE_LLM__UNREVIEWED_PROMPTS=true" in refused.value.next_step
    pilot = live.model_copy(update={"llm": llm.model_copy(update={"unreviewed_prompts": True})})
    assert len(await invite_here(pilot, "remote-work", 2)) == 2
