"""Analysed interviews with codes, for the tests of what is made of them."""

from __future__ import annotations

from datetime import UTC, datetime

from vivavoce.pipeline.codes import Author, Code, Codebook, Coding
from vivavoce.pipeline.exports.bundle import Bundle
from vivavoce.pipeline.transcript import RecordingPart, Segment, StudyOf, Transcript, Word
from vivavoce.session.status import Reason, SessionStatus

SAID = (
    ("moderator", "How did you hear of the market?", 0.4, 2.0),
    ("participant", "From Señor García – he's “great” & <kind> 🙂.", 3.0, 6.5),
    ("moderator", "What would you change?", 7.0, 8.25),
    ("participant", "=The queue, it took an hour.", 9.0, 12.0),
)


def segment(index: int, speaker: str, text: str, start_s: float, end_s: float, **more: object) -> Segment:
    words = text.split()
    step = (end_s - start_s) / max(len(words), 1)
    return Segment.model_validate(
        {
            "index": index,
            "id": f"{speaker[0]}{index}",
            "speaker": speaker,
            "text": text,
            "start_s": start_s,
            "end_s": end_s,
            "source": "final",
            "words": tuple(
                Word(text=word, start_s=start_s + i * step, end_s=start_s + (i + 1) * step)
                for i, word in enumerate(words)
            ),
            "question": f"q{index // 2}",
            "phase": "main",
            "language": "en",
            **more,
        }
    )


def session(name: str = "s1", said: tuple[tuple[str, str, float, float], ...] = SAID) -> Transcript:
    return Transcript(
        session_id=name,
        study=StudyOf(id="market", title="The market & you", content_hash="0" * 64),
        participant=f"p-{name}",
        language="en",
        status=SessionStatus.COMPLETED,
        reason=Reason.FINISHED,
        joined_at=datetime(2030, 1, 1, 9, 0, tzinfo=UTC),
        ended_at=datetime(2030, 1, 1, 9, 10, tzinfo=UTC),
        recogniser="whisper-base",
        recording=(RecordingPart(key=f"{name}.ogg", start_s=0.0, duration_s=12.5, outcome="used"),),
        segments=tuple(segment(i, *one) for i, one in enumerate(said)),
    )


def bundle(*sessions: Transcript, coded: bool = True) -> Bundle:
    held = sessions or (session(),)
    codings = tuple(
        Coding(
            session_id=one.session_id,
            segment="p3",
            start=1,
            end=10,
            code="waiting",
            author=Author(kind="model", name="lexicon", version="1"),
            evidence="The queue",
        )
        for one in held
    )
    return Bundle(
        title="The market & you",
        redaction=None,
        sessions=held,
        codebook=Codebook(
            codes=(
                Code(
                    id="waiting",
                    name="Waiting",
                    definition="Time lost.",
                    examples=("an hour",),
                    colour="#a03020",
                ),
                Code(id="people", name="People"),
            )
        )
        if coded
        else Codebook(),
        codings=codings if coded else (),
    )
