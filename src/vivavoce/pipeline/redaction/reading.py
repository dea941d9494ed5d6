"""A whole interview read for personal data. Pure.

What is said in one breath may be several segments, so that a telephone number has its half in each: the rules read
what a speaker says until the other one speaks. And a name that was found once is one everywhere else in the interview.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from vivavoce.pipeline.alignment import UNSPACED
from vivavoce.pipeline.redaction.contacts import addresses, emails, sites
from vivavoce.pipeline.redaction.finding import Found, settle
from vivavoce.pipeline.redaction.japanese import JAPANESE, spoken
from vivavoce.pipeline.redaction.lexicon import Lexicon, lexicons
from vivavoce.pipeline.redaction.names import KnownNames, names
from vivavoce.pipeline.redaction.numbers import births, numbers
from vivavoce.pipeline.redaction.redacted import Finding, Redacted, TextOf
from vivavoce.pipeline.redaction.replacing import replaced
from vivavoce.pipeline.transcript import Segment, Speaker, Transcript
from vivavoce.protocol.languages import base_language

TEXTS: tuple[TextOf, ...] = ("text", "live_text")


@dataclass(frozen=True, slots=True)
class Passage:
    """What one speaker says until the other one does.

    Attributes:
        text: all of it.
        asked: what the other one had said before.
        places: the index of each segment, and where it begins in the text.
    """

    speaker: Speaker
    language: str | None
    text: str
    asked: str
    places: tuple[tuple[int, int], ...]


def find(
    text: str, *, language: str | None, speaker: Speaker = "participant", asked: str = ""
) -> tuple[Found, ...]:
    """What the rules find in a text by itself.

    Args:
        text: of one speaker, in one language.
        language: code of it; None: nobody knows, so all rules there are look for something.
        speaker: the moderator tells nobody's name but the participant's, who said it.
        asked: what the other speaker had said before: some answers are data only to a question for it.
    """
    found: list[Found] = []
    for lexicon in lexicons(language):
        found += _by_rules(text, lexicon, speaker, asked)
    return settle(found)


def _by_rules(text: str, lexicon: Lexicon, speaker: Speaker, asked: str) -> Iterator[Found]:
    yield from emails(text, lexicon)
    yield from sites(text, lexicon)
    yield from addresses(text, lexicon)
    yield from numbers(text, lexicon, asked=asked)
    yield from births(text, lexicon, asked=asked)
    if speaker == "participant":
        yield from names(text, lexicon, asked=asked)
    if lexicon is JAPANESE:
        yield from spoken(text, participant=speaker == "participant", asked=asked)


def redact(transcript: Transcript, *, names: Iterable[str] = ()) -> Redacted:
    """An interview without personal data.

    Args:
        transcript: the original.
        names: known beforehand, as they are written; found in any spelling.
    """
    passages = {of: tuple(_passages(transcript.segments, of)) for of in TEXTS}
    found = {
        of: [
            find(passage.text, language=passage.language, speaker=passage.speaker, asked=passage.asked)
            for passage in passages[of]
        ]
        for of in TEXTS
    }
    met = {
        passage.text[one.start : one.end]
        for of in TEXTS
        for passage, here in zip(passages[of], found[of], strict=True)
        for one in here
        if one.kind == "name"
    }
    known = KnownNames(given=tuple(names), met=tuple(sorted(met)))
    parts: dict[TextOf, dict[int, list[Found]]] = {of: {} for of in TEXTS}
    for of in TEXTS:
        for passage, here in zip(passages[of], found[of], strict=True):
            everything = settle([*here, *known.found(passage.text, lexicons(passage.language))])
            for segment, one in _parted(passage, everything, transcript.segments, of):
                parts[of].setdefault(segment, []).append(one)
    segments: list[Segment] = []
    findings: list[Finding] = []
    for segment in transcript.segments:
        fresh, its = replaced(
            segment, parts["text"].get(segment.index, []), parts["live_text"].get(segment.index, [])
        )
        segments.append(fresh)
        findings += its
    return Redacted(
        transcript=transcript.model_copy(update={"segments": tuple(segments)}), findings=tuple(findings)
    )


def _passages(segments: Sequence[Segment], of: TextOf) -> Iterator[Passage]:
    run: list[Segment] = []
    asked = ""
    for segment in segments:
        if not _text(segment, of).strip():
            continue
        if run and (segment.speaker, segment.language) != (run[0].speaker, run[0].language):
            passage = _passage(run, of, asked)
            yield passage
            if segment.speaker != passage.speaker:
                asked = passage.text
            run = []
        run.append(segment)
    if run:
        yield _passage(run, of, asked)


def _passage(run: Sequence[Segment], of: TextOf, asked: str) -> Passage:
    language = run[0].language
    between = "" if language is not None and base_language(language) in UNSPACED else " "
    places: list[tuple[int, int]] = []
    text = ""
    for segment in run:
        text += between if text else ""
        places.append((segment.index, len(text)))
        text += _text(segment, of)
    return Passage(run[0].speaker, language, text, asked, tuple(places))


def _parted(
    passage: Passage, found: Sequence[Found], segments: Sequence[Segment], of: TextOf
) -> Iterator[tuple[int, Found]]:
    """What was found, as it stands in each segment."""
    for index, begin in passage.places:
        text = _text(segments[index], of)
        for one in found:
            start, end = max(0, one.start - begin), min(len(text), one.end - begin)
            piece = text[start:end] if start < end else ""
            if piece.strip():
                start += len(piece) - len(piece.lstrip())
                end -= len(piece) - len(piece.rstrip())
                yield index, Found(one.kind, start, end, one.rule, one.score)


def _text(segment: Segment, of: TextOf) -> str:
    return segment.text if of == "text" else segment.live_text
