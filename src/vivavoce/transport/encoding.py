"""Two voices encoded to Ogg/Opus, 48 kHz stereo: left the participant, right the moderator."""

from __future__ import annotations

from contextlib import nullcontext
from fractions import Fraction
from pathlib import Path
from typing import Protocol

import av
import numpy as np
from av.audio.frame import AudioFrame
from numpy.typing import NDArray

from vivavoce.transport.opus import without_filter_threads
from vivavoce.transport.stereo import SAMPLE_RATE

BIT_RATE = 64_000
"""bit/s for both voices, 29 MB an hour. With real speech, what one says is 78 dB down in the other's channel."""

PAGE_S = 0.5
"""Seconds of sound in an Ogg page, which is what is handed to the file system at a time."""

CODEC = "opus"
CHANNELS = 2

FRAME = 960


class Output(Protocol):
    """Where the bytes go. Without a `seek`, so that nothing is written twice."""

    def write(self, data: bytes) -> int:
        """All of `data`, or an `OSError`."""
        ...


class Encoder:
    """Encodes and writes. Everything may raise `OSError` and `av.error.FFmpegError`.

    Args:
        output: a file to create, or what takes the bytes.
        start: sample of the session clock at which it begins.

    Attributes:
        position: sample of the session clock up to which it has been written.
    """

    def __init__(self, output: Path | Output, *, start: int = 0) -> None:
        self._start = self.position = start
        self._container = av.open(
            str(output) if isinstance(output, Path) else output,
            "w",
            format="ogg",
            options={"page_duration": str(int(PAGE_S * 1e6)), "flush_packets": "1"},
        )
        self._stream = self._container.add_stream("libopus", rate=SAMPLE_RATE, layout="stereo")
        self._stream.bit_rate = BIT_RATE
        self._stream.options = {"application": "audio", "frame_duration": "20"}

    def encode(self, both: NDArray[np.int16]) -> None:
        """Write what follows: int16, a row a sample, a column a voice. Whole frames of `FRAME`, but for the last."""
        for begin in range(0, len(both), FRAME):
            part = np.ascontiguousarray(both[begin : begin + FRAME])
            frame = AudioFrame(format="s16", layout="stereo", samples=len(part))
            frame.planes[0].update(part.tobytes())
            frame.sample_rate = SAMPLE_RATE
            frame.time_base = Fraction(1, SAMPLE_RATE)
            frame.pts = self.position
            # The first frame sets the encoder up.
            with without_filter_threads() if self.position == self._start else nullcontext():
                packets = self._stream.encode(frame)
            self.position += len(part)
            for packet in packets:
                self._container.mux(packet)

    def flush(self) -> None:
        """Write what the encoder has under way. Nothing can be written after it."""
        for packet in self._stream.encode(None):
            self._container.mux(packet)

    def close(self) -> None:
        """End the file."""
        self._container.close()
