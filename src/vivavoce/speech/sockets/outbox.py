"""What goes out over one socket: control frames first, sound when its turn comes, and never two messages mixed up."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass

from vivavoce.speech.sockets.line import Code, Line

CONTROL_LIMIT = 256
"""Control frames that may wait. A peer that makes us say so much and reads nothing is cut off."""


class OutboxFull(Exception):
    """The peer reads none of the answers to what it sends."""


@dataclass(slots=True, eq=False)
class _Group:
    messages: tuple[str | bytes, ...]
    written: asyncio.Future[None]


class Outbox:
    """Writes to a line; whoever runs `run` owns it. It waits for the peer, and makes waiting only those who `send`."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._control: deque[str] = deque()
        self._groups: deque[_Group] = deque()
        self._closing: tuple[Code, str] | None = None
        self._wake = asyncio.Event()

    async def run(self) -> None:
        """Write until `close`.

        Raises:
            LineClosed: the peer is gone.
        """
        while True:
            if self._control:
                await self._line.send(self._control.popleft())
            elif self._closing is not None:
                await self._line.close(*self._closing)
                return
            elif self._groups:
                await self._write(self._groups.popleft())
            else:
                self._wake.clear()
                await self._wake.wait()

    async def _write(self, group: _Group) -> None:
        # Whole, even if its sender leaves meanwhile: a frame that announces another one must be followed by it.
        for message in group.messages:
            await self._line.send(message)
        if not group.written.done():
            group.written.set_result(None)

    def post(self, text: str) -> None:
        """Have a control frame written next.

        Raises:
            OutboxFull.
        """
        if len(self._control) >= CONTROL_LIMIT:
            raise OutboxFull
        self._control.append(text)
        self._wake.set()

    async def send(self, *messages: str | bytes) -> None:
        """Have messages written one right after the other, in the order of the senders; returns when they are.

        Cancelling drops them, unless they are being written.
        """
        group = _Group(messages, asyncio.get_running_loop().create_future())
        self._groups.append(group)
        self._wake.set()
        try:
            await group.written
        finally:
            if group in self._groups:
                self._groups.remove(group)

    def close(self, code: Code, reason: str = "") -> None:
        """End the line when the control frames are out; sound that waits is dropped."""
        self._closing = self._closing or (code, reason)
        self._wake.set()
