"""The report on a study: made on demand from what is kept of its interviews, never kept itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from itertools import zip_longest
from typing import Literal

from pydantic import Field

from vivavoce.pipeline.codes import Codebook
from vivavoce.pipeline.enrichment.findings import Coverage, Measure, Mood, SentimentLabel, Topic, TopicOrigin
from vivavoce.pipeline.reports.held import Frozen, Held, median, mood_of, speaking_s, together, words_of
from vivavoce.pipeline.reports.method import Method, method
from vivavoce.pipeline.reports.quoted import Quoted, evidence, quoted
from vivavoce.pipeline.reports.session import Talk, talk
from vivavoce.pipeline.transcript import Segment
from vivavoce.protocol.languages import describe
from vivavoce.protocol.study import Study
from vivavoce.session.status import Reason, SessionStatus

MOST_QUOTES = 4
"""Of a theme, from as many respondents and languages as there are."""

PROPOSED_FROM = 2
"""Respondents a proposed topic needs to be a theme of a study that has more than one."""

_COVERAGE: dict[Coverage, int] = {"covered": 2, "touched": 1, "missed": 0}

ThemeKind = Literal["topic", "proposed", "code"]


class Turnout(Frozen):
    """Sessions of the study by what became of them. `away`: they ended, and nobody ever came."""

    over: int = 0
    scheduled: int = 0
    under_way: int = 0
    away: int = 0


class InterviewLine(Frozen):
    """One interview in the quality table. `quality` is empty where it was not analysed."""

    session_id: str
    participant: str
    sitting: int
    language: str
    status: SessionStatus
    reason: Reason | None
    held_at: datetime | None
    version: str
    talk: Talk
    quality: tuple[Measure, ...] = ()


class Cell(Frozen):
    """What a respondent said on a topic. `coverage` None: not analysed, or the topic was not in that version."""

    coverage: Coverage | None = None
    mood: Mood = Mood(label="unknown")
    segments: int = 0


class Respondent(Frozen):
    """A row of the grid: a cell a topic, in the order of the report's topics."""

    participant: str
    languages: tuple[str, ...]
    cells: tuple[Cell, ...]


class TopicLine(Frozen):
    """A topic over respondents: how many covered it, and how those sound who said anything on it."""

    id: str
    name: str
    covered: int = 0
    touched: int = 0
    missed: int = 0
    unknown: int = 0
    moods: dict[SentimentLabel, int] = Field(default_factory=dict[SentimentLabel, int])
    mood: Mood = Mood(label="unknown")

    @property
    def told(self) -> int:
        """Respondents who said anything on it."""
        return self.covered + self.touched


class Theme(Frozen):
    """A topic or a code, and what was said on it.

    Attributes:
        about: a code's definition, or further words of a proposed topic's.
        respondents: who said anything on it.
        languages: in which they did.
        moods: how many of them sound how.
    """

    id: str
    name: str
    kind: ThemeKind
    about: str
    respondents: int
    languages: tuple[str, ...]
    moods: dict[SentimentLabel, int]
    quotes: tuple[Quoted, ...]


class QuestionLine(Frozen):
    """A question: in how many interviews it was asked and answered, and the median words of an answer to it."""

    id: str
    wording: str
    asked: int
    answered: int
    median_words: float | None


class PhaseLine(Frozen):
    """A phase: in how many interviews it was reached; medians are of those, of the participant's speech in it."""

    id: str
    name: str
    reached: int
    median_words: float | None
    median_speaking_s: float | None
    mood: Mood
    questions: tuple[QuestionLine, ...]


class Group(Frozen):
    """Some of the interviews, to be compared with others: a wave, or a language. `language`: of that one."""

    name: str
    language: str | None = None
    interviews: int
    respondents: int
    completed: int
    median_words: float | None
    confidence: float | None
    mood: Mood
    topics: tuple[TopicLine, ...]


class StudyReport(Frozen):
    """What a study gave so far. `made_at` is when, in UTC.

    Attributes:
        versions: content hashes of the study's versions that interviews followed, in the order of their first.
        first_at, last_at: when the first and the last interview began.
        topics: the study's.
        themes: topics of the study, then proposed ones, then codes.
        waves: by the days given, else by the study's versions; `waves_by` says which.
    """

    format: Literal["vivavoce/study-report/1"] = "vivavoce/study-report/1"
    study_id: str
    title: str
    made_at: datetime
    versions: tuple[str, ...]
    first_at: datetime | None
    last_at: datetime | None
    turnout: Turnout
    respondents: tuple[Respondent, ...]
    interviews: tuple[InterviewLine, ...]
    topics: tuple[TopicLine, ...]
    themes: tuple[Theme, ...]
    phases: tuple[PhaseLine, ...]
    waves: tuple[Group, ...]
    waves_by: Literal["days", "versions"]
    languages: tuple[Group, ...]
    method: Method

    @property
    def quoted(self) -> tuple[Quoted, ...]:
        """Every quotation in it."""
        return tuple(quote for theme in self.themes for quote in theme.quotes)


