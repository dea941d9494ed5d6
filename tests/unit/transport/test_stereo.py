"""Putting a voice on a timeline."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.transport.stereo import PATIENCE_S, SAMPLE_RATE, STEP_S, Voice

PIECE = 960


def piece(value: int, samples: int = PIECE) -> np.ndarray:
    return np.full(samples, value, np.int16)


def test_sound_is_where_it_was_placed_and_silence_elsewhere() -> None:
    voice = Voice(0)
    voice.place(1.0, piece(5))
    voice.place(2.0, piece(7))
    sound = voice.take(3 * SAMPLE_RATE)
    assert np.flatnonzero(sound == 5).tolist() == list(range(SAMPLE_RATE, SAMPLE_RATE + PIECE))
    assert np.flatnonzero(sound == 7).tolist() == list(range(2 * SAMPLE_RATE, 2 * SAMPLE_RATE + PIECE))
    assert len(sound) == 3 * SAMPLE_RATE


def test_sound_in_pieces_has_no_seams_although_its_clock_wavers() -> None:
    voice = Voice(0)
    for i in range(200):
        voice.place(i * 0.02 + (0.012 if i % 3 else -0.012), piece(9))
    assert (voice.take(200 * PIECE) == 9).all()
    assert voice.late == 0


def test_it_can_be_taken_bit_by_bit() -> None:
    whole, bits = Voice(0), Voice(0)
    taken: list[np.ndarray] = []
    for i in range(100):
        for voice in (whole, bits):
            voice.place(i * 0.02, piece(i))
        if i % 7 == 6:
            taken.append(bits.take(bits.end - 500))
    taken.append(bits.take(100 * PIECE))
    assert np.array_equal(np.concatenate(taken), whole.take(100 * PIECE))


def test_sound_that_comes_too_late_is_counted_not_kept() -> None:
    voice = Voice(0)
    voice.take(SAMPLE_RATE)
    voice.place(0.5, piece(3))
    voice.place(1.0 - 0.01, piece(4))
    assert voice.late == PIECE
    assert (voice.take(SAMPLE_RATE + PIECE) == 4).all()


def test_a_held_up_burst_lands_where_it_was_spoken() -> None:
    voice = Voice(0)
    for i in range(50):
        voice.place(i * 0.02, piece(1))
    # A stall of a second; the clock that places (see `ArrivalClock`) is not misled by it.
    for i in range(50, 150):
        voice.place(i * 0.02, piece(2))
    assert (voice.take(150 * PIECE)[50 * PIECE :] == 2).all()


def test_a_short_swing_of_the_network_changes_nothing() -> None:
    voice = Voice(0)
    for i in range(int(PATIENCE_S * 50 * 2)):
        swing = 0.08 if (i // 100) % 2 else 0.0
        voice.place(i * 0.02 + swing, piece(6))
    assert (voice.take(voice.end) == 6).all()
    assert voice.late == 0


@pytest.mark.parametrize("drift", [200e-6, -200e-6])
def test_a_drifting_sound_card_stays_within_20_ms_for_an_hour(drift: float) -> None:
    voice = Voice(0)
    furthest = 0.0
    chunk = 0.2  # seconds at a time, to be quick
    for i in range(int(3600 / chunk)):
        at_s = i * chunk * (1 + drift)
        voice.place(at_s, piece(1, int(chunk * SAMPLE_RATE)))
        furthest = max(furthest, abs(voice.end / SAMPLE_RATE - (at_s + chunk)))
        voice.take(voice.end)
    assert STEP_S < furthest < 0.020


@given(st.lists(st.tuples(st.floats(0, 20), st.integers(0, 3000), st.floats(0, 2)), max_size=40))
def test_whatever_comes_what_is_taken_is_gapless_and_complete(
    events: list[tuple[float, int, float]],
) -> None:
    voice = Voice(0)
    position = given_in = 0
    kept = 0
    for at_s, samples, take_s in events:
        voice.place(at_s, piece(1, samples))
        given_in += samples
        end = position + int(take_s * SAMPLE_RATE)
        sound = voice.take(end)
        assert len(sound) == end - position
        kept += int((sound == 1).sum())
        position = end
    kept += int((voice.take(max(position, voice.end)) == 1).sum())
    assert kept + voice.late == given_in
