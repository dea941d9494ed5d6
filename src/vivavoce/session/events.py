"""What happens in an interview: the kinds of events and what each one says.

Every payload is frozen, refuses unknown fields, and survives a trip through JSON unchanged. `at_s`, `start_s` and
`end_s` are seconds on the session clock, which starts at 0 when the participant first joins. What the protocol decides
and notes (`protocol.facts`) is in the log as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from vivavoce.protocol.facts import (
    AnswerNoted,
    AnswerSetAside,
    InsightFlagged,
    LanguageSettled,
    MoveDecided,
    MoveWorded,
    PhaseEntered,
    SentenceJudged,
    ToolCalled,
    TopicCovered,
)
from vivavoce.protocol.progress import Progress
from vivavoce.session.errors import LogUnreadable
from vivavoce.session.status import BudgetMark, Reason, SessionStatus, TimerName
from vivavoce.session.timers import Timers
from vivavoce.session.usage import CountedBy, Part

__all__ = [
    "AnswerNoted",
    "AnswerSetAside",
    "BudgetGranted",
    "BudgetMark",
    "BudgetReached",
    "ConsentGiven",
    "ErasureReason",
    "EventErased",
    "EventKind",
    "Fault",
    "InsightFlagged",
    "LanguageSettled",
    "LeaseClaimed",
    "MoveDecided",
    "MoveWorded",
    "ParticipantJoined",
    "ParticipantLeft",
    "ParticipantMuted",
    "Payload",
    "PhaseEntered",
    "ProviderSwitched",
    "Reason",
    "RecordingClosed",
    "RecordingMoved",
    "RecordingStarted",
    "SentenceJudged",
    "SessionEnded",
    "SessionErased",
    "SessionEvent",
    "SessionScheduled",
    "SessionStatus",
    "SessionWaiting",
    "SpeechEnded",
    "SpeechStarted",
    "TimerFired",
    "TimerName",
    "ToolCalled",
    "TopicCovered",
    "Transport",
    "TurnTimed",
    "UsageMetered",
    "Utterance",
    "parse_payload",
]


class EventKind(StrEnum):
    """Every kind of event."""

    SESSION_SCHEDULED = "session.scheduled"
    CONSENT_GIVEN = "consent.given"
    SESSION_WAITING = "session.waiting"
    PARTICIPANT_JOINED = "participant.joined"
    PARTICIPANT_LEFT = "participant.left"
    PARTICIPANT_MUTED = "participant.muted"
    LEASE_CLAIMED = "lease.claimed"
    PHASE_ENTERED = "phase.entered"
    MOVE_DECIDED = "move.decided"
    MOVE_WORDED = "move.worded"
    ANSWER_NOTED = "answer.noted"
    ANSWER_SET_ASIDE = "answer.set_aside"
    TOPIC_COVERED = "topic.covered"
    INSIGHT_FLAGGED = "insight.flagged"
    LANGUAGE_SETTLED = "language.settled"
    TOOL_CALLED = "tool.called"
    SENTENCE_JUDGED = "sentence.judged"
    SPEECH_STARTED = "speech.started"
    SPEECH_ENDED = "speech.ended"
    UTTERANCE = "utterance"
    TURN_TIMED = "turn.timed"
    TIMER_FIRED = "timer.fired"
    BUDGET_GRANTED = "budget.granted"
    BUDGET_REACHED = "budget.reached"
    USAGE_METERED = "usage.metered"
    RECORDING_STARTED = "recording.started"
    RECORDING_CLOSED = "recording.closed"
    RECORDING_MOVED = "recording.moved"
    PROVIDER_SWITCHED = "provider.switched"
    FAULT = "fault"
    SESSION_ENDED = "session.ended"
    EVENT_ERASED = "event.erased"
    SESSION_ERASED = "session.erased"


Transport = Literal["webrtc", "websocket", "livekit"]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0)]
MicroUsd = Annotated[int, Field(ge=0)]
"""Micro-dollars: `vivavoce.session.money`."""
Identifier = Annotated[str, Field(min_length=1, max_length=200)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]

_USER_AGENT_CHARS = 300


def _without_nul(value: str) -> str:
    return value.replace("\0", "")


def _shortened(value: str) -> str:
    return value[:_USER_AGENT_CHARS]


Text = Annotated[str, AfterValidator(_without_nul)]
"""Words from outside. PostgreSQL's JSONB holds every character but NUL, so that one is left out."""


def _utc(value: datetime) -> datetime:
    return value.astimezone(UTC)


UtcDatetime = Annotated[AwareDatetime, AfterValidator(_utc)]


