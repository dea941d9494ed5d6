"""What enrichment finds in one interview: one schema for what local models find and for what a language model finds.

Everything points into the transcript it was made from, redacted where there is such a stage: `segment` and `segments`
are indices of its segments, `start` and `end` are characters of a segment's text (`end` is the first that is not in
it), times are seconds on the session clock, which is also the position in the recording. Whatever is quoted is what
stands there, letter by letter: `check_against` says so.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from vivavoce.errors import VivavoceError
from vivavoce.pipeline.codes import Author, Coding, Id
from vivavoce.pipeline.transcript import Seconds, StudyOf, Transcript

Grade = Literal["local", "llm"]
"""How something was found: by small models and rules on this machine, or by a language model."""

SentimentLabel = Literal["positive", "negative", "mixed", "neutral", "unknown"]
"""`mixed`: both at once. `unknown`: nobody could tell, such as for want of a lexicon for the language."""

TopicOrigin = Literal["study", "proposed"]
"""A topic of the study's topic guide, or one that was found in what was said."""

Coverage = Literal["covered", "touched", "missed"]
"""`covered`: its question was answered with more than a few words; `touched`: something was said on it; `missed`:
nothing was."""

SummaryMethod = Literal["extractive", "model"]
"""Sentences of the participant, verbatim, or a language model's own words."""

Role = Literal["embedding", "sentiment", "topics", "coding", "quotes", "summary", "translation"]

QualityKind = Literal[
    "silence",
    "short_answers",
    "straight_lining",
    "off_topic",
    "leading_questions",
    "echo",
]
"""What is measured of an interview's quality.

`silence`: share of the interview in which nobody speaks. `short_answers`: share of the answers of a few words.
`straight_lining`: share of the answers that are nearly the same as another one. `off_topic`: share of the answers that
have nothing to do with what was asked. `leading_questions`: share of the moderator's questions that suggest an answer.
`echo`: share of the participant's segments that repeat what the moderator is just saying: its voice came back through
the microphone.
"""

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Score = Annotated[float, Field(ge=-1, le=1, allow_inf_nan=False)]
Index = Annotated[int, Field(ge=0)]


class FindingsAmiss(VivavoceError):
    """Findings do not fit the transcript they are said to be of."""

    code = "findings_amiss"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ModelUsed(_Frozen):
    """A model, a lexicon or a set of our rules that had a part in it, for the methods section.

    Attributes:
        role: what it did.
        name: such as `all-minilm-l6-v2`, `vaderSentiment`, `gpt-4.1-mini`, `rules`.
        version: of the package, of our rules, or as the provider says it; None: it says none.
        provider: of a language model; None: it ran on this machine.
        languages: it was used for, base languages such as `en`; empty: any.
    """

    role: Role
    name: str = Field(min_length=1)
    version: str | None = None
    provider: str | None = None
    languages: tuple[str, ...] = ()


class Sentiment(_Frozen):
    """How a participant's segment sounds by its words.

    Attributes:
        score: from −1, negative, to 1, positive; None exactly where the label is `unknown`.
    """

    segment: Index
    label: SentimentLabel
    score: Score | None = None
    grade: Grade = "local"

    @model_validator(mode="after")
    def _score_or_unknown(self) -> Self:
        if (self.score is None) != (self.label == "unknown"):
            raise ValueError("a sentiment has a score, or is unknown")
        return self


class Mood(_Frozen):
    """The sentiment of several segments: the mean of the known scores, weighted by words.

    Attributes:
        known: how many segments it is the mean of.
    """

    label: SentimentLabel
    score: Score | None = None
    known: int = Field(default=0, ge=0)


class Topic(_Frozen):
    """A topic and what the participant said on it.

    Attributes:
        id: the study topic's id; of a proposed one `proposed-1`, `proposed-2` …, within this session only.
        name: in the interview's language; of a proposed one the words it is known by.
        keywords: its most telling words, the strongest first.
        segments: the participant's segments that serve it, in order.
        share: of the participant's words in the session that these segments have.
        mood: over these segments.
    """

    id: Id
    name: str = Field(min_length=1)
    origin: TopicOrigin
    keywords: tuple[str, ...] = ()
    segments: tuple[Index, ...] = ()
    coverage: Coverage
    share: Share = 0.0
    mood: Mood = Mood(label="unknown")
    grade: Grade = "local"

    @model_validator(mode="after")
    def _missed_or_said(self) -> Self:
        if (self.coverage == "missed") != (not self.segments):
            raise ValueError("a topic is missed exactly where no segment serves it")
        return self


class Assignment(_Frozen):
    """A code given to a piece of a segment, with the words that it was given for.

    Attributes:
        code: the code's id in the study's codebook.
        code_version: of that code then.
        evidence: `text[start:end]` of the segment.
        author: the person or the model that gave it.
        at: when; UTC.
        score: how sure the model was, from 0 to 1; None: it does not say.
    """

    code: Id
    code_version: int = Field(default=1, ge=1)
    segment: Index
    start: int = Field(ge=0)
    end: int = Field(gt=0)
    evidence: str = Field(min_length=1)
    author: Author
    at: datetime
    score: Share | None = None
    grade: Grade = "local"


class Translation(_Frozen):
    """Words in another language; `author` is the model that translated them."""

    language: str
    text: str = Field(min_length=1)
    author: Author


class Quote(_Frozen):
    """A participant's words that are worth reading, verbatim.

    Attributes:
        text: `text[start:end]` of the segment.
        start_s, end_s: where it is to be heard, by its words' times, or the segment's where words have none.
        why: it was chosen, a sentence for the reader.
        topic: id of the topic it stands for, one of `topics`.
        language: it was said in; None: nobody knows.
        translation: into the study's first language, where a model made one and the quote is in another language.
    """

    text: str = Field(min_length=1)
    segment: Index
    start: int = Field(ge=0)
    end: int = Field(gt=0)
    start_s: Seconds
    end_s: Seconds
    why: str
    topic: Id | None = None
    language: str | None = None
    sentiment: SentimentLabel = "unknown"
    translation: Translation | None = None
    grade: Grade = "local"


