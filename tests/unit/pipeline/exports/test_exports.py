"""Every export is read back by somebody else's reader."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from functools import cache
from pathlib import Path
from typing import Any, Literal
from xml.etree import ElementTree as ET

import docx
import pyarrow.parquet as pq
import pypdf
import pytest
import webvtt
from archived import SAID, bundle, session
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema_rs import Draft202012Validator
from pydantic import ValidationError
from pyrefiqda import RefiCodebook, RefiProject
from xmlschema import XMLSchema, XMLSchemaValidationError
from xsdata_pydantic.bindings import XmlSerializer

from vivavoce.pipeline.exports.bundle import Bundle, ExportImpossible, flat
from vivavoce.pipeline.exports.document import to_docx, to_pdf
from vivavoce.pipeline.exports.formats import WRITERS, ExportFormat
from vivavoce.pipeline.exports.refi import to_qdc, to_qdpx
from vivavoce.pipeline.exports.table import to_csv, to_grid, to_parquet
from vivavoce.pipeline.exports.text import json_schema, schema_text, to_json, to_srt, to_text, to_vtt
from vivavoce.pipeline.transcript import RecordingPart

ROOT = Path(__file__).parents[4]
SCHEMA = ROOT / "docs" / "reference" / "export.schema.json"
PROJECT_XSD = (ROOT / "tests" / "data" / "refi" / "Project.xsd").read_text(encoding="utf-8")
ANYTHING = st.text(min_size=1, max_size=60).filter(lambda text: text.isprintable() and text.strip())
WILD = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60)


def said(text: str) -> Bundle:
    return bundle(session(said=(("participant", text, 0.0, 1.0),)), coded=False)


def rows(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def test_every_format_has_a_writer_and_an_empty_study_fails_in_words() -> None:
    assert set(WRITERS) == set(ExportFormat)
    nothing = Bundle(title="Nothing", redaction=None)
    for format, writer in WRITERS.items():
        if format in {ExportFormat.VTT, ExportFormat.SRT, ExportFormat.QDC, ExportFormat.OGG}:
            with pytest.raises(ExportImpossible):
                writer.write(nothing, {})
        else:
            assert writer.write(nothing, {}), format


def test_the_same_export_twice_is_the_same_file() -> None:
    for format in set(ExportFormat) - {ExportFormat.DOCX}:  # python-docx puts the clock into the zip
        writer = WRITERS[format]
        audio = {"s1": b"OggS"} if writer.audio == "whole" else {}
        assert writer.write(bundle(), audio) == writer.write(bundle(), audio), format


def test_json_is_read_back_and_keeps_its_schema() -> None:
    whole = bundle()
    data = to_json(whole)
    assert Bundle.model_validate_json(data) == whole
    Draft202012Validator(json_schema()).validate(json.loads(data))
    assert SCHEMA.read_text(encoding="utf-8") == schema_text(), "write docs/reference/export.schema.json anew"


def test_a_coding_must_quote_what_stands_there() -> None:
    whole = bundle().model_dump()
    whole["codings"][0]["evidence"] = "Some queue"
    with pytest.raises(ValidationError, match="is not what stands"):
        Bundle.model_validate(whole)
    whole["codings"][0]["code"] = "none"
    with pytest.raises(ValidationError, match="one is not here"):
        Bundle.model_validate(whole)


def test_captions_are_read_by_webvtt() -> None:
    captions = webvtt.from_buffer(io.StringIO(to_vtt(bundle()).decode())).captions
    assert [(caption.voice, caption.start, caption.end) for caption in captions][:2] == [
        ("Moderator", "00:00:00.400", "00:00:02.000"),
        ("Participant", "00:00:03.000", "00:00:06.500"),
    ]
    path = io.StringIO(to_srt(bundle()).decode())
    captions = webvtt.from_buffer(path, format="srt").captions
    assert [caption.text for caption in captions] == [
        f"{who.title()}: {text.replace('<kind>', '‹kind›')}" for who, text, _, _ in SAID
    ]


@given(ANYTHING, st.floats(0, 20_000), st.floats(0, 60))
@settings(deadline=None)
def test_no_words_break_captions(text: str, start_s: float, long_s: float) -> None:
    one = bundle(
        session(said=(("participant", text, start_s, start_s + long_s), ("moderator", "End.", 1e5, 1e5))),
        coded=False,
    )
    for data, format in ((to_vtt, "vtt"), (to_srt, "srt")):
        captions = webvtt.from_buffer(io.StringIO(data(one.model_copy()).decode()), format=format).captions
        assert len(captions) == 2
        assert captions[0].end_in_seconds >= captions[0].start_in_seconds


def test_text_says_what_is_to_be_known() -> None:
    text = to_text(bundle()).decode()
    assert text.startswith("The market & you (market)\nSession: s1\n")
    assert "[00:09] Participant  =The queue, it took an hour.  {Waiting}" in text
    assert "personal data is not redacted" in text


def test_the_long_table_has_a_row_a_segment_and_no_formula() -> None:
    table = rows(to_csv(bundle(session("s1"), session("s2"))))
    assert len(table) == 8
    assert table[1]["text"] == SAID[1][1]
    assert table[3]["text"] == "'=The queue, it took an hour."
    assert (table[3]["codes"], table[3]["start_s"], table[3]["cut_off"]) == ("Waiting", "9.0", "false")


def test_the_grid_has_a_row_an_interview_and_a_column_a_question() -> None:
    table = rows(to_grid(bundle(session("s1"), session("s2"))))
    assert [row["session"] for row in table] == ["s1", "s2"]
    assert (table[1]["q0"], table[1]["q1"]) == (SAID[1][1], "'" + SAID[3][1])


@given(WILD)
def test_no_cell_begins_a_formula(text: str) -> None:
    one = bundle(session(said=(("participant", text, 0.0, 1.0),)), coded=False)
    for cell in rows(to_csv(one))[0].values():
        assert not cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r"))


def test_parquet_has_the_same_rows() -> None:
    table = pq.read_table(io.BytesIO(to_parquet(bundle())))
    assert table.column("text").to_pylist() == [text for _, text, _, _ in SAID]
    assert table.column("start_s").to_pylist() == [start for _, _, start, _ in SAID]
    assert table.schema.metadata[b"redaction"] == b""


def test_a_docx_is_read_by_python_docx() -> None:
    document = docx.Document(io.BytesIO(to_docx(bundle())))
    texts = [paragraph.text for paragraph in document.paragraphs]
    for _, text, _, _ in SAID:
        assert any(text in paragraph for paragraph in texts)
    assert "[00:09] Participant: =The queue, it took an hour.  {Waiting}" in texts
    assert [cell.text for cell in document.tables[0].columns[1].cells][1] == "s1"
    assert "Waiting: Time lost. Examples: “an hour”" in texts


def test_a_pdf_is_read_by_pypdf() -> None:
    reader = pypdf.PdfReader(io.BytesIO(to_pdf(bundle())))
    text = flat(" ".join(page.extract_text() for page in reader.pages))
    for _, words, _, _ in SAID:
        assert flat(words.replace("🙂.", "")) in text
    assert "Codebook" in text and "Time lost." in text
    assert reader.metadata is not None and reader.metadata.title == "The market & you"


def test_words_are_never_markup_to_the_pdf() -> None:
    hostile = '#panic("x") $x^2$ *bold* `raw` \\ ] [ @label <b> // no /* no */'
    reader = pypdf.PdfReader(io.BytesIO(to_pdf(said(hostile))))
    assert flat(hostile) in flat(reader.pages[0].extract_text())


@given(WILD.filter(str.strip))
@settings(max_examples=30, deadline=None)
def test_no_words_break_documents_and_projects(text: str) -> None:
    one = said(text)
    docx.Document(io.BytesIO(to_docx(one)))
    fits(project_of(to_qdpx(one, {})), "Project")
    fits(project_of(to_qdpx(one, {"s1.ogg": b"OggS"})), "Project")


@given(WILD.filter(str.strip))
@settings(max_examples=5, deadline=None)
def test_no_words_break_the_pdf(text: str) -> None:
    assert to_pdf(said(text)).startswith(b"%PDF")


def order(element: ET.Element) -> Any:
    """Names, attributes and children, all in order."""
    attributes = {name: value for name, value in element.attrib.items() if not name.startswith("{")}
    return element.tag, attributes, (element.text or "").strip(), [order(child) for child in element]


@cache
def schema(root: Literal["Project", "CodeBook"]) -> XMLSchema:
    """The standard's schema of projects; of codebooks made of it (see `tests/data/refi/README.md`)."""
    text = PROJECT_XSD
    if root == "CodeBook":
        text = text.replace("urn:QDA-XML:project:1.0", "urn:QDA-XML:codebook:1.0")
        text = text.replace('name="Project" type="ProjectType"', 'name="CodeBook" type="CodeBookType"')
        codes = '<xsd:element name="Codes" type="CodesType"/>\n\t\t</xsd:sequence>'
        assert text.count(codes) == 1
        text = text.replace(codes, f'{codes}<xsd:attribute name="origin" type="xsd:string"/>')
    return XMLSchema(text)


