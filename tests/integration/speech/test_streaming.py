"""Sound leaves when it exists, whatever the way and the format; engines and callers that fail in the middle of it."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import os
import signal
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
import pytest_asyncio
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from vivavoce.speech.cache import SpeechCache
from vivavoce.speech.sound import decode
from vivavoce.speech.supervisor import Limits, State

from .conftest import Running, serve_fake_engines

pytestmark = pytest.mark.asyncio(loop_scope="module")

WORD = 2 * 12_000
FORMATS = ["pcm", "wav", "flac", "mp3", "opus", "aac"]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Running]:
    cache = SpeechCache(tmp_path_factory.mktemp("cache"), limit=1 << 26)
    async with serve_fake_engines(
        speaker="quick_speaker", slow="speaker", listener="listener", limits=Limits(live=24), cache=cache
    ) as running:
        yield running


@asynccontextmanager
async def socket(server: Running, path: str = "/v1/audio/stream") -> AsyncGenerator[ClientConnection]:
    async with connect(server.url.replace("http", "ws") + path, max_size=None) as connection:
        yield connection


async def say(connection: ClientConnection, *frames: dict[str, object]) -> None:
    for frame in frames:
        await connection.send(json.dumps(frame))


def text(words: str, context: str = "main", *, end: bool = True) -> dict[str, object]:
    return {"type": "text", "context": context, "text": words, "end": end}


async def until_frame(connection: ClientConnection, type: str) -> tuple[dict[str, Any], bytes]:
    """The next frame of a type, and the sound that came before it."""
    sound = b""
    async with asyncio.timeout(20):
        while True:
            message = await connection.recv()
            if isinstance(message, bytes):
                sound += message
            elif (frame := json.loads(message)).get("type") == type:
                return frame, sound


async def until(condition: Callable[[], bool], *, within_s: float = 20.0) -> float:
    start = time.monotonic()
    async with asyncio.timeout(within_s):
        while not condition():
            await asyncio.sleep(0.005)
    return time.monotonic() - start


@pytest.mark.parametrize("events", [False, True], ids=["audio", "sse"])
@pytest.mark.parametrize("format", FORMATS)
async def test_the_first_bytes_leave_while_the_engine_is_still_at_work(
    server: Running, tmp_path: Path, format: str, events: bool
) -> None:
    go = tmp_path / "go"
    body = {
        "model": "speaker", "voice": "tone", "input": f"one wait={go} three", "response_format": format,
        "stream_format": "sse" if events else "audio",
    }  # fmt: skip
    data = b""
    async with (
        httpx.AsyncClient(base_url=server.url) as http,
        http.stream("POST", "/v1/audio/speech", json=body, timeout=20) as response,
    ):
        async for piece in response.aiter_raw():
            data += piece
            # The engine waits for this file; so something has come that was made before the end.
            go.touch()
    if events:
        lines = [json.loads(line.removeprefix("data: ")) for line in data.decode().split("\n\n") if line]
        assert lines.pop() == {"type": "speech.audio.done"}
        data = b"".join(base64.b64decode(line["audio"]) for line in lines)
    seconds = len(data) / 48_000 if format == "pcm" else len(decode(data)) / 32_000
    assert seconds == pytest.approx(1.5, abs=0.11)


async def test_the_first_sound_leaves_while_the_engine_is_still_at_work_on_a_socket(
    server: Running, tmp_path: Path
) -> None:
    go = tmp_path / "go"
    async with socket(server) as connection:
        await say(connection, {"type": "start", "model": "speaker"}, text(f"one wait={go} three"))
        await until_frame(connection, "audio")
        assert isinstance(await connection.recv(), bytes)
        go.touch()
        done, sound = await until_frame(connection, "done")
        assert len(sound) == 2 * WORD
        assert done["audio_s"] == 1.5


async def test_the_first_text_leaves_while_the_engine_is_still_at_work(
    server: Running, tmp_path: Path
) -> None:
    go = tmp_path / "go"
    lines: list[str] = []
    async with (
        httpx.AsyncClient(base_url=server.url) as http,
        http.stream(
            "POST",
            "/v1/audio/transcriptions",
            params={"stream": "true", "prompt": f"wait={go}"},
            headers={"content-type": "audio/pcm;rate=16000"},
            content=b"\x10\x00" * 16_000 * 4,
            timeout=20,
        ) as response,
    ):
        async for line in response.aiter_lines():
            if line:
                lines.append(line)
                go.touch()
    types = [json.loads(line.removeprefix("data: "))["type"] for line in lines]
    assert types == ["transcript.text.delta", "transcript.text.delta", "transcript.text.done"]


async def test_the_bare_form(server: Running) -> None:
    async with socket(server) as connection:
        assert connection.response is not None
        assert connection.response.headers["x-sample-rate"] == "24000"
        for _ in range(2):
            await say(connection, {"text": "one two", "voice": "tone"})
            messages = [await connection.recv() for _ in range(3)]
            assert [len(message) for message in messages[:2]] == [WORD, WORD]
            assert json.loads(messages[2]) == {"done": True}


async def test_token_by_token_with_word_times_at_another_rate(server: Running) -> None:
    async with socket(server) as connection:
        await say(connection, {"type": "start", "sample_rate": 16_000, "word_times": True})
        spoken = "I would like to know more about it. And what did you do then?"
        for token in spoken.split(" "):
            await say(connection, text(f"{token} ", end=False))
        await say(connection, text(""))
        words: list[dict[str, Any]] = []
        samples = 0
        while True:
            message = await connection.recv()
            if isinstance(message, bytes):
                samples += len(message) // 2
                continue
            frame = json.loads(message)
            words += frame["words"] if frame["type"] == "words" else []
            if frame["type"] == "done":
                break
    assert [spoken[word["start"] : word["end"]] for word in words] == spoken.split()
    assert samples == pytest.approx(16_000 * frame["audio_s"], abs=2)
    # A word begins 0.5 s after the one before, or after the pause between the sentences.
    steps = {round(two["start_s"] - one["start_s"], 2) for one, two in itertools.pairwise(words)}
    assert steps == {0.5, 0.8}


@pytest.mark.parametrize("how", ["cancel", "close", "drop"])
async def test_who_leaves_a_socket_stops_the_engine(server: Running, how: str) -> None:
    engine = server.engines["slow"]
    async with socket(server) as connection:
        await say(connection, {"type": "start", "model": "slow"}, text("word " * 500))
        await until_frame(connection, "audio")
        assert engine.in_flight == 1
        match how:
            case "cancel":
                await say(connection, {"type": "cancel"})
            case "close":
                await say(connection, {"type": "close"})
            case _:
                connection.transport.abort()
        # A step is 0.1 s; 0.2 s is the promise, and the rest is for a machine that others use too.
        assert await until(lambda: engine.in_flight == 0) < 0.2 + 0.8
        if how == "cancel":
            done, _ = await until_frame(connection, "done")
            assert done["cancelled"] is True


async def test_a_cancel_stops_even_a_long_step(server: Running) -> None:
    engine = server.engines["speaker"]
    async with socket(server) as connection:
        await say(connection, {"type": "start"}, text("long"))
        await until(lambda: engine.in_flight == 1)
        await say(connection, {"type": "cancel"})
        await until_frame(connection, "done")
        assert await until(lambda: engine.in_flight == 0) < 0.2 + 0.8
        assert engine.restarts == 0


async def test_an_engine_killed_in_the_middle_is_an_error_of_its_context(server: Running) -> None:
    engine = server.engines["slow"]
    async with socket(server) as connection:
        await say(connection, {"type": "start", "context": "a", "model": "slow"}, text("word " * 50, "a"))
        await until_frame(connection, "audio")
        assert engine.pid is not None
        os.kill(engine.pid, signal.SIGKILL)
        error, _ = await until_frame(connection, "error")
        assert (error["context"], error["error"]["code"], error["retry_after_s"]) == ("a", "engine_died", 1.0)
        # The other engine never noticed, nor did the socket.
        await say(connection, {"type": "start", "context": "b"}, text("one", "b"))
        done, _ = await until_frame(connection, "done")
        assert done["context"] == "b"
        await until(lambda: engine.state is State.READY)
        await say(connection, {"type": "start", "context": "a", "model": "slow"}, text("one", "a"))
        await until_frame(connection, "done")


async def test_a_slow_reader_holds_back_only_itself(server: Running) -> None:
    """All of 300 s of speech is not made for one who takes nothing of it, and others are served meanwhile."""
    speaker = server.engines["speaker"]
    async with connect(
        server.url.replace("http", "ws") + "/v1/audio/stream", max_size=None, max_queue=1, close_timeout=0.2
    ) as slow:
        await say(slow, {"type": "start"}, text("word " * 600))
        async with socket(server) as connection:
            for _ in range(3):
                await say(connection, {"type": "start"}, text("one two three"))
                _, sound = await until_frame(connection, "done")
                assert len(sound) == 3 * WORD
        assert speaker.in_flight == 1
    await until(lambda: speaker.in_flight == 0)


async def test_what_was_said_before_is_not_made_again(server: Running) -> None:
    async def figures() -> dict[str, float]:
        async with httpx.AsyncClient(base_url=server.url) as http:
            lines = (await http.get("/metrics")).text.splitlines()
        return {
            name: float(value)
            for name, _, value in (line.rpartition(" ") for line in lines if line[:1] != "#")
            if "cache" in name or "synthesis_real_time_factor_count" in name
        }

    sentence = "This is said again and again."
    body = {"model": "speaker", "voice": "tone", "input": sentence, "response_format": "pcm"}
    before = await figures()
    async with httpx.AsyncClient(base_url=server.url) as http, socket(server) as connection:
        batch = {"X-Vivavoce-Priority": "batch"}
        first = await http.post("/v1/audio/speech", json=body, headers=batch)  # cached by default
        second = await http.post("/v1/audio/speech", json={**body, "cache": True})
        await http.post("/v1/audio/speech", json=body)  # live: neither looked up nor kept
        await http.post("/v1/audio/speech", json={**body, "cache": False}, headers=batch)
        await say(connection, {"type": "start", "cache": True, "word_times": True}, text(sentence))
        words, _ = await until_frame(connection, "words")
        _, third = await until_frame(connection, "done")
    assert first.content == second.content == third
    assert [word["text"] for word in words["words"]] == sentence.split()
    after = await figures()

    def rise(name: str) -> float:
        return after[name] - before.get(name, 0.0)

    assert rise('vivavoce_speech_cache_lookups_total{engine="speaker",outcome="miss"}') == 1
    assert rise('vivavoce_speech_cache_lookups_total{engine="speaker",outcome="hit"}') == 2
    assert rise('vivavoce_speech_cache_served_bytes_total{engine="speaker"}') == 2 * len(first.content)
    assert rise("vivavoce_speech_cache_bytes") > len(first.content)
    assert rise('vivavoce_speech_synthesis_real_time_factor_count{engine="speaker"}') == 3


async def test_ten_megabytes_of_text(server: Running) -> None:
    async with httpx.AsyncClient(base_url=server.url, timeout=20) as http:
        body = {"model": "speaker", "voice": "tone", "input": "word " * 2_000_000}
        response = await http.post("/v1/audio/speech", json=body)
        assert (response.status_code, response.json()["error"]["code"]) == (400, "text_too_long")
    async with socket(server) as connection:
        with pytest.raises(ConnectionClosed) as closed:
            await say(connection, text("word " * 2_000_000))
            await connection.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1009
    async with socket(server) as connection:
        await say(connection, {"type": "start"}, text("x" * 4097))
        error, _ = await until_frame(connection, "error")
        assert error["error"]["code"] == "text_too_long"
        with pytest.raises(ConnectionClosed) as closed:
            await say(connection, text("word " * 20_000))
            await connection.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1009


@pytest.mark.parametrize("claimed", [0, 1, 0x7FFFFFFF, 0xFFFFFFFF])
async def test_a_wav_header_that_lies_about_its_length(server: Running, claimed: int) -> None:
    """What is there is heard, as much as the header admits; nothing is waited for and nothing is set aside for it."""
    length = claimed.to_bytes(4, "little")
    rate = (16_000).to_bytes(4, "little") + (32_000).to_bytes(4, "little")
    header = b"RIFF" + length + b"WAVEfmt \x10\0\0\0\1\0\1\0" + rate + b"\2\0\x10\0data" + length
    async with httpx.AsyncClient(base_url=server.url, timeout=10) as http:
        response = await http.post(
            "/v1/audio/transcriptions",
            files={"file": ("a.wav", header + b"\x10\0" * 16_000 * 2)},
            data={"model": "listener"},
        )
    if response.status_code == 200:
        assert response.json()["text"] in ("", "word word")
    else:
        assert response.json()["error"]["code"] == "sound_unreadable"


async def test_pages_of_other_sites_are_kept_out(server: Running) -> None:
    for path in ("/v1/audio/stream", "/v1/audio/transcribe"):
        async with httpx.AsyncClient(base_url=server.url) as http:
            plain = await http.get(path)
            assert (plain.status_code, plain.json()["error"]["code"]) == (426, "websocket_only")
            upgrade = {
                "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
                "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
            }  # fmt: skip
            refused = await http.get(path, headers={**upgrade, "Origin": "https://evil.example"})
            assert (refused.status_code, refused.json()["error"]["code"]) == (403, "origin_refused")
        url = server.url.replace("http", "ws") + path
        async with connect(url, origin=server.url):  # pyright: ignore[reportArgumentType]  # a NewType
            pass


async def test_head_options_and_wrong_methods(server: Running) -> None:
    async with httpx.AsyncClient(base_url=server.url) as http:
        for path in ("/healthz", "/readyz", "/v1/models", "/v1/audio/voices", "/metrics", "/openapi.json"):
            head = await http.head(path)
            assert (head.status_code, head.content) == (200, b"")
        assert (await http.head("/nowhere")).status_code == 404
        options = await http.options("/v1/audio/speech")
        assert (options.status_code, options.headers["allow"]) == (204, "OPTIONS, POST")
        for method, path in (
            ("GET", "/v1/audio/speech"),
            ("HEAD", "/v1/audio/speech"),
            ("PUT", "/v1/models"),
        ):
            wrong = await http.request(method, path)
            assert wrong.status_code == 405
            assert wrong.headers["allow"]
        assert wrong.json()["error"]["code"] == "method_not_allowed"


async def test_a_dead_peer_is_found_out() -> None:
    """One that took the socket and then says nothing, not even what every WebSocket library says by itself."""
    async with serve_fake_engines(speaker="speaker", ping_s=0.3) as server:
        address = server.url.removeprefix("http://")
        host, _, port = address.partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(
            f"GET /v1/audio/stream HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
        )
        async with asyncio.timeout(10):
            head = await reader.readuntil(b"\r\n\r\n")
            assert b"101" in head
            await reader.read()  # until the server has had enough
        writer.close()
        async with socket(server) as alive:
            await asyncio.sleep(1.0)  # three pings
            await say(alive, {"type": "ping"})
            await until_frame(alive, "pong")


async def test_a_thousand_streams_leave_nothing_behind(server: Running) -> None:
    """One after another, by every way, a quarter left in the middle; memory and descriptors stay as they are."""
    engine = server.engines["speaker"]
    assert engine.pid is not None
    processes = [psutil.Process(), psutil.Process(engine.pid)]

    def descriptors() -> int:
        return sum(process.num_fds() for process in processes)

    def memory() -> int:
        return sum(process.memory_full_info().uss for process in processes)

    async def over_http(number: int, http: httpx.AsyncClient) -> None:
        format = FORMATS[number % len(FORMATS)]
        body = {"model": "speaker", "voice": "tone", "input": "one two", "response_format": format}
        async with http.stream("POST", "/v1/audio/speech", json=body) as response:
            async for _ in response.aiter_raw():
                if number % 4 == 0:
                    break

    async def over_a_socket(numbers: range) -> None:
        async with socket(server) as connection:
            for number in numbers:
                await say(connection, {"type": "start"}, text("one two"))
                await until_frame(connection, "audio")
                if number % 4 == 1:
                    await say(connection, {"type": "cancel"})
                await until_frame(connection, "done")
            if numbers.start % 20:
                await say(connection, {"type": "start"}, text("one two"))

    async def run(streams: int) -> None:
        async with httpx.AsyncClient(base_url=server.url) as http:
            for first in range(0, streams // 2, 10):
                await over_a_socket(range(first, first + 10))
                for number in range(first, first + 10):
                    await over_http(number, http)
        await until(lambda: engine.in_flight == 0)

    await run(200)
    fds, bytes_before = descriptors(), memory()
    await run(1000)
    await until(lambda: descriptors() <= fds)
    assert memory() - bytes_before < 4 << 20
    assert len(asyncio.all_tasks()) < 20
