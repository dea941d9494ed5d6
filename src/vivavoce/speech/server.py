"""The speech server's HTTP surface: OpenAI's speech and transcription calls, over engines in their own processes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Literal, cast

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.exceptions import HTTPException

from vivavoce import __version__
from vivavoce.errors import VivavoceError
from vivavoce.speech.casting import WHICHEVER, Casting, base_language
from vivavoce.speech.clips import ClipStore
from vivavoce.speech.errors import EngineNotReady, SpeechError, SpeechRejected
from vivavoce.speech.licences import licence_of
from vivavoce.speech.messages import Heard, Priority, Voice
from vivavoce.speech.metrics import EngineState, SpeechMetrics
from vivavoce.speech.replies import (
    BodyLimit,
    CallerGone,
    ModelUnknown,
    SpeechReply,
    UploadTooLarge,
    error_body,
    error_response,
    while_connected,
)
from vivavoce.speech.requests import Sound, SpeechRequest, TranscriptionRequest, read_priority, read_sound
from vivavoce.speech.saying import refuse
from vivavoce.speech.sound import (
    RECOGNISER_RATE,
    SOUND_LIMIT_S,
    SoundTooLong,
    at_recogniser_rate,
    decode,
)
from vivavoce.speech.subtitles import srt, vtt
from vivavoce.speech.supervisor import State, Supervisor
from vivavoce.speech.transcript import Transcript
from vivavoce.speech.upstream.listing import ANY_LANGUAGE
from vivavoce.speech.voice_routes import VoiceRoutes

TEXT_LIMIT = 4096
"""Characters of one text: OpenAI's limit."""

UPLOAD_LIMIT = 25 << 20
"""Bytes of one request: OpenAI's limit."""


