"""The kinds of events: their JSON, and what cannot be read."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from vivavoce.session.errors import LogUnreadable
from vivavoce.session.events import (
    EventKind,
    ParticipantJoined,
    Payload,
    SessionEvent,
    SessionScheduled,
    SpeechEnded,
    Utterance,
    parse_payload,
)

SCHEDULED = SessionScheduled(
    study_id="demo", study_hash="f", study_title="Demo", language="en", participant_id="p-1"
)


def every_kind(any_payload: Callable[[Random, float], Payload]) -> dict[EventKind, Payload]:
    rng = Random(1)
    found: dict[EventKind, Payload] = {EventKind.SESSION_SCHEDULED: SCHEDULED}
    while len(found) < len(EventKind):
        payload = any_payload(rng, rng.random() * 100)
        found.setdefault(EventKind(payload.kind), payload)
    return found


@pytest.mark.parametrize("kind", list(EventKind))
def test_every_kind_survives_json(kind: EventKind, any_payload: Callable[[Random, float], Payload]) -> None:
    payload = every_kind(any_payload)[kind]
    data: dict[str, Any] = json.loads(json.dumps(payload.model_dump(mode="json")))
    assert data["kind"] == kind
    assert parse_payload(data, where="here") == payload
    event = SessionEvent(session_id="s", seq=3, at=datetime(2030, 1, 1, tzinfo=UTC), payload=payload)
    assert event.kind is kind
    assert SessionEvent.model_validate_json(event.model_dump_json()) == event


@given(
    text=st.text(),
    start_s=st.floats(0, 1e7),
    length_s=st.floats(0, 1e4),
    confidence=st.none() | st.floats(0, 1),
)
def test_words_and_numbers_survive_json(
    text: str, start_s: float, length_s: float, confidence: float | None
) -> None:
    payload = Utterance(
        utterance_id="u1",
        text=text,
        start_s=start_s,
        end_s=start_s + length_s,
        language="en",
        confidence=confidence,
        model="m",
    )
    assert payload.text == text.replace("\0", "")
    assert parse_payload(json.loads(payload.model_dump_json()), where="here") == payload


def test_a_kind_of_a_newer_version_is_named() -> None:
    with pytest.raises(LogUnreadable, match=r"session 's'.*'mood\.judged'.*[Nn]ewer version") as error:
        parse_payload({"kind": "mood.judged", "mood": "blue"}, where="session 's', event 7")
    assert error.value.code == "log_unreadable"


def test_a_field_of_a_newer_version_is_named() -> None:
    data = {"kind": "session.waiting", "transport": "webrtc", "codec": "opus"}
    with pytest.raises(LogUnreadable, match=r"'session\.waiting'.*codec"):
        parse_payload(data, where="session 's', event 3")
    with pytest.raises(LogUnreadable, match="transport"):
        parse_payload({"kind": "session.waiting", "transport": "smoke"}, where="here")
    with pytest.raises(LogUnreadable, match="None"):
        parse_payload({}, where="here")


@pytest.mark.parametrize(
    "change",
    [
        {"start_s": -1},
        {"start_s": 5},
        {"end_s": float("nan")},
        {"end_s": float("inf")},
        {"confidence": 1.5},
        {"utterance_id": ""},
        {"surprise": 1},
    ],
)
def test_values_that_cannot_be_are_refused(change: dict[str, object]) -> None:
    good = {
        "utterance_id": "u1",
        "text": "Yes.",
        "start_s": 1,
        "end_s": 2,
        "language": "en",
        "confidence": 0.5,
        "model": "m",
    }
    Utterance.model_validate(good)
    with pytest.raises(ValidationError):
        Utterance.model_validate({**good, **change})


def test_speech_does_not_end_before_it_starts() -> None:
    with pytest.raises(ValidationError, match="before start_s"):
        SpeechEnded(speech_id="s", start_s=2, end_s=1, planned_text="", heard_text="", interrupted=False)


def test_events_are_at_a_known_time() -> None:
    with pytest.raises(ValidationError):
        SessionEvent(session_id="s", seq=1, at=datetime(2030, 1, 1), payload=SCHEDULED)
    east = datetime(2030, 1, 1, 12, tzinfo=timezone(timedelta(hours=3)))
    event = SessionEvent(session_id="s", seq=1, at=east, payload=SCHEDULED)
    assert event.at == datetime(2030, 1, 1, 9, tzinfo=UTC)
    assert event.at.tzinfo is UTC


def test_events_are_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        SCHEDULED.language = "de"  # pyright: ignore[reportAttributeAccessIssue]  # that is the point


def test_a_browser_may_say_much_about_itself() -> None:
    joined = ParticipantJoined(transport="webrtc", connection_id="c", user_agent="x\0" * 1000)
    assert joined.user_agent == "x" * 300
