"""When words were said: the path through the attention, and words from their pieces."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from vivavoce.speech.engines.whisper_words import Piece, first_places, joined, token_starts


def plain(cost: NDArray[np.float64]) -> float:
    """The cost of the cheapest path, cell by cell."""
    best = np.full(cost.shape, np.inf)
    for token in range(cost.shape[0]):
        for place in range(cost.shape[1]):
            before = [
                best[token - 1, place - 1] if token and place else np.inf,
                best[token - 1, place] if token else np.inf,
                best[token, place - 1] if place else np.inf,
            ]
            best[token, place] = cost[token, place] + (0 if token == place == 0 else min(before))
    return float(best[-1, -1])


@given(
    st.tuples(st.integers(1, 6), st.integers(1, 9)).flatmap(
        lambda shape: st.lists(
            st.integers(0, 50), min_size=shape[0] * shape[1], max_size=shape[0] * shape[1]
        ).map(lambda costs: np.array(costs, np.float64).reshape(shape))
    )
)
def test_the_path_goes_on_in_text_and_time_and_no_other_is_cheaper(cost: NDArray[np.float64]) -> None:
    reached = first_places(cost)
    assert reached[0] == 0
    assert (np.diff(reached) >= 0).all()
    # The cells a path with these first places can visit, at their cheapest: as cheap as the cheapest of all.
    ends = [*reached[1:], cost.shape[1] - 1]
    total = 0.0
    for token, (first, end) in enumerate(zip(reached, ends, strict=True)):
        last = token == cost.shape[0] - 1
        stays = [
            cost[token, first : stop + 1].sum()
            for stop in ((end,) if last else (end - 1, end))
            if stop >= first
        ]
        total += min(stays)
    assert total <= plain(cost) + 1e-9


def test_tokens_begin_where_they_are_looked_for() -> None:
    attention = np.full((2, 4, 100), 0.001, np.float32)
    for token, (start, end) in enumerate([(0, 20), (20, 55), (55, 70), (70, 100)]):
        attention[:, token, start:end] = 1.0
    assert np.abs(token_starts(attention) - [0.0, 0.4, 1.1, 1.4]).max() <= 0.04


def test_words_take_their_marks_and_parts_but_not_the_pause_after() -> None:
    pieces = [
        Piece(" Well", 0.0, 0.4, 0.9),
        Piece(",", 0.4, 1.2, 0.2),
        Piece(" twenty", 1.2, 1.5, 0.9),
        Piece("-five", 1.5, 1.9, 0.8),
        Piece(" ", 1.9, 2.0, 0.9),
        Piece(" done", 2.0, 2.4, 0.9),
        Piece(".", 2.4, 3.0, 0.9),
    ]
    words = joined(pieces, spaced=True)
    assert [(word.text, word.start_s, word.end_s, word.confidence) for word in words] == [
        ("Well,", 0.0, 0.4, 0.9),
        ("twenty-five", 1.2, 1.9, 0.8),
        ("done.", 2.0, 2.4, 0.9),
    ]


def test_where_no_spaces_are_written_each_character_is_a_word() -> None:
    pieces = [Piece("今", 0.0, 0.2, 0.9), Piece("日", 0.2, 0.4, 0.9), Piece("。", 0.4, 0.9, 0.9)]
    assert [word.text for word in joined(pieces, spaced=False)] == ["今", "日。"]
