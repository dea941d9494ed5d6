"""An ONNX file's bytes, read, added to and parted in memory: the file stays as it is, and no package for it is needed.

An ONNX file is a serialised `ModelProto`. Protocol buffers merge messages that follow each other, so what is appended
is added to the graph. Numbers are those of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto, and the encoding is
https://protobuf.dev/programming-guides/encoding/.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

_GRAPH_OF_MODEL: Final = 7
_NODE_OF_GRAPH, _NAME_OF_GRAPH, _INITIALIZER_OF_GRAPH, _INPUT_OF_GRAPH, _OUTPUT_OF_GRAPH, _VALUE_OF_GRAPH = (
    1,
    2,
    5,
    11,
    12,
    13,
)
_INPUT_OF_NODE, _OUTPUT_OF_NODE, _OPERATION_OF_NODE, _ATTRIBUTE_OF_NODE = 1, 2, 4, 5
_NAME_OF_ATTRIBUTE, _INTEGER_OF_ATTRIBUTE, _TYPE_OF_ATTRIBUTE, _IS_INTEGER = 1, 3, 20, 2
_TYPE_OF_TENSOR, _NAME_OF_TENSOR, _RAW_OF_TENSOR = 2, 8, 9
_NAME_OF_VALUE, _TYPE_OF_VALUE, _TENSOR_OF_TYPE, _ELEMENTS_OF_TENSOR = 1, 2, 1, 1

FLOAT, INT8, INT32 = 1, 3, 6
"""Types of tensors."""

_VARINT, _EIGHT_BYTES, _BYTES, _FOUR_BYTES = 0, 1, 2, 5

Span = tuple[int, int]
"""Where something begins and ends in the bytes."""


@dataclass(frozen=True, slots=True)
class Node:
    """An operation of the graph.

    Attributes:
        operation: what it does.
        inputs: names of tensors.
        outputs: where the names of its outputs stand.
        span: where it stands itself.
    """

    operation: str
    inputs: tuple[str, ...]
    outputs: tuple[Span, ...]
    span: Span


class Broken(ValueError):
    """These bytes are no ONNX model."""


def nodes(model: bytes) -> Iterator[Node]:
    """The operations of a model's graph."""
    for start, end in _graph(model, _NODE_OF_GRAPH):
        inputs: list[str] = []
        outputs: list[Span] = []
        operation = ""
        for number, span in _fields(model, start, end):
            if number == _INPUT_OF_NODE:
                inputs.append(text(model, span))
            elif number == _OUTPUT_OF_NODE:
                outputs.append(span)
            elif number == _OPERATION_OF_NODE:
                operation = text(model, span)
        yield Node(operation, tuple(inputs), tuple(outputs), (start, end))


def typed_names(model: bytes) -> Iterator[Span]:
    """Where the names of inner tensors stand that the model tells the type of."""
    for start, end in _graph(model, _VALUE_OF_GRAPH):
        yield from (span for number, span in _fields(model, start, end) if number == _NAME_OF_VALUE)


def outputs(model: bytes) -> list[str]:
    """The names of what a model gives."""
    return [_name(model, span, _NAME_OF_VALUE) for span in _graph(model, _OUTPUT_OF_GRAPH)]


def text(model: bytes, span: Span) -> str:
    """A name."""
    return model[slice(*span)].decode()


def output(name: str) -> bytes:
    """To append: an inner tensor as one more output of the graph, after its own."""
    return _added(_OUTPUT_OF_GRAPH, _field(_NAME_OF_VALUE, name.encode()))


def scalar(name: str, type: int, content: bytes) -> bytes:
    """To append: a constant."""
    tensor = _varint(_TYPE_OF_TENSOR << 3 | _VARINT) + _varint(type)
    tensor += _field(_NAME_OF_TENSOR, name.encode()) + _field(_RAW_OF_TENSOR, content)
    return _added(_INITIALIZER_OF_GRAPH, tensor)


