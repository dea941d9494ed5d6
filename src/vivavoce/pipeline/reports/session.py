"""The report on one interview: the output of the stage `reporting`."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from vivavoce.pipeline.codes import Codebook
from vivavoce.pipeline.enrichment.findings import Coverage, Measure, Mood, Summary, TopicOrigin
from vivavoce.pipeline.reports.held import Frozen, Held, median, speaking_s, words_of
from vivavoce.pipeline.reports.method import Method, method
from vivavoce.pipeline.reports.quoted import Quoted, evidence, quoted
from vivavoce.pipeline.transcript import StudyOf
from vivavoce.session.status import Reason, SessionStatus


class Talk(Frozen):
    """How much was said.

    Attributes:
        length_s: to the end of the last word.
        words: of the participant, in `answers` segments.
        median_words: of an answer; None: there was none.
        speaking_s: of the participant.
        share: of all speech that is the participant's; None: nobody spoke.
        languages: the answers were in, the most used first.
        confidence: mean of the recognition; None: not known.
        live: answers that have the live text.
    """

    length_s: float
    words: int
    answers: int
    median_words: float | None
    speaking_s: float
    share: float | None
    languages: tuple[str, ...]
    confidence: float | None
    live: int


class TopicTold(Frozen):
    """A topic, how it was covered, and how much of the participant's words it had."""

    id: str
    name: str
    origin: TopicOrigin
    coverage: Coverage
    share: float
    mood: Mood


class CodeTold(Frozen):
    """A code, and the words it was given for."""

    id: str
    name: str
    evidence: tuple[Quoted, ...]


class SessionReport(Frozen):
    """What one interview gave.

    Attributes:
        redaction: version of the rules that took personal data out; None: these are the original words.
        findings: whether it was analysed; without, there are no topics, codes, quotes, summary and quality.
        summary: None: not analysed.
    """

    format: Literal["vivavoce/session-report/1"] = "vivavoce/session-report/1"
    session_id: str
    study: StudyOf
    participant: str
    language: str
    sitting: int
    status: SessionStatus
    reason: Reason | None
    joined_at: datetime | None
    talk: Talk
    redaction: str | None = None
    findings: bool
    summary: Summary | None = None
    topics: tuple[TopicTold, ...] = ()
    codes: tuple[CodeTold, ...] = ()
    quotes: tuple[Quoted, ...] = ()
    quality: tuple[Measure, ...] = ()
    method: Method

    @property
    def quoted(self) -> tuple[Quoted, ...]:
        """Every quotation in it."""
        return (*self.quotes, *(quote for code in self.codes for quote in code.evidence))


def session_report(held: Held, *, codebook: Codebook | None = None) -> SessionReport:
    """The report on an interview.

    Args:
        held: the interview.
        codebook: of its study, for the codes' names; None: a code is called by its id.
    """
    told, found = held.transcript, held.findings
    return SessionReport(
        session_id=told.session_id,
        study=told.study,
        participant=told.participant,
        language=told.language,
        sitting=told.sitting,
        status=told.status,
        reason=told.reason,
        joined_at=told.joined_at,
        talk=talk(held),
        redaction=held.redaction,
        findings=found is not None,
        summary=None if found is None else found.summary,
        topics=tuple(
            TopicTold(
                id=topic.id,
                name=topic.name,
                origin=topic.origin,
                coverage=topic.coverage,
                share=topic.share,
                mood=topic.mood,
            )
            for topic in (found.topics if found else ())
        ),
        codes=_codes(held, codebook or Codebook()),
        quotes=tuple(quoted(held, quote) for quote in (found.quotes if found else ())),
        quality=found.quality if found else (),
        method=method([held], study=False),
    )


def talk(held: Held) -> Talk:
    """How much was said in an interview."""
    answers = held.answers
    spoken, all_spoken = speaking_s(answers), speaking_s(held.transcript.segments)
    sure = [segment.confidence for segment in answers if segment.confidence is not None]
    languages: dict[str, int] = {}
    for segment in answers:
        if segment.language is not None:
            languages[segment.language] = languages.get(segment.language, 0) + words_of([segment])
    return Talk(
        length_s=held.transcript.duration_s,
        words=words_of(answers),
        answers=len(answers),
        median_words=median([words_of([segment]) for segment in answers]),
        speaking_s=spoken,
        share=spoken / all_spoken if all_spoken else None,
        languages=tuple(sorted(languages, key=lambda code: (-languages[code], code))),
        confidence=sum(sure) / len(sure) if sure else None,
        live=sum(segment.source == "live" for segment in answers),
    )


def _codes(held: Held, codebook: Codebook) -> tuple[CodeTold, ...]:
    if held.findings is None:
        return ()
    names = {code.id: code.name for code in codebook.codes}
    given: dict[str, list[Quoted]] = {}
    for coding in held.findings.codings:
        given.setdefault(coding.code, []).append(evidence(held, coding.segment, coding.start, coding.end))
    return tuple(
        CodeTold(id=code, name=names.get(code, code), evidence=tuple(quotes))
        for code, quotes in given.items()
    )