class Subject(Frozen):
    """The study that is reported on. `study` None: its file is not to be had; names are those in the transcripts."""

    id: str
    title: str
    study: Study | None = None
    codebook: Codebook = Codebook()


def study_report(
    subject: Subject,
    held: Sequence[Held],
    *,
    turnout: Turnout,
    made_at: datetime,
    waves: Sequence[date] = (),
) -> StudyReport:
    """The report on a study.

    Args:
        subject: the study.
        held: its interviews that are over and somebody came to, the oldest first; none is fine.
        turnout: all of its sessions.
        made_at: now, UTC.
        waves: first days (UTC) of the second wave and those after it; none: a wave for each version of the study.
    """
    names = _topic_names(subject, held)
    began = [one.transcript.joined_at for one in held if one.transcript.joined_at is not None]
    return StudyReport(
        study_id=subject.id,
        title=subject.title,
        made_at=made_at.astimezone(UTC),
        versions=tuple(dict.fromkeys(one.transcript.study.content_hash for one in held)),
        first_at=min(began, default=None),
        last_at=max(began, default=None),
        turnout=turnout,
        respondents=tuple(
            Respondent(
                participant=participant,
                languages=tuple(dict.fromkeys(one.transcript.language for one in theirs)),
                cells=tuple(_cell(theirs, topic) for topic in names),
            )
            for participant, theirs in _by_participant(held).items()
        ),
        interviews=tuple(_line(one) for one in held),
        topics=_topic_lines(held, names),
        themes=(*_topic_themes(held, names), *_proposed_themes(held), *_code_themes(held, subject.codebook)),
        phases=_phases(subject.study, held),
        waves=_waves(held, names, waves),
        waves_by="days" if waves else "versions",
        languages=_languages(held, names),
        method=method(held, study=True),
    )


def _by_participant(held: Sequence[Held]) -> dict[str, list[Held]]:
    theirs: dict[str, list[Held]] = {}
    for one in held:
        theirs.setdefault(one.transcript.participant, []).append(one)
    return theirs


def _topic_names(subject: Subject, held: Sequence[Held]) -> dict[str, str]:
    """The study's topics: as its file has them, then those of versions that had others."""
    names = {} if subject.study is None else {topic.id: topic.title for topic in subject.study.topics}
    for one in held:
        for topic in one.findings.topics if one.findings else ():
            if topic.origin == "study":
                names.setdefault(topic.id, topic.name)
    return names


def _topics_of(held: Sequence[Held], topic_id: str, origin: TopicOrigin = "study") -> list[Topic]:
    return [
        topic
        for one in held
        for topic in (one.findings.topics if one.findings else ())
        if topic.id == topic_id and topic.origin == origin
    ]


def _cell(theirs: Sequence[Held], topic_id: str) -> Cell:
    """A respondent's sittings together: what was covered in one of them is covered."""
    found = _topics_of(theirs, topic_id)
    if not found:
        return Cell()
    return Cell(
        coverage=max((topic.coverage for topic in found), key=_COVERAGE.__getitem__),
        mood=together([topic.mood for topic in found]),
        segments=sum(len(topic.segments) for topic in found),
    )


def _topic_lines(held: Sequence[Held], names: Mapping[str, str]) -> tuple[TopicLine, ...]:
    theirs = _by_participant(held)
    lines: list[TopicLine] = []
    for topic_id, name in names.items():
        cells = [_cell(sittings, topic_id) for sittings in theirs.values()]
        told = [cell for cell in cells if cell.coverage in ("covered", "touched")]
        lines.append(
            TopicLine(
                id=topic_id,
                name=name,
                covered=sum(cell.coverage == "covered" for cell in cells),
                touched=sum(cell.coverage == "touched" for cell in cells),
                missed=sum(cell.coverage == "missed" for cell in cells),
                unknown=sum(cell.coverage is None for cell in cells),
                moods=_count([cell.mood for cell in told]),
                mood=together([cell.mood for cell in told]),
            )
        )
    return tuple(lines)