class _Payload(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class SessionScheduled(_Payload):
    """A participant accepted an invitation: the session exists. Always event 1.

    `participant_id` is a pseudonym; names and addresses have no place in the log. A later sitting `continues` an
    earlier session, and begins with its `progress`.
    """

    kind: Literal["session.scheduled"] = "session.scheduled"
    study_id: Identifier
    study_hash: Identifier
    study_title: Text
    language: Identifier
    participant_id: Identifier
    invitation_id: Identifier | None = None
    sitting: int = Field(default=1, ge=1)
    continues: Identifier | None = None
    progress: Progress | None = None
    timers: Timers = Timers()


class ConsentGiven(_Payload):
    """The participant agreed to the text of that version, having seen the disclosure that it is an AI."""

    kind: Literal["consent.given"] = "consent.given"
    version: Identifier
    text_sha256: Sha256
    language: Identifier
    disclosure_sha256: Sha256


class SessionWaiting(_Payload):
    """A host is ready for the participant on that transport."""

    kind: Literal["session.waiting"] = "session.waiting"
    transport: Transport


class ParticipantJoined(_Payload):
    """The participant's sound is connected. The first of these starts the session clock.

    Attributes:
        at_s: on that clock; where there is none it is made of wall clocks, which somebody may have set.
    """

    kind: Literal["participant.joined"] = "participant.joined"
    transport: Transport
    connection_id: Identifier
    rejoined: bool = False
    user_agent: Annotated[Text, AfterValidator(_shortened)] | None = None
    at_s: Seconds | None = None


class ParticipantLeft(_Payload):
    """A connection ended: by its own close, lost, replaced by a newer one, or because the participant left."""

    kind: Literal["participant.left"] = "participant.left"
    connection_id: Identifier
    reason: Literal["closed", "lost", "replaced", "left"]
    at_s: Seconds


class ParticipantMuted(_Payload):
    """The participant switched the microphone off or on."""

    kind: Literal["participant.muted"] = "participant.muted"
    muted: bool
    at_s: Seconds


class LeaseClaimed(_Payload):
    """A host became the session's one writer; `resumed` when it takes over a session that was under way."""

    kind: Literal["lease.claimed"] = "lease.claimed"
    holder: Identifier
    resumed: bool


class _Spoken(_Payload):
    start_s: Seconds
    end_s: Seconds

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.end_s < self.start_s:
            raise ValueError("end_s lies before start_s")
        return self


class SpeechStarted(_Payload):
    """The moderator's voice began to be heard."""

    kind: Literal["speech.started"] = "speech.started"
    speech_id: Identifier
    move_id: Identifier | None = None
    at_s: Seconds


class SpeechEnded(_Spoken):
    """The moderator's voice fell silent. `heard_text` is what reached the participant's ear, no more."""

    kind: Literal["speech.ended"] = "speech.ended"
    speech_id: Identifier
    move_id: Identifier | None = None
    planned_text: Text
    heard_text: Text
    interrupted: bool


class Utterance(_Spoken):
    """The participant said something. `barge_in`: over the moderator's voice."""

    kind: Literal["utterance"] = "utterance"
    utterance_id: Identifier
    text: Text
    language: Identifier
    confidence: Annotated[float, Field(ge=0, le=1)] | None
    model: Text
    barge_in: bool = False


class TurnTimed(_Payload):
    """How long one turn took, in seconds from the participant's last speech sample.

    Attributes:
        silence_s: until the voice activity detector judged the silence.
        transcript_s: until the final text was there.
        end_of_turn_s: until the turn was judged to be over.
        decided_s: until the next move was decided.
        first_audio_s: until its first sample came from synthesis or from what was prepared.
        response_s: until the first sample was played out towards the participant.
        wait_reason: what the end of the turn waited for.
    """

    kind: Literal["turn.timed"] = "turn.timed"
    utterance_id: Identifier
    silence_s: Seconds
    transcript_s: Seconds
    end_of_turn_s: Seconds
    decided_s: Seconds
    first_audio_s: Seconds
    response_s: Seconds
    wait_reason: Text


class TimerFired(_Payload):
    """A timer of the table ran out. Before the participant first joined, `at_s` is 0."""

    kind: Literal["timer.fired"] = "timer.fired"
    timer: TimerName
    at_s: Seconds


class BudgetGranted(_Payload):
    """So much was set aside for this session; it may spend no more, but for the turn in which it runs out."""

    kind: Literal["budget.granted"] = "budget.granted"
    amount: MicroUsd


class BudgetReached(_Payload):
    """So much of the budget is spent that the moderator wraps up, or closes."""

    kind: Literal["budget.reached"] = "budget.reached"
    mark: BudgetMark
    spent: MicroUsd
    at_s: Seconds


class UsageMetered(_Payload):
    """Something was used, and what it cost at the price of that moment. The counts are as in `session.usage.Use`.

    Attributes:
        part: what it was used for.
        provider: who is paid for it; `self` where that is the team itself.
        model: the model, or the machine.
        subject: the utterance or move it was for.
        counted_by: whose count it is.
        price: where the price comes from, with its version.
        amount: the cost, in micro-dollars.
    """

    kind: Literal["usage.metered"] = "usage.metered"
    part: Part
    provider: Identifier
    model: Identifier
    subject: Identifier | None = None
    input_tokens: Count = 0
    cached_tokens: Count = 0
    cache_written_tokens: Count = 0
    output_tokens: Count = 0
    input_audio_tokens: Count = 0
    output_audio_tokens: Count = 0
    cached_audio_tokens: Count = 0
    characters: Count = 0
    seconds: Seconds = 0.0
    counted_by: CountedBy = "provider"
    price: Text
    amount: MicroUsd
    at_s: Seconds


class RecordingStarted(_Payload):
    """A recording is being written; its time 0 is the session clock's.

    Attributes:
        key: where it will be in the object store.
        sample_rate: in Hz.
    """

    kind: Literal["recording.started"] = "recording.started"
    key: Identifier
    sample_rate: int = Field(gt=0)
    channels: int = Field(gt=0)
    codec: Text


class RecordingClosed(_Payload):
    """The recording is complete and in the object store."""

    kind: Literal["recording.closed"] = "recording.closed"
    key: Identifier
    duration_s: Seconds
    bytes: int = Field(ge=0)
    sha256: Sha256


class RecordingMoved(_Payload):
    """The recording was moved to the cold store, as the study's retention says. Its key stays."""

    kind: Literal["recording.moved"] = "recording.moved"
    key: Identifier
    to: Literal["cold"] = "cold"


class ProviderSwitched(_Payload):
    """Another provider does that part of the work than before. Nothing of the interview was lost for it.

    Attributes:
        stage: hearing, speaking or moderating; `realtime`: moderating by a speech-to-speech model.
        before: profile of the provider until now.
        after: profile of the one from now on.
        code: why: a failure's code; `left_alone`: it had failed before; `recovered`: an earlier choice is back.
        message: the same in words.
    """

    kind: Literal["provider.switched"] = "provider.switched"
    stage: Literal["stt", "tts", "llm", "realtime"]
    before: Identifier
    after: Identifier
    code: Identifier
    message: Text
    at_s: Seconds


class Fault(_Payload):
    """Something failed. `recovered`: the interview went on as if it had not."""

    kind: Literal["fault"] = "fault"
    stage: Literal["stt", "tts", "llm", "realtime", "guard", "transport", "recording", "storage", "agent"]
    code: Identifier
    message: Text
    recovered: bool


class SessionEnded(_Payload):
    """The interview is over, and why."""

    kind: Literal["session.ended"] = "session.ended"
    status: Literal[
        SessionStatus.COMPLETED, SessionStatus.INTERRUPTED, SessionStatus.ABANDONED, SessionStatus.FAILED
    ]
    reason: Reason
    at_s: Seconds


class EventErased(_Payload):
    """Here was an event of the kind `was`; what it said is erased (`session.erasure`)."""

    kind: Literal["event.erased"] = "event.erased"
    was: Identifier


ErasureReason = Literal["requested", "withdrawn", "retention"]
"""Why content is erased: somebody asked for it, the participant withdrew, or its time was up."""


class SessionErased(_Payload):
    """The participant's content is erased, from this log and from everything made of it. Always the last event."""

    kind: Literal["session.erased"] = "session.erased"
    reason: ErasureReason


Payload = Annotated[
    SessionScheduled
    | ConsentGiven
    | SessionWaiting
    | ParticipantJoined
    | ParticipantLeft
    | ParticipantMuted
    | LeaseClaimed
    | PhaseEntered
    | MoveDecided
    | MoveWorded
    | AnswerNoted
    | AnswerSetAside
    | TopicCovered
    | InsightFlagged
    | LanguageSettled
    | SentenceJudged
    | ToolCalled
    | SpeechStarted
    | SpeechEnded
    | Utterance
    | TurnTimed
    | TimerFired
    | BudgetGranted
    | BudgetReached
    | UsageMetered
    | RecordingStarted
    | RecordingClosed
    | RecordingMoved
    | ProviderSwitched
    | Fault
    | SessionEnded
    | EventErased
    | SessionErased,
    Field(discriminator="kind"),
]

_PAYLOAD: TypeAdapter[Payload] = TypeAdapter(Payload)
_KINDS = frozenset(kind.value for kind in EventKind)


class SessionEvent(BaseModel):
    """One line of a session's log.

    Attributes:
        seq: starts at 1, no gaps.
        at: when, by the appender's wall clock, in UTC.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    session_id: Identifier
    seq: int = Field(ge=1)
    at: UtcDatetime
    payload: Payload

    @property
    def kind(self) -> EventKind:
        """The payload's kind."""
        return EventKind(self.payload.kind)


def parse_payload(data: Mapping[str, Any], *, where: str) -> Payload:
    """Read one payload as it was written to a store.

    Args:
        data: the payload as JSON gives it, with its `kind`.
        where: the session and event, as words, for the message.

    Raises:
        LogUnreadable: the kind or a field is not known to this version, or a value does not fit.
    """
    kind = data.get("kind")
    if kind not in _KINDS:
        raise LogUnreadable(where=where, why=f"this version knows no events of kind {kind!r}.")
    try:
        # Through JSON rules: a tuple arrives as a list, a status as a string.
        return _PAYLOAD.validate_python(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(step) for step in first["loc"][1:]) or "the event"
        raise LogUnreadable(where=where, why=f"in a {kind!r}, {field}: {first['msg']}.") from error
