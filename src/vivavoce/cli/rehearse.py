"""The `vivavoce study rehearse` command: simulated participants walk a study before anyone is invited."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vivavoce.cli.study import read_file, study

if TYPE_CHECKING:
    from vivavoce.ops.rehearse.run import Report
    from vivavoce.protocol.study import Study


def register(app: typer.Typer) -> None:
    """Add the command to the `study` group."""
    study.command("rehearse")(rehearse_file)


def rehearse_file(
    file: Annotated[Path, typer.Argument(help="A study file.")],
    profile: Annotated[
        str | None,
        typer.Option(help="Let the model of this profile moderate, whatever the study says."),
    ] = None,
    language: Annotated[
        list[str] | None, typer.Option(help="In which language; repeat it. Default: all of the study's.")
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the reports there, as JSON.")
    ] = None,
) -> None:
    """Hold interviews in text with a participant for every edge: silence, interruptions, lost lines, lateness …

    Exit code 0 only if every phase, question, probe and participant was reached and the moderator behaved.
    """
    if json_file is not None and not json_file.absolute().parent.is_dir():
        raise typer.BadParameter(f"there is no folder {json_file.absolute().parent} to write the report to")
    reports = asyncio.run(_rehearse(read_file(file), profile, language))
    for report in reports:
        _print(report)
    if json_file is not None:
        text = json.dumps([report.as_json() for report in reports], indent=2, ensure_ascii=False)
        json_file.write_text(text + "\n", encoding="utf-8")
    if not all(report.passed for report in reports):
        raise typer.Exit(1)


async def _rehearse(checked: Study, profile: str | None, languages: list[str] | None) -> list[Report]:
    from rich.console import Console

    from vivavoce import settings
    from vivavoce.moderator.guard.guards import Guards
    from vivavoce.moderator.mind import Minds
    from vivavoce.ops.rehearse.run import rehearse

    if profile is not None and not checked.moderator.thinks:
        thinking = checked.moderator.model_copy(update={"mode": "semi_structured"})
        checked = checked.model_copy(update={"moderator": thinking})
    found = settings.load()
    minds, guards = Minds(found.llm), Guards(found.guard)
    try:
        wanted = profile or checked.moderator.profile
        judges = guards.chain(checked.guard) if checked.moderator.thinks else None
        # Nothing of it is written where nobody looks on.
        with Console(stderr=True).status("") as progress:
            return [
                await rehearse(
                    checked,
                    language=language,
                    models=minds.route(wanted, language) if checked.moderator.thinks else None,
                    judges=judges,
                    on_case=progress.update,
                )
                for language in languages or checked.languages
            ]
    finally:
        await minds.aclose()
        await guards.aclose()


def _print(report: Report) -> None:
    typer.echo(
        f"{report.study} in {report.language}, moderator {report.moderator}: {report.interviews} interviews, "
        f"{report.seconds / 60:.0f} min by their own clock"
    )
    kind = ""
    for row in report.rows:
        if row.kind != kind:
            kind = row.kind
            typer.echo(f"{kind}s")
        times = "" if row.kind == "participant" else f" {row.times}×"
        typer.echo(
            f"  {'✗' if row.problem else '✓'} {row.name}{times}{': ' + row.problem if row.problem else ''}"
        )
    wrong = sum(bool(row.problem) for row in report.rows)
    typer.echo(
        "everything was reached and behaved" if not wrong else f"{wrong} of {len(report.rows)} did not pass"
    )
