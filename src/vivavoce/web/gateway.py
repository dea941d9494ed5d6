"""The host, as the web room sees it. `vivavoce.agent.host.Host` has this shape; `ops` joins the two.

The rooms stand on the same floor and do not import each other, so everything here is a Protocol.
"""

from __future__ import annotations

from typing import Protocol


class Capacity(Protocol):
    """How many sessions the host holds, and whether it takes another; `reason` says why not, as a sentence."""

    @property
    def slots(self) -> int:
        """Sessions it may hold at once."""
        ...

    @property
    def used(self) -> int:
        """Sessions it holds."""
        ...

    @property
    def accepting(self) -> bool:
        """Whether it takes another."""
        ...

    @property
    def reason(self) -> str:
        """Why not; empty if it does."""
        ...

    @property
    def draining(self) -> bool:
        """Whether it was told to end and takes none any more."""
        ...


class Answer(Protocol):
    """The host's answer to a WebRTC offer."""

    @property
    def sdp(self) -> str:
        """The answer's session description."""
        ...

    @property
    def connection_id(self) -> str:
        """The connection, as the session's log names it."""
        ...


class AudioSocket(Protocol):
    """A WebSocket that was accepted, reduced to what a line needs of it."""

    async def receive(self) -> bytes | str | None:
        """The next binary or text frame; None once the other side has closed."""
        ...

    async def send_bytes(self, data: bytes) -> None:
        """Send a binary frame; returns when it is handed to the network, or at once on a closed socket."""
        ...

    async def send_text(self, text: str) -> None:
        """Send a text frame; returns when it is handed to the network, or at once on a closed socket."""
        ...

    async def close(self, code: int, reason: str) -> None:
        """Close with a WebSocket close code. Closing a closed socket does nothing."""
        ...


class SessionGateway(Protocol):
    """Where sessions run.

    Its errors: SessionUnknown, SessionOver, AlreadyConnected, HostFull, StudySpent, BadFrame of
    `vivavoce.session.errors`.
    """

    def capacity(self) -> Capacity:
        """How many sessions there are, and whether another may come."""
        ...

    async def offer(self, session_id: str, /, *, sdp: str, take_over: bool, user_agent: str | None) -> Answer:
        """Connect a participant's browser by WebRTC."""
        ...

    async def websocket(
        self, session_id: str, socket: AudioSocket, /, *, rate: int, take_over: bool, user_agent: str | None
    ) -> None:
        """Connect a participant by PCM over a WebSocket; returns when that line has ended. Rate in Hz."""
        ...

    async def leave(self, session_id: str, /) -> None:
        """The participant ends the interview, on or off the line."""
        ...