def _count(moods: Sequence[Mood]) -> dict[SentimentLabel, int]:
    counts: dict[SentimentLabel, int] = {}
    for mood in moods:
        counts[mood.label] = counts.get(mood.label, 0) + 1
    return counts


def _topic_themes(held: Sequence[Held], names: Mapping[str, str]) -> list[Theme]:
    themes: list[Theme] = []
    for topic_id, name in names.items():
        told = [one for one in held if any(topic.segments for topic in _topics_of([one], topic_id))]
        quotes = [
            quoted(one, quote)
            for one in held
            for quote in (one.findings.quotes if one.findings else ())
            if quote.topic == topic_id
        ]
        themes.append(
            _theme(
                topic_id, name, "topic", "", told, quotes, lambda theirs, id=topic_id: _topics_of(theirs, id)
            )
        )
    return themes


def _proposed_themes(held: Sequence[Held]) -> list[Theme]:
    """Topics found in what was said, put together where they have the same words."""
    ids: dict[str, dict[str, Topic]] = {}
    shown: dict[str, Topic] = {}
    for one in held:
        for topic in one.findings.topics if one.findings else ():
            if topic.origin == "proposed":
                key = " ".join(topic.name.casefold().split())
                shown.setdefault(key, topic)
                ids.setdefault(key, {})[one.transcript.session_id] = topic
    least = min(PROPOSED_FROM, len(_by_participant(held)))
    themes: list[Theme] = []
    for key, by_session in ids.items():
        told = [one for one in held if one.transcript.session_id in by_session]
        quotes = [
            quoted(one, quote)
            for one in told
            for quote in (one.findings.quotes if one.findings else ())
            if quote.topic == by_session[one.transcript.session_id].id
        ]

        def of(theirs: Sequence[Held], topics: Mapping[str, Topic] = by_session) -> list[Topic]:
            return [
                topics[one.transcript.session_id] for one in theirs if one.transcript.session_id in topics
            ]

        further = [word for word in shown[key].keywords if word.casefold() not in key]
        about = f"Further words: {', '.join(further)}." if further else ""
        theme = _theme(f"proposed/{key}", shown[key].name, "proposed", about, told, quotes, of)
        if theme.respondents >= least:
            themes.append(theme)
    return sorted(themes, key=lambda theme: (-theme.respondents, theme.name))


def _theme(
    id: str,
    name: str,
    kind: ThemeKind,
    about: str,
    told: Sequence[Held],
    quotes: Sequence[Quoted],
    topics: Callable[[Sequence[Held]], Sequence[Topic]],
) -> Theme:
    theirs = _by_participant(told)
    return Theme(
        id=id,
        name=name,
        kind=kind,
        about=about,
        respondents=len(theirs),
        languages=tuple(sorted({one.transcript.language for one in told})),
        moods=_count([together([topic.mood for topic in topics(sittings)]) for sittings in theirs.values()]),
        quotes=_chosen(quotes),
    )


def _code_themes(held: Sequence[Held], codebook: Codebook) -> list[Theme]:
    given: dict[str, list[tuple[Held, Quoted, Segment]]] = {}
    for one in held:
        for coding in one.findings.codings if one.findings else ():
            words = evidence(one, coding.segment, coding.start, coding.end)
            given.setdefault(coding.code, []).append((one, words, one.transcript.segments[coding.segment]))
    known = {code.id: code for code in codebook.codes}
    order = [code for code in known if code in given] + [code for code in given if code not in known]
    themes: list[Theme] = []
    for code in order:
        by_participant: dict[str, list[Mood]] = {}
        for one, _, segment in given[code]:
            by_participant.setdefault(one.transcript.participant, []).append(mood_of(one, [segment]))
        themes.append(
            Theme(
                id=code,
                name=known[code].name if code in known else code,
                kind="code",
                about=known[code].definition if code in known else "",
                respondents=len(by_participant),
                languages=tuple(sorted({one.transcript.language for one, _, _ in given[code]})),
                moods=_count([together(moods) for moods in by_participant.values()]),
                quotes=_chosen([words for _, words, _ in given[code]]),
            )
        )
    return themes


def _chosen(quotes: Sequence[Quoted]) -> tuple[Quoted, ...]:
    """A few, from as many languages and respondents as there are, the first of each before anybody's second.

    The same words are quoted once, whoever else says them.
    """
    by_language: dict[str | None, dict[str, list[Quoted]]] = {}
    first: dict[str, Quoted] = {}
    for quote in quotes:
        first.setdefault(quote.text.casefold(), quote)
    for quote in first.values():
        by_language.setdefault(quote.language, {}).setdefault(quote.participant, []).append(quote)
    rounds = [
        [quote for turn in zip_longest(*people.values()) for quote in turn if quote is not None]
        for people in by_language.values()
    ]
    return tuple(quote for turn in zip_longest(*rounds) for quote in turn if quote is not None)[:MOST_QUOTES]


