"""The state of a session: a pure, replayable fold of its log."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from vivavoce.protocol.progress import Progress, advance
from vivavoce.session.errors import IllegalTransition
from vivavoce.session.events import (
    AnswerNoted,
    AnswerSetAside,
    BudgetGranted,
    BudgetReached,
    ConsentGiven,
    EventErased,
    Fault,
    InsightFlagged,
    LanguageSettled,
    LeaseClaimed,
    MoveDecided,
    MoveWorded,
    ParticipantJoined,
    ParticipantLeft,
    ParticipantMuted,
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
    Transport,
    TurnTimed,
    UsageMetered,
    UtcDatetime,
    Utterance,
)
from vivavoce.session.status import BudgetMark, Reason, SessionStatus, TimerName
from vivavoce.session.timers import Timers

STATE_VERSION = 5
"""Raised whenever `SessionState` or the fold changes: a snapshot of another version is folded anew from its log."""

FAULTS_KEPT = 20

AFTER_THE_END = (RecordingClosed, RecordingMoved, Fault, UsageMetered, EventErased, SessionErased)
"""What may still be written of a session that is over: a provider may count when nobody listens any more."""

_S = SessionStatus
_BEFORE_JOIN = frozenset({_S.SCHEDULED, _S.WAITING})
_LIVE = frozenset({_S.ACTIVE, _S.DISCONNECTED})


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Turn(_Frozen):
    """One thing said, as it belongs in a transcript. Seconds are on the session clock.

    Attributes:
        id: the utterance's or the speech's id.
        text: what was understood of the participant; what was heard of the moderator.
        cut_off: the moderator was interrupted before the end of the planned words.
        barge_in: the participant spoke over the moderator.
        move_id: the moderator's move, if it is one.
        language: it was said in.
    """

    speaker: Literal["moderator", "participant"]
    id: str
    text: str
    start_s: float
    end_s: float
    cut_off: bool = False
    barge_in: bool = False
    move_id: str | None = None
    confidence: float | None = None
    language: str | None = None


class Connection(_Frozen):
    """The participant's present connection."""

    connection_id: str
    transport: Transport
    since_s: float


class Recording(_Frozen):
    """One recording; the last three are known once it is closed."""

    key: str
    sample_rate: int
    channels: int
    codec: str
    duration_s: float | None = None
    bytes: int | None = None
    sha256: str | None = None


class FaultNote(_Frozen):
    """A fault and when it was."""

    at: UtcDatetime
    fault: Fault


class SessionState(_Frozen):
    """All that is known of a session after its event number `seq`.

    Attributes:
        language: of the interview: the one it was scheduled in, until another one is settled on.
        consent: the last consent given; nothing of the participant is heard or kept before there is one.
        progress: where the interview stands, as the protocol machine sees it.
        turns: everything said so far, in the order it was logged.
        connection: the participant's, while there is one.
        left_s: when the connection was lost, while the session is DISCONNECTED.
        open_speeches: ids of moderator speeches that have begun and not ended.
        quiet_since_s: since when it is the participant's turn to give a sign of life. A nudge does not start it anew.
        budget: what it may spend, in micro-dollars; None: nobody said.
        spent: what it has spent, in micro-dollars.
        budget_marks: those marks of its budget that were reached.
        fired: when each timer last fired, in seconds on the session clock.
        cold: keys of the recordings that were moved to the cold store.
        faults: the last 20; `fault_count` counts all.
        erased_at: when its content was erased; nothing is written of it any more.
    """

    session_id: str
    seq: int
    status: SessionStatus
    reason: Reason | None = None
    study_id: str
    study_hash: str
    study_title: str
    language: str
    participant_id: str
    invitation_id: str | None
    sitting: int
    timers: Timers
    consent: ConsentGiven | None = None
    progress: Progress = Field(default_factory=Progress)
    turns: tuple[Turn, ...] = ()
    connection: Connection | None = None
    muted: bool = False
    left_s: float | None = None
    open_speeches: tuple[str, ...] = ()
    nudge_ids: tuple[str, ...] = ()
    quiet_since_s: float | None = None
    budget: int | None = None
    spent: int = 0
    budget_marks: tuple[BudgetMark, ...] = ()
    fired: dict[TimerName, float] = Field(default_factory=dict)
    recordings: tuple[Recording, ...] = ()
    cold: tuple[str, ...] = ()
    faults: tuple[FaultNote, ...] = ()
    fault_count: int = 0
    created_at: UtcDatetime
    updated_at: UtcDatetime
    waiting_at: UtcDatetime | None = None
    joined_at: UtcDatetime | None = None
    ended_at: UtcDatetime | None = None
    erased_at: UtcDatetime | None = None

    @property
    def unclosed(self) -> tuple[str, ...]:
        """Keys of the recordings that were started and not closed."""
        return tuple(recording.key for recording in self.recordings if recording.sha256 is None)

    def at_s(self, now: UtcDatetime) -> float:
        """`now` on the session clock, in seconds; 0 before the participant first joined.

        It is never before what the log has of the interview: a wall clock may have been set back.
        """
        if self.joined_at is None:
            return 0.0
        known = (
            self.turns[-1].end_s if self.turns else 0.0,
            self.left_s or 0.0,
            self.connection.since_s if self.connection is not None else 0.0,
        )
        return max((now - self.joined_at).total_seconds(), *known)


