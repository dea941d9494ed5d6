"""The WebSocket line's judgement of frames, and how it ends. Sockets and clocks are played here."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from livekit import rtc

from vivavoce.session.errors import BadFrame
from vivavoce.transport.desk import Desk
from vivavoce.transport.line import MAX_BAD_MESSAGES, MAX_PENDING, EndReason, LineEnd
from vivavoce.transport.messages import Leave, PageMessage
from vivavoce.transport.websocket import MAX_AHEAD_S, WebSocketLine


class Page:
    """The other end of a socket."""

    def __init__(self) -> None:
        self.to_server: asyncio.Queue[bytes | str | None] = asyncio.Queue()
        self.sound: list[bytes] = []
        self.messages: list[dict[str, object]] = []
        self.closed: tuple[int, str] | None = None
        self.reads = asyncio.Event()
        self.reads.set()
        self.broken: Exception | None = None

    async def receive(self) -> bytes | str | None:
        return await self.to_server.get()

    async def send_bytes(self, data: bytes) -> None:
        await self._sending()
        self.sound.append(data)

    async def send_text(self, text: str) -> None:
        await self._sending()
        self.messages.append(json.loads(text))

    async def _sending(self) -> None:
        if self.broken is not None:
            raise self.broken
        await self.reads.wait()

    async def close(self, code: int, reason: str) -> None:
        self.closed = self.closed or (code, reason)


class Call:
    def __init__(self, page: Page, line: WebSocketLine, desk: Desk, running: asyncio.Task[LineEnd]) -> None:
        self.page, self.line, self.desk, self.running = page, line, desk, running
        self.heard: list[PageMessage] = []

    async def end(self) -> LineEnd:
        return await asyncio.wait_for(asyncio.shield(self.running), 5)


@asynccontextmanager
async def calling(
    *, rate: int = 16_000, lost_after_s: float = 6, monotonic: Callable[[], float] = time.monotonic
) -> AsyncGenerator[Call]:
    page, desk = Page(), Desk()
    desk.gate_open = True
    line = WebSocketLine(page, rate=rate, lost_after_s=lost_after_s, monotonic=monotonic)
    heard: list[PageMessage] = []
    running = asyncio.create_task(line.run(desk, heard.append))
    await asyncio.sleep(0)
    call = Call(page, line, desk, running)
    call.heard = heard
    try:
        yield call
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        assert desk.line is None
        assert len(asyncio.all_tasks()) == 1, "nothing is left running"


@pytest.mark.parametrize("rate", [0, -16_000, 7999, 16_001, 96_000])
async def test_a_rate_no_sound_card_has_is_refused(rate: int) -> None:
    with pytest.raises(BadFrame, match="Hz"):
        WebSocketLine(Page(), rate=rate)


@pytest.mark.parametrize(
    ("frame", "code", "says"),
    [
        (b"", 4400, "no 16-bit sound"),
        (b"\x00", 4400, "no 16-bit sound"),
        (bytes(641), 4400, "no 16-bit sound"),
        (bytes(32_002), 1009, "more than 1 s"),
        (bytes(2**20), 1009, "more than 1 s"),
        ('{"type":"leave","x":"' + "a" * 20_000 + '"}', 1009, "longer than"),
    ],
)
async def test_a_bad_frame_ends_the_line_with_its_close_code(
    frame: bytes | str, code: int, says: str
) -> None:
    async with calling() as call:
        call.page.to_server.put_nowait(frame)
        end = await call.end()
        assert end.reason is EndReason.CLOSED
        assert end.error_code in ("bad_frame", "oversize")
        assert says in end.detail
        assert call.page.closed is not None
        assert call.page.closed[0] == code


async def test_some_messages_may_be_wrong_but_not_many() -> None:
    async with calling() as call:
        for _ in range(MAX_BAD_MESSAGES):
            call.page.to_server.put_nowait("nonsense")
        call.page.to_server.put_nowait('{"type":"leave"}')
        call.page.to_server.put_nowait('{"type":"ping","n":3}')
        await asyncio.sleep(0.05)
        assert call.heard == [Leave()]
        assert call.page.messages == [{"type": "pong", "n": 3}]
        call.page.to_server.put_nowait("nonsense")
        end = await call.end()
        assert end.error_code == "bad_frame"
        assert call.page.closed is not None
        assert call.page.closed[0] == 4400


async def test_sound_faster_than_it_can_be_spoken_is_refused() -> None:
    now = 0.0
    async with calling(monotonic=lambda: now) as call:
        for _ in range(int(MAX_AHEAD_S * 50)):  # saved up: the longest stall that is no loss
            call.page.to_server.put_nowait(bytes(640))
        await asyncio.sleep(0.01)
        assert not call.running.done()
        now = 1.0
        for _ in range(50):
            call.page.to_server.put_nowait(bytes(640))
        await asyncio.sleep(0.01)
        assert not call.running.done()
        call.page.to_server.put_nowait(bytes(640))
        end = await call.end()
        assert end.error_code == "bad_frame"
        assert "faster" in end.detail


async def test_a_page_that_says_nothing_is_lost() -> None:
    async with calling(lost_after_s=0.05) as call:
        end = await call.end()
        assert end.reason is EndReason.LOST
        assert end.silent_s == pytest.approx(0.05, abs=0.04)


async def test_a_page_that_does_not_read_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vivavoce.transport.websocket.SEND_TIMEOUT_S", 0.05)
    async with calling() as call:
        call.page.reads.clear()
        call.line.send({"type": "hello"})
        end = await call.end()
        assert end.reason is EndReason.LOST
        assert "took no sound" in end.detail


async def test_messages_do_not_pile_up_for_a_page_that_does_not_read() -> None:
    async with calling() as call:
        call.page.reads.clear()
        for n in range(MAX_PENDING + 2):
            call.line.send({"type": "pong", "n": n})
        end = await call.end()
        assert end.reason is EndReason.LOST


@pytest.mark.parametrize("error", [ConnectionResetError("reset"), RuntimeError("closed already")])
async def test_a_broken_connection_is_a_lost_line(error: Exception) -> None:
    async with calling() as call:
        call.page.broken = error
        call.line.send({"type": "hello"})
        assert (await call.end()).reason is EndReason.LOST


async def test_a_goodbye_that_comes_while_we_speak_is_no_loss() -> None:
    async with calling() as call:
        call.page.broken = ConnectionResetError("closing")
        call.line.send({"type": "state"})
        await asyncio.sleep(0.06)
        call.page.to_server.put_nowait(None)
        assert (await call.end()).reason is EndReason.CLOSED


async def test_a_page_that_closes_has_closed() -> None:
    async with calling() as call:
        call.page.to_server.put_nowait(None)
        end = await call.end()
        assert (end.reason, end.error_code) == (EndReason.CLOSED, None)


@pytest.mark.parametrize("reason", list(EndReason))
async def test_closing_from_here_says_why(reason: EndReason) -> None:
    async with calling() as call:
        call.line.send({"type": "ended"})
        call.line.close(reason, "over")
        call.line.close(EndReason.LOST, "too late to matter")
        end = await call.end()
        assert (end.reason, end.detail) == (reason, "over")
        assert call.page.closed is not None
        assert call.page.closed[0] == (4409 if reason is EndReason.REPLACED else 1000)
        if reason is not EndReason.LOST:
            assert call.page.messages == [{"type": "ended"}], "the last words still go out"


async def test_a_fault_of_our_own_is_not_taken_for_the_network() -> None:
    page, desk = Page(), Desk()
    line = WebSocketLine(page, rate=16_000)

    def broken(message: PageMessage) -> None:
        raise LookupError("a bug")

    page.to_server.put_nowait('{"type":"leave"}')
    with pytest.raises(LookupError):
        await asyncio.wait_for(line.run(desk, broken), 5)
    assert desk.line is None
    assert page.closed is not None


async def test_silence_is_not_sent_and_a_cut_says_flush() -> None:
    async with calling() as call:
        await asyncio.sleep(0.1)
        assert call.page.sound == []
        tone = np.full(48_000, 5000, np.int16)
        await call.desk.output.capture_frame(rtc.AudioFrame(tone.tobytes(), 48_000, 1, 48_000))
        await asyncio.sleep(0.1)
        assert call.page.sound
        assert {len(frame) for frame in call.page.sound} == {960}, "20 ms at 24 kHz"
        call.desk.output.clear_buffer()
        await asyncio.sleep(0.3)
        assert call.page.messages == [{"type": "flush"}]
        sent = len(call.page.sound)
        await asyncio.sleep(0.1)
        assert len(call.page.sound) == sent


@given(st.lists(st.binary(max_size=2000) | st.text(max_size=200), max_size=30))
@settings(deadline=None, max_examples=50)
def test_garbage_never_breaks_a_line(frames: list[bytes | str]) -> None:
    async def play() -> None:
        async with calling() as call:
            for frame in frames:
                call.page.to_server.put_nowait(frame)
            call.page.to_server.put_nowait(None)
            end = await call.end()
            assert end.reason is EndReason.CLOSED
            assert end.error_code in (None, "bad_frame", "oversize")

    asyncio.run(play())
