"""Heard words find their turns, and known words their times."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from vivavoce.pipeline.alignment import joined, likeness, share, timed
from vivavoce.pipeline.interview import Spoken
from vivavoce.pipeline.transcript import Word

seconds = st.floats(0, 100, allow_nan=False)


def spoken(name: str, start_s: float, end_s: float) -> Spoken:
    return Spoken(speaker="participant", id=name, text="x", start_s=start_s, end_s=end_s)


def word(text: str, start_s: float, end_s: float) -> Word:
    return Word(text=text, start_s=start_s, end_s=end_s, confidence=0.5)


@st.composite
def words_in_order(draw: st.DrawFn) -> list[Word]:
    times = sorted(draw(st.lists(seconds, max_size=24)))
    texts = st.text("abcäé'.", min_size=1, max_size=6)
    return [word(draw(texts), a, b) for a, b in zip(times[::2], times[1::2], strict=False)]


@st.composite
def turns_in_order(draw: st.DrawFn) -> list[Spoken]:
    starts = sorted(draw(st.lists(seconds, min_size=1, max_size=6)))
    return [
        spoken(f"u{n}", start, start + draw(st.floats(0, 20, allow_nan=False)))
        for n, start in enumerate(starts)
    ]


@given(words_in_order(), turns_in_order())
def test_every_word_goes_to_one_turn_in_order(words: list[Word], turns: list[Spoken]) -> None:
    shares = share(words, turns)
    assert len(shares) == len(turns)
    assert [word for part in shares for word in part] == words


@given(
    st.lists(st.text("abcäé'.", min_size=1, max_size=6), max_size=12),
    words_in_order(),
    seconds,
    st.floats(0, 60, allow_nan=False),
)
def test_a_known_text_keeps_its_words_and_gets_times_within_it(
    said: list[str], heard: list[Word], start_s: float, length_s: float
) -> None:
    end_s = start_s + length_s
    found = timed(" ".join(said), heard, start_s=start_s, end_s=end_s)
    assert [each.text for each in found] == said
    times = [time for each in found for time in (each.start_s, each.end_s)]
    assert times == sorted(times)
    assert all(start_s <= time <= end_s for time in times)


def test_words_go_where_their_middle_is() -> None:
    turns = [spoken("u1", 0, 2), spoken("u2", 3, 5)]
    words = [word("one", 0.1, 0.4), word("two", 2.1, 2.3), word("three", 2.6, 3.2), word("four", 4, 5.2)]
    assert [[each.text for each in part] for part in share(words, turns)] == [
        ["one", "two"],
        ["three", "four"],
    ]


def test_known_words_take_the_times_they_were_heard_at() -> None:
    heard = [word("What", 1.0, 1.2), word("did", 1.2, 1.4), word("light?", 1.9, 2.4)]
    found = timed("What did you like?", heard, start_s=1.0, end_s=2.5)
    assert [(each.start_s, each.end_s) for each in found[:2]] == [(1.0, 1.2), (1.2, 1.4)]
    assert [each.confidence for each in found] == [0.5, 0.5, None, None]
    # The rest shares what is left by its letters: three and five.
    assert found[2].end_s == found[3].start_s
    assert found[3].end_s == 2.5
    assert abs(found[2].end_s - (1.4 + 1.1 * 3 / 8)) < 1e-9


def test_texts_are_alike_whatever_their_case_and_stops() -> None:
    assert likeness("Peace, and quiet!", "peace and quiet") == 1.0
    assert likeness("yes", "thank you for watching") < 0.3


def test_languages_without_spaces_are_joined_without() -> None:
    words = [word("静か", 0, 1), word("です", 1, 2)]
    assert joined(words, "ja-JP") == "静かです"
    assert joined(words, "en") == "静か です"
