"""A study's codebook, read and edited: each edit makes a version of the whole, and of each code that it changes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Protocol

from vivavoce.errors import VivavoceError
from vivavoce.pipeline.codes import Author, Code, Codebook


class CodeUnknown(VivavoceError):
    """The codebook has no such code."""

    code = "code_unknown"


class CodeExists(VivavoceError):
    """The codebook has a code of that id already."""

    code = "code_exists"


class Kept(Protocol):
    """A version as it is kept; see `storage.codebooks.KeptCodebook`."""

    @property
    def codebook(self) -> str:
        """JSON."""
        ...


class Store(Protocol):
    """Where codebooks are kept: `storage.codebooks.CodebookStore`."""

    async def latest(self, study_id: str) -> Kept | None:
        """The version in force."""
        ...

    async def add(self, study_id: str, version: int, codebook: str, *, editor: str) -> None:
        """Put a version in force."""
        ...


class Codebooks:
    """The studies' codebooks.

    Args:
        store: where they are kept.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    async def present(self, study_id: str) -> Codebook:
        """A study's codebook as it is now; an empty one where nobody has made any."""
        kept = await self._store.latest(study_id)
        return Codebook() if kept is None else Codebook.model_validate_json(kept.codebook)

    async def keep(self, study_id: str, edited: Codebook, *, editor: Author) -> None:
        """Put an edited codebook in force.

        Raises:
            CodebookChanged: somebody else edited the same version meanwhile.
        """
        await self._store.add(study_id, edited.version, edited.model_dump_json(), editor=str(editor))


def added(book: Codebook, code: Code, *, editor: Author) -> Codebook:
    """The codebook with one more code, at its end.

    Raises:
        CodeExists: it has one of that id.
    """
    if any(other.id == code.id for other in book.codes):
        raise CodeExists(f"There is a code {code.id!r} already.", next_step="Edit it, or give another --id.")
    new = code.model_copy(update={"version": 1, "editor": editor})
    return Codebook(codes=(*book.codes, new), version=book.version + 1)


def edited(book: Codebook, id: str, changes: dict[str, object], *, editor: Author) -> Codebook:
    """The codebook with a code changed; the same one if nothing is.

    Args:
        book: the codebook.
        id: of the code.
        changes: fields of `Code` with their new values.
        editor: who changes it.

    Raises:
        CodeUnknown: there is no such code.
    """
    before = found(book, id)
    asked = Code.model_validate(before.model_dump() | changes)
    if asked == before:
        return book
    after = asked.model_copy(update={"version": before.version + 1, "editor": editor})
    return Codebook(
        codes=tuple(after if code.id == id else code for code in book.codes), version=book.version + 1
    )


def merged(book: Codebook, codes: Iterable[Code], *, editor: Author) -> Codebook:
    """The codebook with codes from elsewhere: new ones at its end, changed ones in their place; the others stay."""
    for code in codes:
        if any(other.id == code.id for other in book.codes):
            changes = code.model_dump(exclude={"id", "version", "editor"})
            book = edited(book, code.id, changes, editor=editor)
        else:
            book = added(book, code, editor=editor)
    return book


def found(book: Codebook, id: str) -> Code:
    """A code by its id.

    Raises:
        CodeUnknown: there is none.
    """
    for code in book.codes:
        if code.id == id:
            return code
    known = ", ".join(code.id for code in book.codes)
    raise CodeUnknown(
        f"There is no code {id!r}.",
        next_step=f"There are: {known}." if known else "Make one: `vivavoce codes add`.",
    )


def slug(name: str, taken: Iterable[str]) -> str:
    """An id made of a name: small letters, digits and hyphens; with a number where it is taken."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    base = re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or "code"
    used = set(taken)
    if base not in used:
        return base
    return next(f"{base}-{number}" for number in range(2, len(used) + 3) if f"{base}-{number}" not in used)
