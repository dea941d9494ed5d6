"""What an agent worker asks of its settings before it starts anything."""

from __future__ import annotations

import pytest

from vivavoce.ops.agent import WorkerIncomplete, agent_worker
from vivavoce.settings import SettingsError, describe, load

SFU = {
    "VIVAVOCE_LIVEKIT__URL": "wss://sfu.example/",
    "VIVAVOCE_LIVEKIT__API_KEY": "key",
    "VIVAVOCE_LIVEKIT__API_SECRET": "not to be seen",
}


@pytest.mark.parametrize("environ", [{}, SFU, {"VIVAVOCE_DATABASE_URL": "postgresql://db.example/vivavoce"}])
async def test_a_worker_needs_an_sfu_and_the_servers_database(environ: dict[str, str]) -> None:
    with pytest.raises(WorkerIncomplete, match="database"):
        async with agent_worker(load(environ)):
            pytest.fail("it started")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"VIVAVOCE_LIVEKIT__URL": "https://sfu.example"}, "wss://sfu.example"),
        ({"VIVAVOCE_LIVEKIT__URL": "wss://sfu.example/rtc"}, "without a path"),
        ({"VIVAVOCE_LIVEKIT__API_SECRET": ""}, "api_secret"),
        ({"VIVAVOCE_LIVEKIT__API_KEY": ""}, "api_key"),
    ],
)
def test_an_sfu_is_told_whole(change: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        load({**SFU, **change})


def test_the_secret_is_shown_nowhere() -> None:
    settings = load(SFU)
    assert settings.livekit.url == "wss://sfu.example"
    assert "not to be seen" not in repr(settings)
    assert not any("not to be seen" in str(row) for row in describe(SFU))
