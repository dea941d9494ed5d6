"""`vivavoce serve`, `demo`, `invite` and `publish`: the one-machine shape from the command line."""

from __future__ import annotations

import asyncio
import shutil
import signal
import sys
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from vivavoce.ops.composition import Server
    from vivavoce.settings import Settings

DEMO_STUDY = "demo.yaml"


def register(app: typer.Typer) -> None:
    """Add the commands of this group to the command line."""
    app.command("serve")(serve)
    app.command("demo")(demo)
    app.command("invite")(invite)
    app.command("publish")(publish)


def serve(
    port: Annotated[
        int | None, typer.Option(help="Web port; 0 takes a free one. Default: VIVAVOCE_WEB__PORT.")
    ] = None,
) -> None:
    """Run everything on this machine: database, speech server, agent host and web."""
    settings = _with_port(_load(), port)
    _configure_logging(settings)
    _run(settings, _serve_until_stopped)


def demo(
    port: Annotated[
        int | None, typer.Option(help="Web port; 0 takes a free one. Default: VIVAVOCE_WEB__PORT.")
    ] = None,
    study: Annotated[
        Path | None, typer.Option(help="A study file of yours instead of the demo study.")
    ] = None,
) -> None:
    """Hold the demo interview in your browser: prints one link."""
    settings = _with_port(_load(), port)
    _configure_logging(settings, quiet=True)

    async def show(server: Server, console: Console) -> None:
        data, source = _demo_study(study)
        with _shown(console, "Preparing the moderator's voice") as on_progress:
            published = await server.publish(data, source=source, on_progress=on_progress)
        [link] = await server.invite(published.id)
        console.print()
        title = published.title.text(published.languages[0])
        console.print(f"  [bold]{title}[/bold], about {published.minutes} minutes.")
        console.print("  Open this link in a browser with a microphone:")
        console.print()
        console.print(f"  {link}", style="bold cyan", soft_wrap=True)
        console.print()
        command = _called()
        console.print("  Afterwards, here or in another terminal:", style="dim")
        console.print(f"  {command} session show latest", style="dim", soft_wrap=True)
        console.print(f"  {command} export latest --format txt", style="dim", soft_wrap=True)
        console.print("  Ctrl-C stops.", style="dim")
        await asyncio.Event().wait()

    _run(settings, show)


def publish(
    study: Annotated[Path, typer.Argument(help="A study file.")],
) -> None:
    """Check a study, keep it, and make the sound of everything it says."""
    settings = _load()
    _configure_logging(settings, quiet=True)

    async def work() -> None:
        from rich.console import Console

        from vivavoce.ops.publish import publish_here

        console = Console()
        with _shown(console, f"Preparing {study.name}") as on_progress:
            published = await publish_here(
                settings, study.read_bytes(), source=str(study), on_progress=on_progress
            )
        console.print(f"Published {published.id}: `vivavoce invite {published.id}` makes links.")

    asyncio.run(work())


def invite(
    study: Annotated[str, typer.Argument(help="Id of a published study.")],
    count: Annotated[int, typer.Option(min=1, max=10_000, help="How many links.")] = 1,
    language: Annotated[str | None, typer.Option(help="Language the page opens in.")] = None,
) -> None:
    """Make invitation links, one a participant."""
    settings = _load()
    _configure_logging(settings, quiet=True)

    async def work() -> None:
        from vivavoce.ops.invite import invite_here

        for link in await invite_here(settings, study, count, language=language):
            typer.echo(link)

    asyncio.run(work())


async def _serve_until_stopped(server: Server, console: Console) -> None:
    console.print(f"Ready at {server.url}. Ctrl-C stops.")
    await asyncio.Event().wait()


def _run(settings: Settings, work: Callable[[Server, Console], Awaitable[None]]) -> None:
    """Start the server, do the work until SIGINT or SIGTERM, stop in order."""
    from rich.console import Console

    from vivavoce.ops.serve import serve as start

    console = Console(stderr=False, highlight=False)

    async def main() -> None:
        task = asyncio.current_task()
        assert task is not None
        loop = asyncio.get_running_loop()
        asked = False

        def stop() -> None:
            # Asking again does not cut the goodbye short.
            nonlocal asked
            if not asked:
                asked = True
                task.cancel()

        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop)
        try:
            async with start(
                settings, on_step=lambda step: console.print(f"{step} …", style="dim")
            ) as server:
                try:
                    await work(server, console)
                finally:
                    if asked:
                        console.print("Stopping: sessions say goodbye, recordings are kept …", style="dim")
                        task.uncancel()
        except asyncio.CancelledError:
            if not asked:
                raise

    asyncio.run(main())


def _called() -> str:
    """How this command is called from here: an installation in a virtual environment need not be on the path."""
    ours = Path(sys.executable).with_name("vivavoce")
    found = shutil.which("vivavoce")
    if found is not None and Path(found).resolve() == ours.resolve():
        return "vivavoce"
    return str(ours.relative_to(Path.cwd())) if ours.is_relative_to(Path.cwd()) else str(ours)


def _demo_study(path: Path | None) -> tuple[bytes, str]:
    if path is not None:
        return path.read_bytes(), str(path)
    packaged = resources.files("vivavoce").joinpath("studies", DEMO_STUDY)
    if packaged.is_file():
        return packaged.read_bytes(), DEMO_STUDY
    checkout = Path(__file__).parents[3] / "studies" / DEMO_STUDY
    return checkout.read_bytes(), str(checkout)


def _load() -> Settings:
    from vivavoce.settings import load

    return load()


def _with_port(settings: Settings, port: int | None) -> Settings:
    if port is None:
        return settings
    return settings.model_copy(update={"web": settings.web.model_copy(update={"port": port})})


def _configure_logging(settings: Settings, *, quiet: bool = False) -> None:
    from vivavoce.telemetry.logging import configure

    level = "warning" if quiet and settings.log.level == "info" else settings.log.level
    configure(level=level, format=settings.log.format)


@contextmanager
def _shown(console: Console, what: str) -> Generator[Callable[[str, int, int], None]]:
    """A bar for work of minutes, on a terminal; elsewhere a line that says that it has begun."""
    if not console.is_terminal:
        console.print(f"{what} …")
        yield lambda language, done, total: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    with Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), console=console
    ) as bars:
        task = bars.add_task(what, total=None)
        yield lambda language, done, total: bars.update(
            task, description=f"{what} ({language})", completed=done, total=total
        )
