"""The participant's attendance: the line that they are on, and what the log says of their coming and going."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from vivavoce.agent.session_clock import SessionClock
from vivavoce.session.events import Fault, ParticipantJoined, ParticipantLeft, ParticipantMuted, Payload
from vivavoce.session.state import SessionState
from vivavoce.session.status import SessionStatus
from vivavoce.transport.desk import Desk
from vivavoce.transport.line import EndReason, Line, Message
from vivavoce.transport.messages import Leave, Mute, PageMessage, Ping

SHORT_ABSENCE_S = 4.0
"""A connection that is back sooner goes on where it was; after a longer one the moderator says welcome back."""


@dataclass(frozen=True)
class Arrival:
    """The participant can hear and be heard.

    Attributes:
        first: of this session.
        long_away: longer than `SHORT_ABSENCE_S`, or they come for the first time to this host, from an earlier one.
    """

    first: bool
    long_away: bool


class Attendance:
    """One session's; made on the event loop.

    Args:
        desk: the session's sound, to which lines attach.
        state: gives the fold of the log.
        clock: of the session.
        post: writes events.
        arrived: told when the participant can hear.
        gone: told that they cannot any more, and why.
        leave: told that they end the interview.
    """

    def __init__(
        self,
        desk: Desk,
        *,
        state: Callable[[], SessionState],
        clock: SessionClock,
        post: Callable[[Payload], None],
        arrived: Callable[[Arrival], None],
        gone: Callable[[EndReason], None],
        leave: Callable[[], None],
    ) -> None:
        self._desk = desk
        self._state = state
        self._clock = clock
        self._post = post
        self._arrived = arrived
        self._gone = gone
        self._leave = leave
        self._line: Line | None = None
        self._user_agent: str | None = None
        self._expected_back = state().joined_at is not None
        self.orphaned = False
        """The host before us died with the participant connected, who has not come back since."""
        self.hears_since: float | None = None
        """Event-loop time since when the participant can hear; None while no line is up."""
        desk.on_attached = self._joined

    @property
    def connected(self) -> bool:
        """Whether a line is up or coming up."""
        return self._line is not None

    def orphan(self) -> None:
        """The line died with its host; the participant has as long to come back as after any loss."""
        self.orphaned = True
        connection = self._state().connection
        self._post(
            ParticipantLeft(
                connection_id=connection.connection_id if connection is not None else "unknown",
                reason="lost",
                at_s=self._clock.now_s(),
            )
        )

    def take(self, line: Line, *, user_agent: str | None) -> None:
        """The participant comes on `line`, which is to be served; an earlier one is replaced."""
        previous, self._line = self._line, None
        if previous is not None:
            self._left(previous, EndReason.REPLACED)
            previous.close(EndReason.REPLACED)
        self._line, self._user_agent = line, user_agent

    async def serve(self, line: Line) -> None:
        """Run a line that was taken; returns when it has ended."""
        reason = EndReason.LOST
        try:
            end = await line.run(self._desk, self._on_message)
            reason = end.reason
            if end.error_code is not None:
                self._post(Fault(stage="transport", code=end.error_code, message=end.detail, recovered=True))
        finally:
            if self._line is line:
                self._line = self.hears_since = None
                self._left(line, reason)

    def send(self, message: Message) -> None:
        """Send to the page, if there is one."""
        if self._line is not None:
            self._line.send(message)

    def dismiss(self) -> None:
        """Close the line: a page that was not told of an end comes back, and meets whoever goes on."""
        if self._line is not None:
            self._line.close(EndReason.CLOSED, "let go of here")

    def _joined(self, line: Line) -> None:
        state = self._state()
        if self._line is not line or state.status.terminal:
            return
        self.hears_since = asyncio.get_running_loop().time()
        first = state.joined_at is None
        now_s = self._clock.now_s()
        away_s = now_s - state.left_s if state.left_s is not None else 0.0
        self._post(
            ParticipantJoined(
                transport=line.transport,
                connection_id=line.connection_id,
                rejoined=not first,
                at_s=0.0 if first else now_s,
                user_agent=self._user_agent,
            )
        )
        if first:
            self._clock.start()
        arrival = Arrival(first, long_away=self._expected_back or away_s >= SHORT_ABSENCE_S)
        self._expected_back = self.orphaned = False
        self._arrived(arrival)

    def _left(self, line: Line, reason: EndReason) -> None:
        connection = self._state().connection
        if connection is not None and connection.connection_id == line.connection_id:
            self._post(
                ParticipantLeft(
                    connection_id=line.connection_id, reason=reason.value, at_s=self._clock.now_s()
                )
            )
        self._gone(reason)

    def _on_message(self, message: PageMessage) -> None:
        match message:
            case Leave():
                self._leave()
            case Mute(muted=muted):
                self._desk.muted = muted
                state = self._state()
                if state.status is SessionStatus.ACTIVE and state.muted != muted:
                    self._post(ParticipantMuted(muted=muted, at_s=self._clock.now_s()))
            case Ping():
                pass  # the line has answered it
