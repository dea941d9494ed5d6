"""The `vivavoce speech` commands."""

from __future__ import annotations

import typer


def register(app: typer.Typer) -> None:
    """Add the commands of this group to the command line."""
