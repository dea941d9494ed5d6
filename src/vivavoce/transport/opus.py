"""Opus for live speech: 20 ms mono packets, by the libopus inside PyAV."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager, suppress
from fractions import Fraction

import av
from av.audio.frame import AudioFrame

SAMPLE_RATE = 48_000
"""Hz of the PCM on either side, and of Opus timestamps."""

PACKET_SAMPLES = 960
"""Samples of a packet: 20 ms."""

TIME_BASE = Fraction(1, SAMPLE_RATE)

BIT_RATE = 40_000
"""bit/s: the upper end of what RFC 7587 (3.1.1) names for full-band speech in mono, 28-40 kb/s."""

EXPECTED_LOSS_PERCENT = 5
"""What forward error correction prepares for; the receiver repairs a lost packet from the one after it."""

COMPLEXITY = 5
"""libopus' 0-10. 10 costs a quarter more CPU than 5 (0.25 against 0.21 ms a packet) for little at this rate."""

SETTLED_PACKETS = 10
"""Packets of silence after which the encoder's output no longer changes and its last packet is repeated instead."""


@contextmanager
def without_filter_threads() -> Generator[None]:
    """What PyAV sets up meanwhile starts no threads of its own.

    PyAV puts a filter graph before every audio encoder, FFmpeg gives each graph a pool of as many threads as it sees
    processors (up to 16), and PyAV offers no way to say otherwise. So for a moment this thread shows it one processor.
    """
    if not hasattr(os, "sched_getaffinity"):  # Linux only
        yield
        return
    processors = os.sched_getaffinity(0)
    with suppress(OSError):  # a sandbox may forbid it; then there are idle threads, and nothing worse
        os.sched_setaffinity(0, {min(processors)})
    try:
        yield
    finally:
        with suppress(OSError):
            os.sched_setaffinity(0, processors)


class OpusEncoder:
    """Encodes 20 ms of s16le mono at 48 kHz at a time. While there is silence it costs nothing."""

    def __init__(self) -> None:
        context = av.CodecContext.create("libopus", "w")
        context.bit_rate = BIT_RATE
        context.format = "s16"
        context.layout = "mono"
        context.sample_rate = SAMPLE_RATE
        context.time_base = TIME_BASE
        context.options = {
            "application": "voip",
            "frame_duration": "20",
            "fec": "1",
            "packet_loss": str(EXPECTED_LOSS_PERCENT),
            "compression_level": str(COMPLEXITY),
        }
        self._context = context
        self._pts = 0
        self._silent = 0
        self._last = b""
        with without_filter_threads():
            self.encode(bytes(PACKET_SAMPLES * 2))  # the first one sets everything up

    def encode(self, pcm: bytes, *, silent: bool = False) -> bytes:
        """Encode exactly 960 samples; returns the packet's payload.

        Args:
            pcm: 1920 bytes.
            silent: `pcm` is known to be all zeros.
        """
        self._silent = self._silent + 1 if silent else 0
        if self._silent > SETTLED_PACKETS:
            return self._last
        frame = AudioFrame(format="s16", layout="mono", samples=PACKET_SAMPLES)
        frame.planes[0].update(pcm)
        frame.sample_rate = SAMPLE_RATE
        frame.time_base = TIME_BASE
        frame.pts = self._pts
        self._pts += PACKET_SAMPLES
        self._last = b"".join(bytes(packet) for packet in self._context.encode(frame))
        return self._last


class OpusDecoder:
    """Decodes packets, whatever their length and channels, to s16le mono at 48 kHz."""

    def __init__(self) -> None:
        context = av.CodecContext.create("libopus", "r")
        context.format = "s16"
        context.layout = "mono"
        context.sample_rate = SAMPLE_RATE
        self._context = context

    def decode(self, payload: bytes) -> bytes:
        """Decode one packet.

        Raises:
            av.error.FFmpegError: it is no Opus packet; the decoder goes on with the next.
        """
        if not payload:
            return b""  # to PyAV an empty packet is the end of the stream
        return b"".join(
            bytes(frame.planes[0])[: frame.samples * 2] for frame in self._context.decode(av.Packet(payload))
        )
