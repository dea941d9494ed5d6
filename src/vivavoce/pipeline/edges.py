"""Word times put right by the sound: where a word begins after a silence, it begins where the sound does. Pure.

Whisper's word times come from where its decoder looked, in steps of 20 ms, and a word's start has some of the silence
before it in it (`benchmarks/second_pass.md`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vivavoce.pipeline.transcript import Word

FRAME_S = 0.01
"""Seconds of a frame whose level is taken."""

OVER_NOISE = 4.0
"""A frame is sound when it is so many times louder than the quietest tenth, 12 dB, …"""

LEAST = 0.002
"""… and than this of full scale, −54 dB."""

PAUSE_S = 0.05
"""Seconds that a silence has at least: a stop consonant holds the sound for less."""

REACH_S = 0.3
"""Seconds that a start or an end is moved at most where there is sound."""

SILENCE_S = 1.0
"""Seconds that one is moved at most out of a silence, where it cannot be right; more of it is soft speech, perhaps."""


def levels(pcm: bytes, rate: int) -> NDArray[np.float32]:
    """The level of each frame of `FRAME_S`, of full scale 1; `pcm` is s16le mono at `rate` Hz."""
    sound = np.frombuffer(pcm[: len(pcm) & ~1], np.int16).astype(np.float32) / 32768
    size = round(rate * FRAME_S)
    frames = sound[: len(sound) // size * size].reshape(-1, size)
    return np.sqrt(np.mean(np.square(frames), axis=1))


def stretches(found: NDArray[np.float32]) -> list[tuple[float, float]]:
    """Where there is sound, in seconds from the first frame; silences shorter than `PAUSE_S` do not part it."""
    if not len(found):
        return []
    floor = max(LEAST, OVER_NOISE * float(np.percentile(found, 10)))
    loud = np.flatnonzero(found > min(floor, float(found.max()) / 2))
    if not len(loud):
        return []
    gaps = np.flatnonzero(np.diff(loud) * FRAME_S > PAUSE_S + FRAME_S)
    begins = [int(loud[0]), *(int(loud[gap + 1]) for gap in gaps)]
    ends = [*(int(loud[gap]) for gap in gaps), int(loud[-1])]
    return [(begin * FRAME_S, (end + 1) * FRAME_S) for begin, end in zip(begins, ends, strict=True)]


def put_right(words: Sequence[Word], sound: Sequence[tuple[float, float]]) -> tuple[Word, ...]:
    """Move starts to where sound begins, and ends to where it ends, where one is near and no other word is between.

    Args:
        words: in order; they may touch, and do not overlap.
        sound: where there is sound, on the same clock, in order.

    Returns:
        the same words in the same order, still without overlaps.
    """
    moved: list[Word] = []
    for place, word in enumerate(words):
        before = moved[-1].end_s if moved else 0.0
        after = words[place + 1].start_s if place + 1 < len(words) else float("inf")
        begins = [begin for begin, _ in sound if before <= begin < word.end_s]
        start = max(before, _nearest(word.start_s, begins, reach_s=_reach(word.start_s, sound)))
        ends = [end for _, end in sound if start < end <= max(after, word.end_s)]
        end = max(start, _nearest(word.end_s, ends, reach_s=_reach(word.end_s, sound)))
        moved.append(word.model_copy(update={"start_s": start, "end_s": end}))
    return tuple(moved)


def _reach(at_s: float, sound: Sequence[tuple[float, float]]) -> float:
    return REACH_S if any(begin <= at_s <= end for begin, end in sound) else SILENCE_S


def _nearest(at_s: float, edges: Sequence[float], *, reach_s: float) -> float:
    """The edge nearest to a time, or the time itself where none is within reach."""
    found = min(edges, key=lambda edge: abs(edge - at_s), default=at_s)
    return found if abs(found - at_s) <= reach_s else at_s
