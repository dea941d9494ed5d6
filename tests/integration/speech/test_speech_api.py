"""The speech server's HTTP surface, over one server with engines that only keep time."""

from __future__ import annotations

import io
import time
import wave
from collections.abc import AsyncGenerator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from vivavoce.speech.client import SpeechClient, SpeechRejected, SpeechUnavailable

from .conftest import Running, serve_fake_engines

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server() -> AsyncGenerator[Running]:
    async with serve_fake_engines(speaker="speaker", listener="listener") as running:
        yield running


SECOND = b"\x10\x00" * 16_000


async def test_the_first_chunk_leaves_before_synthesis_ends(server: Running) -> None:
    async with SpeechClient(server.url) as client:
        start = time.monotonic()
        at: list[float] = []
        total = 0
        async with client.speak(" ".join(["word"] * 10), model="speaker", voice="tone") as sound:
            assert sound.sample_rate == 24_000
            async for chunk in sound:
                at.append(time.monotonic() - start)
                total += len(chunk)
        assert total == 10 * 12_000 * 2
        # Ten steps of 0.1 s: the first is out when the rest are not even begun.
        assert at[-1] >= 1.0
        assert at[0] < at[-1] / 2


@pytest.mark.parametrize("format", ["pcm", "wav", "flac", "mp3", "opus", "aac"])
async def test_every_format_streams_and_announces_itself(server: Running, format: str) -> None:
    async with httpx.AsyncClient(base_url=server.url) as http:
        body = {"model": "speaker", "voice": "tone", "input": "one two three", "response_format": format}
        async with http.stream("POST", "/v1/audio/speech", json=body) as response:
            pieces = [piece async for piece in response.aiter_raw()]
        assert response.status_code == 200
        assert response.headers["x-sample-rate"] == ("48000" if format == "opus" else "24000")
        assert response.headers["content-type"].startswith("audio/")
        assert len(pieces) >= 3


async def test_sound_as_events(server: Running) -> None:
    async with httpx.AsyncClient(base_url=server.url) as http:
        body = {
            "model": "speaker", "voice": "tone", "input": "one two", "response_format": "pcm", "stream_format": "sse",
        }  # fmt: skip
        response = await http.post("/v1/audio/speech", json=body)
        events = [line.removeprefix("data: ") for line in response.text.split("\n\n") if line]
        assert response.headers["content-type"] == "text/event-stream"
        assert len(events) == 3
        assert events[-1] == '{"type": "speech.audio.done"}'


