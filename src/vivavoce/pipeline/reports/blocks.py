"""A report as blocks: what the writers know, whatever the report is about."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from vivavoce.protocol.languages import direction


@dataclass(frozen=True, slots=True)
class Text:
    """A run of words. `language` where it is not the report's own, so that it is spoken, broken and turned rightly."""

    text: str
    language: str | None = None
    strong: bool = False

    @property
    def from_right(self) -> bool:
        """Whether it is written from the right."""
        return self.language is not None and direction(self.language) == "rtl"


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing in the line: SVG without ids, without text, and the words that stand for it. Millimetres."""

    svg: str
    alt: str
    width_mm: float
    height_mm: float


Part = Text | Picture

MOST_ROWS = 12
"""Rows of a table that is kept together on a page."""


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands in a cell, a space between its parts."""

    parts: tuple[Part, ...] = ()
    align: Literal["start", "center", "end"] = "start"


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; level 1 is a section's, the title stands above all."""

    text: str
    level: Literal[1, 2] = 1


@dataclass(frozen=True, slots=True)
class Para:
    """A paragraph.

    Attributes:
        parts: of it.
        note: set apart, for what must not be overlooked.
        leads: to what follows, and stays on its page.
    """

    parts: tuple[Part, ...]
    note: bool = False
    leads: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """Names and their values."""

    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table whose first column heads its rows.

    Attributes:
        caption: what it shows.
        head: of the columns.
        widths: of the columns, as shares of the page's width.
    """

    caption: str
    head: tuple[Cell, ...]
    rows: tuple[tuple[Cell, ...], ...]
    widths: tuple[float, ...]

    @property
    def long(self) -> bool:
        """Whether it may be parted between two pages; others stay on one."""
        return len(self.rows) > MOST_ROWS


@dataclass(frozen=True, slots=True)
class Key:
    """What drawings mean."""

    items: tuple[tuple[Picture, str], ...]


@dataclass(frozen=True, slots=True)
class Said:
    """A quotation: the words, whose they are and where they are to be heard, and a translation where there is one.

    Attributes:
        link: to the second in the recording, relative to the report's own place; None: the report is not beside it.
    """

    text: str
    language: str | None
    source: str
    link: str | None = None
    translation: Text | None = None
    translated_by: str = ""

    @property
    def credit(self) -> str:
        """Whose words they are, and whose the translation is."""
        return self.source + (f". Translated into {self.translated_by}" if self.translation else "")


NO_BREAK = "\u00a0"
"""A space at which no line ends."""

LISTEN = "Listen"
"""What a link to the recording is called."""


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list of sentences."""

    items: tuple[str, ...]


Block = Heading | Para | Facts | Table | Key | Said | Bullets


@dataclass(frozen=True, slots=True)
class Pages:
    """A whole report to be written, in English. `subtitle` is a line under the title."""

    title: str
    subtitle: str
    blocks: tuple[Block, ...] = field(default=())


def words(text: str, *, strong: bool = False, language: str | None = None) -> Cell:
    """A cell of text."""
    return Cell((Text(text, language=language, strong=strong),))


def number(text: str, *, strong: bool = False) -> Cell:
    """A cell of figures, which stand under each other by their ends."""
    return Cell((Text(text, strong=strong),), align="end")


def row(*cells: Cell | str) -> tuple[Cell, ...]:
    """A row; texts are cells of text."""
    return tuple(words(cell) if isinstance(cell, str) else cell for cell in cells)


def paragraph(text: str, *, note: bool = False, leads: bool = False) -> Para:
    """A paragraph of plain text."""
    return Para((Text(text),), note=note, leads=leads)


def pictures(pages: Pages) -> list[Picture]:
    """Every drawing of a report, each once, in the order in which they come."""
    found: dict[Picture, None] = {}

    def take(parts: Iterable[Part]) -> None:
        found.update({part: None for part in parts if isinstance(part, Picture)})

    for block in pages.blocks:
        match block:
            case Para(parts=parts):
                take(parts)
            case Table(head=head, rows=rows):
                for cells in (head, *rows):
                    for cell in cells:
                        take(cell.parts)
            case Key(items=items):
                take(picture for picture, _ in items)
            case _:
                pass
    return list(found)
