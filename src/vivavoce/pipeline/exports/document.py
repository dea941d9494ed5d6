"""Transcripts as documents to read and print: DOCX by python-docx, PDF by typst."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from vivavoce.pipeline.exports.bundle import SPEAKERS, Bundle, clock, describe, flat, head, said, xml_text

if TYPE_CHECKING:
    from docx.document import Document

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
"""Stands in a document whose interviews never began."""

TEMPLATE = """
#let data = json(bytes(sys.inputs.data))
#set document(title: data.title, date: none)
#set page(paper: "a4", margin: 2.2cm, numbering: "1 / 1")
#set text(size: 10pt)
#set par(justify: false)
#text(size: 17pt, weight: "bold", data.title)

#text(style: "italic", data.note)
#for (place, session) in data.sessions.enumerate() {
  if place > 0 { pagebreak() }
  heading(level: 1, session.name)
  table(columns: (auto, 1fr), stroke: none, inset: (x: 0pt, y: 2pt), column-gutter: 1em,
    ..session.head.map(((name, value)) => (text(weight: "bold", name), value)).flatten())
  v(0.6em)
  for segment in session.segments {
    block(breakable: true, below: 0.75em, grid(columns: (4.5em, 1fr),
      text(fill: luma(90), segment.at),
      [#text(weight: "bold", segment.speaker) \\ #segment.text#if segment.codes != "" [ \\ #text(size: 8.5pt,
        style: "italic", segment.codes)]]))
  }
}
#if data.codebook.len() > 0 {
  pagebreak(weak: true)
  heading(level: 1, "Codebook")
  for code in data.codebook {
    block(below: 0.9em)[#text(weight: "bold", code.name) \\ #code.text]
  }
}
"""
"""The PDF's typst source. It takes its words as data, so nothing that was said is ever read as markup."""


def to_docx(bundle: Bundle) -> bytes:
    """A DOCX: for each interview a heading, what is known of it, and a paragraph a segment; then the codebook."""
    import docx

    document = docx.Document()
    began = [session.joined_at for session in bundle.sessions if session.joined_at is not None]
    core = document.core_properties
    core.title, core.author = xml_text(flat(bundle.title))[:255], "Viva Voce"
    core.created = core.modified = max(began, default=EPOCH).astimezone(UTC).replace(tzinfo=None)
    document.add_heading(xml_text(flat(bundle.title)), 0)
    document.add_paragraph().add_run(xml_text(bundle.note)).italic = True
    for place, session in enumerate(bundle.sessions):
        if place:
            document.add_page_break()
        document.add_heading(xml_text(f"Interview {session.session_id}"), 1)
        table = document.add_table(rows=0, cols=2)
        for name, value in head(session):
            cells = table.add_row().cells
            cells[0].text, cells[1].text = name, xml_text(value)
        for segment in session.segments:
            paragraph = document.add_paragraph()
            paragraph.add_run(f"[{clock(segment.start_s)}] {SPEAKERS[segment.speaker]}: ").bold = True
            paragraph.add_run(xml_text(said(segment)))
            if codes := xml_text(bundle.code_names(session, segment)):
                paragraph.add_run(f"  {{{codes}}}").italic = True
    _codebook(document, bundle)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def to_pdf(bundle: Bundle) -> bytes:
    """A PDF with the same content, on A4. Takes about 0.3 s and holds the processor: call it in a thread."""
    import typst

    data = {
        "title": flat(bundle.title),
        "note": bundle.note,
        "sessions": [
            {
                "name": f"Interview {session.session_id}",
                "head": head(session),
                "segments": [
                    {
                        "at": clock(segment.start_s),
                        "speaker": SPEAKERS[segment.speaker],
                        "text": said(segment),
                        "codes": xml_text(bundle.code_names(session, segment)),
                    }
                    for segment in session.segments
                ],
            }
            for session in bundle.sessions
        ],
        "codebook": [{"name": code.name, "text": describe(code)} for code in bundle.codebook.codes],
    }
    # typst takes an input's NUL for its end.
    source = json.dumps(data, ensure_ascii=False).replace("\\u0000", "")
    pdf = typst.compile(TEMPLATE.encode(), format="pdf", sys_inputs={"data": source})
    assert isinstance(pdf, bytes), "one PDF was asked for"
    return pdf


def _codebook(document: Document, bundle: Bundle) -> None:
    if bundle.codebook.codes:
        document.add_page_break()
        document.add_heading("Codebook", 1)
    for code in bundle.codebook.codes:
        about = describe(code)
        paragraph = document.add_paragraph()
        paragraph.add_run(xml_text(code.name)).bold = True
        paragraph.add_run(xml_text(f": {about}" if about else ""))
