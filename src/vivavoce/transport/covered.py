"""A recording without what is not to be heard: `python -m vivavoce.transport.covered OUT RECORDING…`.

A program of its own, for the reasons of `vivavoce.transport.tracks`. It reads a `Cover` as JSON from standard input and
writes all recordings, in the order in which they were made, as one file on the session clock; what is between them is
silence. Memory does not grow with their length.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
import av.error
import numpy as np
from numpy.typing import NDArray

from vivavoce.errors import VivavoceError
from vivavoce.transport.cover import Cover, within
from vivavoce.transport.encoding import CHANNELS, FRAME, Encoder
from vivavoce.transport.recorded import RecordingUnreadable
from vivavoce.transport.stereo import SAMPLE_RATE
from vivavoce.transport.tracks import NICENESS

TONE_HZ = 1000

TONE = 0.1
"""Of full scale, −23 dB as a mean: it says that something was taken out, no louder than who speaks."""

BLOCK = 50 * FRAME
"""Samples that are worked on at a time, a second."""

Block = NDArray[np.int16]
"""A row a sample, a column a voice."""


def cover(recordings: Sequence[Path], out: Path, how: Cover) -> None:
    """Write the recordings without what is to be covered. Blocking.

    A recording is read as far as it goes.

    Args:
        recordings: all parts, in order.
        out: the file to create.
        how: what to take out.

    Raises:
        RecordingUnreadable: one of them is no recording of ours, or there is no sound in any.
        OSError: the file cannot be written.
    """
    encoder: Encoder | None = None
    for start, block in _blocks(recordings):
        if encoder is None:
            encoder = Encoder(out, start=start)
        encoder.encode(_covered(start, block, how))
    if encoder is None:
        raise RecordingUnreadable(recordings[0], ValueError("there is no sound in it"))
    encoder.flush()
    encoder.close()


def _covered(start: int, block: Block, how: Cover) -> Block:
    made = block.copy()
    if how.kept is not None:
        made[:, 0] = 0
        for first, end in within(how.kept, start, len(block), rate=SAMPLE_RATE):
            made[first:end, 0] = block[first:end, 0]
    for first, end in within(how.tones, start, len(block), rate=SAMPLE_RATE):
        turns = np.arange(start + first, start + end) * (2 * np.pi * TONE_HZ / SAMPLE_RATE)
        made[first:end] = (TONE * 32767 * np.sin(turns)).astype(np.int16)[:, None]
    return made


def _blocks(recordings: Sequence[Path]) -> Iterator[tuple[int, Block]]:
    """The sound in blocks of `BLOCK` samples, the last one shorter, with the sample of the session clock of each."""
    waiting: list[Block] = []
    start = length = 0
    end: int | None = None
    for begin, sound in _sounds(recordings):
        if end is None:
            start = end = begin
        # What two parts have both, the first one has; what is between them is silence.
        for piece in (*_silence(begin - end), sound[max(0, end - begin) :]):
            waiting.append(piece)
            length += len(piece)
            end += len(piece)
            if length >= BLOCK:
                whole = np.concatenate(waiting)
                for first in range(0, length - BLOCK + 1, BLOCK):
                    yield start, whole[first : first + BLOCK]
                    start += BLOCK
                waiting = [whole[length - length % BLOCK :]]
                length %= BLOCK
    if length:
        yield start, np.concatenate(waiting)


def _silence(samples: int) -> Iterator[Block]:
    for begin in range(0, samples, BLOCK):
        yield np.zeros((min(BLOCK, samples - begin), CHANNELS), np.int16)


def _sounds(recordings: Sequence[Path]) -> Iterator[tuple[int, Block]]:
    """Pieces of sound, and the sample of the session clock that each begins with."""
    for recording in recordings:
        at: int | None = None
        resampler = av.AudioResampler(format="s16", layout="stereo", rate=SAMPLE_RATE)
        try:
            with av.open(str(recording)) as container:
                for frame in container.decode(audio=0):
                    if at is None:
                        at = round((frame.pts or 0) * (frame.time_base or Fraction(0)) * SAMPLE_RATE)
                    for piece in resampler.resample(frame):
                        sound = piece.to_ndarray().reshape(-1, CHANNELS).astype(np.int16, copy=False)
                        yield at, sound
                        at += len(sound)
        except (av.error.FFmpegError, IndexError) as error:
            # A file whose writer was killed ends where it ends.
            if at is None:
                raise RecordingUnreadable(recording, error) from error


def main() -> None:
    """Run as a program; exit code 1 and the error's message on standard error where it cannot be done."""
    out, *recordings = (Path(name) for name in sys.argv[1:])
    os.nice(NICENESS)
    try:
        cover(recordings, out, Cover.model_validate_json(sys.stdin.buffer.read()))
    except (VivavoceError, OSError) as error:
        print(error, file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
