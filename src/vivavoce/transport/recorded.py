"""Recordings read back: their sound, and what is to be known of a file whose writer cannot be asked any more."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import av.error
import numpy as np
from numpy.typing import NDArray

from vivavoce.errors import VivavoceError
from vivavoce.transport.encoding import CHANNELS
from vivavoce.transport.stereo import SAMPLE_RATE

Sound = NDArray[np.int16]

_CHUNK = 1 << 20
_MAGIC = b"OggS"
"""What an Ogg page begins with (RFC 3533, section 6)."""


class RecordingUnreadable(VivavoceError):
    """A file that should be a recording is none."""

    code = "recording_unreadable"

    def __init__(self, path: Path, error: Exception) -> None:
        super().__init__(
            f"The recording {path} cannot be read: {getattr(error, 'strerror', None) or error}.",
            next_step="If there is a backup of it, put that in its place.",
        )


@dataclass(frozen=True, slots=True)
class Measured:
    """A recording's file: seconds of sound in it, its length, and its sha256, hexadecimal."""

    duration_s: float
    bytes: int
    sha256: str


def measure(path: Path) -> Measured:
    """Read a recording's measures off its file, without decoding it. Blocking: call it in a thread.

    A file whose writer was killed counts as far as it goes, also where that was before the first sound.

    Raises:
        RecordingUnreadable: it is no recording of ours.
    """
    digest = hashlib.sha256()
    size = 0
    with path.open("rb") as file:
        ours = file.read(len(_MAGIC)) in (_MAGIC, b"")
        file.seek(0)
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
    begin: Fraction | None = None
    end = Fraction(0)
    try:
        with av.open(str(path)) as container:
            for packet in container.demux(audio=0):
                if packet.pts is not None:
                    begin = packet.pts * packet.time_base if begin is None else begin
                    end = (packet.pts + (packet.duration or 0)) * packet.time_base
    except (av.error.FFmpegError, IndexError) as error:
        if begin is None and not ours:
            raise RecordingUnreadable(path, error) from error
    return Measured(float(end - (begin or 0)), size, digest.hexdigest())


def read_recording(*paths: Path) -> tuple[Sound, Sound]:
    """Decode a recording, all its parts given in order.

    Reads as far as a file goes: one whose writer was killed ends where it ends.

    Returns:
        the participant's and the moderator's sound, int16 at 48 kHz, both from second 0 of the session clock.

    Raises:
        RecordingUnreadable: a file is no recording of ours.
    """
    parts: list[tuple[int, Sound]] = []
    for path in paths:
        parts.extend(_decoded(path))
    length = max((begin + len(sound) for begin, sound in parts), default=0)
    both = np.zeros((length, CHANNELS), np.int16)
    for begin, sound in parts:
        both[begin : begin + len(sound)] = sound
    return both[:, 0].copy(), both[:, 1].copy()


def _decoded(path: Path) -> Sequence[tuple[int, Sound]]:
    pieces: list[tuple[int, Sound]] = []
    try:
        with av.open(str(path)) as container:
            resampler = av.AudioResampler(format="s16", layout="stereo", rate=SAMPLE_RATE)
            for frame in container.decode(audio=0):
                begin = int((frame.pts or 0) * (frame.time_base or Fraction(1, SAMPLE_RATE)) * SAMPLE_RATE)
                for piece in resampler.resample(frame):
                    sound = piece.to_ndarray().reshape(-1, CHANNELS).astype(np.int16, copy=False)
                    pieces.append((begin, sound))
    except av.error.FFmpegError as error:
        if not pieces:
            raise RecordingUnreadable(path, error) from error
    return pieces
