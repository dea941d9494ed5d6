"""A line: one connection between a participant and a session. Lines come and go; the desk stays."""

from __future__ import annotations

import asyncio
import uuid
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar, Protocol

from vivavoce.session.errors import BadFrame
from vivavoce.session.events import Transport
from vivavoce.transport.messages import Message, Oversize, PageMessage, Ping, dump, parse

if TYPE_CHECKING:
    from vivavoce.transport.desk import Desk

CLIENT_DELAY_S = 0.1
"""Seconds from pull to ear unless known better. Measured with Chromium on one machine: 75 ms, nearly all of it the
browser's jitter buffer, and 30 ms of sound card; twice that where the processor is busy."""

LOST_AFTER_S = 5.0
"""Seconds of nothing at all after which the page is lost. It sends sound, or a `ping`, at least every 2 s."""

MAX_PENDING = 256
"""Messages that may wait to leave."""

MAX_BAD_MESSAGES = 5
"""Messages a page may get wrong before its line is closed: a page of another version deserves some patience."""

MessageHandler = Callable[[PageMessage], None]
"""Told, on the event loop, of every message from the page but `ping`, which the line answers itself. Must not block."""


class EndReason(StrEnum):
    """Why a line ended; the same words as in the session's log."""

    CLOSED = "closed"
    """The page, or we, closed it."""
    LOST = "lost"
    """Nothing came through any more."""
    REPLACED = "replaced"
    """A newer line took its place."""
    LEFT = "left"
    """The participant left the interview."""


@dataclass(frozen=True, slots=True)
class LineEnd:
    """How a line ended.

    Args:
        reason: why.
        detail: what exactly happened, for the log.
        error_code: code of the error that ended it, e.g. ``bad_frame``; None when nothing was wrong.
        silent_s: seconds before its end since the last sign of life from the other side.
    """

    reason: EndReason
    detail: str
    error_code: str | None = None
    silent_s: float = 0.0


class AudioSocket(Protocol):
    """What a WebSocket line needs of a WebSocket; `web` has a structurally equal protocol.

    A broken connection is an `OSError` (`ConnectionError`) or `RuntimeError` from any of these.
    """

    async def receive(self) -> bytes | str | None:
        """The next binary or text frame; None when the other side has closed with a code of its own (1000, 1001 …).

        A close without one (1005, 1006) is a broken connection: the page always gives a code.
        """
        ...

    async def send_bytes(self, data: bytes) -> None:
        """Send a binary frame; returns when it is handed to the network."""
        ...

    async def send_text(self, text: str) -> None:
        """Send a text frame; returns when it is handed to the network."""
        ...

    async def close(self, code: int, reason: str) -> None:
        """Close with a WebSocket close code. Closing a closed socket does nothing."""
        ...


class Line(Protocol):
    """One connection, of whatever transport."""

    transport: ClassVar[Transport]

    @property
    def connection_id(self) -> str:
        """Names this connection in the session's log."""
        ...

    @property
    def client_delay_s(self) -> float:
        """Seconds from `Desk.pull` to the participant's ear."""
        ...

    async def run(self, desk: Desk, on_message: MessageHandler) -> LineEnd:
        """Attach to `desk`, carry sound and messages until the line ends, let go of everything, say how it ended.

        Cancelling it closes the line. Runs once. A fault of our own (in `on_message`, at the desk) ends this line only,
        and is raised here.
        """
        ...

    def send(self, message: Message) -> None:
        """Send a message to the page, in order. Never blocks; after the end it does nothing.

        A page that does not take its messages is lost: the line ends when too many wait.
        """
        ...

    def flush(self) -> None:
        """What the other side still has buffered of the agent's speech is not to be played."""
        ...

    def close(self, reason: EndReason, detail: str = "") -> None:
        """End the line; `run` returns soon after. The first call counts."""
        ...


