"""What a log says of a turn: its phase, its question, the topics that serves."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest

from vivavoce.pipeline.interview import interview
from vivavoce.protocol.check import load_study
from vivavoce.protocol.facts import AnswerNoted, MoveDecided, PhaseEntered
from vivavoce.session.events import (
    ConsentGiven,
    ParticipantJoined,
    Payload,
    SessionEvent,
    SessionScheduled,
    SessionWaiting,
    SpeechEnded,
    SpeechStarted,
    Utterance,
)
from vivavoce.session.state import fold

AT = datetime(2030, 1, 1, 9, 0, tzinfo=UTC)
SHA = "ab" * 32
STUDY = load_study((Path(__file__).parents[3] / "studies" / "demo.yaml").read_bytes(), source="demo")


def log(*payloads: Payload) -> list[SessionEvent]:
    scheduled = SessionScheduled(
        study_id="demo",
        study_hash=STUDY.content_hash,
        study_title="Demo",
        language="en",
        participant_id="p-1",
    )
    begun = (
        ConsentGiven(version="1", text_sha256=SHA, language="en", disclosure_sha256=SHA),
        SessionWaiting(transport="webrtc"),
        ParticipantJoined(transport="webrtc", connection_id="c"),
    )
    return [
        SessionEvent(session_id="s1", seq=seq, at=AT, payload=payload)
        for seq, payload in enumerate((scheduled, *begun, *payloads), start=1)
    ]


def move(number: int, phase: str, question: str) -> MoveDecided:
    return MoveDecided(
        move_id=f"m{number}",
        move="question",
        phase_id=phase,
        question_id=question,
        text="Well?",
        at_s=1.0,
        expects_answer=True,
    )


def said(number: int, text: str, start_s: float) -> Utterance:
    return Utterance(
        utterance_id=f"u{number}",
        text=text,
        start_s=start_s,
        end_s=start_s + 1,
        language="en",
        confidence=0.9,
        model="m",
    )


def test_turns_know_their_phase_question_and_topics() -> None:
    phase = next(phase for phase in STUDY.phases if len(phase.questions) > 1)
    first, second = phase.questions[:2]
    found = interview(
        log(
            PhaseEntered(phase_id=phase.id, index=0, count=3, at_s=0, reason="began"),
            move(1, phase.id, first.id),
            SpeechStarted(speech_id="sp1", move_id="m1", at_s=1.0),
            SpeechEnded(
                speech_id="sp1",
                move_id="m1",
                start_s=1.0,
                end_s=2.0,
                planned_text="Well?",
                heard_text="Well?",
                interrupted=False,
            ),
            said(1, "First.", 3.0),
            # The next question was decided before it was noted what had been answered.
            move(2, phase.id, second.id),
            AnswerNoted(question_id=first.id, utterance_ids=("u1",), intent="answer", words=1, at_s=4.5),
            said(2, "Second.", 5.0),
            said(3, "  ", 7.0),
        ),
        STUDY,
    )
    asked, one, two = found.spoken
    assert (asked.speaker, asked.phase, asked.question, asked.move) == (
        "moderator",
        phase.id,
        first.id,
        "m1",
    )
    assert (one.phase, one.question, one.topics) == (phase.id, first.id, first.topics)
    assert (two.question, two.topics) == (second.id, second.topics)


def test_without_the_study_topics_are_unknown() -> None:
    assert interview(log(said(1, "Hello.", 1.0)), None).spoken[0].topics == ()


def test_an_empty_interview_is_one() -> None:
    assert interview(log(), STUDY).spoken == ()


@pytest.mark.parametrize("seed", range(20))
def test_any_log_can_be_read(seed: int, legal_history: Callable[[Random, int], list[SessionEvent]]) -> None:
    events = legal_history(Random(seed), 80)
    found = interview(events, None)
    turns = [turn for turn in fold(events).turns if turn.text.strip()]
    assert {spoken.id for spoken in found.spoken} == {turn.id for turn in turns}
    assert len(found.spoken) == len(turns)
