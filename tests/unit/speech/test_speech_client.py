"""The client against answers made up for it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable

import httpx
import pytest

from vivavoce.speech.client import (
    SpeechBusy,
    SpeechClient,
    SpeechDropped,
    SpeechRejected,
    SpeechUnavailable,
    Transcript,
    Word,
)

Answer = Callable[[httpx.Request], httpx.Response]


def client(answer: Answer) -> SpeechClient:
    return SpeechClient("http://speech.test", transport=httpx.MockTransport(answer))


def error(status: int, code: str = "some_code", **headers: str) -> Answer:
    body = {"error": {"message": "It went wrong.", "type": "t", "param": "input", "code": code}}
    return lambda request: httpx.Response(status, json=body, headers=headers)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, SpeechRejected),
        (404, SpeechRejected),
        (413, SpeechRejected),
        (409, SpeechDropped),
        (429, SpeechBusy),
        (500, SpeechUnavailable),
        (503, SpeechUnavailable),
    ],
)
async def test_each_status_is_the_error_it_stands_for(status: int, kind: type[Exception]) -> None:
    async with client(error(status)) as speech:
        with pytest.raises(kind, match=r"It went wrong\.") as raised:
            await speech.transcribe(b"\0\0")
        assert type(raised.value) is kind
        with pytest.raises(kind):
            async with speech.speak("hello", model="m", voice="v"):
                pass


async def test_what_was_refused_keeps_its_reason() -> None:
    async with client(error(400, "voice_unknown")) as speech:
        with pytest.raises(SpeechRejected) as raised:
            await speech.transcribe(b"\0\0")
        assert (raised.value.reason, raised.value.param) == ("voice_unknown", "input")


@pytest.mark.parametrize(("header", "seconds"), [("7", 7.0), ("Wed, 21 Oct 2026 07:28:00 GMT", 1.0)])
async def test_when_to_come_back(header: str, seconds: float) -> None:
    async with client(error(429, **{"Retry-After": header})) as speech:
        with pytest.raises(SpeechBusy) as raised:
            await speech.transcribe(b"\0\0")
        assert raised.value.retry_after_s == seconds


@pytest.mark.parametrize("body", ["<html>Bad gateway</html>", "[]", '{"error": "text"}', ""])
async def test_an_error_in_another_shape_is_still_an_error(body: str) -> None:
    async with client(lambda request: httpx.Response(502, text=body)) as speech:
        with pytest.raises(SpeechUnavailable, match="502"):
            await speech.transcribe(b"\0\0")


@pytest.mark.parametrize("body", ["<html>It works!</html>", "", "[]", "{}", '{"data": [1], "checks": 2}'])
async def test_something_else_that_answers_is_noticed(body: str) -> None:
    async with client(lambda request: httpx.Response(200, text=body)) as speech:
        for call in (speech.transcribe(b"\0\0"), speech.models(), speech.voices(), speech.ready()):
            with pytest.raises(SpeechUnavailable):
                await call


async def test_a_transcription_says_all_it_was_asked_to() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(
            200,
            json={
                "text": "Yes.", "language": "en", "confidence": 0.8, "duration": 0.5, "segments": [],
                "words": [{"word": "Yes.", "start": 0.1, "end": 0.4, "confidence": 0.7}],
            },
        )  # fmt: skip

    async with client(answer) as speech:
        transcript = await speech.transcribe(
            b"ab", sample_rate=8000, language="en-GB", prompt="Ann & Bob", words=True, priority="batch"
        )
    assert transcript == Transcript("Yes.", "en", 0.8, 0.5, (Word("Yes.", 0.1, 0.4, 0.7),))
    (request,) = seen
    assert request.content == b"ab"
    assert request.headers["content-type"] == "audio/pcm;rate=8000"
    assert request.headers["x-vivavoce-priority"] == "batch"
    assert dict(request.url.params) == {
        "response_format": "verbose_json",
        "language": "en-GB",
        "prompt": "Ann & Bob",
        "timestamp_granularities[]": "word",
    }


async def test_speech_says_all_it_was_asked_to_and_gives_whole_samples() -> None:
    seen: list[httpx.Request] = []

    async def sound() -> AsyncIterator[bytes]:
        for piece in (b"a", b"bc", b"", b"defgh"):
            yield piece

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, content=sound(), headers={"X-Sample-Rate": "24000"})

    async with (
        client(answer) as speech,
        speech.speak(
            "hello", model="kokoro", voice="v", language="en", speed=1.2, priority="batch"
        ) as stream,
    ):
        pieces = [piece async for piece in stream]
        assert stream.sample_rate == 24_000
    assert b"".join(pieces) == b"abcdefgh"
    assert all(len(piece) % 2 == 0 for piece in pieces)
    assert json.loads(seen[0].content) == {
        "input": "hello", "model": "kokoro", "voice": "v", "speed": 1.2, "language": "en", "response_format": "pcm",
    }  # fmt: skip
    assert seen[0].headers["x-vivavoce-priority"] == "batch"


async def test_a_stream_that_breaks_off_is_an_error() -> None:
    async def sound() -> AsyncIterator[bytes]:
        yield b"ab"
        raise httpx.RemoteProtocolError("peer closed connection without sending complete message body")

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=sound(), headers={"X-Sample-Rate": "24000"})

    got = b""
    async with client(answer) as speech:
        with pytest.raises(SpeechUnavailable):
            async with speech.speak("hello", model="m", voice="v") as stream:
                async for piece in stream:
                    got += piece
    assert got == b"ab"


async def test_not_ready_is_an_answer_and_no_error() -> None:
    body = {"ready": False, "checks": {"kokoro": {"ok": False, "detail": "loading the model"}}}
    async with client(lambda request: httpx.Response(503, json=body)) as speech:
        readiness = await speech.ready()
    assert not readiness.ready
    assert readiness.details == {"kokoro": "loading the model"}


def test_the_client_brings_nothing_of_the_engines() -> None:
    import subprocess
    import sys

    code = "import sys, vivavoce.speech.client; print(sorted(m.split('.')[0] for m in sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    for heavy in ("numpy", "av", "onnxruntime", "ctranslate2", "fastapi", "pydantic", "spacy"):
        assert f"'{heavy}'" not in loaded
