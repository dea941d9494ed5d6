"""When each word is said, from how long the model itself lets each phoneme last."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vivavoce.speech.engines.text import Piece
from vivavoce.speech.messages import WordTime


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
