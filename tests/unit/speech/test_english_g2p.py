"""How English words that are in no lexicon are said, and how a voice's sound is trimmed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vivavoce.speech.engines.english_g2p import EnglishG2P, load_tagger, to_misaki
from vivavoce.speech.engines.kokoro import SAMPLE_RATE, trimmed
from vivavoce.speech.engines.spelling import SpellingModel


@pytest.fixture(scope="module")
def american() -> EnglishG2P:
    return EnglishG2P(load_tagger(), SpellingModel(), british=False)


def said(american: EnglishG2P, text: str) -> str:
    return "".join(sound.phonemes for sound in american.sounds(text))


def test_spelling_gives_phonemes_with_stress() -> None:
    assert SpellingModel().phonemes("activationist") == [
        "AE2", "K", "T", "IH0", "V", "EY1", "SH", "AH0", "N", "IH0", "S", "T",
    ]  # fmt: skip


def test_arpabet_in_misakis_letters() -> None:
    assert to_misaki(["HH", "AH0", "L", "OW1"], british=False) == "həlˈO"
    assert to_misaki(["HH", "AH0", "L", "OW1"], british=True) == "həlˈQ"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello there.", "həlˈO ðˈɛɹ."),
        ("I read it yesterday; I will read it again.", "ˌI ɹˈɛd ɪt jˈɛstəɹdˌA; ˌI wɪl ɹˈid ɪt əɡˈɛn."),
        ("", ""),
        ("Привет 😀", " "),
    ],
)
def test_sentences(american: EnglishG2P, text: str, expected: str) -> None:
    assert said(american, text) == expected


def test_each_sound_knows_its_word(american: EnglishG2P) -> None:
    text = "“The café’s – naïve…” said Zyxtrop!"
    words = {sound.at: text[sound.at :].split()[0] for sound in american.sounds(text) if sound.at is not None}
    assert list(words.values()) == ["“The", "café’s", "naïve…”", "said", "Zyxtrop!"]


def sounds(phonemes: str) -> str:
    return "".join(sound for sound in phonemes if sound.isalpha() and sound not in "ˈˌ")


def test_a_made_up_name_is_said_and_an_initialism_is_spelt(american: EnglishG2P) -> None:
    assert said(american, "Zyxtrop") == "zˈɪkstɹˌɑp"
    assert sounds(said(american, "XQZ")) == sounds(said(american, "X Q Z"))


def test_no_phonemizer_under_gpl_is_loaded(american: EnglishG2P) -> None:
    import sys

    american.sounds("Zyxtrop")
    assert not [name for name in sys.modules if "espeak" in name or name.startswith(("phonemizer", "piper."))]


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=80))
def test_any_text_can_be_tried(american: EnglishG2P, text: str) -> None:
    american.sounds(text)


def test_silence_around_speech_is_what_was_asked_for() -> None:
    voice = np.full(SAMPLE_RATE, 0.5, np.float32)
    silence = np.zeros(SAMPLE_RATE, np.float32)
    cut, sound = trimmed(np.concatenate([silence, voice, silence]), lead_s=0.02, tail_s=0.3)
    assert cut == SAMPLE_RATE * 0.98
    assert len(sound) == pytest.approx(SAMPLE_RATE * 1.32, abs=2)
    cut, sound = trimmed(voice, lead_s=0.02, tail_s=0.3)
    assert (cut, len(sound)) == (0, pytest.approx(SAMPLE_RATE * 1.3, abs=2))
    cut, sound = trimmed(silence, lead_s=0.02, tail_s=0.3)
    assert (cut, len(sound)) == (SAMPLE_RATE, 0)


def test_loud_sound_is_clipped_not_wrapped() -> None:
    _, sound = trimmed(np.array([2.0, -2.0], np.float32), lead_s=0, tail_s=0)
    assert sound.tolist() == [32767, -32767]
