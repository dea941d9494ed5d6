"""Simulated participants on the real lines, against an agent whose reaction times are known."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
import wave
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uvicorn
from fastapi import FastAPI, Request, WebSocket
from livekit import rtc

from vivavoce.ops.simulate import LINES, Manner, Plan, Report, Transport, simulate
from vivavoce.ops.simulate.repertoire import recorded
from vivavoce.ops.simulate.sound import AUDIBLE_DBFS, loudness
from vivavoce.transport.desk import Desk
from vivavoce.transport.line import Line
from vivavoce.transport.messages import Leave, PageMessage
from vivavoce.transport.webrtc import WebRtcLine
from vivavoce.transport.websocket import WebSocketLine
from vivavoce.web.audio import FramedSocket

SPEECH = Path(__file__).parents[2] / "data" / "speech"

REPLY_S, STOP_S, PATIENCE_S = 0.6, 0.35, 0.45
"""What the agent does: silence to its first sound, interruption to its silence, silence that ends a turn."""

LINE_S = 0.25
"""What lines may add to it on a busy machine: both ways, packets, jitter buffers, the 20 ms of a frame at each end."""

EAR_RATE = 16_000


def _speech() -> np.ndarray:
    """What the agent says: 2.5 s of a recording without pauses, 48 kHz."""
    with wave.open(str(SPEECH / "kokoro_s02.wav")) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), np.int16)
    audible = np.flatnonzero(loudness(samples, EAR_RATE) > AUDIBLE_DBFS)
    return np.repeat(samples[audible[0] * 160 :], 3)[:120_000]


@dataclass
class Room:
    """A session: an agent that answers every silence, and stops when it is spoken over."""

    turns: int
    desk: Desk = field(default_factory=Desk)
    status: str = "ACTIVE"
    left: bool = False
    joined: asyncio.Event = field(default_factory=asyncio.Event)

    def greet(self, line: Line) -> None:
        line.send({"type": "hello", "v": 1})
        self.joined.set()

    async def hold(self) -> None:
        self.desk.gate_open = True
        speech = _speech()
        participant = _Listener(self.desk)
        listening = asyncio.create_task(participant.run())
        try:
            await self.joined.wait()
            await asyncio.sleep(0.5 if self.turns else 3600.0)  # an agent without turns never speaks
            for number in range(self.turns):
                await self._say(speech, participant)
                if number < self.turns - 1:
                    await participant.turn()
            self.status = "COMPLETED"
            if self.desk.line is not None:
                self.desk.line.send(
                    {"type": "ended", "status": "COMPLETED", "reason": "finished", "text": ""}
                )
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)

    async def _say(self, speech: np.ndarray, participant: _Listener) -> None:
        output = self.desk.output
        for begin in range(0, len(speech), 4_800):
            part = speech[begin : begin + 4_800]
            await output.capture_frame(rtc.AudioFrame(part.tobytes(), 48_000, 1, len(part)))
        output.flush()
        played = asyncio.create_task(output.wait_for_playout())
        spoken_over = asyncio.create_task(participant.onset())
        await asyncio.wait((played, spoken_over), return_when=asyncio.FIRST_COMPLETED)
        if not played.done():
            await asyncio.sleep(max(0.0, spoken_over.result() + STOP_S - _now()))
            output.clear_buffer()
        spoken_over.cancel()
        await played

    def message(self, message: PageMessage) -> None:
        if isinstance(message, Leave):
            self.left = True


def _now() -> float:
    return asyncio.get_running_loop().time()


class _Listener:
    """When the participant speaks, by loudness."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._last = 0.0  # last audible sample
        self._first: float | None = None  # first of the turn that is on
        self._changed = asyncio.Event()

    async def run(self) -> None:
        async for frame in self._desk.input:
            samples = np.frombuffer(frame.data, np.int16)
            if len(samples) >= 160 and loudness(samples, frame.sample_rate).max() > AUDIBLE_DBFS:
                self._last = _now()
                self._first = self._first or self._last
                self._changed.set()
                self._changed = asyncio.Event()

    async def onset(self) -> float:
        self._first = None
        while self._first is None:
            await self._changed.wait()
        return self._first

    async def turn(self) -> None:
        """Wait for a turn to end, then until the reply is due."""
        if self._first is None:
            await self.onset()
        while _now() - self._last < PATIENCE_S:
            await asyncio.sleep(0.01)
        await asyncio.sleep(max(0.0, self._last + REPLY_S - _now()))
        self._first = None


