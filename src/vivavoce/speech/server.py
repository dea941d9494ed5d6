"""The speech server: OpenAI's speech and transcription calls, and WebSockets, over engines in their own processes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request, WebSocket
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from vivavoce import __version__
from vivavoce.speech.cache import SpeechCache
from vivavoce.speech.casting import Casting
from vivavoce.speech.clips import ClipStore
from vivavoce.speech.courtesy import Courtesy, add_error_handlers, upgrade_required
from vivavoce.speech.detector import Detector
from vivavoce.speech.error_bodies import UploadTooLarge
from vivavoce.speech.errors import SpeechError, SpeechRejected
from vivavoce.speech.metrics import EngineState, SpeechMetrics
from vivavoce.speech.openapi import (
    MODEL_ANSWERS,
    SPEECH_ANSWERS,
    SPEECH_PARAMETERS,
    TRANSCRIPTION_ANSWERS,
    TRANSCRIPTION_REQUEST,
    VOICES_ANSWERS,
    described,
)
from vivavoce.speech.orders import OrderDesk
from vivavoce.speech.passages import Passage, sentence_passages
from vivavoce.speech.replies import BodyLimit, CallerGone, SpeechReply, while_connected
from vivavoce.speech.requests import (
    TEXT_LIMIT,
    Sound,
    SpeechRequest,
    read_priority,
    read_sound,
)
from vivavoce.speech.roster import Engine, Roster, RunningEngine
from vivavoce.speech.rules import rules
from vivavoce.speech.shapes import (
    Check,
    ModelList,
    ModelObject,
    ReadinessBody,
    VoiceList,
    model_object,
)
from vivavoce.speech.sockets.door import Door
from vivavoce.speech.sockets.hearing import HearingSession
from vivavoce.speech.sockets.speaking import SpeakingSession
from vivavoce.speech.sound import (
    RECOGNISER_RATE,
    SOUND_LIMIT_S,
    SoundTooLong,
    at_recogniser_rate,
    decode,
)
from vivavoce.speech.speaker import Speaker, at_hand
from vivavoce.speech.supervisor import State
from vivavoce.speech.transcriptions import TranscriptionStream, transcription
from vivavoce.speech.voice_routes import VoiceRoutes

UPLOAD_LIMIT = 25 << 20
"""Bytes of one request: OpenAI's limit."""


