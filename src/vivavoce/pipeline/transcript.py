"""The analysed transcript: what was said, by whom, to which question, with a time for every word.

The log of a session stays the truth. This is derived from it and from its recording, can be made again at any time, and
is what redaction, enrichment, reports and exports read. `session.transcript.Transcript` is the live one, before that.

Times are seconds on the session clock, which is also the position in the recording.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from vivavoce.session.status import Reason, SessionStatus

Speaker = Literal["moderator", "participant"]

Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Confidence = Annotated[float, Field(ge=0, le=1)]

Source = Literal["final", "live"]
"""Where a segment's text is from: the second pass over the recording, or what was written down during the interview."""

PartOutcome = Literal["used", "silent", "truncated", "missing", "unreadable"]
"""What came of a part of the recording.

`truncated`: the file ends before what its log says; it was used as far as it goes. `missing`: the object store has no
such file. `unreadable`: it is no recording. `silent`: nobody is to be heard in it.
"""

WITH_SPEECH: frozenset[PartOutcome] = frozenset({"used", "truncated"})
"""Where there is speech to be sought."""

WhyLive = Literal[
    "studied",
    "no_recording",
    "not_in_recording",
    "nothing_heard",
    "unlike_live",
    "language_unknown",
]
"""Why a segment has its live text. `studied`: the moderator spoke the study's or the model's words, which are known."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Span(_Frozen):
    start_s: Seconds
    end_s: Seconds

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.end_s < self.start_s:
            raise ValueError("end_s lies before start_s")
        return self


class Word(_Span):
    """One word with its punctuation, no spaces around it. `confidence` is the recogniser's, where it heard it."""

    text: str
    confidence: Confidence | None = None


class Segment(_Span):
    """One thing that one speaker said, as long as the live log has it as one.

    Attributes:
        index: its place in the transcript, from 0, in the order of speaking.
        id: the utterance's or the speech's id in the log; of words that only the recording has: `heard-1`, `heard-2` …
        words: of `text`, in order; none where nobody knows when each was said.
        text: the best there is: the second pass's, else the live one. Never empty.
        live_text: what the log has; empty for words that only the recording has.
        source: which of the two `text` is.
        why_live: why it is the live text, if it is.
        phase: id of the study's phase it fell in.
        question: id of the question it asks, or answers.
        topics: ids of the topics that question serves.
        move: id of the moderator's move.
        language: it was said in, as in the log or as detected; None: nobody knows.
        confidence: of the recognition; None for the moderator's words, which are known.
        cut_off: the moderator was interrupted; the text is what was heard.
        barge_in: the participant spoke over the moderator.
    """

    index: int = Field(ge=0)
    id: str
    speaker: Speaker
    words: tuple[Word, ...] = ()
    text: str = Field(min_length=1)
    live_text: str = ""
    source: Source
    why_live: WhyLive | None = None
    phase: str | None = None
    question: str | None = None
    topics: tuple[str, ...] = ()
    move: str | None = None
    language: str | None = None
    confidence: Confidence | None = None
    cut_off: bool = False
    barge_in: bool = False


class RecordingPart(_Frozen):
    """One file of the recording. A session that was taken up after a crash has several.

    Attributes:
        key: in the object store.
        start_s: where on the session clock it begins; None: it could not be read.
        duration_s: seconds of sound found in it.
    """

    key: str
    start_s: float | None = None
    duration_s: float = 0.0
    outcome: PartOutcome


class StudyOf(_Frozen):
    """Which study, and which version of it: `content_hash` is that of the version the interview followed."""

    id: str
    title: str
    content_hash: str


class Transcript(_Frozen):
    """An interview's analysed transcript; segments are in the order of speaking.

    Attributes:
        participant: the pseudonym; never a name or an address.
        language: the interview was held in, at its end.
        joined_at: when the session clock was 0; None: nobody ever came.
        recogniser: the model that made the second pass; None: there was none, all texts are live.
        recording: its parts, in order; empty: nothing was recorded.
    """

    format: Literal["vivavoce/analysed/1"] = "vivavoce/analysed/1"
    session_id: str
    study: StudyOf
    participant: str
    language: str
    sitting: int = Field(default=1, ge=1)
    status: SessionStatus
    reason: Reason | None = None
    joined_at: datetime | None = None
    ended_at: datetime | None = None
    recogniser: str | None = None
    recording: tuple[RecordingPart, ...] = ()
    segments: tuple[Segment, ...] = ()

    @property
    def duration_s(self) -> float:
        """Seconds to the end of the last word."""
        return max((segment.end_s for segment in self.segments), default=0.0)

    def place(self, second: float) -> tuple[str, float] | None:
        """Where a second of the session clock is to be heard: key of a part of the recording, seconds into it."""
        parts = [part for part in self.recording if part.start_s is not None]
        if not parts:
            return None
        begun = [part for part in parts if (part.start_s or 0.0) <= second] or parts[:1]
        return begun[-1].key, max(0.0, second - (begun[-1].start_s or 0.0))

    @model_validator(mode="after")
    def _numbered(self) -> Self:
        if any(segment.index != place for place, segment in enumerate(self.segments)):
            raise ValueError("segments are numbered from 0, without a gap")
        return self
