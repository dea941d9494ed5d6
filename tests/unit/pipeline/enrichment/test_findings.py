"""The findings' schema: what is quoted stands in the transcript, and nothing is claimed without a figure."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from vivavoce.pipeline.codes import Author
from vivavoce.pipeline.enrichment.findings import (
    Assignment,
    Findings,
    FindingsAmiss,
    Measure,
    ModelUsed,
    Quote,
    Sentiment,
    Summary,
    Topic,
)
from vivavoce.pipeline.transcript import Segment, StudyOf, Transcript
from vivavoce.session.status import SessionStatus

AT = datetime(2026, 3, 1, tzinfo=UTC)
STUDY = StudyOf(id="keys", title="Keys", content_hash="h")
MODEL = Author(kind="model", name="all-minilm-l6-v2", version="1")
TRANSCRIPT = Transcript(
    session_id="s1",
    study=STUDY,
    participant="p-1",
    language="en",
    status=SessionStatus.COMPLETED,
    segments=(
        Segment(index=0, id="m1", speaker="moderator", text="How was it?", source="live", start_s=0, end_s=1),
        Segment(
            index=1, id="u1", speaker="participant", text="I lost my keys.", source="live", start_s=1, end_s=3
        ),
    ),
)


def findings(*codings: Assignment, quotes: tuple[Quote, ...] = ()) -> Findings:
    return Findings(
        session_id="s1",
        study=STUDY,
        participant="p-1",
        language="en",
        grade="local",
        codings=codings,
        quotes=quotes,
        summary=Summary(text="", method="extractive", by=ModelUsed(role="summary", name="rules")),
    )


def given(segment: int, start: int, end: int, evidence: str) -> Assignment:
    return Assignment(
        code="loss", segment=segment, start=start, end=end, evidence=evidence, author=MODEL, at=AT
    )


def test_evidence_that_stands_in_the_transcript_becomes_a_coding() -> None:
    found = findings(given(1, 2, 14, "lost my keys"))
    found.check_against(TRANSCRIPT)
    (coding,) = found.as_codings(TRANSCRIPT)
    assert (coding.segment, coding.evidence, coding.author, coding.at) == ("u1", "lost my keys", MODEL, AT)
    assert Findings.model_validate_json(found.model_dump_json()) == found


@pytest.mark.parametrize(
    "amiss",
    [
        findings(given(1, 2, 14, "lost my bags")),
        findings(given(7, 0, 4, "lost")),
        findings(quotes=(Quote(text="Lost", segment=1, start=2, end=6, start_s=1, end_s=2, why="x"),)),
        findings().model_copy(update={"session_id": "s2"}),
        findings().model_copy(update={"sentiments": (Sentiment(segment=2, label="neutral", score=0),)}),
    ],
)
def test_findings_that_do_not_fit_are_refused(amiss: Findings) -> None:
    with pytest.raises(FindingsAmiss):
        amiss.check_against(TRANSCRIPT)


def test_nothing_is_claimed_without_a_figure() -> None:
    with pytest.raises(ValidationError, match="reaches the threshold"):
        Measure(kind="echo", value=None, threshold=0.1, flagged=True, note="")
    with pytest.raises(ValidationError, match="a score, or is unknown"):
        Sentiment(segment=1, label="positive")
    with pytest.raises(ValidationError, match="missed exactly"):
        Topic(id="t", name="T", origin="study", coverage="covered")
