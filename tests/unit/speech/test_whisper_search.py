"""The search for a text: side by side, with limits, wide and narrow; the network's place is taken by a table."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import cast

import numpy as np
import pytest
from numpy.typing import NDArray

from vivavoce.speech.engines.whisper_network import Encoded, Floats, Network, Past
from vivavoce.speech.engines.whisper_search import Marks, Search, Written

END, BEGIN, QUIET, NEVER = 8, 9, 10, 7
MARKS = Marks(END, BEGIN, QUIET)
START = (BEGIN, 11)


class Table:
    """Follows each sound's own table: the probabilities of what comes after a token. A sound is known by its number."""

    longest = 40
    vocabulary = 12
    never = (NEVER,)
    never_first = (END,)

    def __init__(self, tables: Sequence[dict[int, dict[int, float]]]) -> None:
        self._tables = tables
        self.rows: list[int] = []

    def nothing_yet(self, texts: int) -> Past:
        return Past((np.zeros((texts, 1, 0, 1), np.float32),))

    def step(
        self, sounds: Encoded, past: Past, tokens: NDArray[np.int64], wanted: Sequence[int]
    ) -> tuple[Floats, Past]:
        self.rows.append(len(tokens))
        kept = np.concatenate([past.parts[0], tokens[:, None, :, None].astype(np.float32)], axis=2)
        logits = np.full((len(tokens), len(wanted), self.vocabulary), -20.0, np.float32)
        for row in range(len(tokens)):
            # What a row is told of its past must be its own: a table is followed only from its own tokens.
            said = [int(token) for token in kept[row, 0, :, 0]]
            assert said[:2] == list(START)
            table = self._tables[int(sounds.parts[0][row, 0, 0, 0])]
            for place, index in enumerate(wanted):
                for token, probability in table.get(int(tokens[row, index]), {END: 1.0}).items():
                    logits[row, place, token] = np.log(probability)
        return logits, Past((kept,))


def sound(number: int) -> Encoded:
    return Encoded((np.full((1, 1, 3, 1), number, np.float32),), (3,))


def found(
    tables: Sequence[dict[int, dict[int, float]]], *, width: int, caps: Sequence[int] | None = None
) -> tuple[list[Written | None], list[int]]:
    table = Table(tables)
    count = len(tables)
    search = Search(
        cast("Network", table),
        MARKS,
        [sound(number) for number in range(count)],
        [START] * count,
        caps or [10] * count,
        width,
    )
    while not search.over:
        search.advance(3)
    return [search.written(index) for index in range(count)], table.rows


def saying(*tokens: int, sure: float = 0.9) -> dict[int, dict[int, float]]:
    """A table that says these, each with this probability."""
    chain = (11, *tokens, END)
    steps = {one: {other: sure} for one, other in itertools.pairwise(chain)}
    return {BEGIN: {QUIET: 0.25, 0: 0.75}, **steps, END: {END: 1.0}}


@pytest.mark.parametrize("width", [1, 3])
def test_texts_side_by_side_are_those_found_alone(width: int) -> None:
    tables = [saying(1, 2, 3), saying(4), saying(5, 6, 0, 2, 1)]
    side_by_side, _ = found(tables, width=width)
    assert side_by_side == [found([table], width=width)[0][0] for table in tables]
    assert [text.tokens for text in side_by_side if text] == [(1, 2, 3), (4,), (5, 6, 0, 2, 1)]


def test_score_and_silence_are_those_of_the_network() -> None:
    (text,), _ = found([saying(1, 2, sure=0.5)], width=1)
    assert text is not None
    # The table's other tokens are next to impossible, so what it says is all but sure.
    assert text.score == pytest.approx(0.0, abs=1e-6)
    assert text.no_speech == pytest.approx(0.25, abs=1e-6)


def test_each_text_ends_at_its_own_limit_and_says_so() -> None:
    texts, _ = found([saying(1, 2, 3, 4, 5), saying(1, 2, 3, 4, 5)], width=1, caps=[2, 9])
    assert [(text.tokens, text.capped) for text in texts if text] == [
        ((1, 2), True),
        ((1, 2, 3, 4, 5), False),
    ]


def test_texts_that_are_over_leave_when_half_of_them_are() -> None:
    _, rows = found([saying(1), saying(2), saying(3, 4), saying(1, 2, 3, 4, 5, 6)], width=1)
    # The start, and a token each; after two have ended two are left, and after the third one.
    assert rows == [4, 4, 2, 1, 1, 1, 1]


def test_what_may_never_come_and_what_may_not_come_first_is_passed_over() -> None:
    table = saying(1)
    table[11] = {NEVER: 0.5, END: 0.3, 1: 0.2}
    (text,), _ = found([table], width=1)
    assert text is not None
    assert text.tokens == (1,)


def test_a_wide_search_finds_what_a_narrow_one_walks_past() -> None:
    # 1 looks better than 2 at first, but what follows it is poor.
    table = {
        BEGIN: {0: 1.0},
        11: {1: 0.6, 2: 0.4},
        1: {3: 0.34, 4: 0.33, 5: 0.33},
        2: {6: 1.0},
        **{token: {END: 1.0} for token in (3, 4, 5, 6, END)},
    }
    (narrow,), _ = found([table], width=1)
    (wide,), _ = found([table], width=4)
    assert narrow is not None
    assert wide is not None
    assert (narrow.tokens, wide.tokens) == ((1, 3), (2, 6))
    assert wide.score == pytest.approx(np.log(0.4) / 3, abs=1e-4)


def test_a_text_is_unfinished_until_it_is() -> None:
    table = Table([saying(1, 2, 3)])
    search = Search(cast("Network", table), MARKS, [sound(0)], [START], [10], 1)
    search.advance(2)
    assert search.written(0) is None
    search.advance(10)
    text = search.written(0)
    assert text is not None
    assert text.tokens == (1, 2, 3)
    steps = len(table.rows)
    search.advance(10)
    assert len(table.rows) == steps