def fits(document: bytes, root: Literal["Project", "CodeBook"]) -> None:
    """What the standard's schema demands."""
    schema(root).validate(ET.fromstring(document))


def project_of(archive: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        return opened.read("project.qde")


def as_read(document: bytes, read: Any, namespace: str) -> None:
    """The reader, whose models are the schema's types in the schema's order, writes what we wrote."""
    again = XmlSerializer().render(read, ns_map={None: namespace})
    assert order(ET.fromstring(again)) == order(ET.fromstring(document))


def test_the_schemas_refuse_what_is_no_project_and_no_codebook() -> None:
    for broken in (
        to_qdc(bundle()).replace(b"isCodable", b"codable"),
        to_qdc(bundle()).replace(b"#a03020", b"red"),
        to_qdc(bundle()).replace(b"codebook:1.0", b"codebook:1:0"),
    ):
        with pytest.raises(XMLSchemaValidationError):
            fits(broken, "CodeBook")
    with pytest.raises(XMLSchemaValidationError):
        fits(project_of(to_qdpx(bundle(), {})).replace(b"startPosition", b"start"), "Project")


@pytest.mark.parametrize("audio", [{}, {"s1.ogg": b"OggS1"}, {"s1.ogg": b"OggS1", "s2.ogg": b"OggS2"}])
def test_projects_fit_the_standards_schema(audio: dict[str, bytes]) -> None:
    whole = bundle(session("s1"), session("s2"))
    for made in (whole, bundle(coded=False), Bundle(title="Nothing", redaction=None)):
        fits(project_of(to_qdpx(made, audio)), "Project")
    fits(to_qdc(whole), "CodeBook")


def test_a_codebook_is_read_by_pyrefiqda(tmp_path: Path) -> None:
    path = tmp_path / "codes.qdc"
    path.write_bytes(to_qdc(bundle()))
    book = RefiCodebook.load(path)
    as_read(path.read_bytes(), book, "urn:QDA-XML:codebook:1.0")
    first = book.codes.code[0]
    assert (first.name, first.description, first.color) == (
        "Waiting",
        "Time lost. Examples: “an hour”",
        "#a03020",
    )


@pytest.mark.parametrize("sound", [True, False])
def test_a_project_is_read_by_pyrefiqda(tmp_path: Path, sound: bool) -> None:
    path = tmp_path / "project.qdpx"
    held = session("s1"), session("s2")
    path.write_bytes(to_qdpx(bundle(*held), {"s1.ogg": b"OggS1", "s2.ogg": b"OggS2"} if sound else {}))
    project: Any = RefiProject.load(path, extract_dir=str(tmp_path))
    as_read((tmp_path / "project.qde").read_bytes(), project, "urn:QDA-XML:project:1.0")
    assert [case.name for case in project.cases.case] == ["p-s1", "p-s2"]
    codes = {code.guid: code.name for code in project.code_book.codes.code}
    if not sound:
        source = project.sources.text_source[0]
        text = RefiProject.resolve_source_path(source.plain_text_path, tmp_path).read_text(encoding="utf-8")
        selection = source.plain_text_selection[0]
        assert text[selection.start_position : selection.end_position] == "The queue"
    else:
        source = project.sources.audio_source[1]
        assert RefiProject.resolve_source_path(source.path, tmp_path).read_bytes() == b"OggS2"
        script = source.transcript[0]
        text = RefiProject.resolve_source_path(script.plain_text_path, tmp_path).read_text(encoding="utf-8")
        points = {point.guid: point for point in script.sync_point}
        selection = script.transcript_selection[0]
        start, end = points[selection.from_sync_point], points[selection.to_sync_point]
        assert text[start.position : end.position] == SAID[3][1]
        assert (start.time_stamp, end.time_stamp) == (9000, 12000)
    assert codes[selection.coding[0].code_ref.target_guid] == "Waiting"
    assert {user.name for user in project.users.user} == {"Viva Voce", "lexicon 1 (model)"}


def test_a_recording_in_parts_is_as_many_sources(tmp_path: Path) -> None:
    parts = tuple(
        RecordingPart(key=key, start_s=start_s, duration_s=5.0, outcome="used")
        for key, start_s in (("a.ogg", 0.0), ("b.ogg", 8.5))
    )
    one = session().model_copy(update={"recording": parts})
    path = tmp_path / "project.qdpx"
    path.write_bytes(to_qdpx(bundle(one), {"a.ogg": b"1", "b.ogg": b"2"}))
    project: Any = RefiProject.load(path, extract_dir=str(tmp_path))
    first, second = project.sources.audio_source
    assert len(first.transcript[0].sync_point) == 6
    assert [point.time_stamp for point in second.transcript[0].sync_point] == [500, 3500]
