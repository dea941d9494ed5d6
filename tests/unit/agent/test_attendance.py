"""Lines come and go, and the log tells it: who attends, in virtual time."""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

import pytest
from folded import START, Log
from virtual_time import run

from vivavoce.agent.attendance import SHORT_ABSENCE_S, Arrival, Attendance
from vivavoce.agent.session_clock import SessionClock
from vivavoce.session.clock import ManualClock
from vivavoce.session.events import (
    Fault,
    ParticipantJoined,
    ParticipantLeft,
    ParticipantMuted,
    Payload,
    Transport,
)
from vivavoce.transport.desk import Desk
from vivavoce.transport.line import EndReason, LineBase, LineEnd, MessageHandler
from vivavoce.transport.messages import Leave, Mute


class ScriptedLine(LineBase):
    """A line that is up until it is ended."""

    transport: ClassVar[Transport] = "webrtc"

    def __init__(self, name: str) -> None:
        super().__init__(connection_id=name)
        self.sent: list[Any] = []
        self.says: MessageHandler | None = None

    def send(self, message: Any) -> None:
        self.sent.append(message)

    def end(self, reason: EndReason, *, error_code: str | None = None) -> None:
        self._finish(LineEnd(reason, "as the test says", error_code=error_code))

    async def run(self, desk: Desk, on_message: MessageHandler) -> LineEnd:
        self.says = on_message
        desk.attach(self)
        try:
            return await self._ended()
        finally:
            desk.detach(self, silent_s=0.0)


class Room:
    """An attendance, and what it tells."""

    def __init__(self, *past: Payload) -> None:
        self.log = Log(*past)
        self.arrivals: list[Arrival] = []
        self.gone: list[EndReason] = []
        self.left = 0
        self.clock = SessionClock(self.log.state, ManualClock(START))
        self.desk = Desk(session_time=self.clock.now_s)
        self.attendance = Attendance(
            self.desk,
            state=self.log.state,
            clock=self.clock,
            post=self.log.post,
            arrived=self.arrivals.append,
            gone=self.gone.append,
            leave=self._leave,
        )
        self.serving: list[asyncio.Task[None]] = []

    def _leave(self) -> None:
        self.left += 1

    async def come(self, name: str) -> ScriptedLine:
        line = ScriptedLine(name)
        self.attendance.take(line, user_agent=f"browser of {name}")
        self.serving.append(asyncio.create_task(self.attendance.serve(line)))
        await asyncio.sleep(0)
        return line

    async def end(self, line: ScriptedLine, reason: EndReason, *, error_code: str | None = None) -> None:
        line.end(reason, error_code=error_code)
        await self.serving[-1]


JOINED = ParticipantJoined(transport="webrtc", connection_id="dead", rejoined=False, at_s=0.0)


def test_the_first_joining_starts_the_clock_and_is_written() -> None:
    async def live() -> None:
        room = Room()
        await asyncio.sleep(5)
        assert not room.attendance.connected and room.attendance.hears_since is None
        await room.come("c1")
        assert room.attendance.connected and room.attendance.hears_since == 5.0
        (joined,) = room.log.of(ParticipantJoined)
        assert (joined.connection_id, joined.rejoined, joined.at_s) == ("c1", False, 0.0)
        assert joined.user_agent == "browser of c1"
        assert room.arrivals == [Arrival(first=True, long_away=False)]
        await asyncio.sleep(2)
        assert room.clock.now_s() == 2.0
        await room.end(await room.come("c2"), EndReason.CLOSED)

    run(live())


@pytest.mark.parametrize(("away_s", "long_away"), [(SHORT_ABSENCE_S - 0.5, False), (SHORT_ABSENCE_S, True)])
def test_who_comes_back_is_told_apart_by_how_long_they_were_away(away_s: float, long_away: bool) -> None:
    async def live() -> None:
        room = Room()
        await room.end(await room.come("c1"), EndReason.LOST)
        assert not room.attendance.connected and room.attendance.hears_since is None
        assert room.gone == [EndReason.LOST]
        await asyncio.sleep(away_s)
        line = await room.come("c2")
        assert room.arrivals[-1] == Arrival(first=False, long_away=long_away)
        joined = room.log.of(ParticipantJoined)[-1]
        assert (joined.rejoined, joined.at_s) == (True, away_s)
        await room.end(line, EndReason.CLOSED)

    run(live())


def test_a_newer_line_takes_the_place_of_an_earlier_one() -> None:
    async def live() -> None:
        room = Room()
        first = await room.come("c1")
        second = await room.come("c2")
        await room.serving[0]
        assert first.ending and not second.ending and room.attendance.connected
        assert [(left.connection_id, left.reason) for left in room.log.of(ParticipantLeft)] == [
            ("c1", "replaced")
        ], "its own end is not told twice"
        room.attendance.send({"type": "notice"})
        assert second.sent == [{"type": "notice"}] and first.sent == []
        await room.end(second, EndReason.LEFT)
        assert room.gone == [EndReason.REPLACED, EndReason.LEFT]

    run(live())


def test_a_session_taken_up_from_a_dead_host_waits_for_whoever_was_there() -> None:
    async def live() -> None:
        room = Room(JOINED)
        room.attendance.orphan()
        (left,) = room.log.of(ParticipantLeft)
        assert (left.connection_id, left.reason) == ("dead", "lost")
        assert room.attendance.orphaned
        line = await room.come("c2")
        assert not room.attendance.orphaned
        assert room.arrivals == [Arrival(first=False, long_away=True)], "however soon they are back"
        await room.end(line, EndReason.LOST)
        await room.end(await room.come("c3"), EndReason.CLOSED)
        assert room.arrivals[-1] == Arrival(first=False, long_away=False)

    run(live())


def test_what_the_page_says_is_done() -> None:
    async def live() -> None:
        room = Room()
        line = await room.come("c1")
        assert line.says is not None
        for muted in (True, True, False):
            line.says(Mute(type="mute", muted=muted))
            assert room.desk.muted is muted
        assert [event.muted for event in room.log.of(ParticipantMuted)] == [True, False]
        line.says(Leave(type="leave"))
        assert room.left == 1
        await room.end(line, EndReason.CLOSED)

    run(live())


def test_a_line_that_breaks_leaves_its_error_in_the_log() -> None:
    async def live() -> None:
        room = Room()
        await room.end(await room.come("c1"), EndReason.CLOSED, error_code="bad_frame")
        (fault,) = room.log.of(Fault)
        assert (fault.stage, fault.code, fault.recovered) == ("transport", "bad_frame", True)

    run(live())


def test_dismissed_a_line_is_closed_and_without_one_nothing_is_said() -> None:
    async def live() -> None:
        room = Room()
        room.attendance.dismiss()
        room.attendance.send({"type": "notice"})
        line = await room.come("c1")
        room.attendance.dismiss()
        await room.serving[-1]
        assert line.ending and room.gone == [EndReason.CLOSED]

    run(live())
