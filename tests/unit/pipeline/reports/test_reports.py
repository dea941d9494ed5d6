"""Reports of a made-up study, and of nothing, are read back by other people's readers."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime

import docx
import pypdf
import pytest
from studied import CODEBOOK, RESPONDENTS, SUBJECT, TOPICS, twelve

from vivavoce.pipeline.exports.bundle import flat
from vivavoce.pipeline.reports.blocks import Bullets, Facts, Heading, Key, Pages, Table, number
from vivavoce.pipeline.reports.docx import to_docx
from vivavoce.pipeline.reports.english import ENDED, REASONS
from vivavoce.pipeline.reports.html import to_html
from vivavoce.pipeline.reports.pdf import to_pdf
from vivavoce.pipeline.reports.session import SessionReport, session_report
from vivavoce.pipeline.reports.session_pages import session_pages
from vivavoce.pipeline.reports.study import StudyReport, Turnout, study_report
from vivavoce.pipeline.reports.study_pages import study_pages
from vivavoce.session.status import Reason, SessionStatus

NOW = datetime(2030, 4, 1, 12, tzinfo=UTC)


def whole(*waves: date) -> StudyReport:
    return study_report(SUBJECT, twelve(), turnout=Turnout(over=12, scheduled=3), made_at=NOW, waves=waves)


def in_pdf(pages: Pages) -> str:
    reader = pypdf.PdfReader(io.BytesIO(to_pdf(pages)))
    return flat(" ".join(page.extract_text() for page in reader.pages))


def in_docx(pages: Pages) -> str:
    document = docx.Document(io.BytesIO(to_docx(pages, made_at=NOW)))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return flat(" ".join([*(paragraph.text for paragraph in document.paragraphs), *cells]))


def test_reports_are_read_back_as_they_were() -> None:
    report = whole()
    assert StudyReport.model_validate_json(report.model_dump_json()) == report
    one = session_report(twelve()[5], codebook=CODEBOOK)
    assert SessionReport.model_validate_json(one.model_dump_json()) == one


def test_every_respondent_has_a_cell_for_every_topic_and_the_topics_add_up() -> None:
    report = whole()
    assert len(report.respondents) == len(RESPONDENTS)
    assert {len(respondent.cells) for respondent in report.respondents} == {len(TOPICS)}
    for topic in report.topics:
        assert topic.covered + topic.touched + topic.missed + topic.unknown == len(RESPONDENTS)
        assert sum(topic.moods.values()) == topic.told


def test_quotes_are_verbatim_from_several_languages_and_say_where_they_are_heard() -> None:
    texts = {part.text for held in twelve() for part in held.answers}
    theme = next(theme for theme in whole().themes if theme.id == "waiting")
    assert {quote.language for quote in theme.quotes} == {"en", "de", "ar"}
    for quote in theme.quotes:
        assert quote.text in texts
        assert quote.recording is not None and quote.at_s is not None


def test_quotations_are_linked_with_the_recordings_that_lie_beside_the_report() -> None:
    report = whole()
    first = report.quoted[0]
    assert first.recording is not None and first.at_s is not None
    pages = study_pages(report, {first.recording: "sound/a%20b.ogg"})
    link = f"sound/a%20b.ogg#t={first.at_s:.1f}"
    assert f'<a href="{link}">Listen</a>' in to_html(pages).decode()
    annotations = [
        note.get_object()
        for page in pypdf.PdfReader(io.BytesIO(to_pdf(pages))).pages
        for note in page.get("/Annots", ())
    ]
    assert link in {str(note["/A"]["/URI"]) for note in annotations}
    document = docx.Document(io.BytesIO(to_docx(pages, made_at=NOW)))
    assert link in {relation.target_ref for relation in document.part.rels.values()}
    assert "· Listen" in in_docx(pages) and "· Listen" not in in_docx(study_pages(report))


def test_the_same_words_are_quoted_once_in_a_theme() -> None:
    for theme in whole().themes:
        texts = [quote.text for quote in theme.quotes]
        assert len(set(texts)) == len(texts), theme.name


def test_tables_of_a_docx_have_their_columns_widths_and_short_ones_stay_on_a_page() -> None:
    document = docx.Document(io.BytesIO(to_docx(study_pages(whole()), made_at=NOW)))
    grid = next(table for table in document.tables if table.cell(0, 0).text == "Respondent")
    wide = [column.width for column in grid.columns]
    assert all(wide) and len(set(wide)) > 1
    assert all(cell.width == width for row in grid.rows for cell, width in zip(row.cells, wide, strict=True))
    assert [row.cells[0].paragraphs[0].paragraph_format.keep_with_next for row in grid.rows] == [
        *(True for _ in RESPONDENTS),
        False,
    ]


def test_what_a_code_means_stays_on_the_page_of_its_quotes() -> None:
    report = study_pages(whole())
    document = docx.Document(io.BytesIO(to_docx(report, made_at=NOW)))
    leads = [
        p.text
        for p in document.paragraphs
        if p.paragraph_format.keep_with_next and p.style is not None and p.style.name == "Normal"
    ]
    assert leads
    page = to_html(report).decode()
    assert all(f'<p class="leads">{text}' in page for text in leads)


def test_a_key_of_a_docx_keeps_each_drawing_with_its_name() -> None:
    document = docx.Document(io.BytesIO(to_docx(study_pages(whole()), made_at=NOW)))
    key = next(table for table in document.tables if "covered" in table.cell(0, 0).text)
    cells = [cell for row in key.rows for cell in row.cells if cell.text]
    assert len(cells) == 9
    assert all(len(cell.paragraphs[0]._p.xpath(".//pic:pic")) == 1 for cell in cells)


def test_drawings_of_a_docx_take_no_room_beside_them_and_its_pages_are_numbered() -> None:
    document = docx.Document(io.BytesIO(to_docx(study_pages(whole()), made_at=NOW)))
    room = document.element.xpath("//wp:inline/@distL | //wp:inline/@distR")
    assert len(room) == 2 * len(document.inline_shapes) and set(room) == {"0"}
    footer = document.sections[0].footer.paragraphs[0]
    assert footer._p.xpath(".//w:fldSimple/@w:instr") == ["PAGE", "NUMPAGES"]


def test_waves_are_versions_or_the_days_given() -> None:
    assert [group.interviews for group in whole().waves] == [7, 5]
    assert [group.interviews for group in whole(date(2030, 3, 7)).waves] == [3, 9]


def test_the_three_formats_say_the_same() -> None:
    pages = study_pages(whole())
    html, pdf, word = to_html(pages).decode(), in_pdf(pages), in_docx(pages)
    for words in (
        "The queue was terrible last Saturday, I waited for an hour and then they had sold out.",
        "On Saturdays you stand in the queue for ever, it is really awful.",
        "vaderSentiment",
        "How many of them are wrong is not known",
        "What is not known",
        "There is no sentiment in Arabic (ar)",
    ):
        assert words in html and words in pdf and words in word, words
    arabic = "انتظرت ساعة كاملة في الطابور يوم السبت."
    assert f'lang="ar" dir="rtl">{arabic}' in html and arabic in word


def test_html_fetches_nothing_and_takes_no_words_for_markup() -> None:
    pages = Pages(title="<script>alert(1)</script>", subtitle='"><img src=x>')
    html = to_html(pages).decode()
    assert "<script" not in html and "<img" not in html
    assert "default-src 'none'" in html


@pytest.mark.parametrize("write", [in_pdf, in_docx, lambda pages: to_html(pages).decode()])
def test_a_study_without_respondents_says_so(write: object) -> None:
    pages = study_pages(study_report(SUBJECT, [], turnout=Turnout(scheduled=3), made_at=NOW))
    assert callable(write)
    assert "There are no respondents yet" in str(write(pages))


def test_an_interview_in_which_nothing_was_said_and_one_not_analysed_say_so() -> None:
    bare = twelve()[11]
    empty = bare.model_copy(update={"transcript": bare.transcript.model_copy(update={"segments": ()})})
    html = to_html(session_pages(session_report(empty))).decode()
    assert "said nothing that was understood" in html and "has not been analysed yet" in html


def test_answers_in_an_unknown_language_are_told() -> None:
    held = twelve()[0]
    segments = tuple(part.model_copy(update={"language": None}) for part in held.transcript.segments)
    unknown = held.model_copy(
        update={"transcript": held.transcript.model_copy(update={"segments": segments})}
    )
    assert any(
        "language of 6 answers is not known" in limit for limit in session_report(unknown).method.limits
    )


def test_words_of_which_no_recording_is_left_are_not_to_be_listened_to() -> None:
    held = twelve()[0]
    segments = tuple(
        part.model_copy(update={"source": "live", "why_live": "no_recording"})
        for part in held.transcript.segments
    )
    unheard = held.model_copy(
        update={"transcript": held.transcript.model_copy(update={"segments": segments})}
    )
    limits = " ".join(session_report(unheard).method.limits)
    assert "nothing was recorded" in limits
    assert "Listen" not in limits and "recordings" not in limits and "live interview" not in limits


def test_both_reports_tell_the_same_length() -> None:
    one, all_of_them = session_report(twelve()[0]), whole()
    talk = one.talk.model_copy(update={"length_s": 59.7})
    facts = session_pages(one.model_copy(update={"talk": talk})).blocks[0]
    assert isinstance(facts, Facts) and dict(facts.rows)["Length"] == "1 min 0 s"
    lines = tuple(line.model_copy(update={"talk": talk}) for line in all_of_them.interviews)
    pages = study_pages(all_of_them.model_copy(update={"interviews": lines}))
    quality = next(block for block in pages.blocks if isinstance(block, Table) and "length" in block.caption)
    assert {row[1] for row in quality.rows} == {number("01:00")}


def test_marks_are_explained_beside_every_table_that_has_them() -> None:
    blocks = study_pages(whole()).blocks
    compared = [
        place
        for place, block in enumerate(blocks)
        if isinstance(block, Table) and block.caption.startswith("Topics by ")
    ]
    assert len(compared) == 2
    for place in compared:
        key = blocks[place - 1]
        assert isinstance(key, Key)
        assert [name for _, name in key.items] == ["positive", "negative", "mixed", "neutral", "not known"]
    assert "touched: a few; missed: none." in to_html(session_pages(session_report(twelve()[0]))).decode()


def under(pages: Pages, heading: str) -> tuple[str, ...]:
    place = next(
        n for n, block in enumerate(pages.blocks) if block in (Heading(heading), Heading(heading, 2))
    )
    block = pages.blocks[place + 1]
    assert isinstance(block, Bullets)
    return block.items


def test_in_short_names_topics_that_are_level_and_of_how_many_respondents_a_mood_is_known() -> None:
    report = whole()
    level = [topic for topic in report.topics if topic.told == max(one.told for one in report.topics)]
    first, *others = under(study_pages(report), "In short")
    assert f"with {level[0].told} of 12 respondents" in first
    assert all(f"“{topic.name}”" in first for topic in level[:3])
    blind = next(topic for topic in report.topics if topic.mood.label == "positive")
    judged = blind.told - blind.moods["unknown"]
    assert judged < blind.told
    moods = [line for line in others if "They sound" in line]
    assert moods and all("known of" in line and "who spoke of it" in line for line in moods)


def test_a_topic_that_nobody_spoke_of_did_not_come_up() -> None:
    report = whole()
    unsaid = report.topics[0].model_copy(update={"covered": 0, "touched": 0, "missed": 12})
    pages = study_pages(report.model_copy(update={"topics": (unsaid, *report.topics[1:])}))
    assert f"What did not come up at all: “{unsaid.name}”." in under(pages, "In short")


def test_a_proposed_theme_tells_the_words_that_are_not_in_its_name() -> None:
    theme = next(theme for theme in whole().themes if theme.kind == "proposed")
    assert (theme.name, theme.about) == ("cheese stall", "Further words: weekly.")


def test_how_interviews_ended_is_told_in_words() -> None:
    assert set(REASONS) == set(Reason)
    assert set(ENDED) == {status for status in SessionStatus if status.terminal}
    early = under(study_pages(whole()), "Interviews that ended early")
    assert early == ("p-05: interrupted (the participant left).",)
    facts = session_pages(session_report(twelve()[4])).blocks[0]
    assert isinstance(facts, Facts)
    assert dict(facts.rows)["Ended"] == "interrupted (the participant left)"


def test_a_report_on_one_interview_counts_no_interviews_and_has_the_studys_own_title() -> None:
    early = twelve()[4].model_copy(update={"findings": None})
    report = session_report(early)
    assert sum(limit.startswith("This interview") for limit in report.method.limits) == 2
    assert any("In this interview personal data is not known" in limit for limit in report.method.limits)
    assert not any("1 interview" in limit for limit in report.method.limits)
    assert session_pages(report, study_title="El mercado").subtitle == "El mercado · session s04"


def test_shares_of_topics_that_overlap_are_explained() -> None:
    held = twelve()[0]

    def says(share: float) -> bool:
        assert held.findings is not None
        topics = tuple(topic.model_copy(update={"share": share}) for topic in held.findings.topics)
        found = held.model_copy(update={"findings": held.findings.model_copy(update={"topics": topics})})
        return "add up to more than 100 %" in to_html(session_pages(session_report(found))).decode()

    assert says(0.9) and not says(0.1)
