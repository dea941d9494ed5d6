"""What an upstream sends, as what was announced: s16le mono at one rate, whatever arrives. No I/O."""

from __future__ import annotations

import numpy as np
import soxr

from vivavoce.speech.upstream.wav import RATES, WavReader


class SoundStream:
    """Reads one stream of sound.

    Args:
        to_rate: Hz of what is given: what callers were told.
        rate: Hz of bare samples that arrive; a wav header's word goes before it.
    """

    def __init__(self, *, to_rate: int, rate: int) -> None:
        self._reader = WavReader(rate)
        self._to_rate = to_rate
        self._resampler: soxr.ResampleStream | None = None

    def feed(self, data: bytes) -> bytes:
        """Take bytes as they arrive; gives whole samples at `to_rate`, perhaps none yet.

        Raises:
            WavError: this is something else than sound.
        """
        return self._at_rate(self._reader.feed(data), last=False)

    def finish(self) -> bytes:
        """The stream has ended; what is left of it.

        Raises:
            WavError: it ended inside its header.
        """
        return self._at_rate(self._reader.finish(), last=True)

    def _at_rate(self, pcm: bytes, *, last: bool) -> bytes:
        if self._resampler is None:
            if not pcm or self._reader.rate == self._to_rate:
                return pcm
            # Int16 in and out: what arrives was rounded once already, and speech has no use for more.
            self._resampler = soxr.ResampleStream(self._reader.rate, self._to_rate, 1, dtype="int16")
        samples = np.frombuffer(pcm, "<i2").astype(np.int16)
        return self._resampler.resample_chunk(samples, last=last).astype("<i2").tobytes()


def rate_of(content_type: str) -> int | None:
    """The rate that a content type names, in Hz: `audio/pcm;rate=24000`, `audio/L16; rate=16000`; None without one."""
    for parameter in content_type.split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() in ("rate", "sample_rate", "samplerate"):
            value = value.strip().strip('"')
            if value.isdigit() and int(value) in RATES:
                return int(value)
    return None
