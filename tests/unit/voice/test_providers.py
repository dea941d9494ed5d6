"""Who hears and speaks by the settings: orders, voices, and what is refused at the start."""

from __future__ import annotations

import sys
from typing import Any, cast

import pytest
from pydantic import ValidationError

from vivavoce.settings import Settings, SpeakingProfile, SttSettings, TtsSettings, VoiceProfile
from vivavoce.speech.client import SpeechClient
from vivavoce.voice.plugins import PluginMissing, PluginRefused
from vivavoce.voice.providers import Providers

SECOND = VoiceProfile(url="http://second.example:8090")


def plugin(name: str, **options: Any) -> VoiceProfile:
    return VoiceProfile(kind="plugin", plugin=name, options=options)


def test_a_language_may_have_an_order_of_its_own() -> None:
    stt = SttSettings(
        order=("speech", "second"),
        per_language=("JA = second+speech", "pt-BR=second"),
        profiles={"second": SECOND},
    )
    assert stt.order_for("en") == stt.order_for(None) == ("speech", "second")
    assert stt.order_for("ja") == stt.order_for("ja-JP") == ("second", "speech")
    assert (stt.order_for("pt-br"), stt.order_for("pt")) == (("second",), ("speech", "second"))


@pytest.mark.parametrize(
    "settings",
    [
        {"order": ("secnd",)},
        {"order": ()},
        {"per_language": ("ja=secnd",)},
        {"per_language": ("ja",)},
        {"profiles": {"speech": SECOND}},
        {"profiles": {"A B": SECOND}},
    ],
)
def test_an_order_of_nobody_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        SttSettings.model_validate({"profiles": {"second": SECOND}, **settings})


@pytest.mark.parametrize(
    "profile",
    [
        {},
        {"url": "second.example"},
        {"kind": "plugin"},
        {"kind": "plugin", "plugin": "os.path"},
        {"kind": "plugin", "plugin": "azure"},
        {"url": "http://second.example", "options": {"a": 1}},
        {"url": "http://second.example", "voices": ("de=thorsten",)},
        {"kind": "plugin", "plugin": "openai", "voices": ("nova",)},
    ],
)
def test_a_profile_that_cannot_be_is_refused(profile: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        SpeakingProfile.model_validate(profile)


def test_a_cloud_that_only_speaks_does_not_hear() -> None:
    cloud = {"kind": "plugin", "plugin": "cartesia"}
    assert SpeakingProfile.model_validate(cloud).plugin == "cartesia"
    with pytest.raises(ValidationError, match="openai, deepgram, elevenlabs"):
        VoiceProfile.model_validate(cloud)


def test_a_voice_for_a_language_is_found_for_its_regions_too() -> None:
    profile = SpeakingProfile(url="http://second.example", voices=("de=piper/thorsten", "de-AT=piper/wien"))
    assert profile.voice("de-CH") == profile.voice("DE") == "piper/thorsten"
    assert profile.voice("de-at") == "piper/wien" and profile.voice("fr") is None


async def test_a_plug_in_that_is_not_there_is_named_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "livekit.plugins.deepgram", None)
    settings = Settings(stt=SttSettings(profiles={"cloud": plugin("deepgram")}))
    with pytest.raises(PluginMissing) as missing:
        Providers(settings, cast("SpeechClient", None))
    assert missing.value.next_step == "Install it: pip install 'vivavoce[deepgram]'"


async def test_a_plug_in_that_does_not_take_its_settings_says_so_at_the_start() -> None:
    cloud = plugin("openai", colour="red")
    with pytest.raises(PluginRefused):
        Providers(Settings(stt=SttSettings(profiles={"cloud": cloud})), cast("SpeechClient", None))
    speaking = SpeakingProfile.model_validate(cloud.model_dump())
    with pytest.raises(PluginRefused):
        Providers(Settings(tts=TtsSettings(profiles={"cloud": speaking})), cast("SpeechClient", None))