class _Routes:
    def __init__(
        self,
        engines: Mapping[str, Supervisor],
        metrics: SpeechMetrics,
        casting: Casting,
        voices: VoiceRoutes,
    ) -> None:
        self._engines = engines
        self._metrics = metrics
        self._casting = casting
        self._voices = voices
        # Decoding a long file takes a core; the event loop and the engines need the other one.
        self._decoding = asyncio.Semaphore(2)

    def add_to(self, app: FastAPI) -> None:
        app.post("/v1/audio/speech", response_class=Response)(self.speech)
        app.post("/v1/audio/transcriptions", response_model=None)(self.transcriptions)
        app.get("/v1/audio/voices")(self.voices)
        self._voices.add_to(app)
        app.get("/v1/models")(self.models)
        app.get("/v1/models/{model:path}")(self.model)
        app.get("/healthz", response_class=PlainTextResponse)(self.healthz)
        app.get("/readyz")(self.readyz)
        app.get("/metrics", response_class=PlainTextResponse)(self.metrics)

    async def speech(self, body: SpeechRequest, request: Request) -> Response:
        """Speak a text."""
        engine = self._engine(self._speaker(body), "tts")
        if not body.input.strip():
            raise SpeechRejected(
                "There is no text to speak.", next_step="Send some.", reason="text_empty", param="input"
            )
        if len(body.input) > TEXT_LIMIT:
            raise SpeechRejected(
                f"The text has {len(body.input)} characters; {TEXT_LIMIT} is the most.",
                next_step="Cut it at sentences and send them one after the other.",
                reason="text_too_long",
                param="input",
            )
        voice = self._voice(engine, body)
        return SpeechReply(
            engine,
            self._metrics,
            text=body.input,
            voice=voice,
            language=base_language(body.language) if body.language else None,
            speed=body.speed,
            priority=read_priority(request),
            format=body.response_format,
            events=body.stream_format == "sse",
        )

    async def transcriptions(self, request: Request) -> Response:
        """Write down a sound."""
        arrived = time.perf_counter()
        sound, fields = await read_sound(request)
        engine = self._engine(fields.model or self._default("stt"), "stt")
        name = engine.spec.name
        try:
            pcm = await self._pcm(sound)
            heard = await while_connected(
                request.receive, self._hear(engine, pcm, fields, read_priority(request))
            )
        except CallerGone:
            self._metrics.ended(name, "gone")
            return Response(status_code=499)
        except SpeechError as error:
            self._metrics.ended(name, error.code)
            raise
        self._metrics.ended(name, "ok")
        self._metrics.transcribed(name, time.perf_counter() - arrived)
        return _transcription(heard.transcript, fields)

    async def _pcm(self, sound: Sound) -> bytes:
        seconds = SOUND_LIMIT_S
        try:
            if sound.rate is None:
                async with self._decoding:
                    pcm = await asyncio.to_thread(decode, sound.data)
            elif sound.rate == RECOGNISER_RATE:
                pcm = at_recogniser_rate(sound.data, sound.rate)
            else:
                async with self._decoding:
                    pcm = await asyncio.to_thread(at_recogniser_rate, sound.data, sound.rate)
        except SoundTooLong as error:
            raise UploadTooLarge(
                f"The sound is longer than {error.limit_s:.0f} s.", next_step="Cut it in pieces."
            ) from None
        if len(pcm) > seconds * RECOGNISER_RATE * 2:
            raise UploadTooLarge(f"The sound is longer than {seconds:.0f} s.", next_step="Cut it in pieces.")
        return pcm

    @staticmethod
    async def _hear(
        engine: Supervisor, pcm: bytes, fields: TranscriptionRequest, priority: Priority
    ) -> Heard:
        return await engine.hear(
            pcm,
            language=fields.language,
            prompt=fields.prompt,
            words="word" in fields.timestamp_granularities,
            priority=priority,
        )

    def _engine(self, model: str, role: Literal["stt", "tts"]) -> Supervisor:
        for engine in self._engines.values():
            if model == engine.spec.name or model in engine.spec.aliases:
                break
        else:
            names = ", ".join(name for name, one in self._engines.items() if one.spec.role == role) or "none"
            raise ModelUnknown(f"No model {model!r} runs here.", next_step=f"Choose one of: {names}.")
        if engine.spec.role != role:
            raise SpeechRejected(
                f"The model {model!r} {'speaks' if role == 'stt' else 'transcribes'}; it cannot do this.",
                next_step="GET /v1/models shows what each one does.",
                reason="model_role",
                param="model",
            )
        return engine

    def _speaker(self, body: SpeechRequest) -> str:
        """The model that a request to speak names, or the usual one of its language."""
        if body.model.lower() not in WHICHEVER:
            return body.model
        able = {
            name: engine.loaded.voices if engine.loaded else ()
            for name, engine in self._engines.items()
            if engine.spec.role == "tts"
        }
        return self._casting.engine(body.language or None, able) or self._default("tts")

    def _voice(self, engine: Supervisor, body: SpeechRequest) -> str:
        """The id of the voice that speaks; a text that it cannot say is refused."""
        if body.voice and self._voices.is_clip(engine, body.voice):
            refuse(body.input, None)
            return body.voice
        voice = self._casting.voice(
            engine.spec.name,
            voices_of(engine),
            body.voice,
            body.language or None,
            fallback=body.fallback,
        )
        refuse(body.input, None if voice.language == ANY_LANGUAGE else voice.language)
        return voice.id

    def _default(self, role: Literal["stt", "tts"]) -> str:
        return next((name for name, engine in self._engines.items() if engine.spec.role == role), "")

    async def voices(self, model: str | None = None) -> dict[str, Any]:
        """The voices of the engines that speak, or of one of them."""
        return await self._voices.listed([self._engine(model, "tts")] if model else self._engines.values())

    async def models(self) -> dict[str, Any]:
        """The engines that run here."""
        return {"object": "list", "data": [_model(engine) for engine in self._engines.values()]}

    async def model(self, model: str) -> dict[str, Any]:
        """One engine, by its name or another name for it."""
        for role in ("stt", "tts"):
            for engine in self._engines.values():
                if engine.spec.role == role and (model == engine.spec.name or model in engine.spec.aliases):
                    return _model(engine)
        raise ModelUnknown(f"No model {model!r} runs here.", next_step="GET /v1/models lists them.")

    async def healthz(self) -> str:
        """The server answers."""
        return "ok"

    async def readyz(self) -> JSONResponse:
        """Whether every engine is warm; which one is not, and why."""
        checks = {
            name: {"ok": engine.state is State.READY, "detail": engine.detail}
            for name, engine in self._engines.items()
        }
        ready = all(check["ok"] for check in checks.values())
        return JSONResponse({"ready": ready, "checks": checks}, 200 if ready else 503)

    async def metrics(self) -> Response:
        """Prometheus text."""
        return Response(generate_latest(self._metrics.registry), media_type=CONTENT_TYPE_LATEST)


