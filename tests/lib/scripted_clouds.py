"""Clouds that hear and speak, each in its own wire format, behind real HTTP on one port.

What they hear and how they fail is decided by a script. The formats are those of the providers' references:

- OpenAI, `audio/transcriptions` and `audio/speech`: https://platform.openai.com/docs/api-reference/audio
- Deepgram, `listen`: https://developers.deepgram.com/reference/speech-to-text/listen-pre-recorded
  and `speak`: https://developers.deepgram.com/reference/text-to-speech/speak-request
- ElevenLabs, `speech-to-text`: https://elevenlabs.io/docs/api-reference/speech-to-text/convert
  and `text-to-speech/…/stream`: https://elevenlabs.io/docs/api-reference/text-to-speech/stream
- Cartesia, `tts/bytes`: https://docs.cartesia.ai/api-reference/tts/bytes
"""

from __future__ import annotations

import asyncio
import io
import wave
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from aiohttp import BodyPartReader, web

Fault = Literal["", "refused", "slow", "stalled", "broken", "garbage"]

RATE = 24_000
A_WORD_S = 0.3


@dataclass(frozen=True)
class Heard:
    """What one was asked to write down."""

    seconds: float
    model: str
    language: str | None


@dataclass(frozen=True)
class Said:
    """What one was asked to say."""

    text: str
    voice: str
    model: str
    language: str | None


