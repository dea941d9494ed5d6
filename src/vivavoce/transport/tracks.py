"""A recording as two tracks for the recogniser: `python -m vivavoce.transport.tracks RECORDING FOLDER`.

A program of its own, so that decoding hours of sound neither holds up an event loop nor needs a decoder in whoever asks
for it. It writes `participant.raw` and `moderator.raw` (s16le mono, 16 kHz, from the recording's first sample) and says
on standard output, as JSON, what it found: `Tracks`. Memory does not grow with the recording's length.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

import av
import av.error
import numpy as np
from av.audio.frame import AudioFrame
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from vivavoce.errors import VivavoceError
from vivavoce.transport.encoding import CHANNELS
from vivavoce.transport.recorded import RecordingUnreadable

RATE = 16_000
"""Hz; what recognisers take."""

NAMES = ("participant.raw", "moderator.raw")
"""Left and right of the recording (`transport.recording`)."""

NICENESS = 10
"""Interviews go before."""

FRAME = RATE // 50
"""Samples whose level is taken together, 20 ms."""

LOUD = 0.002
"""Of full scale: −54 dB, over what a silent microphone and Opus make of nothing."""


class Tracks(BaseModel):
    """What a recording holds.

    Attributes:
        start_s: where on the session clock it begins, in seconds.
        duration_s: seconds of sound in it.
        heard_s: seconds of each track, participant and moderator, that are louder than silence.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    start_s: float
    duration_s: float
    heard_s: tuple[float, float]


def split(recording: Path, folder: Path) -> Tracks:
    """Decode a recording as far as it goes. Blocking.

    Raises:
        RecordingUnreadable: it is no recording of ours.
    """
    begin: Fraction | None = None
    with ExitStack() as stack:
        out = _Writer([stack.enter_context((folder / name).open("wb")) for name in NAMES])
        # A second at a time: by frames of 20 ms it takes three times as long.
        waiting = av.AudioFifo()
        try:
            container = stack.enter_context(av.open(str(recording)))
            for frame in container.decode(audio=0):
                if begin is None:
                    begin = (frame.pts or 0) * (frame.time_base or Fraction(1, RATE))
                frame.pts = None  # its samples count
                waiting.write(frame)
                while (second := waiting.read(frame.sample_rate)) is not None:
                    out.write(second)
        except (av.error.FFmpegError, IndexError) as error:
            # A file whose writer was killed ends where it ends; one without a sound in it may be ours all the same.
            if begin is None and not _ours(recording):
                raise RecordingUnreadable(recording, error) from error
        if (rest := waiting.read()) is not None:
            out.write(rest)
        return Tracks(
            start_s=float(begin or 0),
            duration_s=out.samples / RATE,
            heard_s=(out.loud[0] / RATE, out.loud[1] / RATE),
        )


class _Writer:
    """Writes each voice to its file, and counts samples: all, and those of each voice that are louder than silence."""

    def __init__(self, files: Sequence[BinaryIO]) -> None:
        self._files = files
        self._resampler = av.AudioResampler(format="s16", layout="stereo", rate=RATE)
        self.samples = 0
        self.loud = [0, 0]

    def write(self, frame: AudioFrame) -> None:
        """Write what follows."""
        for piece in self._resampler.resample(frame):
            sound = piece.to_ndarray().reshape(-1, CHANNELS).astype(np.int16, copy=False)
            self.samples += len(sound)
            for channel, file in enumerate(self._files):
                track = np.ascontiguousarray(sound[:, channel])
                self.loud[channel] += _loud(track)
                file.write(track.tobytes())


def _loud(track: NDArray[np.int16]) -> int:
    """Samples of those frames whose level is above silence."""
    whole = len(track) // FRAME * FRAME
    frames = (track[:whole].reshape(-1, FRAME), track[whole:].reshape(1, -1))
    return sum(
        int((np.sqrt(np.mean(np.square(some.astype(np.float32) / 32768), axis=1)) > LOUD).sum())
        * some.shape[1]
        for some in frames
        if some.size
    )


def _ours(recording: Path) -> bool:
    with recording.open("rb") as file:
        return file.read(4) in (b"OggS", b"")


def main() -> None:
    """Run as a program; exit code 1 and the error's message on standard error where there is no recording to read."""
    recording, folder = (Path(name) for name in sys.argv[1:3])
    os.nice(NICENESS)
    try:
        print(split(recording, folder).model_dump_json())
    except VivavoceError as error:
        print(error, file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
