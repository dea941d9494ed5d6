"""Who speaks and hears in a language: the study goes before the settings, and those before what is built in."""

from __future__ import annotations

from pathlib import Path

import pytest

from vivavoce.protocol.check import load_study
from vivavoce.protocol.study import Study
from vivavoce.settings import SpeechSettings, UpstreamSettings
from vivavoce.voice.cast import Cast, VoiceMissing
from vivavoce.voice.wording import Voice

TEXT = (Path(__file__).parents[3] / "studies" / "demo.yaml").read_text(encoding="utf-8")
FISH = {"my-fish": UpstreamSettings(kind="fish", url="http://gpu.example:8080")}


def study(*, languages: str = "en", voices: str = "") -> Study:
    """The demo study, said to be held in those languages; `voices` are lines of language, engine, voice."""
    found = load_study(TEXT.encode(), source="demo.yaml")
    named = {
        code: {"engine": engine, "voice": voice}
        for code, engine, voice in map(str.split, voices.splitlines())
    }
    return Study.model_validate({**found.model_dump(), "languages": languages.split(), "voices": named})


def test_the_studys_own_voice_is_taken_whatever_the_settings_say() -> None:
    cast = Cast(SpeechSettings(voices=("en=kokoro/af_bella",)))
    assert cast.voice(study(voices="en kokoro af_heart"), "en") == Voice("kokoro", "af_heart", "en")


def test_where_the_study_names_none_the_settings_do() -> None:
    cast = Cast(SpeechSettings(upstreams=FISH, voices=("de=my-fish/Anna", "en=kokoro/af_bella")))
    both = study(languages="en de-AT")
    assert cast.voice(both, "en") == Voice("kokoro", "af_bella", "en")
    assert cast.voice(both, "de-AT") == Voice("my-fish", "Anna", "de-AT"), "a region takes its language's"


def test_where_nobody_names_one_it_is_the_built_in_one() -> None:
    assert Cast(SpeechSettings()).voice(study(), "en") == Voice("kokoro", "af_heart", "en")


def test_a_language_without_any_voice_is_named() -> None:
    with pytest.raises(VoiceMissing, match=r"no voice in Swahili \(sw\)") as error:
        Cast(SpeechSettings()).check(study(languages="en sw"))
    assert "VIVAVOCE_SPEECH__VOICES=sw=ENGINE/VOICE" in error.value.next_step


def test_an_engine_that_does_not_run_is_named_before_anything_is_said() -> None:
    fish = study(voices="en my-fish Anna")
    with pytest.raises(
        VoiceMissing, match=r"English \(en\) is one of the engine 'my-fish', which does not run here"
    ):
        Cast(SpeechSettings()).check(fish)
    Cast(SpeechSettings(upstreams=FISH, engines=("whisper", "my-fish"))).check(fish)
    Cast(SpeechSettings(url="http://speech.example:8000")).check(fish)


def test_a_language_may_have_a_recogniser_of_its_own() -> None:
    cast = Cast(SpeechSettings(stt_model="whisper", stt_models=("JA=my-ears", "pt-br = ouvido")))
    assert [cast.hearing(code) for code in ("ja", "ja-JP", "pt-BR", "pt", "en")] == [
        "my-ears", "my-ears", "ouvido", "whisper", "whisper",
    ]  # fmt: skip
