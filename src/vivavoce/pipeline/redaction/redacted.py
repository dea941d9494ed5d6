"""The redacted transcript: of the shape of the original, with a list of what was taken out, never with that itself."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from vivavoce.pipeline.redaction.finding import RULES, Kind, placeholder
from vivavoce.pipeline.transcript import Seconds, Transcript

Place = Annotated[int, Field(ge=0)]

TextOf = Literal["text", "live_text"]
"""The text of a segment that something was found in: the best there is, or the one written down live."""


class Finding(BaseModel):
    """Something that was taken out. What it was is in the original alone.

    Attributes:
        segment: its index.
        of: which text of the segment; what is found in both has a finding for each.
        start: the placeholder's first character in the redacted text.
        end: the first that is not in it any more.
        first_word: of those taken out, counted from 0 in the original text by its spaces; of `Segment.words` where it
            has words.
        last_word: of those taken out; the same for a single one.
        start_s: seconds on the session clock at which it begins to be said, as far as words have times; of the
            segment where they have none.
        end_s: at which it has been said.
        rule: that found it, such as `names/introduced`.
        score: how sure the rule is, 0 to 1.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind
    segment: Place
    of: TextOf
    start: Place
    end: Place
    first_word: Place
    last_word: Place
    start_s: Seconds
    end_s: Seconds
    rule: str
    score: float = Field(ge=0, le=1)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.end <= self.start or self.last_word < self.first_word or self.end_s < self.start_s:
            raise ValueError("a finding ends before it begins")
        return self


class Redacted(BaseModel):
    """What the redaction stage makes of an interview.

    Attributes:
        rules: their version, as exports name it.
        transcript: with `[name]`, `[e-mail]` … in the place of what was found, in `text`, `live_text` and `words`. A
            placeholder is one word, with the times of those it stands for.
        findings: by segment, and in the order of each text.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal["vivavoce/redacted/1"] = "vivavoce/redacted/1"
    rules: str = RULES
    transcript: Transcript
    findings: tuple[Finding, ...] = ()

    @model_validator(mode="after")
    def _in_place(self) -> Self:
        for finding in self.findings:
            if finding.segment >= len(self.transcript.segments):
                raise ValueError(f"there is no segment {finding.segment}")
            segment = self.transcript.segments[finding.segment]
            text = segment.text if finding.of == "text" else segment.live_text
            if text[finding.start : finding.end] != placeholder(finding.kind):
                raise ValueError(f"no placeholder stands where segment {finding.segment} is said to have one")
        return self
