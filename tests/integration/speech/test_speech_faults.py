"""What the speech server does when engines die, callers leave and too much is asked of it."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from vivavoce.speech.client import SpeechBusy, SpeechClient, SpeechDropped, SpeechUnavailable, Transcript
from vivavoce.speech.supervisor import Limits, State

from .conftest import serve_fake_engines

SECOND = b"\x10\x00" * 16_000


async def until(condition: Callable[[], bool], *, within_s: float = 20.0) -> float:
    """Wait until the condition holds; how long it took, seconds."""
    start = time.monotonic()
    async with asyncio.timeout(within_s):
        while not condition():
            await asyncio.sleep(0.005)
    return time.monotonic() - start


async def test_a_caller_who_leaves_stops_the_engine() -> None:
    async with serve_fake_engines(speaker="speaker") as server, SpeechClient(server.url) as client:
        engine = server.engines["speaker"]
        async with client.speak("word " * 500, model="speaker", voice="tone") as sound:
            async for _ in sound:
                break
            assert engine.in_flight == 1
        # A step is 0.1 s; 0.2 s is the promise, and the rest is for a machine that others use too.
        assert await until(lambda: engine.in_flight == 0) < 0.2 + 0.8
        async with httpx.AsyncClient(base_url=server.url) as http:
            text = (await http.get("/metrics")).text
        assert 'vivavoce_speech_requests_total{engine="speaker",outcome="gone"} 1.0' in text
        assert 'vivavoce_speech_requests_in_hand{engine="speaker"} 0.0' in text


async def test_a_caller_who_leaves_stops_even_a_long_step() -> None:
    async with serve_fake_engines(speaker="speaker") as server, SpeechClient(server.url) as client:
        task = asyncio.create_task(speak(client, "long"))
        await until(lambda: server.engines["speaker"].in_flight == 1)
        await asyncio.sleep(0.3)
        task.cancel()
        assert await until(lambda: server.engines["speaker"].in_flight == 0) < 2.0
        assert await speak(client, "hello")  # the same process, as good as before
        assert server.engines["speaker"].restarts == 0


async def test_a_caller_who_leaves_before_the_first_sound_stops_the_engine() -> None:
    async with (
        serve_fake_engines(speaker="speaker", listener="listener") as server,
        SpeechClient(server.url) as client,
    ):
        for engine, work in (
            ("speaker", speak(client, "word " * 50)),
            ("listener", client.transcribe(SECOND * 60)),
        ):
            task = asyncio.create_task(work)
            await until(lambda engine=engine: server.engines[engine].in_flight == 1)
            task.cancel()
            assert await until(lambda engine=engine: server.engines[engine].in_flight == 0) < 2.0


async def speak(client: SpeechClient, text: str, *, voice: str = "tone") -> bytes:
    async with client.speak(text, model="speaker", voice=voice) as sound:
        return b"".join([chunk async for chunk in sound])


async def test_an_engine_that_dies_takes_only_its_own_work_and_comes_back() -> None:
    async with (
        serve_fake_engines(speaker="speaker", listener="listener") as server,
        SpeechClient(server.url) as client,
    ):
        other = asyncio.create_task(client.transcribe(SECOND * 20))
        queued = asyncio.create_task(speak(client, "word " * 30))
        got = 0
        with pytest.raises(SpeechUnavailable):
            async with client.speak("word word die word", model="speaker", voice="tone") as sound:
                async for chunk in sound:
                    got += len(chunk)
        assert got > 0
        with pytest.raises(SpeechUnavailable):
            await queued
        await until(lambda: server.engines["speaker"].state is State.READY)
        assert server.engines["speaker"].restarts == 1
        assert len(await speak(client, "hello again")) == 2 * 12_000 * 2
        assert (await other).text.split() == ["word"] * 20


async def test_an_engine_killed_from_outside_mid_stream() -> None:
    async with serve_fake_engines(speaker="speaker") as server, SpeechClient(server.url) as client:
        engine = server.engines["speaker"]
        assert engine.pid is not None
        with pytest.raises(SpeechUnavailable):
            async with client.speak("word " * 50, model="speaker", voice="tone") as sound:
                async for _ in sound:
                    os.kill(engine.pid, signal.SIGKILL)
        await until(lambda: engine.state is State.READY)
        assert await speak(client, "hello")


async def test_an_engine_that_hangs_is_killed() -> None:
    limits = Limits(stall_s=1.0, stop_s=0.5)
    async with (
        serve_fake_engines(speaker="speaker", limits=limits) as server,
        SpeechClient(server.url) as client,
    ):
        first = server.engines["speaker"].pid
        with pytest.raises(SpeechUnavailable):
            await speak(client, "word hang")
        await until(lambda: server.engines["speaker"].state is State.READY)
        assert server.engines["speaker"].pid != first
        assert await speak(client, "hello")


async def test_long_work_is_no_hang() -> None:
    """A transcription that takes longer than the limit for hanging shows signs of life meanwhile."""
    limits = Limits(stall_s=3.0)
    async with (
        serve_fake_engines(listener="listener", limits=limits) as server,
        SpeechClient(server.url) as client,
    ):
        transcript = await client.transcribe(SECOND * 50, priority="batch")
        assert len(transcript.text.split()) == 50
        assert server.engines["listener"].restarts == 0


async def test_a_slow_reader_holds_back_only_itself() -> None:
    """The worker stops far enough ahead of a caller who does not read; others are served meanwhile."""
    async with serve_fake_engines(speaker="speaker") as server, SpeechClient(server.url) as client:
        async with client.speak("word " * 800, model="speaker", voice="tone"):
            await asyncio.sleep(1.0)
            assert len(await speak(client, "hello you")) == 2 * 12_000 * 2
        await until(lambda: server.engines["speaker"].in_flight == 0)


async def test_too_many_requests_are_told_to_come_back() -> None:
    limits = Limits(live=2, other=1)
    async with (
        serve_fake_engines(listener="listener", limits=limits) as server,
        SpeechClient(server.url) as client,
    ):
        batch = asyncio.create_task(client.transcribe(SECOND * 20, priority="batch"))
        await until(lambda: server.engines["listener"].in_flight == 1)
        with pytest.raises(SpeechBusy) as refused:
            await client.transcribe(SECOND, priority="batch")
        assert refused.value.retry_after_s >= 1
        assert (await client.transcribe(SECOND)).text == "word"  # live has room where batch has not
        batch.cancel()


async def test_live_goes_before_batch_and_a_late_partial_is_dropped() -> None:
    async with serve_fake_engines(listener="listener") as server, SpeechClient(server.url) as client:
        order: list[str] = []

        async def hear(name: str, seconds: int, priority: Any) -> None:
            try:
                await client.transcribe(SECOND * seconds, priority=priority)
                order.append(name)
            except SpeechDropped:
                order.append(f"{name} dropped")

        engine = server.engines["listener"]
        async with asyncio.TaskGroup() as group:
            group.create_task(hear("batch", 25, "batch"))
            await until(lambda: engine.in_flight == 1)
            group.create_task(hear("live", 12, "live"))
            await until(lambda: engine.in_flight == 2)
            group.create_task(hear("partial", 1, "partial"))
        assert order == ["partial dropped", "live", "batch"]


async def test_playback_of_two_callers_interleaves() -> None:
    """The second caller's first sound does not wait for the whole of the first caller's text."""
    async with serve_fake_engines(speaker="speaker") as server, SpeechClient(server.url) as client:
        first = asyncio.create_task(speak(client, "word " * 40))
        await until(lambda: server.engines["speaker"].in_flight == 1)
        start = time.monotonic()
        async with client.speak("word", model="speaker", voice="tone") as sound:
            async for _ in sound:
                break
        waited = time.monotonic() - start
        assert not first.done()
        assert waited < 2.0
        await first


async def test_an_engine_with_two_lanes_speaks_two_texts_at_once() -> None:
    async with serve_fake_engines(speaker="two_speakers") as server, SpeechClient(server.url) as client:
        alone = await took(speak(client, "word " * 10))
        both = await took(asyncio.gather(*(speak(client, "word " * 10) for _ in range(2))))
        assert both < 1.6 * alone


async def test_utterances_that_end_together_are_heard_together() -> None:
    async with serve_fake_engines(listener="eight_ears") as server, SpeechClient(server.url) as client:
        alone = await took(client.transcribe(SECOND * 5))
        all_at_once = await took(asyncio.gather(*(client.transcribe(SECOND * 5) for _ in range(8))))
        assert (
            all_at_once < 6 * alone
        )  # one by one it would be eight times as long; a busy machine adds to it


async def test_one_that_fails_among_those_heard_together_fails_alone() -> None:
    async with serve_fake_engines(listener="eight_ears") as server, SpeechClient(server.url) as client:
        outcomes = await asyncio.gather(
            *(client.transcribe(SECOND * 2, prompt=word) for word in ("one", "fail", "three")),
            return_exceptions=True,
        )
        one, failed, three = outcomes
        assert isinstance(one, Transcript) and one.text == "one one"
        assert isinstance(three, Transcript) and three.text == "three three"
        assert isinstance(failed, SpeechUnavailable)


async def took(work: Awaitable[object]) -> float:
    start = time.monotonic()
    await work
    return time.monotonic() - start


async def test_readiness_names_what_is_loading_and_work_waits_for_it() -> None:
    async with (
        serve_fake_engines(speaker="slow_to_load", listener="listener", wait=False) as server,
        httpx.AsyncClient(base_url=server.url) as http,
        SpeechClient(server.url) as client,
    ):
        response = await http.get("/readyz")
        assert response.status_code == 503
        assert response.json()["checks"]["speaker"] == {"ok": False, "detail": "loading the model"}
        assert (await http.get("/healthz")).text == "ok"
        with pytest.raises(SpeechUnavailable) as early:
            await speak(client, "hello")
        assert "loading" in str(early.value)
        await until(lambda: all(engine.state is State.READY for engine in server.engines.values()))
        assert (await client.ready()).ready


async def test_an_engine_that_cannot_be_loaded_says_why_and_spoils_nothing() -> None:
    async with (
        serve_fake_engines(speaker="not_installed", listener="listener", wait=False) as server,
        SpeechClient(server.url) as client,
    ):
        await until(lambda: server.engines["speaker"].state is State.FAILED)
        await until(lambda: server.engines["listener"].state is State.READY)
        readiness = await client.ready()
        assert not readiness.ready
        assert readiness.details["speaker"].endswith("Install it.")
        assert (await client.transcribe(SECOND)).text == "word"
        with pytest.raises(SpeechUnavailable, match="not installed"):
            await speak(client, "hello")


async def test_an_engine_that_crashes_while_loading_is_tried_again() -> None:
    limits = Limits(backoff_s=(0.01, 0.02))
    async with serve_fake_engines(speaker="crashes", wait=False, limits=limits) as server:
        await until(lambda: server.engines["speaker"].restarts >= 3)
        assert server.engines["speaker"].state is not State.READY


async def test_no_process_is_left_when_the_server_stops() -> None:
    async with serve_fake_engines(speaker="speaker", listener="listener") as server:
        pids = [engine.pid for engine in server.engines.values()]
    for pid in pids:
        assert pid is not None
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
