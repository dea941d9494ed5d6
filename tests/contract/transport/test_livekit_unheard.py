"""A page and an agent in one room of whom one does not hear the other, through a real SFU."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from sfu import running_sfu
from tests.contract.transport.conftest import House, Wire, until
from tests.contract.transport.test_conformance import Caller

from vivavoce.transport import livekit, livekit_client
from vivavoce.transport.line import EndReason
from vivavoce.transport.livekit import UNHEARD_LINES
from vivavoce.transport.livekit_client import LiveKitParticipant

UNHEARD_S = 0.6


@pytest.fixture(scope="module")
def wire(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wire]:
    with running_sfu(tmp_path_factory.mktemp("sfu")) as sfu:
        yield Wire(
            "livekit", LiveKitParticipant, sfu, slack_s=0.1, likeness=0.8, lines=1, lets_go_at_once=False
        )


async def test_a_page_that_is_not_heard_is_to_come_again_and_left_in_peace_if_it_never_is(
    wire: Wire, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing(*_: object) -> None:
        """As where the SFU announces no track."""

    monkeypatch.setattr(livekit, "UNHEARD_S", UNHEARD_S)
    monkeypatch.setattr(livekit_client, "publish", nothing)
    room = house.room()
    for number in range(1, UNHEARD_LINES + 1):
        async with Caller(wire, house) as caller:
            await until(lambda n=number: len(room.ends) == n, within_s=20, what="the end of its line")
            assert room.ends[-1].reason is EndReason.LOST
            assert "sound" in room.ends[-1].detail
            await until(lambda c=caller: c.call.closed, within_s=20, what="that it is put out")
    async with Caller(wire, house):
        await asyncio.sleep(3 * UNHEARD_S)
        assert len(room.ends) == UNHEARD_LINES


async def test_a_page_that_was_heard_stays_when_its_microphone_is_gone(
    wire: Wire, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(livekit, "UNHEARD_S", UNHEARD_S)
    room = house.room()
    async with Caller(wire, house) as caller:
        await until(lambda: len(room.heard) > 0, within_s=20, what="sound")
        await asyncio.sleep(2 * UNHEARD_S)
        assert isinstance(caller.call, LiveKitParticipant)
        mine = caller.call._room.local_participant
        [microphone] = mine.track_publications
        await mine.unpublish_track(microphone)
        await asyncio.sleep(3 * UNHEARD_S)
        assert not room.ends


async def test_a_page_that_does_not_hear_the_agent_who_answers_it_comes_again(
    wire: Wire, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(livekit_client, "VOICELESS_S", UNHEARD_S)
    house.room()
    async with Caller(wire, house) as caller:
        await asyncio.sleep(2 * UNHEARD_S)
        await caller.call.send({"type": "ping", "n": 1})
        await until(lambda: len(caller.said("pong")) > 1, within_s=20, what="an answer")
        assert not caller.call.closed
        mine = house._seats["s1"].local_participant
        [voice] = mine.track_publications
        await mine.unpublish_track(voice)
        n = 1
        while not caller.call.closed:
            n += 1
            assert n < 200, "it stays"
            await caller.call.send({"type": "ping", "n": n})
            await asyncio.sleep(0.1)
