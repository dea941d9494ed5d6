"""Convolutions of whole numbers, made for processors that multiply unsigned by signed bytes.

A dynamically quantised model makes its activations unsigned bytes, and its convolutions' weights may be unsigned too.
x86 processors with VNNI have an instruction for bytes of which one is signed; ONNX Runtime uses it when they are of two
kinds, and takes half as long again when they are not. So the activations become signed: each is its unsigned one less
128, as is their zero point, and every sum stays the same to the last bit. Without VNNI that product may saturate
(https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html), and the model stays as it is.
"""

from __future__ import annotations

import struct
from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Final

from vivavoce.speech.engines.onnx_file import (
    INT8,
    INT32,
    Node,
    Span,
    nodes,
    operation,
    scalar,
    text,
    typed_names,
)

_QUANTISER: Final = "DynamicQuantizeLinear"
_MIDDLE: Final = "vivavoce.128"
_RENAMED: Final = "~"


@cache
def has_vnni() -> bool:
    """Whether this processor multiplies unsigned by signed bytes, as Linux tells."""
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return False
    return "avx512_vnni" in flags or "avx_vnni" in flags


def with_signed_activations(model: bytes) -> bytes:
    """A model whose convolutions of whole numbers take signed activations; all else, and what it gives, is the same."""
    if _QUANTISER.encode() not in model:
        return model
    found = list(nodes(model))
    renamed: dict[str, Span] = {}
    added = [scalar(_MIDDLE, INT32, struct.pack("<i", 128))]
    for node in _quantisers_of_convolutions(model, found):
        quantised, scale, zero = (text(model, span) for span in node.outputs)
        # Those that read them keep their names, and get the signed ones.
        renamed |= {quantised: node.outputs[0], zero: node.outputs[2]}
        wide, moved = f"{zero}.wide", f"{zero}.moved"
        added += [
            operation("Cast", [_other(zero)], [wide], {"to": INT32}),
            operation("Sub", [wide, _MIDDLE], [moved]),
            operation("Cast", [moved], [zero], {"to": INT8}),
            operation("QuantizeLinear", [node.inputs[0], scale, zero], [quantised]),
        ]
    changed = bytearray(model)
    for start, end in (
        *renamed.values(),
        *(span for span in typed_names(model) if text(model, span) in renamed),
    ):
        changed[start:end] = _other(text(model, (start, end))).encode()
    return bytes(changed) + b"".join(added)


def _other(name: str) -> str:
    """Another name of the same length, so that the bytes around it stay where they are."""
    return name[:-1] + _RENAMED


def _quantisers_of_convolutions(model: bytes, found: Iterable[Node]) -> list[Node]:
    """The operations whose bytes go to convolutions alone."""
    readers: defaultdict[str, set[str]] = defaultdict(set)
    for node in found:
        for tensor in node.inputs:
            readers[tensor].add(node.operation)
    return [
        node
        for node in found
        if node.operation == _QUANTISER
        and all(readers[text(model, node.outputs[index])] == {"ConvInteger"} for index in (0, 2))
    ]
