"""Cutting text that arrives bit by bit."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.speech.engines.text import FIRST, MOST
from vivavoce.speech.passages import Cutter, Passage, sentence_passages

TEXTS = st.text(alphabet=st.sampled_from(list("aB é.,;:!?…。\n—'\"3")), max_size=400)


def bits(text: str, sizes: list[int]) -> list[str]:
    found: list[str] = []
    for size in itertools.chain(sizes, itertools.repeat(7)):
        if not text:
            return found
        found.append(text[:size])
        text = text[size:]
    return found


def cut(text: str, sizes: list[int]) -> list[Passage]:
    cutter = Cutter("en")
    passages = [passage for bit in bits(text, sizes) for passage in cutter.take(bit)]
    return [*passages, *cutter.flush()]


@given(TEXTS, st.lists(st.integers(1, 12), max_size=60))
def test_every_word_is_spoken_once_where_it_stands(text: str, sizes: list[int]) -> None:
    passages = cut(text, sizes)
    for passage in passages:
        assert text[passage.start : passage.start + len(passage.text)] == passage.text
        assert passage.text.strip() == passage.text
    for one, two in itertools.pairwise(passages):
        assert one.start + len(one.text) <= two.start
    spoken = "".join(re.findall(r"\w", "".join(passage.text for passage in passages)))
    assert spoken == "".join(re.findall(r"\w", text))


@given(TEXTS, st.lists(st.integers(1, 12), max_size=60))
def test_no_word_is_cut_in_two(text: str, sizes: list[int]) -> None:
    for passage in cut(text, sizes):
        before, end = text[: passage.start], passage.start + len(passage.text)
        assert not (before and before[-1].isalnum() and passage.text[0].isalnum())
        if text[end : end + 1].isalnum() and passage.text[-1].isalnum():
            assert len(passage.text) >= MOST  # a "word" as long as that is none


@given(st.text(max_size=2000), st.lists(st.integers(1, 50), max_size=60))
def test_any_text_is_cut_into_passages_of_bounded_length(text: str, sizes: list[int]) -> None:
    assert all(0 < len(passage.text) <= MOST for passage in cut(text, sizes))


def spoken_by_then(text: str, language: str = "en") -> list[str]:
    """What is spoken when only this has come."""
    cutter = Cutter(language)
    return [passage.text for token in re.findall(r"\s*\S+", text) for passage in cutter.take(token)]


def test_a_sentence_is_spoken_when_the_next_one_begins() -> None:
    assert spoken_by_then("I would like to know more.") == []  # it may be "more.com"
    assert spoken_by_then("I would like to know more. And") == ["I would like to know more."]


def test_a_full_stop_that_ends_nothing_is_waited_out() -> None:
    assert spoken_by_then("It costs about 3.50 euros, says Dr. Smith of the") == []


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("You would use tools, e.g. a hammer. Then", "en", ["You would use tools, e.g. a hammer."]),
        ("They brought nails, wood, etc. Then they", "en", ["They brought nails, wood, etc."]),
        ("It was made by Smith Inc. But who knew", "en", ["It was made by Smith Inc."]),
        ("We begin at a quarter to 5 p.m. on Monday", "en", []),
        ("Das wissen wir z. B. von Tieren. Und", "de", ["Das wissen wir z. B. von Tieren."]),
        ("Wir sehen uns wieder am 3. Mai in Rom. Ja", "de", ["Wir sehen uns wieder am 3. Mai in Rom."]),
        ("It all began in the year 2020. And then", "en", ["It all began in the year 2020."]),
        ("This is the list of things:\n- one thing", "en", ["This is the list of things:"]),
        ("A heading without a mark\n\nThe text", "en", ["A heading without a mark"]),
        ("A line that is broken\nbefore its end", "en", []),
    ],
)
def test_where_a_sentence_ends(text: str, language: str, expected: list[str]) -> None:
    assert spoken_by_then(text, language) == expected


def test_a_date_is_not_cut_at_its_comma() -> None:
    said = spoken_by_then(
        "They were married there on Saturday the third of April 3, 2026 as far as I know of it"
    )
    assert said == []


def test_a_first_sentence_without_marks_is_begun_before_a_new_phrase() -> None:
    said = spoken_by_then(
        "I would like to hear more about your work and about the people that you work with then"
    )
    assert said == ["I would like to hear more about your work"]


def test_a_long_first_sentence_is_begun_at_a_mark() -> None:
    said = spoken_by_then(
        "Thank you very much for telling me, that is exactly what I would like to hear more about from"
    )
    assert said == ["Thank you very much for telling me,"]
    assert len(said[0]) <= FIRST


def test_short_sentences_go_together() -> None:
    assert spoken_by_then("Yes. No. I do not know what. And") == ["Yes. No. I do not know what."]


def test_what_is_settled_is_a_whole_sentence() -> None:
    cutter = Cutter("en")
    assert cutter.take("Let me see.") == []
    assert [passage.text for passage in cutter.settle()] == ["Let me see."]
    assert cutter.take(" It is 3.") == []
    assert cutter.settle() == []  # more digits may come
    assert cutter.take("5. And so") == []
    assert [passage.text for passage in cutter.settle()] == ["It is 3.5."]
    assert [passage.text for passage in cutter.flush()] == ["And so"]


def test_pauses_are_those_of_the_marks() -> None:
    passages = cut("How are you doing these days, my friend? Well, I hope that you are\n\nGoodbye", [200])
    assert [(passage.text[-5:], passage.pause) for passage in passages] == [
        ("iend?", "sentence"),
        ("u are", "sentence"),
        ("odbye", "clause"),
    ]


@pytest.mark.parametrize("text", ["", " \n", "—", "😀 …", "?!"])
def test_nothing_to_say_is_no_passage(text: str) -> None:
    assert cut(text, []) == []


def test_a_sentence_is_the_same_passage_wherever_it_stands() -> None:
    sentence = (
        "Please tell me about your work, and about the people that you work with, at some length if you like."
    )
    for text in (sentence, f"Good morning to you all, everybody. {sentence} And what then, do you think?"):
        assert sentence in [passage.text for passage in sentence_passages(text, "en")]
