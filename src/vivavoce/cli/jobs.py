"""`vivavoce worker` and the `vivavoce jobs` commands: what follows interviews, done elsewhere and looked after."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import signal
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from vivavoce.cli.session import with_storage
from vivavoce.cli.table import print_table

if TYPE_CHECKING:
    from vivavoce.storage.jobs import Job
    from vivavoce.storage.open import Storage

jobs = typer.Typer(no_args_is_help=True, help="Jobs that follow interviews: listed, and tried again.")


def register(app: typer.Typer) -> None:
    """Add the commands of this group to the command line."""
    app.add_typer(jobs, name="jobs")
    app.command("worker")(worker)


def worker(
    stages: Annotated[
        str | None, typer.Option(help="Stages to do, separated by commas; default: all there are.")
    ] = None,
) -> None:
    """Do the jobs that follow interviews, until stopped: transcripts out of recordings."""
    from vivavoce.ops.pipeline import work
    from vivavoce.settings import load
    from vivavoce.storage.jobs import STAGES
    from vivavoce.telemetry.logging import configure

    only = None if stages is None else [name.strip() for name in stages.split(",") if name.strip()]
    for name in only or ():
        if name not in STAGES:
            raise typer.BadParameter(
                f"there is no stage {name!r}; there are {', '.join(STAGES)}", param_hint="--stages"
            )
    settings = load()
    configure(level=settings.log.level, format=settings.log.format)

    async def until_stopped() -> None:
        task = asyncio.create_task(work(settings, only=only), name="worker")
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
        await asyncio.wait([task])
        if not task.cancelled():
            task.result()

    asyncio.run(until_stopped())


@jobs.command("list")
def list_jobs(
    state: Annotated[
        Literal["waiting", "running", "dead"] | None, typer.Option(help="Only those in this state.")
    ] = None,
    stage: Annotated[str | None, typer.Option(help="Only those of this stage.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many at most, the oldest first.")] = 100,
    as_json: Annotated[bool, typer.Option("--json", help="JSON for programs.")] = False,
) -> None:
    """List jobs that are not done, and why those failed that did."""

    async def read(storage: Storage) -> Sequence[Job]:
        return await storage.jobs.list(stage=stage, state=state, limit=limit)

    found = with_storage(read)
    if as_json:
        typer.echo(json.dumps([dataclasses.asdict(job) for job in found], indent=2, default=str))
    elif found:
        _print_table(found)
    else:
        typer.echo("No jobs.")


@jobs.command("retry")
def retry_jobs(
    job: Annotated[str, typer.Argument(metavar="JOB", help="A dead job's number, or `all`.")],
) -> None:
    """Have dead jobs tried again."""
    if job != "all" and not job.isdecimal():
        raise typer.BadParameter("it should be a number, or `all`", param_hint="JOB")
    count = with_storage(lambda storage: storage.jobs.retry(None if job == "all" else int(job)))
    typer.echo(f"{count} to be tried again." if count else "No dead jobs.")


def _print_table(found: Sequence[Job]) -> None:
    rows = [("JOB", "STAGE", "SESSION", "STATE", "TRIES", "DUE (UTC)", "LAST FAILURE")]
    rows += [
        (
            str(job.id),
            job.stage,
            job.session_id,
            job.state,
            str(job.attempts),
            "-" if job.due_at is None else f"{job.due_at:%Y-%m-%d %H:%M}",
            "-" if job.failure is None else f"{job.failure[0]}: {job.failure[1]}",
        )
        for job in found
    ]
    print_table(rows)
