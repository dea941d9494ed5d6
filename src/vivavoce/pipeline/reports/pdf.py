"""A report as PDF by typst: tagged, so that screen readers read it, with the drawings of the HTML."""

from __future__ import annotations

import json
from typing import Any, cast

from vivavoce.pipeline.reports.blocks import (
    LISTEN,
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
from vivavoce.protocol.languages import base_language

TEMPLATE = """
#let data = json(bytes(sys.inputs.data))
#let ink = rgb("#1d3f4f")
#let quiet = rgb("#53616a")
#set document(title: data.title, author: "Viva Voce", date: none)
#set page(paper: "a4", margin: (x: 1.7cm, top: 1.9cm, bottom: 1.9cm), footer: context [
  #set text(size: 8pt, fill: quiet)
  #data.subtitle #h(1fr) #counter(page).display("1 / 1", both: true)
])
#set text(size: 9.5pt, lang: "en", hyphenate: false)
#set par(justify: false, leading: 0.6em)
#show heading.where(level: 1): it => block(above: 2em, below: 0.9em, sticky: true, width: 100%,
  stroke: (top: 1.2pt + ink), inset: (top: 6pt),
  text(size: 14pt, fill: ink, it.body))
#show heading.where(level: 2): it => block(above: 1.5em, below: 0.7em, sticky: true,
  text(size: 10.5pt, it.body))
#let turned(part, body) = if part.lang == none { body } else {
  text(lang: part.lang, dir: if part.rtl { rtl } else { ltr }, body)
}
#let shown(part) = if part.kind == "picture" {
    let svg = bytes(data.pictures.at(part.index))
    box(baseline: 20%, image(svg, format: "svg", alt: part.alt, width: part.width * 1mm))
  } else { turned(part, if part.strong { strong(part.text) } else { part.text }) }
#let inline(parts) = parts.map(shown).join([ ])
#let told(parts) = {
  let first = parts.first(default: none)
  let right = first != none and first.kind == "text" and first.rtl
  if right { text(dir: rtl, par(inline(parts))) } else { par(inline(parts)) }
}
#let sides = (start: start, center: center, end: end)
#let cell(it) = align(sides.at(it.align), inline(it.parts))
#let grown(it) = {
  set text(size: 8.6pt)
  show table.cell.where(y: 0): set text(weight: "bold", size: 8pt)
  block(above: 1.1em, below: 1.1em, breakable: it.long, {
    block(below: 0.55em, sticky: true, text(fill: quiet, weight: "bold", size: 8.6pt, it.caption))
    table(
      columns: it.widths.map(width => width * 1fr),
      stroke: (x, y) => (bottom: if y == 0 { 1pt + ink } else { 0.4pt + rgb("#c9d2d6") }),
      inset: (x: 4pt, y: 4.2pt),
      align: (x, y) => if y == 0 { bottom } else { horizon },
      table.header(..it.head.map(cell)),
      ..it.rows.flatten().map(cell),
    )
  })
}
#let quoted(it) = {
  let side = if it.rtl { (right: 2pt + rgb("#c9d2d6")) } else { (left: 2pt + rgb("#c9d2d6")) }
  block(breakable: false, above: 1.1em, below: 1.1em, width: 92%, stroke: side, inset: (x: 9pt, y: 2pt), {
    set par(spacing: 0.6em)
    set align(if it.rtl { right } else { left })
    turned(it.said, block(width: 100%, it.said.text))
    if it.translation != none { turned(it.translation, block(width: 100%, above: 0.6em, emph(it.translation.text))) }
    block(above: 0.6em, text(size: 8pt, fill: quiet, {
      it.source
      if it.link != none { [ · ]; link(it.link, underline(it.listen)) }
    }))
  })
}
#title()
#text(fill: quiet, data.subtitle)
#for it in data.blocks {
  if it.kind == "heading" { heading(level: it.level, it.text) }
  else if it.kind == "para" {
    if it.note { block(width: 100%, fill: rgb("#f2f5f6"), stroke: (left: 3pt + ink), inset: 8pt,
      strong(inline(it.parts))) }
    else if it.leads { block(sticky: true, told(it.parts)) }
    else { told(it.parts) }
  }
  else if it.kind == "facts" {
    block(above: 1.2em, grid(columns: (auto, 1fr), column-gutter: 1.4em, row-gutter: 0.65em,
      ..it.rows.map(((name, value)) => (strong(name), value)).flatten()))
  }
  else if it.kind == "table" { grown(it) }
  else if it.kind == "key" {
    block(above: 1em, below: 0.8em, sticky: true, text(size: 8.6pt, it.items.map(((picture, name)) =>
      box[#shown(picture) #name]).join(h(1.1em))))
  }
  else if it.kind == "said" { quoted(it) }
  else if it.kind == "bullets" { list(spacing: 0.75em, ..it.items) }
}
"""
"""It takes its words as data, so nothing that was said is ever read as markup."""

DRAWN = """
#let data = json(bytes(sys.inputs.data))
#set page(width: auto, height: auto, margin: 0pt, fill: none)
#for drawing in data { page(image(bytes(drawing.svg), format: "svg", width: drawing.width * 1mm)) }
"""

PIXELS_AN_INCH = 260.0


def to_pdf(pages: Pages) -> bytes:
    """The report on A4. Takes about a second and holds the processor: call it in a thread."""
    import typst

    drawings = {picture: place for place, picture in enumerate(pictures(pages))}
    data = {
        "title": pages.title,
        "subtitle": pages.subtitle,
        "pictures": [picture.svg for picture in drawings],
        "blocks": [_block(block, drawings) for block in pages.blocks],
    }
    pdf = typst.compile(TEMPLATE.encode(), format="pdf", sys_inputs={"data": _json(data)})
    assert isinstance(pdf, bytes), "one PDF was asked for"
    return pdf


def to_png(drawings: list[Picture]) -> list[bytes]:
    """Drawings as pictures of dots, for files that take no SVG, in the same order."""
    import typst

    if not drawings:
        return []
    data = [{"svg": drawing.svg, "width": drawing.width_mm} for drawing in drawings]
    drawn = typst.compile(DRAWN.encode(), format="png", ppi=PIXELS_AN_INCH, sys_inputs={"data": _json(data)})
    # One page comes as bytes, several as a list; its own types say bytes.
    pages = cast("bytes | list[bytes]", drawn)
    return [pages] if isinstance(pages, bytes) else pages


def _json(data: Any) -> str:
    # typst takes an input's NUL for its end.
    return json.dumps(data, ensure_ascii=False).replace("\\u0000", "")


def _block(block: Block, drawings: dict[Picture, int]) -> dict[str, Any]:
    match block:
        case Heading(text=text, level=level):
            return {"kind": "heading", "text": text, "level": level}
        case Para(parts=parts, note=note, leads=leads):
            return {"kind": "para", "parts": _parts(parts, drawings), "note": note, "leads": leads}
        case Facts(rows=rows):
            return {"kind": "facts", "rows": rows}
        case Key(items=items):
            return {"kind": "key", "items": [(_part(picture, drawings), name) for picture, name in items]}
        case Bullets(items=items):
            return {"kind": "bullets", "items": items}
        case Said():
            return _said(block)
        case Table():
            return {
                "kind": "table",
                "caption": block.caption,
                "widths": block.widths,
                "long": block.long,
                "head": [{"align": cell.align, "parts": _parts(cell.parts, drawings)} for cell in block.head],
                "rows": [
                    [{"align": cell.align, "parts": _parts(cell.parts, drawings)} for cell in cells]
                    for cells in block.rows
                ],
            }


def _said(said: Said) -> dict[str, Any]:
    words = Text(said.text, language=said.language)
    return {
        "kind": "said",
        "said": _text(words),
        "rtl": words.from_right,
        "translation": None if said.translation is None else _text(said.translation),
        "source": said.credit,
        "link": said.link,
        "listen": LISTEN,
    }


def _parts(parts: tuple[Part, ...], drawings: dict[Picture, int]) -> list[dict[str, Any]]:
    return [_part(part, drawings) for part in parts]


def _part(part: Part, drawings: dict[Picture, int]) -> dict[str, Any]:
    if isinstance(part, Text):
        return _text(part)
    return {"kind": "picture", "index": drawings[part], "alt": part.alt, "width": part.width_mm}


def _text(text: Text) -> dict[str, Any]:
    return {
        "kind": "text",
        "text": text.text,
        "strong": text.strong,
        "lang": None if text.language is None else base_language(text.language),
        "rtl": text.from_right,
    }