def fold(events: Iterable[SessionEvent]) -> SessionState:
    """The state after all of `events`, which begin with event 1.

    Raises:
        IllegalTransition: an event does not fit.
        ValueError: there are no events.
    """
    state = reduce(apply, events, None)
    if state is None:
        raise ValueError("a log has at least its first event")
    return state


def apply(state: SessionState | None, event: SessionEvent) -> SessionState:
    """The state after one more event; `None` is the state before event 1.

    Raises:
        IllegalTransition: the event does not fit.
    """
    payload = event.payload
    if state is None:
        if not isinstance(payload, SessionScheduled) or event.seq != 1:
            raise _illegal(event, "a log begins with event 1, a 'session.scheduled'")
        return _scheduled(event, payload)
    if event.session_id != state.session_id:
        raise _illegal(event, f"the log is that of {state.session_id!r}")
    if event.seq != state.seq + 1:
        raise _illegal(event, f"event {state.seq + 1} comes next, not {event.seq}")
    if state.erased_at is not None:
        raise _illegal(event, "its content was erased")
    if state.status.terminal and not isinstance(payload, AFTER_THE_END):
        raise _illegal(event, f"it ended as {state.status}")
    after = _applied(state, event)
    return after.model_copy(update={"seq": event.seq, "updated_at": event.at})


def _illegal(event: SessionEvent, why: str) -> IllegalTransition:
    return IllegalTransition(event.session_id, kind=event.payload.kind, why=why)


def _need(condition: bool, event: SessionEvent, why: str) -> None:
    if not condition:
        raise _illegal(event, why)


def _scheduled(event: SessionEvent, payload: SessionScheduled) -> SessionState:
    return SessionState(
        session_id=event.session_id,
        seq=1,
        status=SessionStatus.SCHEDULED,
        study_id=payload.study_id,
        study_hash=payload.study_hash,
        study_title=payload.study_title,
        language=payload.language,
        participant_id=payload.participant_id,
        invitation_id=payload.invitation_id,
        sitting=payload.sitting,
        progress=payload.progress or Progress(),
        timers=payload.timers,
        created_at=event.at,
        updated_at=event.at,
    )


