"""The pages of the report on one interview."""

from __future__ import annotations

from vivavoce.pipeline.exports.bundle import day, flat
from vivavoce.pipeline.reports import charts
from vivavoce.pipeline.reports.blocks import (
    Block,
    Cell,
    Facts,
    Heading,
    Pages,
    Para,
    Table,
    Text,
    number,
    paragraph,
    row,
    words,
)
from vivavoce.pipeline.reports.english import author, count, ended, have
from vivavoce.pipeline.reports.parts import (
    ALONE,
    COVERED,
    ORIGINS,
    SENTIMENT,
    Beside,
    feeling,
    grid_key,
    lasting,
    method_blocks,
    models,
    names,
    percent,
    quality_table,
    said,
    sure,
    version,
    whole,
)
from vivavoce.pipeline.reports.session import SessionReport
from vivavoce.protocol.languages import describe

OVERLAP = "What is said on several topics counts for each, so that shares add up to more than 100 %."


def session_pages(report: SessionReport, beside: Beside = ALONE, *, study_title: str | None = None) -> Pages:
    """The report as blocks, to be written.

    Args:
        report: what it says.
        beside: the recordings beside it, which quotations are linked with.
        study_title: in the study's first language; None: as the interview had it.
    """
    blocks: list[Block] = [Facts(_facts(report))]
    if not report.talk.answers:
        blocks.append(
            paragraph(
                "The participant said nothing that was understood: there is nothing to analyse.", note=True
            )
        )
    if not report.findings:
        blocks.append(
            paragraph(
                "This interview has not been analysed yet: there are no topics, quotes and codes, and no summary.",
                note=True,
            )
        )
    blocks += _summary(report)
    blocks += _topics(report)
    if report.quotes:
        blocks.append(Heading("Quotes"))
        blocks += [said(quote, beside, name=False) for quote in report.quotes]
    blocks += _codes(report, beside)
    if report.quality:
        blocks += [Heading("Quality"), quality_table(report.quality)]
    return Pages(
        title=f"Interview with {report.participant}",
        subtitle=f"{flat(study_title or report.study.title)} · session {report.session_id}",
        blocks=(*blocks, *method_blocks(report.method)),
    )


def _facts(report: SessionReport) -> tuple[tuple[str, str], ...]:
    talk = report.talk
    return (
        ("Held", day(report.joined_at)),
        ("Ended", ended(report.status, report.reason)),
        *((("Sitting", str(report.sitting)),) if report.sitting > 1 else ()),
        ("Length", lasting(talk.length_s)),
        ("Held in", describe(report.language)),
        ("Answers in", names(talk.languages)),
        (
            "Participant",
            f"{count(talk.words, 'word')} in {count(talk.answers, 'answer')}, {whole(talk.median_words)} in the "
            f"median; {percent(talk.share)} of all speech",
        ),
        ("Recognition", _recognition(report)),
        ("Version of the study", version(report.study.content_hash)),
    )


def _recognition(report: SessionReport) -> str:
    talk = report.talk
    by = ", ".join(report.method.recognisers)
    told = f"second pass of the recording by {by}" if by else "the text of the live interview"
    if by and talk.live:
        told += f"; {talk.live} of {count(talk.answers, 'answer')} {have(talk.live)} the text of the live interview"
    return told + (
        "" if talk.confidence is None else f"; confidence {sure(talk.confidence)} of 1 in the mean"
    )


def _summary(report: SessionReport) -> list[Block]:
    summary = report.summary
    if summary is None or not summary.text:
        return []
    how = "Sentences of the participant, chosen by" if summary.method == "extractive" else "Written by"
    by = f"{how} {models(summary.by)}"
    blocks: list[Block] = [
        Heading("Summary"),
        Para((Text(flat(summary.text), language=summary.language),)),
    ]
    if summary.translation is not None:
        blocks.append(Para((Text(flat(summary.translation.text), language=summary.translation.language),)))
        translator = author(summary.translation.author)
        both = translator == models(summary.by)
        by = f"Written and translated by {translator}" if both else f"{by}; translated by {translator}"
    blocks.append(paragraph(f"{by}."))
    return blocks


def _topics(report: SessionReport) -> list[Block]:
    if not report.topics:
        return []
    return [
        Heading("Topics"),
        grid_key(("covered", "touched", "missed")),
        Table(
            caption="Topics, and how the participant sounds on them",
            head=row(
                "Topic",
                Cell((Text("Covered"),), align="center"),
                number("Of all words"),
                SENTIMENT,
            ),
            rows=tuple(
                row(
                    words(topic.name if topic.origin == "study" else f"{topic.name} ({ORIGINS['proposed']})"),
                    Cell((charts.mark(topic.coverage, topic.mood.label),), align="center"),
                    number(percent(topic.share)),
                    feeling(topic.mood),
                )
                for topic in report.topics
            ),
            widths=(0.42, 0.15, 0.17, 0.26),
        ),
        paragraph(COVERED),
        *([paragraph(OVERLAP)] if sum(topic.share for topic in report.topics) > 1 else []),
    ]


def _codes(report: SessionReport, beside: Beside) -> list[Block]:
    if not report.codes:
        return []
    blocks: list[Block] = [Heading("Codes")]
    for code in report.codes:
        times = {1: "once", 2: "twice"}.get(len(code.evidence), f"{len(code.evidence)} times")
        blocks.append(Heading(f"{code.name}, {times}", 2))
        blocks += [said(quote, beside, name=False) for quote in code.evidence]
    return blocks
