"""Codes out of a REFI-QDA codebook (QDC), as NVivo, MAXQDA, ATLAS.ti, QualCoder and we ourselves write it.

REFI-QDA standard, version 1.5 (https://www.qdasoftware.org), section 5. Codes below others are named with those above
them, for our codebook is flat.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree import ElementTree as ET

from vivavoce.errors import VivavoceError
from vivavoce.pipeline.codebooks import slug
from vivavoce.pipeline.codes import Code, Codebook
from vivavoce.pipeline.exports.bundle import describe
from vivavoce.pipeline.exports.refi import code_guid

_ROOT = re.compile(r"(\{urn:QDA-XML:codebook:[\d.:]+\})CodeBook")
"""The standard's namespace ends in `1.0`; NVivo 12 writes `1:0`, ATLAS.ti 9 `0:4`."""


class NotACodebook(VivavoceError):
    """A file is no codebook."""

    code = "not_a_codebook"

    def __init__(self, why: str) -> None:
        super().__init__(
            f"It is no REFI-QDA codebook: {why}.",
            next_step="Export the codebook (QDC) of the other program anew, or bring JSON.",
        )


def read_qdc(data: bytes, present: Codebook) -> list[Code]:
    """Its codes, in its order. A code that came from `present` keeps its id and, where its text is the same, its parts.

    Args:
        data: the file.
        present: the codebook it is going into.

    Raises:
        NotACodebook: it is something else.
    """
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise NotACodebook("it has declarations in it, which no codebook has")
    try:
        root = ET.fromstring(data)  # noqa: S314  # declarations, and with them entities, are refused above
    except ET.ParseError as error:
        raise NotACodebook(str(error)) from error
    begins = _ROOT.fullmatch(root.tag)
    if begins is None:
        raise NotACodebook(f"its root is {root.tag}")
    namespace = begins[1]
    known = {code_guid(code.id): code for code in present.codes}
    taken = {code.id for code in present.codes}
    found: list[Code] = []
    for element, name in _elements(root.find(f"{namespace}Codes"), namespace, ()):
        about = (element.findtext(f"{namespace}Description") or "").strip()
        before = known.get((element.get("guid") or "").strip("{}").lower())
        if before is not None:
            changes: dict[str, object] = {"name": name, "colour": element.get("color") or before.colour}
            if about != describe(before):
                changes |= {"definition": about, "inclusion": "", "exclusion": "", "examples": ()}
            found.append(Code.model_validate(before.model_dump() | changes))
            continue
        id = slug(name, taken)
        taken.add(id)
        found.append(Code(id=id, name=name, definition=about, colour=_colour(element.get("color"))))
    return found


def _elements(
    parent: ET.Element | None, namespace: str, above: tuple[str, ...]
) -> Iterator[tuple[ET.Element, str]]:
    for element in () if parent is None else parent.iterfind(f"{namespace}Code"):
        name = (element.get("name") or "").strip()
        if not name:
            raise NotACodebook("one of its codes has no name")
        path = (*above, name)
        yield element, " / ".join(path)
        yield from _elements(element, namespace, path)


def _colour(text: str | None) -> str | None:
    """A colour as we write it; the standard allows three digits, too."""
    if text is None or not text.startswith("#") or len(text) not in (4, 7):
        return None
    return text if len(text) == 7 else "#" + "".join(2 * digit for digit in text[1:])
