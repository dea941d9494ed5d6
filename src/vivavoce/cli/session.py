"""The `vivavoce session` commands and `vivavoce export`: what was held, what was said, and ending it by hand."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

import typer

from vivavoce.cli.table import print_table
from vivavoce.session.status import SessionStatus

if TYPE_CHECKING:
    from vivavoce.ops.export import Report
    from vivavoce.session.store import SessionSummary
    from vivavoce.storage.open import Storage

T = TypeVar("T")

session = typer.Typer(no_args_is_help=True, help="Interviews: listed, shown, and ended by hand.")


def register(app: typer.Typer) -> None:
    """Add the commands of this group to the command line."""
    app.add_typer(session, name="session")
    app.command("export")(export_session)


@session.command("list")
def list_sessions(
    study: Annotated[str | None, typer.Option(help="Only those of the study with this id.")] = None,
    status: Annotated[
        list[SessionStatus] | None,
        typer.Option(case_sensitive=False, help="Only those with this status; may be given more than once."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many at most, the newest first.")] = 100,
    as_json: Annotated[bool, typer.Option("--json", help="JSON for programs.")] = False,
) -> None:
    """List sessions, the newest first."""

    async def read(storage: Storage) -> list[SessionSummary]:
        return await storage.sessions.list(study_id=study, statuses=status or None, limit=limit)

    found = with_storage(read)
    if as_json:
        typer.echo(json.dumps([summary.model_dump(mode="json") for summary in found], indent=2))
    elif found:
        _print_table(found)
    else:
        typer.echo("No sessions.")


@session.command("show")
def show_session(
    session_id: Annotated[str, typer.Argument(metavar="SESSION", help="A session's id, or `latest`.")],
    as_json: Annotated[
        bool,
        typer.Option(
            "--json", help="JSON for programs: state, latency and the whole log; wants --original as well."
        ),
    ] = False,
    original: Annotated[
        bool,
        typer.Option("--original", help="With personal data; wants VIVAVOCE_EXPORT__ORIGINAL=true."),
    ] = False,
) -> None:
    """Show a session without personal data: its state, what happened, how fast it answered, and what was said."""
    from vivavoce.ops.export import report
    from vivavoce.ops.redacting import Reader
    from vivavoce.settings import load

    if as_json and not original:
        raise typer.BadParameter("a log has every word as it was said; add --original", param_hint="--json")
    Reader(original=load().export.original).check(original=original)

    async def read(storage: Storage) -> tuple[Report, Callable[..., str]]:
        found = await report(storage.sessions, storage.derived, session_id, original=original)
        return found, storage.recordings.where

    found, where = with_storage(read)
    if as_json:
        typer.echo(
            json.dumps(
                {
                    "state": found.state.model_dump(mode="json"),
                    "latency": {stage: value.model_dump() for stage, value in found.latency.items()},
                    "events": [event.model_dump(mode="json") for event in found.events],
                },
                indent=2,
                ensure_ascii=False,
            )
        )
    else:
        _print_report(found, where)


@session.command("close")
def close_session(
    session_id: Annotated[str, typer.Argument(metavar="SESSION", help="A session's id.")],
) -> None:
    """End a session now, wherever it runs: the participant's page is told, and what was said is kept."""
    from vivavoce.ops.close import close_session as close
    from vivavoce.session.clock import SystemClock

    with_storage(lambda storage: close(storage.sessions, session_id, clock=SystemClock()))
    typer.echo(f"Session {session_id} ended as interrupted (forced).")


def export_session(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="A session's id, `latest`, or a study's id for all of its.")
    ],
    format: Annotated[
        Literal["json", "vtt", "txt", "csv", "grid", "srt", "docx", "pdf", "qdpx", "parquet", "ogg"],
        typer.Option(
            case_sensitive=False,
            help="vtt, srt: captions, in step with the recording. csv: a row for each thing said; grid: a row for "
            "each interview, a column for each question. qdpx: a REFI-QDA project with the recordings. "
            "ogg: the recording of one interview.",
        ),
    ],
    output: Annotated[
        Path | None, typer.Option(help="The file to write; default: to the terminal.", dir_okay=False)
    ] = None,
    original: Annotated[
        bool,
        typer.Option(
            "--original", help="With personal data and recordings; wants VIVAVOCE_EXPORT__ORIGINAL=true."
        ),
    ] = False,
) -> None:
    """Write the transcript of a session, or of all interviews of a study that are over, without personal data."""
    from vivavoce.ops.export import NotForTerminals, write
    from vivavoce.ops.redacting import Reader
    from vivavoce.pipeline.exports.formats import WRITERS, ExportFormat
    from vivavoce.settings import load

    Reader(original=load().export.original).check(original=original)

    if output is None and not WRITERS[ExportFormat(format)].text:
        raise NotForTerminals(format)
    content = with_storage(lambda storage: _exported(storage, name, format, original=original))
    if output is None:
        typer.echo(content.decode(), nl=False)
    else:
        write(output, content)
        typer.echo(f"Written to {output}.", err=True)


