"""What a vLLM-Omni server is sent, in the versions that are about, and what is made of its answers."""

from __future__ import annotations

import asyncio
from typing import Literal

import pytest

from vivavoce.speech.errors import SpeechRejected, SpeechUnavailable
from vivavoce.speech.upstream.base import Reference
from vivavoce.speech.upstream.voxtral import VoxtralUpstream
from vivavoce.speech.upstream.wav import wav

from .conftest import CLIP, KINDS, Kind, at, frequency, pair
from .upstream_servers import Fault, running, tone
from .voxtral_server import VoxtralServer

VOXTRAL, SOCKET = KINDS["voxtral"], KINDS["voxtral-socket"]
BOTH = pytest.mark.parametrize("kind", [VOXTRAL, SOCKET], ids=lambda kind: kind.name)
VERSIONS = pytest.mark.parametrize("version", [16, 29])


@VERSIONS
async def test_it_streams_in_every_version(version: Literal[16, 29]) -> None:
    async with pair(VOXTRAL, server=VoxtralServer(version=version)) as far:
        assert await far.speak("Guten Tag.", language="de") == tone(24_000)
    assert far.server.spoken == [
        {
            "voice": "de_female",
            "input": "Guten Tag.",
            "response_format": "pcm",
            "stream": True,
            "stream_format": "audio",
        }
    ]


@VERSIONS
async def test_its_errors_in_every_version(version: Literal[16, 29]) -> None:
    """The old one sends them with status 200."""
    async with pair(VOXTRAL, server=VoxtralServer(version=version)) as far:
        with pytest.raises(SpeechRejected, match="Invalid speaker 'bert'"):
            await far.speak(voice="bert")
        assert len(far.server.spoken) == 1


async def test_a_model_of_another_name() -> None:
    server = VoxtralServer()
    async with running(server):
        upstream = VoxtralUpstream(at(server.url), model="some/other")
        with pytest.raises(SpeechRejected, match="`some/other` does not exist") as raised:
            async for _ in upstream.speak("Hi.", voice="de_male", language=None, speed=1.0, reference=None):
                pass
        assert raised.value.reason == "upstream_unknown"
        await upstream.aclose()


async def test_another_speed_comes_whole() -> None:
    async with pair(SOCKET) as far:
        assert await far.speak(speed=1.5) == tone(24_000)
        assert far.server.spoken == [
            {"voice": "de_female", "input": "Hello.", "response_format": "wav", "speed": 1.5}
        ]


async def test_its_voices_have_languages() -> None:
    async with pair(VOXTRAL) as far:
        await far.speak(reference=CLIP)
        voices = {voice.id: (voice.language, voice.gender) for voice in await far.upstream.voices()}
    # The clip that was uploaded is not one of them.
    assert voices == {
        "casual_male": ("en", "male"),
        "de_female": ("de", "female"),
        "de_male": ("de", "male"),
        "neutral_female": ("en", "female"),
    }


@BOTH
async def test_a_clip_is_uploaded_once(kind: Kind) -> None:
    async with pair(kind) as far:
        assert far.upstream.imitates
        await asyncio.gather(*(far.speak(reference=CLIP) for _ in range(3)))
        assert far.server.uploads == 1
        name = f"vivavoce-{CLIP.id}"
        kept = far.server.clips[name]
        assert (kept["ref_text"], kept["consent"], kept["data"]) == (CLIP.transcript, CLIP.consent, CLIP.wav)
        assert {body["voice"] for body in far.server.spoken} == {name}


async def test_another_process_finds_the_clip_there() -> None:
    server = VoxtralServer()
    async with running(server):
        for _ in range(2):
            upstream = VoxtralUpstream(at(server.url))
            async for _ in upstream.speak("Hi.", voice="", language=None, speed=1.0, reference=CLIP):
                pass
            await upstream.aclose()
    assert server.uploads == 1


async def test_a_server_that_lost_the_clip_gets_it_again() -> None:
    async with pair(VOXTRAL) as far:
        await far.speak(reference=CLIP)
        far.server.clips.clear()
        assert await far.speak(reference=CLIP) == tone(24_000)
        assert far.server.uploads == 2


async def test_a_clip_is_forgotten_and_forgetting_twice_is_no_error() -> None:
    async with pair(VOXTRAL) as far:
        await far.speak(reference=CLIP)
        await far.upstream.forget(CLIP.id)
        assert far.server.clips == {}
        await far.upstream.forget(CLIP.id)


@BOTH
async def test_the_public_checkpoint_takes_clips_and_cannot_use_them(kind: Kind) -> None:
    async with pair(kind, server=VoxtralServer(imitates=False)) as far:
        with pytest.raises(SpeechRejected, match="Unknown voice"):
            await far.speak(reference=CLIP)


async def test_a_clip_that_is_too_long_for_it() -> None:
    long = Reference("clip-1", wav(tone(8000, 31.0), 8000), "Long.", "c")
    async with pair(VOXTRAL) as far:
        with pytest.raises(SpeechRejected, match="too long"):
            await far.speak(reference=long)


async def test_a_server_without_the_socket_is_spoken_to_over_http() -> None:
    async with pair(SOCKET, server=VoxtralServer(socket=False)) as far:
        assert await far.speak() == tone(24_000)
        assert await far.speak() == tone(24_000)
        assert isinstance(far.server, VoxtralServer)
        assert far.server.over_socket == 0


async def test_the_socket_is_used_and_told_the_text_in_one() -> None:
    async with pair(SOCKET, key="k") as far:
        assert await far.speak("Guten Tag.") == tone(24_000)
        assert isinstance(far.server, VoxtralServer)
        assert far.server.over_socket == 1
    assert far.server.spoken == [
        {"voice": "de_female", "response_format": "pcm", "stream_audio": True, "input": "Guten Tag."}
    ]


async def test_the_rate_that_the_socket_announces_is_believed() -> None:
    async with pair(SOCKET) as far:
        far.server.always = Fault(rate=44_100)
        pcm = await far.speak()
        assert abs(len(pcm) / 2 / 24_000 - 1.0) < 0.005
        assert abs(frequency(pcm, 24_000) - 440) < 3


async def test_an_older_socket_announces_none() -> None:
    async with pair(SOCKET, server=VoxtralServer(says_rate=False)) as far:
        assert await far.speak() == tone(24_000)


async def test_what_the_socket_refuses_is_the_caller_s_fault() -> None:
    async with pair(SOCKET) as far:
        with pytest.raises(SpeechRejected, match="Invalid speaker 'bert'"):
            await far.speak(voice="bert")


async def test_a_failure_over_the_socket_says_why() -> None:
    async with pair(SOCKET) as far:
        far.server.always = Fault(breaks_after=3)
        with pytest.raises(SpeechUnavailable, match="the test asked for it"):
            await far.speak()
