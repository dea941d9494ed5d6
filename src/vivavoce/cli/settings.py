"""The `vivavoce settings` command: every setting, what it is now, and who said so."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from vivavoce.settings import SettingRow


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("settings")(show)


def show(
    config: Annotated[Path | None, typer.Option(help="A TOML file instead of the usual one.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Print every setting: its value, where that came from, and what it means. Secrets are masked."""
    from vivavoce import settings

    try:
        rows = settings.describe(config=config)
    except settings.SettingsError:
        # The error sends people here to look names up; show them, then say what is wrong.
        if not as_json:
            _print(settings.defaults())
        raise
    if as_json:
        typer.echo(json.dumps([asdict(row) for row in rows], indent=2, ensure_ascii=False))
    else:
        _print(rows)


def _print(rows: list[SettingRow]) -> None:
    for row in rows:
        typer.echo(f"{row.variable} = {row.value or ''}".rstrip() + f"  ({row.source})")
        typer.echo(f"    {row.description}")
