"""A quotation in a report: the words, whose they are, and the second at which they are to be heard."""

from __future__ import annotations

from vivavoce.pipeline.enrichment.findings import Quote, SentimentLabel, Translation
from vivavoce.pipeline.enrichment.verbatim import Stretch, when
from vivavoce.pipeline.reports.held import Frozen, Held
from vivavoce.pipeline.transcript import Transcript


class Quoted(Frozen):
    """A participant's words, verbatim.

    Attributes:
        start_s: on the session clock, for players that have the whole interview.
        recording: key of the part of the recording; None: there is none.
        at_s: seconds into that part.
        language: None: nobody knows.
        before, after: whether the words are cut out of a longer answer.
        why: they were chosen; empty: nobody says.
    """

    text: str
    participant: str
    session_id: str
    segment: str
    start_s: float
    recording: str | None = None
    at_s: float | None = None
    language: str | None = None
    translation: Translation | None = None
    sentiment: SentimentLabel = "unknown"
    before: bool = False
    after: bool = False
    why: str = ""


def quoted(held: Held, quote: Quote) -> Quoted:
    """A quote of enrichment's."""
    return piece(
        held.transcript,
        quote.segment,
        quote.start,
        quote.end,
        start_s=quote.start_s,
        language=quote.language,
        translation=quote.translation,
        sentiment=quote.sentiment,
        why=quote.why,
    )


def evidence(held: Held, segment: int, start: int, end: int) -> Quoted:
    """The words that a code was given for, with the sentiment and the translation that are known of them."""
    found, said = held.findings, held.transcript.segments[segment]
    labels: list[SentimentLabel] = [
        one.label for one in (found.sentiments if found else ()) if one.segment == segment
    ]
    same = [
        quote
        for quote in (found.quotes if found else ())
        if (quote.segment, quote.start, quote.end) == (segment, start, end)
    ]
    return piece(
        held.transcript,
        segment,
        start,
        end,
        start_s=when(said, Stretch(start, end))[0],
        language=said.language,
        translation=same[0].translation if same else None,
        sentiment=labels[0] if labels else "unknown",
    )


def piece(
    transcript: Transcript,
    segment: int,
    start: int,
    end: int,
    *,
    start_s: float,
    language: str | None,
    translation: Translation | None = None,
    sentiment: SentimentLabel = "unknown",
    why: str = "",
) -> Quoted:
    """Characters `start` to `end` of a segment's text, with where they stand."""
    said = transcript.segments[segment]
    recording, at_s = transcript.place(start_s) or (None, None)
    return Quoted(
        text=said.text[start:end].strip(),
        participant=transcript.participant,
        session_id=transcript.session_id,
        segment=said.id,
        start_s=start_s,
        recording=recording,
        at_s=at_s,
        language=language or said.language,
        translation=translation,
        sentiment=sentiment,
        before=bool(said.text[:start].strip()),
        after=bool(said.text[end:].strip()),
        why=why,
    )
