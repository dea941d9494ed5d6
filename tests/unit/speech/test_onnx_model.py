"""Models in ONNX Runtime, their bytes changed and parted: small models, written by hand."""

from __future__ import annotations

import itertools
import struct

import numpy as np
import onnxruntime
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.speech.engines import onnx_file, vits
from vivavoce.speech.engines.base import Halt
from vivavoce.speech.engines.int8 import has_vnni, with_signed_activations
from vivavoce.speech.engines.onnx_file import FLOAT, INT32, operation
from vivavoce.speech.engines.onnx_model import Floats, OnnxModel

UINT8 = 2
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


def constant(name: str, type: int, dims: tuple[int, ...], content: bytes) -> bytes:
    tensor = b"".join(bytes([8, dim]) for dim in dims) + bytes([16, type])
    return field(7, field(5, tensor + field(8, name.encode()) + field(9, content)))


def floats(name: str, *values: float, dims: tuple[int, ...]) -> bytes:
    return constant(name, FLOAT, dims, np.array(values, np.float32).tobytes())


def convolution(name: str, inputs: list[str], gives: str, **attributes: list[int]) -> bytes:
    """A node whose attributes are lists of numbers below 128."""
    node = b"".join(field(1, tensor.encode()) for tensor in inputs) + field(2, gives.encode())
    node += field(4, name.encode())
    for attribute, values in attributes.items():
        numbers = b"".join(bytes([8 << 3, number]) for number in values)
        node += field(5, field(1, attribute.encode()) + numbers + b"\xa0\x01\x07")
    return field(7, field(1, node))


def model(*parts: bytes, given: bytes, gives: bytes) -> bytes:
    return HEAD + field(7, field(2, b"graph")) + given + gives + b"".join(parts)


ROUNDING = model(
    operation("Ceil", ["x"], ["inner"]),
    operation("Neg", ["inner"], ["y"]),
    given=value(11, "x", FLOAT),
    gives=value(12, "y", FLOAT),
)
"""`inner` is the input rounded up, the output is the negative of that."""
HALVES = {"x": np.array([0.5, 1.5], np.float32)}


def run(model: bytes, inputs: dict[str, Floats] = HALVES) -> list[list[float]]:
    return [output.tolist() for output in OnnxModel(model, threads=1).run(inputs, Halt())]


def test_a_model_runs() -> None:
    assert run(ROUNDING) == [[-1.0, -2.0]]


def test_a_model_that_was_asked_to_stop_does_nothing() -> None:
    halt = Halt()
    halt.ask()
    with pytest.raises(Exception, match="terminate"):
        OnnxModel(ROUNDING, threads=1).run(HALVES, halt)


def test_a_models_operations_and_outputs_are_read() -> None:
    ceil, neg = onnx_file.nodes(ROUNDING)
    assert (ceil.operation, ceil.inputs) == ("Ceil", ("x",))
    assert [onnx_file.text(ROUNDING, span) for span in (*ceil.outputs, *neg.outputs)] == ["inner", "y"]
    assert onnx_file.outputs(ROUNDING) == ["y"]


def test_what_is_no_model_is_not_read() -> None:
    with pytest.raises(onnx_file.Broken):
        list(onnx_file.nodes(b"\x0b"))


def test_an_inner_tensor_becomes_an_output() -> None:
    assert run(ROUNDING + onnx_file.output("inner")) == [[-1.0, -2.0], [1.0, 2.0]]


def test_a_constant_can_be_added() -> None:
    doubled = model(
        onnx_file.scalar("two", INT32, struct.pack("<i", 2)),
        operation("Mul", ["x", "two"], ["y"]),
        given=value(11, "x", INT32),
        gives=value(12, "y", INT32),
    )
    (output,) = onnxruntime.InferenceSession(doubled).run(None, {"x": np.array([3, -4], np.int32)})
    assert np.asarray(output).tolist() == [6, -8]


def test_a_model_can_be_parted() -> None:
    assert run(onnx_file.part(ROUNDING, ["x"], ["inner"])) == [[1.0, 2.0]]
    tail = onnx_file.part(ROUNDING, ["inner"], ["y"])
    assert run(tail, {"inner": HALVES["x"]}) == [[-0.5, -1.5]]
    assert [node.operation for node in onnx_file.nodes(tail)] == ["Neg"]


WEIGHTS = np.random.default_rng(5).integers(0, 256, (4, 3, 5), dtype=np.uint8)
CONVOLUTION = model(
    constant("weights", UINT8, WEIGHTS.shape, WEIGHTS.tobytes()),
    constant("middle", UINT8, (), bytes([131])),
    # The type that is told of a tensor must follow what becomes of it.
    value(13, "x_quantised", UINT8, 3),
    operation("DynamicQuantizeLinear", ["x"], ["x_quantised", "x_scale", "x_zero"]),
    operation("ConvInteger", ["x_quantised", "weights", "x_zero", "middle"], ["sums"]),
    operation("Cast", ["sums"], ["floats"], {"to": FLOAT}),
    operation("Mul", ["floats", "x_scale"], ["y"]),
    given=value(11, "x", FLOAT, 3),
    gives=value(12, "y", FLOAT, 3),
)
READ_ELSEWHERE = CONVOLUTION + operation("DequantizeLinear", ["x_quantised", "x_scale", "x_zero"], ["again"])


