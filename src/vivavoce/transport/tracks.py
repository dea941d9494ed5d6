"""A recording as two tracks for the recogniser: `python -m vivavoce.transport.tracks RECORDING FOLDER`.

A program of its own, so that decoding hours of sound neither holds up an event loop nor needs a decoder in whoever asks
for it. It writes `participant.raw` and `moderator.raw` (s16le mono, 16 kHz, from the recording's first sample) and says
on standard output, as JSON, what it found: `Tracks`. Memory does not grow with the recording's length.
"""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path

import av
import av.error
import numpy as np
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
    samples = 0
    loud = [0, 0]
    resampler = av.AudioResampler(format="s16", layout="stereo", rate=RATE)
    with ExitStack() as stack:
        files = [stack.enter_context((folder / name).open("wb")) for name in NAMES]
        try:
            container = stack.enter_context(av.open(str(recording)))
            for frame in container.decode(audio=0):
                if begin is None:
                    begin = (frame.pts or 0) * (frame.time_base or Fraction(1, RATE))
                for piece in resampler.resample(frame):
                    sound = piece.to_ndarray().reshape(-1, CHANNELS).astype(np.int16, copy=False)
                    samples += len(sound)
                    for channel, file in enumerate(files):
                        track = np.ascontiguousarray(sound[:, channel])
                        loud[channel] += _loud(track)
                        file.write(track.tobytes())
        except (av.error.FFmpegError, IndexError) as error:
            # A file whose writer was killed ends where it ends; one without a sound in it may be ours all the same.
            if begin is None and not _ours(recording):
                raise RecordingUnreadable(recording, error) from error
    return Tracks(
        start_s=float(begin or 0),
        duration_s=samples / RATE,
        heard_s=(loud[0] / RATE, loud[1] / RATE),
    )


def _loud(track: np.ndarray[tuple[int, ...], np.dtype[np.int16]]) -> int:
    """Samples of a piece whose level is above silence; pieces are a frame of 20 ms or so."""
    if not len(track):
        return 0
    level = float(np.sqrt(np.mean(np.square(track.astype(np.float32) / 32768))))
    return len(track) if level > LOUD else 0


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
