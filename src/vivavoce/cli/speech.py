"""The `vivavoce speech` command: the speech server on its own."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the commands of this group to the command line."""
    app.command("speech")(speech)


def speech(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8090,
    engines: Annotated[
        str | None, typer.Option(help="Comma-separated; default: the settings' speech.engines.")
    ] = None,
    models_dir: Annotated[Path | None, typer.Option(help="Where pulled models are.")] = None,
    exit_with_parent: Annotated[
        bool, typer.Option("--exit-with-parent", help="End when the process that started this ends.")
    ] = False,
) -> None:
    """Run the speech server: OpenAI-compatible speech and transcription, on this machine's processors."""
    parent = os.getppid() if exit_with_parent else None
    from vivavoce import settings
    from vivavoce.ops.speech import run
    from vivavoce.speech.clips import ClipStore
    from vivavoce.speech.engines import ENGINES
    from vivavoce.speech.store import ModelStore
    from vivavoce.telemetry import logging

    loaded = settings.load()
    logging.configure(level=loaded.log.level, format=loaded.log.format)
    names: Sequence[str] = [name.strip() for name in engines.split(",")] if engines else loaded.speech.engines
    known = [*ENGINES, *loaded.speech.upstreams]
    unknown = [name for name in names if name not in known]
    if unknown or not names:
        raise typer.BadParameter(
            f"there is no engine {', '.join(unknown)}; choose from {', '.join(known)}",
            param_hint="--engines",
        )
    run(
        names,
        store=ModelStore(models_dir or loaded.models_dir),
        clips=ClipStore(loaded.data_dir / "voices"),
        settings=loaded.speech,
        host=host,
        port=port,
        parent=parent,
    )
