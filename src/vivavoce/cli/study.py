"""The `vivavoce study` commands: is a study file right, and what is in it."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from vivavoce.protocol.check import CheckResult
    from vivavoce.protocol.outline import Outline
    from vivavoce.protocol.study import Study

study = typer.Typer(no_args_is_help=True, help="Study files: checked and shown.")


class Format(StrEnum):
    """How a check is reported."""

    TEXT = "text"
    JSON = "json"


def register(app: typer.Typer) -> None:
    """Add the commands of this group to the command line."""
    app.add_typer(study, name="study")


@study.command("check")
def check_files(
    files: Annotated[list[Path], typer.Argument(help="Study files.")],
    format: Annotated[Format, typer.Option(help="Text for people, or JSON.")] = Format.TEXT,
) -> None:
    """Report every problem of study files, with its line and what to write instead.

    Where the settings here name servers for models or speech, it is a warning that a study could not be published with
    them, say for want of a price. Exit code 1 if a file has errors; warnings alone are no failure.
    """
    results = [_held_here(_check(path)) for path in files]
    if format is Format.JSON:
        typer.echo(json.dumps([_as_json(result) for result in results], indent=2, ensure_ascii=False))
    else:
        for result in results:
            _print(result)
    if any(result.study is None for result in results):
        raise typer.Exit(1)


@study.command("show")
def show_study(
    file: Annotated[Path, typer.Argument(help="A study file.")],
    language: Annotated[
        str | None, typer.Option(help="In which language; default: the study's first.")
    ] = None,
) -> None:
    """Outline a study: its phases, questions and probes, and how long an interview may take."""
    from vivavoce.protocol.outline import outline

    found = read_file(file)
    _print_outline(outline(found, language or found.languages[0]), found)


def read_file(path: Path) -> Study:
    """The study in a file.

    Raises:
        StudyError: it has errors, or cannot be read.
    """
    from vivavoce.protocol.problems import StudyError

    result = _check(path)
    if result.study is None:
        raise StudyError(result.problems, source=result.source)
    return result.study


def _check(path: Path) -> CheckResult:
    from vivavoce.protocol.check import CheckResult, check_study
    from vivavoce.protocol.problems import Problem
    from vivavoce.protocol.tree import MAX_BYTES

    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        problem = Problem(1, 1, "", "error", f"The file cannot be read: {error.strerror}.", "Check the path.")
        return CheckResult(str(path), None, (problem,))
    return check_study(data, source=str(path))


def _held_here(result: CheckResult) -> CheckResult:
    """With a warning, if the study could not be published with the settings that there are here."""
    from vivavoce.settings import SettingsError, load

    if result.study is None:
        return result
    try:
        settings = load()
    except SettingsError:
        return result  # nothing is known of where it will be held
    elsewhere = (settings.llm.profiles, settings.guard.profiles, settings.stt.profiles, settings.tts.profiles)
    if settings.speech.url is None and not settings.speech.upstreams and not any(elsewhere):
        return result
    from vivavoce.ops.publish import unready  # a second, which a file alone does not take

    problem = unready(settings, result.study)
    return result if problem is None else replace(result, problems=(*result.problems, problem))


def _as_json(result: CheckResult) -> dict[str, object]:
    return {
        "file": result.source,
        "ok": result.study is not None,
        "id": result.study.id if result.study else None,
        "content_hash": result.study.content_hash if result.study else None,
        "problems": [asdict(problem) for problem in result.problems],
    }


def _print(result: CheckResult) -> None:
    for problem in result.problems:
        kind = "warning: " if problem.severity == "warning" else ""
        typer.echo(f"{result.source}:{problem.line}:{problem.column}: {kind}{problem.message}")
        typer.echo(f"    {problem.suggestion}")
    errors = len(result.errors)
    warnings = len(result.problems) - errors
    if result.study is None:
        typer.echo(f"{result.source}: {_count(errors, 'error')}, {_count(warnings, 'warning')}")
        return
    questions = sum(1 for _ in result.study.questions())
    fine = "no problems" if not warnings else _count(warnings, "warning")
    about = f"{_count(questions, 'question')}, about {_count(result.study.minutes, 'minute')}"
    typer.echo(f"{result.source}: {fine} ({about})")


def _print_outline(shown: Outline, source: Study) -> None:
    typer.echo(f"{shown.title} ({shown.id}), in {shown.language}; languages: {', '.join(source.languages)}")
    typer.echo(f"content {shown.content_hash}")
    if source.moderator.thinks:
        named = source.moderator.profile or "that is the default"
        spoken = source.moderator.realtime
        by = f"model profile {named}" if spoken is None else f"speech-to-speech profile {spoken}"
        typer.echo(f"moderated by the {by}, freedom: {source.moderator.freedom}")
    for number, phase in enumerate(shown.phases, start=1):
        typer.echo("")
        typer.echo(
            f"{number}. {phase.title} ({phase.id}): {phase.min_minutes:g} to {phase.max_minutes:g} min, "
            f"{phase.turn_profile}, {phase.words} words"
        )
        typer.echo(f"   {phase.objective}")
        for question in phase.questions:
            mark = "*" if question.required else "-"
            typer.echo(f"   {mark} {question.id}: {question.wording}")
            if question.probes:
                typer.echo(f"       probes: {', '.join(question.probes)}")
    questions = sum(len(phase.questions) for phase in shown.phases)
    typer.echo("")
    counts = f"{_count(questions, 'question')} (* required), {_count(len(source.probes), 'probe')}"
    typer.echo(f"{counts}, {shown.words} words to say")
    typer.echo(
        f"estimated at {shown.estimate_s / 60:.0f} min, planned for {source.minutes} min, "
        f"ends at {shown.hard_limit_minutes:g} min at the latest"
    )


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
