"""A YAML file as a tree of texts, every one with its place in the file.

Only what a study file needs is let in: maps, lists and scalars. Scalars stay texts; what they mean depends on where
they stand (`no` is a word in a question and Norwegian in a list of languages). Anchors, tags, several documents, and
files too big or too deep are refused: they have no use here, and they are how a small file becomes a large one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, cast

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
)
from ruamel.yaml.reader import ReaderError

from vivavoce.protocol.problems import Mark, Problem

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 16
MAX_NODES = 50_000


class Unreadable(Exception):
    """The file cannot be read as YAML; `problem` says why. It stays inside this room."""

    def __init__(self, mark: Mark, message: str, suggestion: str) -> None:
        super().__init__(message)
        self.problem = Problem(mark.line, mark.column, "", "error", message, suggestion)


@dataclass(frozen=True)
class Scalar:
    """A text. `quoted`: it was written in quotes or as a block, so an empty one is meant."""

    mark: Mark
    text: str
    quoted: bool


@dataclass(frozen=True)
class Listing:
    """A list."""

    mark: Mark
    items: tuple[Node, ...]


@dataclass(frozen=True)
class Entry:
    """One `key: value`."""

    key: Scalar
    value: Node


@dataclass(frozen=True)
class Mapping:
    """A map, in the file's order; keys may be there twice."""

    mark: Mark
    entries: tuple[Entry, ...]


Node = Scalar | Listing | Mapping


class _YamlMark(Protocol):
    line: int
    column: int


def read_tree(data: bytes) -> Node:
    """Read a file.

    Raises:
        Unreadable: it is too big, not text, not YAML, or more than a study file needs.
    """
    if len(data) > MAX_BYTES:
        raise Unreadable(
            Mark(1, 1),
            "The file is bigger than 1 MiB, the most a study file may have.",
            "Check that this is the file you meant: a long interview fits in 50 KiB.",
        )
    text = _decode(data)
    builder = _Builder()
    try:
        for event in cast("Iterator[Event]", YAML(typ="safe", pure=True).parse(text)):
            builder.take(event)
    except ReaderError as error:
        raise Unreadable(
            _mark_at(text, error.position),
            f"The file has a control character (code {_code(text, error.position)}), so it is no text file.",
            "Save the study as plain UTF-8 text.",
        ) from None
    except MarkedYAMLError as error:
        raise _explain(error) from None
    except (YAMLError, ValueError, OverflowError) as error:
        # The library lets a few of Python's own errors through, for instance on "\\U99999999".
        raise Unreadable(
            builder.last, f"This is not YAML: {error}.", "Mend the text just after this place."
        ) from None
    if builder.root is None:
        raise Unreadable(Mark(1, 1), "The file is empty.", "Begin with `schema: vivavoce/study/1`.")
    return builder.root


def _decode(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8", errors="replace")
        raise Unreadable(
            _mark_at(before, len(before)),
            f"The file is not UTF-8 text (byte 0x{data[error.start]:02x}).",
            "Save the study as plain UTF-8 text.",
        ) from None


def _mark_at(text: str, position: int) -> Mark:
    before = text[:position]
    return Mark(before.count("\n") + 1, position - (before.rfind("\n") + 1) + 1)


def _code(text: str, position: int) -> str:
    return f"U+{ord(text[position]):04X}" if position < len(text) else "unknown"


def _explain(error: MarkedYAMLError) -> Unreadable:
    place = cast("_YamlMark | None", error.problem_mark or error.context_mark)
    mark = Mark(1, 1) if place is None else Mark(place.line + 1, place.column + 1)
    problem = str(error.problem or error.context or "it cannot be read")
    if "'\\t'" in problem:
        return Unreadable(mark, "A tab stands where YAML wants spaces.", "Indent with spaces, two a level.")
    if "mapping values are not allowed" in problem:
        return Unreadable(
            mark,
            "A colon stands where YAML does not expect one.",
            "Put a text that contains `: ` in double quotes, or check the indentation of this line.",
        )
    suggestion = "Check the indentation, quotes and brackets at this place."
    if error.context:
        problem = f"{error.context}, {problem}"
    return Unreadable(mark, f"This is not YAML: {problem}.", suggestion)


class _Open:
    """A map or list whose end has not come yet."""

    def __init__(self, mark: Mark, *, is_map: bool) -> None:
        self.mark = mark
        self.is_map = is_map
        self.nodes: list[Node] = []

    def close(self) -> Node:
        if not self.is_map:
            return Listing(self.mark, tuple(self.nodes))
        entries: list[Entry] = []
        for key, value in zip(self.nodes[::2], self.nodes[1::2], strict=True):
            if not isinstance(key, Scalar):
                raise Unreadable(
                    key.mark, "A key must be a single word, not a list or map.", "Write `name: …`."
                )
            if isinstance(value, Scalar) and not value.quoted and not value.text:
                # The parser places a value that is not there at whatever comes next.
                value = Scalar(key.mark, "", quoted=False)
            entries.append(Entry(key, value))
        return Mapping(self.mark, tuple(entries))


class _Builder:
    """Builds the tree from the parser's events, without recursion."""

    def __init__(self) -> None:
        self.root: Node | None = None
        self.last = Mark(1, 1)
        self._open: list[_Open] = []
        self._documents = 0
        self._nodes = 0

    def take(self, event: Event) -> None:
        place = cast("_YamlMark", event.start_mark)
        mark = self.last = Mark(place.line + 1, place.column + 1)
        if isinstance(event, DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                raise Unreadable(
                    mark, "A second document begins here.", "Keep one study a file; remove this `---`."
                )
        elif isinstance(event, CollectionEndEvent):
            self._put(self._open.pop().close())
        elif isinstance(event, NodeEvent):
            self._node(event, mark)

    def _node(self, event: NodeEvent, mark: Mark) -> None:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise Unreadable(mark, f"The file has more than {MAX_NODES} values.", "Split the study in two.")
        if isinstance(event, AliasEvent) or event.anchor is not None:
            raise Unreadable(
                mark, "Anchors and aliases (`&`, `*`) are not used in study files.", "Write it out."
            )
        if isinstance(event, ScalarEvent):
            # implicit: (plain without a tag, quoted without a tag)
            plain, quoted = cast("tuple[bool, bool]", event.implicit)
            if not plain and not quoted:
                raise self._tagged(mark)
            self._put(Scalar(mark, str(event.value), quoted=not plain))
        elif isinstance(event, CollectionStartEvent):
            if not event.implicit:
                raise self._tagged(mark)
            if len(self._open) == MAX_DEPTH:
                raise Unreadable(
                    mark,
                    f"The file is nested deeper than {MAX_DEPTH} levels.",
                    "Check the brackets and indentation.",
                )
            self._open.append(_Open(mark, is_map=isinstance(event, MappingStartEvent)))

    def _put(self, node: Node) -> None:
        if self._open:
            self._open[-1].nodes.append(node)
        else:
            self.root = node

    @staticmethod
    def _tagged(mark: Mark) -> Unreadable:
        return Unreadable(
            mark, "Tags (`!…`) are not used in study files.", "Remove the tag and keep the value."
        )
