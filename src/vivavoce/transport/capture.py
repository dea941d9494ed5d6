"""The participant's voice on its way to the agent."""

from __future__ import annotations

import asyncio
from collections import deque

from livekit import rtc
from livekit.agents.voice import io

from vivavoce.transport.resample import Resampler

SAMPLE_RATE = 16_000
"""Hz of every frame: what speech recognition and voice activity detection work at."""

FRAME_SAMPLES = 320
"""Samples of a frame: 20 ms."""

QUEUE_S = 10.0
"""Seconds of sound kept for a session that does not read. Older sound is dropped: an answer that comes ten seconds late
helps nobody, and 320 kB a session is the most it costs."""


class CaptureInput(io.AudioInput):
    """What the participant says, as 20 ms frames at 16 kHz mono for an `AgentSession`.

    Never blocks whoever pushes: when nobody reads, the oldest frames go and are counted in `dropped`.

    Args:
        queue_s: seconds of sound kept unread.
    """

    def __init__(self, *, queue_s: float = QUEUE_S) -> None:
        super().__init__(label="vivavoce.capture")
        self.dropped = 0
        """Frames of 20 ms that nobody read in time."""
        self._frames: deque[bytes] = deque(maxlen=max(1, int(queue_s * SAMPLE_RATE / FRAME_SAMPLES)))
        self._ready = asyncio.Event()
        self._rest = bytearray()
        self._resampler = Resampler(SAMPLE_RATE, SAMPLE_RATE)
        self._attached = True
        self._closed = False

    def push(self, pcm: bytes, rate: int) -> None:
        """Add sound: s16le mono at `rate` Hz, any length."""
        if self._closed or not self._attached:
            return
        if rate != self._resampler.rate_in:
            self._resampler = Resampler(rate, SAMPLE_RATE)
        self._rest += self._resampler.push(pcm)
        size = FRAME_SAMPLES * 2
        while len(self._rest) >= size:
            if len(self._frames) == self._frames.maxlen:
                self.dropped += 1
            self._frames.append(bytes(self._rest[:size]))
            del self._rest[:size]
        if self._frames:
            self._ready.set()

    def close(self) -> None:
        """No more sound will come; what is queued is still read."""
        self._closed = True
        self._ready.set()

    @property
    def queued_s(self) -> float:
        """Seconds of sound not read yet."""
        return len(self._frames) * FRAME_SAMPLES / SAMPLE_RATE

    def on_attached(self) -> None:
        """The session reads from now on."""
        super().on_attached()
        self._attached = True

    def on_detached(self) -> None:
        """The session does not read any more; sound is dropped until it does."""
        super().on_detached()
        self._attached = False
        self._frames.clear()
        self._rest.clear()

    async def __anext__(self) -> rtc.AudioFrame:
        """The next 20 ms.

        Raises:
            StopAsyncIteration: the input was closed and everything has been read.
        """
        while not self._frames:
            if self._closed:
                raise StopAsyncIteration
            self._ready.clear()
            await self._ready.wait()
        return rtc.AudioFrame(self._frames.popleft(), SAMPLE_RATE, 1, FRAME_SAMPLES)