def _applied(state: SessionState, event: SessionEvent) -> SessionState:
    payload = event.payload
    match payload:
        case SessionScheduled():
            raise _illegal(event, "it was scheduled before")
        case ConsentGiven() | SessionWaiting() | ParticipantJoined() | ParticipantLeft() | ParticipantMuted():
            return _participant(state, event, payload)
        case (
            PhaseEntered()
            | MoveDecided()
            | MoveWorded()
            | AnswerNoted()
            | AnswerSetAside()
            | TopicCovered()
            | InsightFlagged()
            | LanguageSettled()
            | SentenceJudged()
            | ToolCalled()
        ):
            _need_live(state, event)
            nudges = state.nudge_ids
            if isinstance(payload, MoveDecided) and payload.move == "nudge":
                nudges = (*nudges, payload.move_id)
            language = payload.language if isinstance(payload, LanguageSettled) else state.language
            progress = advance(state.progress, payload)
            return _with(state, progress=progress, nudge_ids=nudges, language=language)
        case SpeechStarted() | SpeechEnded() | Utterance() | TurnTimed():
            return _said(state, event, payload)
        case RecordingStarted() | RecordingClosed() | RecordingMoved():
            return _recorded(state, event, payload)
        case LeaseClaimed():
            # Whatever was being said, the writer before us said it and is gone.
            return _with(state, open_speeches=())
        case TimerFired():
            return _with(state, fired={**state.fired, payload.timer: payload.at_s})
        case ProviderSwitched() | EventErased():
            return state
        case SessionErased():
            _need(state.status.terminal, event, f"it is not over: it is {state.status}")
            return _with(state, erased_at=event.at)
        case BudgetGranted() | BudgetReached() | UsageMetered():
            return _paid(state, event, payload)
        case Fault():
            note = FaultNote(at=event.at, fault=payload)
            return _with(
                state, faults=(*state.faults, note)[-FAULTS_KEPT:], fault_count=state.fault_count + 1
            )
        case SessionEnded():
            return _with(
                state,
                status=payload.status,
                reason=payload.reason,
                connection=None,
                left_s=None,
                open_speeches=(),
                quiet_since_s=None,
                ended_at=event.at,
            )


def _with(state: SessionState, **changes: object) -> SessionState:
    return state.model_copy(update=changes)


def _need_live(state: SessionState, event: SessionEvent) -> None:
    _need(state.status in _LIVE, event, f"the interview is not under way: it is {state.status}")


def _participant(
    state: SessionState,
    event: SessionEvent,
    payload: ConsentGiven | SessionWaiting | ParticipantJoined | ParticipantLeft | ParticipantMuted,
) -> SessionState:
    match payload:
        case ConsentGiven():
            _need(state.status in _BEFORE_JOIN, event, f"it is {state.status}")
            return _with(state, consent=payload)
        case SessionWaiting():
            _need(state.status in _BEFORE_JOIN, event, f"it is {state.status}")
            _need(state.consent is not None, event, "there is no consent")
            return _with(state, status=SessionStatus.WAITING, waiting_at=event.at)
        case ParticipantJoined():
            _need(state.status is not SessionStatus.SCHEDULED, event, "no host is waiting")
            joined_at = state.joined_at or event.at
            at_s = payload.at_s
            if at_s is None:
                at_s = max(0.0, (event.at - joined_at).total_seconds())
            return _with(
                state,
                status=SessionStatus.ACTIVE,
                joined_at=joined_at,
                connection=Connection(
                    connection_id=payload.connection_id, transport=payload.transport, since_s=at_s
                ),
                muted=False,
                left_s=None,
                quiet_since_s=at_s,
            )
        case ParticipantLeft():
            _need(state.status is SessionStatus.ACTIVE, event, f"nobody is connected: it is {state.status}")
            if state.connection is not None and state.connection.connection_id != payload.connection_id:
                return state  # the old line of a participant who is here on a newer one
            if payload.reason == "replaced":
                return _with(state, connection=None)
            return _with(
                state,
                status=SessionStatus.DISCONNECTED,
                connection=None,
                left_s=payload.at_s,
                quiet_since_s=None,
            )
        case ParticipantMuted():
            _need(state.status is SessionStatus.ACTIVE, event, f"nobody is connected: it is {state.status}")
            return _with(state, muted=payload.muted)


