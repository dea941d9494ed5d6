"""How Spanish is said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.speech.engines.spanish_g2p import spanish, word


def said(text: str) -> str:
    return "".join(sound.phonemes for sound in spanish(text))


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("servicio", "seɾβˈisjo"),
        ("tiempo", "tjˈempo"),
        ("día", "dˈia"),
        ("país", "paˈis"),
        ("autobús", "Wtoβˈus"),
        ("guitarra", "ɡitˈara"),
        ("vergüenza", "beɾɣwˈensa"),
        ("aquí", "akˈi"),
        ("llamada", "ʎamˈaða"),
        ("huevo", "wˈeβo"),
        ("ciudad", "sjuðˈað"),
        ("escribió", "eskɾiβjˈo"),
        ("continúa", "kontinˈua"),
        ("honrado", "onrˈaðo"),
        ("méxico", "mˈexiko"),
        ("examen", "eksˈamen"),
        ("soy", "sˈY"),
        ("ley", "lˈA"),
        ("yo", "ʝˈo"),
        ("gente", "xˈente"),
        ("que", "ke"),
        ("niños", "nˈiɲos"),
    ],
)
def test_words(written: str, said: str) -> None:
    assert word(written) == said


def test_marks_stay_and_openings_go() -> None:
    assert said("¿Cuántos años? ¡Mañana, no!") == "kwˈantos ˈaɲos? maɲˈana, nˈo!"


def test_each_sound_knows_its_word() -> None:
    assert [(sound.phonemes, sound.at) for sound in spanish("¿Años, no?")] == [
        ("ˈaɲos", 1),
        (",", None),
        (" ", None),
        ("nˈo", 7),
        ("?", None),
    ]


def test_a_stop_opens_after_a_vowel_of_the_word_before() -> None:
    assert said("la vida") == "la βˈiða"
    assert said("un vaso") == "un bˈaso"


@given(st.text(max_size=200))
def test_any_text_can_be_tried(text: str) -> None:
    spanish(text)
