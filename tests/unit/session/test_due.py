"""When each timer of a session is due."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from vivavoce.protocol.facts import MoveDecided
from vivavoce.session.due import Due, due
from vivavoce.session.events import (
    ConsentGiven,
    ParticipantJoined,
    ParticipantLeft,
    Payload,
    Reason,
    SessionEnded,
    SessionEvent,
    SessionScheduled,
    SessionStatus,
    SessionWaiting,
    SpeechEnded,
    SpeechStarted,
    TimerFired,
    TimerName,
    Utterance,
)
from vivavoce.session.state import SessionState, fold
from vivavoce.session.timers import Timers

START = datetime(2030, 1, 1, 9, 0, tzinfo=UTC)
SHA = "ab" * 32


def session(*payloads: Payload, timers: Timers | None = None) -> SessionState:
    """A session whose participant joined at START, and what happened since."""
    first = SessionScheduled(
        study_id="demo",
        study_hash="f",
        study_title="Demo",
        language="en",
        participant_id="p-1",
        timers=timers or Timers(),
    )
    return fold(
        SessionEvent(session_id="s", seq=n, at=START, payload=payload)
        for n, payload in enumerate((first, *payloads), start=1)
    )


CONSENT = ConsentGiven(version="1", text_sha256=SHA, language="en", disclosure_sha256=SHA)
WAITING = SessionWaiting(transport="webrtc")
JOINED = ParticipantJoined(transport="webrtc", connection_id="c1")
HERE = (CONSENT, WAITING, JOINED)


def look(state: SessionState, at_s: float, heard_s: float | None = None) -> Due:
    return due(state, now=START + timedelta(seconds=at_s), at_s=at_s, heard_s=heard_s)


def utterance(start_s: float, end_s: float) -> Utterance:
    return Utterance(
        utterance_id=f"u{end_s}",
        text="Well.",
        start_s=start_s,
        end_s=end_s,
        language="en",
        confidence=None,
        model="m",
    )


def fired(timer: TimerName, at_s: float) -> TimerFired:
    return TimerFired(timer=timer, at_s=at_s)


def test_nothing_runs_before_a_host_waits_or_after_the_end() -> None:
    assert look(session(), 10_000) == Due((), None)
    assert look(session(CONSENT), 10_000) == Due((), None)
    over = session(*HERE, SessionEnded(status=SessionStatus.COMPLETED, reason=Reason.FINISHED, at_s=5))
    assert look(over, 10_000) == Due((), None)


def test_a_participant_who_never_comes() -> None:
    waiting = session(CONSENT, WAITING)
    now = START + timedelta(seconds=59)
    assert due(waiting, now=now, at_s=0) == Due((), 1)
    now = START + timedelta(seconds=60)
    assert due(waiting, now=now, at_s=0) == Due((TimerName.JOIN,), None)
    done = session(CONSENT, WAITING, fired(TimerName.JOIN, 0))
    assert due(done, now=now, at_s=0) == Due((), None)
    assert TimerName.JOIN not in look(session(*HERE), 70).timers


def test_silence_is_asked_about_once_and_then_ends_it() -> None:
    state = session(*HERE, utterance(3, 10))
    assert look(state, 69) == Due((), 1)
    assert look(state, 70) == Due((TimerName.IDLE_PROMPT,), 60)
    asked = session(*HERE, utterance(3, 10), fired(TimerName.IDLE_PROMPT, 70))
    assert look(asked, 129) == Due((), 1)
    assert look(asked, 130).timers == (TimerName.IDLE,)
    ended = session(*HERE, utterance(3, 10), fired(TimerName.IDLE_PROMPT, 70), fired(TimerName.IDLE, 130))
    assert look(ended, 131).timers == ()


def test_the_nudge_itself_buys_no_time() -> None:
    nudge = MoveDecided(
        move_id="m2",
        move="nudge",
        phase_id="p",
        text="Are you there?",
        parts=("Are you there?",),
        at_s=70,
        expects_answer=True,
    )
    said = (
        nudge,
        SpeechStarted(speech_id="sp", move_id="m2", at_s=70),
        SpeechEnded(
            speech_id="sp",
            move_id="m2",
            start_s=70,
            end_s=72,
            planned_text="Are you there?",
            heard_text="Are you there?",
            interrupted=False,
        ),
    )
    state = session(*HERE, utterance(3, 10), fired(TimerName.IDLE_PROMPT, 70), *said)
    assert look(state, 130).timers == (TimerName.IDLE,)


def test_an_answer_starts_the_silence_anew_and_it_is_asked_about_again() -> None:
    state = session(*HERE, utterance(3, 10), fired(TimerName.IDLE_PROMPT, 70), utterance(80, 85))
    assert look(state, 144).timers == ()
    assert look(state, 145).timers == (TimerName.IDLE_PROMPT,)


def test_nobody_is_idle_while_somebody_speaks() -> None:
    assert look(session(*HERE), 200, heard_s=200).timers == ()
    assert look(session(*HERE), 200, heard_s=150).timers == ()
    assert look(session(*HERE), 210, heard_s=150).timers == (TimerName.IDLE_PROMPT,)
    speaking = session(*HERE, SpeechStarted(speech_id="sp", at_s=1))
    assert look(speaking, 500).timers == ()


def test_a_lost_participant_may_come_back_for_a_while() -> None:
    gone = session(*HERE, ParticipantLeft(connection_id="c1", reason="lost", at_s=30))
    assert look(gone, 149) == Due((), 1)
    assert look(gone, 150).timers == (TimerName.REJOIN,)
    assert look(gone, 2410).timers == (TimerName.REJOIN,), "no wrap-up for an empty room"
    again = session(
        *HERE,
        ParticipantLeft(connection_id="c1", reason="lost", at_s=30),
        fired(TimerName.REJOIN, 150),
        JOINED,
        ParticipantLeft(connection_id="c1", reason="lost", at_s=400),
    )
    assert look(again, 519).timers == ()
    assert look(again, 520).timers == (TimerName.REJOIN,)


@pytest.mark.parametrize(("away_s", "left"), [(5, False), (60, False), (130, True)])
def test_who_is_away_is_waited_for_by_the_usual_table(away_s: float, left: bool) -> None:
    gone = session(*HERE, ParticipantLeft(connection_id="c1", reason="lost", at_s=30))
    assert look(gone, 30 + away_s).timers == ((TimerName.REJOIN,) if left else ())


def test_the_limit_is_announced_and_kept_also_while_nobody_is_there() -> None:
    state = session(*HERE, timers=Timers.resolve(hard_limit_s=100))
    assert look(state, 80, heard_s=80).timers == (TimerName.WRAP_UP,)
    announced = session(*HERE, fired(TimerName.WRAP_UP, 80), timers=Timers.resolve(hard_limit_s=100))
    assert look(announced, 99, heard_s=99) == Due((), 1)
    assert look(announced, 100, heard_s=100).timers == (TimerName.HARD_LIMIT,)
    gone = session(
        *HERE,
        ParticipantLeft(connection_id="c1", reason="lost", at_s=90),
        timers=Timers.resolve(hard_limit_s=100),
    )
    assert look(gone, 100).timers == (TimerName.HARD_LIMIT,)


def test_the_gravest_comes_first() -> None:
    state = session(*HERE)
    assert look(state, 5000).timers == (
        TimerName.HARD_LIMIT,
        TimerName.IDLE,
        TimerName.WRAP_UP,
        TimerName.IDLE_PROMPT,
    )