def _line(one: Held) -> InterviewLine:
    told = one.transcript
    return InterviewLine(
        session_id=told.session_id,
        participant=told.participant,
        sitting=told.sitting,
        language=told.language,
        status=told.status,
        reason=told.reason,
        held_at=told.joined_at,
        version=told.study.content_hash,
        talk=talk(one),
        quality=one.findings.quality if one.findings else (),
    )


def _phases(study: Study | None, held: Sequence[Held]) -> tuple[PhaseLine, ...]:
    names: dict[str, str] = {}
    questions: dict[str, dict[str, str]] = {}
    if study is not None:
        for phase in study.path:
            names[phase.id] = phase.title.text(study.languages[0])
            questions[phase.id] = {
                question.id: question.wording.text(study.languages[0]) for question in phase.questions
            }
    for one in held:
        for segment in one.transcript.segments:
            if segment.phase is not None:
                names.setdefault(segment.phase, segment.phase)
                known = questions.setdefault(segment.phase, {})
                if segment.question is not None and not any(
                    segment.question in asked for asked in questions.values()
                ):
                    known[segment.question] = segment.question
    return tuple(_phase(id, name, questions.get(id, {}), held) for id, name in names.items())


def _phase(id: str, name: str, questions: Mapping[str, str], held: Sequence[Held]) -> PhaseLine:
    reached = [one for one in held if any(segment.phase == id for segment in one.transcript.segments)]
    answers = [[segment for segment in one.answers if segment.phase == id] for one in reached]
    return PhaseLine(
        id=id,
        name=name,
        reached=len(reached),
        median_words=median([words_of(said) for said in answers]),
        median_speaking_s=median([speaking_s(said) for said in answers]),
        mood=together([mood_of(one, said) for one, said in zip(reached, answers, strict=True)]),
        questions=tuple(_question(question, wording, held) for question, wording in questions.items()),
    )


def _question(id: str, wording: str, held: Sequence[Held]) -> QuestionLine:
    asked = [one for one in held if any(segment.question == id for segment in one.transcript.segments)]
    answers = [[segment for segment in one.answers if segment.question == id] for one in asked]
    return QuestionLine(
        id=id,
        wording=wording,
        asked=len(asked),
        answered=sum(bool(said) for said in answers),
        median_words=median([words_of(said) for said in answers if said]),
    )


def _waves(held: Sequence[Held], names: Mapping[str, str], waves: Sequence[date]) -> tuple[Group, ...]:
    groups: dict[str, list[Held]] = {}
    if waves:
        starts = sorted(waves)
        for number in range(len(starts) + 1):
            since = f"from {starts[number - 1]:%Y-%m-%d}" if number else f"before {starts[0]:%Y-%m-%d}"
            groups[f"Wave {number + 1}, {since}"] = [
                one
                for one in held
                if one.transcript.joined_at is not None
                and sum(one.transcript.joined_at.astimezone(UTC).date() >= start for start in starts)
                == number
            ]
    else:
        for one in held:
            groups.setdefault(one.transcript.study.content_hash, []).append(one)
        groups = {
            f"Version {number} ({version[:8]})": theirs
            for number, (version, theirs) in enumerate(groups.items(), start=1)
        }
    return tuple(_group(name, theirs, names) for name, theirs in groups.items())


def _languages(held: Sequence[Held], names: Mapping[str, str]) -> tuple[Group, ...]:
    by_language: dict[str, list[Held]] = {}
    for one in held:
        by_language.setdefault(one.transcript.language, []).append(one)
    return tuple(
        _group(describe(code), theirs, names, language=code)
        for code, theirs in sorted(by_language.items(), key=lambda item: (-len(item[1]), item[0]))
    )


def _group(
    name: str, held: Sequence[Held], names: Mapping[str, str], *, language: str | None = None
) -> Group:
    sure = [segment.confidence for one in held for segment in one.answers if segment.confidence is not None]
    return Group(
        name=name,
        language=language,
        interviews=len(held),
        respondents=len(_by_participant(held)),
        completed=sum(one.transcript.status is SessionStatus.COMPLETED for one in held),
        median_words=median([words_of(one.answers) for one in held]),
        confidence=sum(sure) / len(sure) if sure else None,
        mood=together([mood_of(one, one.answers) for one in held]),
        topics=_topic_lines(held, names),
    )
