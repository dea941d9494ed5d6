"""A small house for the conformance suite: the REST endpoints of the architecture page, straight onto desks and lines.

To add a transport, add one `Wire` to `WIRES` (and what it needs to `House`); every test then runs over it.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
import uvicorn
from fastapi import FastAPI, Request, WebSocket
from fastapi.responses import JSONResponse
from livekit import rtc
from numpy.typing import NDArray
from sfu import SfuProcess
from starlette.websockets import WebSocketDisconnect, WebSocketState

from vivavoce.session.clock import SystemClock
from vivavoce.session.errors import BadFrame
from vivavoce.transport.client import Participant, WebRtcParticipant, WebSocketParticipant
from vivavoce.transport.desk import Desk
from vivavoce.transport.line import LOST_AFTER_S, Line, LineEnd
from vivavoce.transport.livekit import LiveKitLine, Seat, leave
from vivavoce.transport.messages import PageMessage
from vivavoce.transport.resample import Resampler
from vivavoce.transport.sfu.api import Sfu
from vivavoce.transport.sfu.tokens import agent_token, join_token
from vivavoce.transport.webrtc import WebRtcLine
from vivavoce.transport.websocket import WebSocketLine

RATE = 48_000
Sound = NDArray[np.int16]


@dataclass(frozen=True)
class Wire:
    """A transport under test."""

    name: str
    participant: type[Participant]
    sfu: SfuProcess | None = None
    slack_s: float = 0
    """By how much sound may be longer than it was: libwebrtc's jitter buffer stretches it where packets are late."""
    likeness: float = 0.9
    lets_go_at_once: bool = True
    """Of its sockets; libwebrtc does so when it likes, and on LiveKit a session's process ends with it."""
    lines: int = 10
    """In one process; on LiveKit a session has its own, and each line is two participants of libwebrtc here."""


WIRES = [Wire("webrtc", WebRtcParticipant), Wire("websocket", WebSocketParticipant)]
"""Those that need nothing beside the house; `test_conformance_livekit.py` has the other one."""


@pytest.fixture(params=WIRES, ids=lambda wire: wire.name)
def wire(request: pytest.FixtureRequest) -> Wire:
    return request.param


class Socket:
    """A Starlette WebSocket as an `AudioSocket`."""

    def __init__(self, websocket: WebSocket) -> None:
        self._websocket = websocket

    async def receive(self) -> bytes | str | None:
        message = await self._websocket.receive()
        if message["type"] == "websocket.disconnect":
            if message.get("code") in (1005, 1006):  # uvicorn gives 1005 for a TCP connection that broke
                raise ConnectionError("the page has gone without a word")
            return None
        return message.get("bytes") or message.get("text") or b""

    async def send_bytes(self, data: bytes) -> None:
        await self._send({"type": "websocket.send", "bytes": data})

    async def send_text(self, text: str) -> None:
        await self._send({"type": "websocket.send", "text": text})

    async def _send(self, message: dict[str, Any]) -> None:
        try:
            await self._websocket.send(message)
        except WebSocketDisconnect as error:
            raise ConnectionError("the page has gone") from error

    async def close(self, code: int, reason: str) -> None:
        if self._websocket.client_state is WebSocketState.CONNECTED:
            await self._websocket.close(code, reason)


@dataclass
class Room:
    """A session of the house: a desk, and what happened at it."""

    desk: Desk
    messages: list[PageMessage] = field(default_factory=list[PageMessage])
    ends: list[LineEnd] = field(default_factory=list[LineEnd])
    lines: list[Line] = field(default_factory=list[Line])
    faults: list[Exception] = field(default_factory=list[Exception])
    heard: bytearray = field(default_factory=bytearray)

    def on_message(self, message: PageMessage) -> None:
        self.messages.append(message)

    async def say(self, pcm: Sound, *, flush: bool = True) -> None:
        """The agent says `pcm` (48 kHz), as fast as the desk takes it."""
        step = RATE // 10
        for begin in range(0, len(pcm), step):
            part = pcm[begin : begin + step]
            await self.desk.output.capture_frame(rtc.AudioFrame(part.tobytes(), RATE, 1, len(part)))
        if flush:
            self.desk.output.flush()

    async def listen(self) -> None:
        """The agent's ear: keeps all that comes in, 16 kHz."""
        async for frame in self.desk.input:
            self.heard += bytes(frame.data.cast("B"))

    @property
    def input(self) -> Sound:
        return np.frombuffer(bytes(self.heard), dtype=np.int16)