@dataclass
class ScriptedClouds:
    """A running server.

    Attributes:
        url: its address.
        text: what all of them hear.
        fault: what goes wrong: instead of an answer (`refused`, `slow`, `garbage`) or in its middle.
        heard, said: what they were asked.
        left: how many answers the client closed before their end.
    """

    url: str = ""
    text: str = ""
    fault: Fault = ""
    heard: list[Heard] = field(default_factory=list[Heard])
    said: list[Said] = field(default_factory=list[Said])
    left: int = 0

    def app(self) -> web.Application:
        """Its surface."""
        app = web.Application()
        app.add_routes(
            [
                web.post("/openai/v1/audio/transcriptions", self._openai_hears),
                web.post("/openai/v1/audio/speech", self._openai_says),
                web.post("/deepgram/v1/listen", self._deepgram_hears),
                web.post("/deepgram/v1/speak", self._deepgram_says),
                web.post("/elevenlabs/v1/speech-to-text", self._elevenlabs_hears),
                web.post("/elevenlabs/v1/text-to-speech/{voice}/stream", self._elevenlabs_says),
                web.post("/cartesia/tts/bytes", self._cartesia_says),
            ]
        )
        return app

    # -- hearing

    async def _openai_hears(self, request: web.Request) -> web.StreamResponse:
        assert request.headers["Authorization"] == "Bearer key"
        form = await _form(request)
        self.heard.append(Heard(_seconds(form["file"]), _text(form["model"]), _text(form["language"])))
        words = [{"word": word, "start": at, "end": at + 1.0} for at, word in enumerate(self.text.split())]
        answer = {
            "task": "transcribe",
            "language": "english",
            "duration": self.heard[-1].seconds,
            "text": self.text,
            "words": words,
            "segments": [],
        }
        error = {
            "error": {"message": "Rate limit reached.", "type": "requests", "code": "rate_limit_exceeded"}
        }
        return await self._text_or_fault(request, answer, 429, error)

    async def _deepgram_hears(self, request: web.Request) -> web.StreamResponse:
        assert request.headers["Authorization"] == "Token key"
        assert request.headers["Content-Type"] == "audio/wav"
        query = request.query
        self.heard.append(Heard(_seconds(await request.read()), query["model"], query.get("language")))
        words = [
            {"word": word.lower(), "punctuated_word": word, "start": at, "end": at + 1.0, "confidence": 0.9}
            for at, word in enumerate(self.text.split())
        ]
        alternative = {"transcript": self.text, "confidence": 0.93, "words": words}
        answer = {
            "metadata": {"request_id": "r", "duration": self.heard[-1].seconds, "channels": 1},
            "results": {"channels": [{"alternatives": [alternative]}]},
        }
        error = {"err_code": "TOO_MANY_REQUESTS", "err_msg": "Too many requests.", "request_id": "r"}
        return await self._text_or_fault(request, answer, 429, error)

    async def _elevenlabs_hears(self, request: web.Request) -> web.StreamResponse:
        assert request.headers["xi-api-key"] == "key"
        form = await _form(request)
        language = _text(form["language_code"]) if "language_code" in form else None
        self.heard.append(Heard(_seconds(form["file"]), _text(form["model_id"]), language))
        words = [
            {"text": word, "type": "word", "start": at, "end": at + 1.0, "speaker_id": "speaker_0"}
            for at, word in enumerate(self.text.split())
        ]
        answer = {
            "language_code": "eng",
            "language_probability": 0.98,
            "text": self.text,
            "words": words,
        }
        error = {"detail": {"status": "too_many_concurrent_requests", "message": "Too many requests."}}
        return await self._text_or_fault(request, answer, 429, error)

    async def _text_or_fault(
        self, request: web.Request, answer: dict[str, Any], status: int, error: dict[str, Any]
    ) -> web.StreamResponse:
        match self.fault:
            case "refused":
                return web.json_response(error, status=status)
            case "garbage":
                return web.Response(text="<html>Bad gateway</html>", content_type="text/html")
            case "broken" | "stalled":
                response = web.StreamResponse(headers={"Content-Type": "application/json"})
                response.content_length = 500
                await response.prepare(request)
                await response.write(b'{"text": "I w')
                if self.fault == "stalled":
                    await self._until_left(request)
                elif request.transport is not None:
                    request.transport.abort()
                return response
            case "slow":
                await self._until_left(request)
                return web.Response()
            case _:
                return web.json_response(answer)

    # -- speaking

    async def _openai_says(self, request: web.Request) -> web.StreamResponse:
        assert request.headers["Authorization"] == "Bearer key"
        order = await request.json()
        assert order["response_format"] == "pcm"
        self.said.append(Said(order["input"], order["voice"], order["model"], None))
        error = {
            "error": {"message": "Rate limit reached.", "type": "requests", "code": "rate_limit_exceeded"}
        }
        return await self._sound_or_fault(request, error)

    async def _deepgram_says(self, request: web.Request) -> web.StreamResponse:
        assert request.headers["Authorization"] == "Token key"
        query = request.query
        assert (query["encoding"], query["container"], query["sample_rate"]) == (
            "linear16",
            "none",
            str(RATE),
        )
        order = await request.json()
        assert list(order) == ["text"]
        self.said.append(Said(order["text"], query["model"], query["model"], None))
        error = {"err_code": "TOO_MANY_REQUESTS", "err_msg": "Too many requests.", "request_id": "r"}
        return await self._sound_or_fault(request, error)

    async def _elevenlabs_says(self, request: web.Request) -> web.StreamResponse:
        assert request.headers["xi-api-key"] == "key"
        assert request.query["output_format"] == f"pcm_{RATE}"
        order = await request.json()
        voice = request.match_info["voice"]
        self.said.append(Said(order["text"], voice, order["model_id"], order.get("language_code")))
        error = {"detail": {"status": "too_many_concurrent_requests", "message": "Too many requests."}}
        return await self._sound_or_fault(request, error)

    async def _cartesia_says(self, request: web.Request) -> web.StreamResponse:
        assert request.headers["X-API-Key"] == "key"
        assert request.headers["Cartesia-Version"] >= "2025-04-16"
        order = await request.json()
        assert order["output_format"] == {"container": "raw", "encoding": "pcm_s16le", "sample_rate": RATE}
        assert order["voice"]["mode"] == "id"
        self.said.append(
            Said(order["transcript"], order["voice"]["id"], order["model_id"], order["language"])
        )
        error = {"error_code": "concurrency_limited", "title": "Too many", "message": "Too many requests."}
        return await self._sound_or_fault(request, error)

    async def _sound_or_fault(self, request: web.Request, error: dict[str, Any]) -> web.StreamResponse:
        if self.fault == "refused":
            return web.json_response(error, status=429)
        if self.fault == "slow":
            await self._until_left(request)
            return web.Response()
        response = web.StreamResponse(headers={"Content-Type": "audio/pcm"})
        await response.prepare(request)
        seconds = A_WORD_S * len(self.said[-1].text.split())
        at = np.arange(int(seconds * RATE)) / RATE
        sound = (6000 * np.sin(2 * np.pi * 440 * at)).astype("<i2").tobytes()
        half = len(sound) // 4 * 2
        await response.write(sound[:half])
        if self.fault == "stalled":
            await self._until_left(request)
        elif self.fault == "broken":
            assert request.transport is not None
            request.transport.abort()
        else:
            await response.write(sound[half:])
        return response

    async def _until_left(self, request: web.Request) -> None:
        """Say nothing more until the client has gone, or for a minute."""
        async with asyncio.timeout(60):
            while request.transport is not None and not request.transport.is_closing():
                await asyncio.sleep(0.01)
        self.left += 1


async def _form(request: web.Request) -> dict[str, bytes]:
    fields: dict[str, bytes] = {}
    async for part in await request.multipart():
        assert isinstance(part, BodyPartReader) and part.name is not None
        fields[part.name] = bytes(await part.read())
    return fields


def _text(value: bytes) -> str:
    return value.decode()


def _seconds(sound: bytes) -> float:
    with wave.open(io.BytesIO(sound)) as file:
        assert (file.getnchannels(), file.getsampwidth()) == (1, 2)
        return file.getnframes() / file.getframerate()


@asynccontextmanager
async def scripted_clouds() -> AsyncGenerator[ScriptedClouds]:
    """A server on a free port of this machine, while the context lasts."""
    clouds = ScriptedClouds()
    runner = web.AppRunner(clouds.app(), shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    clouds.url = f"http://{host}:{port}"
    try:
        yield clouds
    finally:
        await runner.cleanup()