def voices_of(engine: Supervisor) -> Sequence[Voice]:
    """The voices of an engine that speaks.

    Raises:
        EngineNotReady: it has never been loaded.
    """
    if engine.loaded is None:
        raise EngineNotReady(
            f"The engine {engine.spec.name} is not ready: {engine.detail}.",
            next_step="Try again when /readyz answers 200.",
        )
    return engine.loaded.voices


def create_app(
    engines: Mapping[str, Supervisor],
    *,
    clips: ClipStore,
    casting: Casting | None = None,
    registry: CollectorRegistry | None = None,
) -> FastAPI:
    """The application. Its lifespan runs the engines' processes.

    Args:
        engines: by name.
        clips: voices to imitate.
        casting: the usual voices; default: those that are built in.
        registry: takes the metrics; default one of its own.
    """
    metrics = SpeechMetrics(registry or CollectorRegistry())
    metrics.watch(lambda: [_state(engine) for engine in engines.values()])

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(engine.run(), name=f"speech.{name}") for name, engine in engines.items()
            ]
            yield
            for task in tasks:
                task.cancel()

    app = FastAPI(
        title="Viva Voce speech server",
        version=__version__,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    app.add_middleware(BodyLimit, limit=UPLOAD_LIMIT)
    app.add_exception_handler(VivavoceError, _on_error)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
    _Routes(engines, metrics, casting or Casting(), VoiceRoutes(engines, clips)).add_to(app)
    return app


async def _on_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, VivavoceError)
    return error_response(error)


async def _on_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return _invalid(error.errors())


async def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return error_body(error.status_code, "invalid_request_error", "invalid_request", str(error.detail))


def _invalid(errors: Any) -> JSONResponse:
    first = cast("dict[str, Any]", errors[0])
    where = ".".join(str(step) for step in first["loc"] if step not in ("body", "query"))
    message = f"{where or 'The request'} does not fit: {first['msg']}."
    return error_body(400, "invalid_request_error", "invalid_request", message, param=where or None)


def _transcription(transcript: Transcript, fields: TranscriptionRequest) -> Response:
    match fields.response_format:
        case "text":
            return PlainTextResponse(transcript.text + "\n")
        case "srt":
            return PlainTextResponse(srt(transcript))
        case "vtt":
            return PlainTextResponse(vtt(transcript), media_type="text/vtt")
        case "json":
            return JSONResponse({"text": transcript.text})
        case "verbose_json":
            return JSONResponse(_verbose(transcript, words="word" in fields.timestamp_granularities))


def _verbose(transcript: Transcript, *, words: bool) -> dict[str, Any]:
    """OpenAI's verbose body, and our `confidence` (0 to 1) beside each text. `language` is a code, not a name."""
    body: dict[str, Any] = {
        "task": "transcribe",
        "language": transcript.language or "",
        "duration": transcript.duration_s,
        "text": transcript.text,
        "confidence": transcript.confidence,
        "segments": [
            {
                "id": number,
                "start": part.start_s,
                "end": part.end_s,
                "text": part.text,
                "confidence": part.confidence,
            }
            for number, part in enumerate(transcript.segments)
        ],
    }
    if words:
        body["words"] = [
            {"word": word.text, "start": word.start_s, "end": word.end_s, "confidence": word.confidence}
            for word in transcript.words
        ]
    return body


def _state(engine: Supervisor) -> EngineState:
    condition = engine.condition
    return EngineState(
        name=engine.spec.name,
        ready=engine.state is State.READY,
        in_hand=engine.in_flight,
        restarts=engine.restarts,
        breaker=None if condition is None else condition.breaker,
    )


def _model(engine: Supervisor) -> dict[str, Any]:
    loaded, condition = engine.loaded, engine.condition
    upstream = {} if condition is None else {"breaker": condition.breaker, "detail": condition.detail}
    weights = loaded.model if loaded else engine.spec.model
    licence = licence_of(weights) or licence_of(engine.spec.model)
    return {
        "id": engine.spec.name,
        "object": "model",
        # OpenAI's shape wants a date; weights in a folder have none that means anything.
        "created": 0,
        "owned_by": "vivavoce",
        "role": engine.spec.role,
        "weights": engine.spec.model,
        "licence": licence.name if licence else None,
        "non_commercial": licence.non_commercial if licence else None,
        "aliases": list(engine.spec.aliases),
        "languages": list(loaded.languages) if loaded else [],
        "sample_rate": loaded.sample_rate if loaded else None,
        "ready": engine.state is State.READY,
        "imitates": engine.spec.imitates,
        **upstream,
    }
