"""Quotes go back to the words they are of, or are refused."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.pipeline.enrichment.verbatim import Stretch, find, normal, sentences, when, words
from vivavoce.pipeline.transcript import Segment, Word

WORD = st.text(st.characters(categories=["L", "N"], max_codepoint=0x24F), min_size=1, max_size=8)
TEXT = st.lists(WORD, min_size=1, max_size=20).map(" ".join)


@st.composite
def texts_and_quotes(draw: st.DrawFn) -> tuple[str, str]:
    """A text, and some of its words as a careless hand writes them."""
    said = draw(st.lists(WORD, min_size=1, max_size=20))
    marks = draw(
        st.lists(
            st.sampled_from([" ", ", ", " – ", "\n", ". ", "’ "]), min_size=len(said), max_size=len(said)
        )
    )
    text = "".join(word + mark for word, mark in zip(said, marks, strict=True))
    begin = draw(st.integers(0, len(said) - 1))
    end = draw(st.integers(begin + 1, len(said)))
    quote = "".join(word + mark for word, mark in zip(said[begin:end], marks[begin:end], strict=True))
    changed = draw(
        st.sampled_from(
            [str, str.swapcase, lambda text: text.replace(" ", "  \t"), lambda text: f"“{text}…”"]
        )
    )
    return text, changed(quote)


@given(texts_and_quotes())
def test_what_was_said_is_found_however_it_is_written(case: tuple[str, str]) -> None:
    text, quote = case
    stretch = find(quote, text)
    # Swapping capitals is not always undone by folding them (“ß”, “ŉ”): then it is another text.
    if stretch is None:
        assert normal(quote.strip("“…”")).strip(" .,") not in normal(text)
    else:
        assert normal(stretch.of(text)).strip(" .,'-") == normal(quote.strip("“…”")).strip(" .,'-")


@given(TEXT, TEXT)
def test_nothing_is_made_up(text: str, quote: str) -> None:
    stretch = find(quote, text)
    if stretch is not None:
        assert normal(stretch.of(text)) == normal(quote)


@given(st.text(max_size=80), st.text(max_size=40))
def test_any_text_is_taken(text: str, quote: str) -> None:
    stretch = find(quote, text)
    assert stretch is None or 0 <= stretch.start < stretch.end <= len(text)


@pytest.mark.parametrize(
    ("quote", "text", "found"),
    [
        ("far too expensive", "It is  Far too\nEXPENSIVE for us.", "Far too\nEXPENSIVE"),
        ("“don't do it”", "I said: don’t do it!", "don’t do it"),
        ("…and then it broke…", "We ran, and then it broke.", "and then it broke"),
        ("ES HEISST STRASSE", "Es heißt Straße.", "Es heißt Straße"),
        ("es heißt strasse", "Es heißt Straße.", "Es heißt Straße"),
        ("art", "We start here, with art.", "art"),
        ("art", "We start here.", None),
        ("far too costly", "It is far too expensive.", None),
        ("便宜", "这个很便宜吗", "便宜"),
        ("", "Something", None),
        ("?!", "What?!", None),
    ],
)
def test_examples(quote: str, text: str, found: str | None) -> None:
    stretch = find(quote, text)
    assert (None if stretch is None else stretch.of(text)) == found


def test_a_letter_that_folds_to_two_is_whole_or_not_there() -> None:
    assert find("s", "ß") is None
    assert find("ss", "ß") == Stretch(0, 1)


@given(st.text(max_size=120))
def test_sentences_have_every_letter_once_and_in_order(text: str) -> None:
    found = sentences(text)
    assert all(one.end <= other.start for one, other in pairwise(found))
    said = "".join(stretch.of(text) for stretch in found)
    assert [char for char in said if char.isalnum()] == [char for char in text if char.isalnum()]


def test_sentences_and_words() -> None:
    text = "I like it. Really? Yes… it's the best."
    assert [one.of(text) for one in sentences(text)] == ["I like it.", "Really?", "Yes…", "it's the best."]
    assert words("It’s THE best, isn't it? 便宜") == ["it's", "the", "best", "isn't", "it", "便", "宜"]


def test_a_quote_is_heard_where_its_words_are() -> None:
    segment = Segment(
        index=0,
        id="u1",
        speaker="participant",
        text="Well, I lost it.",
        source="final",
        start_s=10,
        end_s=14,
        words=tuple(
            Word(text=word, start_s=10 + place, end_s=10.5 + place)
            for place, word in enumerate(("Well,", "I", "lost", "it."))
        ),
    )
    stretch = find("I lost", segment.text)
    assert stretch is not None
    assert when(segment, stretch) == (11, 12.5)
    other = segment.model_copy(update={"words": (Word(text="redacted", start_s=11, end_s=12),)})
    assert when(other, stretch) == (10, 14)
