"""The final text takes the live one's place where it is better, and says so."""

from __future__ import annotations

from vivavoce.pipeline import transcript as analysed
from vivavoce.pipeline.final import with_final
from vivavoce.session.status import SessionStatus
from vivavoce.session.transcript import Transcript, TranscriptTurn, to_text


def live() -> Transcript:
    return Transcript(
        session_id="s1",
        study_id="demo",
        study_title="Demo",
        study_hash="f",
        participant_id="p-1",
        language="en",
        sitting=1,
        status=SessionStatus.COMPLETED,
        reason=None,
        joined_at=None,
        ended_at=None,
        duration_s=5.0,
        recordings=("a.ogg",),
        turns=(
            TranscriptTurn(speaker="participant", id="u1", start_s=1, end_s=2, text="piece and quiet"),
            TranscriptTurn(speaker="participant", id="u2", start_s=3, end_s=5, text="lost"),
        ),
    )


def made() -> analysed.Transcript:
    def segment(index: int, text: str, source: analysed.Source) -> analysed.Segment:
        return analysed.Segment(
            index=index,
            id=f"u{index + 1}",
            speaker="participant",
            start_s=index,
            end_s=index + 1,
            text=text,
            source=source,
            confidence=0.8,
            language="en",
        )

    return analysed.Transcript(
        session_id="s1",
        study=analysed.StudyOf(id="demo", title="Demo", content_hash="f"),
        participant="p-1",
        language="en",
        status=SessionStatus.COMPLETED,
        recogniser="whisper",
        segments=(segment(0, "Peace and quiet.", "final"), segment(1, "something else", "live")),
    )


def test_what_is_final_is_shown_and_the_rest_stays() -> None:
    found = with_final(live(), made())
    assert [(turn.text, turn.final) for turn in found.turns] == [("Peace and quiet.", True), ("lost", False)]
    assert "Final text, by whisper from the recording" in to_text(found)
    assert "Live text" in to_text(live())
