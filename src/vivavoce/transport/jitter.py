"""Put packets that arrive out of order back in order, at once where possible.

aiortc's own buffer waits for four packets always and for up to sixteen after one loss: 82 ms of delay, 282 ms at 2 %
loss. Recognition needs no even playout, so this one only waits for a hole to fill, and not for long.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

HOLD = 3
"""Packets that may wait for the one before them: 60 ms. Packets overtaken by more are as good as lost in practice."""

JUMP = 200
"""A step in sequence numbers beyond this (4 s) is a stream that began anew, not a hole or a straggler."""


@dataclass(frozen=True, slots=True)
class RtpVoice:
    """An RTP packet of sound.

    Args:
        sequence: sequence number, 16 bits, wraps.
        timestamp: 48 kHz samples, 32 bits, wraps.
        payload: the Opus packet.
    """

    sequence: int
    timestamp: int
    payload: bytes


class JitterBuffer:
    """Orders packets by sequence number; a hole is given up when more than `hold` packets wait behind it.

    Args:
        hold: packets that may wait.
    """

    def __init__(self, *, hold: int = HOLD) -> None:
        self.lost = 0
        """Packets that never came, or too late."""
        self.discarded = 0
        """Packets that came twice or too late."""
        self._hold = hold
        self._next: int | None = None
        self._waiting: dict[int, RtpVoice] = {}

    def push(self, packet: RtpVoice) -> Sequence[RtpVoice]:
        """A packet has arrived; returns those that can be used now, in order."""
        if self._next is None:
            self._next = packet.sequence
        ahead = (packet.sequence - self._next) & 0xFFFF
        if ahead == 0 and not self._waiting:
            self._next = (packet.sequence + 1) & 0xFFFF
            return (packet,)
        behind = 0x10000 - ahead
        if ahead >= 0x8000 and behind <= JUMP:
            self.discarded += 1
            return ()
        ready: list[RtpVoice] = []
        if ahead > JUMP:
            ready.extend(self._drain())
            self._next = packet.sequence
        if packet.sequence in self._waiting:
            self.discarded += 1
            return ready
        self._waiting[packet.sequence] = packet
        ready.extend(self._consecutive())
        if len(self._waiting) > self._hold:
            self._skip_hole()
            ready.extend(self._consecutive())
        return ready

    def _consecutive(self) -> list[RtpVoice]:
        assert self._next is not None
        ready: list[RtpVoice] = []
        while (packet := self._waiting.pop(self._next, None)) is not None:
            ready.append(packet)
            self._next = (self._next + 1) & 0xFFFF
        return ready

    def _skip_hole(self) -> None:
        assert self._next is not None
        expected = self._next
        self._next = min(self._waiting, key=lambda sequence: (sequence - expected) & 0xFFFF)
        self.lost += (self._next - expected) & 0xFFFF

    def _drain(self) -> list[RtpVoice]:
        ready: list[RtpVoice] = []
        while self._waiting:
            self._skip_hole()
            ready.extend(self._consecutive())
        return ready
