"""When somebody begins and stops to speak."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from vivavoce.speech.endpointing import FRAME, FRAMES_A_SECOND, Began, Ended, Endpointer


def frames(seconds: float) -> int:
    return round(seconds * FRAMES_A_SECOND)


def speech(seconds: float) -> list[float]:
    return [0.97] * frames(seconds)


def silence(seconds: float) -> list[float]:
    return [0.02] * frames(seconds)


def test_an_utterance_lasts_until_the_silence_is_long_enough() -> None:
    endpointer = Endpointer(0.6)
    events = list(endpointer.feed([*silence(1), *speech(2), *silence(0.5), *speech(1), *silence(1)]))
    assert events == [
        Began(frames(1) * FRAME),
        Ended(frames(1) * FRAME, (frames(1) + frames(2) + frames(0.5) + frames(1)) * FRAME, "silence"),
    ]


def test_a_click_is_no_speech() -> None:
    assert list(Endpointer(0.5).feed([*silence(1), 0.9, *silence(1), 0.6, *silence(1)])) == []


def test_soft_endings_belong_to_the_word() -> None:
    events = list(Endpointer(0.3).feed([*speech(1), 0.4, 0.4, 0.36, *silence(1)]))
    assert isinstance(events[1], Ended)
    assert events[1].end == (frames(1) + 3) * FRAME


def test_one_that_does_not_end_is_cut_where_it_is_least_like_speech() -> None:
    endpointer = Endpointer(0.6, longest_s=10)
    probabilities = [0.9] * frames(25)
    probabilities[frames(8)] = 0.4
    events = list(endpointer.feed(probabilities))
    assert events[:3] == [
        Began(0),
        Ended(0, frames(8) * FRAME, "limit"),
        Began(frames(8) * FRAME),
    ]
    assert endpointer.start is not None


def test_the_client_can_end_one() -> None:
    endpointer = Endpointer(0.6)
    assert list(endpointer.end()) == []
    list(endpointer.feed(speech(1)))
    assert list(endpointer.end()) == [Ended(0, frames(1) * FRAME, "client")]
    assert list(endpointer.end()) == []


@given(st.lists(st.floats(0, 1), max_size=400), st.lists(st.integers(1, 50), max_size=40))
def test_it_makes_no_difference_how_the_frames_come(probabilities: list[float], sizes: list[int]) -> None:
    whole = list(Endpointer(0.3, longest_s=2).feed(probabilities))
    endpointer = Endpointer(0.3, longest_s=2)
    parts, at = [], 0
    for size in itertools.chain(sizes, itertools.repeat(13)):
        if at >= len(probabilities):
            break
        parts += list(endpointer.feed(probabilities[at : at + size]))
        at += size
    assert parts == whole


@given(st.lists(st.floats(0, 1), max_size=400))
def test_utterances_follow_each_other_in_time(probabilities: list[float]) -> None:
    at, lasting = 0, False
    for event in Endpointer(0.3, longest_s=2).feed(probabilities):
        assert isinstance(event, Ended) == lasting
        lasting = not lasting
        if isinstance(event, Ended):
            assert event.start < event.end
            at = event.end
        else:
            assert event.start >= at
