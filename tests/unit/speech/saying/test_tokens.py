"""Tokens: where they stand, that they say everything, and that nothing makes them fail."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from num2words import CONVERTER_CLASSES

from vivavoce.speech.engines.text import pieces
from vivavoce.speech.saying import Token, spoken, tokens

ODD = [
    *"0123456789.,:/-–—%€$£°²½'’\"@#&+=§()[]{}*_~`|<>\n\t  aAbmMhHkKxsteruUwW½¾٣５①Ⅷ😀é\u0301\u00a0\u202f\x00\ud800",
    "km", "Uhr", "am", "pm", "12.", "März", "March", "3rd", "er", "Mio.", "USD", "http://", "www.", "a@b.de", "z. B.",
    "2026", "XIV", "e.g.", "n°", "h30", "#1", "'90s", "1e5", "1/2", "0,5",
]  # fmt: skip
TEXTS = st.one_of(st.text(max_size=60), st.lists(st.sampled_from(ODD), max_size=25).map("".join))
SAID_IN_FULL = ("en", "en-GB", "de", "de-CH", "fr", "es", "es-MX")
LANGUAGES = (*SAID_IN_FULL, "it", "pt", "nl", "pl", "ja", "zz", "", "x-y_z")


@given(TEXTS, st.sampled_from(LANGUAGES))
def test_any_text_gives_tokens_in_order_and_apart(text: str, language: str) -> None:
    last = 0
    for token in tokens(text, language):
        assert last <= token.start < token.end <= len(text)
        assert token.written == text[token.start : token.end]
        assert token.spoken == " ".join(token.spoken.split())
        assert any(char.isalnum() for char in token.spoken)
        last = token.end


@given(TEXTS, st.sampled_from(SAID_IN_FULL))
def test_no_figure_is_left(text: str, language: str) -> None:
    assert not any(char.isdigit() for char in spoken(text, language))


@given(
    st.lists(st.text("abcdefghijklmnopqrstuvwyzäöüßéñ", min_size=4, max_size=12), min_size=1, max_size=20),
    st.sampled_from(SAID_IN_FULL),
)
def test_plain_words_stay_as_they_are(words: list[str], language: str) -> None:
    known = {"approx", "mins", "secs"}  # abbreviations that look like words
    kept = [word for word in words if word not in known]
    text = " ".join(kept).capitalize() + "."
    assert spoken(text, language) == (text if kept else "")
    assert [token.written for token in tokens(text, language)] == (text.split() if kept else [])


@given(TEXTS, st.sampled_from(LANGUAGES))
def test_every_token_begins_in_one_piece(text: str, language: str) -> None:
    said = tokens(text, language)
    cut = pieces(said, language, first=8, most=20, least=4)
    assert [token for piece in cut for token in piece.tokens] == said


@pytest.mark.parametrize("language", [*SAID_IN_FULL, "it", "pt", "nl", *sorted(CONVERTER_CLASSES)])
def test_numbers_of_any_length_are_said(language: str) -> None:
    """num2words raises for what it has no names for, and where that begins differs by language."""
    for digits in (1, 3, 9, 10, 11, 12, 15, 16, 18, 19, 22, 30, 40):
        for grouped in ("9" * digits, "1" + "0" * digits, *(sign.join(["999"] * digits) for sign in " ,.'")):
            said = spoken(grouped, language)
            if language in SAID_IN_FULL:
                assert not any(char.isdigit() for char in said)


def test_a_token_says_where_it_was_written() -> None:
    text = "On March 3, 2026 it cost $3.50, Dr. Smith said."
    assert [(token.written, token.spoken) for token in tokens(text, "en")] == [
        ("On", "On"),
        ("March 3, 2026", "March third, twenty twenty-six"),
        ("it", "it"),
        ("cost", "cost"),
        ("$3.50,", "three dollars and fifty cents,"),
        ("Dr.", "Doctor"),
        ("Smith", "Smith"),
        ("said.", "said."),
    ]


def test_offsets_count_what_was_dropped_and_composed() -> None:
    text = "😀 **Ma\u0308rz** ist’s"
    assert tokens(text, "de") == [Token("Ma\u0308rz", 4, 9, "März"), Token("ist’s", 12, 17, "ist’s")]


@pytest.mark.parametrize("text", ["", "   ", "...", "😀", "***", "—", "!?", "\x00\x01"])
def test_nothing_to_say_gives_no_tokens(text: str) -> None:
    assert tokens(text, "en") == []


def test_sentences_can_still_be_cut() -> None:
    said = spoken("It is 2 p.m. now. Dr. Smith has $3.50. Is it No. 5?\n\nYes", "en")
    assert said == "It is two p.m now. Doctor Smith has three dollars and fifty cents. Is it number five? Yes"
