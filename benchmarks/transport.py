"""What a line costs and how late it is: the table of transport.md.

    python benchmarks/transport.py [--sessions 8] [--seconds 8]

The host runs in a process of its own, so its CPU time is its own; participants run in this one. Both read the same
monotonic clock, so a marker (20 ms of tone each half second) can be timed from one to the other.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psutil
import uvicorn
from aiortc.jitterbuffer import JitterBuffer as StockBuffer
from aiortc.rtp import RtpPacket
from fastapi import FastAPI, Request, WebSocket
from livekit import rtc
from starlette.websockets import WebSocketDisconnect

from vivavoce.transport.client import Participant, WebRtcParticipant, WebSocketParticipant
from vivavoce.transport.desk import Desk
from vivavoce.transport.jitter import JitterBuffer, RtpVoice
from vivavoce.transport.line import Line
from vivavoce.transport.recording import Recorder
from vivavoce.transport.webrtc import WebRtcLine
from vivavoce.transport.websocket import WebSocketLine

RATE = 48_000
TICK = 960
EVERY = 25
MARKER = (20_000 * np.sin(2 * np.pi * 1000 * np.arange(TICK) / RATE)).astype(np.int16)
TALK = np.random.default_rng(1).normal(0, 3000, RATE).astype(np.int16)
PARTICIPANTS: dict[str, type[Participant]] = {"webrtc": WebRtcParticipant, "websocket": WebSocketParticipant}


@dataclass
class Marks:
    """When markers were seen, monotonic seconds."""

    at: list[float] = field(default_factory=list[float])

    def look(self, pcm: bytes) -> None:
        now = time.monotonic()
        loud = int(np.abs(np.frombuffer(pcm, np.int16).astype(np.int32)).max(initial=0)) > 8000
        if loud and (not self.at or now - self.at[-1] > 0.2):
            self.at.append(now)


# -- the host, in a process of its own


class MarkedDesk(Desk):
    """A desk that notes when it hears and gives out markers."""

    def __init__(self, recorder: Recorder | None) -> None:
        super().__init__(recorder)
        self.gate_open = True
        self.heard, self.given = Marks(), Marks()
        self.watch = False

    def hear(self, pcm: bytes, rate: int) -> None:
        if self.watch:
            self.heard.look(pcm)
        super().hear(pcm, rate)

    def pull(self, samples: int) -> bytes:
        pcm = super().pull(samples)
        if self.watch:
            self.given.look(pcm)
        return pcm


class Socket:
    """A Starlette WebSocket as an `AudioSocket`."""

    def __init__(self, websocket: WebSocket) -> None:
        self._websocket = websocket

    async def receive(self) -> bytes | str | None:
        message = await self._websocket.receive()
        return None if message["type"] == "websocket.disconnect" else message.get("bytes") or message["text"]

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
        return


async def host(folder: Path) -> None:
    """Serve desks until killed."""
    app = FastAPI()
    desks: dict[str, MarkedDesk] = {}
    tasks: set[asyncio.Task[Any]] = set()
    state = {"mode": "idle"}

    def desk(session_id: str) -> MarkedDesk:
        if session_id not in desks:
            recorded = session_id.startswith("recorded")
            made = MarkedDesk(Recorder(folder / f"{session_id}.ogg") if recorded else None)
            made.on_attached = lambda line: line.send({"type": "hello"})
            desks[session_id] = made
            for work in (talk(made), drain(made)):
                keep(work)
        return desks[session_id]

    def keep(work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    async def drain(at: MarkedDesk) -> None:
        async for _ in at.input:
            pass

    async def talk(at: MarkedDesk) -> None:
        while True:
            at.watch = state["mode"] == "markers"
            if state["mode"] == "talking":
                await at.output.capture_frame(rtc.AudioFrame(TALK.tobytes(), RATE, 1, RATE))
                await asyncio.sleep(0.9)
            elif state["mode"] == "markers":
                await at.output.capture_frame(rtc.AudioFrame(MARKER.tobytes(), RATE, 1, TICK))
                at.output.flush()
                await asyncio.sleep(0.5)
            else:
                at.output.flush()
                await asyncio.sleep(0.1)

    async def run(line: Line, at: MarkedDesk) -> None:
        await line.run(at, lambda message: None)

    @app.post("/api/v1/sessions/{session_id}/webrtc")
    async def webrtc(session_id: str, request: Request) -> dict[str, str]:
        line, answer = await WebRtcLine.answer((await request.json())["sdp"])
        keep(run(line, desk(session_id)))
        return {"sdp": answer, "type": "answer"}

    @app.websocket("/api/v1/sessions/{session_id}/audio")
    async def audio(websocket: WebSocket, session_id: str, rate: int) -> None:
        await websocket.accept(subprotocol="vivavoce.v1")
        await run(WebSocketLine(Socket(websocket), rate=rate), desk(session_id))

    @app.post("/mode/{mode}")
    async def mode(mode: str) -> None:
        state["mode"] = mode

    @app.get("/stats")
    async def stats() -> dict[str, Any]:
        process = psutil.Process()
        cpu = process.cpu_times()
        first = next(iter(desks.values()), None)
        return {
            "cpu_s": cpu.user + cpu.system,
            "at": time.monotonic(),
            "memory": process.memory_full_info().uss,
            "threads": process.num_threads(),
            "heard": first.heard.at if first else [],
            "given": first.given.at if first else [],
        }

    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
    print(listener.getsockname()[1], flush=True)
    await server.serve(sockets=[listener])


# -- the participants


class Mic:
    """Silence, or noise, or markers whose reading is noted."""

    def __init__(self) -> None:
        self.mode = "idle"
        self.tick = 0
        self.marks: list[float] = []

    def read(self, samples: int) -> bytes:
        self.tick += 1
        if self.mode == "talking":
            at = self.tick * samples % (RATE - samples)
            return TALK[at : at + samples].tobytes()
        if self.mode == "markers" and self.tick % EVERY == 0:
            self.marks.append(time.monotonic())
            return MARKER.tobytes()
        return b""


def delays_ms(sent: Sequence[float], seen: Sequence[float]) -> list[float]:
    """Milliseconds from each marker sent to the first one seen within 0.45 s."""
    found = [[s - t for s in seen if 0 <= s - t < 0.45] for t in sent]
    return [min(ds) * 1000 for ds in found if ds]


def spread(values: Sequence[float]) -> str:
    """`p50 / p95` of milliseconds."""
    if len(values) < 5:
        return "–"
    ordered = sorted(values)
    return f"{statistics.median(ordered):.0f} / {ordered[int(len(ordered) * 0.95)]:.0f}"


@dataclass
class Row:
    """One line of the table."""

    name: str
    up_ms: str
    down_ms: str
    idle_cpu: float
    talking_cpu: float
    memory_mb: float
    threads: float


async def measure(transport: str, *, recorded: bool, sessions: int, seconds: float) -> Row:
    """Measure one transport with a host of its own."""
    with tempfile.TemporaryDirectory() as folder:
        child = await asyncio.create_subprocess_exec(
            sys.executable, __file__, "--host", folder, stdout=subprocess.PIPE
        )
        assert child.stdout is not None
        port = int(await child.stdout.readline())
        base = f"http://127.0.0.1:{port}"
        try:
            async with httpx.AsyncClient(base_url=base, timeout=30) as http:

                async def stats() -> dict[str, Any]:
                    return (await http.get("/stats")).json()

                before = await stats()
                mics = [Mic() for _ in range(sessions)]
                ear = Marks()
                prefix = "recorded" if recorded else "s"
                calls: list[Participant] = []
                for i, mic in enumerate(mics):
                    on_sound: Callable[[bytes, int, float], None] | None = (
                        (lambda pcm, rate, at: ear.look(pcm)) if i == 0 else None
                    )
                    call = PARTICIPANTS[transport](
                        f"{base}/api/v1", f"{prefix}{i}", "t", microphone=mic, on_sound=on_sound
                    )
                    calls.append(await call.__aenter__())

                async def cpu(mode: str) -> float:
                    await http.post(f"/mode/{mode}")
                    for mic in mics:
                        mic.mode = mode
                    await asyncio.sleep(1.5)
                    begin = await stats()
                    await asyncio.sleep(seconds)
                    end = await stats()
                    return 100 * (end["cpu_s"] - begin["cpu_s"]) / (end["at"] - begin["at"]) / sessions

                idle, talking = await cpu("idle"), await cpu("talking")
                after = await stats()
                for call in calls[1:]:
                    await call.__aexit__(None, None, None)
                await http.post("/mode/idle")
                mics[0].mode = "idle"
                await asyncio.sleep(3)
                ear.at.clear()
                await http.post("/mode/markers")
                mics[0].mode = "markers"
                await asyncio.sleep(max(10.0, seconds))
                marks = await stats()
                await calls[0].__aexit__(None, None, None)
                return Row(
                    transport + (", recorded" if recorded else ""),
                    spread(delays_ms(mics[0].marks, marks["heard"])),
                    spread(delays_ms(marks["given"], ear.at)),
                    idle,
                    talking,
                    (after["memory"] - before["memory"]) / sessions / 2**20,
                    (after["threads"] - before["threads"]) / sessions,
                )
        finally:
            child.kill()
            await child.wait()


# -- the jitter buffer, in virtual time


def jitter_delays(loss: float, *, ours: bool, packets: int = 20_000) -> list[float]:
    """Milliseconds each packet waits in the buffer, when one comes every 20 ms and some never do."""
    chance = random.Random(1)
    mine, stock = JitterBuffer(), StockBuffer(16, 4)
    waited: list[float] = []
    for tick in range(packets):
        if tick and chance.random() < loss:
            continue
        sequence, timestamp = tick % 2**16, tick * 960
        if ours:
            out = [p.timestamp for p in mine.push(RtpVoice(sequence, timestamp, b""))]
        else:
            packet = RtpPacket(payload_type=96, sequence_number=sequence, timestamp=timestamp)
            packet._data = b""  # pyright: ignore[reportAttributeAccessIssue] - as aiortc's receiver does
            frame = stock.add(packet)[1]
            out = [frame.timestamp] if frame is not None else []
        waited.extend((tick * 960 - t) / 48 for t in out)
    return waited


async def main(sessions: int, seconds: float) -> None:
    """Measure everything and print the tables."""
    print(
        f"{psutil.cpu_count()} CPUs, load {psutil.getloadavg()[0]:.1f} at the start, {sessions} sessions a host\n"
    )
    print("| transport | up ms p50 / p95 | down ms p50 / p95 | CPU idle | CPU talking | memory | threads |")
    print("|---|---|---|---|---|---|---|")
    for transport, recorded in (
        ("webrtc", False),
        ("websocket", False),
        ("webrtc", True),
        ("websocket", True),
    ):
        row = await measure(transport, recorded=recorded, sessions=sessions, seconds=seconds)
        print(
            f"| {row.name} | {row.up_ms} | {row.down_ms} | {row.idle_cpu:.1f} % | {row.talking_cpu:.1f} % "
            f"| {row.memory_mb:.1f} MB | {row.threads:.1f} |",
            flush=True,
        )
    print("\n| loss | ours: mean / p95 ms | aiortc's: mean / p95 ms |\n|---|---|---|")
    for loss in (0.0, 0.02, 0.05):
        cells: list[str] = []
        for ours in (True, False):
            waited = sorted(jitter_delays(loss, ours=ours))
            cells.append(f"{statistics.mean(waited):.0f} / {waited[int(len(waited) * 0.95)]:.0f}")
        print(f"| {loss:.0%} | {cells[0]} | {cells[1]} |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--host", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--sessions", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=8)
    options = parser.parse_args()
    asyncio.run(host(options.host) if options.host else main(options.sessions, options.seconds))
