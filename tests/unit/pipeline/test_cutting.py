"""Windows hold what was said, are cut at silences, and do not overlap."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from vivavoce.pipeline.cutting import LONGEST_S, windows
from vivavoce.pipeline.interview import Spoken


def spoken(name: str, start_s: float, end_s: float, language: str = "en") -> Spoken:
    return Spoken(speaker="participant", id=name, text="x", start_s=start_s, end_s=end_s, language=language)


@st.composite
def tracks(draw: st.DrawFn) -> list[Spoken]:
    at, turns = 0.0, list[Spoken]()
    for number in range(draw(st.integers(0, 12))):
        at = max(0.0, at + draw(st.floats(-3, 10, allow_nan=False)))
        turns.append(spoken(f"u{number}", at, at + draw(st.floats(0, 40, allow_nan=False))))
        at = turns[-1].end_s
    return sorted(turns, key=lambda turn: turn.start_s)


@given(tracks(), st.floats(0, 20), st.floats(0, 400))
def test_every_turn_of_the_part_is_in_one_window_and_windows_do_not_overlap(
    turns: list[Spoken], begin_s: float, length_s: float
) -> None:
    end_s = begin_s + length_s
    found = windows(turns, begin_s=begin_s, end_s=end_s)
    inside = [turn for turn in turns if turn.start_s < end_s and turn.end_s > begin_s]
    assert [turn for window in found for turn in window.turns] == inside
    edges = [edge for window in found for edge in (window.start_s, window.end_s)]
    assert edges == sorted(edges)
    assert all(begin_s <= edge <= end_s for edge in edges)
    for window in found:
        for turn in window.turns:
            assert window.start_s <= max(turn.start_s, begin_s)
            assert window.end_s >= min(turn.end_s, end_s)


def test_turns_close_by_are_heard_together_up_to_a_length() -> None:
    turns = [spoken("u1", 1, 10), spoken("u2", 10.5, 20), spoken("u3", 20.6, 1 + LONGEST_S + 0.5)]
    found = windows(turns, begin_s=0, end_s=60)
    assert [[turn.id for turn in window.turns] for window in found] == [["u1", "u2"], ["u3"]]


def test_another_language_is_another_window() -> None:
    turns = [spoken("u1", 1, 2), spoken("u2", 2.2, 3, "de")]
    assert len(windows(turns, begin_s=0, end_s=60)) == 2
    first, second = windows(turns, begin_s=0, end_s=60)
    assert first.end_s == second.start_s


def test_a_window_has_some_sound_around_it() -> None:
    (window,) = windows([spoken("u1", 5, 6)], begin_s=0, end_s=60)
    assert (window.start_s, window.end_s) == (4.7, 6.3)