def operation(
    name: str, inputs: Sequence[str], outputs: Sequence[str], attributes: Mapping[str, int] | None = None
) -> bytes:
    """To append: an operation, with attributes that are whole numbers."""
    node = b"".join(_field(_INPUT_OF_NODE, tensor.encode()) for tensor in inputs)
    node += b"".join(_field(_OUTPUT_OF_NODE, tensor.encode()) for tensor in outputs)
    node += _field(_OPERATION_OF_NODE, name.encode())
    for attribute, value in (attributes or {}).items():
        content = _field(_NAME_OF_ATTRIBUTE, attribute.encode())
        content += _varint(_INTEGER_OF_ATTRIBUTE << 3 | _VARINT) + _varint(value)
        content += _varint(_TYPE_OF_ATTRIBUTE << 3 | _VARINT) + _varint(_IS_INTEGER)
        node += _field(_ATTRIBUTE_OF_NODE, content)
    return _added(_NODE_OF_GRAPH, node)


def part(model: bytes, inputs: Sequence[str], outputs: Sequence[str]) -> bytes:
    """The part of a model that makes some tensors of others.

    Args:
        model: without nodes whose attributes are graphs.
        inputs: inputs of the model, or inner tensors of floats.
        outputs: inner tensors, or outputs of the model.
    """
    needed = set(outputs)
    kept: list[bytes] = []
    # A node comes after those whose outputs it reads.
    for node in reversed(list(nodes(model))):
        made = {text(model, span) for span in node.outputs} - set(inputs)
        if made & needed:
            needed.update(node.inputs)
            kept.append(_added(_NODE_OF_GRAPH, model[slice(*node.span)]))
    given = {_name(model, span, _NAME_OF_VALUE): span for span in _graph(model, _INPUT_OF_GRAPH)}
    constants = (
        _added(_INITIALIZER_OF_GRAPH, model[slice(*span)])
        for span in _graph(model, _INITIALIZER_OF_GRAPH)
        if _name(model, span, _NAME_OF_TENSOR) in needed
    )
    return b"".join(
        [
            *_head(model),
            *reversed(kept),
            *constants,
            *(
                _added(_INPUT_OF_GRAPH, model[slice(*given[name])] if name in given else _floats(name))
                for name in inputs
            ),
            *map(output, outputs),
        ]
    )


def _head(model: bytes) -> Iterator[bytes]:
    """All of a model but its graph, of which only the name is left."""
    start = 0
    for number, (begin, end) in _fields(model, 0, len(model)):
        if number == _GRAPH_OF_MODEL:
            yield model[start : begin - len(_varint(number << 3 | _BYTES)) - len(_varint(end - begin))]
            start = end
    yield model[start:]
    yield _added(_NAME_OF_GRAPH, b"part")


def _name(model: bytes, span: Span, number: int) -> str:
    """The name in a message whose field of that number it is."""
    return next(text(model, inner) for found, inner in _fields(model, *span) if found == number)


def _floats(name: str) -> bytes:
    """A tensor of floats of any shape."""
    tensor = _varint(_ELEMENTS_OF_TENSOR << 3 | _VARINT) + _varint(FLOAT)
    return _field(_NAME_OF_VALUE, name.encode()) + _field(_TYPE_OF_VALUE, _field(_TENSOR_OF_TYPE, tensor))


def _graph(model: bytes, wanted: int) -> Iterator[Span]:
    """The fields of a number in the graph."""
    for number, (start, end) in _fields(model, 0, len(model)):
        if number == _GRAPH_OF_MODEL:
            yield from (span for inner, span in _fields(model, start, end) if inner == wanted)


def _fields(data: bytes, start: int, end: int) -> Iterator[tuple[int, Span]]:
    """The fields of a message that are bytes or messages: their numbers, and where their contents are."""
    while start < end:
        key, start = _number(data, start)
        kind = key & 7
        if kind == _BYTES:
            length, start = _number(data, start)
            yield key >> 3, (start, start + length)
            start += length
        elif kind == _VARINT:
            _, start = _number(data, start)
        elif kind in (_EIGHT_BYTES, _FOUR_BYTES):
            start += 8 if kind == _EIGHT_BYTES else 4
        else:
            raise Broken("not an ONNX model: it has a field of an unknown kind")


def _number(data: bytes, at: int) -> tuple[int, int]:
    """A number, and where it ends."""
    value = shift = 0
    while data[at] & 0x80:
        value |= (data[at] & 0x7F) << shift
        shift += 7
        at += 1
    return value | data[at] << shift, at + 1


def _added(number: int, content: bytes) -> bytes:
    return _field(_GRAPH_OF_MODEL, _field(number, content))


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | _BYTES) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    low, rest = value & 0x7F, value >> 7
    return bytes([low | 0x80]) + _varint(rest) if rest else bytes([low])
