"""A worker that has a place free is sent a session, however full it says it is."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from livekit import api
from livekit.protocol import agent, models
from sfu import SfuProcess, running_sfu
from websockets.asyncio.client import ClientConnection, connect

from vivavoce.agent.admission import fullness
from vivavoce.session.clock import SystemClock
from vivavoce.transport.sfu.api import Sfu
from vivavoce.transport.sfu.job import SessionJob

WITHIN_S = 30


@pytest.fixture(scope="module")
def sfu(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SfuProcess]:
    with running_sfu(tmp_path_factory.mktemp("sfu")) as running:
        yield running


async def _told(socket: ClientConnection, kind: str) -> None:
    """Wait for a message of that kind."""
    while agent.ServerMessage.FromString(await socket.recv(decode=False)).WhichOneof("message") != kind:
        pass


@pytest.mark.parametrize("slots", [2, 4, 500])
async def test_the_last_place_of_a_worker_is_taken(sfu: SfuProcess, slots: int) -> None:
    token = api.AccessToken(sfu.key, sfu.secret).with_grants(api.VideoGrants(agent=True)).to_jwt()
    headers = {"Authorization": f"Bearer {token}"}
    caller = Sfu(sfu.settings, SystemClock())
    async with (
        asyncio.timeout(WITHIN_S),
        connect(f"{sfu.url}/agent?protocol=1", additional_headers=headers) as socket,
    ):

        async def say(message: agent.WorkerMessage) -> None:
            await socket.send(message.SerializeToString())

        await say(
            agent.WorkerMessage(
                register=agent.RegisterWorkerRequest(
                    type=agent.JobType.JT_ROOM,
                    agent_name="vivavoce",
                    version="1",
                    allowed_permissions=models.ParticipantPermission(agent=True),
                )
            )
        )
        await _told(socket, "register")
        nearly = agent.UpdateWorkerStatus(
            load=fullness(slots - 1, slots), status=agent.WorkerStatus.WS_AVAILABLE
        )
        await say(agent.WorkerMessage(update_worker=nearly))
        await say(agent.WorkerMessage(ping=agent.WorkerPing(timestamp=1)))
        await _told(socket, "pong")
        job = SessionJob(session_id=f"of-{slots}", study_id="s", study_hash="h", language="en")
        await caller.dispatch(job)
        await _told(socket, "availability")
    await caller.aclose()
