"""A participant made of code, at a host's WebSocket line: real speech goes in, and what comes out is noted."""

from __future__ import annotations

import asyncio
import json
import wave
from pathlib import Path
from typing import Any

import numpy as np

from vivavoce.session.events import MoveDecided
from vivavoce.session.state import SessionState

SPEECH = Path(__file__).parents[1] / "data" / "speech"


def speech(name: str) -> np.ndarray:
    """A fixture's samples, int16 at 16 kHz."""
    with wave.open(str(SPEECH / f"{name}.wav")) as file:
        return np.frombuffer(file.readframes(file.getnframes()), dtype=np.int16)


class Socket:
    """A page at the other end of the WebSocket: sends 20 ms of sound at its pace, and notes what comes.

    Attributes:
        messages: everything that is not sound.
        sounded: when sound came that can be heard, in seconds of the event loop's clock.
        spoke_at: when the last sound went that can be heard.
    """

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.sounded: list[float] = []
        self.spoke_at = 0.0
        self._microphone: list[bytes] = []
        self._gone = False
        self._due: float | None = None

    async def receive(self) -> bytes | str | None:
        loop = asyncio.get_running_loop()
        self._due = (self._due or loop.time()) + 0.02
        await asyncio.sleep(max(0.0, self._due - loop.time()))
        if self._gone:
            return None
        frame = self._microphone.pop(0) if self._microphone else bytes(640)
        if _audible(frame):
            self.spoke_at = loop.time()
        return frame

    async def send_bytes(self, data: bytes, /) -> None:
        if _audible(data):
            self.sounded.append(asyncio.get_running_loop().time())

    async def send_text(self, text: str, /) -> None:
        self.messages.append(json.loads(text))

    async def close(self, code: int, reason: str, /) -> None:
        self._gone = True

    def say(self, samples: np.ndarray) -> None:
        self._microphone = [samples[i : i + 320].tobytes() for i in range(0, len(samples) - 320, 320)]

    def captions(self) -> list[str]:
        return [
            m["text"]
            for m in self.messages
            if m["type"] == "caption" and m["speaker"] == "moderator" and m["final"]
        ]


def _audible(pcm: bytes) -> bool:
    return bool(np.abs(np.frombuffer(pcm, dtype=np.int16).astype(np.int32)).max(initial=0) > 500)


class Participant:
    """Joins by WebSocket and answers when something has been asked."""

    def __init__(self, stage: Any) -> None:
        self.stage = stage
        self.socket = Socket()
        self.line: asyncio.Task[None] | None = None

    async def join(self) -> None:
        self.line = asyncio.create_task(
            self.stage.host.websocket("s1", self.socket, rate=16_000, take_over=False, user_agent="test")
        )

    async def answer(self, text: str) -> SessionState:
        """Wait until a move has been heard, say something, and wait for the next move."""
        state = await self.stage.until(heard, within_s=30)
        moves = state.progress.moves
        self.stage.recogniser.texts = [text]
        self.socket.say(speech("kokoro_s04"))
        return await self.stage.until(
            lambda state: state.progress.moves > moves and heard(state), within_s=25
        )


def asked(state: SessionState) -> MoveDecided:
    assert state.progress.last_move is not None
    return state.progress.last_move


def heard(state: SessionState) -> bool:
    last = state.progress.last_move
    return (
        last is not None
        and not state.open_speeches
        and (any(turn.move_id == last.move_id for turn in state.turns) or state.status.terminal)
    )