class LineBase:
    """What every line does the same way: its name, its end, and the messages from the page.

    Args:
        connection_id: names this connection; made up by default.
        client_delay_s: seconds from `Desk.pull` to the ear.
        lost_after_s: seconds of nothing at all after which the page is lost.
    """

    transport: ClassVar[Transport]

    def __init__(
        self,
        *,
        connection_id: str | None = None,
        client_delay_s: float = CLIENT_DELAY_S,
        lost_after_s: float = LOST_AFTER_S,
    ) -> None:
        self.connection_id = connection_id or uuid.uuid4().hex
        self.client_delay_s = client_delay_s
        self.bad_messages = 0
        self._lost_after_s = lost_after_s
        self._end: asyncio.Future[LineEnd] = asyncio.get_running_loop().create_future()
        self._fault: BaseException | None = None
        self._on_message: MessageHandler | None = None
        self._tasks: list[asyncio.Task[None]] = []

    def send(self, message: Message) -> None:
        """Send a message to the page; see `Line.send`."""
        raise NotImplementedError

    def flush(self) -> None:
        """Nothing is buffered beyond what `client_delay_s` says."""

    def close(self, reason: EndReason, detail: str = "") -> None:
        """End the line; `run` returns soon after. The first call counts."""
        self._finish(LineEnd(reason, detail or f"closed here: {reason.value}"))

    @property
    def ending(self) -> bool:
        """Whether the line has ended or is about to."""
        return self._end.done()

    def _start(self, work: Coroutine[None, None, None], name: str) -> None:
        """Begin work that goes on until the line ends; where it fails, the line breaks."""
        task = asyncio.create_task(work, name=f"line.{self.connection_id}.{name}")
        task.add_done_callback(self._task_done)
        self._tasks.append(task)

    async def _stop(self) -> None:
        """End all that was begun."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _task_done(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._break(error)

    async def _comes(self, event: asyncio.Event, *, within_s: float, otherwise: str) -> bool:
        """Wait for what the line cannot begin without; False when it ended before, or was lost for want of it."""
        coming = asyncio.ensure_future(event.wait())
        try:
            await asyncio.wait((coming, self._end), timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            coming.cancel()
        if not event.is_set():
            self._lose(otherwise)
        return not self._end.done()

    def _finish(self, end: LineEnd) -> None:
        if not self._end.done():
            self._end.set_result(end)

    def _refuse(self, error: BadFrame) -> None:
        self._finish(LineEnd(EndReason.CLOSED, error.what, error_code=error.code))

    def _break(self, error: BaseException) -> None:
        """Something failed that is not the network's doing: end the line; `run` raises `error` when all is let go."""
        if self._fault is None:
            self._fault = error
        self._lose(f"the line itself failed: {error!r}")

    def _take_message(self, text: str | bytes) -> None:
        if self._end.done():
            return
        try:
            message = parse(text)
        except BadFrame as error:
            self.bad_messages += 1
            if self.bad_messages > MAX_BAD_MESSAGES or isinstance(error, Oversize):
                self._refuse(error)
            return
        if isinstance(message, Ping):
            self.send({"type": "pong", "n": message.n})
        elif self._on_message is not None:
            self._on_message(message)

    async def _watch(self, signs: Callable[[], int]) -> None:
        """End the line as lost when `signs` (of life, counted) has not grown for `lost_after_s`.

        Time is counted in steps, so that a stall of this process is not taken for a silent page.
        """
        step_s = self._lost_after_s / 10
        steps, seen = 0, signs()
        while steps < 10:
            await asyncio.sleep(step_s)
            steps = steps + 1 if signs() == seen else 0
            seen = signs()
        self._lose(f"nothing came from the page for {self._lost_after_s:g} s", silent_s=self._lost_after_s)

    def _lose(self, detail: str, *, silent_s: float = 0.0) -> None:
        self._finish(LineEnd(EndReason.LOST, detail, silent_s=silent_s))

    async def _ended(self) -> LineEnd:
        # Waited for, not awaited: cancelling whoever runs the line must not cancel the future others look at.
        await asyncio.wait((self._end,))
        return self._end.result()


class QueuedLine(LineBase):
    """A line whose messages wait, in order, until its own work sends them."""

    def __init__(
        self,
        *,
        connection_id: str | None = None,
        client_delay_s: float = CLIENT_DELAY_S,
        lost_after_s: float = LOST_AFTER_S,
    ) -> None:
        super().__init__(
            connection_id=connection_id, client_delay_s=client_delay_s, lost_after_s=lost_after_s
        )
        self._pending: deque[str] = deque()

    def send(self, message: Message) -> None:
        """Send a message to the page; see `Line.send`."""
        if self._end.done():
            return
        if len(self._pending) >= MAX_PENDING:
            self._lose("the page does not take its messages")
            return
        self._pending.append(dump(message))
