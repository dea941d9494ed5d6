"""Changing the rate of a stream."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vivavoce.transport.resample import Resampler

PAIRS = [
    (48_000, 16_000),
    (16_000, 48_000),
    (48_000, 24_000),
    (24_000, 48_000),
    (44_100, 16_000),
    (8_000, 48_000),
]


def sine(hz: float, rate: int, seconds: float = 1.0) -> np.ndarray:
    return (10_000 * np.sin(2 * np.pi * hz * np.arange(int(seconds * rate)) / rate)).astype(np.int16)


def pushed(resampler: Resampler, sound: np.ndarray, chunk: int) -> np.ndarray:
    out = b"".join(resampler.push(sound[i : i + chunk].tobytes()) for i in range(0, len(sound), chunk))
    return np.frombuffer(out, np.int16).astype(float)


@pytest.mark.parametrize(("rate_in", "rate_out"), PAIRS)
def test_a_tone_comes_out_the_same_a_known_moment_later(rate_in: int, rate_out: int) -> None:
    resampler = Resampler(rate_in, rate_out)
    out = pushed(resampler, sine(1000, rate_in), rate_in // 50)
    assert len(out) == rate_out
    expected = 10_000 * np.sin(2 * np.pi * 1000 * (np.arange(len(out)) / rate_out - resampler.delay_s))
    settled = slice(rate_out // 20, None)
    error = out[settled] - expected[settled]
    assert 10 * np.log10(np.mean(expected[settled] ** 2) / np.mean(error**2)) > 70
    assert resampler.delay_s <= 0.002


@pytest.mark.parametrize(("rate_in", "rate_out"), [(48_000, 16_000), (44_100, 16_000), (48_000, 24_000)])
def test_what_the_lower_rate_cannot_hold_is_filtered_out(rate_in: int, rate_out: int) -> None:
    out = pushed(Resampler(rate_in, rate_out), sine(rate_out / 2 * 1.15, rate_in), rate_in // 50)
    assert np.abs(out[rate_out // 20 :]).max() < 10


@given(st.sampled_from(PAIRS), st.lists(st.integers(0, 2000), max_size=20))
@settings(deadline=None, max_examples=40)
def test_how_the_stream_is_cut_makes_no_difference(pair: tuple[int, int], cuts: list[int]) -> None:
    sound = np.random.default_rng(len(cuts)).integers(-20_000, 20_000, sum(cuts)).astype(np.int16)
    whole = Resampler(*pair).push(sound.tobytes())
    resampler, parts, at = Resampler(*pair), b"", 0
    for cut in cuts:
        parts += resampler.push(sound[at : at + cut].tobytes())
        at += cut
    assert len(parts) == len(whole) == 2 * -(-len(sound) * pair[1] // pair[0])
    difference = np.frombuffer(parts, np.int16).astype(int) - np.frombuffer(whole, np.int16)
    assert np.abs(difference).max(initial=0) <= 1  # the order of additions may round differently


def test_full_scale_does_not_wrap_around() -> None:
    square = np.where(np.arange(4800) % 96 < 48, 32767, -32768).astype(np.int16)
    out = pushed(Resampler(16_000, 48_000), square, 320)
    assert out.max() == 32767
    assert out.min() == -32768


def test_the_same_rate_passes_through() -> None:
    sound = sine(440, 16_000).tobytes()
    resampler = Resampler(16_000, 16_000)
    assert resampler.push(sound) == sound
    assert resampler.delay_s == 0
