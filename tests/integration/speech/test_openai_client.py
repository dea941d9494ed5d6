"""The whole HTTP surface by OpenAI's own client, unchanged, over one server with engines that only keep time."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import wave
from collections.abc import AsyncGenerator
from typing import Any, Literal

import openai
import pytest
import pytest_asyncio
from openai.types.audio import (
    TranscriptionTextDeltaEvent,
    TranscriptionTextDoneEvent,
    TranscriptionVerbose,
)

from vivavoce.speech.sound import RECOGNISER_RATE, decode
from vivavoce.speech.supervisor import Limits

from .conftest import Running, serve_fake_engines

pytestmark = pytest.mark.asyncio(loop_scope="module")

SoundFormat = Literal["pcm", "wav", "flac", "mp3", "opus", "aac"]
FORMATS: list[SoundFormat] = ["pcm", "wav", "flac", "mp3", "opus", "aac"]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server() -> AsyncGenerator[Running]:
    async with serve_fake_engines(
        speaker="quick_speaker", listener="listener", limits=Limits(live=4, other=2)
    ) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client(server: Running) -> AsyncGenerator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client:
        yield client


def sound(seconds: int) -> tuple[str, bytes, str]:
    out = io.BytesIO()
    with wave.open(out, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(16_000)
        writer.writeframes(b"\x10\x00" * 16_000 * seconds)
    return ("a.wav", out.getvalue(), "audio/wav")


def seconds(data: bytes, format: str) -> float:
    return len(data) / 48_000 if format == "pcm" else len(decode(data)) / 2 / RECOGNISER_RATE


@pytest.mark.parametrize("format", FORMATS)
async def test_speech(client: openai.AsyncOpenAI, format: SoundFormat) -> None:
    answer = await client.audio.speech.create(
        model="speaker",
        voice="tone",
        input="one two three",
        response_format=format,
        instructions="Speak kindly.",
        speed=1.25,
    )
    # Lossy formats pad their ends.
    assert seconds(answer.content, format) == pytest.approx(1.5, abs=0.11)
    assert answer.response.headers["x-sample-rate"] == ("48000" if format == "opus" else "24000")


@pytest.mark.parametrize("format", FORMATS)
async def test_speech_as_a_stream(client: openai.AsyncOpenAI, format: SoundFormat) -> None:
    async with client.audio.speech.with_streaming_response.create(
        model="speaker-1", voice={"id": "tone"}, input="one two three", response_format=format
    ) as answer:
        data = b"".join([piece async for piece in answer.iter_bytes()])
    assert seconds(data, format) == pytest.approx(1.5, abs=0.11)


@pytest.mark.parametrize("format", FORMATS)
async def test_speech_as_events(client: openai.AsyncOpenAI, format: SoundFormat) -> None:
    async with client.audio.speech.with_streaming_response.create(
        model="speaker",
        voice="tone",
        input="one two three",
        response_format=format,
        stream_format="sse",
    ) as answer:
        events = [json.loads(line.removeprefix("data: ")) async for line in answer.iter_lines() if line]
    assert [event["type"] for event in events[:-1]] == ["speech.audio.delta"] * (len(events) - 1)
    assert events[-1] == {"type": "speech.audio.done"}
    data = b"".join(base64.b64decode(event["audio"]) for event in events[:-1])
    assert seconds(data, format) == pytest.approx(1.5, abs=0.11)


async def test_transcriptions_as_text(client: openai.AsyncOpenAI) -> None:
    for format, expected in (
        ("text", "Anna Anna\n"),
        ("srt", "1\n00:00:00,000 --> 00:00:02,000\nAnna Anna\n\n"),
        ("vtt", "WEBVTT\n\n00:00:00.000 --> 00:00:02.000\nAnna Anna\n\n"),
    ):
        asked: dict[str, Any] = {"response_format": format, "prompt": "Anna", "language": "en"}
        text = await client.audio.transcriptions.create(model="listener", file=sound(2), **asked)
        assert text == expected


async def test_a_transcription(client: openai.AsyncOpenAI) -> None:
    heard = await client.audio.transcriptions.create(
        model="listener", file=sound(2), include=["logprobs"], temperature=0.2
    )
    assert heard.text == "word word"
    assert heard.usage is not None
    assert heard.usage.type == "duration"
    assert heard.usage.seconds == 2.0
    assert heard.logprobs is not None
    assert [one.token for one in heard.logprobs] == ["word", "word"]
    assert heard.logprobs[0].logprob == pytest.approx(-0.105, abs=0.001)


async def test_a_transcription_with_times(client: openai.AsyncOpenAI) -> None:
    heard = await client.audio.transcriptions.create(
        model="listener",
        file=sound(3),
        response_format="verbose_json",
        timestamp_granularities=["word", "segment"],
    )
    assert isinstance(heard, TranscriptionVerbose)
    # The client builds its models without checking; every field that OpenAI requires must be there and fit.
    TranscriptionVerbose.model_validate(heard.model_dump(), strict=False)
    assert (heard.text, heard.language, heard.duration) == ("word word word", "en", 3.0)
    assert heard.words is not None and heard.segments is not None
    assert [(word.word, word.start, word.end) for word in heard.words][2] == ("word", 2.0, 2.5)
    assert [(part.id, part.text, part.start, part.end) for part in heard.segments] == [
        (0, "word word", 0.0, 2.0),
        (1, "word", 2.0, 3.0),
    ]
    assert heard.segments[1].seek == 200
    assert heard.segments[0].avg_logprob == pytest.approx(-0.105, abs=0.001)


async def test_a_transcription_as_a_stream(client: openai.AsyncOpenAI) -> None:
    stream = await client.audio.transcriptions.create(
        model="listener", file=sound(5), stream=True, include=["logprobs"]
    )
    events = [event async for event in stream]
    deltas = [event for event in events if isinstance(event, TranscriptionTextDeltaEvent)]
    [done] = [event for event in events if isinstance(event, TranscriptionTextDoneEvent)]
    assert [delta.delta for delta in deltas] == ["word word", " word word", " word"]
    assert "".join(delta.delta for delta in deltas) == done.text
    assert done.logprobs is not None
    assert len(done.logprobs) == 5
    assert events[-1] is done


async def test_models(client: openai.AsyncOpenAI) -> None:
    assert [model.id async for model in client.models.list()] == ["speaker", "listener"]
    assert (await client.models.retrieve("speaker-1")).id == "speaker"


@pytest.mark.parametrize(
    ("change", "raised", "code", "param"),
    [
        ({"input": ""}, openai.BadRequestError, "text_empty", "input"),
        ({"input": "x" * 4097}, openai.BadRequestError, "text_too_long", "input"),
        ({"input": "—"}, openai.BadRequestError, "text_unspeakable", "input"),
        ({"input": "привет"}, openai.BadRequestError, "text_unsupported", "input"),
        ({"voice": "nobody"}, openai.NotFoundError, "voice_unknown", "voice"),
        ({"response_format": "midi"}, openai.BadRequestError, "invalid_request", "response_format"),
        ({"model": "nothing"}, openai.NotFoundError, "model_not_found", "model"),
        ({"model": "listener"}, openai.BadRequestError, "model_role", "model"),
        ({"input": "fail"}, openai.InternalServerError, "engine_failed", None),
        ({"input": "bug"}, openai.InternalServerError, "engine_failed", None),
    ],
)
async def test_errors_are_those_that_the_client_knows(
    client: openai.AsyncOpenAI,
    change: dict[str, Any],
    raised: type[openai.APIStatusError],
    code: str,
    param: str | None,
) -> None:
    asked: dict[str, Any] = {"model": "speaker", "voice": "tone", "input": "hello", **change}
    with pytest.raises(raised) as caught:
        await client.audio.speech.create(**asked)
    assert (caught.value.code, caught.value.param) == (code, param)
    assert caught.value.message


@pytest.mark.parametrize(
    ("change", "raised", "code", "param"),
    [
        ({"temperature": 2.0}, openai.BadRequestError, "invalid_request", "temperature"),
        ({"response_format": "diarized_json"}, openai.BadRequestError, "invalid_request", "response_format"),
        ({"include": ["everything"]}, openai.BadRequestError, "invalid_request", "include[].0"),
        ({"file": ("a.wav", b"RIFF")}, openai.BadRequestError, "sound_unreadable", "file"),
        ({"model": "speaker"}, openai.BadRequestError, "model_role", "model"),
        ({"prompt": "fail"}, openai.InternalServerError, "engine_failed", None),
        ({"prompt": "fail", "stream": True}, openai.InternalServerError, "engine_failed", None),
        ({"file": ("a.wav", bytes((25 << 20) + 1))}, openai.APIStatusError, "upload_too_large", None),
    ],
)
async def test_errors_of_transcriptions(
    client: openai.AsyncOpenAI,
    change: dict[str, Any],
    raised: type[openai.APIStatusError],
    code: str,
    param: str | None,
) -> None:
    asked: dict[str, Any] = {"model": "listener", "file": sound(1), **change}
    with pytest.raises(raised) as caught:
        await client.audio.transcriptions.create(**asked)
    assert (caught.value.code, caught.value.param) == (code, param)


async def test_a_full_engine_is_a_rate_limit_with_the_time_to_wait(
    server: Running, client: openai.AsyncOpenAI
) -> None:
    engine = server.engines["listener"]
    work = [
        asyncio.create_task(client.audio.transcriptions.create(model="listener", file=sound(60)))
        for _ in range(4)
    ]
    async with asyncio.timeout(10):
        while engine.in_flight < 4:
            await asyncio.sleep(0.01)
    with pytest.raises(openai.RateLimitError) as caught:
        await client.audio.transcriptions.create(model="listener", file=sound(1))
    assert caught.value.code == "speech_busy"
    assert int(caught.value.response.headers["retry-after"]) >= 1
    for task in work:
        task.cancel()
    await asyncio.wait(work)


async def test_what_fails_in_a_stream_of_events_is_an_event(client: openai.AsyncOpenAI) -> None:
    async with client.audio.speech.with_streaming_response.create(
        model="speaker", voice="tone", input="one two fail", response_format="pcm", stream_format="sse"
    ) as answer:
        events = [json.loads(line.removeprefix("data: ")) async for line in answer.iter_lines() if line]
    assert [event.get("type") for event in events] == ["speech.audio.delta"] * 2 + [None]
    assert events[-1]["error"]["code"] == "engine_failed"
