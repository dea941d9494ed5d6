"""What every kind of upstream does when its server is slow, broken, full, or something else: one suite for all."""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from pathlib import Path

import pytest

from vivavoce.breaker import BreakerState
from vivavoce.speech.errors import SpeechBusy, SpeechRejected, SpeechUnavailable

from .conftest import BREAKER, KINDS, PATIENCE, Kind, at, frequency, pair, until
from .upstream_servers import PIECE_S, PIECES, Fault, gibberish, tone, wav_header

HTTP = pytest.mark.parametrize(
    "kind", [k for k in KINDS.values() if "socket" not in k.name], ids=lambda k: k.name
)
"""Faults that only an answer over HTTP can have."""

KEY = "sk-very-secret-0123456789"


async def test_a_text_is_spoken_whole_and_as_it_is_made(kind: Kind) -> None:
    async with pair(kind) as far:
        far.server.always = Fault(every_s=0.05)
        start = time.monotonic()
        first = 0.0
        pieces: list[bytes] = []
        async for piece in far.start():
            first = first or time.monotonic() - start
            pieces.append(piece)
        assert b"".join(pieces) == tone(kind.rate)
        assert all(len(piece) % 2 == 0 for piece in pieces)
        assert first < 0.6 * (time.monotonic() - start), "the first sound waited for the last"
        assert far.upstream.sample_rate == kind.rate


async def test_many_at_once_each_get_their_own(kind: Kind) -> None:
    async with pair(kind) as far:
        far.server.always = Fault(every_s=0.01)
        sounds = await asyncio.gather(*(far.speak(f"Text {n}.") for n in range(12)))
        assert all(sound == tone(kind.rate) for sound in sounds)
        assert far.server.most_open > 6


async def test_closing_the_iterator_closes_the_request_at_once(kind: Kind) -> None:
    async with pair(kind) as far:
        far.server.always = Fault(every_s=0.02)
        speech = far.start()
        await anext(speech)
        assert far.server.open == 1
        left = time.monotonic()
        await speech.aclose()
        assert time.monotonic() - left < 0.1
        # The server finds out when it sends the next piece.
        await until(lambda: far.server.open == 0)
        assert far.server.left_at[0] - left < 0.2
        assert far.upstream.breaker is BreakerState.CLOSED


async def test_cancelling_before_the_first_sound_closes_it_too(kind: Kind) -> None:
    async with pair(kind) as far:
        far.server.always = Fault(before_s=0.6, every_s=0.02)
        task = asyncio.create_task(far.speak())
        await until(lambda: far.server.open == 1)
        task.cancel()
        await asyncio.wait([task])
        assert await until(lambda: far.server.open == 0) < 1.0
        assert task.cancelled()


async def test_a_sample_that_is_cut_in_two_stays_whole(kind: Kind) -> None:
    pcm = tone(kind.rate, 0.1)
    cuts = [pcm[:1], pcm[1:4], pcm[4:5], pcm[5:1001], pcm[1001:]]
    async with pair(kind) as far:
        far.server.always = Fault(pieces=cuts, every_s=0.01)
        pieces = [piece async for piece in far.start()]
        assert b"".join(pieces) == pcm
        assert all(len(piece) % 2 == 0 for piece in pieces)


async def test_a_slow_drip_is_no_stall(kind: Kind) -> None:
    """Longer than any single wait, but never silent for long."""
    pcm = tone(kind.rate, 0.02)
    async with pair(kind) as far:
        far.server.always = Fault(pieces=[pcm[n : n + 40] for n in range(0, len(pcm), 40)], every_s=0.04)
        assert await far.speak() == pcm


async def test_a_stall_before_the_first_sound_is_given_up_in_time(kind: Kind) -> None:
    async with pair(kind) as far:
        far.server.always = Fault(before_s=2.5)
        start = time.monotonic()
        with pytest.raises(SpeechUnavailable, match="gave no sound"):
            await far.speak()
        assert time.monotonic() - start < PATIENCE.first_byte_s + 0.5
        # It may be at work on it: it is not asked again.
        assert len(far.server.spoken) == 1


async def test_a_stall_after_the_first_sound_ends_the_stream_with_an_error(kind: Kind) -> None:
    async with pair(kind) as far:
        far.server.always = Fault(after_s=1.5)
        got = b""
        start = time.monotonic()
        with pytest.raises(SpeechUnavailable, match="sent no more sound"):
            async for piece in far.start():
                got += piece
        assert got
        assert time.monotonic() - start < PATIENCE.between_s + 0.6
        assert len(far.server.spoken) == 1


