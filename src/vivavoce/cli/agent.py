"""The `vivavoce agent` command: a worker that holds interviews for servers on a LiveKit SFU."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine

import typer


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("agent")(agent)


def agent() -> None:
    """Hold the interviews that a LiveKit SFU sends here: an agent worker, beside `vivavoce serve`."""
    from vivavoce.settings import load
    from vivavoce.telemetry.logging import configure

    settings = load()
    configure(level=settings.log.level, format=settings.log.format)
    if settings.livekit.url is not None and settings.database_url is not None:
        # Beside what follows, which takes as long.
        from vivavoce.agent.entry import begin_loading

        begin_loading()
    from rich.console import Console

    from vivavoce.ops.agent import agent_worker

    console = Console(stderr=False, highlight=False)

    async def main() -> None:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None
        asked, at_once = asyncio.Event(), asyncio.Event()
        running = False

        def stop(number: signal.Signals) -> None:
            if number is signal.SIGINT:
                at_once.set()
            if not running and not asked.is_set():
                task.cancel()
            asked.set()

        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop, number)
        try:
            async with agent_worker(
                settings, on_step=lambda step: console.print(f"{step} …", style="dim")
            ) as worked:
                running = True
                console.print(f"Ready for sessions from {settings.livekit.url}. Ctrl-C stops.")
                await _first(asked.wait(), worked.work)
                if worked.work.done():
                    await worked.work
                worked.worker.begin_drain()
                if not at_once.is_set() and worked.worker.capacity().used:
                    console.print(f"Draining: {worked.worker.capacity().used} interviews may finish …")
                    await _first(worked.worker.drain(), at_once.wait())
                console.print("Stopping: sessions say goodbye, recordings are kept …", style="dim")
        except asyncio.CancelledError:
            if not asked.is_set():
                raise

    asyncio.run(main())


async def _first(*works: Coroutine[object, object, object] | asyncio.Task[None]) -> None:
    """Wait until the first of them is done; those that are coroutines end with it."""
    begun = [asyncio.create_task(work) for work in works if not isinstance(work, asyncio.Task)]
    others = [work for work in works if isinstance(work, asyncio.Task)]
    await asyncio.wait((*begun, *others), return_when=asyncio.FIRST_COMPLETED)
    for task in begun:
        task.cancel()
    await asyncio.gather(*begun, return_exceptions=True)
