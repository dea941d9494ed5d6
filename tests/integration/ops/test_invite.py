"""Where links lead: to the server that runs on the data folder, whatever port it was given."""

from __future__ import annotations

from pathlib import Path

import pytest

from vivavoce.ops.invite import URL_FILE, announced, links_start_with
from vivavoce.settings import Settings
from vivavoce.storage.folder import owned


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
