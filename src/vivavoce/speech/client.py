"""The slim client of the speech server: httpx and the standard library, nothing of the engines."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, cast

import httpx

from vivavoce.speech.errors import SpeechBusy, SpeechDropped, SpeechError, SpeechRejected, SpeechUnavailable
from vivavoce.speech.transcript import Segment, Transcript, Word

__all__ = [
    "Model",
    "Priority",
    "Readiness",
    "Segment",
    "SpeechBusy",
    "SpeechClient",
    "SpeechDropped",
    "SpeechError",
    "SpeechRejected",
    "SpeechStream",
    "SpeechUnavailable",
    "Transcript",
    "Voice",
    "Word",
]

Priority: TypeAlias = Literal["live", "partial", "batch"]

READ_S = 15.0
"""Seconds without a byte after which a request is given up."""

BATCH_PATIENCE = 4.0
"""How many times longer a batch request waits for bytes: everybody else goes first."""


@dataclass(frozen=True, slots=True)
class Voice:
    """A voice of the server. `language` is a BCP 47 tag, `model` the engine that has it."""

    id: str
    model: str
    language: str
    gender: str


@dataclass(frozen=True, slots=True)
class Model:
    """An engine of the server: `stt` writes down, `tts` speaks. `languages` are ISO 639-1 codes."""

    id: str
    role: str
    languages: tuple[str, ...]
    ready: bool


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether every engine is warm, and what each one is doing."""

    ready: bool
    details: Mapping[str, str]


