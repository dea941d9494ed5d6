"""The `vivavoce` command: joins the command groups and turns our errors into messages."""

from __future__ import annotations

import sys

import typer

from vivavoce import __version__
from vivavoce.cli import (
    agent,
    codes,
    cost,
    jobs,
    models,
    rehearse,
    serve,
    session,
    settings,
    simulate,
    speech,
    study,
)
from vivavoce.errors import VivavoceError

app = typer.Typer(
    name="vivavoce",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Self-hosted spoken interviews led by an AI moderator.",
)
for group in (study, rehearse, models, session, jobs, codes, cost, speech, serve, agent, simulate, settings):
    group.register(app)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _root(  # pyright: ignore[reportUnusedFunction]  # typer calls it
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Print the version."
    ),
) -> None:
    pass


def main() -> None:
    """Run the command line; one of our own errors becomes its message and exit code 1."""
    try:
        app()
    except VivavoceError as error:
        typer.echo(f"{error.what}\n{error.next_step}", err=True)
        sys.exit(1)
