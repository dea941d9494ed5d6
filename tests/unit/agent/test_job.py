"""How a job ends: with a goodbye where somebody can hear it, else by handing the interview on."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest
from livekit.agents import JobContext
from pydantic import SecretStr

from vivavoce.agent import job
from vivavoce.session.clock import SystemClock
from vivavoce.settings.livekit import LiveKitSettings
from vivavoce.transport.sfu.api import Sfu

ROOM, AGENT = "s-1", "agent-j-1"
SETTINGS = LiveKitSettings(
    url="ws://sfu.test", api_key="key", api_secret=SecretStr("a secret of 32 characters or more")
)


@dataclass
class Host:
    """Takes a note of how it was told to end its session, and ends it."""

    over: asyncio.Event = field(default_factory=asyncio.Event)
    told: list[bool] = field(default_factory=list[bool])

    async def end_sessions(self, *, heard: bool) -> None:
        self.told.append(heard)
        self.over.set()


async def heard(answer: httpx.Response | None, *, connected: bool = True, over: bool = False) -> list[bool]:
    """What the host is told when the job ends; `answer`: the SFU's, to who is in the room."""
    asked: list[str] = []

    def sfu_answers(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        if answer is None:
            raise httpx.ConnectError("nobody there")
        return answer

    sfu = Sfu(SETTINGS, SystemClock(), transport=httpx.MockTransport(sfu_answers))
    host = Host()

    async def session() -> None:
        await host.over.wait()

    task = asyncio.create_task(session())
    if over:
        host.over.set()
        await task
    held = job._Held(host=cast("Any", host), sfu=sfu, task=task)
    ctx = SimpleNamespace(
        proc=SimpleNamespace(userdata={"warm": SimpleNamespace(held=held)}),
        room=SimpleNamespace(isconnected=lambda: connected),
        job=SimpleNamespace(room=SimpleNamespace(name=ROOM)),
        local_participant_identity=AGENT,
    )
    await job.end(cast("JobContext", ctx))
    await sfu.aclose()
    assert asked in ([], ["/twirp/livekit.RoomService/ListParticipants"])
    assert not host.told or held.unseated is not host.told[0]
    return host.told


def people(*identities: str) -> httpx.Response:
    return httpx.Response(200, json={"participants": [{"identity": one} for one in identities]})


@pytest.mark.parametrize(
    ("answer", "connected", "goodbye"),
    [
        (people("participant", AGENT), True, True),
        (people("participant"), True, False),
        (people("participant", "agent-j-2"), True, False),
        (httpx.Response(404, json={"code": "not_found"}), True, False),
        (httpx.Response(500), True, False),
        (None, True, False),
        (people("participant", AGENT), False, False),
    ],
    ids=["sits there", "removed", "another agent", "no room", "broken SFU", "no SFU", "connection lost"],
)
async def test_a_goodbye_is_said_where_the_agent_sits_in_its_room(
    answer: httpx.Response | None, connected: bool, goodbye: bool
) -> None:
    assert await heard(answer, connected=connected) == [goodbye]


async def test_a_session_that_is_over_is_told_nothing() -> None:
    assert await heard(people(), over=True) == []
