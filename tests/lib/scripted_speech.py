"""A speech server whose ears and voice are decided by a script, behind real HTTP.

It answers our client as `docs/reference/speech-server.md` says, and other clients of OpenAI's audio API as
https://platform.openai.com/docs/api-reference/audio does: a file in a form comes back as text, a text as raw sound.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import small_http

Fault = Literal["", "refused", "slow", "stalled", "broken", "silent"]

RATE = 24_000
A_WORD_S = 0.35


@dataclass
class ScriptedSpeech:
    """A running server.

    Attributes:
        url: its address.
        text: what it hears.
        hearing: what goes wrong in hearing: instead of an answer (`refused`, `slow`) or in its middle (`broken`).
        speaking: what goes wrong in speaking: the same, or that it stops in the middle (`stalled`), or `silent` sound.
        heard: the bodies' lengths of what it was asked to write down.
        said: what it was asked to say.
        left: how many answers the client closed before their end.
    """

    url: str = ""
    text: str = ""
    hearing: Fault = ""
    speaking: Fault = ""
    heard: list[int] = field(default_factory=list[int])
    said: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    left: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection's one request."""
        head, body = await small_http.request(reader)
        path = head.split(" ")[1].partition("?")[0]
        hears = path.endswith("/audio/transcriptions")
        if "x-vivavoce-priority: partial" in head.lower():
            await _answer(writer, "409 Late", {"error": {"message": "late", "code": "late", "param": None}})
            return
        if hears:
            self.heard.append(len(body))
        else:
            assert path.endswith("/audio/speech"), head
            self.said.append(json.loads(body))
        fault = self.hearing if hears else self.speaking
        if fault == "refused":
            await _answer(writer, "503 Busy", {})
        elif fault == "slow":
            await self._gone(reader)
        elif hears and fault == "broken":
            writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"text": "I w')
            await writer.drain()
        elif hears:
            answer = {"text": self.text, "language": "en", "confidence": 0.9, "duration": 1.0, "segments": []}
            await _answer(writer, "200 OK", answer)
        else:
            await self._speak(reader, writer)

    async def _speak(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(
            f"HTTP/1.1 200 OK\r\nContent-Type: audio/pcm\r\nX-Sample-Rate: {RATE}\r\n"
            "Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
        )
        words = len(self.said[-1]["input"].split())
        at = np.arange(int(max(0.4, words * A_WORD_S) * RATE)) / RATE
        sound = (6000 * np.sin(2 * np.pi * 440 * at)).astype("<i2").tobytes()
        sound = {"silent": b"", "stalled": sound[:9600], "broken": sound[:9600]}.get(self.speaking, sound)
        for start in range(0, len(sound), 4800):
            piece = sound[start : start + 4800]
            writer.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
            await writer.drain()
        if self.speaking == "stalled":
            await self._gone(reader)
        elif self.speaking != "broken":
            writer.write(b"0\r\n\r\n")
            await writer.drain()

    async def _gone(self, reader: asyncio.StreamReader) -> None:
        """Say nothing until the client has gone, or for a minute."""
        async with asyncio.timeout(60):
            await reader.read(1)
        self.left += 1


async def _answer(writer: asyncio.StreamWriter, status: str, body: dict[str, Any]) -> None:
    text = json.dumps(body).encode()
    writer.write(
        f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nConnection: close\r\n"
        f"Content-Length: {len(text)}\r\n\r\n".encode()
        + text
    )
    await writer.drain()


@asynccontextmanager
async def scripted_speech() -> AsyncGenerator[ScriptedSpeech]:
    """A server on a free port of this machine, while the context lasts."""
    speech = ScriptedSpeech()
    async with small_http.listening(speech.serve) as speech.url:
        yield speech
