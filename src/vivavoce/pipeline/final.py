"""The final text in the place of the live one, for whoever shows a session's transcript. Pure."""

from __future__ import annotations

from vivavoce.pipeline import transcript as analysed
from vivavoce.pipeline.redaction.redacted import Redacted
from vivavoce.session.transcript import Transcript, TranscriptTurn


def with_final(live: Transcript, made: analysed.Transcript) -> Transcript:
    """The live transcript with what the second pass wrote instead; turns that it had nothing better for stay."""
    better = {
        (segment.speaker, segment.id): segment for segment in made.segments if segment.source == "final"
    }
    turns = tuple(
        turn if (segment := better.get((turn.speaker, turn.id))) is None else _written_anew(turn, segment)
        for turn in live.turns
    )
    return live.model_copy(update={"turns": turns, "recogniser": made.recogniser})


def with_redacted(live: Transcript, made: Redacted) -> Transcript:
    """The redacted text in the place of the live one. A turn that the redacted transcript does not have is left out."""
    segments = {(segment.speaker, segment.id): segment for segment in made.transcript.segments}
    turns = tuple(
        _written_anew(turn, segment)
        for turn in live.turns
        if (segment := segments.get((turn.speaker, turn.id))) is not None
    )
    return live.model_copy(
        update={"turns": turns, "recogniser": made.transcript.recogniser, "redaction": made.rules}
    )


def _written_anew(turn: TranscriptTurn, segment: analysed.Segment) -> TranscriptTurn:
    return turn.model_copy(
        update={
            "text": segment.text,
            "confidence": segment.confidence,
            "language": segment.language,
            "final": segment.source == "final",
        }
    )
