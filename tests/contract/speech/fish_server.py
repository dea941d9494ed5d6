"""Fish Speech's `tools/api_server.py`, small: fish_speech/utils/schema.py and tools/server of fishaudio/fish-speech."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, cast

import ormsgpack
from pydantic import BaseModel, Field, ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from .upstream_servers import Server, broken_by

FISH_RATE = 44_100


class _Reference(BaseModel):
    audio: bytes
    text: str


class _TTSRequest(BaseModel):
    text: str
    chunk_length: int = Field(default=200, ge=100, le=1000, strict=True)
    format: Literal["wav", "pcm", "mp3", "opus"] = "wav"
    references: list[_Reference] = Field(default_factory=list[_Reference])
    reference_id: str | None = None
    use_memory_cache: Literal["on", "off"] = "off"
    normalize: bool = True
    streaming: bool = False


@dataclass
class FishServer(Server):
    """`tools/api_server.py`.

    Attributes:
        header: whether the wav header arrives; upstream's own code loses it.
        manages: whether it has /v1/references (September 2025 on).
        encoded: how often a clip was encoded.
    """

    header: bool = False
    manages: bool = True
    max_text: int = 0
    encoded: int = 0
    references: dict[str, str] = field(default_factory=dict[str, str])
    cached: set[bytes] = field(default_factory=set[bytes])

    def app(self) -> Starlette:
        routes = [
            Route("/v1/tts", self.tts, methods=["POST"]),
            Route("/v1/health", self.health, methods=["GET", "POST"]),
        ]
        if self.manages:
            routes.append(Route("/v1/references/list", self.list))
        return Starlette(routes=routes)

    def refused(self, status: int, message: str, phrase: str) -> Response:
        return JSONResponse({"statusCode": status, "message": message, "error": phrase}, status)

    async def tts(self, http: Request) -> Response:
        if http.headers.get("content-type") != "application/msgpack":
            return self.refused(415, "", "Unsupported Media Type")
        body = cast("dict[str, Any]", ormsgpack.unpackb(await http.body()))
        fault = self.saw(http, body)
        if not self.allowed(http):
            return self.refused(401, "Invalid token", "Unauthorized")
        if (broken := broken_by(fault)) is not None:
            return broken
        try:
            request = _TTSRequest.model_validate(body)
        except ValidationError as error:
            return JSONResponse(error.errors(include_url=False, include_context=False), 422)
        if self.max_text and len(request.text) > self.max_text:
            return self.refused(400, f"Text is too long, max length is {self.max_text}", "Bad Request")
        if request.streaming and request.format != "wav":
            return self.refused(400, "Streaming only supports WAV format", "Bad Request")
        for reference in request.references:
            if request.use_memory_cache == "off" or reference.audio not in self.cached:
                self.encoded += 1
                self.cached.add(reference.audio)
        return self.answer(fault, FISH_RATE, wav=self.header, content_type="audio/wav")

    async def health(self, request: Request) -> Response:
        self.probes += 1
        return JSONResponse({"status": "ok"}) if self.healthy else self.refused(500, "no", "Error")

    async def list(self, request: Request) -> Response:
        content = {"success": True, "reference_ids": sorted(self.references), "message": "Found"}
        if "application/json" in request.headers.get("accept", ""):
            return JSONResponse(content)
        return Response(ormsgpack.packb(content), media_type="application/msgpack")