class House:
    """The participant's side of the REST API, and the lines."""

    def __init__(self, turns: int) -> None:
        self.rooms: dict[str, Room] = {}
        self.base = ""
        self._turns = turns
        self._tasks: set[asyncio.Task[Any]] = set()
        self.app = FastAPI()
        self.app.get("/api/v1/invitations/{token}")(self._invitation)
        self.app.post("/api/v1/invitations/{token}/consent", status_code=201)(self._consent)
        self.app.get("/api/v1/sessions/{session_id}")(self._session)
        self.app.post("/api/v1/sessions/{session_id}/webrtc")(self._webrtc)
        self.app.websocket("/api/v1/sessions/{session_id}/audio")(self._audio)

    async def _invitation(self, token: str) -> Any:
        return {"status": "open", "language": "en", "consent": {"version": "1"}}

    async def _consent(self, token: str) -> Any:
        self.rooms[token] = Room(self._turns)
        self._spawn(self.rooms[token].hold())
        return {"session_id": token, "token": "secret"}

    async def _session(self, session_id: str) -> Any:
        return {"id": session_id, "status": self.rooms[session_id].status, "reason": None}

    async def _webrtc(self, session_id: str, request: Request) -> Any:
        line, answer = await WebRtcLine.answer((await request.json())["sdp"])
        self._spawn(self._run(session_id, line))
        return {"sdp": answer, "type": "answer", "connection_id": line.connection_id}

    async def _audio(self, websocket: WebSocket, session_id: str, rate: int) -> None:
        await websocket.accept(subprotocol="vivavoce.v1")
        await self._run(session_id, WebSocketLine(FramedSocket(websocket), rate=rate))

    async def _run(self, session_id: str, line: Line) -> None:
        room = self.rooms[session_id]
        room.desk.on_attached = room.greet
        await line.run(room.desk, room.message)

    def _spawn(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)

    async def close(self) -> None:
        for room in self.rooms.values():
            room.desk.close()
        for task in self._tasks:
            task.cancel()
        for result in await asyncio.gather(*self._tasks, return_exceptions=True):
            if isinstance(result, Exception):
                raise result


@contextlib.asynccontextmanager
async def _house(turns: int) -> AsyncGenerator[House]:
    house = House(turns)
    listener = socket.create_server(("127.0.0.1", 0))
    house.base = f"http://127.0.0.1:{listener.getsockname()[1]}"
    server = uvicorn.Server(uvicorn.Config(house.app, log_level="warning", lifespan="off"))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield house
        await house.close()
    finally:
        server.should_exit = server.force_exit = True
        await serving
        listener.close()


@pytest.fixture
def answers(tmp_path: Path) -> Path:
    shutil.copy(SPEECH / "kokoro_s04.wav", tmp_path / "answer.wav")
    shutil.copy(SPEECH / "lang_yes.wav", tmp_path / "interrupt.wav")
    return tmp_path


async def _simulate(
    house: House, transport: Transport, answers: Path, *, sessions: int, manner: Manner
) -> Report:
    plan = Plan(
        connect=LINES[transport],
        repertoire=recorded(answers),
        manner=manner,
        language=None,
        limit_s=90.0,
        seed=1,
    )
    links = [f"{house.base}/i/session{number}" for number in range(sessions)]
    return await simulate(links, plan, study="tone", transport=transport)


@pytest.mark.slow
@pytest.mark.parametrize("transport", ["webrtc", "websocket"])
async def test_what_is_measured_is_what_the_agent_does(transport: Transport, answers: Path) -> None:
    manner = Manner(barge_in=0.5, turn_gap_s=0.6, delay_s=(0.1, 0.2), barge_after_s=(0.8, 1.0))
    async with _house(turns=4) as house:
        report = await _simulate(house, transport, answers, sessions=2, manner=manner)
    print(report.as_json())  # shown where an assertion below fails
    assert report.failures == []
    assert report.reached_the_end
    response, barge_in, first = report.response_s, report.barge_in_s, report.ttfv_s
    assert response.n >= 5 and response.p50 is not None
    assert REPLY_S - 0.05 <= response.p50 <= REPLY_S + LINE_S
    assert barge_in.n >= 2 and barge_in.p50 is not None
    assert STOP_S - 0.05 <= barge_in.p50 <= STOP_S + LINE_S
    assert first.n == 2 and first.max is not None
    assert 0.5 <= first.max <= 3.0
    assert report.total("cut_ins") == report.total("unanswered") == 0
    assert report.simulator_lag_s.n > 100


async def test_a_participant_nobody_speaks_to_leaves_and_says_so(answers: Path) -> None:
    async with _house(turns=0) as house:
        manner = Manner(first_patience_s=2.0)
        report = await _simulate(house, "websocket", answers, sessions=1, manner=manner)
        [room] = house.rooms.values()
        assert room.left
    assert [failure.reason for failure in report.failures] == ["no_voice"]
    assert report.ttfv_s.n == 0
    assert not report.reached_the_end