@pytest.mark.parametrize(
    ("change", "status", "code", "param"),
    [
        ({"input": ""}, 400, "text_empty", "input"),
        ({"input": " \n"}, 400, "text_empty", "input"),
        ({"input": "x" * 4097}, 400, "text_too_long", "input"),
        ({"input": "…"}, 400, "text_unspeakable", "input"),
        ({"input": "hi\u0000"}, 400, "text_unsupported", "input"),
        ({"input": "你好"}, 400, "text_unsupported", "input"),
        ({"voice": "nobody"}, 404, "voice_unknown", "voice"),
        ({"voice": {"id": "nobody"}}, 404, "voice_unknown", "voice"),
        ({"language": "de"}, 400, "voice_language", "language"),
        ({"voice": None, "language": "de", "fallback": True}, 400, "voice_language", "language"),
        ({"language": "not a language"}, 400, "invalid_request", "language"),
        ({"model": "nothing"}, 404, "model_not_found", "model"),
        ({"model": "listener"}, 400, "model_role", "model"),
        ({"response_format": "midi"}, 400, "invalid_request", "response_format"),
        ({"speed": 9}, 400, "invalid_request", "speed"),
        ({"voice": 5}, 400, "invalid_request", "voice"),
        ({"voice": {}}, 400, "invalid_request", "voice"),
        ({"input": "fail"}, 500, "engine_failed", None),
        ({"input": "bug"}, 500, "engine_failed", None),
    ],
)
async def test_what_cannot_be_spoken_is_an_error_in_openais_shape(
    server: Running, change: dict[str, Any], status: int, code: str, param: str | None
) -> None:
    async with httpx.AsyncClient(base_url=server.url) as http:
        body = {"model": "speaker", "voice": "tone", "input": "hello", **change}
        response = await http.post("/v1/audio/speech", json=body)
        error = response.json()["error"]
        assert (response.status_code, error["code"], error["param"]) == (status, code, param)
        assert error["message"] and error["type"]
        # The engine is none the worse for it.
        ok = await http.post(
            "/v1/audio/speech", json={"model": "speaker-1", "voice": "tone", "input": "hello"}
        )
        assert ok.status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        {"voice": "tone"},
        {"voice": {"id": "tone"}},
        {"voice": "TONE"},
        {"voice": None},
        {"voice": "default", "language": "en-GB"},
        {"voice": "auto", "model": "default"},
        {"voice": "nova", "model": None},
        {"voice": "onyx", "language": "en"},
        {"voice": "nobody", "fallback": True},
    ],
)
async def test_a_voice_is_found_for_what_was_asked(server: Running, change: dict[str, Any]) -> None:
    async with httpx.AsyncClient(base_url=server.url) as http:
        body = {"model": "speaker", "input": "hello 😀", "response_format": "pcm", **change}
        sent = {name: value for name, value in body.items() if value is not None}
        response = await http.post("/v1/audio/speech", json=sent)
        assert response.status_code == 200, response.text
        assert response.content


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b'{"model": 1}', b"\xff\xfe"])
async def test_a_body_that_is_no_request_is_refused(server: Running, body: bytes) -> None:
    async with httpx.AsyncClient(base_url=server.url) as http:
        response = await http.post(
            "/v1/audio/speech", content=body, headers={"content-type": "application/json"}
        )
        assert response.status_code == 400
        assert response.json()["error"]["code"] == "invalid_request"


async def speak(client: SpeechClient, text: str, *, voice: str = "tone") -> bytes:
    async with client.speak(text, model="speaker", voice=voice) as sound:
        return b"".join([chunk async for chunk in sound])


async def test_models_and_voices_are_listed(server: Running) -> None:
    async with SpeechClient(server.url) as client, httpx.AsyncClient(base_url=server.url) as http:
        assert {(m.id, m.role, m.languages) for m in await client.models()} == {
            ("speaker", "tts", ("en",)),
            ("listener", "stt", ("en", "fr")),
        }
        (voice,) = await client.voices()
        assert (voice.id, voice.model, voice.language, voice.gender) == ("tone", "speaker", "en-US", "female")
        model = (await http.get("/v1/models/speaker-1")).json()
        assert (model["id"], model["licence"], model["non_commercial"]) == ("speaker", None, None)
        assert (await http.get("/v1/models/nothing")).status_code == 404
        assert (await http.get("/nowhere")).json()["error"]["code"] == "not_found"


def wav(seconds: int, rate: int = 16_000) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(rate)
        writer.writeframes(b"\x10\x00" * (rate * seconds))
    return out.getvalue()


@pytest.mark.parametrize(
    ("format", "expected"),
    [
        ("json", '{"text":"Anna Anna","usage":{"type":"duration","seconds":2.0}}'),
        ("text", "Anna Anna\n"),
        ("srt", "1\n00:00:00,000 --> 00:00:02,000\nAnna Anna\n\n"),
        ("vtt", "WEBVTT\n\n00:00:00.000 --> 00:00:02.000\nAnna Anna\n\n"),
    ],
)
async def test_transcripts_in_every_format(server: Running, format: str, expected: str) -> None:
    async with httpx.AsyncClient(base_url=server.url) as http:
        response = await http.post(
            "/v1/audio/transcriptions",
            files={"file": ("a.wav", wav(2), "audio/wav")},
            data={"model": "listener", "response_format": format, "prompt": "Anna", "language": "en-GB"},
        )
        assert response.status_code == 200
        assert response.text == expected


