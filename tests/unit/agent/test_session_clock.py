"""The session clock goes by the event loop, in virtual time."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from folded import START, Log
from virtual_time import run

from vivavoce.agent.session_clock import SessionClock
from vivavoce.session.events import ParticipantJoined

JOINED = ParticipantJoined(transport="webrtc", connection_id="c1", rejoined=False, at_s=0.0)


class Wall:
    """A wall clock that somebody sets."""

    def __init__(self, now: datetime) -> None:
        self.set_to = now

    def now(self) -> datetime:
        return self.set_to

    def monotonic(self) -> float:
        return 0.0


def test_it_stands_at_0_until_the_participant_joins_and_goes_from_then() -> None:
    async def live() -> None:
        log = Log()
        clock = SessionClock(log.state, Wall(START))
        await asyncio.sleep(7)
        assert clock.now_s() == 0.0
        log.post(JOINED)
        clock.start()
        await asyncio.sleep(1.5)
        assert clock.now_s() == 1.5
        loop_s = asyncio.get_running_loop().time()
        assert clock.at_s(loop_s - 0.25) == 1.25 and clock.at_s(loop_s - 5) == 0.0

    run(live())


def test_of_a_session_that_is_taken_up_it_goes_on_by_the_wall_clock() -> None:
    async def live() -> None:
        clock = SessionClock(Log(JOINED).state, Wall(START + timedelta(seconds=90)))
        await asyncio.sleep(2)
        assert clock.now_s() == 92.0

    run(live())


def test_a_wall_clock_that_is_set_meanwhile_moves_nothing() -> None:
    async def live() -> None:
        wall = Wall(START)
        clock = SessionClock(Log(JOINED).state, wall)
        wall.set_to = START + timedelta(days=1)
        await asyncio.sleep(3)
        assert (clock.now_s(), clock.now()) == (3.0, START + timedelta(seconds=3))

    run(live())
