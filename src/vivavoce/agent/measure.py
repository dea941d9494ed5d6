"""Measurements of the sessions of this process, read off their events as they are posted."""

from __future__ import annotations

from vivavoce.session.events import (
    Fault,
    ParticipantJoined,
    SessionEnded,
    SessionEvent,
    SpeechEnded,
    SpeechStarted,
    TurnTimed,
    UsageMetered,
    Utterance,
)
from vivavoce.session.money import MICRO
from vivavoce.session.state import SessionState
from vivavoce.telemetry.metrics import Metrics


class Meter:
    """Turns one session's events into measurements.

    Args:
        metrics: of the process.
    """

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._joined_s: float | None = None
        self._barged_s: float | None = None

    def watch(self, event: SessionEvent, state: SessionState) -> None:
        """Take one event; a `Journal` watcher."""
        payload = event.payload
        match payload:
            case ParticipantJoined():
                self._joined_s = state.at_s(event.at)
                if not payload.rejoined:
                    self._metrics.session_started()
            case SpeechStarted() if self._joined_s is not None:
                self._metrics.first_voice(max(0.0, payload.at_s - self._joined_s))
                self._joined_s = None
            case Utterance() if payload.barge_in:
                self._barged_s = payload.start_s
            case SpeechEnded():
                if payload.interrupted and self._barged_s is not None:
                    self._metrics.barge_in(max(0.0, payload.end_s - self._barged_s))
                self._barged_s = None
            case TurnTimed():
                self._metrics.response(payload.response_s)
            case UsageMetered():
                usd = payload.amount / MICRO
                self._metrics.cost(usd, part=payload.part, provider=payload.provider)
            case Fault(stage="stt" | "tts" | "llm" | "realtime" as stage):
                self._metrics.speech_fault(stage)
            case SessionEnded():
                self._metrics.session_ended(status=payload.status.value, reason=payload.reason.value)
            case _:
                pass
