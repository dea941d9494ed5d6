"""A sound cut into utterances as it comes. Pure: what the detector thinks of it is passed in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from vivavoce.speech.endpointing import Began, Ended, Endpointer, Reason
from vivavoce.speech.sound import RECOGNISER_RATE

MARGIN_S = 0.3
"""Seconds before and after the speech that belong to an utterance: soft beginnings and endings."""

CLIENT_LONGEST_S = 120.0
"""Of an utterance whose end the client says; then it is ended anyway."""


@dataclass(frozen=True, slots=True)
class Opened:
    """An utterance began; `start` is its first sample with speech."""

    number: int
    start: int


@dataclass(frozen=True, slots=True)
class Utterance:
    """An utterance that ended. Samples at 16 kHz, counted from the sound's first.

    Attributes:
        number: from 1.
        pcm: s16le mono.
        at: the first sample of `pcm`.
        start, end: what of it is speech.
        reason: why it ended.
    """

    number: int
    pcm: bytes
    at: int
    start: int
    end: int
    reason: Reason


Event: TypeAlias = Opened | Utterance


class Recording:
    """What is kept of a sound: the utterance that lasts and a little before it.

    Args:
        endpointer: says when somebody speaks; None: the client ends utterances.
    """

    def __init__(self, endpointer: Endpointer | None) -> None:
        self._endpointer = endpointer
        self._pcm = bytearray()
        self._from = 0
        self._number = 0
        self._margin = int(MARGIN_S * RECOGNISER_RATE)

    @property
    def samples(self) -> int:
        """Of the sound so far."""
        return self._from + len(self._pcm) // 2

    @property
    def lasting(self) -> Opened | None:
        """The utterance that lasts."""
        start = self._from if self._endpointer is None and self._pcm else self._start
        return None if start is None else Opened(max(1, self._number), start)

    @property
    def _start(self) -> int | None:
        return None if self._endpointer is None else self._endpointer.start

    def so_far(self) -> bytes:
        """The sound of the utterance that lasts."""
        lasting = self.lasting
        return b"" if lasting is None else self._cut(lasting.start - self._margin, self.samples)[1]

    def add(self, pcm: bytes, probabilities: Sequence[float]) -> Iterator[Event]:
        """Take more of it, and the probabilities of speech in the frames that it completes.

        Args:
            pcm: s16le mono at 16 kHz.
            probabilities: as `Endpointer.feed` takes them; of no interest when the client ends utterances.
        """
        if self._endpointer is None:
            yield from self._from_client(pcm)
            return
        self._pcm += pcm
        yield from self._events(self._endpointer.feed(probabilities))
        if self._start is None:
            # Frames that are not judged yet are shorter than the margin.
            self._forget(self.samples - 2 * self._margin)

    def end(self) -> Iterator[Event]:
        """End the utterance here; with the client's endpointing there always is one."""
        if self._endpointer is not None:
            yield from self._events(self._endpointer.end())
            return
        yield self._whole("client")

    def cancel(self) -> None:
        """Forget the utterance that lasts."""
        if self._endpointer is not None:
            for _ in self._endpointer.end():
                pass
        self._forget(self.samples)

    def _from_client(self, pcm: bytes) -> Iterator[Event]:
        longest = 2 * int(CLIENT_LONGEST_S * RECOGNISER_RATE)
        while pcm:
            if not self._pcm:
                self._number += 1
            room = longest - len(self._pcm)
            self._pcm += pcm[:room]
            pcm = pcm[room:]
            if len(self._pcm) >= longest:
                yield self._whole("limit")

    def _whole(self, reason: Reason) -> Utterance:
        if not self._pcm:
            self._number += 1
        start, end = self._from, self.samples
        utterance = Utterance(self._number, bytes(self._pcm), start, start, end, reason)
        self._forget(end)
        return utterance

    def _events(self, events: Iterable[Began | Ended]) -> Iterator[Event]:
        for event in events:
            if isinstance(event, Began):
                self._number += 1
                yield Opened(self._number, event.start)
                continue
            # Where it was cut off the next one begins, and there is no silence between them.
            after = 0 if event.reason == "limit" else self._margin
            at, pcm = self._cut(event.start - self._margin, event.end + after)
            yield Utterance(self._number, pcm, at, event.start, event.end, event.reason)
            self._forget(event.end)

    def _cut(self, start: int, end: int) -> tuple[int, bytes]:
        start = max(start, self._from)
        return start, bytes(self._pcm[2 * (start - self._from) : 2 * (end - self._from)])

    def _forget(self, until: int) -> None:
        """Drop what is before a sample."""
        gone = max(0, min(until, self.samples) - self._from)
        del self._pcm[: 2 * gone]
        self._from += gone
