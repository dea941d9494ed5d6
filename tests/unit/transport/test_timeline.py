"""Placing a stream by its arrivals."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.transport.timeline import WINDOW_S, ArrivalClock

PIECE_S = 0.02


def test_pieces_that_arrive_evenly_begin_a_piece_before_their_arrival() -> None:
    clock = ArrivalClock()
    for i in range(10):
        assert clock.place(PIECE_S, 5 + i * PIECE_S) == pytest.approx(5 + (i - 1) * PIECE_S)


def test_a_stall_and_the_burst_after_it_move_nothing() -> None:
    clock = ArrivalClock()
    for i in range(50):
        clock.place(PIECE_S, 10 + i * PIECE_S)
    stalled_until = 10 + 50 * PIECE_S + 2.0
    for i in range(50, 150):
        assert clock.place(PIECE_S, stalled_until) == pytest.approx(10 + (i - 1) * PIECE_S)


def test_after_a_pause_the_stream_begins_where_it_arrives() -> None:
    clock = ArrivalClock()
    for i in range(50):
        clock.place(PIECE_S, i * PIECE_S)
    assert clock.place(PIECE_S, 60.0) == pytest.approx(60.0 - PIECE_S)


def test_a_clock_that_runs_slow_is_followed() -> None:
    clock = ArrivalClock()
    begin = 0.0
    now = 0.0
    for _ in range(50 * 600):
        now += PIECE_S * 1.001
        begin = clock.place(PIECE_S, now)
    assert now - PIECE_S - begin < WINDOW_S * 0.001 + 1e-6


@given(st.lists(st.floats(0, 0.5), min_size=1, max_size=300))
def test_delay_only_ever_makes_sound_late_never_early(delays: list[float]) -> None:
    clock = ArrivalClock()
    arrival = 0.0
    for i, delay in enumerate(delays):
        arrival = max(arrival, (i + 1) * PIECE_S + delay)
        begin = clock.place(PIECE_S, arrival)
        spoken = i * PIECE_S
        assert begin >= spoken - 1e-9
        assert begin <= arrival - PIECE_S + 1e-9