class House:
    """Rooms behind the REST API, in this process."""

    def __init__(self, wire: Wire) -> None:
        self.rooms: dict[str, Room] = {}
        # The participants here have no sound card, and only libwebrtc's have a jitter buffer.
        self.client_delay_s = 0.03 if wire.sfu is None else 0.1
        self.sfu = None if wire.sfu is None else Sfu(wire.sfu.settings, SystemClock())
        self._seats: dict[str, rtc.Room] = {}
        self.api_url = ""
        self.lost_after_s = LOST_AFTER_S
        self._tasks: set[asyncio.Task[Any]] = set()
        self.app = FastAPI()
        self.app.post("/api/v1/sessions/{session_id}/webrtc")(self._webrtc)
        self.app.post("/api/v1/sessions/{session_id}/livekit")(self._livekit)
        self.app.websocket("/api/v1/sessions/{session_id}/audio")(self._audio)

    def room(self, session_id: str = "s1", *, recorder: Any = None) -> Room:
        room = Room(Desk(recorder))
        room.desk.gate_open = True
        self.rooms[session_id] = room

        def greet(line: Line) -> None:
            room.lines.append(line)
            line.send({"type": "hello", "v": 1, "session_id": session_id})

        room.desk.on_attached = greet
        self._spawn(room.listen())
        return room

    def _spawn(self, work: Any) -> asyncio.Task[Any]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _run(self, room: Room, line: Line) -> None:
        try:
            room.ends.append(await line.run(room.desk, room.on_message))
        except LookupError as error:  # what the tests raise on purpose
            room.faults.append(error)

    async def _webrtc(self, session_id: str, request: Request) -> Any:
        body = await request.json()
        room = self.rooms[session_id]
        if room.desk.line is not None and not body["take_over"]:
            return _refusal(409, "already_connected")
        try:
            line, answer = await WebRtcLine.answer(
                body["sdp"], client_delay_s=self.client_delay_s, lost_after_s=self.lost_after_s
            )
        except BadFrame as error:
            return _refusal(400, error.code, str(error))
        self._spawn(self._run(room, line))
        return {"sdp": answer, "type": "answer", "connection_id": line.connection_id}

    async def _livekit(self, session_id: str, request: Request) -> Any:
        assert self.sfu is not None
        body = await request.json()
        room, name = self.rooms[session_id], f"{id(self)}-{session_id}"
        if room.desk.line is not None and not body["take_over"]:
            return _refusal(409, "already_connected")
        now = datetime.now(UTC)
        if session_id not in self._seats:
            await self._sit(session_id, name, room, self.sfu)
        token = join_token(self.sfu.key, room=name, agent_name="nobody", metadata="", now=now)
        return {"url": self.sfu.url, "token": token}

    async def _sit(self, session_id: str, name: str, room: Room, sfu: Sfu) -> None:
        """The agent takes its seat, as a worker's job does."""

        def on_line(line: LiveKitLine) -> None:
            self._spawn(self._run(room, line))

        place = self._seats[session_id] = rtc.Room()
        seat = Seat(
            place,
            lambda: sfu.hang_up(name),
            on_line,
            client_delay_s=self.client_delay_s,
            lost_after_s=self.lost_after_s,
        )
        await place.connect(sfu.url, agent_token(sfu.key, room=name, identity="agent", now=datetime.now(UTC)))
        await seat.take()

    async def _audio(self, websocket: WebSocket, session_id: str, rate: int, take_over: int = 0) -> None:
        await websocket.accept(subprotocol="vivavoce.v1")
        room = self.rooms[session_id]
        if room.desk.line is not None and not take_over:
            await websocket.close(4409, "already connected")
            return
        try:
            line = WebSocketLine(
                Socket(websocket),
                rate=rate,
                client_delay_s=self.client_delay_s,
                lost_after_s=self.lost_after_s,
            )
        except BadFrame as error:
            await websocket.close(4400, error.what[:100])
            return
        await self._run(room, line)

    async def close(self) -> None:
        for room in self.rooms.values():
            room.desk.close()
        for place in self._seats.values():
            await leave(place)
        if self.sfu is not None:
            await self.sfu.aclose()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(result, Exception):
                raise result


