"""The agent's voice on its way out, and the one clock that says how much of it was heard."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable

import numpy as np
from livekit import rtc
from livekit.agents.voice import io

SAMPLE_RATE = 48_000
"""Hz of everything captured and pulled: what Opus works at, so no line resamples before encoding."""

BUFFER_S = 30.0
"""Seconds of speech taken in before `capture_frame` waits. Longer than one wording, so wording synthesised in advance
is taken at once; 2.9 MB at most."""

FADE_S = 0.008
"""Seconds over which speech is faded when it is cut, paused or resumed: short to the ear, long enough not to click."""

REWIND_S = 8.0
"""Seconds already played that are kept for `PlayoutOutput.rewind`: more than a lost line stays unnoticed."""

_PAST = int(REWIND_S * SAMPLE_RATE)
_FADE = int(FADE_S * SAMPLE_RATE)
_FALLING = np.cos(np.linspace(0, np.pi / 2, _FADE, dtype=np.float32)) ** 2
_RISING = _FALLING[::-1]

HeardText = Callable[[float], str | None]
"""From a position in the segment being played (seconds heard) to the words heard until then, if known."""


class _Segment:
    """Speech between two flushes. All counts are in samples."""

    __slots__ = ("captured", "chunks", "flushed", "past", "past_held", "played", "started")

    def __init__(self) -> None:
        self.chunks: deque[memoryview] = deque()
        self.past: deque[memoryview] = deque()
        self.past_held = 0
        self.captured = 0
        self.played = 0
        self.started = False
        self.flushed = False

    @property
    def queued(self) -> int:
        return self.captured - self.played

    def add(self, pcm: memoryview) -> None:
        self.chunks.append(pcm)
        self.captured += len(pcm) // 2

    def take(self, samples: int) -> list[memoryview]:
        taken: list[memoryview] = []
        need = samples * 2
        while need and self.chunks:
            chunk = self.chunks[0]
            if len(chunk) <= need:
                self.chunks.popleft()
            else:
                self.chunks[0], chunk = chunk[need:], chunk[:need]
            taken.append(chunk)
            need -= len(chunk)
        got = samples - need // 2
        self.played += got
        self.past.extend(taken)
        self.past_held += got
        while self.past_held > _PAST and len(self.past) > 1:
            self.past_held -= len(self.past.popleft()) // 2
        return taken

    def give_back(self, samples: int) -> int:
        """Take up to `samples` of what was played last as not played; returns how many."""
        given = 0
        while given < samples and self.past:
            chunk = self.past.pop()
            keep = max(0, len(chunk) - (samples - given) * 2)
            if keep:
                self.past.append(chunk[:keep])
                chunk = chunk[keep:]
            self.chunks.appendleft(chunk)
            given += len(chunk) // 2
        self.past_held -= given
        self.played -= given
        return given

    def peek(self, samples: int) -> bytes:
        out = bytearray()
        for chunk in self.chunks:
            out += chunk[: samples * 2 - len(out)]
            if len(out) == samples * 2:
                break
        return bytes(out)


class PlayoutOutput(io.AudioOutput):
    """Takes the agent's speech from an `AgentSession` and gives it to a line's 20 ms clock.

    Pulled is played: `pull` is the only thing that moves the position. What was *heard* is what was pulled, less what
    is still between here and the ear (`client_delay_s`). All of it runs on the event loop; nothing is thread-safe.

    Args:
        client_delay_s: seconds from `pull` to the ear.
        heard_text: asked for the words heard when speech is cut off; its answer is the event's
            `synchronized_transcript`.
        buffer_s: seconds of speech held before `capture_frame` waits for room.
        wall: the wall clock (seconds since the epoch) for livekit's playback events.
    """

    def __init__(
        self,
        *,
        client_delay_s: float = 0.0,
        heard_text: HeardText | None = None,
        buffer_s: float = BUFFER_S,
        wall: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(
            label="vivavoce.playout",
            capabilities=io.AudioOutputCapabilities(pause=True),
            sample_rate=SAMPLE_RATE,
        )
        self.client_delay_s = client_delay_s
        self.heard_text = heard_text
        self.on_clear: Callable[[], None] | None = None
        self.underruns = 0
        self._limit = int(buffer_s * SAMPLE_RATE)
        self._wall = wall
        self._segments: deque[_Segment] = deque()
        self._open: _Segment | None = None
        self._discarding = False
        self._session_paused = False
        self._held = False
        self._tail = b""
        self._fade_in = False
        self._starving = False
        self._since_speech = 0
        self._room = asyncio.Event()
        self._sounding = False

    # -- the agent's side

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        """Take a frame (48 kHz mono) to play; waits while more than `buffer_s` is queued.

        Raises:
            ValueError: the frame is not 48 kHz mono.
        """
        if frame.sample_rate != SAMPLE_RATE or frame.num_channels != 1:
            raise ValueError(
                f"playout takes {SAMPLE_RATE} Hz mono, not {frame.sample_rate} Hz with {frame.num_channels} channels"
            )
        await super().capture_frame(frame)  # counts the segment, so it comes first
        if self._discarding:
            return
        segment = self._open
        if segment is None:
            segment = self._open = _Segment()
            self._segments.append(segment)
        segment.add(memoryview(frame.data).cast("B"))
        while segment is self._open and self._queued > self._limit:
            self._room.clear()
            await self._room.wait()

    def flush(self) -> None:
        """The segment is complete: it ends when all of it has been pulled."""
        super().flush()
        self._discarding = False
        segment, self._open = self._open, None
        if segment is not None:
            segment.flushed = True
            self._finish_played()
        self._room.set()

    def clear_buffer(self) -> None:
        """Stop speaking now: what is queued is dropped, and every segment not yet over ends as interrupted."""
        if not self._segments:
            return
        if not self.paused:
            self._cut()
        self._discarding = self._open is not None  # the rest of a segment that was cut belongs to nobody
        self._open = None
        cut, self._segments = self._segments, deque()
        self._starving = False
        self._fade_in = False
        self._room.set()
        if self.on_clear is not None:
            self.on_clear()
        for segment in cut:
            heard_s = self._heard(segment)
            words = self.heard_text(heard_s) if self.heard_text is not None else None
            self.on_playback_finished(
                playback_position=heard_s, interrupted=True, synchronized_transcript=words
            )

    def pause(self) -> None:
        """Hold the speech where it is. Calling it again changes nothing."""
        super().pause()
        if not self._session_paused:
            if not self._held:
                self._cut()
            self._session_paused = True

    def resume(self) -> None:
        """Go on from where `pause` held it. Calling it again changes nothing."""
        super().resume()
        if self._session_paused:
            self._session_paused = False
            self._rise()

    # -- the desk's side

    def hold(self) -> None:
        """Keep the speech while nobody is there to hear it (no line). Independent of `pause`."""
        self._held = True
        self._tail = b""

    def release(self) -> None:
        """There is a line again."""
        if self._held:
            self._held = False
            self._rise()

    def rewind(self, seconds: float) -> None:
        """What was pulled in the last `seconds` never reached an ear (the line was lost): play it again.

        Reaches back at most `REWIND_S` and not beyond the segment being played.
        """
        unheard = int(seconds * SAMPLE_RATE) - self._since_speech
        if self._segments and unheard > 0:
            self._segments[0].give_back(unheard)
            self._since_speech = int(self.client_delay_s * SAMPLE_RATE)
            self._tail = b""
            self._fade_in = True

    def pull(self, samples: int) -> bytes:
        """The next `samples` to play, s16le mono at 48 kHz; silence where there is no speech."""
        out = bytearray()
        if self._tail:
            out += self._tail[: samples * 2]
            self._tail = self._tail[samples * 2 :]
        self._sounding = bool(out)
        if not (self._session_paused or self._held):
            self._pull_speech(out, samples)
        missing = samples * 2 - len(out)
        self._since_speech = missing // 2 if self._sounding else self._since_speech + samples
        out += bytes(missing)
        return bytes(out)

    def _pull_speech(self, out: bytearray, samples: int) -> None:
        while self._segments and len(out) < samples * 2:
            segment = self._segments[0]
            if segment.queued:
                if not segment.started:
                    segment.started = True
                    self.on_playback_started(created_at=self._wall() + self.client_delay_s)
                begin = len(out)
                for chunk in segment.take(samples - len(out) // 2):
                    out += chunk
                if self._fade_in:
                    self._fade_in = False
                    out[begin:] = _faded_in(bytes(out[begin:]))
                self._sounding = True
                self._starving = False
                if self._queued <= self._limit:
                    self._room.set()
            if segment.queued:
                break
            if not segment.flushed:
                if segment.started and not self._starving and len(out) < samples * 2:
                    self._starving = True
                    self.underruns += 1
                break
            self._finish_played()

    # -- what is going on

    @property
    def speaking(self) -> bool:
        """Whether there is speech that has begun and is not over; paused speech is still speech."""
        return any(segment.started for segment in self._segments)

    @property
    def sounding(self) -> bool:
        """Whether the last pull held speech (or its fading end) rather than silence."""
        return self._sounding

    @property
    def paused(self) -> bool:
        """Whether speech is held back, by the session or because no line is there."""
        return self._session_paused or self._held

    @property
    def queued_s(self) -> float:
        """Seconds of speech waiting to be pulled."""
        return self._queued / SAMPLE_RATE

    @property
    def segment_played_s(self) -> float:
        """Seconds of the current segment that were pulled; 0 between segments."""
        return self._segments[0].played / SAMPLE_RATE if self._segments else 0.0

    @property
    def segment_heard_s(self) -> float:
        """Seconds of the current segment that have reached the ear; 0 between segments."""
        return self._heard(self._segments[0]) if self._segments else 0.0

    # -- inside

    @property
    def _queued(self) -> int:
        return sum(segment.queued for segment in self._segments)

    def _heard(self, segment: _Segment) -> float:
        # Silence pulled since the last speech pushed that much of what was under way into the ear.
        under_way = max(0.0, self.client_delay_s - self._since_speech / SAMPLE_RATE)
        return max(0.0, segment.played / SAMPLE_RATE - under_way)

    def _finish_played(self) -> None:
        while self._segments and self._segments[0].flushed and not self._segments[0].queued:
            segment = self._segments.popleft()
            self.on_playback_finished(playback_position=segment.captured / SAMPLE_RATE, interrupted=False)

    def _cut(self) -> None:
        """Let the ear down gently: the next pull begins with a few faded milliseconds of what would have come."""
        if self._sounding and self._segments:
            self._tail = _faded_out(self._segments[0].peek(_FADE))

    def _rise(self) -> None:
        if not self.paused and self._segments and self._segments[0].started:
            self._tail = b""
            self._fade_in = True


def _faded_out(pcm: bytes) -> bytes:
    """`pcm`, at most one fade long, falling to silence at its end."""
    samples = np.frombuffer(pcm, dtype=np.int16)
    return (samples * _FALLING[_FADE - len(samples) :]).astype(np.int16).tobytes()


def _faded_in(pcm: bytes) -> bytes:
    """`pcm` with its beginning rising from silence."""
    samples = np.frombuffer(pcm, dtype=np.int16).copy()
    n = min(len(samples), _FADE)
    samples[:n] = samples[:n] * _RISING[:n]
    return samples.tobytes()
