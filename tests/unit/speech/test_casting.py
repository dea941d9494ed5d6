"""Which voice speaks a text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.speech.casting import OPENAI, USUAL, Casting
from vivavoce.speech.catalogue import CATALOGUE
from vivavoce.speech.engines import ENGINES
from vivavoce.speech.errors import SpeechRejected
from vivavoce.speech.messages import Voice
from vivavoce.speech.upstream.openai import VOICES

KOKORO = (
    Voice(id="af_alloy", language="en-US", gender="female"),
    Voice(id="af_bella", language="en-US", gender="female"),
    Voice(id="af_heart", language="en-US", gender="female"),
    Voice(id="am_adam", language="en-US", gender="male"),
    Voice(id="am_echo", language="en-US", gender="male"),
    Voice(id="bf_emma", language="en-GB", gender="female"),
    Voice(id="bm_fable", language="en-GB", gender="male"),
    Voice(id="ef_dora", language="es", gender="female"),
    Voice(id="em_alex", language="es", gender="male"),
    Voice(id="ff_siwis", language="fr", gender="female"),
)
PIPER = (Voice(id="en_US-joe-medium", language="en-US"), Voice(id="de_DE-thorsten-medium", language="de-DE"))
VOXTRAL = (
    Voice(id="casual_male", language="en", gender="male"),
    Voice(id="de_female", language="de", gender="female"),
    Voice(id="de_male", language="de", gender="male"),
)
HOSTED = tuple(Voice(id=name, language="mul") for name in VOICES)


def cast(
    wanted: str | None,
    language: str | None = None,
    *,
    voices: tuple[Voice, ...] = KOKORO,
    engine: str = "kokoro",
    entries: tuple[str, ...] = (),
    fallback: bool = False,
) -> str:
    return Casting(entries).voice(engine, voices, wanted, language, fallback=fallback).id


@pytest.mark.parametrize(
    ("wanted", "language", "expected"),
    [
        ("am_adam", None, "am_adam"),
        ("AM_Adam", "en", "am_adam"),
        ("bf_emma", "en-US", "bf_emma"),
        (None, None, "af_heart"),
        ("", "en", "af_heart"),
        ("default", "es", "ef_dora"),
        ("auto", "fr-CA", "ff_siwis"),
        (None, "en-GB", "bf_emma"),
        (None, "en_GB", "bf_emma"),
        ("alloy", None, "af_alloy"),
        ("echo", "en", "am_echo"),
        ("fable", None, "bm_fable"),
        ("coral", "en", "af_bella"),
        ("Onyx", "es", "em_alex"),
        ("shimmer", "es-MX", "ef_dora"),
        ("echo", "fr", "ff_siwis"),
        ("nova", "en-GB", "bf_emma"),
    ],
)
def test_the_voice_for_a_wish(wanted: str | None, language: str | None, expected: str) -> None:
    assert cast(wanted, language) == expected


def test_settings_go_before_what_is_built_in() -> None:
    entries = ("en=kokoro/am_adam", "es=piper/elsewhere", "fr = kokoro / nobody")
    assert cast(None, "en", entries=entries) == "am_adam"
    assert cast(None, "en-US", entries=entries) == "am_adam"
    assert cast(None, "en-GB", entries=entries) == "bf_emma"
    assert cast(None, "es", entries=entries) == "ef_dora"
    assert cast(None, "fr", entries=entries) == "ff_siwis"


def test_voices_without_a_gender_and_voices_of_any_language() -> None:
    assert cast("nova", "de", voices=PIPER, engine="piper") == "de_DE-thorsten-medium"
    assert cast(None, None, voices=PIPER, engine="piper") == "en_US-joe-medium"
    assert cast("onyx", "de", voices=VOXTRAL, engine="voxtral") == "de_male"
    assert cast(None, "de", voices=VOXTRAL, engine="voxtral") == "de_female"
    assert cast("nova", "de", voices=HOSTED, engine="openai") == "nova"
    assert cast(None, "ja", voices=HOSTED, engine="openai") == "alloy"
    assert cast(None, None, voices=VOXTRAL[1:], engine="voxtral") == "de_female"


def test_openais_names_are_different_voices_as_far_as_there_are_any() -> None:
    voices = tuple(Voice(id=f"v{n}", language="de", gender="female") for n in range(6))
    female = [name for name, gender in OPENAI.items() if gender == "female"]
    assert len({cast(name, "de", voices=voices) for name in female}) == len(female)


@pytest.mark.parametrize(
    ("wanted", "language", "reason", "named"),
    [
        ("af_hart", None, "voice_unknown", "Did you mean af_heart"),
        ("heart", "en", "voice_unknown", "af_heart"),
        ("xyz", "es", "voice_unknown", "It has ef_dora, em_alex."),
        ("ef_dora", "en", "voice_language", "Voices for en: af_alloy, af_bella, af_heart …"),
        ("ef_dora", "de", "voice_language", "No voice here speaks de."),
        (None, "de", "voice_language", "It speaks en, es, fr"),
        ("nova", "de", "voice_language", "It speaks en, es, fr"),
    ],
)
def test_a_refusal_names_what_would_do(
    wanted: str | None, language: str | None, reason: str, named: str
) -> None:
    with pytest.raises(SpeechRejected) as caught:
        cast(wanted, language)
    assert caught.value.reason == reason
    assert caught.value.param == ("voice" if reason == "voice_unknown" else "language")
    assert named in caught.value.next_step


def test_only_a_request_that_asks_for_it_gets_another_voice() -> None:
    assert cast("ef_dora", "en", fallback=True) == "af_heart"
    assert cast("nobody", "fr", fallback=True) == "ff_siwis"
    assert cast("am_adam", "en", fallback=True) == "am_adam"
    with pytest.raises(SpeechRejected):
        cast("af_heart", "de", fallback=True)
    with pytest.raises(SpeechRejected, match="no voices"):
        cast(None, None, voices=())


def test_the_engine_of_a_language() -> None:
    able = {"piper": PIPER, "kokoro": KOKORO, "voxtral": VOXTRAL}
    casting = Casting(("de=voxtral/de_male",))
    assert casting.engine("de", able) == "voxtral"
    assert casting.engine("es", able) == "kokoro"
    assert casting.engine(None, able) == "kokoro"
    assert casting.engine("en", {"piper": PIPER}) == "piper"
    assert casting.engine("ja", able) is None
    assert casting.engine(None, {"voxtral": VOXTRAL[1:]}) == "voxtral"
    assert casting.engine(None, {}) is None


@given(
    st.one_of(
        st.none(), st.sampled_from([*OPENAI, "default", "af_heart", "de_male", "x"]), st.text(max_size=5)
    ),
    st.one_of(st.none(), st.sampled_from(["en", "en-GB", "de", "es", "ja", "mul", "", "-"])),
    st.sampled_from([KOKORO, PIPER, VOXTRAL, HOSTED, ()]),
    st.booleans(),
)
def test_a_cast_voice_speaks_the_language_or_is_refused(
    wanted: str | None, language: str | None, voices: tuple[Voice, ...], fallback: bool
) -> None:
    try:
        voice = Casting().voice("kokoro", voices, wanted, language, fallback=fallback)
    except SpeechRejected as error:
        assert error.reason in ("voice_unknown", "voice_language")
        return
    assert voice in voices
    if language:
        assert voice.language == "mul" or voice.language.split("-")[0] == language.split("-")[0]


def test_the_built_in_names_are_ours_and_openais() -> None:
    assert set(OPENAI) == set(VOICES)
    files = {file.path for model in CATALOGUE.values() for file in model.files}
    for entry in USUAL:
        engine, _, voice = entry.partition("=")[2].partition("/")
        assert ENGINES[engine].role == "tts"
        assert f"voices/{voice}.bin" in files or f"{voice}.onnx" in files
