"""A report as one HTML file: nothing is fetched, nothing runs, it prints as it reads, and can be read aloud."""

from __future__ import annotations

from html import escape

from vivavoce.pipeline.reports.blocks import (
    LISTEN,
    Block,
    Bullets,
    Cell,
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
)
from vivavoce.protocol.languages import direction

STYLE = """
:root { --ink: #1c2429; --accent: #1d3f4f; --quiet: #53616a; --line: #c9d2d6; --wash: #f2f5f6; }
* { box-sizing: border-box; }
html { font: 16px/1.5 system-ui, -apple-system, "Segoe UI", "Noto Sans", Roboto, sans-serif; color: var(--ink); }
body { margin: 0; background: #fff; }
main { max-width: 62rem; margin: 0 auto; padding: 2.5rem 1.5rem 4rem; }
h1 { font-size: 2rem; line-height: 1.2; margin: 0 0 .25rem; color: var(--accent); overflow-wrap: anywhere; }
h2 { font-size: 1.35rem; margin: 2.75rem 0 .75rem; padding-top: .5rem; border-top: 2px solid var(--accent);
  color: var(--accent); }
h3 { font-size: 1.08rem; margin: 1.75rem 0 .5rem; overflow-wrap: anywhere; }
p { margin: .5rem 0; max-width: 46rem; }
.subtitle { color: var(--quiet); margin-bottom: 1.5rem; overflow-wrap: anywhere; }
.note { border-inline-start: 5px solid var(--accent); background: var(--wash); padding: .75rem 1rem; font-weight: 600; }
nav ol { columns: 2; padding-inline-start: 1.4rem; margin: 1.25rem 0; }
nav li { margin: 0; padding: .15rem 0; break-inside: avoid; }
a { color: var(--accent); }
dl { display: grid; grid-template-columns: minmax(9rem, auto) 1fr; gap: .3rem 1.25rem; margin: 1rem 0; }
dt { font-weight: 600; } dd { margin: 0; overflow-wrap: anywhere; }
.table { overflow-x: auto; margin: 1rem 0; }
table { border-collapse: collapse; width: 100%; table-layout: fixed; min-width: 40rem; font-size: .94rem; }
caption { text-align: start; font-weight: 600; padding-bottom: .4rem; color: var(--quiet);
  max-inline-size: calc(100vw - 3rem); }
th, td { padding: .4rem .5rem; border-bottom: 1px solid var(--line); vertical-align: middle; text-align: start;
  overflow-wrap: anywhere; }
thead th { border-bottom: 2px solid var(--accent); vertical-align: bottom; font-size: .86rem; line-height: 1.3;
  hyphens: auto; overflow-wrap: normal; }
tbody th { font-weight: 500; }
.end { text-align: end; font-variant-numeric: tabular-nums; } td.end { white-space: nowrap; }
.center { text-align: center; }
svg { vertical-align: middle; max-width: 100%; }
.key { display: flex; flex-wrap: wrap; gap: .35rem 1.25rem; list-style: none; padding: 0; margin: .75rem 0;
  font-size: .9rem; }
figure { margin: 1rem 0; padding: .15rem 1rem; border-inline-start: 3px solid var(--line); max-width: 48rem; }
blockquote { margin: 0; font-size: 1.05rem; border-inline-start: 0; }
figcaption { color: var(--quiet); font-size: .86rem; overflow-wrap: anywhere; }
figure[dir="rtl"] > * { text-align: right; }
.translation { margin: .25rem 0; color: var(--ink); font-style: italic; }
li { margin: .3rem 0; max-width: 46rem; overflow-wrap: anywhere; }
@media screen and (max-width: 36rem) {
  main { padding: 1.5rem 1rem 3rem; } h1 { font-size: 1.6rem; } caption { max-inline-size: calc(100vw - 2rem); }
  dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: .5rem; }
  .narrow table { min-width: 0; table-layout: auto; font-size: .8rem; } thead th { font-size: .72rem; }
  .narrow th, .narrow td { padding: .4rem .2rem; overflow-wrap: break-word; }
  /* What is wider is pushed sideways: a shade says that there is more, and of wide tables whose line it is stays. */
  .table { background: linear-gradient(to right, #fff 30%, transparent) 0 0 / 3rem 100% no-repeat local,
    linear-gradient(to left, #fff 30%, transparent) 100% 0 / 3rem 100% no-repeat local,
    linear-gradient(to left, #b4c0c6, transparent) 100% 0 / 1rem 100% no-repeat scroll; }
  .table:not(.narrow) :is(thead th:first-child, tbody th) { position: sticky; inset-inline-start: 0;
    background: #fff; }
}
@page { size: A4; margin: 18mm 16mm;
  @bottom-right { content: counter(page) " / " counter(pages); font: 8pt sans-serif; color: #53616a; } }
@media print {
  html { font-size: 10pt; } main { max-width: none; padding: 0; } nav { display: none; }
  .table { overflow: visible; } table { min-width: 0; font-size: 8.6pt; } thead { display: table-header-group; }
  th, td { padding: .25rem .3rem; } thead th { font-size: 7.8pt; } caption { max-inline-size: none; }
  h2, h3, caption, thead, .key, .leads { break-after: avoid; } p, tr, figure, dl, .whole { break-inside: avoid; }
  .table + p { break-before: avoid; }
  a { color: inherit; text-decoration: none; }
  svg, .note { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
"""


