"""The `vivavoce simulate` command: participants made of code hold whole interviews and measure the agent."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from vivavoce.ops.simulate import Report, Spread
    from vivavoce.ops.simulate.report import Outcome
    from vivavoce.settings import Settings


def register(app: typer.Typer) -> None:
    """Add the commands of this group to the command line."""
    app.command("simulate")(simulate)


def simulate(
    study: Annotated[Path, typer.Argument(help="The study file, such as studies/demo.yaml.")],
    sessions: Annotated[
        int | None,
        typer.Option(min=1, max=500, help="Interviews at the same time; default: 1, or one a link."),
    ] = None,
    transport: Annotated[
        Literal["webrtc", "websocket", "livekit"],
        typer.Option(help="How sound travels; livekit needs --url or --links of a server on an SFU."),
    ] = "webrtc",
    url: Annotated[
        list[str] | None,
        typer.Option(help="An invitation link of a running host; repeat it for more sessions."),
    ] = None,
    links: Annotated[Path | None, typer.Option(help="A file of invitation links, one a line.")] = None,
    answers: Annotated[
        Path | None, typer.Option(help="A folder of wav files to answer with; default: a synthetic voice.")
    ] = None,
    language: Annotated[
        str | None, typer.Option(help="Of the interviews; default: as the link says.")
    ] = None,
    barge_in: Annotated[
        float, typer.Option(min=0, max=1, help="Share of turns that interrupt the agent.")
    ] = 0.25,
    seed: Annotated[int, typer.Option(help="Other numbers, other answers in another order.")] = 1,
    ramp: Annotated[float, typer.Option(min=0, help="Seconds between the beginnings of two calls.")] = 0.5,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the report there, as JSON.")] = None,
) -> None:
    """Hold interviews with simulated participants and measure the agent at their ears.

    Without --url or --links a host is started for it here. Exit code 0 only if every interview reached its end.
    """
    if json_file is not None and not json_file.absolute().parent.is_dir():
        raise typer.BadParameter(f"there is no folder {json_file.absolute().parent} to write the report to")
    from rich.console import Console

    from vivavoce.settings import load

    here = load()
    _configure_logging(here)
    console = Console(stderr=True, highlight=False)
    if url is None and links is None and transport == "livekit":
        raise typer.BadParameter("calls through an SFU need --url or --links of a server that stands on it")
    if url is None and links is None:
        from vivavoce.ops.simulate.embedded import forwarded, simulate_embedded
        from vivavoce.ops.simulate.prepare import read_study

        async def embedded() -> int:
            task = asyncio.current_task()
            assert task is not None
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
            return await simulate_embedded(
                here,
                read_study(study),
                sessions=sessions or 1,
                language=language,
                speak=answers is None,
                arguments=forwarded(
                    transport=transport,
                    answers=answers,
                    language=language,
                    barge_in=barge_in,
                    seed=seed,
                    ramp=ramp,
                    json=json_file,
                ),
                on_step=lambda step: console.print(f"{step} …", style="dim"),
            )

        try:
            code = asyncio.run(embedded())
        except asyncio.CancelledError:
            code = 128 + signal.SIGTERM
        raise typer.Exit(code)

    from vivavoce.ops import simulate as simulation
    from vivavoce.ops.simulate.prepare import read_links, read_study, repertoire

    invited = [*(url or []), *(read_links(links) if links else [])]
    if sessions is not None and sessions > len(invited):
        raise typer.BadParameter(f"{sessions} sessions need as many links; there are {len(invited)}")
    invited = invited[: sessions or len(invited)]
    file = read_study(study)

    async def run() -> Report:
        plan = simulation.Plan(
            connect=simulation.LINES[transport],
            repertoire=await repertoire(here, file.study, language=language, answers=answers),
            manner=simulation.Manner(barge_in=barge_in),
            language=language,
            limit_s=file.study.limits.hard_limit_s,
            seed=seed,
        )
        return await simulation.simulate(
            invited,
            plan,
            study=file.study.id,
            transport=transport,
            ramp_s=ramp,
            on_outcome=lambda outcome: _print_outcome(console, outcome, len(invited)),
        )

    report = asyncio.run(run())
    if json_file is not None:
        json_file.write_text(json.dumps(report.as_json(), indent=2) + "\n", encoding="utf-8")
    _print_report(Console(file=sys.stdout, highlight=False), report, simulation.LATE_S)
    if not report.reached_the_end:
        raise typer.Exit(1)


def _configure_logging(here: Settings) -> None:
    """What a host says in passing would bury the report; `VIVAVOCE_LOG__LEVEL=debug` still shows it."""
    from vivavoce.telemetry.logging import configure

    configure(level="warning" if here.log.level == "info" else here.log.level, format=here.log.format)


def _print_outcome(console: Console, outcome: Outcome, total: int) -> None:
    came_of_it = "reached its end" if outcome.failure is None else f"failed: {outcome.failure.reason}"
    turns = outcome.measured.turns
    console.print(
        f"session {outcome.session + 1} of {total} {came_of_it} after {outcome.duration_s:.0f} s, {turns} turns"
    )


def _print_report(console: Console, report: Report, late_s: float) -> None:
    from rich.table import Table

    table = Table("at the participant's ear", box=None, pad_edge=False)
    for name in ("n", "p50", "p95", "max"):
        table.add_column(name, justify="right")
    _add(table, "response, s", report.response_s)
    _add(table, "barge-in to silence, s", report.barge_in_s)
    _add(table, "time to first voice, s", report.ttfv_s)
    _add(table, "simulator's own lag, s", report.simulator_lag_s)
    console.print(
        f"{report.study} over {report.transport}: {report.completed} of {len(report.outcomes)} sessions "
        f"reached their end, {report.total('turns')} turns"
    )
    console.print(table)
    for name, what in (
        ("cut_ins", "turns in which the agent began to speak before the participant had finished"),
        ("unanswered", "turns that the agent left unanswered"),
        ("missed_barge_ins", "interruptions that came when the agent had just finished"),
    ):
        if report.total(name):
            console.print(f"{report.total(name)} {what}")
    for reason, count in report.reasons():
        first = next(failure for failure in report.failures if failure.reason == reason)
        console.print(f"{count} failed: {reason}. {first.detail}")
    lag = report.simulator_lag_s.p95
    if lag is not None and lag > late_s:
        console.print(
            f"The simulator itself was late ({lag:.3f} s at p95): these figures say more about it than about the host. "
            "Run fewer sessions here."
        )


def _add(table: Table, name: str, spread: Spread) -> None:
    figures = ("" if value is None else f"{value:.3f}" for value in (spread.p50, spread.p95, spread.max))
    table.add_row(name, str(spread.n), *figures)
