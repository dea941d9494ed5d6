"""OpenAI's audio API, small: openai-python 3.54, `types/audio/*.py`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from vivavoce.speech.sound import decode

from .upstream_servers import Server, broken_by, openai_error

OPENAI_RATE = 24_000
OPENAI_VOICES = ("alloy", "nova", "verse")


@dataclass
class OpenAIServer(Server):
    """OpenAI's audio API.

    Attributes:
        verbose: whether the model knows verbose_json (whisper-1 does, the later ones do not).
        heard: what is answered to a transcription.
        voices: a list at GET /v1/audio/voices, where a server has one.
    """

    verbose: bool = True
    heard: dict[str, Any] = field(default_factory=dict[str, Any])
    transcriptions: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    voices: Any = None

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/v1/audio/speech", self.speech, methods=["POST"]),
                Route("/v1/audio/transcriptions", self.transcribe, methods=["POST"]),
                Route("/v1/audio/voices", self.list),
                Route("/v1/models", self.models),
            ]
        )

    async def speech(self, request: Request) -> Response:
        body = cast("dict[str, Any]", await request.json())
        fault = self.saw(request, body)
        if not self.allowed(request):
            # The real one repeats a part of the key.
            shown = request.headers.get("authorization", "")[7:]
            return openai_error(401, f"Incorrect API key provided: {shown}.", code="invalid_api_key")
        if (broken := broken_by(fault)) is not None:
            return broken
        known = {"model", "input", "voice", "response_format", "speed", "instructions", "stream_format"}
        if body.keys() - known:
            return openai_error(400, f"Unrecognized request argument supplied: {min(body.keys() - known)}")
        voice = body["voice"]
        name = voice["id"] if isinstance(voice, dict) else voice
        if isinstance(voice, str) and voice not in OPENAI_VOICES:
            return openai_error(400, f"Voice '{name}' is not supported.", param="voice")
        wav = body.get("response_format", "mp3") == "wav"
        return self.answer(fault, OPENAI_RATE, wav=wav)

    async def transcribe(self, request: Request) -> Response:
        form = await request.form()
        file = form["file"]
        assert isinstance(file, UploadFile)
        self.transcriptions.append(
            {
                **{name: value for name, value in form.items() if isinstance(value, str)},
                "granularities": form.getlist("timestamp_granularities[]"),
                "pcm": decode(await file.read()),
                "filename": file.filename,
            }
        )
        if (broken := broken_by(self.next())) is not None:
            return broken
        if form["response_format"] == "verbose_json" and not self.verbose:
            return openai_error(
                400,
                "response_format 'verbose_json' is not compatible with model 'gpt-4o-transcribe'.",
                code="unsupported_value",
                param="response_format",
            )
        return JSONResponse(self.heard)

    async def list(self, request: Request) -> Response:
        return openai_error(404, "Not found") if self.voices is None else JSONResponse(self.voices)

    async def models(self, request: Request) -> Response:
        self.probes += 1
        if not self.healthy:
            return openai_error(503, "Starting up")
        return (
            JSONResponse({"object": "list", "data": []})
            if self.allowed(request)
            else openai_error(401, "No.")
        )
