"""The fold of a log: every prefix folds, replay is equal, and what does not fit is refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vivavoce.protocol.facts import MoveDecided
from vivavoce.session.errors import IllegalTransition
from vivavoce.session.events import (
    ConsentGiven,
    Fault,
    LeaseClaimed,
    ParticipantJoined,
    ParticipantLeft,
    ParticipantMuted,
    Payload,
    Reason,
    RecordingClosed,
    RecordingStarted,
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
from vivavoce.session.state import FAULTS_KEPT, SessionState, apply, fold

START = datetime(2030, 1, 1, 9, 0, tzinfo=UTC)
SHA = "ab" * 32
SCHEDULED = SessionScheduled(
    study_id="demo", study_hash="f", study_title="Demo", language="en", participant_id="p-1"
)
CONSENT = ConsentGiven(version="1", text_sha256=SHA, language="en", disclosure_sha256=SHA)
WAITING = SessionWaiting(transport="webrtc")

History = Callable[[Random, int], list[SessionEvent]]
randoms = st.builds(Random, st.integers(0, 2**32))


def joined(connection: str = "c1", *, rejoined: bool = False) -> ParticipantJoined:
    return ParticipantJoined(transport="webrtc", connection_id=connection, rejoined=rejoined)


def left(connection: str = "c1", reason: str = "lost", at_s: float = 10) -> ParticipantLeft:
    return ParticipantLeft.model_validate({"connection_id": connection, "reason": reason, "at_s": at_s})


def utterance(utterance_id: str = "u1", start_s: float = 1, end_s: float = 2) -> Utterance:
    return Utterance(
        utterance_id=utterance_id,
        text="Yes.",
        start_s=start_s,
        end_s=end_s,
        language="en",
        confidence=0.9,
        model="whisper",
    )


def speech_ended(
    speech_id: str = "sp1",
    *,
    heard: str = "Tell me",
    move_id: str | None = None,
    start_s: float = 1,
    end_s: float = 3,
) -> SpeechEnded:
    return SpeechEnded(
        speech_id=speech_id,
        move_id=move_id,
        start_s=start_s,
        end_s=end_s,
        planned_text="Tell me more.",
        heard_text=heard,
        interrupted=heard != "Tell me more.",
    )


def ended(status: str = "COMPLETED", reason: Reason = Reason.FINISHED) -> SessionEnded:
    return SessionEnded.model_validate({"status": status, "reason": reason, "at_s": 60})


def state_after(*payloads: Payload, every_s: float = 1.0) -> SessionState:
    """Events one after another, a second apart."""
    return fold(
        SessionEvent(session_id="s", seq=n, at=START + timedelta(seconds=(n - 1) * every_s), payload=payload)
        for n, payload in enumerate((SCHEDULED, *payloads), start=1)
    )


def active(*payloads: Payload) -> SessionState:
    return state_after(CONSENT, WAITING, joined(), *payloads)


def refused(payload: Payload, state: SessionState) -> str:
    event = SessionEvent(session_id="s", seq=state.seq + 1, at=START, payload=payload)
    with pytest.raises(IllegalTransition) as error:
        apply(state, event)
    assert error.value.kind == payload.kind
    return str(error.value)


@settings(max_examples=60, deadline=None)
@given(rng=randoms, length=st.integers(1, 60))
def test_every_prefix_folds_and_one_by_one_equals_at_once(
    legal_history: History, rng: Random, length: int
) -> None:
    events = legal_history(rng, length)
    state: SessionState | None = None
    for count, event in enumerate(events, start=1):
        state = apply(state, event)
        assert state.seq == count
        assert state == fold(events[:count])
    assert state == fold(events) == fold(list(events))


@settings(max_examples=60, deadline=None)
@given(rng=randoms, length=st.integers(1, 60))
def test_state_and_events_survive_json(legal_history: History, rng: Random, length: int) -> None:
    events = legal_history(rng, length)
    again = [SessionEvent.model_validate_json(event.model_dump_json()) for event in events]
    assert again == events
    state = fold(events)
    assert SessionState.model_validate_json(state.model_dump_json()) == state == fold(again)


@settings(max_examples=60, deadline=None)
@given(rng=randoms, length=st.integers(1, 40))
def test_what_does_not_fit_is_refused_and_changes_nothing(
    legal_history: History, any_payload: Callable[[Random, float], Payload], rng: Random, length: int
) -> None:
    events = legal_history(rng, length)
    state = fold(events)
    kept = state.model_dump_json()
    payload = any_payload(rng, 1.0)
    try:
        after = apply(state, SessionEvent(session_id="s-1", seq=state.seq + 1, at=START, payload=payload))
    except IllegalTransition as error:
        assert error.kind == payload.kind
    else:
        assert after.seq == state.seq + 1
    assert state.model_dump_json() == kept
    if state.status.terminal:
        for late in (ended(), utterance("late"), WAITING, CONSENT, joined()):
            with pytest.raises(IllegalTransition):
                apply(state, SessionEvent(session_id="s-1", seq=state.seq + 1, at=START, payload=late))


def test_there_is_no_fold_of_nothing() -> None:
    with pytest.raises(ValueError, match="first event"):
        fold([])


@pytest.mark.parametrize("first", [CONSENT, WAITING, ended()])
def test_a_log_begins_with_its_scheduling(first: Payload) -> None:
    with pytest.raises(IllegalTransition, match="begins"):
        apply(None, SessionEvent(session_id="s", seq=1, at=START, payload=first))


def test_a_log_has_no_gap_no_double_and_one_session() -> None:
    state = state_after(CONSENT)
    for seq in (1, 2, 4):
        with pytest.raises(IllegalTransition, match="event 3 comes next"):
            apply(state, SessionEvent(session_id="s", seq=seq, at=START, payload=WAITING))
    with pytest.raises(IllegalTransition, match="the log is that of 's'"):
        apply(state, SessionEvent(session_id="other", seq=3, at=START, payload=WAITING))
    with pytest.raises(IllegalTransition, match="begins with event 1"):
        apply(None, SessionEvent(session_id="s", seq=2, at=START, payload=SCHEDULED))
    assert "scheduled before" in refused(SCHEDULED, state)


def test_the_statuses_of_an_interview() -> None:
    path = [
        (CONSENT, SessionStatus.SCHEDULED),
        (WAITING, SessionStatus.WAITING),
        (joined("c1"), SessionStatus.ACTIVE),
        (left("c1", "lost"), SessionStatus.DISCONNECTED),
        (joined("c2", rejoined=True), SessionStatus.ACTIVE),
        (ended(), SessionStatus.COMPLETED),
    ]
    for count in range(1, len(path) + 1):
        state = state_after(*(payload for payload, _ in path[:count]))
        assert state.status is path[count - 1][1]
    assert state_after().status is SessionStatus.SCHEDULED


@pytest.mark.parametrize("status", ["COMPLETED", "INTERRUPTED", "ABANDONED", "FAILED"])
@pytest.mark.parametrize(
    "before", [(), (CONSENT, WAITING), (CONSENT, WAITING, joined()), (CONSENT, WAITING, joined(), left())]
)
def test_a_session_can_end_from_anywhere_but_once(before: tuple[Payload, ...], status: str) -> None:
    state = state_after(*before, ended(status, Reason.DRAIN))
    assert (state.status, state.reason) == (SessionStatus(status), Reason.DRAIN)
    assert state.connection is None
    assert state.ended_at is not None
    assert "it ended as" in refused(ended(), state)


def test_an_end_is_terminal() -> None:
    with pytest.raises(ValueError, match="status"):
        ended("ACTIVE")


def test_nothing_is_heard_or_recorded_before_consent() -> None:
    recording = RecordingStarted(key="s/1.ogg", sample_rate=48000, channels=2, codec="opus")
    assert "no consent" in refused(WAITING, state_after())
    assert "no host is waiting" in refused(joined(), state_after())
    assert "no consent" in refused(recording, state_after())
    assert "not under way" in refused(utterance(), state_after(CONSENT, WAITING))
    assert state_after(CONSENT, recording).recordings[0].key == "s/1.ogg"


def test_consent_is_given_before_the_interview() -> None:
    newer = CONSENT.model_copy(update={"version": "2"})
    assert state_after(CONSENT, newer).consent == newer
    assert "it is ACTIVE" in refused(newer, active())


def test_the_session_clock_starts_with_the_first_join() -> None:
    state = active(left("c1", at_s=5), joined("c2", rejoined=True))
    assert state.joined_at == START + timedelta(seconds=3)
    assert state.connection is not None
    assert state.connection.since_s == 2.0
    assert state.at_s(START + timedelta(seconds=13)) == 10.0
    assert state_after(CONSENT).at_s(START + timedelta(seconds=13)) == 0.0


def test_a_replaced_line_takes_nobody_away() -> None:
    for order in ([left("c1", "replaced"), joined("c2")], [joined("c2"), left("c1", "replaced")]):
        state = active(*order)
        assert state.status is SessionStatus.ACTIVE
        assert state.connection is not None
        assert state.connection.connection_id == "c2"


def test_the_late_loss_of_an_old_line_takes_nobody_away() -> None:
    assert active(joined("c2"), left("c1", "lost")).status is SessionStatus.ACTIVE


def test_nobody_leaves_twice() -> None:
    assert "nobody is connected" in refused(left(), active(left()))
    assert "nobody is connected" in refused(ParticipantMuted(muted=True, at_s=1), active(left()))


def test_mute_ends_with_the_connection() -> None:
    muted = active(ParticipantMuted(muted=True, at_s=1))
    assert muted.muted
    assert not active(ParticipantMuted(muted=True, at_s=1), joined("c2")).muted


def test_turns_are_what_was_understood_and_what_was_heard() -> None:
    state = active(
        SpeechStarted(speech_id="sp1", move_id="m1", at_s=1),
        utterance("u1", 2.5, 4),
        speech_ended("sp1", heard="Tell me", move_id="m1"),
    )
    assert [(t.speaker, t.id, t.text, t.cut_off) for t in state.turns] == [
        ("participant", "u1", "Yes.", False),
        ("moderator", "sp1", "Tell me", True),
    ]
    assert state.open_speeches == ()
    assert "there already" in refused(utterance("u1"), state)


def test_speech_of_which_nothing_was_heard_is_no_turn() -> None:
    state = active(SpeechStarted(speech_id="sp1", at_s=1), speech_ended(heard=" "))
    assert state.turns == ()


def test_speech_begins_before_it_ends() -> None:
    assert "has not begun" in refused(speech_ended(), active())
    started = SpeechStarted(speech_id="sp1", at_s=1)
    assert "begun already" in refused(started, active(started))


def test_a_new_writer_finds_nothing_half_said() -> None:
    state = active(SpeechStarted(speech_id="sp1", at_s=1), LeaseClaimed(holder="host-2", resumed=True))
    assert state.open_speeches == ()


def test_quiet_begins_with_the_last_word_and_not_with_a_nudge() -> None:
    nudge = MoveDecided(
        move_id="m2",
        move="nudge",
        phase_id="p",
        text="Are you there?",
        parts=("Are you there?",),
        at_s=60,
        expects_answer=True,
    )
    said = active(
        SpeechStarted(speech_id="sp1", at_s=1), speech_ended("sp1", heard="Tell me more.", move_id="m1")
    )
    assert said.quiet_since_s == 3
    nudged = active(
        SpeechStarted(speech_id="sp1", at_s=1),
        speech_ended("sp1", heard="Tell me more.", move_id="m1"),
        nudge,
        SpeechStarted(speech_id="sp2", at_s=60),
        speech_ended("sp2", heard="Are you there?", move_id="m2", start_s=60, end_s=62),
    )
    assert nudged.quiet_since_s == 3
    assert active(utterance("u1", 70, 75)).quiet_since_s == 75
    assert active(left()).quiet_since_s is None


def test_a_recording_is_closed_once_and_also_after_the_end() -> None:
    started = RecordingStarted(key="s/1.ogg", sample_rate=48000, channels=2, codec="opus")
    closed = RecordingClosed(key="s/1.ogg", duration_s=60, bytes=5, sha256=SHA)
    assert "never started" in refused(closed, active())
    assert "started before" in refused(started, active(started))
    state = active(started, ended(), closed)
    assert state.recordings[0].bytes == 5
    assert "closed before" in refused(closed, state)


def test_the_last_faults_are_kept_and_all_are_counted() -> None:
    faults = [Fault(stage="tts", code=f"c{n}", message="m", recovered=True) for n in range(FAULTS_KEPT + 5)]
    state = state_after(*faults)
    assert state.fault_count == FAULTS_KEPT + 5
    assert [note.fault.code for note in state.faults] == [f"c{n}" for n in range(5, FAULTS_KEPT + 5)]


def test_a_timer_that_fired_is_remembered() -> None:
    state = active(TimerFired(timer=TimerName.WRAP_UP, at_s=40))
    assert state.fired == {TimerName.WRAP_UP: 40}
