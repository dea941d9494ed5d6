"""A place in a study file: reads the value that stands there, and notes what is wrong with it.

Reading never fails: what is missing or unfit is noted and replaced by something harmless, so that one look at
a file finds every problem in it.
"""

from __future__ import annotations

import difflib
import itertools
import math
import re
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Self, TypeVar

from vivavoce.protocol.problems import Mark, Path, Problem, Severity, dotted
from vivavoce.protocol.tree import Listing, Mapping, Node, Scalar

MAX_PROBLEMS = 200
"""A file with more is not a study file; the rest of them would help nobody."""

_SLUG = re.compile(r"[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*")
_SLUG_LENGTH = 64
# Comparing with more would make a hostile file expensive.
_MOST_OPTIONS = 200
_NULLS = ("", "~", "null", "Null", "NULL")

_Chosen = TypeVar("_Chosen", bound=str)


class Notes:
    """The problems of one file, and where its values stand."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self._marks: dict[Path, Mark] = {}

    def add(
        self,
        path: Path,
        message: str,
        suggestion: str,
        *,
        severity: Severity = "error",
        mark: Mark | None = None,
    ) -> None:
        """Note a problem at a value, or at the nearest thing around it that is in the file."""
        if not self.full:
            at = mark or self.mark(path)
            self.problems.append(Problem(at.line, at.column, dotted(path), severity, message, suggestion))

    @property
    def full(self) -> bool:
        """Whether there are so many problems that no more are kept."""
        return len(self.problems) >= MAX_PROBLEMS

    def warn(self, path: Path, message: str, suggestion: str) -> None:
        """Note something that may be meant, but seldom is."""
        self.add(path, message, suggestion, severity="warning")

    def place(self, path: Path, mark: Mark) -> None:
        """Remember where a value stands."""
        self._marks.setdefault(path, mark)

    def mark(self, path: Path) -> Mark:
        """Where a value stands; the place of the nearest thing around it if it is not in the file."""
        while path not in self._marks:
            if not path:
                return Mark(1, 1)
            path = path[:-1]
        return self._marks[path]


class Place:
    """One value of the file."""

    def __init__(self, node: Node, path: Path, notes: Notes) -> None:
        self.node = node
        self.path = path
        self.notes = notes
        notes.place(path, node.mark)

    def note(self, message: str, suggestion: str) -> None:
        """Note that this value is wrong."""
        self.notes.add(self.path, message, suggestion)

    def warn(self, message: str, suggestion: str) -> None:
        """Note that the value here may be wrong."""
        self.notes.warn(self.path, message, suggestion)

    @property
    def name(self) -> str:
        """The value's name for people."""
        return next((step for step in reversed(self.path) if isinstance(step, str)), "the study")

    @property
    def is_null(self) -> bool:
        """Whether nothing stands here."""
        return isinstance(self.node, Scalar) and not self.node.quoted and self.node.text in _NULLS

    def table(self, what: str) -> Table:
        """The map that stands here; `what` names it for people."""
        if isinstance(self.node, Mapping):
            return Table(self, self.node, what)
        self.note(
            f"{self._called()} must be {what}, with one `name: value` a line.", "Indent its parts under it."
        )
        return Table(self, Mapping(self.node.mark, ()), what, complain=False)

    def items(self) -> list[Place]:
        """The elements of the list that stands here."""
        if isinstance(self.node, Listing):
            return [
                Place(item, (*self.path, index), self.notes) for index, item in enumerate(self.node.items)
            ]
        if not self.is_null:
            self.note(f"{self._called()} must be a list.", "Begin each element on its own line with `- `.")
        return []

    def entries(self) -> list[tuple[str, Place]]:
        """The entries of a map whose keys are the study's own; a key that is there twice is noted."""
        if not isinstance(self.node, Mapping):
            if not self.is_null:
                self.note(
                    f"{self._called()} must have one `name: value` a line.", "Indent its parts under it."
                )
            return []
        found: dict[str, Place] = {}
        for entry in self.node.entries:
            key = entry.key.text
            if key in found:
                note_twice(self.notes, (*self.path, key), entry.key.mark)
            else:
                found[key] = Place(entry.value, (*self.path, key), self.notes)
        return list(found.items())

    def text(self) -> str:
        """A text, with its white space made single; empty (and noted) if there is none."""
        if not isinstance(self.node, Scalar):
            self.note(f"{self._called()} must be a text.", f'Write `{self.name}: "…"` on one line.')
            return ""
        text = " ".join(self.node.text.split())
        if not text or self.is_null:
            self.note(
                f"{self._called()} is empty.", "Write the text, or remove the line if it may be left out."
            )
            return ""
        return text

    def slug(self) -> str:
        """An id."""
        text = self.text()
        if text and not (_SLUG.fullmatch(text) and len(text) <= _SLUG_LENGTH):
            better = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:_SLUG_LENGTH].strip("-")
            better = better if _SLUG.fullmatch(better) else f"x-{better}".rstrip("-")
            self.note(
                f"{text[:80]!r} is no id: ids are small letters, digits and hyphens, and begin with a letter.",
                f"Write `{better}`.",
            )
        return text

    def number(self, *, least: float, most: float, unit: str, default: float) -> float:
        """A number between two bounds; the default (and a note) if it is none."""
        text = self.text()
        if not text:
            return default
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if math.isnan(value):
            self.note(
                f"{text[:80]!r} is not a number.", f"Write a number of {unit}, for instance `{default:g}`."
            )
            return default
        if not least <= value <= most:
            self.note(f"{text[:80]} {unit} is out of range.", f"Write a number from {least:g} to {most:g}.")
            return default
        return value

    def integer(self, *, least: int, most: int, unit: str, default: int) -> int:
        """A whole number between two bounds."""
        value = self.number(least=least, most=most, unit=unit, default=default)
        if value != int(value):
            self.note(f"{value:g} is not a whole number.", f"Write `{round(value)}`.")
        return int(value)

    def flag(self) -> bool:
        """A yes or no."""
        text = self.text()
        if text.lower() in ("true", "false"):
            return text.lower() == "true"
        if text:
            better = "true" if text.lower() in ("yes", "y", "on", "1") else "false"
            self.note(f"{text[:80]!r} is neither true nor false.", f"Write `{better}`.")
        return False

    def choice(self, options: Iterable[_Chosen], what: str) -> _Chosen | None:
        """One of several words; None (and a note) if it is none of them."""
        text = self.text()
        known = list(options)
        for option in known:
            if option == text:
                return option
        if text:
            self.note(
                f"{text[:80]!r} is no {what}.", suggest(text, known, f"Write one of: {', '.join(known)}.")
            )
        return None

    def _called(self) -> str:
        return f"`{self.name}`" if self.path else "The file"


