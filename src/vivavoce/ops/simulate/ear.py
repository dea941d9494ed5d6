"""The participant's ear: when the agent's voice can be heard, judged by loudness alone.

Pure: it is told what arrived when, and answers questions about it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vivavoce.ops.simulate.sound import AUDIBLE_DBFS, SPEECH_WINDOWS, WINDOW_S, Samples, loudness

_STREAM_GAP_S = 0.1
"""Nothing arriving for this long is a gap in the stream; lines send nothing, or silence, while the agent is silent."""

PHRASE_GAP_S = 0.25
"""Silence longer than this ends a phrase; stops between syllables are shorter."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """A stretch of the agent's speech without a real pause; monotonic seconds of its first and last audible sample."""

    start: float
    end: float


class Ear:
    """What is heard of the agent.

    A loudspeaker plays blocks one after the other: one that arrives while the last still sounds begins when that ends.
    Silence is elastic, as in a browser's jitter buffer, so a burst delays nothing once the agent pauses.
    """

    def __init__(self) -> None:
        self._phrases: list[Phrase] = []
        self._free_at = 0.0  # when the loudspeaker has played what it has
        self._run = 0  # loud windows in a row
        self._run_start = 0.0
        self._rest: Samples = np.zeros(0, np.int16)  # an incomplete window
        self._rate = 0

    def hear(self, pcm: bytes, rate: int, received_at: float) -> None:
        """Take a block.

        Args:
            pcm: s16le mono.
            rate: Hz.
            received_at: monotonic seconds.
        """
        samples: Samples = np.frombuffer(pcm, np.int16)
        if rate != self._rate:
            self._rest, self._rate = np.zeros(0, np.int16), rate
        if received_at > self._free_at + _STREAM_GAP_S:
            self._rest, self._run = np.zeros(0, np.int16), 0  # what was before a gap does not go on
        start = max(received_at, self._free_at) - len(self._rest) / rate
        samples = np.concatenate([self._rest, samples])
        loud = loudness(samples, rate) > AUDIBLE_DBFS
        self._rest = samples[len(loud) * round(rate * WINDOW_S) :]
        self._free_at = start + len(samples) / rate
        if not loud.any() and self._run == 0:
            self._free_at = min(self._free_at, received_at + len(samples) / rate)
            return
        for number, is_loud in enumerate(loud):
            self._window(bool(is_loud), start + number * WINDOW_S)

    def _window(self, loud: bool, at: float) -> None:
        if not loud:
            self._run = 0
            return
        if self._run == 0:
            self._run_start = at
        self._run += 1
        if self._run < SPEECH_WINDOWS:
            return
        end = at + WINDOW_S
        if self._phrases and self._run_start - self._phrases[-1].end <= PHRASE_GAP_S:
            self._phrases[-1] = Phrase(self._phrases[-1].start, end)
        else:
            self._phrases.append(Phrase(self._run_start, end))

    def drop(self, now: float) -> None:
        """Forget what has come and would sound later: the agent was cut off, and a page plays no more of it."""
        self._free_at = min(self._free_at, now)
        self._rest, self._run = np.zeros(0, np.int16), 0
        while self._phrases and self._phrases[-1].end > now:
            last = self._phrases.pop()
            if last.start < now:
                self._phrases.append(Phrase(last.start, now))

    @property
    def phrases(self) -> tuple[Phrase, ...]:
        """Everything heard so far."""
        return tuple(self._phrases)

    def silent_for(self, now: float) -> float:
        """Seconds since the last audible sample; infinite before the first."""
        return now - self._phrases[-1].end if self._phrases else float("inf")

    def speaking(self, now: float) -> bool:
        """Whether the agent is in the middle of a phrase."""
        return self.silent_for(now) <= PHRASE_GAP_S

    def audible_at(self, when: float) -> bool:
        """Whether the agent could be heard then."""
        return any(phrase.start <= when <= phrase.end for phrase in reversed(self._phrases))

    def onset_after(self, when: float) -> float | None:
        """The first audible sample of the first phrase that began after then."""
        return next((phrase.start for phrase in self._phrases if phrase.start > when), None)

    def heard_after(self, when: float) -> Phrase | None:
        """The first phrase of which anything was heard after then; it may have begun before."""
        return next((phrase for phrase in self._phrases if phrase.end > when), None)

    def stop_after(self, when: float, *, silence_s: float, now: float) -> float | None:
        """The last audible sample before the agent, heard at `when`, was silent for `silence_s`.

        None while that has not happened.
        """
        end = when
        for phrase in self._phrases:
            if phrase.end < when:
                continue
            if phrase.start - end > silence_s:
                return end
            end = max(end, phrase.end)
        return end if now - end > silence_s else None
