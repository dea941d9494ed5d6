"""When each word of a text was said: by where in the sound the decoder looked as it wrote it.

The method is that of OpenAI's `whisper/timing.py`: the attention of some heads is smoothed and averaged, and the path
through it that goes on in both text and time and sees the most attention gives each token its time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from vivavoce.speech.engines.whisper_network import Floats
from vivavoce.speech.transcript import Word

PLACE_S = 0.02
"""Seconds from one place of the encoder's to the next."""

SMOOTHING = 7
"""Places whose median counts, as in Whisper's own code."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A token's text, or that of the few that make a character; it begins with a space where a word does."""

    text: str
    start_s: float
    end_s: float
    confidence: float


def token_starts(attention: Floats) -> NDArray[np.floating]:
    """When each token begins, seconds.

    Args:
        attention: [heads, tokens, places].
    """
    spread = attention.std(axis=1, keepdims=True)
    standard = (attention - attention.mean(axis=1, keepdims=True)) / np.maximum(spread, 1e-9)
    edge = SMOOTHING // 2
    if standard.shape[2] > edge:
        padded = np.pad(standard, ((0, 0), (0, 0), (edge, edge)), mode="reflect")
        standard = np.median(np.lib.stride_tricks.sliding_window_view(padded, SMOOTHING, axis=2), axis=3)
    return first_places(-standard.mean(axis=0)) * PLACE_S


def first_places(cost: NDArray[np.float64] | Floats) -> NDArray[np.int64]:
    """The place at which each token is reached by the cheapest path through [tokens, places].

    The path goes from the first token and place to the last, a step at a time in one of them or both.
    """
    tokens, places = cost.shape
    # A diagonal holds what is equally far from the beginning: each is computed at once, from the two before it.
    index = np.arange(tokens)
    moves = np.zeros((tokens + places - 1, tokens), np.int8)
    before, last = np.full(tokens + 1, np.inf), np.full(tokens + 1, np.inf)
    before[0] = 0.0
    for diagonal in range(tokens + places - 1):
        place = diagonal - index
        inside = (place >= 0) & (place < places)
        ways = np.stack([before[:-1], last[:-1], last[1:]])
        moves[diagonal] = ways.argmin(axis=0)
        now = np.full(tokens + 1, np.inf)
        now[1:][inside] = ways.min(axis=0)[inside] + cost[index[inside], place[inside]]
        before, last = last, now
    reached = np.zeros(tokens, np.int64)
    token, place = tokens - 1, places - 1
    while token >= 0 and place >= 0:
        reached[token] = place
        move = moves[token + place, token]
        token -= move != 2
        place -= move != 1
    return reached


def joined(pieces: Sequence[Piece], *, spaced: bool) -> tuple[Word, ...]:
    """Words from their pieces.

    Args:
        pieces: in order.
        spaced: whether the language puts spaces between words; in others every character counts as one.
    """
    words: list[Word] = []
    for piece in pieces:
        text = piece.text.strip()
        if not text:
            continue
        mark = not any(letter.isalnum() for letter in text)
        if words and (mark if not spaced else not piece.text.startswith(" ")):
            last = words[-1]
            # A mark lasts as long as the pause it stands for, which is not part of the word.
            words[-1] = replace(
                last,
                text=last.text + text,
                end_s=last.end_s if mark else piece.end_s,
                confidence=last.confidence if mark else min(last.confidence, piece.confidence),
            )
        else:
            words.append(Word(text, piece.start_s, piece.end_s, piece.confidence))
    return tuple(words)