class Table:
    """A map with known keys. Keys nobody asked for are noted when the `with` block ends."""

    def __init__(self, place: Place, node: Mapping, what: str, *, complain: bool = True) -> None:
        self._place = place
        self._what = what
        self._complain = complain
        self._asked: list[str] = []
        self._found: dict[str, Place] = {}
        self._keys: list[tuple[str, Mark]] = []
        for entry in node.entries:
            key = entry.key.text
            path = (*place.path, key)
            if key in self._found:
                note_twice(place.notes, path, entry.key.mark)
                continue
            self._keys.append((key, entry.key.mark))
            self._found[key] = Place(entry.value, path, place.notes)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for key, mark in self._keys:
            if key not in self._asked and not self._place.notes.full:
                missing = [name for name in self._asked if name not in self._found]
                fallback = f"Remove it, or write one of: {', '.join(missing or self._asked)}."
                self._place.notes.add(
                    (*self._place.path, key),
                    f"There is no `{key[:80]}` in {self._what}.",
                    suggest(key, self._asked, fallback),
                    mark=mark,
                )

    @property
    def path(self) -> Path:
        """Where the map stands."""
        return self._place.path

    def get(self, key: str) -> Place | None:
        """A value that may be left out."""
        self._asked.append(key)
        return self._found.get(key)

    def need(self, key: str, write: str = "", *, advice: str = "") -> Place | None:
        """.

        value that must be there; if not, `write` is the line to add, or `advice` the whole suggestion.
        """
        place = self.get(key)
        if place is None and self._complain:
            self._place.note(f"`{key}` is missing from {self._what}.", advice or f"Add `{write}`.")
        return place

    def note(self, key: str, message: str, suggestion: str) -> None:
        """Note that a value is wrong, or is not there."""
        self._place.notes.add((*self._place.path, key), message, suggestion)

    def warn(self, key: str, message: str, suggestion: str) -> None:
        """Note that a value may be wrong, or may be needed."""
        self._place.notes.warn((*self._place.path, key), message, suggestion)

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)


def note_twice(notes: Notes, path: Path, mark: Mark) -> None:
    """Note a key that is there for the second time."""
    notes.add(path, f"`{path[-1]}` is there twice.", "Keep one of them; the second is not read.", mark=mark)


def suggest(written: str, options: Iterable[str], otherwise: str) -> str:
    """The option that was probably meant, as advice."""
    close = difflib.get_close_matches(written[:80], list(itertools.islice(options, _MOST_OPTIONS)), n=1)
    return f"Did you mean `{close[0]}`?" if close else otherwise
