"""Each cloud that a profile may name to hear or to speak, by LiveKit's plug-in, against a server of its wire format.

The servers are ours: the real services were never asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest
from scripted_clouds import A_WORD_S, Fault, Heard, Said, ScriptedClouds, scripted_clouds

from vivavoce.settings import Settings, SpeakingProfile, SttSettings, TtsSettings, VoiceProfile
from vivavoce.speech.client import SpeechClient, SpeechDropped, SpeechUnavailable
from vivavoce.voice.ears import Ears
from vivavoce.voice.plugins import CLOUDS
from vivavoce.voice.providers import Providers
from vivavoce.voice.speakers import Speakers

pytestmark = pytest.mark.livekit

SECOND = bytes(32_000)
"""Of silence, s16le mono at 16 kHz."""

EARS: dict[str, dict[str, Any]] = {
    "openai": {"model": "gpt-4o-transcribe", "base_url": "/openai/v1"},
    "deepgram": {"model": "nova-3", "base_url": "/deepgram/v1/listen"},
    "elevenlabs": {"model": "scribe_v1", "base_url": "/elevenlabs/v1"},
}

VOICES: dict[str, dict[str, Any]] = {
    "openai": {"model": "gpt-4o-mini-tts", "base_url": "/openai/v1", "response_format": "pcm"},
    "deepgram": {"model": None, "base_url": "/deepgram/v1/speak"},
    "elevenlabs": {"model": "eleven_turbo_v2_5", "base_url": "/elevenlabs/v1", "encoding": "pcm_24000"},
    "cartesia": {"model": "sonic-3", "base_url": "/cartesia"},
}

TOLD = {
    "openai": Said("Guten Tag Ihnen.", "nova", "gpt-4o-mini-tts", None),
    "deepgram": Said("Guten Tag Ihnen.", "aura-2-viktoria-de", "aura-2-viktoria-de", None),
    "elevenlabs": Said("Guten Tag Ihnen.", "v1", "eleven_turbo_v2_5", "de"),
    "cartesia": Said("Guten Tag Ihnen.", "v1", "sonic-3", "de"),
}
"""What each is told of a German sentence."""


@pytest.fixture
async def clouds() -> AsyncIterator[ScriptedClouds]:
    async with scripted_clouds() as server:
        server.text = "I walked to the market."
        yield server


def profile(
    clouds: ScriptedClouds, name: str, *, model: str | None, base_url: str, **more: Any
) -> dict[str, Any]:
    return {
        "kind": "plugin",
        "plugin": name,
        "model": model,
        "api_key": "key",
        "options": {"base_url": clouds.url + base_url, **more},
    }


@pytest.fixture(params=list(EARS))
async def ear(clouds: ScriptedClouds, request: pytest.FixtureRequest) -> AsyncIterator[Ears]:
    name = request.param
    cloud = VoiceProfile.model_validate(profile(clouds, name, **EARS[name]))
    providers = Providers(
        Settings(stt=SttSettings(order=("cloud",), profiles={"cloud": cloud})), cast("SpeechClient", None)
    )
    yield providers.ears(switched=lambda switch: None)
    await providers.aclose()


@pytest.fixture(params=list(VOICES))
def name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
async def speaker(clouds: ScriptedClouds, name: str) -> AsyncIterator[Speakers]:
    voices = [f"de={TOLD[name].voice}", "en=other"]
    cloud = SpeakingProfile.model_validate({**profile(clouds, name, **VOICES[name]), "voices": voices})
    async with SpeechClient("http://127.0.0.1:1") as nobody:
        providers = Providers(
            Settings(tts=TtsSettings(fallbacks=("cloud",), profiles={"cloud": cloud})), nobody
        )
        yield providers.speakers(switched=lambda switch: None)
        await providers.aclose()


def test_every_cloud_that_may_be_named_is_tried_here() -> None:
    assert set(VoiceProfile.plugins) == set(EARS)
    assert set(SpeakingProfile.plugins) == set(VOICES) == set(CLOUDS)


async def test_a_cloud_hears(ear: Ears, clouds: ScriptedClouds) -> None:
    transcript = await ear.transcribe(SECOND, language=("en", "de"), model="m")
    assert (transcript.text, transcript.language) == ("I walked to the market.", "en")
    assert transcript.duration_s == pytest.approx(1.0) and 0 < transcript.confidence <= 1
    [heard] = clouds.heard
    assert heard.seconds == pytest.approx(1.0) and heard.language == "en"
    assert heard == Heard(heard.seconds, transcript.model or "", "en")
    with pytest.raises(SpeechDropped):
        await ear.transcribe(SECOND, priority="partial", model="m")


@pytest.mark.parametrize("fault", ["refused", "garbage", "broken"])
async def test_a_cloud_that_does_not_hear_says_so_at_once(
    ear: Ears, clouds: ScriptedClouds, fault: Fault
) -> None:
    clouds.fault = fault
    async with asyncio.timeout(10):
        with pytest.raises(SpeechUnavailable):
            await ear.transcribe(SECOND, language="en", model="m")
    assert len(clouds.heard) == 1, "nothing is tried again: that is the next profile's turn"


@pytest.mark.parametrize("fault", ["slow", "stalled"])
async def test_whoever_does_not_wait_for_a_cloud_any_longer_is_gone_there(
    ear: Ears, clouds: ScriptedClouds, fault: Fault
) -> None:
    clouds.fault = fault
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await ear.transcribe(SECOND, language="en", model="m")
    await _left(clouds)


async def _said(speaker: Speakers, text: str, language: str) -> float:
    """Seconds of sound."""
    async with asyncio.timeout(10), speaker.speak(text, model="m", voice="v", language=language) as sound:
        return sum([len(piece) async for piece in sound]) / 2 / sound.sample_rate


async def test_a_cloud_says_it_in_the_languages_voice(
    speaker: Speakers, clouds: ScriptedClouds, name: str
) -> None:
    assert await _said(speaker, "Guten Tag Ihnen.", "de") == pytest.approx(3 * A_WORD_S, abs=0.02)
    assert clouds.said == [TOLD[name]]
    await _said(speaker, "Good day.", "en-GB")
    assert (clouds.said[1].voice, (clouds.said[1].language or "en")[:2]) == ("other", "en")
    await _said(speaker, "Bonjour.", "fr")
    assert clouds.said[2].voice == TOLD[name].voice, "the first voice, where the language has none"
    assert clouds.said[2].language in (None, "fr"), "but it is told that it is French"


@pytest.mark.parametrize("fault", ["refused", "broken"])
async def test_a_cloud_that_does_not_speak_says_so_at_once(
    speaker: Speakers, clouds: ScriptedClouds, fault: Fault
) -> None:
    clouds.fault = fault
    with pytest.raises(SpeechUnavailable):
        await _said(speaker, "Guten Tag Ihnen.", "de")
    assert len(clouds.said) == 1


@pytest.mark.parametrize("fault", ["slow", "stalled"])
async def test_speech_that_is_left_is_left_at_the_cloud(
    speaker: Speakers, clouds: ScriptedClouds, fault: Fault
) -> None:
    clouds.fault = fault
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await _said(speaker, "Guten Tag Ihnen.", "de")
    await _left(clouds)


async def _left(clouds: ScriptedClouds) -> None:
    async with asyncio.timeout(10):
        while not clouds.left:
            await asyncio.sleep(0.01)
