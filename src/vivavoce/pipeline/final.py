"""The final text in the place of the live one, for whoever shows a session's transcript. Pure."""

from __future__ import annotations

from vivavoce.pipeline import transcript as analysed
from vivavoce.session.transcript import Transcript


def with_final(live: Transcript, made: analysed.Transcript) -> Transcript:
    """The live transcript with what the second pass wrote instead; turns that it had nothing better for stay."""
    better = {
        (segment.speaker, segment.id): segment for segment in made.segments if segment.source == "final"
    }
    turns = tuple(
        turn
        if (segment := better.get((turn.speaker, turn.id))) is None
        else turn.model_copy(
            update={
                "text": segment.text,
                "confidence": segment.confidence,
                "language": segment.language,
                "final": True,
            }
        )
        for turn in live.turns
    )
    return live.model_copy(update={"turns": turns, "recogniser": made.recogniser})
