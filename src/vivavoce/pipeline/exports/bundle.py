"""What is exported: transcripts with their codes, and whether personal data was taken out of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cached_property
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from vivavoce.errors import VivavoceError
from vivavoce.pipeline.codes import Code, Codebook, Coding
from vivavoce.pipeline.transcript import Segment, Transcript
from vivavoce.session.transcript import redaction_note

SPEAKERS = {"moderator": "Moderator", "participant": "Participant"}

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no XML document may hold (XML 1.0, section 2.2)."""


class ExportImpossible(VivavoceError):
    """There is nothing to export in that format, or not the library for it."""

    code = "export_impossible"


class Bundle(BaseModel):
    """The document of the JSON export, and the input of every other one.

    Attributes:
        redaction: the rules' version, such as `rules/1`; None: these are the original words.
        sessions: in the order given; none is fine.
        codebook: the study's codes.
        codings: where they were given; each names a session, a segment and a code that are here, by its id, and its
            evidence is what stands there.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal["vivavoce/export/1"] = "vivavoce/export/1"
    title: str = Field(min_length=1)
    redaction: str | None
    sessions: tuple[Transcript, ...] = ()
    codebook: Codebook = Codebook()
    codings: tuple[Coding, ...] = ()

    @model_validator(mode="after")
    def _whole(self) -> Self:
        codes = {code.id for code in self.codebook.codes}
        texts = {
            (session.session_id, segment.id): segment.text
            for session in self.sessions
            for segment in session.segments
        }
        for coding in self.codings:
            text = texts.get((coding.session_id, coding.segment))
            if text is None or coding.code not in codes:
                raise ValueError(
                    f"the code {coding.code!r} is given to {coding.segment!r}, and one is not here"
                )
            if text[coding.start : coding.end] != coding.evidence:
                raise ValueError(f"the evidence for {coding.code!r} is not what stands in {coding.segment!r}")
        return self

    def codes_of(self, session: Transcript, segment: Segment) -> Iterator[tuple[Coding, Code]]:
        """The codes given to a segment, in the order given."""
        yield from self._given.get((session.session_id, segment.id), ())

    @cached_property
    def _given(self) -> dict[tuple[str, str], list[tuple[Coding, Code]]]:
        codes = {code.id: code for code in self.codebook.codes}
        given: dict[tuple[str, str], list[tuple[Coding, Code]]] = {}
        for coding in self.codings:
            given.setdefault((coding.session_id, coding.segment), []).append((coding, codes[coding.code]))
        return given

    def code_names(self, session: Transcript, segment: Segment) -> str:
        """The names of those codes, each once, with `; ` between them."""
        return "; ".join(dict.fromkeys(flat(code.name) for _, code in self.codes_of(session, segment)))

    @property
    def note(self) -> str:
        """A sentence for the reader on whose words these are."""
        return redaction_note(self.redaction)


def flat(text: str) -> str:
    """On one line."""
    return re.sub(r"\s+", " ", text).strip()


def xml_text(text: str) -> str:
    """Without what XML cannot hold."""
    return _NOT_XML.sub("", text)


def clock(seconds: float) -> str:
    """`1:02:03`, or `02:03` within the first hour."""
    whole = int(seconds)
    hours = f"{whole // 3600}:" if whole >= 3600 else ""
    return f"{hours}{whole // 60 % 60:02}:{whole % 60:02}"


def day(moment: datetime | None) -> str:
    """Date and time in UTC."""
    return "not begun" if moment is None else f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def head(session: Transcript) -> list[tuple[str, str]]:
    """What a reader is told of an interview before its words: names and values."""
    how = session.status.value.lower() + (f" ({session.reason.value})" if session.reason else "")
    return [
        ("Study", f"{flat(session.study.title)} ({session.study.id})"),
        ("Session", session.session_id),
        ("Participant", session.participant),
        ("Language", session.language),
        ("Held", day(session.joined_at)),
        ("Length", clock(session.duration_s)),
        ("Ended", how),
        ("Second pass by", session.recogniser or "none: the words are those of the interview itself"),
    ]


def describe(code: Code) -> str:
    """A code's definition, when it is given and when not, and its examples as a text."""
    examples = "; ".join(f"“{flat(example)}”" for example in code.examples)
    told = {"Include": flat(code.inclusion), "Exclude": flat(code.exclusion), "Examples": examples}
    return " ".join(
        filter(None, (flat(code.definition), *(f"{name}: {said}" for name, said in told.items() if said)))
    )


def said(segment: Segment) -> str:
    """A segment's text on one line, with a dash where the moderator was cut off."""
    return flat(segment.text) + (" –" if segment.cut_off else "")
