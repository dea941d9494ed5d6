"""When each word is said, from how long the model itself lets each phoneme last."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vivavoce.speech.engines.text import Piece
from vivavoce.speech.messages import WordTime

_ABOUT: Final = 1.5
_GROWTH: Final = 3
"""How much longer or shorter a window may be, so that it ends with a word; and how fast windows grow."""


def word_times(
    piece: Piece, at: Sequence[int | None], ends_s: NDArray[np.float64], *, length_s: float
) -> tuple[WordTime, ...]:
    """When the tokens of a piece are said; each is there once, and one that has no phonemes takes no time.

    Args:
        piece: what is said.
        at: for each phoneme, where in the piece's text its word begins; None for one of no word.
        ends_s: for each phoneme, when it ends: seconds from the start of the stretch of sound, perhaps outside it.
        length_s: of that stretch.
    """
    spans: list[tuple[float, float] | None] = [None] * len(piece.tokens)
    begin_s = 0.0
    for where, end_s in zip(at, ends_s.tolist(), strict=True):
        index = None if where is None else piece.token(where)
        if index is not None:
            span = spans[index]
            spans[index] = (begin_s if span is None else span[0], end_s)
        begin_s = end_s
    times: list[WordTime] = []
    reached_s = 0.0
    for token, span in zip(piece.tokens, spans, strict=True):
        start_s, end_s = span or (reached_s, reached_s)
        start_s = min(max(start_s, reached_s), length_s)
        reached_s = min(max(end_s, start_s), length_s)
        times.append(
            WordTime(text=token.written, start=token.start, end=token.end, start_s=start_s, end_s=reached_s)
        )
    return tuple(times)


def between_words(piece: Piece, at: Sequence[int | None]) -> list[int]:
    """Indexes of the phonemes after which no word goes on. Takes what `word_times` does."""
    tokens = [None if where is None else piece.token(where) for where in at]
    return [index for index, (one, next) in enumerate(itertools.pairwise(tokens)) if one != next]


def within(times: Sequence[WordTime], start_s: float, end_s: float) -> tuple[WordTime, ...]:
    """Those words that begin in a part of a stretch of sound, timed from the part's start; none lasts beyond its end.

    Args:
        times: of the whole stretch.
        start_s, end_s: the part; a word that begins at its end is not in it.
    """
    return tuple(
        time.model_copy(update={"start_s": time.start_s - start_s, "end_s": min(time.end_s, end_s) - start_s})
        for time in times
        if start_s <= time.start_s < end_s
    )


def windows(ends: Sequence[int], total: int, *, first: int, most: int) -> list[int]:
    """Where to cut a sound into windows, between words if there is a place: the first one short, then ever longer.

    Args:
        ends: where words end, rising.
        total: where the sound ends.
        first: what the first window should be long.
        most: what each is at most long, about.

    Returns:
        Where each window ends; the last one at `total`.
    """
    found: list[int] = []
    start, size = 0, first
    while total - start > size * _ABOUT:
        near = [end for end in ends if size / _ABOUT <= end - start <= size * _ABOUT]
        start = min(near, key=lambda end, wanted=start + size: abs(end - wanted), default=start + size)
        found.append(start)
        size = min(most, size * _GROWTH)
    return [*found, total]
