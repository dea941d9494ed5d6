"""The pages of the report on a study."""

from __future__ import annotations

from collections.abc import Sequence

from vivavoce.pipeline.exports.bundle import clock, day, flat
from vivavoce.pipeline.reports import charts
from vivavoce.pipeline.reports.blocks import (
    Block,
    Bullets,
    Cell,
    Facts,
    Heading,
    Pages,
    Table,
    Text,
    number,
    paragraph,
    row,
    words,
)
from vivavoce.pipeline.reports.english import count, ended
from vivavoce.pipeline.reports.held import median
from vivavoce.pipeline.reports.parts import (
    ALONE,
    COVERED,
    QUALITY,
    SENTIMENT,
    Beside,
    coverage_head,
    feeling,
    grid_key,
    lasting,
    method_blocks,
    mood_key,
    names,
    percent,
    said,
    sign_key,
    sure,
    version,
    whole,
)
from vivavoce.pipeline.reports.study import Group, InterviewLine, StudyReport, TopicLine
from vivavoce.session.status import SessionStatus

COLUMNS = 10
"""Topics of a grid that a page is wide enough for; more are a second grid."""

MOST_NAMED = 3
"""Topics that are named in a sentence."""

KINDS = {"topic": "Topics of the study", "proposed": "Topics found in what was said", "code": "Codes"}


def study_pages(report: StudyReport, beside: Beside = ALONE) -> Pages:
    """The report as blocks, to be written; `beside`: the recordings beside it, which quotations are linked with."""
    blocks: list[Block] = [Facts(_facts(report))]
    if not report.interviews:
        blocks.append(
            paragraph("There are no respondents yet: no interview of this study is over.", note=True)
        )
    else:
        blocks += _in_short(report)
        blocks += _coverage(report)
        blocks += _grid(report)
        blocks += _themes(report, beside)
        blocks += _phases(report)
        blocks += _waves(report)
        blocks += _languages(report)
        blocks += _quality(report)
    return Pages(
        title=flat(report.title),
        subtitle=f"Study report · {report.study_id} · as of {day(report.made_at)}",
        blocks=(*blocks, *method_blocks(report.method)),
    )


def _facts(report: StudyReport) -> tuple[tuple[str, str], ...]:
    turnout, held = report.turnout, report.interviews
    completed = sum(line.status is SessionStatus.COMPLETED for line in held)
    others = [
        f"{many} {what}"
        for many, what in (
            (turnout.scheduled, "scheduled"),
            (turnout.under_way, "under way"),
            (turnout.away, "where nobody came"),
        )
        if many
    ]
    length_s = median([line.talk.length_s for line in held])
    when = "none yet" if report.first_at is None else day(report.first_at)
    if report.last_at is not None and report.last_at != report.first_at:
        when += f" to {day(report.last_at)}"
    return (
        ("Respondents", str(len(report.respondents))),
        ("Interviews", f"{len(held)} held, {completed} completed"),
        ("Not in this report", ", ".join(others) or "no other session"),
        ("Held", when),
        ("Languages", names([group.language for group in report.languages if group.language])),
        ("Length", "–" if length_s is None else f"{lasting(length_s)} in the median"),
        ("Words", f"{sum(line.talk.words for line in held)} by participants"),
        ("Versions of the study", ", ".join(version(one) for one in report.versions) or "none"),
    )


def _in_short(report: StudyReport) -> list[Block]:
    """What the figures say that follow, in sentences."""
    told = [topic for topic in report.topics if topic.told]
    if not told:
        return []
    of = len(report.respondents)
    most, least = (found(topic.told for topic in report.topics) for found in (max, min))
    sentences = [
        f"What came up most, with {most} of {count(of, 'respondent')}: {_named(report.topics, most)}."
    ]
    if least < most:
        came = f"came up least, with {least}" if least else "did not come up at all"
        sentences.append(f"What {came}: {_named(report.topics, least)}.")
    judged = sorted(
        (topic for topic in told if topic.mood.score is not None), key=lambda topic: topic.mood.score or 0.0
    )
    if judged and judged[0].mood.label == "negative":
        sentences.append(f"They sound most negative on {_sounding(judged[0])}.")
    if judged and judged[-1].mood.label == "positive":
        sentences.append(f"They sound most positive on {_sounding(judged[-1])}.")
    flagged = sum(any(measure.flagged for measure in line.quality) for line in report.interviews)
    if flagged:
        are = "is" if flagged == 1 else "are"
        sentences.append(f"{flagged} of {len(report.interviews)} interviews {are} flagged for quality.")
    return [Heading("In short"), Bullets(tuple(sentences))]


def _named(topics: Sequence[TopicLine], told: int) -> str:
    """The topics that so many respondents spoke of; of a long row the first ones."""
    such = [f"“{topic.name}”" for topic in topics if topic.told == told]
    rest = len(such) - MOST_NAMED
    return ", ".join(such[:MOST_NAMED]) + (f" and {count(rest, 'other topic')}" if rest > 0 else "")


