"""A simulation against a host of its own: started here, used once, stopped again.

The participants run in a child process, so that their work is not done by the event loop that is being measured.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from vivavoce.ops.serve import serve
from vivavoce.ops.simulate.prepare import StudyFile, answers_store, voice_for
from vivavoce.ops.simulate.repertoire import spoken
from vivavoce.settings import Settings

STOP_TIMEOUT_S = 10.0

Step = Callable[[str], None]
"""Told what is being done, for people."""


def own_settings(settings: Settings, sessions: int) -> Settings:
    """Settings for a host beside the user's own: a data folder, a database, a port and slots for itself."""
    return settings.model_copy(
        update={
            "data_dir": settings.data_dir / "simulate",
            "database_url": None,
            "recordings_url": None,
            "web": settings.web.model_copy(update={"host": "127.0.0.1", "port": 0, "public_url": None}),
            # What it would cost is asked of a deployment; this is an experiment.
            "money": settings.money.free_unless_said(),
            "host": settings.host.model_copy(update={"slots": max(settings.host.slots, sessions)}),
        }
    )


async def simulate_embedded(
    settings: Settings,
    study: StudyFile,
    *,
    sessions: int,
    language: str | None,
    speak: bool,
    arguments: Sequence[str],
    on_step: Step,
) -> int:
    """Start a host, invite as many participants, and run `vivavoce simulate` with their links in a child process.

    Args:
        settings: the user's.
        study: what is held.
        sessions: how many.
        language: of the interviews; None takes the study's first.
        speak: whether participants use built-in answers, whose sound is made before the calls.
        arguments: further ones for the child.
        on_step: told what is being done.

    Returns:
        the child's exit code.
    """
    async with serve(own_settings(settings, sessions), on_step=on_step) as server:
        on_step("Preparing the moderator's voice")
        published = await server.publish(study.data, source=study.source)
        if speak:
            on_step("Preparing the participants' voice")
            voice = voice_for(study.study, language, server.cast)
            await spoken(voice, client=server.client, store=answers_store(settings))
        links = await server.invite(published.id, sessions, language=language)
        with tempfile.NamedTemporaryFile("w", suffix=".links", encoding="utf-8") as file:
            file.write("\n".join(links) + "\n")
            file.flush()
            on_step(f"Holding {sessions} interview{'s' if sessions > 1 else ''}")
            return await _child([study.source, "--links", file.name, *arguments])


async def _child(arguments: Sequence[str]) -> int:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "vivavoce.cli", "simulate", *arguments
    )
    try:
        return await process.wait()
    finally:
        if process.returncode is None:  # cancelled: the child goes with us
            process.terminate()
            try:
                async with asyncio.timeout(STOP_TIMEOUT_S):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()


def forwarded(**options: object) -> list[str]:
    """Options as the child's arguments: `barge_in=0.5` is `--barge-in 0.5`; those that are None are left away."""
    arguments: list[str] = []
    for name, value in options.items():
        if value is not None:
            arguments += [
                f"--{name.replace('_', '-')}",
                str(value.absolute() if isinstance(value, Path) else value),
            ]
    return arguments
