"""A finished interview as its log tells it: what was said, in which phase, to which question. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from vivavoce.pipeline.transcript import Speaker, StudyOf
from vivavoce.protocol.study import Study
from vivavoce.session.events import (
    AnswerNoted,
    MoveDecided,
    MoveWorded,
    PhaseEntered,
    SessionEvent,
    SpeechEnded,
    Utterance,
)
from vivavoce.session.state import Recording, SessionState, Turn, fold
from vivavoce.session.status import Reason, SessionStatus


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Spoken(_Frozen):
    """One thing said, as it was understood during the interview; fields as in `transcript.Segment`."""

    speaker: Speaker
    id: str
    text: str
    start_s: float
    end_s: float
    phase: str | None = None
    question: str | None = None
    topics: tuple[str, ...] = ()
    move: str | None = None
    language: str | None = None
    confidence: float | None = None
    cut_off: bool = False
    barge_in: bool = False


class Interview(_Frozen):
    """All that the pipeline takes from a log, in the order of speaking; fields as in `transcript.Transcript`."""

    session_id: str
    study: StudyOf
    participant: str
    language: str
    sitting: int
    status: SessionStatus
    reason: Reason | None
    joined_at: datetime | None
    ended_at: datetime | None
    recordings: tuple[Recording, ...]
    spoken: tuple[Spoken, ...]

    @property
    def open_recordings(self) -> tuple[str, ...]:
        """Keys of recordings that were started and not closed, as far as the log knows."""
        return tuple(recording.key for recording in self.recordings if recording.sha256 is None)


def interview(events: Iterable[SessionEvent], study: Study | None) -> Interview:
    """Read an interview off its log, which begins with event 1.

    Args:
        events: the whole log.
        study: the version that the interview followed, for its topics; None: it is not to be had any more.

    Raises:
        IllegalTransition: the log is no log.
    """
    log = list(events)
    state = fold(log)
    places = _places(log, state)
    serves = {} if study is None else {question.id: question.topics for question in study.questions()}
    turns = sorted(state.turns, key=lambda turn: (turn.start_s, turn.end_s))
    return Interview(
        session_id=state.session_id,
        study=StudyOf(id=state.study_id, title=state.study_title, content_hash=state.study_hash),
        participant=state.participant_id,
        language=state.language,
        sitting=state.sitting,
        status=state.status,
        reason=state.reason,
        joined_at=state.joined_at,
        ended_at=state.ended_at,
        recordings=state.recordings,
        spoken=tuple(_spoken(turn, places, serves) for turn in turns if turn.text.strip()),
    )


@dataclass(frozen=True, slots=True)
class _Place:
    phase: str | None
    question: str | None


@dataclass(slots=True)
class _Reading:
    """Where the interview stood, event by event."""

    phase: str | None = None
    question: str | None = None
    moves: dict[str, _Place] = field(default_factory=dict[str, _Place])
    places: dict[tuple[Speaker, str], _Place] = field(default_factory=dict[tuple[Speaker, str], _Place])

    def take(self, event: SessionEvent) -> None:
        match event.payload:
            case PhaseEntered(phase_id=phase_id):
                self.phase = phase_id
            case MoveDecided() | MoveWorded() as move:
                self.moves[move.move_id] = _Place(move.phase_id, move.question_id)
                if move.question_id is not None and move.expects_answer:
                    self.question = move.question_id
            case Utterance(utterance_id=utterance_id):
                self.places["participant", utterance_id] = _Place(self.phase, self.question)
            case SpeechEnded(speech_id=speech_id):
                self.places["moderator", speech_id] = _Place(self.phase, None)
            case AnswerNoted(question_id=question_id, utterance_ids=utterance_ids) if question_id is not None:
                # The log knows which question they answered: the next one may have been decided by then.
                for utterance_id in utterance_ids:
                    before = self.places.get(("participant", utterance_id))
                    self.places["participant", utterance_id] = _Place(
                        self.phase if before is None else before.phase, question_id
                    )
            case _:
                pass


def _places(log: list[SessionEvent], state: SessionState) -> Mapping[tuple[Speaker, str], _Place]:
    reading = _Reading()
    for event in log:
        reading.take(event)
    for turn in state.turns:
        # A move's own word counts, also where it was worded after it was heard.
        if turn.move_id is not None and turn.move_id in reading.moves:
            reading.places["moderator", turn.id] = reading.moves[turn.move_id]
    return reading.places


def _spoken(
    turn: Turn, places: Mapping[tuple[Speaker, str], _Place], serves: Mapping[str, tuple[str, ...]]
) -> Spoken:
    place = places.get((turn.speaker, turn.id), _Place(None, None))
    return Spoken(
        speaker=turn.speaker,
        id=turn.id,
        text=turn.text.strip(),
        start_s=turn.start_s,
        end_s=turn.end_s,
        phase=place.phase,
        question=place.question,
        topics=() if place.question is None else serves.get(place.question, ()),
        move=turn.move_id,
        language=turn.language,
        confidence=turn.confidence,
        cut_off=turn.cut_off,
        barge_in=turn.barge_in,
    )
