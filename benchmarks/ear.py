"""What a client hears of a text: when it becomes audible, how long it is, and where it stalls."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

FRAME_S = 0.01
FRAMES = 3
AUDIBLE = 32768 * 10 ** (-45 / 20)
"""Speech is heard when three frames of 10 ms in a row are above -45 dB of full scale, as `vivavoce simulate` judges it.
Silence that is sent ahead of it is no first audio."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One text as its client heard it. Seconds from the moment the client asked.

    Attributes:
        client: which one.
        turn: which of its texts, from 0.
        first_s: when the first audible sample had arrived; None where nothing was audible.
        last_s: when the last sample had arrived, or it failed.
        audio_s: seconds of sound.
        stalled_s: for how long a listener who plays what comes, as it comes, had nothing left to play.
        error: what went wrong.
    """

    client: int
    turn: int
    first_s: float | None
    last_s: float
    audio_s: float
    stalled_s: float
    error: str | None = None


class Ear:
    """Hears one text.

    Args:
        rate: Hz of the s16le mono that comes.
        asked_s: when it was asked for, on the clock of `hear`.
    """

    def __init__(self, rate: int, asked_s: float) -> None:
        self._rate = rate
        self._asked_s = asked_s
        self._unheard = b""
        self._odd = b""
        self._bytes = 0
        self._first_s: float | None = None
        self._plays_until: float | None = None
        self._stalled_s = 0.0

    def hear(self, pcm: bytes, now: float) -> None:
        """Some sound came."""
        data = self._odd + pcm
        even = len(data) & ~1
        data, self._odd = data[:even], data[even:]
        if not data:
            return
        self._bytes += len(data)
        if self._plays_until is not None and now > self._plays_until:
            self._stalled_s += now - self._plays_until
        self._plays_until = max(self._plays_until or now, now) + len(data) / 2 / self._rate
        if self._first_s is None:
            self._unheard += data
            if audible(self._unheard, self._rate):
                self._first_s = now - self._asked_s
                self._unheard = b""

    def heard(self, client: int, turn: int, now: float, error: str | None = None) -> Heard:
        """All that was heard, at the end."""
        audio_s = self._bytes / 2 / self._rate
        if error is None and self._first_s is None:
            error = "nothing audible"
        return Heard(client, turn, self._first_s, now - self._asked_s, audio_s, self._stalled_s, error)


def audible(pcm: bytes, rate: int) -> bool:
    """Whether anything in s16le mono can be heard."""
    size = int(rate * FRAME_S)
    samples = np.frombuffer(pcm, "<i2").astype(np.float64)
    frames = samples[: len(samples) // size * size].reshape(-1, size)
    loud = (np.sqrt((frames**2).mean(axis=1)) > AUDIBLE).astype(int)
    runs = np.convolve(loud, np.ones(FRAMES), "valid") if len(loud) >= FRAMES else np.zeros(0)
    return bool((runs >= FRAMES).any())
