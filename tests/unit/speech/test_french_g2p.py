"""What a model of single words cannot know of French."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.speech.engines.french_g2p import french

WORDS = {
    "amis": "ami", "enfants": "ɑ̃fɑ̃", "héros": "eʁo", "avez": "ave", "vous": "vu", "simplicité": "sɛ̃plisite",
    "haricots": "aʁiko", "ami": "ami", "grand": "ɡʁɑ̃", "arbre": "aʁbʁ", "heures": "œʁ", "minutes": "minyt", "bas": "ba",
    "dit": "di", "petite": "pətit",
}  # fmt: skip


def lookup(word: str) -> str:
    return WORDS.get(word, "")


def phonemes(text: str) -> str:
    return "".join(sound.phonemes for sound in french(text, lookup))


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("les amis", "lez amˈi"),
        ("les héros", "le eʁˈo"),
        ("les haricots", "le aʁikˈo"),
        ("l'ami", "lamˈi"),
        ("l’ami", "lamˈi"),
        ("avez-vous", "avevˈu"),
        ("a-t-il", "atˈil"),
        ("là-bas", "labˈa"),
        ("six heures", "sˈiz ˈœʁ"),
        ("six minutes", "sˈi minˈyt"),
        ("six", "sˈis"),
        ("un grand arbre", "œ̃ ɡʁˈɑ̃t ˈaʁbʁ"),
        ("la simplicité", "la sɛ̃plisitˈe"),
        ("aujourd'hui", "oʒuʁdɥˈi"),
        ("en août", "ɑ̃n ˈut"),
        ("les enfants, les amis", "lez ɑ̃fˈɑ̃, lez amˈi"),
    ],
)
def test_words_in_company(written: str, said: str) -> None:
    assert phonemes(written) == said


def test_a_mark_prevents_a_liaison() -> None:
    assert phonemes("vous, amis") == "vu, amˈi"


def test_each_sound_knows_its_word() -> None:
    assert [(sound.phonemes, sound.at) for sound in french("« L'ami » dit", lookup)] == [
        ("“", None),
        (" ", None),
        ("l", 2),
        ("amˈi", 4),
        ("”", None),
        (" ", None),
        ("dˈi", 10),
    ]


@given(st.text(max_size=200))
def test_any_text_can_be_tried(text: str) -> None:
    french(text, lookup)
