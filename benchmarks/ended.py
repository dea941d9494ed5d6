"""Interviews that are over and have their transcripts: what a burst begins with."""

from __future__ import annotations

from datetime import UTC, datetime

from vivavoce.pipeline.transcript import Segment, StudyOf, Transcript
from vivavoce.session.events import (
    ConsentGiven,
    ParticipantJoined,
    Reason,
    SessionEnded,
    SessionScheduled,
    SessionStatus,
    SessionWaiting,
)
from vivavoce.storage.open import Storage

THINGS = ("reading room", "bus line", "coffee", "opening hours", "staff", "printer", "website", "garden")
JUDGED = (
    "wonderful and quiet",
    "far too expensive",
    "late every other day",
    "better than it was",
    "hard to find",
)
SHA = "ab" * 32


def transcript(session_id: str, number: int, utterances: int) -> Transcript:
    """An interview of so many answers, each after a short question; no two interviews say the same."""
    segments: list[Segment] = []
    for turn in range(utterances):
        thing = THINGS[(turn + number) % len(THINGS)]
        answer = (
            f"For me the {thing} is {JUDGED[(turn * 3 + number) % len(JUDGED)]}, number {turn} of {number}."
        )
        for speaker, said in (("moderator", f"What about the {thing}?"), ("participant", answer)):
            index = len(segments)
            segments.append(
                Segment(
                    index=index,
                    id=f"u{index}",
                    speaker="moderator" if speaker == "moderator" else "participant",
                    text=said,
                    source="live",
                    start_s=index * 6.0,
                    end_s=index * 6.0 + 5,
                    language="en",
                )
            )
    return Transcript(
        session_id=session_id,
        study=StudyOf(id="burst", title="Burst", content_hash="f"),
        participant=f"p-{number}",
        language="en",
        status=SessionStatus.COMPLETED,
        segments=tuple(segments),
    )


async def held(storage: Storage, session_id: str, number: int, utterances: int) -> None:
    """An interview that is over and has its transcript."""
    at = datetime.now(UTC)
    scheduled = SessionScheduled(
        study_id="burst", study_hash="f", study_title="Burst", language="en", participant_id=f"p-{number}"
    )
    await storage.sessions.create(session_id, scheduled, at=at)
    lease = await storage.sessions.claim(session_id, holder="burst", ttl_s=60)
    await storage.sessions.append(
        lease,
        [
            ConsentGiven(version="1", text_sha256=SHA, language="en", disclosure_sha256=SHA),
            SessionWaiting(transport="webrtc"),
            ParticipantJoined(transport="webrtc", connection_id="c1"),
            SessionEnded(status=SessionStatus.COMPLETED, reason=Reason.FINISHED, at_s=900),
        ],
        at=at,
    )
    await storage.sessions.release(lease)
    told = transcript(session_id, number, utterances).model_dump_json()
    await storage.derived.keep(session_id, "transcription", input_hash="t", output=told)
