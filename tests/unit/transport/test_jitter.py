"""Ordering packets."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.transport.jitter import HOLD, JUMP, JitterBuffer, RtpVoice


def packet(number: int) -> RtpVoice:
    """The `number`-th packet of a stream, its number counted without wrapping."""
    return RtpVoice(number & 0xFFFF, (number * 960) & 0xFFFFFFFF, number.to_bytes(8, "big", signed=True))


def through(buffer: JitterBuffer, numbers: list[int]) -> list[int]:
    out: list[int] = []
    for number in numbers:
        out.extend(int.from_bytes(p.payload, "big", signed=True) for p in buffer.push(packet(number)))
    return out


def test_packets_in_order_pass_at_once() -> None:
    buffer = JitterBuffer()
    for number in range(65_500, 65_600):
        assert through(buffer, [number]) == [number]


def test_neighbours_that_swapped_places_are_put_right() -> None:
    assert through(JitterBuffer(), [1, 3, 2, 4, 6, 5]) == [1, 2, 3, 4, 5, 6]


def test_a_lost_packet_holds_the_others_only_a_moment() -> None:
    buffer = JitterBuffer()
    numbers = [1, *range(3, 3 + HOLD)]
    assert through(buffer, numbers) == [1]
    assert through(buffer, [3 + HOLD]) == list(range(3, 4 + HOLD))
    assert buffer.lost == 1
    assert through(buffer, [4 + HOLD]) == [4 + HOLD], "and no delay stays behind"


def test_a_packet_that_comes_after_it_was_given_up_is_dropped() -> None:
    buffer = JitterBuffer()
    through(buffer, [1, 3, 4, 5, 6])
    assert through(buffer, [2]) == []
    assert buffer.discarded == 1


def test_a_packet_that_comes_twice_counts_once() -> None:
    buffer = JitterBuffer()
    assert through(buffer, [1, 1, 3, 3, 2, 2]) == [1, 2, 3]
    assert buffer.discarded == 3


@pytest.mark.parametrize("jump", [JUMP + 1, 20_000, -20_000, -JUMP - 1])
def test_a_stream_that_begins_anew_is_followed(jump: int) -> None:
    buffer = JitterBuffer()
    through(buffer, [30_000, 30_002])
    assert through(buffer, [30_000 + jump, 30_001 + jump])[-2:] == [30_000 + jump, 30_001 + jump]


@given(
    start=st.integers(0, 2**17),
    count=st.integers(1, 200),
    loss=st.floats(0, 0.5),
    shuffle=st.integers(0, HOLD),
    twice=st.floats(0, 0.3),
    seed=st.integers(),
)
def test_whatever_the_network_does_order_holds_and_nothing_that_came_in_time_is_lost(
    start: int, count: int, loss: float, shuffle: int, twice: float, seed: int
) -> None:
    chance = random.Random(seed)
    sent = list(range(start, start + count))
    came = [sent[0], *(n for n in sent[1:] if chance.random() >= loss)]
    # The first one anchors the stream; each other is overtaken by at most `shuffle` later ones.
    came = [came[0], *sorted(came[1:], key=lambda n: n + chance.uniform(0, shuffle + 0.5))]
    came = [n for number in came for n in ([number, number] if chance.random() < twice else [number])]
    buffer = JitterBuffer()

    out = through(buffer, came)

    assert out == sorted(set(out)), "in order, nothing twice"
    assert set(out) <= set(came)
    if loss == 0 and shuffle < HOLD:
        assert out == sorted(set(came))
    waiting_at_the_end = [n for n in set(came) if n > (out[-1] if out else start)]
    assert len(waiting_at_the_end) <= HOLD


@given(st.lists(st.integers(0, 0xFFFF), max_size=300))
def test_garbage_is_survived_with_bounded_memory(sequences: list[int]) -> None:
    buffer = JitterBuffer()
    out = 0
    for i, sequence in enumerate(sequences):
        out += len(buffer.push(RtpVoice(sequence, 0, b"x")))
        assert i + 1 - out - buffer.discarded <= HOLD
