"""When words are said, from how long their phonemes last."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.speech.engines.durations import between_words, windows, within, word_times
from vivavoce.speech.engines.spanish_g2p import spanish
from vivavoce.speech.engines.text import Piece, pieces
from vivavoce.speech.saying import tokens


def piece(text: str) -> Piece:
    (found,) = pieces(tokens(text, "en"), "en", first=900, most=900)
    return found


def test_a_word_lasts_from_its_first_phoneme_to_its_last() -> None:
    at = [None, 0, 0, None, 4, 4, None]
    ends_s = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.75, 0.8])
    found = word_times(piece("The end."), at, ends_s, length_s=0.9)
    assert [(time.text, time.start, time.end, time.start_s, time.end_s) for time in found] == [
        ("The", 0, 3, 0.1, 0.3),
        ("end.", 4, 8, 0.4, 0.75),
    ]


def test_words_that_are_written_as_one_are_timed_as_one() -> None:
    (time,) = word_times(piece("25%"), [0, 7, 12], np.array([0.2, 0.4, 0.9]), length_s=1.0)
    assert (time.text, time.start_s, time.end_s) == ("25%", 0.0, 0.9)


def test_what_was_trimmed_off_takes_no_time() -> None:
    found = word_times(piece("a b c"), [0, 2, 4], np.array([-0.2, 0.1, 0.7]), length_s=0.5)
    assert [(time.start_s, time.end_s) for time in found] == [(0.0, 0.0), (0.0, 0.1), (0.1, 0.5)]


@given(st.text(max_size=300), st.data())
def test_every_written_word_is_timed_once_in_order_and_inside_the_sound(
    text: str, data: st.DataObject
) -> None:
    said = tokens(text, "es")
    timed: list[str] = []
    for piece in pieces(said, "es", first=30, most=60):
        sounds = spanish(piece.text)
        lasting = data.draw(st.lists(st.floats(0, 1), min_size=len(sounds), max_size=len(sounds)))
        length_s = data.draw(st.floats(0, 2))
        ends_s = np.cumsum(np.array(lasting)) - 0.3
        times = word_times(piece, [sound.at for sound in sounds], ends_s, length_s=length_s)
        moments = [moment for time in times for moment in (time.start_s, time.end_s)]
        assert all(before <= after for before, after in itertools.pairwise([0.0, *moments, length_s]))
        timed += [text[time.start : time.end] for time in times]
        assert all(time.text == text[time.start : time.end] for time in times)
    assert timed == [token.written for token in said]


def test_words_are_timed_from_the_start_of_the_part_they_begin_in() -> None:
    times = word_times(piece("a b c d"), [0, 2, 4, 6], np.array([0.2, 0.4, 0.6, 1.0]), length_s=1.0)
    parts = [within(times, 0.0, 0.2), within(times, 0.2, 0.7), within(times, 0.7, math.inf)]
    assert [[(time.text, time.start_s, time.end_s) for time in part] for part in parts] == [
        [("a", 0.0, 0.2)],
        [("b", 0.0, 0.2), ("c", 0.2, pytest.approx(0.4)), ("d", pytest.approx(0.4), pytest.approx(0.5))],
        [],
    ]


def test_places_between_words() -> None:
    assert between_words(piece("The end."), [None, 0, 0, None, 4, 4, None]) == [0, 2, 3, 5]


def test_windows_grow_and_end_with_a_word() -> None:
    ends = list(range(0, 1000, 7))
    found = windows(ends, 1000, first=40, most=200)
    assert found == [42, 161, 364, 567, 770, 1000]
    assert windows([], 1000, first=40, most=200) == [40, 160, 360, 560, 760, 1000]
    assert windows([500], 550, first=300, most=300) == [300, 550]
    assert windows([], 55, first=40, most=200) == [55]


@given(
    st.lists(st.integers(0, 5000), max_size=50),
    st.integers(1, 5000),
    st.integers(1, 300),
    st.integers(1, 300),
)
def test_windows_hold_all_of_a_sound_and_none_is_long(
    ends: list[int], total: int, first: int, most: int
) -> None:
    found = windows(sorted(ends), total, first=first, most=most)
    assert found[-1] == total
    lengths = [after - before for before, after in itertools.pairwise([0, *found])]
    assert all(0 < length <= 1.5 * max(first, most) for length in lengths)