def _refusal(status: int, code: str, message: str = "no") -> JSONResponse:
    return JSONResponse({"error": {"code": code, "message": message, "next_step": ""}}, status)


@contextlib.asynccontextmanager
async def open_house(wire: Wire) -> AsyncGenerator[House]:
    house = House(wire)
    listener = socket.create_server(("127.0.0.1", 0))
    house.api_url = f"http://127.0.0.1:{listener.getsockname()[1]}/api/v1"
    server = uvicorn.Server(uvicorn.Config(house.app, log_level="warning", ws_max_size=2**20, lifespan="off"))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield house
        await house.close()
    finally:
        server.should_exit = True
        server.force_exit = True
        await serving
        listener.close()


@pytest.fixture
async def house(wire: Wire) -> AsyncIterator[House]:
    async with open_house(wire) as house:
        yield house


class Tape:
    """A microphone that plays what is put on it, in real time, and silence in between."""

    def __init__(self) -> None:
        self._sound = b""
        self.read_samples = 0

    def play(self, pcm: Sound) -> None:
        self._sound += pcm.tobytes()

    @property
    def rest_s(self) -> float:
        return len(self._sound) / 2 / RATE

    def read(self, samples: int) -> bytes:
        self.read_samples += samples
        out, self._sound = self._sound[: samples * 2], self._sound[samples * 2 :]
        return out


class Ear:
    """What arrived at the participant, at 48 kHz."""

    def __init__(self) -> None:
        self.pieces: list[tuple[float, Sound]] = []
        self._resampler: Resampler | None = None

    def __call__(self, pcm: bytes, rate: int, at: float) -> None:
        if self._resampler is None or self._resampler.rate_in != rate:
            self._resampler = Resampler(rate, RATE)
        self.pieces.append((at, np.frombuffer(self._resampler.push(pcm), dtype=np.int16)))

    @property
    def sound(self) -> Sound:
        return np.concatenate([p for _, p in self.pieces] or [np.zeros(0, np.int16)])

    def loud_s(self, threshold: int = 1000) -> float:
        """Seconds of sound above `threshold`, in 10 ms steps."""
        return len(loud(self.sound, threshold)) * 0.01

    def last_loud(self, threshold: int = 1000) -> float | None:
        times = [at for at, p in self.pieces if len(p) and int(np.abs(p.astype(np.int32)).max()) > threshold]
        return times[-1] if times else None

    def first_loud(self, threshold: int = 1000) -> float | None:
        times = [at for at, p in self.pieces if len(p) and int(np.abs(p.astype(np.int32)).max()) > threshold]
        return times[0] if times else None


def loud(sound: Sound, threshold: int, *, rate: int = RATE) -> NDArray[np.intp]:
    """Indices of the 10 ms steps of `sound` that exceed `threshold`."""
    step = rate // 100
    whole = sound[: len(sound) // step * step].astype(np.int32).reshape(-1, step)
    return np.flatnonzero(np.abs(whole).max(axis=1) > threshold)


def tone(seconds: float, hz: float = 440, *, amplitude: int = 8000, rate: int = RATE) -> Sound:
    t = np.arange(int(seconds * rate)) / rate
    return (amplitude * np.sin(2 * np.pi * hz * t)).astype(np.int16)


def quiet(seconds: float, *, rate: int = RATE) -> Sound:
    return np.zeros(int(seconds * rate), np.int16)


async def until(condition: Callable[[], bool], *, within_s: float, what: str) -> float:
    """Wait until `condition` holds; returns the seconds it took."""
    begin = time.monotonic()
    while not condition():
        if time.monotonic() - begin > within_s:
            pytest.fail(f"not within {within_s} s: {what}")
        await asyncio.sleep(0.005)
    return time.monotonic() - begin