async def test_a_stream_that_breaks_off_is_an_error_and_not_an_end(kind: Kind) -> None:
    async with pair(kind) as far:
        far.server.always = Fault(breaks_after=5, every_s=0.02)
        got = b""
        with pytest.raises(SpeechUnavailable):
            async for piece in far.start():
                got += piece
        assert got == tone(kind.rate)[: len(got)]
        assert 0 < len(got) <= 5 * round(kind.rate * PIECE_S) * 2
        assert len(far.server.spoken) == 1, "what has begun is never tried again"


@HTTP
async def test_one_that_breaks_off_before_the_first_sound_is_tried_again(kind: Kind) -> None:
    async with pair(kind) as far:
        far.server.faults.extend([Fault(breaks_after=0), Fault(pieces=[])])
        assert await far.speak() == tone(kind.rate)
        assert len(far.server.spoken) == 3


async def test_no_sound_at_all_is_an_error(kind: Kind) -> None:
    async with pair(kind) as far:
        far.server.always = Fault(pieces=[])
        with pytest.raises(SpeechUnavailable, match="without any sound"):
            await far.speak()


@HTTP
async def test_a_server_that_fails_and_then_works_is_tried_again(kind: Kind) -> None:
    async with pair(kind) as far:
        far.server.faults.extend([Fault(status=500), Fault(status=502, body="<html>Bad gateway</html>")])
        assert await far.speak() == tone(kind.rate)
        assert len(far.server.spoken) == 3
        assert far.upstream.breaker is BreakerState.CLOSED


@HTTP
async def test_one_that_keeps_failing_is_given_up(kind: Kind) -> None:
    async with pair(kind) as far:
        far.server.always = Fault(status=500, body={"error": {"message": "CUDA out of memory", "code": 500}})
        with pytest.raises(SpeechUnavailable, match="CUDA out of memory"):
            await far.speak()
        assert len(far.server.spoken) == 3


@HTTP
async def test_a_full_server_is_asked_again_when_it_says(kind: Kind) -> None:
    async with pair(kind) as far:
        far.server.faults.append(Fault(status=429, headers={"Retry-After": "0.2"}))
        start = time.monotonic()
        assert await far.speak() == tone(kind.rate)
        assert time.monotonic() - start >= 0.2


@HTTP
async def test_a_long_wait_is_the_caller_s_to_decide(kind: Kind) -> None:
    async with pair(kind) as far:
        far.server.always = Fault(status=429, headers={"Retry-After": "20"})
        with pytest.raises(SpeechBusy) as raised:
            await far.speak()
        assert raised.value.retry_after_s == 20.0
        assert len(far.server.spoken) == 1
        assert far.upstream.breaker is BreakerState.CLOSED


@HTTP
async def test_a_refusal_is_passed_on_and_not_tried_again(kind: Kind) -> None:
    async with pair(kind) as far:
        far.server.always = Fault(
            status=400, body={"error": {"message": "The input is odd.", "param": "input"}}
        )
        with pytest.raises(SpeechRejected, match=r"The input is odd\.") as raised:
            await far.speak()
        assert raised.value.param == "input"
        assert len(far.server.spoken) == 1
        assert far.upstream.breaker is BreakerState.CLOSED


@HTTP
async def test_an_empty_account_is_no_full_server(kind: Kind) -> None:
    body = {"error": {"message": "You exceeded your current quota.", "code": "insufficient_quota"}}
    async with pair(kind) as far:
        far.server.always = Fault(status=429, body=body)
        with pytest.raises(SpeechRejected, match="quota"):
            await far.speak()
        assert len(far.server.spoken) == 1


