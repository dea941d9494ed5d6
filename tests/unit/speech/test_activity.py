"""Where somebody speaks, from probabilities."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.speech.engines.activity import FRAME, Region, regions, windows

RATE = 16_000


def frames(*runs: tuple[float, float]) -> tuple[np.ndarray, int]:
    """(probability, seconds) runs as probabilities, and how many samples they are."""
    made = np.concatenate([np.full(round(s * RATE / FRAME), p, np.float32) for p, s in runs])
    return made, len(made) * FRAME


def test_silence_and_single_noisy_frames_are_nothing() -> None:
    probabilities, samples = frames((0.02, 1), (0.7, 0.032), (0.02, 1), (0.45, 1))
    assert regions(probabilities, samples) == []


def test_a_short_word_is_something() -> None:
    probabilities, samples = frames((0.02, 1), (0.9, 0.2), (0.02, 1))
    (found,) = regions(probabilities, samples)
    assert 0.9 * RATE < found.start < found.end < 1.3 * RATE


def test_a_soft_ending_belongs_to_the_word_and_a_closure_does_not_end_it() -> None:
    probabilities, samples = frames((0.9, 0.3), (0.3, 0.3), (0.05, 0.1), (0.9, 0.3))
    (found,) = regions(probabilities, samples)
    assert found == Region(0, samples)


def test_two_far_apart_are_two() -> None:
    probabilities, samples = frames((0.9, 1), (0.0, 2), (0.9, 1))
    assert len(regions(probabilities, samples)) == 2


def cut(
    probabilities: np.ndarray, samples: int, *, longest_s: float = 28, pause_s: float = 3
) -> list[Region]:
    found = regions(probabilities, samples)
    return windows(found, probabilities, samples, longest_s=longest_s, pause_s=pause_s, margin_s=0.3)


def test_one_utterance_is_one_window_with_a_margin() -> None:
    probabilities, samples = frames((0.0, 2), (0.9, 3), (0.0, 2))
    (window,) = cut(probabilities, samples)
    assert abs(window.start - 1.7 * RATE) < 600
    assert abs(window.end - 5.3 * RATE) < 600


def test_a_long_pause_parts_and_a_short_one_does_not() -> None:
    assert len(cut(*frames((0.9, 3), (0.0, 2), (0.9, 3)))) == 1
    assert len(cut(*frames((0.9, 3), (0.0, 4), (0.9, 3)))) == 2


def test_speech_without_a_pause_is_cut_where_it_is_quietest() -> None:
    probabilities, samples = frames((0.9, 20), (0.3, 0.1), (0.9, 20))
    first, second = cut(probabilities, samples)
    assert abs(first.end - 20 * RATE) < 0.2 * RATE
    assert second.start == first.end


@given(
    st.lists(
        st.tuples(st.sampled_from([0.0, 0.3, 0.6, 0.99]), st.floats(0.05, 45.0)), min_size=1, max_size=8
    ),
    st.floats(8.0, 30.0),
)
def test_windows_hold_all_speech_once_and_none_is_too_long(
    runs: list[tuple[float, float]], longest_s: float
) -> None:
    probabilities, samples = frames(*runs)
    found = regions(probabilities, samples)
    cuts = windows(found, probabilities, samples, longest_s=longest_s, pause_s=3, margin_s=0.3)
    for window in cuts:
        assert 0 <= window.start < window.end <= samples
        assert window.end - window.start <= longest_s * RATE
    for one, two in itertools.pairwise(cuts):
        assert one.end <= two.start
    speech = np.zeros(samples, bool)
    for region in found:
        speech[region.start : region.end] = True
    for window in cuts:
        speech[window.start : window.end] = False
    assert not speech.any()