@pytest.mark.skipif(not has_vnni(), reason="this processor has no VNNI, without which the sums may saturate")
@given(st.integers(0, 2**32 - 1), st.floats(-20, 20), st.floats(0.001, 100))
def test_a_convolution_of_signed_activations_gives_the_same_to_the_last_bit(
    seed: int, middle: float, width: float
) -> None:
    sound = np.random.default_rng(seed).normal(middle, width, (1, 3, 40)).astype(np.float32)
    changed = with_signed_activations(CONVOLUTION)
    assert run(changed, {"x": sound}) == run(CONVOLUTION, {"x": sound})
    assert [node.operation for node in onnx_file.nodes(changed)].count("QuantizeLinear") == 1


@pytest.mark.parametrize("unchanged", [ROUNDING, READ_ELSEWHERE])
def test_bytes_that_others_read_stay_unsigned(unchanged: bytes) -> None:
    changed = with_signed_activations(unchanged)
    assert "QuantizeLinear" not in [node.operation for node in onnx_file.nodes(changed)]
    onnxruntime.InferenceSession(changed)


def speaking(*, dilation: int = 3, gives: str = "output", after: bytes = b"") -> bytes:
    """A model that doubles its input, and has convolutions make four samples of each frame; it rounds its input up.

    Args:
        dilation: how far apart the samples are that one is made of.
        gives: its output.
        after: what is added to it.
    """
    return model(
        floats("two", 2.0, dims=()),
        floats("up", *np.linspace(-1, 1, 8), dims=(1, 1, 8)),
        floats("post", 0.2, -0.4, 0.3, dims=(1, 1, 3)),
        operation("Mul", ["input", "two"], ["latent"]),
        operation("Ceil", ["input"], ["durations"]),
        convolution("ConvTranspose", ["latent", "up"], "raised", strides=[4], pads=[2, 2]),
        convolution("Conv", ["raised", "post"], "sound", pads=[dilation, dilation], dilations=[dilation]),
        operation("Tanh", ["sound"], ["output"]),
        after,
        given=value(11, "input", FLOAT, 3),
        gives=value(12, gives, FLOAT, 3),
    )


SAMPLE: Floats = np.random.default_rng(2).normal(size=(1, 1, 90)).astype(np.float32)
INPUTS = {"input": SAMPLE}


def said(loaded: vits.Vits, *ends: int) -> Floats:
    """The sound in windows that end at these parts of a hundred."""
    utterance = loaded.utter(INPUTS, Halt())
    frames = [utterance.frames * end // 100 for end in (0, *ends)]
    windows = itertools.pairwise(frames)
    return np.concatenate([loaded.sound(utterance, start, end, Halt()) for start, end in windows])


def test_a_sound_in_windows_is_the_whole_one() -> None:
    loaded = vits.load(speaking(), INPUTS, threads=1)
    assert (loaded.hop, loaded.utter(INPUTS, Halt()).frames) == (4, 90)
    whole = said(loaded, 100)
    assert whole.shape == (360,)
    assert np.abs(said(loaded, 2, 34, 36, 80, 100) - whole).max() < 1e-6


def test_it_tells_how_long_each_phoneme_lasts() -> None:
    durations = vits.load(speaking(), INPUTS, threads=1).utter(INPUTS, Halt()).durations
    assert durations is not None
    assert durations.tolist() == np.ceil(SAMPLE).reshape(-1).tolist()


def test_one_that_rounds_more_than_that_does_not_tell() -> None:
    loaded = vits.load(speaking(after=operation("Ceil", ["latent"], ["other"])), INPUTS, threads=1)
    assert loaded.utter(INPUTS, Halt()).durations is None


TWO_TENSORS = operation("Sub", ["two", "two"], ["zero"]) + operation("Add", ["output", "zero"], ["both"])


@pytest.mark.parametrize(
    "odd",
    [
        pytest.param(speaking(dilation=120), id="a window would need more frames around it than we give"),
        pytest.param(speaking(gives="both", after=TWO_TENSORS), id="the sound is made of two tensors"),
    ],
)
def test_one_that_cannot_be_parted_gives_windows_of_the_whole(odd: bytes) -> None:
    loaded = vits.load(odd, INPUTS, threads=1)
    utterance = loaded.utter(INPUTS, Halt())
    assert (loaded.hop, utterance.frames) == (1, 360)
    assert utterance.durations is not None
    assert said(loaded, 9, 10, 100).tolist() == said(loaded, 100).tolist()
