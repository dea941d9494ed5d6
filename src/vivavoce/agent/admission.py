"""Admission: whether a host that has a place free can also hold an interview well, and how full it is. Pure."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from statistics import median

REMEMBERED_S = 30.0
"""How long an observation counts: a busy moment should refuse somebody, not a busy morning."""

LATE_S = 0.25
"""An event loop that is so late in the median of `REMEMBERED_S` breaks up the sound it sends: pieces are 20 ms."""

SLOW_TRANSCRIPT_S = 2.5
"""A speech server that takes so long for an utterance has a queue; the target for a whole response is 1.5 s (RT-12)."""

FEWEST = 3
"""Transcripts, before they say anything."""

LEAST_MEMORY = 200 << 20
"""Bytes free; a session with its peer connection and recording needs about 60 MB."""

FULL = 0.69
"""The load of a worker that takes nobody more. LiveKit's SFU sends nobody to workers whose load is `agents.target_load`
or more, 0.7 by default, whatever threshold they have themselves (1.13: `JobRequestAffinity` in its
pkg/service/agentservice.go; psrpc drops a claim of none). With shares of 1 the last three of ten places stay empty."""


def fullness(used: int, slots: int) -> float:
    """How full a worker with that many of its places taken says it is; `FULL` when all are."""
    return FULL * min(1.0, used / slots)


@dataclass(frozen=True, slots=True)
class _Seen:
    at: float
    seconds: float


class Admission:
    """Keeps what was observed of the host. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._lags: deque[_Seen] = deque(maxlen=200)
        self._transcripts: deque[_Seen] = deque(maxlen=200)
        self._memory: int | None = None

    def lagged(self, seconds: float, *, at: float) -> None:
        """The event loop was so late."""
        self._lags.append(_Seen(at, seconds))

    def transcribed(self, seconds: float, *, at: float) -> None:
        """An utterance's text was there so long after its last sample."""
        self._transcripts.append(_Seen(at, seconds))

    def memory(self, free: int | None) -> None:
        """So many bytes are free; None: nobody knows."""
        self._memory = free

    def refusal(self, *, now: float) -> str | None:
        """Why no further session should come, as a sentence; None: it may."""
        lags = _recent(self._lags, now)
        if lags and median(lags) > LATE_S:
            return "This server is too busy for another interview at the moment."
        transcripts = _recent(self._transcripts, now)
        if len(transcripts) >= FEWEST and median(transcripts) > SLOW_TRANSCRIPT_S:
            return "Speech is understood too slowly for another interview at the moment."
        if self._memory is not None and self._memory < LEAST_MEMORY:
            return "This server has too little memory left for another interview."
        return None


def _recent(seen: deque[_Seen], now: float) -> list[float]:
    return [one.seconds for one in seen if now - one.at <= REMEMBERED_S]
