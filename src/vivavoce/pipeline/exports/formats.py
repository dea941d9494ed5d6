"""The formats by name: what the command line offers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from vivavoce.pipeline.exports.bundle import Bundle
from vivavoce.pipeline.exports.document import to_docx, to_pdf
from vivavoce.pipeline.exports.refi import Audio, to_qdc, to_qdpx
from vivavoce.pipeline.exports.sound import to_ogg
from vivavoce.pipeline.exports.table import to_csv, to_grid, to_parquet
from vivavoce.pipeline.exports.text import to_json, to_srt, to_text, to_vtt


class ExportFormat(StrEnum):
    """What interviews can be written as."""

    JSON = "json"
    CSV = "csv"
    GRID = "grid"
    VTT = "vtt"
    SRT = "srt"
    TXT = "txt"
    DOCX = "docx"
    PDF = "pdf"
    QDC = "qdc"
    QDPX = "qdpx"
    PARQUET = "parquet"
    OGG = "ogg"


@dataclass(frozen=True, slots=True)
class Writer:
    """How a format is written.

    Attributes:
        write: makes the file; raises `ExportImpossible`.
        text: UTF-8 that a terminal can show.
        audio: how it takes the recordings in: each of their parts, or all parts of a session as one.
    """

    write: Callable[[Bundle, Audio], bytes]
    text: bool = False
    audio: Literal["parts", "whole"] | None = None


def _words(write: Callable[[Bundle], bytes], *, text: bool = False) -> Writer:
    return Writer(lambda bundle, audio: write(bundle), text=text)


WRITERS: dict[ExportFormat, Writer] = {
    ExportFormat.JSON: _words(to_json, text=True),
    ExportFormat.CSV: _words(to_csv, text=True),
    ExportFormat.GRID: _words(to_grid, text=True),
    ExportFormat.VTT: _words(to_vtt, text=True),
    ExportFormat.SRT: _words(to_srt, text=True),
    ExportFormat.TXT: _words(to_text, text=True),
    ExportFormat.DOCX: _words(to_docx),
    ExportFormat.PDF: _words(to_pdf),
    ExportFormat.QDC: _words(to_qdc, text=True),
    ExportFormat.QDPX: Writer(to_qdpx, audio="parts"),
    ExportFormat.PARQUET: _words(to_parquet),
    ExportFormat.OGG: Writer(to_ogg, audio="whole"),
}
