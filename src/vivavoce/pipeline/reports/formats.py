"""What a report can be written as: what the command line offers."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from vivavoce.pipeline.reports.blocks import Pages
from vivavoce.pipeline.reports.docx import to_docx
from vivavoce.pipeline.reports.html import to_html
from vivavoce.pipeline.reports.pdf import to_pdf


class ReportFormat(StrEnum):
    """A report's formats."""

    HTML = "html"
    PDF = "pdf"
    DOCX = "docx"


def written(pages: Pages, format: ReportFormat, *, made_at: datetime) -> bytes:
    """A report as a file. May take two seconds and hold the processor: call it in a thread."""
    match format:
        case ReportFormat.HTML:
            return to_html(pages)
        case ReportFormat.PDF:
            return to_pdf(pages)
        case ReportFormat.DOCX:
            return to_docx(pages, made_at=made_at)
