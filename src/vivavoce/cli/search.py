"""`vivavoce search`: who said what, and where it is to be heard."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from vivavoce.cli.session import with_storage

if TYPE_CHECKING:
    from vivavoce.storage.open import Storage
    from vivavoce.storage.search import Hit, Hits, Where


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("search")(search)


def search(
    terms: Annotated[
        list[str],
        typer.Argument(
            metavar="[STUDY] WORDS…",
            help='A study\'s id, unless --all is given, and what is sought: all words, "in this order", or for either, '
            "-word for none.",
        ),
    ],
    everywhere: Annotated[bool, typer.Option("--all", help="In the interviews of all studies.")] = False,
    session: Annotated[str | None, typer.Option(help="Only in this session.")] = None,
    participant: Annotated[str | None, typer.Option(help="Only of this participant.")] = None,
    speaker: Annotated[
        Literal["participant", "moderator"] | None, typer.Option(help="Only what this one said.")
    ] = None,
    phase: Annotated[str | None, typer.Option(help="Only in this phase.")] = None,
    question: Annotated[
        str | None, typer.Option(help="Only where this question is asked or answered.")
    ] = None,
    topic: Annotated[str | None, typer.Option(help="Only where a question serves this topic.")] = None,
    language: Annotated[
        str | None, typer.Option(help="Only what was said in this language, such as de.")
    ] = None,
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only interviews from this day on (UTC).")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only interviews before this day (UTC).")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most, the best first.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="JSON for programs.")] = False,
) -> None:
    """Search what was said, in a study's interviews or in all, and say where it is to be heard."""
    from vivavoce.storage.search import Where

    study, words = (None, terms) if everywhere else (terms[0], terms[1:])
    if not words:
        raise typer.BadParameter("give a study and words, or --all and words", param_hint="WORDS")
    where = Where(
        study=study,
        session=session,
        participant=participant,
        speaker=speaker,
        phase=phase,
        question=question,
        topic=topic,
        language=language,
        since=None if since is None else since.replace(tzinfo=UTC),
        until=None if until is None else until.replace(tzinfo=UTC),
    )
    found = with_storage(lambda storage: _found(storage, " ".join(words), where, limit))
    if as_json:
        typer.echo(json.dumps(dataclasses.asdict(found), indent=2, default=str, ensure_ascii=False))
    else:
        _print(found)


async def _found(storage: Storage, words: str, where: Where, limit: int) -> Hits:
    from vivavoce.pipeline.searching import catch_up

    if where.study is not None and not await storage.sessions.list(study_id=where.study, limit=1):
        await storage.studies.get(where.study)  # says that there is none
    await catch_up(storage.search)
    return await storage.search.find(words, where, limit=limit)


def _print(found: Hits) -> None:
    if not found.hits:
        typer.echo("Nothing found.")
        return
    for hit in found.hits:
        typer.echo(typer.style(_place(hit), dim=True))
        typer.echo(
            "  "
            + "".join(
                typer.style(run, bold=True, underline=True) if mark else run for run, mark in hit.headline
            )
        )
    shown = "" if len(found.hits) == found.segments else f"; the best {len(found.hits)} are shown"
    typer.echo(f"\n{found.segments} in {found.sessions} interviews{shown}.")


def _place(hit: Hit) -> str:
    from vivavoce.pipeline.exports.bundle import clock

    said = hit.passage
    parts = [
        hit.study_id,
        hit.participant,
        f"{hit.session_id} at {clock(said.start_s)}",
        said.speaker,
        said.language or "language unknown",
        None if said.question is None else f"question {said.question}",
        None if said.recording is None else f"{said.recording} at {said.at_s:.1f} s",
    ]
    return " · ".join(part for part in parts if part)
