"""The WebSocket line: PCM both ways over one TCP connection, for networks that let no UDP through, and for tests."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import ClassVar

from vivavoce.session.errors import BadFrame
from vivavoce.session.events import Transport
from vivavoce.transport import playout
from vivavoce.transport.desk import Desk
from vivavoce.transport.line import (
    CLIENT_DELAY_S,
    LOST_AFTER_S,
    AudioSocket,
    EndReason,
    LineEnd,
    MessageHandler,
    QueuedLine,
)
from vivavoce.transport.messages import Oversize
from vivavoce.transport.pacer import TICK_S, Pacer
from vivavoce.transport.resample import Resampler

RATES = frozenset({8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000})
"""Hz a page may send at."""

SEND_RATE = 24_000
"""Hz of what we send: half of what WebRTC carries, and all the voices of our engines have."""

MAX_FRAME_S = 1.0
"""Seconds of sound a binary frame may hold."""

MAX_AHEAD_S = LOST_AFTER_S + 2.0
"""Seconds a page may be ahead of real time: what a stall that is not yet a loss has held up comes at once, and our own
machine may have been late as well. A page that is faster does not send live sound."""

SEND_TIMEOUT_S = 3.0
"""Seconds a frame may wait to leave; a page that reads more slowly is lost."""

GOODBYE_S = 0.2
"""Seconds to wait for the page's close frame when sending has failed."""

TAIL_TICKS = 5
"""Ticks of silence sent after speech, so that the page's last buffer is filled up: 100 ms."""

_GONE = (OSError, RuntimeError)
"""What an `AudioSocket` raises when the other side is gone."""

_TICK_SAMPLES = int(playout.SAMPLE_RATE * TICK_S)
_CLOSE_BAD_FRAME = 4400
_CLOSE_REPLACED = 4409
_CLOSE_OVERSIZE = 1009
_CLOSE_NORMAL = 1000


class WebSocketLine(QueuedLine):
    """One WebSocket with a participant's page.

    Sound goes out only while there is something to play: silence is not sent. When speech is cut off the page is told
    by a ``flush`` message to drop what it has not played yet.

    Args:
        socket: the accepted WebSocket.
        rate: Hz of the sound the page sends.
        connection_id: names the connection in the log; made up by default.
        client_delay_s: seconds from pull to ear.
        lost_after_s: seconds of nothing at all after which the page is lost.
        monotonic: the clock.

    Raises:
        BadFrame: `rate` is none of `RATES`.
    """

    transport: ClassVar[Transport] = "websocket"

    def __init__(
        self,
        socket: AudioSocket,
        *,
        rate: int,
        connection_id: str | None = None,
        client_delay_s: float = CLIENT_DELAY_S,
        lost_after_s: float = LOST_AFTER_S,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        if rate not in RATES:
            raise BadFrame(
                f"Sound at {rate} Hz cannot be taken; the rates are {', '.join(map(str, sorted(RATES)))}."
            )
        super().__init__(
            connection_id=connection_id, client_delay_s=client_delay_s, lost_after_s=lost_after_s
        )
        self._socket = socket
        self._rate = rate
        self._monotonic = monotonic
        self._budget = _Budget(MAX_AHEAD_S, monotonic)
        self._frames = 0

    async def run(self, desk: Desk, on_message: MessageHandler) -> LineEnd:
        """Carry sound and messages between the page and `desk` until the line ends; see `Line.run`."""
        self._on_message = on_message
        silent_s = 0.0
        self._start(self._receive(desk), "receive")
        self._start(self._transmit(desk), "transmit")
        self._start(self._watch(lambda: self._frames), "watch")
        end = LineEnd(EndReason.CLOSED, "closed here")
        try:
            if not self._end.done():
                desk.attach(self)
            end = await self._ended()
            silent_s = end.silent_s
        finally:
            desk.detach(self, silent_s=silent_s)
            await self._stop()
            await self._hang_up(end)
        if self._fault is not None:
            raise self._fault
        return end

    def flush(self) -> None:
        """The page is to drop what it has not played yet."""
        self.send({"type": "flush"})

    # -- from the page

    async def _receive(self, desk: Desk) -> None:
        while True:
            try:
                frame = await self._socket.receive()
            except _GONE as error:
                self._lose(f"the connection broke: {error}")
                return
            self._frames += 1
            if frame is None:
                self._finish(LineEnd(EndReason.CLOSED, "the page closed the connection"))
                return
            if isinstance(frame, str):
                self._take_message(frame)
                continue
            try:
                self._check(frame)
            except BadFrame as error:
                self._refuse(error)
                return
            if desk.line is self:
                desk.hear(frame, self._rate)

    def _check(self, frame: bytes) -> None:
        if len(frame) > MAX_FRAME_S * self._rate * 2:
            raise Oversize(f"A frame of {len(frame)} bytes holds more than {MAX_FRAME_S:g} s of sound.")
        if not frame or len(frame) % 2:
            raise BadFrame(f"A frame of {len(frame)} bytes is no 16-bit sound.")
        if not self._budget.spend(len(frame) / 2 / self._rate):
            raise BadFrame(f"Sound came more than {MAX_AHEAD_S:g} s faster than it can have been spoken.")

    # -- to the page

    async def _transmit(self, desk: Desk) -> None:
        pacer = Pacer(monotonic=self._monotonic)
        resampler = Resampler(playout.SAMPLE_RATE, SEND_RATE)
        tail = 0
        while True:
            await pacer.tick()
            try:
                async with asyncio.timeout(SEND_TIMEOUT_S):
                    if desk.line is self:
                        pcm = desk.pull(_TICK_SAMPLES)
                        tail = TAIL_TICKS if desk.sounding else max(0, tail - 1)
                    else:
                        pcm, tail = b"", 0
                    while self._pending:
                        await self._socket.send_text(self._pending.popleft())
                    if tail > 0:
                        await self._socket.send_bytes(resampler.push(pcm))
            except TimeoutError:
                self._lose(f"the page took no sound for {SEND_TIMEOUT_S:g} s")
                return
            except _GONE as error:
                # A page that says goodbye while we speak breaks our sending first; its goodbye is on the way.
                await asyncio.sleep(GOODBYE_S)
                self._lose(f"the connection broke: {error}")
                return

    # -- the end

    async def _hang_up(self, end: LineEnd) -> None:
        code = _CLOSE_NORMAL
        if end.error_code == Oversize.code:
            code = _CLOSE_OVERSIZE
        elif end.error_code is not None:
            code = _CLOSE_BAD_FRAME
        elif end.reason is EndReason.REPLACED:
            code = _CLOSE_REPLACED
        try:
            async with asyncio.timeout(SEND_TIMEOUT_S):
                while self._pending and end.reason is not EndReason.LOST:
                    await self._socket.send_text(self._pending.popleft())
                await self._socket.close(code, end.detail[:100])
        except (TimeoutError, *_GONE):
            return  # the other side is gone already, which is what was wanted


class _Budget:
    """Seconds of sound, earned by passing time and spent by sound that comes in.

    Args:
        ahead_s: seconds that can be saved up.
        monotonic: the clock.
    """

    def __init__(self, ahead_s: float, monotonic: Callable[[], float]) -> None:
        self._ahead_s = ahead_s
        self._monotonic = monotonic
        self._saved_s = ahead_s
        self._at = monotonic()

    def spend(self, seconds: float) -> bool:
        """Take `seconds`; False when they are not there."""
        now = self._monotonic()
        self._saved_s = min(self._ahead_s, self._saved_s + now - self._at) - seconds
        self._at = now
        return self._saved_s >= -1e-6  # rounding
