"""The participant's microphone: the line pulls 20 ms at a time, and gets speech or the noise of the room."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from vivavoce.ops.simulate.sound import Clip, room_noise

ROOM_DBFS = -66.0
"""Of the room: a quiet office with a headset. Far below what the ear and any VAD take for speech."""

_NOISE = room_noise(2.0, dbfs=ROOM_DBFS, seed=1)


class Microphone:
    """Plays clips in real time, as fast as it is pulled.

    Args:
        clock: monotonic seconds.

    A sample counts as spoken when it is pulled: for a response time that is up to 20 ms too early, so never flattering.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._clip: Clip | None = None
        self._at = 0  # samples of the clip already given
        self._noise_at = 0  # bytes
        self.first_audible_at: float | None = None
        self.last_spoken_at: float | None = None

    @property
    def speaking(self) -> bool:
        """Whether a clip is not over yet."""
        return self._clip is not None

    def say(self, clip: Clip) -> None:
        """Begin with this clip at the next pull. Nothing else may be playing."""
        assert self._clip is None, "a participant says one thing at a time"
        self._clip, self._at = clip, 0
        self.first_audible_at = self.last_spoken_at = None

    def read(self, samples: int) -> bytes:
        """The next sound, 48 kHz s16le mono; always as much as was asked for."""
        noise = self._noise(2 * samples)
        clip = self._clip
        if clip is None:
            return noise
        start, end = self._at, self._at + samples
        piece = clip.pcm[2 * start : 2 * end]
        now = self._clock()
        if start <= clip.first < end:
            self.first_audible_at = now
        if start < clip.last <= end:
            self.last_spoken_at = now
        self._at = end
        if 2 * end >= len(clip.pcm):
            self._clip = None
        piece += bytes(2 * samples - len(piece))
        mixed = np.frombuffer(piece, np.int16).astype(np.int32) + np.frombuffer(noise, np.int16)
        return np.clip(mixed, -32768, 32767).astype("<i2").tobytes()

    def _noise(self, count: int) -> bytes:
        start = self._noise_at
        self._noise_at = (start + count) % (len(_NOISE) - count) & ~1
        return _NOISE[start : start + count]
