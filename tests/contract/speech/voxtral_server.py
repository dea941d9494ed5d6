"""vLLM-Omni with Voxtral, small: its `serving_speech.py`, `serving_speech_stream.py` and `protocol/audio.py`."""

from __future__ import annotations

import contextlib
import struct
import time
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, Field, ValidationError
from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from .upstream_servers import Server, broken_by, tone, wav_header

VOXTRAL_RATE = 24_000
VOXTRAL_VOICES = ("casual_male", "de_female", "de_male", "neutral_female")


class _SpeechRequest(BaseModel):
    input: str
    model: str | None = None
    voice: str | None = None
    response_format: Literal["wav", "pcm", "flac", "mp3", "opus"] = "wav"
    speed: float | None = Field(default=1.0, ge=0.25, le=4.0)
    stream_format: Literal["sse", "audio"] | None = None
    stream: bool = False
    language: str | None = None


@dataclass
class VoxtralServer(Server):
    """vLLM-Omni with Voxtral.

    Attributes:
        version: 16: `stream` is bytes, pcm only, errors with status 200. 29: `stream` is events unless told otherwise.
        socket: whether it has the WebSocket.
        imitates: whether the checkpoint can use clips; Voxtral's public one cannot.
        says_rate: whether audio.start has the rate.
    """

    version: Literal[16, 29] = 29
    socket: bool = True
    imitates: bool = True
    says_rate: bool = True
    model: str = "mistralai/Voxtral-4B-TTS-2603"
    over_socket: int = 0

    def app(self) -> Starlette:
        routes: list[Any] = [
            Route("/v1/audio/speech", self.speech, methods=["POST"]),
            Route("/v1/audio/voices", self.list, methods=["GET"]),
            Route("/v1/audio/voices", self.upload, methods=["POST"]),
            Route("/v1/audio/voices/{name}", self.remove, methods=["DELETE"]),
            Route("/health", self.health),
        ]
        if self.socket:
            routes.append(WebSocketRoute("/v1/audio/speech/stream", self.stream))
        return Starlette(routes=routes)

    def refused(self, message: str, status: int = 400, kind: str = "BadRequestError") -> Response:
        body = {"error": {"message": message, "type": kind, "param": None, "code": status}}
        return JSONResponse(body, 200 if self.version == 16 else status)

    def invalid(self, request: _SpeechRequest) -> str | None:
        if not request.input.strip():
            return "Input text cannot be empty"
        voice = (request.voice or "").lower()
        if voice not in (*VOXTRAL_VOICES, *self.clips):
            return (
                f"Invalid speaker '{voice}'. Supported: {', '.join(sorted((*VOXTRAL_VOICES, *self.clips)))}"
            )
        if voice in self.clips and not self.imitates:
            return f"Unknown voice '{voice}', expected one of {list(VOXTRAL_VOICES)}"
        return None

    async def speech(self, http: Request) -> Response:
        body = await http.json()
        fault = self.saw(http, body)
        if not self.allowed(http):
            # vLLM's AuthenticationMiddleware.
            return JSONResponse({"error": "Unauthorized"}, 401)
        if (broken := broken_by(fault)) is not None:
            return broken
        try:
            request = _SpeechRequest.model_validate(body)
        except ValidationError as error:
            return JSONResponse({"detail": error.errors(include_url=False, include_context=False)}, 422)
        if request.model not in (None, self.model):
            return self.refused(f"The model `{request.model}` does not exist.", 404, "NotFoundError")
        if (message := self.invalid(request)) is not None:
            return self.refused(message)
        raw = request.stream if self.version == 16 else request.stream_format == "audio"
        if self.version == 29 and request.stream and not raw:
            return StreamingResponse(iter(()), media_type="text/event-stream")
        if raw:
            if request.speed != 1.0:
                return self.refused("Streaming is not supported with speed adjustment.")
            if self.version == 16 and request.response_format != "pcm":
                return self.refused("Streaming is only supported for 'pcm'")
            return self.answer(fault, VOXTRAL_RATE, wav=request.response_format == "wav")
        pcm = tone(VOXTRAL_RATE)
        assert request.response_format == "wav"
        return Response(wav_header(VOXTRAL_RATE, length=len(pcm)) + pcm, media_type="audio/wav")

    async def list(self, request: Request) -> Response:
        uploaded = [{"name": clip["name"], "consent": clip["consent"]} for clip in self.clips.values()]
        voices = sorted((*VOXTRAL_VOICES, *self.clips))
        return JSONResponse({"voices": voices, "uploaded_voices": uploaded})

    async def upload(self, request: Request) -> Response:
        self.uploads += 1
        form = await request.form()
        file = form.get("audio_sample")
        if not isinstance(file, UploadFile) or not form.get("consent") or not form.get("name"):
            return JSONResponse({"detail": "field required"}, 422)
        data = await file.read()
        seconds = (len(data) - 44) / 2 / struct.unpack_from("<I", data, 24)[0]
        if seconds > 30:
            return self.refused(f"Reference audio too long ({seconds:.1f}s). Maximum 30s supported.")
        fields = {name: value for name, value in form.items() if isinstance(value, str)}
        self.clips[fields["name"].lower()] = {**fields, "data": data}
        return JSONResponse({"success": True, "voice": fields})

    async def remove(self, request: Request) -> Response:
        name = request.path_params["name"].lower()
        if self.clips.pop(name, None) is None:
            return JSONResponse({"success": False, "error": f"Voice '{name}' not found"}, 404)
        return JSONResponse({"success": True, "message": f"Voice '{name}' deleted successfully"})

    async def health(self, request: Request) -> Response:
        self.probes += 1
        return Response(status_code=200 if self.healthy else 503)

    async def stream(self, socket: WebSocket) -> None:
        self.over_socket += 1
        await socket.accept()
        try:
            await self._utterance(socket)
        except WebSocketDisconnect:
            self.left_at.append(time.monotonic())

    async def _utterance(self, socket: WebSocket) -> None:
        config = await socket.receive_json()
        assert config.pop("type") == "session.config"
        if config.get("stream_audio") and config.get("response_format") != "pcm":
            await socket.send_json({"type": "error", "message": "Invalid session config: pcm is required"})
            return
        parts: list[str] = []
        while (message := await socket.receive_json())["type"] == "input.text":
            parts.append(message["text"])
        assert message["type"] == "input.done"
        request = _SpeechRequest(input="".join(parts), voice=config.get("voice"), model=config.get("model"))
        self.spoken.append({**config, "input": request.input})
        fault = self.next()
        where = {"utterance_index": 0, "sentence_index": 0}
        failed, total = False, 0
        start: dict[str, Any] = {"type": "audio.start", **where, "format": "pcm"}
        if self.says_rate:
            start |= {"sample_rate": fault.rate or VOXTRAL_RATE, "channels": 1}
        message_ = self.invalid(request)
        if message_ is not None:
            failed = True
            await socket.send_json(start)
            text = f"Generation failed for utterance 0, sentence 0: {message_}"
            await socket.send_json({"type": "error", "message": text})
        else:
            try:
                async for piece in self.sound(fault, VOXTRAL_RATE, wav=False):
                    if not total:
                        await socket.send_json(start)
                    total += len(piece)
                    await _send(socket, piece)
            except ConnectionResetError as error:
                failed = True
                text = f"Generation failed for utterance 0, sentence 0: {error}"
                await socket.send_json(
                    {"type": "error", "message": text, "partial_audio": True, "action": "discard"}
                )
        await socket.send_json({"type": "audio.done", **where, "total_bytes": total, "error": failed})
        await socket.send_json({"type": "session.done", "utterance_index": 0, "total_sentences": 1})
        with contextlib.suppress(WebSocketDisconnect):
            await socket.receive_text()


async def _send(socket: WebSocket, data: bytes) -> None:
    try:
        await socket.send_bytes(data)
    except RuntimeError as error:
        raise WebSocketDisconnect from error