def _said(
    state: SessionState,
    event: SessionEvent,
    payload: SpeechStarted | SpeechEnded | Utterance | TurnTimed,
) -> SessionState:
    _need_live(state, event)
    match payload:
        case SpeechStarted():
            _need(
                payload.speech_id not in state.open_speeches,
                event,
                f"speech {payload.speech_id!r} has begun already",
            )
            return _with(state, open_speeches=(*state.open_speeches, payload.speech_id))
        case SpeechEnded():
            _need(
                payload.speech_id in state.open_speeches, event, f"speech {payload.speech_id!r} has not begun"
            )
            changes: dict[str, object] = {
                "open_speeches": tuple(s for s in state.open_speeches if s != payload.speech_id)
            }
            if payload.heard_text.strip():
                turn = Turn(
                    speaker="moderator",
                    id=payload.speech_id,
                    text=payload.heard_text,
                    start_s=payload.start_s,
                    end_s=payload.end_s,
                    cut_off=payload.interrupted,
                    move_id=payload.move_id,
                    language=_language(state, payload.move_id),
                )
                changes["turns"] = (*state.turns, turn)
            if payload.move_id not in state.nudge_ids:
                changes["quiet_since_s"] = _latest(state.quiet_since_s, payload.end_s)
            return _with(state, **changes)
        case Utterance():
            known = any(t.speaker == "participant" and t.id == payload.utterance_id for t in state.turns)
            _need(not known, event, f"utterance {payload.utterance_id!r} is there already")
            turn = Turn(
                speaker="participant",
                id=payload.utterance_id,
                text=payload.text,
                start_s=payload.start_s,
                end_s=payload.end_s,
                barge_in=payload.barge_in,
                confidence=payload.confidence,
                language=payload.language,
            )
            return _with(
                state,
                turns=(*state.turns, turn),
                quiet_since_s=_latest(state.quiet_since_s, payload.end_s),
            )
        case TurnTimed():
            return state


def _language(state: SessionState, move_id: str | None) -> str:
    """The language of a move that was just said: its own, or the session's."""
    move = state.progress.last_move
    own = move.language if move is not None and move.move_id == move_id else None
    return own or state.language


def _paid(
    state: SessionState, event: SessionEvent, payload: BudgetGranted | BudgetReached | UsageMetered
) -> SessionState:
    match payload:
        case BudgetGranted():
            _need(state.budget is None, event, "its budget was granted before")
            return _with(state, budget=payload.amount)
        case BudgetReached():
            _need(state.budget is not None, event, "it has no budget")
            _need(payload.mark not in state.budget_marks, event, f"{payload.mark!r} was reached before")
            return _with(state, budget_marks=(*state.budget_marks, payload.mark))
        case UsageMetered():
            return _with(state, spent=state.spent + payload.amount)


def _latest(since_s: float | None, end_s: float) -> float | None:
    """A participant who is away is not quiet; for one who is here, quiet begins at the last thing said."""
    return None if since_s is None else max(since_s, end_s)


def _recorded(
    state: SessionState, event: SessionEvent, payload: RecordingStarted | RecordingClosed | RecordingMoved
) -> SessionState:
    recordings = {recording.key: recording for recording in state.recordings}
    match payload:
        case RecordingStarted():
            _need(state.consent is not None, event, "there is no consent")
            _need(payload.key not in recordings, event, f"recording {payload.key!r} was started before")
            recordings[payload.key] = Recording(
                key=payload.key,
                sample_rate=payload.sample_rate,
                channels=payload.channels,
                codec=payload.codec,
            )
        case RecordingClosed():
            recording = recordings.get(payload.key)
            if recording is None:
                raise _illegal(event, f"recording {payload.key!r} was never started")
            _need(recording.sha256 is None, event, f"recording {payload.key!r} was closed before")
            recordings[payload.key] = recording.model_copy(
                update={
                    "duration_s": payload.duration_s,
                    "bytes": payload.bytes,
                    "sha256": payload.sha256,
                }
            )
        case RecordingMoved():
            recording = recordings.get(payload.key)
            if recording is None or recording.sha256 is None:
                raise _illegal(event, f"recording {payload.key!r} is not complete")
            return _with(state, cold=tuple(dict.fromkeys((*state.cold, payload.key))))
    return _with(state, recordings=tuple(recordings.values()))
