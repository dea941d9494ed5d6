"""Cutting text into pieces to speak."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.speech.engines.text import FIRST, LEAST, MOST, pieces, sentences


@given(st.text(alphabet=st.sampled_from(list("ab é.,;:!?…。\n—'\"")), max_size=600))
def test_no_letter_is_lost_or_moved(text: str) -> None:
    def bare(part: str) -> str:
        return "".join(part.split())

    assert bare("".join(piece.text for piece in pieces(text))) == bare(text)


@given(st.text(max_size=2000))
def test_any_text_is_cut_into_pieces_an_engine_can_take(text: str) -> None:
    for piece in pieces(text):
        assert 0 < len(piece.text) <= MOST


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello there. How are you?", ["Hello there.", "How are you?"]),
        ("I met Dr. Smith and Mrs. Jones.", ["I met Dr. Smith and Mrs. Jones."]),
        ("Use tools, e.g. a hammer. Then stop.", ["Use tools, e.g. a hammer.", "Then stop."]),
        ("It costs 3.50 euros. Really!", ["It costs 3.50 euros.", "Really!"]),
        ("J. K. Rowling wrote it.", ["J. K. Rowling wrote it."]),
        ("So do I. You too?", ["So do I.", "You too?"]),
        ("“Stop!” he said. Then he left.", ["“Stop!”", "he said.", "Then he left."]),
        ("Wait… what?", ["Wait…", "what?"]),
        ("これはペンです。あれは本です。", ["これはペンです。", "あれは本です。"]),
        ("One\n\nTwo", ["One", "Two"]),
        ("", []),
        (" \n ", []),
    ],
)
def test_sentences(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


def test_the_first_piece_is_short_and_the_next_ones_grow() -> None:
    text = (
        "Thank you, that is very kind of you, and I would like to hear more about it, if you have a moment, because "
        "it is exactly what we are looking for, in every way we can think of, and in many that we cannot."
    )
    cut = pieces(text)
    assert len(cut[0].text) <= FIRST
    assert all(len(piece.text) >= LEAST for piece in cut)
    assert [piece.pause for piece in cut] == ["clause"] * (len(cut) - 1) + ["none"]
    for one, two in itertools.pairwise(cut):
        assert len(two.text) <= max(FIRST, 2 * len(one.text))


def test_short_sentences_are_said_together() -> None:
    assert [piece.text for piece in pieces("Yes. No. I do not know what to say to that.")] == [
        "Yes. No. I do not know what to say to that."
    ]
    assert [piece.text for piece in pieces("I do not know what to say to that. Sorry.")] == [
        "I do not know what to say to that. Sorry."
    ]


def test_a_sentence_within_the_limits_is_whole_and_pauses_as_one() -> None:
    cut = pieces(
        "Please tell me about your work and your team. What do you like about it the most these days?"
    )
    assert [(piece.text[-1], piece.pause) for piece in cut] == [(".", "sentence"), ("?", "none")]
