"""Word times follow the sound: after a silence a word begins where it does, and nothing is put out of order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.pipeline.edges import levels, put_right, stretches
from vivavoce.pipeline.transcript import Word

RATE = 16_000


def word(text: str, start_s: float, end_s: float) -> Word:
    return Word(text=text, start_s=start_s, end_s=end_s, confidence=0.5)


def sound(*parts: tuple[float, float], length_s: float, noise: float = 0.0) -> bytes:
    rng = np.random.default_rng(1)
    at = np.arange(round(length_s * RATE)) / RATE
    wave = noise * rng.standard_normal(len(at))
    for begin, end in parts:
        wave += np.where((at >= begin) & (at < end), 0.2 * np.sin(2 * np.pi * 200 * at), 0)
    return (wave * 32767).astype(np.int16).tobytes()


@st.composite
def rows(draw: st.DrawFn) -> list[tuple[float, float]]:
    times = sorted(draw(st.lists(st.floats(0, 30, allow_nan=False), max_size=20)))
    return list(zip(times[::2], times[1::2], strict=False))


@given(rows(), rows())
def test_order_is_kept_whatever_the_sound(
    said: list[tuple[float, float]], heard: list[tuple[float, float]]
) -> None:
    moved = put_right([word(str(n), *times) for n, times in enumerate(said)], heard)
    assert [each.text for each in moved] == [str(n) for n in range(len(said))]
    times = [time for each in moved for time in (each.start_s, each.end_s)]
    assert times == sorted(times)


@pytest.mark.parametrize("noise", [0.0, 0.003])
def test_sound_is_found_over_noise(noise: float) -> None:
    found = stretches(levels(sound((0.5, 1.0), (1.03, 1.4), (2.0, 2.5), length_s=4, noise=noise), RATE))
    assert found == [
        (pytest.approx(0.5, abs=0.02), pytest.approx(1.4, abs=0.02)),
        (
            pytest.approx(2.0, abs=0.02),
            pytest.approx(2.5, abs=0.02),
        ),
    ]


def test_nothing_is_no_sound() -> None:
    assert stretches(levels(b"", RATE)) == []
    assert stretches(levels(sound(length_s=1), RATE)) == []


def test_edges_near_a_silence_are_put_right_and_those_within_a_word_stay() -> None:
    words = [word("one", 0.3, 0.9), word("two", 0.9, 1.3), word("three", 1.85, 2.7)]
    moved = put_right(words, [(0.5, 1.4), (2.0, 2.5)])
    assert [(each.start_s, each.end_s) for each in moved] == [(0.5, 0.9), (0.9, 1.4), (2.0, 2.5)]


def test_what_is_out_of_reach_stays() -> None:
    (moved,) = put_right([word("one", 0.0, 5.0)], [(1.5, 3.5)])
    assert (moved.start_s, moved.end_s) == (0.0, 5.0)
    (moved,) = put_right([word("one", 1.0, 2.0)], [(0.6, 2.4)])
    assert (moved.start_s, moved.end_s) == (1.0, 2.0)


def test_a_silence_before_a_word_is_no_part_of_it() -> None:
    (moved,) = put_right([word("one", 0.0, 2.8)], [(0.8, 2.0)])
    assert (moved.start_s, moved.end_s) == (0.8, 2.0)
