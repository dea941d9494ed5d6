"""A study's codes, for people: added, changed, brought and taken along, and given anew to its interviews."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from vivavoce.errors import VivavoceError
from vivavoce.ops.gathering import MOST_SESSIONS
from vivavoce.pipeline.codebooks import Codebooks, added, edited, merged, slug
from vivavoce.pipeline.codes import Author, Code, Codebook
from vivavoce.pipeline.exports.bundle import Bundle
from vivavoce.pipeline.exports.refi import to_qdc
from vivavoce.pipeline.qdc import read_qdc
from vivavoce.storage.open import Storage

_CODES = TypeAdapter(list[Code])


class CodesUnreadable(VivavoceError):
    """A file of codes cannot be read."""

    code = "codes_unreadable"


async def present(storage: Storage, study_id: str) -> Codebook:
    """A study's codebook.

    Raises:
        StudyUnknown: there is no such study.
    """
    await storage.studies.get(study_id)
    return await Codebooks(storage.codebooks).present(study_id)


async def add(
    storage: Storage, study_id: str, name: str, fields: dict[str, object], *, id: str | None, editor: Author
) -> Code:
    """Add a code. Raises what `present` does, `CodeExists` and `CodebookChanged`."""
    book = await present(storage, study_id)
    called = id or slug(name, (code.id for code in book.codes))
    after = added(book, Code.model_validate({"id": called, "name": name} | fields), editor=editor)
    await Codebooks(storage.codebooks).keep(study_id, after, editor=editor)
    return after.codes[-1]


async def edit(
    storage: Storage, study_id: str, id: str, changes: dict[str, object], *, editor: Author
) -> Code:
    """Change a code. Raises what `present` does, `CodeUnknown` and `CodebookChanged`."""
    book = await present(storage, study_id)
    after = edited(book, id, changes, editor=editor)
    if after is not book:
        await Codebooks(storage.codebooks).keep(study_id, after, editor=editor)
    return next(code for code in after.codes if code.id == id)


async def bring(storage: Storage, study_id: str, file: Path, *, editor: Author) -> tuple[int, int]:
    """Take codes over from a file, QDC or JSON; returns how many codes it has, and how many were new or changed.

    Raises what `present` does, `CodesUnreadable`, `NotACodebook` and `CodebookChanged`.
    """
    book = await present(storage, study_id)
    codes = _read(file, book)
    after = merged(book, codes, editor=editor)
    before = {code.id: code for code in book.codes}
    changed = sum(before.get(code.id) != code for code in after.codes)
    if changed:
        # However many codes a file has, it is one edit.
        after = after.model_copy(update={"version": book.version + 1})
        await Codebooks(storage.codebooks).keep(study_id, after, editor=editor)
    return len(codes), changed


async def take(storage: Storage, study_id: str) -> bytes:
    """The codebook as QDC. Raises what `present` does, and `ExportImpossible`."""
    book = await present(storage, study_id)
    return to_qdc(Bundle(title=study_id, redaction=None, codebook=book))


async def apply(storage: Storage, study_id: str) -> int:
    """Have a study's interviews coded anew; returns how many there are. Raises what `present` does."""
    await present(storage, study_id)
    summaries = await storage.sessions.list(study_id=study_id, limit=MOST_SESSIONS)
    held = [one.session_id for one in summaries if one.readable]
    for session_id in held:
        await storage.jobs.add(session_id, "enrichment")
    return len(held)


def _read(file: Path, book: Codebook) -> Sequence[Code]:
    try:
        data = file.read_bytes()
    except OSError as error:
        raise CodesUnreadable(
            f"{file} cannot be read: {error.strerror or error}.", next_step="Give a file that is there."
        ) from error
    if file.suffix.lower() != ".json":
        return read_qdc(data, book)
    try:
        return _CODES.validate_json(data)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, fault["loc"])) or "the file"
        raise CodesUnreadable(
            f"{file} is no list of codes: {place}: {fault['msg']}.",
            next_step="It should be as `vivavoce codes list STUDY --json` prints it.",
        ) from error
