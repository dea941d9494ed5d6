"""From whatever rate a voice has to the one that is played."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import soxr

from vivavoce.voice.wording import SAMPLE_RATE


def to_playout_rate(rate: int) -> Callable[[bytes, bool], bytes]:
    """A converter of s16le mono from `rate` Hz to `SAMPLE_RATE`: give it each piece, and whether it is the last."""
    if rate == SAMPLE_RATE:
        return lambda chunk, last: chunk
    stream = soxr.ResampleStream(rate, SAMPLE_RATE, 1, dtype="int16")

    def convert(chunk: bytes, last: bool) -> bytes:
        return stream.resample_chunk(np.frombuffer(chunk, dtype=np.int16), last=last).tobytes()

    return convert
