"""The `vivavoce codes` commands: a study's codebook."""

from __future__ import annotations

import getpass
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from vivavoce.cli.session import with_storage
from vivavoce.cli.table import print_table

if TYPE_CHECKING:
    from vivavoce.pipeline.codes import Author, Code

codes = typer.Typer(no_args_is_help=True, help="A study's codes: what its interviews are coded by.")

Study = Annotated[str, typer.Argument(metavar="STUDY", help="The study's id.")]
Definition = Annotated[str | None, typer.Option(help="What it means.")]
Include = Annotated[str | None, typer.Option(help="When it is given.")]
Exclude = Annotated[str | None, typer.Option(help="When it is not given.")]
Examples = Annotated[
    list[str] | None, typer.Option("--example", help="Words that get it; may be given several times.")
]
By = Annotated[str | None, typer.Option(help="Who edits; default: the name of this account.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this group to the command line."""
    app.add_typer(codes, name="codes")


@codes.command("list")
def list_codes(
    study: Study,
    as_json: Annotated[bool, typer.Option("--json", help="JSON for programs, and for `import`.")] = False,
) -> None:
    """List a study's codes."""
    from vivavoce.ops.codes import present

    book = with_storage(lambda storage: present(storage, study))
    if as_json:
        typer.echo(
            json.dumps([code.model_dump(mode="json") for code in book.codes], indent=2, ensure_ascii=False)
        )
    elif book.codes:
        rows = [("CODE", "NAME", "STATUS", "ORIGIN", "VERSION", "EDITOR", "DEFINITION")]
        rows += [
            (
                code.id,
                code.name,
                code.status,
                code.origin,
                str(code.version),
                str(code.editor or "-"),
                code.definition or "-",
            )
            for code in book.codes
        ]
        print_table(rows)
    else:
        typer.echo(f"The study {study} has no codes yet.")


@codes.command("add")
def add_code(
    study: Study,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is called.")],
    definition: Definition = None,
    include: Include = None,
    exclude: Exclude = None,
    examples: Examples = None,
    id: Annotated[str | None, typer.Option("--id", help="Default: made of the name.")] = None,
    by: By = None,
) -> None:
    """Add a code."""
    from vivavoce.ops.codes import add

    fields = _fields(definition=definition, inclusion=include, exclusion=exclude, examples=examples)
    editor = _editor(by)
    code = with_storage(lambda storage: add(storage, study, name, fields, id=id, editor=editor))
    typer.echo(f"Added {code.id}. `vivavoce codes apply {study}` codes its interviews anew.")


@codes.command("edit")
def edit_code(
    study: Study,
    code: Annotated[str, typer.Argument(metavar="CODE", help="Its id.")],
    name: Annotated[str | None, typer.Option(help="What it is called.")] = None,
    definition: Definition = None,
    include: Include = None,
    exclude: Exclude = None,
    examples: Examples = None,
    status: Annotated[
        Literal["proposed", "active", "retired"] | None,
        typer.Option(help="Only active codes are given; retired ones stay where they were."),
    ] = None,
    by: By = None,
) -> None:
    """Change a code; what is not given stays."""
    from vivavoce.ops.codes import edit

    changes = _fields(
        name=name,
        definition=definition,
        inclusion=include,
        exclusion=exclude,
        examples=examples,
        status=status,
    )
    if not changes:
        raise typer.BadParameter("say what is to be changed")
    editor = _editor(by)
    after: Code = with_storage(lambda storage: edit(storage, study, code, changes, editor=editor))
    typer.echo(f"{after.id} is at version {after.version}.")


@codes.command("import")
def import_codes(
    study: Study,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A codebook: .qdc (REFI-QDA) or .json.")],
    by: By = None,
) -> None:
    """Take codes over from a file: new ones are added, those of the same id changed, the others stay."""
    from vivavoce.ops.codes import bring

    editor = _editor(by)
    count, changed = with_storage(lambda storage: bring(storage, study, file, editor=editor))
    typer.echo(f"{count} codes in {file}; {changed} new or changed.")


@codes.command("export")
def export_codes(
    study: Study,
    output: Annotated[Path, typer.Option(help="The file, REFI-QDA (QDC).")],
) -> None:
    """Write the codebook for other programs."""
    from vivavoce.ops.codes import take
    from vivavoce.ops.export import write

    write(output, with_storage(lambda storage: take(storage, study)))
    typer.echo(f"Written to {output}.")


@codes.command("apply")
def apply_codes(study: Study) -> None:
    """Have the study's interviews coded anew, by the codebook as it is now."""
    from vivavoce.ops.codes import apply

    count = with_storage(lambda storage: apply(storage, study))
    typer.echo(f"{count} interviews to be coded anew; see `vivavoce jobs list`.")


def _fields(**given: object) -> dict[str, object]:
    return {
        name: tuple(value) if isinstance(value, list) else value  # pyright: ignore[reportUnknownVariableType]
        for name, value in given.items()
        if value is not None
    }


def _editor(by: str | None) -> Author:
    from vivavoce.pipeline.codes import Author

    if by is None:
        try:
            by = getpass.getuser()
        except (KeyError, OSError):  # a container's account may have no name
            raise typer.BadParameter("this account has no name: say who edits", param_hint="--by") from None
    return Author(kind="person", name=by)
