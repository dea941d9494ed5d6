from __future__ import annotations

import pytest
from pydantic import ValidationError

from vivavoce.pipeline.transcript import Segment, StudyOf, Transcript, Word
from vivavoce.session.status import SessionStatus


def segment(index: int, start_s: float = 0.0, end_s: float = 1.0) -> Segment:
    return Segment(
        index=index,
        id=f"u{index}",
        speaker="participant",
        start_s=start_s,
        end_s=end_s,
        words=(Word(text="Yes.", start_s=start_s, end_s=end_s, confidence=0.9),),
        text="Yes.",
        live_text="Yes",
        source="final",
    )


def transcript(*segments: Segment) -> Transcript:
    return Transcript(
        session_id="s1",
        study=StudyOf(id="study", title="A study", content_hash="0" * 64),
        participant="p1",
        language="en",
        status=SessionStatus.COMPLETED,
        segments=segments,
    )


def test_a_transcript_survives_json() -> None:
    whole = transcript(segment(0), segment(1, 2.0, 3.5))
    assert Transcript.model_validate_json(whole.model_dump_json()) == whole
    assert whole.duration_s == 3.5


def test_an_empty_interview_has_a_transcript() -> None:
    assert transcript().duration_s == 0.0


def test_segments_are_numbered_without_a_gap() -> None:
    with pytest.raises(ValidationError, match="numbered from 0"):
        transcript(segment(1))


def test_a_segment_does_not_end_before_it_starts() -> None:
    with pytest.raises(ValidationError, match="end_s lies before start_s"):
        segment(0, 2.0, 1.0)