async def test_words_have_times_when_asked_for(server: Running) -> None:
    async with SpeechClient(server.url) as client:
        transcript = await client.transcribe(SECOND * 2, words=True, language="fr")
        assert [(word.text, word.start_s, word.end_s) for word in transcript.words] == [
            ("word", 0.0, 0.5),
            ("word", 1.0, 1.5),
        ]
        assert (transcript.language, transcript.duration_s, transcript.confidence) == ("fr", 2.0, 0.9)
        assert (await client.transcribe(SECOND)).words == ()


async def test_silence_is_an_empty_transcript(server: Running) -> None:
    async with SpeechClient(server.url) as client:
        transcript = await client.transcribe(bytes(32_000))
        assert (transcript.text, transcript.language, transcript.confidence) == ("", None, 0.0)
        assert (await client.transcribe(b"")).text == ""


async def test_other_rates_are_resampled(server: Running) -> None:
    async with SpeechClient(server.url) as client:
        transcript = await client.transcribe(b"\x10\x00" * 48_000 * 2, sample_rate=48_000)
        assert transcript.duration_s == pytest.approx(2.0, abs=0.01)


@pytest.mark.parametrize(
    ("headers", "content", "status", "code"),
    [
        ({"content-type": "audio/pcm"}, b"ab", 400, "sound_rate"),
        ({"content-type": "audio/pcm;rate=1"}, b"ab", 400, "sound_rate"),
        ({"content-type": "audio/pcm;rate=16000"}, b"abc", 400, "sound_unreadable"),
        (
            {"content-type": "audio/pcm;rate=16000", "x-vivavoce-priority": "first"},
            b"ab",
            400,
            "priority_unknown",
        ),
        ({"content-type": "application/json"}, b"{}", 400, "sound_missing"),
        ({"content-type": "multipart/form-data; boundary=x"}, b"--x--\r\n", 400, "sound_missing"),
        ({"content-type": "multipart/form-data"}, b"nonsense", 400, "invalid_request"),
        ({"content-type": "audio/pcm;rate=16000"}, bytes((25 << 20) + 2), 413, "upload_too_large"),
    ],
)
async def test_what_cannot_be_heard_is_an_error(
    server: Running, headers: dict[str, str], content: bytes, status: int, code: str
) -> None:
    async with httpx.AsyncClient(base_url=server.url) as http:
        response = await http.post("/v1/audio/transcriptions", headers=headers, content=content)
        assert (response.status_code, response.json()["error"]["code"]) == (status, code)


async def test_an_upload_of_no_declared_length_is_counted(server: Running) -> None:
    async def endless() -> AsyncGenerator[bytes]:
        for _ in range(30):
            yield bytes(1 << 20)

    async with httpx.AsyncClient(base_url=server.url) as http:
        response = await http.post(
            "/v1/audio/transcriptions", headers={"content-type": "audio/pcm;rate=16000"}, content=endless()
        )
        assert response.status_code == 413


@pytest.mark.parametrize(
    "content", [b"", b"no sound at all", b"RIFF\x00\x00\x00\x00WAVE", b"#EXTM3U\nhttp://x/y\n"]
)
async def test_a_file_that_is_no_sound_is_refused(server: Running, content: bytes) -> None:
    async with httpx.AsyncClient(base_url=server.url) as http:
        response = await http.post(
            "/v1/audio/transcriptions", files={"file": ("a.mp3", content)}, data={"model": "listener"}
        )
        assert (response.status_code, response.json()["error"]["code"]) == (400, "sound_unreadable")


async def test_the_client_says_when_nobody_answers() -> None:
    async with SpeechClient("http://127.0.0.1:9") as client:
        with pytest.raises(SpeechUnavailable, match=r"127\.0\.0\.1:9"):
            await client.transcribe(SECOND)
        with pytest.raises(SpeechUnavailable):
            await client.ready()


async def test_the_client_says_what_was_refused_and_why(server: Running) -> None:
    async with SpeechClient(server.url) as client:
        with pytest.raises(SpeechRejected) as refused:
            await speak(client, "hello", voice="nobody")
        assert (refused.value.reason, refused.value.param) == ("voice_unknown", "voice")
        assert "nobody" in str(refused.value)
