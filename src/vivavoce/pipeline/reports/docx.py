"""A report as DOCX by python-docx: Word's own headings, lists and tables, so that it can be edited on."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from vivavoce.pipeline.exports.bundle import xml_text
from vivavoce.pipeline.reports.blocks import (
    LISTEN,
    NO_BREAK,
    Block,
    Bullets,
    Facts,
    Heading,
    Key,
    Pages,
    Para,
    Part,
    Picture,
    Said,
    Table,
    Text,
    pictures,
)
from vivavoce.pipeline.reports.pdf import to_png

if TYPE_CHECKING:
    from docx.document import Document
    from docx.text.paragraph import Paragraph

PAGE_MM = 174.0
"""Of the page's width between its margins."""

KEY_COLUMNS = 5
"""Of a key, whose longest name is `not analysed`."""

INK, LINE = "1D3F4F", "C9D2D6"


def to_docx(pages: Pages, *, made_at: datetime) -> bytes:
    """The report. Takes a second or two and holds the processor: call it in a thread.

    Args:
        pages: what it says.
        made_at: stands in the file as the time of its making.
    """
    import docx
    from docx.shared import Mm, Pt, RGBColor

    drawings = pictures(pages)
    writer = _Writer(docx.Document(), dict(zip(drawings, to_png(drawings), strict=True)))
    document = writer.document
    core = document.core_properties
    core.title, core.author = xml_text(pages.title)[:255], "Viva Voce"
    core.created = core.modified = made_at.astimezone(UTC).replace(tzinfo=None)
    for section in document.sections:
        section.page_width, section.page_height = Mm(210), Mm(297)
        section.left_margin = section.right_margin = Mm(18)
        section.top_margin = section.bottom_margin = Mm(18)
    normal: Any = document.styles["Normal"]
    normal.font.size, normal.font.name = Pt(10), "Calibri"
    for name in ("Title", "Heading 1", "Heading 2", "Caption"):
        # The blue of Word's own theme is too light for small letters.
        style: Any = document.styles[name]
        style.font.color.rgb = RGBColor.from_string(INK)
    _number_pages(document, pages.subtitle)
    document.add_heading(xml_text(pages.title), 0)
    document.add_paragraph(xml_text(pages.subtitle))
    for block in pages.blocks:
        writer.block(block)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


