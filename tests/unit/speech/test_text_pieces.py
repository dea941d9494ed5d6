"""Cutting what is said into pieces to speak."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.speech.engines.text import FIRST, LEAST, MOST, Piece, cuts, pieces, sentences
from vivavoce.speech.saying import Token, tokens


def cut(text: str, language: str = "en") -> list[tuple[str, str]]:
    """A text's pieces, and the pause after each."""
    return [(text[start:end], pause) for start, end, pause in cuts(text, language)]


@given(st.text(alphabet=st.sampled_from(list("ab é.,;:!?…。—'\"")), max_size=600))
def test_no_letter_is_lost_or_moved(text: str) -> None:
    def bare(part: str) -> str:
        return "".join(part.split())

    assert bare("".join(part for part, _ in cut(text))) == bare(text)


@given(st.text(max_size=2000))
def test_any_text_is_cut_into_pieces_an_engine_can_take(text: str) -> None:
    for part, _ in cut(text):
        assert 0 < len(part) <= MOST
        assert part == part.strip()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello there. How are you?", ["Hello there.", "How are you?"]),
        ("I met Dr. Smith and Mrs. Jones.", ["I met Dr. Smith and Mrs. Jones."]),
        ("It costs 3.50 euros. Really!", ["It costs 3.50 euros.", "Really!"]),
        ("J. K. Rowling wrote it.", ["J. K. Rowling wrote it."]),
        ("So do I. You too?", ["So do I.", "You too?"]),
        ("“Stop!” he said. Then he left.", ["“Stop!”", "he said.", "Then he left."]),
        ("Wait… what?", ["Wait…", "what?"]),
        ("これはペンです。あれは本です。", ["これはペンです。", "あれは本です。"]),
        ("", []),
        ("  ", []),
    ],
)
def test_sentences(text: str, expected: list[str]) -> None:
    assert [text[start:end] for start, end in sentences(text)] == expected


def test_the_first_piece_is_short_and_the_next_ones_grow() -> None:
    text = (
        "Thank you, that is very kind of you, and I would like to hear more about it, if you have a moment, because "
        "it is exactly what we are looking for, in every way we can think of, and in many that we cannot."
    )
    found = cut(text)
    assert len(found[0][0]) <= FIRST
    assert all(len(part) >= LEAST for part, _ in found)
    assert [pause for _, pause in found] == ["clause"] * (len(found) - 1) + ["none"]
    for (one, _), (two, _) in itertools.pairwise(found):
        assert len(two) <= max(FIRST, 2 * len(one))


@pytest.mark.parametrize(
    ("language", "text", "first"),
    [
        (
            "en-US",
            "Could you tell me about a time when working from home was difficult for you and your family?",
            "Could you tell me about a time",
        ),
        (
            "de",
            "Können Sie mir von einem Tag erzählen an dem die Arbeit schwer war und was Sie dann getan haben?",
            "Können Sie mir von einem Tag erzählen an dem die Arbeit schwer war",
        ),
        (
            "es",
            "Podría contarme cómo es un día normal de trabajo cuando tiene que cuidar de sus hijos?",
            "Podría contarme cómo es un día normal de trabajo",
        ),
        (
            "fr",
            "Pouvez-vous me raconter une journée de travail où tout est allé de travers à la maison ?",
            "Pouvez-vous me raconter une journée de travail",
        ),
    ],
)
def test_a_long_start_without_a_mark_is_cut_before_a_phrase(language: str, text: str, first: str) -> None:
    found = [(text[start:end], pause) for start, end, pause in cuts(text, language, first=70)]
    assert found == [(first, "phrase"), (text[len(first) + 1 :], "none")]


def test_only_the_first_piece_is_cut_without_a_mark_and_only_in_a_language_whose_words_are_known() -> None:
    text = "Could you tell me about a time when working from home was difficult for you and your family?"
    assert cut(text, "fi") == [(text, "none")]
    after = "Thank you for being here with us."
    assert cut(f"{after} {text}") == [(after, "sentence"), (text, "none")]


def test_short_sentences_are_said_together() -> None:
    assert [part for part, _ in cut("Yes. No. I do not know what to say to that.")] == [
        "Yes. No. I do not know what to say to that."
    ]
    assert [part for part, _ in cut("I do not know what to say to that. Sorry.")] == [
        "I do not know what to say to that. Sorry."
    ]


def test_a_sentence_within_the_limits_is_whole_and_pauses_as_one() -> None:
    found = cut(
        "Please tell me about your work and your team. What do you like about it the most these days?"
    )
    assert [(part[-1], pause) for part, pause in found] == [(".", "sentence"), ("?", "none")]


@given(st.text(max_size=600))
def test_each_written_word_begins_in_one_piece_where_its_spoken_words_are(text: str) -> None:
    said = tokens(text, "en")
    found = pieces(said, "en", first=20, most=40, least=6)
    assert [token for piece in found for token in piece.tokens] == said
    for piece in found:
        for token, at in zip(piece.tokens, piece.at, strict=True):
            # What does not fit goes on in the next piece.
            assert token.spoken.startswith(piece.text[at : at + len(token.spoken)])


def test_what_is_written_as_one_is_not_cut() -> None:
    said = tokens("We have been waiting for your call since March 3, 2026, when all of this began.", "en")
    assert [piece.text for piece in pieces(said, "en")] == [
        "We have been waiting for your call",
        "since March third, twenty twenty-six, when all of this began.",
    ]


def token(spoken: str) -> Token:
    return Token(spoken, 0, len(spoken), spoken)


def test_a_piece_knows_which_token_a_character_says() -> None:
    piece = Piece("hundred dollars for you", "none", (token("for"), token("you")), (16, 20))
    assert [piece.token(at) for at in (0, 15, 16, 19, 20, 22)] == [None, None, 0, 0, 1, 1]


def test_a_piece_can_be_parted() -> None:
    piece = Piece("one two three", "sentence", (token("one"), token("two"), token("three")), (0, 4, 8))
    head, tail = piece.parted(4)
    assert (head.text, head.pause, head.at) == ("one", "phrase", (0,))
    assert (tail.text, tail.pause, tail.at) == ("two three", "sentence", (0, 4))
    assert [token.spoken for token in (*head.tokens, *tail.tokens)] == ["one", "two", "three"]