class _Routes:
    def __init__(
        self,
        roster: Roster,
        desk: OrderDesk,
        speaker: Speaker,
        metrics: SpeechMetrics,
        voices: VoiceRoutes,
    ) -> None:
        self._roster = roster
        self._desk = desk
        self._voices = voices
        self._speaker = speaker
        self._metrics = metrics
        self._door = Door(metrics)
        self._detector = Detector()
        # Decoding a long file takes a core; the event loop and the engines need the other one.
        self._decoding = asyncio.Semaphore(2)
        # Two of their own: each thread that ever encoded keeps some ten megabytes (FLAC) in its part of the heap.
        self._encoding = ThreadPoolExecutor(2, thread_name_prefix="encoding")

    def add_to(self, app: FastAPI) -> None:
        app.post(
            "/v1/audio/speech",
            response_class=Response,
            responses=SPEECH_ANSWERS,
            openapi_extra={"parameters": SPEECH_PARAMETERS},
        )(self.speech)
        app.post(
            "/v1/audio/transcriptions",
            response_model=None,
            responses=TRANSCRIPTION_ANSWERS,
            openapi_extra=TRANSCRIPTION_REQUEST,
        )(self.transcriptions)
        app.websocket("/v1/audio/stream")(self.stream)
        app.add_route("/v1/audio/stream", upgrade_required, include_in_schema=False)
        app.websocket("/v1/audio/transcribe")(self.transcribe)
        app.add_route("/v1/audio/transcribe", upgrade_required, include_in_schema=False)
        app.get(
            "/v1/audio/voices",
            response_model=VoiceList,
            responses=VOICES_ANSWERS,
        )(self.voices)
        self._voices.add_to(app)
        app.get("/v1/models")(self.models)
        app.get("/v1/models/{model:path}", responses=MODEL_ANSWERS)(self.model)
        app.get("/healthz", response_class=PlainTextResponse)(self.healthz)
        app.get("/readyz", response_model=ReadinessBody, responses={503: {"model": ReadinessBody}})(
            self.readyz
        )
        app.get("/metrics", response_class=PlainTextResponse)(self.metrics)

    async def speech(self, body: SpeechRequest, request: Request) -> Response:
        """Speak a text."""
        if not body.input.strip():
            raise SpeechRejected(
                "There is no text to speak.", next_step="Send some.", reason="text_empty", param="input"
            )
        if len(body.input) > TEXT_LIMIT:
            raise SpeechRejected(
                f"The text has {len(body.input)} characters; {TEXT_LIMIT} is the most.",
                next_step="Cut it at sentences and send them one after the other, or use /v1/audio/stream.",
                reason="text_too_long",
                param="input",
            )
        order = self._desk.take(
            model=body.model,
            voice=body.voice,
            language=body.language,
            fallback=body.fallback,
            speed=body.speed,
            priority=read_priority(request),
            cache=body.cache,
        )
        # What is not cached is left whole: its engine cuts it best.
        whole = [Passage(body.input, 0)]
        passages = sentence_passages(body.input, order.spoken or "und") if order.cache else whole
        return SpeechReply(
            self._speaker.speak(order, at_hand(passages)),
            sample_rate=order.sample_rate,
            format=body.response_format,
            events=body.stream_format == "sse",
            threads=self._encoding,
        )

    async def stream(self, socket: WebSocket) -> None:
        """Speak what comes over a socket."""
        first = next((engine for engine in self._roster if engine.spec.role == "tts"), None)
        rate = first.loaded.sample_rate if first and first.loaded else None
        await self._door.enter(
            socket,
            "stream",
            lambda line: SpeakingSession(line, self._desk, self._speaker).run(),
            # For those who send bare texts: they get sound without any frame that says its rate.
            headers={"X-Sample-Rate": str(rate)} if rate else None,
        )

    async def transcribe(self, socket: WebSocket) -> None:
        """Write down what comes over a socket."""
        await self._door.enter(
            socket,
            "transcribe",
            lambda line: HearingSession(line, self._roster, self._detector, self._metrics).run(),
        )

    async def transcriptions(self, request: Request) -> Response:
        """Write down a sound."""
        arrived = time.perf_counter()
        sound, fields = await read_sound(request)
        engine = self._roster.find(fields.model, "stt")
        name = engine.spec.name
        priority = read_priority(request)

        def ended(outcome: str) -> None:
            self._metrics.ended(name, outcome)
            if outcome == "ok":
                self._metrics.transcribed(name, time.perf_counter() - arrived)

        try:
            pcm = await self._pcm(sound)
            if fields.stream:
                return TranscriptionStream(
                    engine.follow(
                        pcm,
                        language=fields.language,
                        prompt=fields.prompt,
                        words=fields.words,
                        priority=priority,
                    ),
                    logprobs=fields.logprobs,
                    ended=ended,
                )
            work = engine.hear(
                pcm,
                language=fields.language,
                prompt=fields.prompt,
                words=fields.words,
                priority=priority,
            )
            heard = await while_connected(request.receive, work)
        except CallerGone:
            ended("gone")
            return Response(status_code=499)
        except SpeechError as error:
            ended(error.code)
            raise
        ended("ok")
        return transcription(heard.transcript, fields)

    async def _pcm(self, sound: Sound) -> bytes:
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
            raise _too_long(error.limit_s) from None
        if len(pcm) > SOUND_LIMIT_S * RECOGNISER_RATE * 2:
            raise _too_long(SOUND_LIMIT_S)
        return pcm

    async def voices(self, model: str | None = None) -> dict[str, Any]:
        """The voices of the engines that speak, or of one of them."""
        return await self._voices.listed([self._roster.find(model, "tts")] if model else self._roster)

    async def models(self) -> ModelList:
        """The engines that run here."""
        return ModelList(data=[model_object(engine) for engine in self._roster])

    async def model(self, model: str) -> ModelObject:
        """One engine, by its name or another name for it."""
        return model_object(self._roster.named(model))

    async def healthz(self) -> str:
        """The server answers."""
        return "ok"

    async def readyz(self) -> JSONResponse:
        """Whether every engine is warm; which one is not, and why."""
        checks = {engine.spec.name: _check(engine) for engine in self._roster}
        ready = all(check.ok for check in checks.values())
        body = ReadinessBody(ready=ready, checks=checks)
        return JSONResponse(body.model_dump(), 200 if ready else 503)

    async def metrics(self) -> Response:
        """Prometheus text."""
        return Response(generate_latest(self._metrics.registry), media_type=CONTENT_TYPE_LATEST)


def create_app(
    engines: Mapping[str, RunningEngine],
    *,
    clips: ClipStore,
    casting: Casting | None = None,
    registry: CollectorRegistry | None = None,
    cache: SpeechCache | None = None,
) -> FastAPI:
    """The application. Its lifespan runs the engines' processes.

    Args:
        engines: by name.
        clips: voices to imitate.
        casting: the usual voices; default: those that are built in.
        registry: takes the metrics; default one of its own.
        cache: of speech made before; None: there is none.
    """
    metrics = SpeechMetrics(registry or CollectorRegistry())
    metrics.watch(lambda: [_state(engine) for engine in engines.values()])
    if cache is not None:
        metrics.watch_cache(lambda: cache.tally)

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
    app.add_middleware(Courtesy)
    add_error_handlers(app)
    roster = Roster(engines)
    speaker = Speaker(metrics, cache, rules=rules())
    voices = VoiceRoutes(engines, clips)
    desk = OrderDesk(roster, casting or Casting(), voices.is_clip)
    _Routes(roster, desk, speaker, metrics, voices).add_to(app)
    described(app)
    return app


def _state(engine: Engine) -> EngineState:
    return EngineState(
        name=engine.spec.name,
        ready=engine.state is State.READY,
        in_hand=engine.in_flight,
        restarts=engine.restarts,
        breaker=None if engine.condition is None else engine.condition.breaker,
    )


def _check(engine: Engine) -> Check:
    return Check(ok=engine.state is State.READY, detail=engine.detail)


def _too_long(limit_s: float) -> UploadTooLarge:
    return UploadTooLarge(f"The sound is longer than {limit_s:.0f} s.", next_step="Cut it in pieces.")
