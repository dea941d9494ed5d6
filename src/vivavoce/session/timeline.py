"""A session's log as lines for people: what happened when, without what was said."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from vivavoce.session.events import (
    AnswerNoted,
    AnswerSetAside,
    BudgetGranted,
    BudgetReached,
    ConsentGiven,
    EventErased,
    EventKind,
    Fault,
    InsightFlagged,
    LanguageSettled,
    LeaseClaimed,
    MoveDecided,
    MoveWorded,
    ParticipantJoined,
    ParticipantLeft,
    ParticipantMuted,
    Payload,
    PhaseEntered,
    ProviderSwitched,
    RecordingClosed,
    RecordingMoved,
    RecordingStarted,
    SentenceJudged,
    SessionEnded,
    SessionErased,
    SessionEvent,
    SessionScheduled,
    SessionWaiting,
    SpeechEnded,
    SpeechStarted,
    TimerFired,
    ToolCalled,
    TopicCovered,
    TurnTimed,
    UsageMetered,
    Utterance,
)
from vivavoce.session.money import written


@dataclass(frozen=True, slots=True)
class Moment:
    """One line: event `seq`, when, and what it means.

    Attributes:
        at: wall clock, UTC.
        at_s: seconds since the participant first joined; `None` before.
    """

    seq: int
    at: datetime
    at_s: float | None
    kind: EventKind
    text: str


def timeline(events: Iterable[SessionEvent]) -> list[Moment]:
    """The moments worth telling; speech, utterances and their timings are the transcript's and the latency's matter."""
    moments: list[Moment] = []
    joined_at: datetime | None = None
    for event in events:
        if joined_at is None and isinstance(event.payload, ParticipantJoined):
            joined_at = event.at
        text = _told(event.payload)
        if text is not None:
            at_s = None if joined_at is None else (event.at - joined_at).total_seconds()
            moments.append(Moment(event.seq, event.at, at_s, event.kind, text))
    return moments


def _told(payload: Payload) -> str | None:
    match payload:
        case SessionScheduled():
            return f"scheduled in {payload.language}"
        case ConsentGiven():
            return f"consent given to version {payload.version}"
        case SessionWaiting():
            return f"waiting for the participant on {payload.transport}"
        case ParticipantJoined():
            return f"participant {'rejoined' if payload.rejoined else 'joined'} on {payload.transport}"
        case ParticipantLeft():
            return f"participant's connection {payload.connection_id} ended: {payload.reason}"
        case ParticipantMuted():
            return "microphone off" if payload.muted else "microphone on"
        case LeaseClaimed():
            return f"{'taken over' if payload.resumed else 'held'} by {payload.holder}"
        case PhaseEntered():
            return f"phase {payload.index + 1} of {payload.count}: {payload.phase_id} ({payload.reason})"
        case MoveDecided() | MoveWorded():
            about = payload.probe_id or payload.question_id
            return f"move {payload.move_id}: {payload.move}" + (f" {about}" if about else "")
        case AnswerSetAside():
            return f"no answer to {payload.question_id}: {payload.reason}"
        case LanguageSettled():
            return f"language: {payload.language} (the offer of another was {payload.reason})"
        case InsightFlagged():
            return f"insight: {payload.note}"
        case ToolCalled():
            return f"model asked for {payload.tool}: {'accepted' if payload.accepted else 'refused'}"
        case SentenceJudged(withheld=True):
            found = [
                f"{verdict.judge}: {', '.join(verdict.reasons)}"
                for verdict in payload.verdicts
                if verdict.reasons
            ]
            return f"sentence withheld ({'; '.join(found)})"
        case TopicCovered():
            return f"topic covered: {payload.topic_id}"
        case TimerFired():
            return f"timer: {payload.timer}"
        case BudgetGranted():
            return f"budget: {written(payload.amount)}"
        case BudgetReached():
            what = "wrapping up" if payload.mark == "wrap_up" else "closing"
            return f"{written(payload.spent)} spent: {what}"
        case RecordingStarted():
            return f"recording started: {payload.key}"
        case RecordingClosed():
            return f"recording closed: {payload.key}, {payload.duration_s:.1f} s, {payload.bytes} bytes"
        case RecordingMoved():
            return f"recording moved to the {payload.to} store: {payload.key}"
        case ProviderSwitched():
            return (
                f"{payload.stage} from {payload.before} to {payload.after}: {payload.code}: {payload.message}"
            )
        case Fault():
            how = "recovered" if payload.recovered else "not recovered"
            return f"fault in {payload.stage}, {how}: {payload.code}: {payload.message}"
        case SessionEnded():
            return f"ended: {payload.status.value.lower()} ({payload.reason})"
        case SessionErased():
            return f"content erased: {payload.reason}"
        case AnswerNoted() | SentenceJudged() | TurnTimed() | UsageMetered() | EventErased():
            return None
        case SpeechStarted() | SpeechEnded() | Utterance():
            return None
