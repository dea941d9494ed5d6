"""When somebody begins and stops to speak, from a detector's probabilities as they come. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

FRAME = 512
"""Samples at 16 kHz (32 ms): what the detector judges at a time."""

FRAMES_A_SECOND = 16_000 / FRAME

BEGIN = 0.5
STAY = 0.35
"""Speech begins at the first probability and lasts while the second is reached: Silero's own thresholds
(`get_speech_timestamps`: `threshold=0.5`, `neg_threshold = threshold - 0.15`)."""

LEAST_FRAMES = 2
"""Frames at `BEGIN` in a row that make speech: noise reaches it in one at most (`benchmarks/stt.md`)."""

LONGEST_S = 28.0
"""Of an utterance. Whisper takes 30 s at once, the silence around it included."""

Reason = Literal["silence", "client", "limit"]


@dataclass(frozen=True, slots=True)
class Began:
    """Somebody speaks since the sample `start`."""

    start: int


@dataclass(frozen=True, slots=True)
class Ended:
    """Nobody spoke any more from the sample `end` on, or it was cut off there."""

    start: int
    end: int
    reason: Reason


Event: TypeAlias = Began | Ended


class Endpointer:
    """Follows one sound.

    Args:
        silence_s: seconds without speech that end an utterance.
        longest_s: seconds after which an utterance is ended where it sounds least like speech.
    """

    def __init__(self, silence_s: float, *, longest_s: float = LONGEST_S) -> None:
        self._silence = max(1, round(silence_s * FRAMES_A_SECOND))
        self._longest = round(longest_s * FRAMES_A_SECOND)
        self._frame = 0
        self._row = 0
        self._start: int | None = None
        self._last = 0
        self._heard: list[float] = []

    @property
    def start(self) -> int | None:
        """The sample since which somebody speaks; None while nobody does."""
        return None if self._start is None else self._start * FRAME

    def feed(self, probabilities: Iterable[float]) -> Iterator[Event]:
        """Take the next frames' probabilities of speech; gives what happened in them."""
        for probability in probabilities:
            self._frame += 1
            yield from self._speaking(probability) if self._start is not None else self._silent(probability)

    def end(self) -> Iterator[Event]:
        """End the utterance here, if there is one."""
        if self._start is not None:
            yield self._close(self._frame, "client")

    def _silent(self, probability: float) -> Iterator[Event]:
        self._row = self._row + 1 if probability >= BEGIN else 0
        if self._row >= LEAST_FRAMES:
            yield self._open(self._frame - self._row, [BEGIN] * self._row)

    def _speaking(self, probability: float) -> Iterator[Event]:
        self._heard.append(probability)
        if probability >= STAY:
            self._last = self._frame
        if self._frame - self._last >= self._silence:
            yield self._close(self._last, "silence")
        elif len(self._heard) >= self._longest:
            half = len(self._heard) // 2
            later = self._heard[half:]
            cut = half + later.index(min(later))
            rest = self._heard[cut:]
            assert self._start is not None
            at = self._start + cut
            last = self._last
            yield self._close(at, "limit")
            yield self._open(at, rest)
            self._last = max(last, at)

    def _open(self, frame: int, heard: list[float]) -> Began:
        self._start, self._last, self._heard, self._row = frame, self._frame, heard, 0
        return Began(frame * FRAME)

    def _close(self, end: int, reason: Reason) -> Ended:
        assert self._start is not None
        ended = Ended(self._start * FRAME, end * FRAME, reason)
        self._start, self._heard = None, []
        return ended
