"""What a Fish Speech server is sent, and what is made of its answers."""

from __future__ import annotations

import pytest

from vivavoce.speech.errors import SpeechRejected
from vivavoce.speech.upstream.fish import FishUpstream

from .conftest import CLIP, KINDS, at, pair
from .fish_server import FishServer
from .upstream_servers import running, tone

FISH = KINDS["fish"]


@pytest.mark.parametrize("header", [False, True])
async def test_its_wav_comes_without_a_header_or_with_one(header: bool) -> None:
    async with pair(FISH, server=FishServer(header=header), key="k") as far:
        assert await far.speak("Good morning.") == tone(44_100)
    assert far.server.spoken == [
        {
            "text": "Good morning.",
            "format": "wav",
            "streaming": True,
            "chunk_length": 100,
            "use_memory_cache": "on",
        }
    ]
    assert far.server.headers[0]["content-type"] == "application/msgpack"
    assert far.server.headers[0]["authorization"] == "Bearer k"


async def test_a_clip_goes_with_each_request_and_is_encoded_once() -> None:
    async with pair(FISH) as far:
        assert far.upstream.imitates
        for _ in range(3):
            await far.speak(reference=CLIP)
        assert isinstance(far.server, FishServer)
        assert far.server.encoded == 1
        assert far.server.spoken[2]["references"] == [{"audio": CLIP.wav, "text": CLIP.transcript}]
        assert "reference_id" not in far.server.spoken[2]
        await far.upstream.forget(CLIP.id)


async def test_its_own_references_are_voices() -> None:
    server = FishServer(references={"anna": "…"})
    async with pair(FISH, server=server) as far:
        assert [voice.id for voice in await far.upstream.voices()] == ["default", "anna"]
        await far.speak(voice="anna")
        assert server.spoken[0]["reference_id"] == "anna"
        # One that was added meanwhile is found.
        server.references["bert"] = "…"
        await far.speak(voice="bert")


async def test_a_reference_that_it_does_not_have_is_never_asked_for() -> None:
    """It would speak in some other voice."""
    async with pair(FISH, server=FishServer(references={"anna": "…"})) as far:
        with pytest.raises(SpeechRejected, match="no voice 'carla'") as raised:
            await far.speak(voice="carla")
        assert raised.value.reason == "voice_unknown"
        assert "anna" in raised.value.next_step
        assert far.server.spoken == []


async def test_an_old_server_lists_no_references() -> None:
    async with pair(FISH, server=FishServer(manages=False)) as far:
        assert [voice.id for voice in await far.upstream.voices()] == ["default"]


async def test_it_has_no_speed() -> None:
    async with pair(FISH) as far:
        with pytest.raises(SpeechRejected, match="its own speed") as raised:
            await far.speak(speed=1.2)
        assert raised.value.param == "speed"


async def test_its_words_for_a_text_that_is_too_long() -> None:
    async with pair(FISH, server=FishServer(max_text=5)) as far:
        with pytest.raises(SpeechRejected, match="max length is 5"):
            await far.speak("Too long a text.")


async def test_the_hosted_api_is_named_a_model_and_can_be_faster() -> None:
    server = FishServer(header=True)
    async with running(server):
        upstream = FishUpstream(at(server.url, key="k", headers={"model": "s1"}), hosted=True)
        pieces = upstream.speak("Hi.", voice="802e3bc2", language=None, speed=3.0, reference=None)
        assert b"".join([piece async for piece in pieces]) == tone(44_100)
        assert [voice.id for voice in await upstream.voices()] == ["default"]
        await upstream.aclose()
    assert server.headers[0]["model"] == "s1"
    assert server.spoken[0]["reference_id"] == "802e3bc2"
    assert server.spoken[0]["prosody"] == {"speed": 2.0}
