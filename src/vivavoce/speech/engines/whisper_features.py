"""What Whisper hears: how strong each band of frequency is, a hundred times a second; as in `whisper/audio.py`.

Only the frames that hold sound are computed. Silence has the same value in every band, so the rest of a window is that.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vivavoce.speech.engines.base import RECOGNISER_RATE

FRAME = 400
"""Samples that a frame looks at, 25 ms."""

HOP = 160
"""Samples from one frame to the next, 10 ms."""

RANGE = 8.0
"""Decades under the loudest below which everything counts as equally soft."""

_SILENCE = 1e-10

Floats = NDArray[np.float32]


class Features:
    """Makes features.

    Args:
        bands: how many the model takes.
    """

    def __init__(self, bands: int) -> None:
        self._filters = mel_filters(bands)
        self._window = np.hanning(FRAME + 1)[:-1].astype(np.float32)

    def __call__(self, sound: Floats, window_s: float) -> Floats:
        """The features of a sound in a window: [bands, frames].

        Args:
            sound: float of full scale 1 at `RECOGNISER_RATE`; what is longer than the window is left out.
            window_s: seconds; rounded down to 20 ms, the model's own step.
        """
        frames = round(window_s * RECOGNISER_RATE) // (2 * HOP) * 2
        sound = sound[: frames * HOP]
        heard = min(frames, (len(sound) + FRAME // 2) // HOP + 1)
        padded = np.zeros(heard * HOP + FRAME, np.float32)
        padded[FRAME // 2 : FRAME // 2 + len(sound)] = sound
        # Frames are centred on their time: the first ones see the sound's beginning mirrored.
        before = sound[1 : FRAME // 2 + 1][::-1]
        padded[FRAME // 2 - len(before) : FRAME // 2] = before
        pieces = np.lib.stride_tricks.sliding_window_view(padded, FRAME)[::HOP][:heard]
        power = np.abs(np.fft.rfft(pieces * self._window)).astype(np.float32) ** 2
        strength = np.log10(np.maximum(self._filters @ power.T, _SILENCE))
        floor = max(float(np.log10(_SILENCE)), float(strength.max()) - RANGE)
        features = np.full((len(self._filters), frames), floor, np.float32)
        features[:, :heard] = np.maximum(strength, floor)
        return (features + 4.0) / 4.0


def mel_filters(bands: int) -> Floats:
    """How much each frequency counts in each band: [bands, frequencies], Slaney's scale as librosa makes it.

    Equal steps up to 1 kHz, 200/3 Hz a mel, and equal ratios above, 27 mel for a factor of 6.4; each triangle has the
    area of one.
    """
    frequencies = np.fft.rfftfreq(FRAME, 1 / RECOGNISER_RATE)
    step, knee = 200 / 3, 1000.0
    top = knee / step + 27 * np.log(RECOGNISER_RATE / 2 / knee) / np.log(6.4)
    mels = np.linspace(0.0, top, bands + 2)
    edges = np.where(mels < knee / step, mels * step, knee * 6.4 ** ((mels - knee / step) / 27))
    slopes = edges[:, None] - frequencies
    widths = np.diff(edges)
    rising, falling = -slopes[:-2] / widths[:-1, None], slopes[2:] / widths[1:, None]
    triangles = np.maximum(0, np.minimum(rising, falling))
    return (triangles * (2 / (edges[2:] - edges[:-2]))[:, None]).astype(np.float32)
