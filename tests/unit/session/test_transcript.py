"""The transcript: its order, and formats that other programs read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from io import StringIO
from random import Random

import pytest
import webvtt
from hypothesis import given, settings
from hypothesis import strategies as st

from vivavoce.session.events import (
    ConsentGiven,
    ParticipantJoined,
    Payload,
    RecordingStarted,
    SessionEvent,
    SessionScheduled,
    SessionWaiting,
    SpeechEnded,
    SpeechStarted,
    Utterance,
)
from vivavoce.session.state import SessionState, fold
from vivavoce.session.transcript import Transcript, to_json, to_text, to_vtt, transcript

START = datetime(2030, 1, 1, 9, 0, tzinfo=UTC)
SHA = "ab" * 32


def session(payloads: Iterable[Payload], title: str = "Remote work") -> SessionState:
    before = (
        SessionScheduled(
            study_id="remote", study_hash="f", study_title=title, language="en", participant_id="p-7"
        ),
        ConsentGiven(version="1", text_sha256=SHA, language="en", disclosure_sha256=SHA),
        SessionWaiting(transport="webrtc"),
        ParticipantJoined(transport="webrtc", connection_id="c1"),
        RecordingStarted(key="s/part1.ogg", sample_rate=48000, channels=2, codec="opus"),
    )
    return fold(
        SessionEvent(session_id="s", seq=n, at=START, payload=payload)
        for n, payload in enumerate((*before, *payloads), start=1)
    )


def asked(number: int, start_s: float, end_s: float, text: str, *, cut: bool = False) -> list[Payload]:
    return [
        SpeechStarted(speech_id=f"sp{number}", at_s=start_s),
        SpeechEnded(
            speech_id=f"sp{number}",
            start_s=start_s,
            end_s=end_s,
            planned_text="…",
            heard_text=text,
            interrupted=cut,
        ),
    ]


def said(number: int, start_s: float, end_s: float, text: str, *, barge_in: bool = False) -> Payload:
    return Utterance(
        utterance_id=f"u{number}",
        text=text,
        start_s=start_s,
        end_s=end_s,
        language="en",
        confidence=0.5,
        model="m",
        barge_in=barge_in,
    )


@pytest.fixture
def script() -> Transcript:
    """The participant barges in at 3661.5 s; their words are logged before the end of the moderator's."""
    return transcript(
        session(
            [
                *asked(1, 0.4, 2.0, "What did you\nlike?"),
                said(1, 3.1, 5.25, "Peace & quiet <at> home. A --> B."),
                said(2, 3661.5, 3663.0, "Wait!", barge_in=True),
                *asked(2, 3660.0, 3662.0, "And what did", cut=True),
                said(3, 3664, 3664, " "),
            ]
        )
    )


def cues(script: Transcript) -> list[webvtt.Caption]:
    return list(webvtt.from_buffer(StringIO(to_vtt(script))).captions)


def test_turns_are_in_the_order_of_speaking(script: Transcript) -> None:
    assert [(turn.speaker, turn.id) for turn in script.turns] == [
        ("moderator", "sp1"),
        ("participant", "u1"),
        ("moderator", "sp2"),
        ("participant", "u2"),
    ]
    assert script.duration_s == 3663.0
    assert script.recordings == ("s/part1.ogg",)
    assert script.joined_at == START


def test_json_is_read_back_as_it_was(script: Transcript) -> None:
    text = to_json(script)
    assert Transcript.model_validate_json(text) == script
    assert '"format": "vivavoce/transcript/1"' in text


def test_webvtt_is_read_by_others(script: Transcript) -> None:
    found = cues(script)
    assert [(cue.identifier, cue.start, cue.end, cue.voice) for cue in found] == [
        ("sp1", "00:00:00.400", "00:00:02.000", "Moderator"),
        ("u1", "00:00:03.100", "00:00:05.250", "Participant"),
        ("sp2", "01:01:00.000", "01:01:02.000", "Moderator"),
        ("u2", "01:01:01.500", "01:01:03.000", "Participant"),
    ]
    assert found[0].text == "What did you like?"
    assert "&amp; quiet &lt;at&gt; home. A --&gt; B." in found[1].raw_text
    assert found[2].text == "And what did –"


def test_plain_text_is_for_people(script: Transcript) -> None:
    assert to_text(script) == (
        "Remote work (remote)\n"
        "Session s · participant p-7 · en\n"
        "2030-01-01 09:00 UTC · 1:01:03 · active\n"
        "Live text, as it was understood during the interview\n"
        "Original words: personal data is not redacted.\n"
        "\n"
        "[00:00] Moderator    What did you like?\n"
        "[00:03] Participant  Peace & quiet <at> home. A --> B.\n"
        "[1:01:00] Moderator    And what did –\n"
        "[1:01:01] Participant  Wait!\n"
    )


def test_an_interview_that_never_began_has_an_empty_transcript() -> None:
    state = fold(
        [
            SessionEvent(
                session_id="s",
                seq=1,
                at=START,
                payload=SessionScheduled(
                    study_id="demo", study_hash="f", study_title="Demo", language="en", participant_id="p"
                ),
            )
        ]
    )
    script = transcript(state)
    assert (script.turns, script.duration_s) == ((), 0.0)
    assert cues(script) == []
    assert "not begun · 00:00 · scheduled" in to_text(script)


def test_a_cue_lasts_and_a_title_breaks_nothing() -> None:
    state = session([said(1, 2, 2, "Hm.")], title="A\n\n00:00 --> 00:01\nB")
    (cue,) = cues(transcript(state))
    assert (cue.start, cue.end) == ("00:00:02.000", "00:00:02.001")


@settings(max_examples=60, deadline=None)
@given(
    turns=st.lists(
        st.tuples(st.floats(0, 9000), st.floats(0, 60), st.text(min_size=1, max_size=40)), max_size=8
    )
)
def test_whatever_is_said_the_cues_are_as_many_and_as_long(turns: list[tuple[float, float, str]]) -> None:
    script = transcript(
        session(said(n, start, start + length, text) for n, (start, length, text) in enumerate(turns))
    )
    found = cues(script)
    assert [cue.identifier for cue in found] == [turn.id for turn in script.turns]
    for cue, turn in zip(found, script.turns, strict=True):
        assert cue.start_in_seconds == pytest.approx(turn.start_s, abs=1.001)
        assert cue.start < cue.end
    assert len(re.findall(r"-->", to_vtt(script))) == len(script.turns)


@settings(max_examples=20, deadline=None)
@given(rng=st.builds(Random, st.integers(0, 2**32)))
def test_any_history_has_a_transcript(
    legal_history: Callable[[Random, int], list[SessionEvent]], rng: Random
) -> None:
    script = transcript(fold(legal_history(rng, 80)))
    assert Transcript.model_validate_json(to_json(script)) == script
    assert len(cues(script)) == len(script.turns)
    assert to_text(script).count("\n") == 6 + len(script.turns)