class _Writer:
    """Writes blocks into a document.

    Args:
        document: to be written.
        drawn: every drawing of the report, as PNG.
    """

    def __init__(self, document: Document, drawn: dict[Picture, bytes]) -> None:
        self.document = document
        self._drawn = drawn

    def block(self, block: Block) -> None:
        """Write one block."""
        match block:
            case Heading(text=text, level=level):
                self.document.add_heading(xml_text(text), level)
            case Para(parts=parts, note=note, leads=leads):
                paragraph = self.document.add_paragraph(style="Intense Quote" if note else None)
                self._parts(paragraph, parts)
                paragraph.paragraph_format.keep_with_next = leads or None
            case Facts(rows=rows):
                table = self.document.add_table(rows=0, cols=2)
                for name, value in rows:
                    cells = table.add_row().cells
                    cells[0].paragraphs[0].add_run(name).bold = True
                    cells[1].text = xml_text(value)
                    for cell in cells:
                        _close(cell.paragraphs[0], 2)
                _widen(table, (0.28, 0.72))
            case Key(items=items):
                self._key(items)
            case Bullets(items=items):
                for item in items:
                    self.document.add_paragraph(xml_text(item), style="List Bullet")
            case Said():
                self._said(block)
            case Table():
                self._table(block)

    def _key(self, items: tuple[tuple[Picture, str], ...]) -> None:
        """A cell for each, for LibreOffice parts a drawing from its name at the end of a line, whatever is between."""
        from docx.shared import Pt

        table = self.document.add_table(rows=-(-len(items) // KEY_COLUMNS), cols=KEY_COLUMNS)
        for place, (picture, name) in enumerate(items):
            paragraph = table.cell(place // KEY_COLUMNS, place % KEY_COLUMNS).paragraphs[0]
            self._parts(paragraph, (picture, Text(name.replace(" ", NO_BREAK))), between=NO_BREAK)
            _close(paragraph, 2)
            paragraph.paragraph_format.keep_with_next = True
            for run in paragraph.runs:
                run.font.size = Pt(8.5)
        _widen(table, (1 / KEY_COLUMNS,) * KEY_COLUMNS)

    def _said(self, said: Said) -> None:
        from docx.shared import Pt

        parts = [Text(said.text, language=said.language)]
        if said.translation is not None:
            parts.append(said.translation)
        for part in parts:
            quote = self.document.add_paragraph(style="Quote")
            self._parts(quote, (part,))
            _close(quote, 1)
            quote.paragraph_format.keep_with_next = True
        source = self.document.add_paragraph()
        _close(source, 9)
        source.add_run(xml_text(said.credit)).font.size = Pt(8.5)
        if said.link is not None:
            source.add_run(" · ").font.size = Pt(8.5)
            _link(source, said.link, LISTEN)

    def _table(self, told: Table) -> None:
        from docx.enum.table import WD_ALIGN_VERTICAL
        from docx.enum.text import WD_ALIGN_PARAGRAPH
        from docx.oxml import OxmlElement
        from docx.shared import Pt

        sides = {
            "start": WD_ALIGN_PARAGRAPH.LEFT,
            "center": WD_ALIGN_PARAGRAPH.CENTER,
            "end": WD_ALIGN_PARAGRAPH.RIGHT,
        }
        caption = self.document.add_paragraph(xml_text(told.caption), style="Caption")
        caption.paragraph_format.keep_with_next = True
        lines = (told.head, *told.rows)
        table = self.document.add_table(rows=len(lines), cols=len(told.head))
        for place, (line, cells) in enumerate(zip(table.rows, lines, strict=True)):
            for to, cell in zip(line.cells, cells, strict=True):
                paragraph = to.paragraphs[0]
                to.vertical_alignment = WD_ALIGN_VERTICAL.BOTTOM if place == 0 else WD_ALIGN_VERTICAL.CENTER
                self._parts(paragraph, cell.parts, between=" " if place == 0 else NO_BREAK)
                paragraph.alignment = sides[cell.align]
                _close(paragraph, 2)
                paragraph.paragraph_format.keep_with_next = place == 0 or (
                    not told.long and place + 1 < len(lines)
                )
                for run in paragraph.runs:
                    run.font.size = Pt(7.5 if place == 0 else 8)
                    run.bold = place == 0 or run.bold
                _underline(to, INK if place == 0 else LINE, 8 if place == 0 else 4)
            properties = _xml(line).get_or_add_trPr()
            # A row stays on one page, the heading row comes again on every one (ECMA-376, part 1, 17.4.6, 17.4.78).
            properties.append(OxmlElement("w:cantSplit"))
            if place == 0:
                properties.append(OxmlElement("w:tblHeader"))
        _widen(table, told.widths)
        _close(self.document.add_paragraph(), 0)

    def _parts(self, paragraph: Paragraph, parts: tuple[Part, ...], *, between: str = " ") -> None:
        from docx.shared import Mm

        for place, part in enumerate(parts):
            if place:
                paragraph.add_run(between)
            if isinstance(part, Picture):
                shape = paragraph.add_run().add_picture(
                    io.BytesIO(self._drawn[part]), width=Mm(part.width_mm)
                )
                # python-docx has no public way to the words for a picture, nor to the room around it: LibreOffice takes
                # 3 mm where none is given, and cuts off what is then too wide for its cell.
                inline: Any = shape._inline  # pyright: ignore[reportPrivateUsage]
                inline.docPr.set("descr", part.alt)
                for side in ("distT", "distB", "distL", "distR"):
                    inline.set(side, "0")
            else:
                self._run(paragraph, part)

    def _run(self, paragraph: Paragraph, text: Text) -> None:
        from docx.oxml import OxmlElement
        from docx.oxml.ns import qn

        run = paragraph.add_run(xml_text(text.text))
        if text.strong:
            run.bold = True
        if text.language is None:
            return
        language = OxmlElement("w:lang")
        language.set(qn("w:bidi" if text.from_right else "w:val"), text.language)
        if text.from_right:
            # The run and its paragraph are written from the right (ECMA-376, part 1, 17.3.2.30 and 17.3.1.6).
            run.font.rtl = True
            _xml(paragraph).get_or_add_pPr().append(OxmlElement("w:bidi"))
        _xml(run).get_or_add_rPr().append(language)


def _number_pages(document: Document, subtitle: str) -> None:
    """What it is and the number of the page, under each."""
    from docx.enum.text import WD_TAB_ALIGNMENT
    from docx.shared import Mm, Pt

    footer = document.sections[0].footer.paragraphs[0]
    usual: Any = footer.style
    usual.paragraph_format.tab_stops.clear_all()
    footer.paragraph_format.tab_stops.add_tab_stop(Mm(PAGE_MM), WD_TAB_ALIGNMENT.RIGHT)
    for text, field in ((f"{xml_text(subtitle)}\t", "PAGE"), (" / ", "NUMPAGES")):
        footer.add_run(text).font.size = Pt(8)
        _field(footer, field)


def _field(paragraph: Paragraph, name: str) -> None:
    """A figure that Word works out (ECMA-376, part 1, 17.16.19)."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn
    from docx.shared import Pt

    run = paragraph.add_run("1")
    run.font.size = Pt(8)
    field = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), name)
    field.append(_xml(run))
    _xml(paragraph).append(field)


def _link(paragraph: Paragraph, url: str, text: str) -> None:
    """A hyperlink (ECMA-376, part 1, 17.16.22), for which python-docx has no words either."""
    from docx.opc.constants import RELATIONSHIP_TYPE
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn
    from docx.shared import Pt

    run = paragraph.add_run(text)
    run.font.size, run.font.underline = Pt(8.5), True
    link = OxmlElement("w:hyperlink")
    link.set(qn("r:id"), paragraph.part.relate_to(url, RELATIONSHIP_TYPE.HYPERLINK, is_external=True))
    link.append(_xml(run))
    _xml(paragraph).append(link)


def _xml(thing: Any) -> Any:
    """The element of a paragraph, a run or a row, for what python-docx has no words for."""
    return thing._element


def _widen(table: Any, shares: tuple[float, ...]) -> None:
    from docx.shared import Mm

    table.autofit = False
    widths = [Mm(PAGE_MM * share / sum(shares)) for share in shares]
    # Word goes by the cells, LibreOffice by the columns.
    for column, width in zip(table.columns, widths, strict=True):
        column.width = width
    for line in table.rows:
        for cell, width in zip(line.cells, widths, strict=True):
            cell.width = width


def _close(paragraph: Paragraph, after: float) -> None:
    """So many points of room after it, and none before."""
    from docx.shared import Pt

    paragraph.paragraph_format.space_before, paragraph.paragraph_format.space_after = Pt(0), Pt(after)


def _underline(cell: Any, colour: str, eighths: int) -> None:
    """A line under a cell, in eighths of a point (ECMA-376, part 1, 17.4.66)."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    borders, bottom = OxmlElement("w:tcBorders"), OxmlElement("w:bottom")
    for name, value in (("val", "single"), ("sz", str(eighths)), ("space", "0"), ("color", colour)):
        bottom.set(qn(f"w:{name}"), value)
    borders.append(bottom)
    _xml(cell).get_or_add_tcPr().append(borders)
