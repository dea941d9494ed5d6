"""The fake host's end of a page's connection: WebRTC by aiortc, or a WebSocket, and the session that holds it."""

from __future__ import annotations

import asyncio
import contextlib
import fractions
import json
import math
import time
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from aiortc import MediaStreamTrack, RTCDataChannel, RTCPeerConnection
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame
from starlette.websockets import WebSocket, WebSocketDisconnect

Message = dict[str, Any]
Samples = npt.NDArray[np.int16]


@dataclass
class Session:
    """One interview: what came from the page, and the line there is."""

    id: str
    token: str
    status: str = "WAITING"
    language: str = "en"
    reason: str | None = None
    left: bool = False
    take_overs: list[bool] = field(default_factory=list[bool])
    transport: str = ""
    messages: list[Message] = field(default_factory=list[Message])
    frames: int = 0
    """Frames of sound that came, on either transport."""
    loudness: float = 0.0
    """Of the last half second, root mean square of full scale 1."""
    frame_sizes: set[int] = field(default_factory=set[int])
    """Samples in the frames that came."""
    answers_pings: bool = True
    line: Line | None = None
    speaking: bool = False
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def send(self, *messages: Message) -> None:
        assert self.line is not None, "no page is connected"
        for message in messages:
            self.line.send(message)

    def told(self, kind: str) -> list[Message]:
        return [m for m in self.messages if m["type"] == kind]

    def take(self, text: str) -> None:
        message = json.loads(text)
        self.messages.append(message)
        if message["type"] == "ping" and self.line is not None and self.answers_pings:
            self.line.send({"type": "pong", "n": message["n"]})
        if message["type"] == "leave":
            self.end("INTERRUPTED", "left")
        self.changed.set()

    def hear(self, samples: Samples) -> None:
        self.frames += 1
        self.frame_sizes.add(samples.size)
        level = (
            float(np.sqrt(np.mean(np.square(samples.astype(np.float64) / 32768)))) if samples.size else 0.0
        )
        share = samples.size / 48_000 / 0.5 if self.transport == "webrtc" else samples.size / 16_000 / 0.5
        self.loudness += (level - self.loudness) * min(1.0, share)
        self.changed.set()

    def hear_bytes(self, pcm: bytes) -> None:
        self.hear(np.frombuffer(pcm, np.int16))

    def say_at_once(self, seconds: float) -> None:
        """Send sound faster than it plays, so that the page has some waiting. WebSocket only."""
        assert isinstance(self.line, SocketLine)
        self.line.burst(seconds)

    def end(self, status: str, reason: str) -> None:
        self.status, self.reason = status, reason
        if self.line is not None:
            self.line.send({"type": "ended", "status": status, "reason": reason, "text": ""})

    async def drop(self) -> None:
        """Break the line, without a word."""
        line, self.line = self.line, None
        if line is not None:
            await line.drop()


class Line:
    """The host's end of a connection."""

    def send(self, message: Message) -> None:
        raise NotImplementedError

    async def drop(self) -> None:
        raise NotImplementedError


class PeerLine(Line):
    """A WebRTC connection; what is sent before its channel is open waits."""

    def __init__(self, peer: RTCPeerConnection) -> None:
        self._peer = peer
        self._channel: RTCDataChannel | None = None
        self._waiting: list[Message] = []

    def opened(self, channel: RTCDataChannel) -> None:
        self._channel = channel
        waiting, self._waiting = self._waiting, []
        for message in waiting:
            self.send(message)

    def send(self, message: Message) -> None:
        if self._channel is None:
            self._waiting.append(message)
        elif self._channel.readyState == "open":
            self._channel.send(json.dumps(message))

    async def drop(self) -> None:
        await self._peer.close()


class SocketLine(Line):
    """A WebSocket: messages, and 20 ms of the tone at a time."""

    def __init__(self, websocket: WebSocket) -> None:
        self._websocket = websocket
        self._waiting: asyncio.Queue[Message] = asyncio.Queue(1000)
        self._burst: bytes = b""

    def send(self, message: Message) -> None:
        self._waiting.put_nowait(message)

    def burst(self, seconds: float) -> None:
        self._burst = tone(0, int(seconds * 24_000), 24_000).tobytes()

    async def run(self, session: Session) -> None:
        began, tick = time.monotonic(), 0
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):
            while True:
                while not self._waiting.empty():
                    await self._websocket.send_text(json.dumps(self._waiting.get_nowait()))
                if self._burst:
                    await self._websocket.send_bytes(self._burst)
                    self._burst = b""
                if session.speaking:
                    await self._websocket.send_bytes(tone(tick * 480, 480, 24_000).tobytes())
                tick += 1
                await asyncio.sleep(max(0.0, began + tick * 0.02 - time.monotonic()))

    async def drop(self) -> None:
        with contextlib.suppress(RuntimeError):
            await self._websocket.close(1011)


class Tone(MediaStreamTrack):
    """What the moderator says: a tone that swells and falls like syllables, or silence."""

    kind = "audio"

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._tick = 0
        self._began = 0.0

    async def recv(self) -> AudioFrame:
        if self.readyState != "live":
            raise MediaStreamError
        if self._tick == 0:
            self._began = time.monotonic()
        await asyncio.sleep(max(0.0, self._began + self._tick * 0.02 - time.monotonic()))
        at = self._tick * 960
        samples = tone(at, 960, 48_000) if self._session.speaking else np.zeros(960, np.int16)
        frame = AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = 48_000, at, fractions.Fraction(1, 48_000)
        self._tick += 1
        return frame


def tone(start: int, count: int, rate: int) -> Samples:
    at = (start + np.arange(count)) / rate
    swell = 0.55 + 0.45 * np.sin(2 * math.pi * 3.1 * at)
    return (9000 * swell * np.sin(2 * math.pi * 220 * at)).astype(np.int16)


async def listen(session: Session, line: Line, track: MediaStreamTrack) -> None:
    while True:
        try:
            frame = await track.recv()
        except MediaStreamError:
            return
        assert isinstance(frame, AudioFrame)
        if session.line is line:
            session.hear(cast("Samples", frame.to_ndarray()).reshape(-1)[:: len(frame.layout.channels)])