def _sounding(topic: TopicLine) -> str:
    """A topic with its mood, and of how many respondents that is known."""
    known = topic.told - topic.moods.get("unknown", 0)
    of = "" if known == topic.told else f"; known of {known} of the {topic.told} who spoke of it"
    return f"“{topic.name}” ({charts.signed(topic.mood.score)} on a scale from −1 to +1{of})"


def _coverage(report: StudyReport) -> list[Block]:
    blocks: list[Block] = [Heading("What was covered")]
    if not report.topics:
        return [*blocks, paragraph("The study has no topic guide, so coverage cannot be told.")]
    blocks.append(
        Table(
            caption="Respondents by topic",
            head=row(
                "Topic",
                "",
                coverage_head("covered"),
                coverage_head("touched"),
                coverage_head("missed"),
                coverage_head(None),
            ),
            rows=tuple(
                row(
                    f"T{place}  {topic.name}",
                    Cell((charts.coverage_bar(_counts(topic)),)),
                    number(str(topic.covered)),
                    number(str(topic.touched)),
                    number(str(topic.missed)),
                    number(str(topic.unknown)),
                )
                for place, topic in enumerate(report.topics, start=1)
            ),
            widths=(0.26, 0.31, 0.11, 0.11, 0.1, 0.11),
        )
    )
    return [*blocks, paragraph(COVERED)]


def _counts(topic: TopicLine) -> dict[charts.Coverage | None, int]:
    return {"covered": topic.covered, "touched": topic.touched, "missed": topic.missed, None: topic.unknown}


def _grid(report: StudyReport) -> list[Block]:
    if not report.topics:
        return []
    blocks: list[Block] = [Heading("Respondents and topics"), grid_key(list(charts.COVERAGE))]
    for begin in range(0, len(report.topics), COLUMNS):
        topics = report.topics[begin : begin + COLUMNS]
        places = range(begin + 1, begin + len(topics) + 1)
        wide = 0.66 / len(topics) if len(topics) > 5 else 0.11
        blocks.append(
            Table(
                caption="What each respondent said on each topic, and how they sound",
                head=row(
                    "Respondent",
                    "Language",
                    *(Cell((Text(f"T{place}"),), align="center") for place in places),
                ),
                rows=tuple(
                    row(
                        respondent.participant,
                        ", ".join(respondent.languages),
                        *(
                            Cell((charts.mark(cell.coverage, cell.mood.label),), align="center")
                            for cell in respondent.cells[begin : begin + COLUMNS]
                        ),
                    )
                    for respondent in report.respondents
                ),
                widths=(0.22, 0.12, *(wide for _ in topics)),
            )
        )
    blocks.append(
        paragraph(" · ".join(f"T{place} {topic.name}" for place, topic in enumerate(report.topics, start=1)))
    )
    return blocks


def _themes(report: StudyReport, beside: Beside) -> list[Block]:
    told = [theme for theme in report.themes if theme.respondents]
    blocks: list[Block] = [Heading("Themes")]
    if not told:
        return [
            *blocks,
            paragraph("No theme can be told: nothing has been analysed, or nothing was said on any."),
        ]
    blocks.append(mood_key())
    for kind, name in KINDS.items():
        of_kind = [theme for theme in told if theme.kind == kind]
        if of_kind:
            blocks.append(
                Table(
                    caption=name,
                    head=row("Theme", number("Respondents"), "How they sound", "Languages"),
                    rows=tuple(
                        row(
                            theme.name,
                            number(f"{theme.respondents} of {len(report.respondents)}"),
                            Cell((charts.mood_bar(theme.moods),)),
                            ", ".join(theme.languages),
                        )
                        for theme in of_kind
                    ),
                    widths=(0.34, 0.16, 0.33, 0.17),
                )
            )
    for theme in told:
        if theme.quotes:
            blocks.append(Heading(theme.name, 2))
            if theme.about:
                blocks.append(paragraph(theme.about, leads=True))
            blocks += [said(quote, beside) for quote in theme.quotes]
    bare = [theme.name for theme in told if not theme.quotes]
    if bare:
        blocks.append(paragraph(f"No quote was chosen for: {'; '.join(bare)}."))
    return blocks


def _phases(report: StudyReport) -> list[Block]:
    blocks: list[Block] = [Heading("Phases compared")]
    if not report.phases:
        return [*blocks, paragraph("No phase is known of these interviews.")]
    blocks.append(
        Table(
            caption="Phases, by what participants said in them",
            head=row(
                "Phase",
                number("Reached"),
                number("Median words"),
                number("Median speech"),
                SENTIMENT,
            ),
            rows=tuple(
                row(
                    phase.name,
                    number(f"{phase.reached} of {len(report.interviews)}"),
                    number(whole(phase.median_words)),
                    number("–" if phase.median_speaking_s is None else f"{phase.median_speaking_s:.0f} s"),
                    feeling(phase.mood),
                )
                for phase in report.phases
            ),
            widths=(0.3, 0.14, 0.15, 0.15, 0.26),
        )
    )
    questions = [question for phase in report.phases for question in phase.questions]
    if questions:
        blocks.append(
            Table(
                caption="Questions",
                head=row("Question", number("Asked"), number("Answered"), number("Median words")),
                rows=tuple(
                    row(
                        flat(question.wording),
                        number(str(question.asked)),
                        number(str(question.answered)),
                        number(whole(question.median_words)),
                    )
                    for question in questions
                ),
                widths=(0.58, 0.12, 0.14, 0.16),
            )
        )
    return blocks


