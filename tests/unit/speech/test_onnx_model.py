"""Models in ONNX Runtime: small ones, written by hand as their bytes."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.speech.engines import onnx_file
from vivavoce.speech.engines.base import Halt
from vivavoce.speech.engines.int8 import has_vnni, with_signed_activations
from vivavoce.speech.engines.onnx_model import OnnxModel

FLOAT, UINT8 = 1, 2
HEAD = b"\x08\x08\x42\x02\x10\x15"
"""IR version 8, operators of version 21."""


def field(number: int, content: bytes) -> bytes:
    length = len(content)
    lengths = bytes([length]) if length < 128 else bytes([length & 127 | 128, length >> 7])
    return bytes([number << 3 | 2]) + lengths + content


def value(number: int, name: str, type: int, dimensions: int = 1) -> bytes:
    """A named tensor, of dimensions of any length."""
    shape = field(2, field(1, field(2, b"n")) * dimensions)
    return field(7, field(number, field(1, name.encode()) + field(2, field(1, bytes([8, type]) + shape))))


def model(*parts: bytes, given: bytes, gives: bytes) -> bytes:
    return HEAD + field(7, field(2, b"graph")) + given + gives + b"".join(parts)


ROUNDING = model(
    onnx_file.operation("Ceil", ["x"], ["inner"]),
    onnx_file.operation("Neg", ["inner"], ["y"]),
    given=value(11, "x", FLOAT),
    gives=value(12, "y", FLOAT),
)
"""`inner` is the input rounded up, the output is the negative of that."""


@pytest.fixture
def rounding(tmp_path: Path) -> Path:
    path = tmp_path / "model.onnx"
    path.write_bytes(ROUNDING)
    return path


def test_an_inner_tensor_becomes_an_output() -> None:
    session = onnxruntime.InferenceSession(ROUNDING + onnx_file.output("inner"))
    assert [output.name for output in session.get_outputs()] == ["y", "inner"]


def test_a_models_operations_are_read() -> None:
    ceil, neg = onnx_file.nodes(ROUNDING)
    assert (ceil.operation, ceil.inputs) == ("Ceil", ("x",))
    assert [onnx_file.text(ROUNDING, span) for span in (*ceil.outputs, *neg.outputs)] == ["inner", "y"]


def test_what_is_no_model_is_not_read() -> None:
    with pytest.raises(onnx_file.Broken):
        list(onnx_file.nodes(b"\x0b"))


def test_a_model_gives_its_inner_tensor_if_it_has_it(rounding: Path) -> None:
    inputs = {"x": np.array([0.5, 1.5], np.float32)}
    both = OnnxModel(rounding, threads=1, inner="inner").run(inputs, Halt())
    assert [output.tolist() for output in both] == [[-1.0, -2.0], [1.0, 2.0]]
    (only,) = OnnxModel(rounding, threads=1, inner="unknown").run(inputs, Halt())
    assert only.tolist() == [-1.0, -2.0]


def test_a_model_that_was_asked_to_stop_does_nothing(rounding: Path) -> None:
    halt = Halt()
    halt.ask()
    with pytest.raises(Exception, match="terminate"):
        OnnxModel(rounding, threads=1, inner="inner").run({"x": np.zeros(2, np.float32)}, halt)


def constant(name: str, type: int, dims: tuple[int, ...], content: bytes) -> bytes:
    tensor = b"".join(bytes([8, dim]) for dim in dims) + bytes([16, type])
    return field(7, field(5, tensor + field(8, name.encode()) + field(9, content)))


WEIGHTS = np.random.default_rng(5).integers(0, 256, (4, 3, 5), dtype=np.uint8)
CONVOLUTION = model(
    constant("weights", UINT8, WEIGHTS.shape, WEIGHTS.tobytes()),
    constant("middle", UINT8, (), bytes([131])),
    # The type that is told of a tensor must follow what becomes of it.
    value(13, "x_quantised", UINT8, 3),
    onnx_file.operation("DynamicQuantizeLinear", ["x"], ["x_quantised", "x_scale", "x_zero"]),
    onnx_file.operation("ConvInteger", ["x_quantised", "weights", "x_zero", "middle"], ["sums"]),
    onnx_file.operation("Cast", ["sums"], ["floats"], {"to": FLOAT}),
    onnx_file.operation("Mul", ["floats", "x_scale"], ["y"]),
    given=value(11, "x", FLOAT, 3),
    gives=value(12, "y", FLOAT, 3),
)
READ_ELSEWHERE = CONVOLUTION + onnx_file.operation(
    "DequantizeLinear", ["x_quantised", "x_scale", "x_zero"], ["again"]
)


@pytest.mark.skipif(not has_vnni(), reason="this processor has no VNNI, without which the sums may saturate")
@given(st.integers(0, 2**32 - 1), st.floats(-20, 20), st.floats(0.001, 100))
def test_a_convolution_of_signed_activations_gives_the_same_to_the_last_bit(
    seed: int, middle: float, width: float
) -> None:
    sound = np.random.default_rng(seed).normal(middle, width, (1, 3, 40)).astype(np.float32)
    changed = with_signed_activations(CONVOLUTION)
    before, after = (
        np.asarray(onnxruntime.InferenceSession(bytes_).run(None, {"x": sound})[0])
        for bytes_ in (CONVOLUTION, changed)
    )
    assert before.tobytes() == after.tobytes()
    assert [node.operation for node in onnx_file.nodes(changed)].count("QuantizeLinear") == 1


@pytest.mark.parametrize("unchanged", [ROUNDING, READ_ELSEWHERE])
def test_bytes_that_others_read_stay_unsigned(unchanged: bytes) -> None:
    changed = with_signed_activations(unchanged)
    assert "QuantizeLinear" not in [node.operation for node in onnx_file.nodes(changed)]
    onnxruntime.InferenceSession(changed)


def test_a_constant_can_be_added() -> None:
    doubled = model(
        onnx_file.scalar("two", onnx_file.INT32, struct.pack("<i", 2)),
        onnx_file.operation("Mul", ["x", "two"], ["y"]),
        given=value(11, "x", onnx_file.INT32),
        gives=value(12, "y", onnx_file.INT32),
    )
    (output,) = onnxruntime.InferenceSession(doubled).run(None, {"x": np.array([3, -4], np.int32)})
    assert np.asarray(output).tolist() == [6, -8]
