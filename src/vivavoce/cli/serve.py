"""`vivavoce serve`, `demo`, `drain`, `invite` and `publish`: the one-machine shape from the command line."""

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
    app.command("drain")(drain)
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
    said = settings.money.machine_hour_usd is not None
    settings = settings.model_copy(update={"money": settings.money.free_unless_said()})
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
        if not said:
            console.print("  An hour of this machine is taken to cost nothing.", style="dim")
        console.print("  Ctrl-C stops.", style="dim")
        await asyncio.Event().wait()

    _run(settings, show)


def drain(
    wait: Annotated[bool, typer.Option(help="Come back when the server has ended.")] = True,
) -> None:
    """Tell the server of this data folder to take no new interview, let those that run finish, and end."""
    settings = _load()
    _configure_logging(settings, quiet=True)
    from vivavoce.ops.drain import drain_here

    def told(pid: int) -> None:
        limit = f"{settings.host.drain_s:.0f} s at most" if wait else "without waiting for it"
        typer.echo(f"Server {pid} drains, {limit}.")

    asyncio.run(drain_here(settings, wait=wait, on_told=told))
    if wait:
        typer.echo("It has ended.")


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
    held = await server.host.worn_out()
    console.print(f"{held} sessions were held, so this server ends; its supervisor starts a fresh one.")


def _run(settings: Settings, work: Callable[[Server, Console], Awaitable[None]]) -> None:
    """Start the server, do the work until SIGINT or SIGTERM, stop in order.

    SIGTERM lets interviews finish first, for `host.drain_s` at most. SIGINT, a Ctrl-C at the terminal, ends them with a
    goodbye, also in the middle of a drain.
    """
    from rich.console import Console

    from vivavoce.ops.serve import serve as start

    console = Console(stderr=False, highlight=False)

    async def main() -> None:
        task = asyncio.current_task()
        assert task is not None
        loop = asyncio.get_running_loop()
        asked = False
        at_once = asyncio.Event()
        running: Server | None = None

        def stop(number: signal.Signals) -> None:
            # Asking again does not cut the goodbye short.
            nonlocal asked
            if number is signal.SIGINT:
                at_once.set()
            if running is not None:
                running.host.begin_drain()
            if not asked:
                asked = True
                task.cancel()

        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop, number)
        try:
            async with start(
                settings, on_step=lambda step: console.print(f"{step} …", style="dim")
            ) as server:
                running = server
                try:
                    await work(server, console)
                finally:
                    if asked:
                        task.uncancel()
                        await _drain(server, console, at_once)
                        console.print("Stopping: sessions say goodbye, recordings are kept …", style="dim")
        except asyncio.CancelledError:
            if not asked:
                raise

    asyncio.run(main())


async def _drain(server: Server, console: Console, at_once: asyncio.Event) -> None:
    """Let the interviews that run finish, unless they are to end at once."""
    used = server.host.capacity().used
    if at_once.is_set() or not used:
        return
    console.print(f"Draining: {used} interviews may finish. Ctrl-C ends them now …", style="dim")
    draining = asyncio.create_task(server.host.drain(), name="drain")
    asked = asyncio.create_task(at_once.wait(), name="drain.at_once")
    await asyncio.wait((draining, asked), return_when=asyncio.FIRST_COMPLETED)
    for task in (draining, asked):
        task.cancel()
    await asyncio.gather(draining, asked, return_exceptions=True)


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
