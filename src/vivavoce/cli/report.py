"""`vivavoce report`: what an interview or a study gave, to read, print and edit."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from vivavoce.cli.session import with_storage


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("report")(report)


def report(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="A session's id, `latest`, or a study's id for all of its.")
    ],
    format: Annotated[
        Literal["html", "pdf", "docx"],
        typer.Option(case_sensitive=False, help="html: one file that needs nothing else; docx: to edit."),
    ],
    output: Annotated[
        Path | None, typer.Option(help="The file to write; default: to the terminal.", dir_okay=False)
    ] = None,
    sound: Annotated[
        bool,
        typer.Option(
            "--sound",
            help="Put the recordings in a folder beside the file, and link each quotation with its second in them. "
            "A tone stands in them for what is redacted.",
        ),
    ] = False,
    wave: Annotated[
        list[datetime] | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            help="First day (UTC) of a study's second wave; may be given more than once. Default: a wave for each "
            "version of the study.",
        ),
    ] = None,
) -> None:
    """Write the report on a session, or on a study from all its interviews that are over."""
    from vivavoce.ops.export import NotForTerminals, write
    from vivavoce.ops.report import report as made
    from vivavoce.pipeline.reports.formats import ReportFormat
    from vivavoce.session.clock import SystemClock

    kind = ReportFormat(format)
    if output is None and kind is not ReportFormat.HTML:
        raise NotForTerminals(format)
    if output is None and sound:
        raise typer.BadParameter(
            "it needs --output, whose folder the recordings are put into", param_hint="--sound"
        )
    waves = [day.date() for day in wave or ()]
    folder = output.with_name(f"{output.stem}-sound") if output is not None and sound else None
    content = with_storage(
        lambda storage: made(storage, name, kind, clock=SystemClock(), waves=waves, sound=folder)
    )
    if output is None:
        typer.echo(content.decode(), nl=False)
    else:
        write(output, content)
        typer.echo(f"Written to {output}.", err=True)