async def _exported(storage: Storage, name: str, format: str, *, original: bool) -> bytes:
    from vivavoce.ops import export
    from vivavoce.pipeline.exports.formats import ExportFormat

    of_session = {str(one) for one in export.ExportFormat}
    if format in of_session and not await export.is_study(storage, name):
        kept = export.ExportFormat(format)
        text = await export.export(storage.sessions, storage.derived, name, kept, original=original)
        return text.encode()
    from vivavoce.ops import gathering  # what one session's text does not need

    return await gathering.exported(storage, name, ExportFormat(format), original=original)


def with_storage(read: Callable[[Storage], Awaitable[T]]) -> T:
    """Read from the storage of the settings, also while a server is using it."""
    from vivavoce.settings import load
    from vivavoce.storage.open import open_storage
    from vivavoce.telemetry.logging import configure

    settings = load()
    # Standard output is the command's own; of the database's coming and going only troubles are told.
    configure(level="warning", format=settings.log.format)

    async def run() -> T:
        async with open_storage(settings, exclusive=False, create=False) as storage:
            return await read(storage)

    return asyncio.run(run())


def _print_table(found: list[SessionSummary]) -> None:
    rows = [("SESSION", "STUDY", "STATUS", "LANGUAGE", "PARTICIPANT", "CREATED (UTC)", "MINUTES")]
    rows += [
        (
            summary.session_id,
            summary.study_id,
            summary.status.value.lower()
            + (f" ({summary.reason.value})" if summary.reason else "")
            + (", erased" if summary.erased_at else ""),
            summary.language,
            summary.participant_id,
            f"{summary.created_at:%Y-%m-%d %H:%M}",
            _minutes(summary),
        )
        for summary in found
    ]
    print_table(rows)


def _minutes(summary: SessionSummary) -> str:
    if summary.joined_at is None:
        return "-"
    until = summary.ended_at or summary.updated_at
    return f"{(until - summary.joined_at).total_seconds() / 60:.1f}"


def _print_report(found: Report, where: Callable[..., str]) -> None:
    from vivavoce.session.transcript import to_text

    state = found.state
    typer.echo(to_text(found.transcript).split("\n\n", 1)[0])
    asked = len(state.progress.questions)
    answered = sum(question.status == "answered" for question in state.progress.questions)
    topics = len(state.progress.topics)
    typer.echo(f"{state.seq} events · {asked} questions asked, {answered} answered · {topics} topics covered")
    for recording in state.recordings:
        length = "not closed" if recording.duration_s is None else f"{recording.duration_s:.1f} s"
        typer.echo(f"Recording {where(recording.key, cold=recording.key in state.cold)}: {length}")
    if state.erased_at is not None:
        typer.echo(f"Its content was erased on {state.erased_at:%Y-%m-%d}.")
    _heading("What happened")
    for moment in found.timeline:
        when = " " * 9 if moment.at_s is None else f"{moment.at_s:8.1f}s"
        typer.echo(f"{moment.at:%H:%M:%S} {when}  {moment.text}")
    _heading("How fast it answered, in seconds from the participant's last sound")
    if found.latency:
        typer.echo(f"{'':<14}{'n':>5}{'p50':>8}{'p95':>8}{'max':>8}")
        for stage, value in found.latency.items():
            name = stage.removesuffix("_s").replace("_", " ")
            typer.echo(f"{name:<14}{value.n:>5}{value.p50:>8.2f}{value.p95:>8.2f}{value.max:>8.2f}")
    else:
        typer.echo("No turn was timed.")
    _heading("What was said")
    said = to_text(found.transcript).split("\n\n", 1)[1] if found.transcript.turns else "Nothing.\n"
    typer.echo(said, nl=False)


def _heading(text: str) -> None:
    typer.echo(f"\n{text}\n{'-' * len(text)}")