class Summary(_Frozen):
    """The interview in a few sentences.

    Attributes:
        text: of an extractive one the sentences in the order they were said, a space between them; empty: nothing was.
        language: of the text.
        by: the model, or the rules that chose the sentences.
        segments: that it is made from.
        translation: into the study's first language, as of a quote.
    """

    text: str
    method: SummaryMethod
    language: str | None = None
    by: ModelUsed
    segments: tuple[Index, ...] = ()
    translation: Translation | None = None


class Measure(_Frozen):
    """One figure of an interview's quality, and whether it is bad enough to tell people.

    Attributes:
        value: a share, from 0 to 1; None: it could not be measured, and `note` says why.
        threshold: the share from which it is flagged.
        flagged: `value` reached the threshold, and there was enough to judge by.
        count, of: the share as counted: `count` of `of`; seconds, rounded, of silence; segments or questions else.
        segments: that count, the participant's or the moderator's.
        note: a sentence for the reader with the figures in it.
    """

    kind: QualityKind
    value: Share | None
    threshold: Share
    flagged: bool
    count: int = Field(default=0, ge=0)
    of: int = Field(default=0, ge=0)
    segments: tuple[Index, ...] = ()
    note: str

    @model_validator(mode="after")
    def _flagged_by_figure(self) -> Self:
        if self.flagged and (self.value is None or self.value < self.threshold):
            raise ValueError("flagged without a figure that reaches the threshold")
        return self


class ModelCalls(_Frozen):
    """What the language model was asked for this session; all zero in the local grade.

    Attributes:
        calls: answered, whatever came of them.
        repaired: answers that fitted the schema at the second try.
        split: batches that were asked again in halves.
        refused: quotes and evidence that were not verbatim, and so were left out.
        unjudged: segments that no answer could be had for; their findings are the local ones.
    """

    calls: int = Field(default=0, ge=0)
    repaired: int = Field(default=0, ge=0)
    split: int = Field(default=0, ge=0)
    refused: int = Field(default=0, ge=0)
    input_tokens: int = Field(default=0, ge=0)
    output_tokens: int = Field(default=0, ge=0)
    unjudged: tuple[Index, ...] = ()


class Findings(_Frozen):
    """All that enrichment found in one session: the output of the stage `enrichment`.

    Attributes:
        language: the interview was held in.
        redaction: the rules' version that the transcript was redacted by; None: it is the original words.
        grade: the better of the grades in here; every finding has its own.
        models: everything that had a part in it.
        sentiments: one for each of the participant's segments, in order.
        topics: those of the study in its order, then the proposed ones, the largest first.
        codings: by segment, then by the codebook's order. People's own are not here: they are the study's.
        quotes: the most telling first.
        quality: one of each kind, in the order of `QualityKind`.
        codebook_version: that was coded by; 0: the study has no codes.
    """

    format: Literal["vivavoce/findings/1"] = "vivavoce/findings/1"
    session_id: str
    study: StudyOf
    participant: str
    language: str
    redaction: str | None = None
    grade: Grade
    models: tuple[ModelUsed, ...] = ()
    sentiments: tuple[Sentiment, ...] = ()
    topics: tuple[Topic, ...] = ()
    codings: tuple[Assignment, ...] = ()
    quotes: tuple[Quote, ...] = ()
    summary: Summary
    quality: tuple[Measure, ...] = ()
    codebook_version: int = Field(default=0, ge=0)
    model_calls: ModelCalls = ModelCalls()

    @property
    def flags(self) -> tuple[Measure, ...]:
        """The measures that people should look at."""
        return tuple(measure for measure in self.quality if measure.flagged)

    def check_against(self, transcript: Transcript) -> None:
        """See that all of it is about this transcript, and that what is quoted stands there.

        Raises:
            FindingsAmiss: it does not; the message says which finding.
        """
        if transcript.session_id != self.session_id:
            raise FindingsAmiss(
                f"These findings are of {self.session_id}, not of {transcript.session_id}.",
                next_step="Take the session's own transcript.",
            )
        texts = [segment.text for segment in transcript.segments]
        for segment, start, end, text in (
            *((code.segment, code.start, code.end, code.evidence) for code in self.codings),
            *((quote.segment, quote.start, quote.end, quote.text) for quote in self.quotes),
        ):
            if segment >= len(texts) or texts[segment][start:end] != text:
                raise FindingsAmiss(
                    f"{text!r} does not stand in segment {segment} of {self.session_id}.",
                    next_step="Run the session's enrichment again.",
                )
        told = [
            *(sentiment.segment for sentiment in self.sentiments),
            *(segment for topic in self.topics for segment in topic.segments),
            *(segment for measure in self.quality for segment in measure.segments),
            *self.summary.segments,
        ]
        if any(segment >= len(texts) for segment in told):
            raise FindingsAmiss(
                f"A finding is about a segment that {self.session_id} does not have.",
                next_step="Run the session's enrichment again.",
            )

    def as_codings(self, transcript: Transcript) -> tuple[Coding, ...]:
        """The codes as exports take them, with the segments' ids in the place of their indices."""
        return tuple(
            Coding(
                session_id=self.session_id,
                segment=transcript.segments[given.segment].id,
                start=given.start,
                end=given.end,
                code=given.code,
                code_version=given.code_version,
                author=given.author,
                evidence=given.evidence,
                at=given.at,
            )
            for given in self.codings
        )