@HTTP
async def test_a_wrong_key_is_said_without_saying_it(kind: Kind, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with pair(kind, key=KEY) as far:
        far.server.key = "another"
        with pytest.raises(SpeechRejected, match=r"does not accept the key") as raised:
            await far.speak()
        assert raised.value.reason == "upstream_key"
        assert KEY not in str(raised.value)
        assert KEY not in repr(raised.value.__cause__)
        assert KEY not in caplog.text
        far.server.key = KEY
        assert await far.speak() == tone(kind.rate)


@HTTP
async def test_a_key_in_an_upstream_s_words_is_cut_out(kind: Kind) -> None:
    async with pair(kind, key=KEY) as far:
        far.server.always = Fault(status=400, body={"error": {"message": f"No credit left for {KEY}!"}})
        with pytest.raises(SpeechRejected, match="No credit left for …!") as raised:
            await far.speak()
        assert KEY not in str(raised.value)


@HTTP
async def test_another_rate_than_announced_is_made_the_announced_one(kind: Kind) -> None:
    other = 16_000
    data = wav_header(other) + tone(other)
    async with pair(kind) as far:
        far.server.always = Fault(pieces=[data[n : n + 999] for n in range(0, len(data), 999)])
        pcm = await far.speak()
        assert abs(len(pcm) / 2 / kind.rate - PIECE_S * PIECES) < 0.005
        assert abs(frequency(pcm, kind.rate) - 440) < 3


@HTTP
async def test_a_rate_in_the_content_type_is_believed(kind: Kind) -> None:
    async with pair(kind) as far:
        far.server.always = Fault(pieces=[tone(8000)], content_type="audio/pcm;rate=8000")
        pcm = await far.speak()
        assert abs(frequency(pcm, kind.rate) - 440) < 3


@HTTP
@pytest.mark.parametrize("length", [0, 44, 1 << 30])
async def test_a_header_that_lies_about_its_length(kind: Kind, length: int) -> None:
    async with pair(kind) as far:
        data = wav_header(kind.rate, length=length) + tone(kind.rate)
        far.server.always = Fault(pieces=[data[:50], data[50:]])
        assert await far.speak() == tone(kind.rate)


@HTTP
@pytest.mark.parametrize(
    ("pieces", "content_type", "what"),
    [
        ([b"<!doctype html>", b"<title>nginx</title>"], "audio/wav", "text"),
        ([b"<!doctype html>", b"<title>nginx</title>"], "text/html", "no speech server"),
        ([b'{"ok": true}'], "application/json", "no speech server"),
        ([b"OggS", bytes(4000)], "audio/wav", "Ogg"),
        ([wav_header(24_000)[:40]], "audio/wav", "inside its header"),
    ],
)
async def test_garbage_is_named(kind: Kind, pieces: list[bytes], content_type: str, what: str) -> None:
    async with pair(kind) as far:
        far.server.always = Fault(pieces=pieces, content_type=content_type)
        with pytest.raises(SpeechUnavailable, match=what):
            await far.speak()


@pytest.mark.parametrize("data", [b"\x00\x01\x02 not http \xff" * 9, b""])
async def test_a_server_that_speaks_something_else(kind: Kind, data: bytes) -> None:
    async with gibberish(data) as url:
        upstream = kind.upstream(at(url))
        with pytest.raises(SpeechUnavailable):
            async for _ in upstream.speak("Hi.", voice=kind.voice, language=None, speed=1.0, reference=None):
                pass
        with pytest.raises(SpeechUnavailable):
            await upstream.probe()
        await upstream.aclose()


async def test_nobody_there(kind: Kind) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        upstream = kind.upstream(at(url))
        with pytest.raises(SpeechUnavailable, match="cannot be reached"):
            async for _ in upstream.speak("Hi.", voice=kind.voice, language=None, speed=1.0, reference=None):
                pass
        with pytest.raises(SpeechUnavailable, match="cannot be reached"):
            await upstream.probe()
        await upstream.aclose()


async def test_the_breaker_spares_callers_the_wait_and_closes_again(kind: Kind) -> None:
    async with pair(kind) as far:
        far.server.always = Fault(pieces=[])
        while far.upstream.breaker is BreakerState.CLOSED:
            with pytest.raises(SpeechUnavailable, match="without any sound"):
                await far.speak()
        asked = len(far.server.spoken)
        assert asked == BREAKER.failures
        with pytest.raises(SpeechUnavailable, match="left alone"):
            await far.speak()
        assert len(far.server.spoken) == asked
        await until(lambda: far.upstream.breaker is BreakerState.HALF_OPEN)
        far.server.always = Fault(every_s=0.02)
        # One is let through; the others are not, until it has given its first sound.
        outcomes = await asyncio.gather(*(far.speak() for _ in range(4)), return_exceptions=True)
        assert sum(isinstance(outcome, bytes) for outcome in outcomes) == 1
        assert all(isinstance(outcome, bytes | SpeechUnavailable) for outcome in outcomes)
        far.server.always = Fault()
        assert await far.speak() == tone(kind.rate)
        assert far.upstream.breaker is BreakerState.CLOSED


async def test_a_hundred_texts_leave_no_connection_behind(kind: Kind) -> None:
    def connections() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    async with pair(kind) as far:
        await far.speak()
        before = connections()
        for number in range(100):
            if number % 3:
                far.server.always = Fault(pieces=[tone(kind.rate, 0.01)])
                await far.speak()
            else:
                far.server.always = Fault(every_s=0.005)
                speech = far.start()
                await anext(speech)
                await speech.aclose()
        await until(lambda: connections() < before + 8)