NARROW = 5
"""Columns of a table that a phone is wide enough for."""


def to_html(pages: Pages) -> bytes:
    """The report as HTML, UTF-8."""
    sections = [block.text for block in pages.blocks if isinstance(block, Heading) and block.level == 1]
    contents = "".join(
        f'<li><a href="#s{place}">{escape(name)}</a></li>' for place, name in enumerate(sections, start=1)
    )
    body: list[str] = []
    place = 0
    for block in pages.blocks:
        if isinstance(block, Heading) and block.level == 1:
            place += 1
            body.append(f'<h2 id="s{place}">{escape(block.text)}</h2>')
        else:
            body.append(_block(block))
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        # Whatever a transcript says, nothing is fetched and nothing runs.
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">\n"
        f"<title>{escape(pages.title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
        f'<header><h1 dir="auto">{escape(pages.title)}</h1>\n'
        f'<p class="subtitle">{escape(pages.subtitle)}</p></header>\n'
        f'<nav aria-label="Contents"><ol>{contents}</ol></nav>\n'
        + "\n".join(body)
        + "\n</main>\n</body>\n</html>\n"
    ).encode()


def _block(block: Block) -> str:
    match block:
        case Heading(text=text):
            return f'<h3 dir="auto">{escape(text)}</h3>'
        case Para(parts=parts, note=note, leads=leads):
            called = ' class="note" role="note"' if note else ' class="leads"' if leads else ""
            return f"<p{called}>{_parts(parts)}</p>"
        case Facts(rows=rows):
            return "<dl>" + "".join(f"<dt>{escape(n)}</dt><dd>{escape(v)}</dd>" for n, v in rows) + "</dl>"
        case Key(items=items):
            return (
                '<ul class="key">'
                + "".join(f"<li>{_decoration(p)} {escape(t)}</li>" for p, t in items)
                + "</ul>"
            )
        case Bullets(items=items):
            return "<ul>" + "".join(f"<li>{escape(item)}</li>" for item in items) + "</ul>"
        case Said():
            return _said(block)
        case Table():
            return _table(block)


def _said(said: Said) -> str:
    source = escape(said.source)
    if said.link is not None:
        source += f' · <a href="{escape(said.link)}">{LISTEN}</a>'
    translation = ""
    if said.translation is not None:
        translation = (
            f'<p class="translation"{_turned(said.translation.language)}>{escape(said.translation.text)}</p>'
        )
        source += f"<br>Translated into {escape(said.translated_by)}"
    quote = f"<blockquote{_turned(said.language)}>{escape(said.text)}</blockquote>"
    side = "" if said.language is None else f' dir="{direction(said.language)}"'
    return f'<figure{side}>{quote}{translation}<figcaption dir="ltr">{source}</figcaption></figure>'


def _table(table: Table) -> str:
    columns = "".join(f'<col style="width:{width / sum(table.widths) * 100:.2f}%">' for width in table.widths)
    head = "".join(f'<th scope="col"{_aligned(cell)}>{_parts(cell.parts)}</th>' for cell in table.head)
    body = "".join(
        "<tr>"
        + f'<th scope="row"{_aligned(cells[0])}><bdi>{_parts(cells[0].parts)}</bdi></th>'
        + "".join(f"<td{_aligned(cell)}>{_parts(cell.parts)}</td>" for cell in cells[1:])
        + "</tr>"
        for cells in table.rows
    )
    kind = "table" + ("" if table.long else " whole") + (" narrow" if len(table.head) <= NARROW else "")
    return (
        f'<div class="{kind}" role="region" aria-label="{escape(table.caption)}" tabindex="0"><table>'
        f"<caption>{escape(table.caption)}</caption><colgroup>{columns}</colgroup><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table></div>"
    )


def _parts(parts: tuple[Part, ...]) -> str:
    return " ".join(_part(part) for part in parts)


def _part(part: Part) -> str:
    match part:
        case Picture(alt=""):
            return _decoration(part)
        case Picture(svg=svg, alt=alt):
            return svg.replace("<svg ", f'<svg role="img" aria-label="{escape(alt)}" ', 1)
        case Text(text=text, language=language, strong=strong):
            shown = f"<strong>{escape(text)}</strong>" if strong else escape(text)
            return shown if language is None else f"<span{_turned(language)}>{shown}</span>"


def _decoration(picture: Picture) -> str:
    """A drawing with its words beside it."""
    return picture.svg.replace("<svg ", '<svg aria-hidden="true" ', 1)


def _turned(language: str | None) -> str:
    return ' dir="auto"' if language is None else f' lang="{escape(language)}" dir="{direction(language)}"'


def _aligned(cell: Cell) -> str:
    return "" if cell.align == "start" else f' class="{cell.align}"'
