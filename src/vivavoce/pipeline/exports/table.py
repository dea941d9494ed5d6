"""Transcripts as tables: a row a segment (CSV, Parquet), or a row an interview and a column a question (CSV)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields

from vivavoce.pipeline.exports.bundle import Bundle, ExportImpossible, flat

Cell = str | int | float | bool | None

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What spreadsheets take for the beginning of a formula (OWASP, CSV injection), full-width signs included."""


@dataclass(frozen=True, slots=True)
class Row:
    """A segment in a table. Several topics or codes stand in one cell, with `; ` between them."""

    study: str
    session: str
    participant: str
    sitting: int
    index: int
    segment: str
    speaker: str
    start_s: float
    end_s: float
    phase: str | None
    question: str | None
    topics: str
    language: str | None
    source: str
    confidence: float | None
    cut_off: bool
    barge_in: bool
    text: str
    codes: str


def rows(bundle: Bundle) -> list[Row]:
    """The rows of all interviews, in their order."""
    return [
        Row(
            study=session.study.id,
            session=session.session_id,
            participant=session.participant,
            sitting=session.sitting,
            index=segment.index,
            segment=segment.id,
            speaker=segment.speaker,
            start_s=round(segment.start_s, 3),
            end_s=round(segment.end_s, 3),
            phase=segment.phase,
            question=segment.question,
            topics="; ".join(segment.topics),
            language=segment.language,
            source=segment.source,
            confidence=segment.confidence,
            cut_off=segment.cut_off,
            barge_in=segment.barge_in,
            text=flat(segment.text),
            codes=bundle.code_names(session, segment),
        )
        for session in bundle.sessions
        for segment in session.segments
    ]


def to_csv(bundle: Bundle) -> bytes:
    """CSV (RFC 4180) in UTF-8 with a byte order mark, a row a segment. No cell of text begins a formula."""
    return _csv([field.name for field in fields(Row)], ([*asdict(row).values()] for row in rows(bundle)))


def to_grid(bundle: Bundle) -> bytes:
    """CSV as `to_csv`, with a row an interview and a column a question: what the participant said to it.

    Columns are in the order in which questions first come up; what answers none is not in the grid.
    """
    questions = list(
        dict.fromkeys(
            segment.question
            for session in bundle.sessions
            for segment in session.segments
            if segment.question is not None
        )
    )
    return _csv(
        ["study", "session", "participant", "sitting", "language", "status", *questions],
        (
            [
                session.study.id,
                session.session_id,
                session.participant,
                session.sitting,
                session.language,
                session.status.value.lower(),
                *(
                    " ".join(
                        flat(segment.text)
                        for segment in session.segments
                        if segment.speaker == "participant" and segment.question == question
                    )
                    for question in questions
                ),
            ]
            for session in bundle.sessions
        ),
    )


def to_parquet(bundle: Bundle) -> bytes:
    """Parquet with the rows of `to_csv`. Whether words are redacted is in the file's metadata, as `redaction`.

    Raises:
        ExportImpossible: pyarrow is not installed.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise ExportImpossible(
            "Parquet needs pyarrow, which is not installed.",
            next_step="Install vivavoce with its `parquet` extra, or take csv.",
        ) from error
    types = {"str": pa.string(), "int": pa.int64(), "float": pa.float64(), "bool": pa.bool_()}
    schema = pa.schema(
        [(field.name, types[str(field.type).split(" |")[0]]) for field in fields(Row)],
        metadata={"format": bundle.format, "redaction": bundle.redaction or ""},
    )
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist([asdict(row) for row in rows(bundle)], schema=schema), out)
    return out.getvalue()


def _csv(header: Sequence[str], lines: Iterable[Sequence[Cell]]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(map(_safe, header))
    writer.writerows([_safe(cell) for cell in line] for line in lines)
    # Excel takes a CSV for Latin-1 unless it begins with the mark.
    return out.getvalue().encode("utf-8-sig")


def _safe(cell: Cell) -> Cell:
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, str):
        cell = cell.replace("\0", "")
        return f"'{cell}" if cell.lstrip(" ").startswith(_FORMULA) else cell
    return cell