class SpeechStream:
    """Sound as it is made: an async iterator of s16le mono, each piece a whole number of samples.

    Attributes:
        sample_rate: Hz.
    """

    def __init__(self, response: httpx.Response, sample_rate: int) -> None:
        self.sample_rate = sample_rate
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The pieces.

        Raises:
            SpeechUnavailable: the stream broke off before its end.
        """
        rest = b""
        try:
            async for piece in self._response.aiter_raw():
                data = rest + piece
                even = len(data) & ~1
                rest = data[even:]
                if even:
                    yield data[:even]
        except httpx.TransportError as error:
            raise _unavailable(self._response.request.url, error) from error


class SpeechClient:
    """Talks to one speech server. Close it with `aclose`, or use it as an async context manager.

    Args:
        base_url: such as `http://127.0.0.1:8090`.
        connect_timeout_s: seconds to connect.
        read_timeout_s: seconds without a byte from the server.
        transport: httpx's own seam, for tests.
    """

    def __init__(
        self,
        base_url: str,
        *,
        connect_timeout_s: float = 2,
        read_timeout_s: float = READ_S,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._connect_timeout_s = connect_timeout_s
        self._read_timeout_s = read_timeout_s
        self._http = httpx.AsyncClient(
            base_url=base_url,
            transport=transport,
            timeout=self._timeout("live"),
            # A closed stream closes its connection, so speech needs many; the server bounds the work.
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=32),
            # The server is ours: a proxy of the environment must not see what people say.
            trust_env=False,
        )

    async def __aenter__(self) -> SpeechClient:
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    @asynccontextmanager
    async def speak(
        self,
        text: str,
        *,
        model: str,
        voice: str,
        language: str | None = None,
        speed: float = 1.0,
        priority: Priority = "live",
    ) -> AsyncGenerator[SpeechStream]:
        """Speak a text. The context begins with its first sound; leaving it early stops the engine.

        Args:
            text: at most 4096 characters.
            model: the engine.
            voice: one of its voices.
            language: what the text is in; None: the voice's language.
            speed: 0.25 to 4.0.
            priority: live, or batch where nobody waits.

        Raises:
            SpeechUnavailable, SpeechRejected, SpeechBusy.
        """
        body = {
            "input": text,
            "model": model,
            "voice": voice,
            "speed": speed,
            "language": language,
            "response_format": "pcm",
        }
        request = self._http.build_request(
            "POST",
            "/v1/audio/speech",
            json=body,
            headers={"X-Vivavoce-Priority": priority},
            timeout=self._timeout(priority),
        )
        response = await self._send(request, stream=True)
        try:
            yield SpeechStream(response, int(response.headers["x-sample-rate"]))
        finally:
            await response.aclose()

    async def transcribe(
        self,
        pcm: bytes,
        *,
        sample_rate: int = 16000,
        language: str | Sequence[str] | None = None,
        prompt: str | None = None,
        words: bool = False,
        priority: Priority = "live",
        model: str | None = None,
    ) -> Transcript:
        """Write down a sound. Cancelling the call stops the engine.

        Args:
            pcm: s16le mono.
            sample_rate: its rate, Hz; 16000 is what the engines take, others are resampled.
            language: ISO 639-1 or BCP 47; None: detect it. Of several the first is taken, unless another is plainly it.
            prompt: names and terms that may come up.
            words: whether to time the words.
            priority: live (an utterance that ended) > partial (captions; dropped when late) > batch.
            model: the engine; None: the server's first.

        Raises:
            SpeechUnavailable, SpeechRejected, SpeechBusy; SpeechDropped (a SpeechBusy) for a partial that is late.
        """
        spoken = language if language is None or isinstance(language, str) else ",".join(language)
        query = {"response_format": "verbose_json", "model": model, "language": spoken, "prompt": prompt}
        if words:
            query["timestamp_granularities[]"] = "word"
        request = self._http.build_request(
            "POST",
            "/v1/audio/transcriptions",
            params={name: value for name, value in query.items() if value},
            content=pcm,
            headers={"Content-Type": f"audio/pcm;rate={sample_rate}", "X-Vivavoce-Priority": priority},
            # The answer comes whole, at the end: long sound takes its time.
            timeout=self._timeout(priority, extra_s=len(pcm) / 2 / sample_rate),
        )
        response = await self._send(request)
        with _understanding(response):
            return _transcript(_json(response))

    async def models(self) -> tuple[Model, ...]:
        """The engines that run there.

        Raises:
            SpeechUnavailable.
        """
        response = await self._send(self._http.build_request("GET", "/v1/models"))
        with _understanding(response):
            return tuple(
                Model(item["id"], item["role"], tuple(item["languages"]), item["ready"])
                for item in _json(response)["data"]
            )

    async def voices(self) -> tuple[Voice, ...]:
        """The voices of the engines that are loaded.

        Raises:
            SpeechUnavailable.
        """
        response = await self._send(self._http.build_request("GET", "/v1/audio/voices"))
        with _understanding(response):
            return tuple(
                Voice(item["id"], item["model"], item["language"], item["gender"])
                for item in _json(response)["data"]
            )

    async def ready(self) -> Readiness:
        """Whether every engine is warm.

        Raises:
            SpeechUnavailable: the server does not answer at all.
        """
        request = self._http.build_request("GET", "/readyz")
        response = await self._transport(request)
        with _understanding(response):
            body = _json(response)
            details = {name: check["detail"] for name, check in body["checks"].items()}
            return Readiness(body["ready"], details)

    def _timeout(self, priority: Priority, *, extra_s: float = 0.0) -> httpx.Timeout:
        patience = BATCH_PATIENCE if priority == "batch" else 1.0
        return httpx.Timeout(
            patience * (self._read_timeout_s + extra_s),
            connect=self._connect_timeout_s,
            pool=self._connect_timeout_s,
        )

    async def _send(self, request: httpx.Request, *, stream: bool = False) -> httpx.Response:
        response = await self._transport(request, stream=stream)
        if response.status_code == 200:
            return response
        try:
            await response.aread()
        except httpx.TransportError as error:
            raise _unavailable(request.url, error) from error
        finally:
            await response.aclose()
        raise _failure(response)

    async def _transport(self, request: httpx.Request, *, stream: bool = False) -> httpx.Response:
        try:
            return await self._http.send(request, stream=stream)
        except httpx.TransportError as error:
            raise _unavailable(request.url, error) from error


def _json(response: httpx.Response) -> dict[str, Any]:
    try:
        body: object = response.json()
    except json.JSONDecodeError:
        body = None
    if not isinstance(body, dict):
        raise _stranger(response)
    return cast("dict[str, Any]", body)


@contextmanager
def _understanding(response: httpx.Response) -> Generator[None]:
    """Reading an answer that lacks what ours have means that something else answered."""
    try:
        yield
    except (LookupError, TypeError, AttributeError) as error:
        raise _stranger(response) from error


def _stranger(response: httpx.Response) -> SpeechUnavailable:
    return SpeechUnavailable(
        f"What answers at {_address(response.request.url)} is no speech server of ours.",
        next_step="Check VIVAVOCE_SPEECH__URL.",
    )


def _transcript(body: dict[str, Any]) -> Transcript:
    return Transcript(
        text=body["text"],
        language=body["language"] or None,
        confidence=body["confidence"],
        duration_s=body["duration"],
        words=tuple(
            Word(word["word"], word["start"], word["end"], word["confidence"])
            for word in body.get("words", ())
        ),
        segments=tuple(
            Segment(part["text"], part["start"], part["end"], part["confidence"]) for part in body["segments"]
        ),
    )


def _failure(response: httpx.Response) -> SpeechError:
    """The error that a bad answer stands for."""
    try:
        error = response.json()["error"]
        message, code, param = str(error["message"]), str(error["code"]), error["param"]
    except (json.JSONDecodeError, LookupError, TypeError):
        message, code, param = f"The speech server answered {response.status_code}.", "unknown", None
    status = response.status_code
    if status == 429:
        wait = response.headers.get("retry-after", "1")
        return SpeechBusy(message, next_step="", retry_after_s=float(wait) if wait.isdigit() else 1.0)
    if status == 409:
        return SpeechDropped(message, next_step="")
    if status >= 500:
        return SpeechUnavailable(message, next_step="")
    return SpeechRejected(message, next_step="", reason=code, param=param)


def _unavailable(url: httpx.URL, error: httpx.TransportError) -> SpeechUnavailable:
    return SpeechUnavailable(
        f"The speech server at {_address(url)} does not answer: {str(error) or type(error).__name__}.",
        next_step="Check that it runs (`vivavoce speech`), and VIVAVOCE_SPEECH__URL.",
    )


def _address(url: httpx.URL) -> str:
    return f"{url.scheme}://{url.netloc.decode()}"