def _waves(report: StudyReport) -> list[Block]:
    blocks: list[Block] = [Heading("Waves compared")]
    if len(report.waves) < 2:
        return [
            *blocks,
            paragraph(
                "All interviews are of one wave: they followed one version of the study, and no later wave's first day "
                "was given."
            ),
        ]
    by = "the days given" if report.waves_by == "days" else "the version of the study they followed"
    return [*blocks, paragraph(f"Waves are told apart by {by}."), *_compared(report.waves, "Wave")]


def _languages(report: StudyReport) -> list[Block]:
    blocks: list[Block] = [Heading("Languages compared")]
    if len(report.languages) < 2:
        return [
            *blocks,
            paragraph(f"All interviews were held in {', '.join(group.name for group in report.languages)}."),
        ]
    return [*blocks, *_compared(report.languages, "Language")]


def _compared(groups: Sequence[Group], what: str) -> list[Block]:
    blocks: list[Block] = [
        Table(
            caption=f"{what}s, by what participants said",
            head=row(
                what,
                number("Respondents"),
                number("Completed"),
                number("Median words"),
                number("Confidence"),
                SENTIMENT,
            ),
            rows=tuple(
                row(
                    group.name,
                    number(str(group.respondents)),
                    number(f"{group.completed} of {group.interviews}"),
                    number(whole(group.median_words)),
                    number(sure(group.confidence)),
                    feeling(group.mood),
                )
                for group in groups
            ),
            widths=(0.18, 0.17, 0.15, 0.11, 0.14, 0.25),
        )
    ]
    if groups[0].topics:
        topics = range(len(groups[0].topics))
        wide = 0.7 / len(groups)
        blocks += [
            sign_key(),
            Table(
                caption=f"Topics by {what.lower()}: respondents who said anything on it, and how they sound",
                head=row("Topic", *(group.name for group in groups)),
                rows=tuple(
                    row(groups[0].topics[place].name, *(_told(group, place) for group in groups))
                    for place in topics
                ),
                widths=(0.3, *(wide for _ in groups)),
            ),
        ]
    return blocks


def _told(group: Group, place: int) -> Cell:
    topic = group.topics[place]
    parts = (
        Text(f"{topic.told} of {group.respondents}"),
        *((charts.sign(topic.mood.label),) if topic.told else ()),
    )
    return Cell(parts)


def _quality(report: StudyReport) -> list[Block]:
    blocks: list[Block] = [
        Heading("Quality of the interviews"),
        Table(
            caption="Each interview: its length in minutes:seconds, and shares, with ▲ where people should look at it",
            head=row(
                "Respondent",
                number("Length"),
                number("Words"),
                number("Confi­dence"),
                *(number(name) for name in QUALITY.values()),
            ),
            rows=tuple(_quality_row(line) for line in report.interviews),
            widths=(0.17, 0.09, 0.08, 0.09, 0.09, 0.095, 0.095, 0.09, 0.11, 0.09),
        ),
    ]
    flags = [
        f"{line.participant}, {QUALITY[measure.kind].lower()}: {measure.note}"
        for line in report.interviews
        for measure in line.quality
        if measure.flagged
    ]
    if flags:
        blocks += [Heading("What to look at", 2), Bullets(tuple(flags))]
    elif any(line.quality for line in report.interviews):
        blocks.append(paragraph("Nothing is flagged."))
    early = [
        f"{line.participant}: {ended(line.status, line.reason)}."
        for line in report.interviews
        if line.status is not SessionStatus.COMPLETED
    ]
    if early:
        blocks += [Heading("Interviews that ended early", 2), Bullets(tuple(early))]
    return blocks


def _quality_row(line: InterviewLine) -> tuple[Cell, ...]:
    by_kind = {measure.kind: measure for measure in line.quality}
    figures: list[Cell] = []
    for kind in QUALITY:
        measure = by_kind.get(kind)
        flagged = measure is not None and measure.flagged
        share = percent(None if measure is None else measure.value)
        figures.append(number(f"▲ {share}" if flagged else share, strong=flagged))
    name = line.participant if line.sitting == 1 else f"{line.participant} (sitting {line.sitting})"
    return row(
        words(name),
        number(clock(round(line.talk.length_s))),
        number(str(line.talk.words)),
        number(sure(line.talk.confidence)),
        *figures,
    )
