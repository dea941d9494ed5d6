"""How Spanish is said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.speech.engines.spanish_g2p import spanish, word


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
    assert spanish("¿Cuántos años? ¡Mañana, no!") == "kwˈantos ˈaɲos? maɲˈana, nˈo!"


def test_figures_and_signs_are_words() -> None:
    assert spanish("25 %") == spanish("veinticinco por ciento")
    assert spanish("1.200 €") == spanish("mil doscientos euros")
    assert spanish("3,5") == spanish("tres coma cinco")
    assert spanish("1234567890123456789").count("ˈ") == 19  # an identifier: a figure at a time


def test_a_stop_opens_after_a_vowel_of_the_word_before() -> None:
    assert spanish("la vida") == "la βˈiða"
    assert spanish("un vaso") == "un bˈaso"


@given(st.text(max_size=200))
def test_any_text_can_be_tried(text: str) -> None:
    spanish(text)
