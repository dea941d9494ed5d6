"""Whisper's two networks as ONNX graphs, made from its weights, which are reduced to 8 bits on the way.

What each one computes is that of OpenAI's `whisper/model.py`; the operators of the domain `com.microsoft` are described
in ONNX Runtime's `docs/ContribOperators.md`. The encoder's matrices have one scale for each column, and the sound's
numbers one scale for all: the quickest way for hundreds of places at once. The decoder, which does one place at a time,
has a scale for every 128 weights; there what counts is how few bytes are read.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from vivavoce.speech.engines.whisper_weights import Weights

MICROSOFT = "com.microsoft"
BLOCK = 128
"""Weights of the decoder that share a scale."""


def layers(weights: Weights, part: str) -> int:
    """How many layers the encoder or the decoder has."""
    return sum(name.startswith(f"{part}/layer_") and name.endswith("ffn/linear_0/weight") for name in weights)


def encoder(weights: Weights) -> bytes:
    """`features` [sounds, bands, frames] → for each layer N of the decoder `keys_N` and `values_N`.

    Each of them is [sounds, heads, places, size]; places are half as many as frames. Keys and values are what the
    decoder makes of the encoder's output: they are the same for every token, so they are made here, once.
    """
    graph = _Graph(weights)
    x = graph.gelu(graph.convolution("features", "encoder/conv1", 1))
    x = graph.gelu(graph.convolution(x, "encoder/conv2", 2))
    x = graph.add("Transpose", [x], perm=[0, 2, 1])
    count = graph.add("Shape", [x], start=1, end=2)
    zero = graph.constant("zero", np.array([0], np.int64))
    places = graph.constant("encoder/places", weights["encoder/position_encodings/encodings"])
    x = graph.sum(x, graph.add("Slice", [places, zero, count, zero]))
    for number in range(layers(weights, "encoder")):
        layer = f"encoder/layer_{number}"
        query, key, value = graph.split(
            graph.columns(graph.norm(x, f"{layer}/self_attention"), f"{layer}/self_attention/linear_0"), 3
        )
        seen = graph.attention([query, key, value])
        x = graph.sum(x, graph.columns(seen, f"{layer}/self_attention/linear_1"))
        inner = graph.gelu(graph.columns(graph.norm(x, f"{layer}/ffn"), f"{layer}/ffn/linear_0"))
        x = graph.sum(x, graph.columns(inner, f"{layer}/ffn/linear_1"))
    x = graph.norm(x, "encoder")
    outputs: list[str] = []
    for number in range(layers(weights, "decoder")):
        both = graph.split(graph.columns(x, f"decoder/layer_{number}/attention/linear_1"), 2)
        for name, part in zip((f"keys_{number}", f"values_{number}"), both, strict=True):
            graph.add("Transpose", [graph.heads(part)], name=name, perm=[0, 2, 1, 3])
            outputs.append(name)
    return graph.finished({"features": 3}, outputs)


def decoder(weights: Weights) -> bytes:
    """One step: the next tokens of several texts, all of one length, and what is likely to follow.

    Inputs:
        tokens: [texts, tokens, width], with their places added.
        wanted: [n], of which tokens the likelihoods of what follows are asked.
        mask: [texts, 1, tokens, places], added to the attention to the sound: 0, or very negative where there is none.
        keys_N, values_N: of the encoder, for each layer N.
        past_keys_N, past_values_N: of the earlier tokens, [texts, heads, earlier, size].

    Outputs:
        logits: [texts, n, vocabulary].
        new_keys_N, new_values_N: the past of the next step.
        asked_N: [texts, tokens, width], with which each layer looked into the sound.
    """
    graph = _Graph(weights)
    inputs = {"tokens": 3, "mask": 4}
    outputs = ["logits"]
    x = "tokens"
    for number in range(layers(weights, "decoder")):
        layer = f"decoder/layer_{number}"
        mixed = graph.blocks(graph.norm(x, f"{layer}/self_attention"), f"{layer}/self_attention/linear_0")
        query, key, value = graph.split(mixed, 3)
        past = [f"past_keys_{number}", f"past_values_{number}"]
        new = [f"new_keys_{number}", f"new_values_{number}"]
        seen = graph.attention([query, key, value, "", "", "", *past], new=new, unidirectional=1)
        x = graph.sum(x, graph.blocks(seen, f"{layer}/self_attention/linear_1"))
        asked = graph.blocks(
            graph.norm(x, f"{layer}/attention"), f"{layer}/attention/linear_0", name=f"asked_{number}"
        )
        sound = [f"keys_{number}", f"values_{number}"]
        heard = graph.attention([asked, *sound, "", "", "mask"])
        x = graph.sum(x, graph.blocks(heard, f"{layer}/attention/linear_2"))
        inner = graph.gelu(graph.blocks(graph.norm(x, f"{layer}/ffn"), f"{layer}/ffn/linear_0"))
        x = graph.sum(x, graph.blocks(inner, f"{layer}/ffn/linear_1"))
        inputs |= dict.fromkeys([*sound, *past], 4)
        outputs += [*new, f"asked_{number}"]
    x = graph.add("Gather", [graph.norm(x, "decoder"), "wanted"], axis=1)
    graph.blocks(x, "decoder/projection", name="logits")
    return graph.finished(inputs, outputs, whole={"wanted": 1})


class _Graph:
    """A graph in the making: each method adds nodes and gives the name of what they compute."""

    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        self._heads = int(weights["decoder/num_heads"])
        self._nodes: list[NodeProto] = []
        self._constants: dict[str, TensorProto] = {}

    def add(
        self,
        operator: str,
        inputs: Sequence[str],
        *,
        name: str | None = None,
        domain: str = "",
        **attributes: Any,
    ) -> str:
        """A node with one output."""
        return self._node(operator, inputs, [name or f"{operator}_{len(self._nodes)}"], domain, attributes)[0]

    def _node(
        self,
        operator: str,
        inputs: Sequence[str],
        outputs: Sequence[str],
        domain: str,
        attributes: dict[str, Any],
    ) -> Sequence[str]:
        self._nodes.append(
            helper.make_node(
                operator, inputs, outputs, name=f"{operator}_{len(self._nodes)}", domain=domain, **attributes
            )
        )
        return outputs

    def constant(self, name: str, values: NDArray[Any]) -> str:
        """An array; a half-precision one is widened."""
        if name not in self._constants:
            wide = values.astype(np.float32) if values.dtype == np.float16 else values
            self._constants[name] = numpy_helper.from_array(np.ascontiguousarray(wide), name)
        return name

    def sum(self, one: str, other: str) -> str:
        return self.add("Add", [one, other])

    def gelu(self, x: str) -> str:
        return self.add("Gelu", [x], domain=MICROSOFT)

    def split(self, x: str, parts: int) -> Sequence[str]:
        outputs = [f"Split_{len(self._nodes)}_{part}" for part in range(parts)]
        return self._node("Split", [x], outputs, "", {"axis": -1, "num_outputs": parts})

    def heads(self, x: str) -> str:
        """[…, places, width] → […, places, heads, size]."""
        return self.add("Reshape", [x, self.constant("heads", np.array([0, 0, self._heads, -1], np.int64))])

    def norm(self, x: str, place: str) -> str:
        gamma, beta = (
            self.constant(f"{place}/{part}", self._weights[f"{place}/layer_norm/{part}"])
            for part in ("gamma", "beta")
        )
        return self.add("LayerNormalization", [x, gamma, beta], axis=-1, epsilon=1e-5)

    def convolution(self, x: str, place: str, stride: int) -> str:
        kernel, bias = (
            self.constant(f"{place}/{part}", self._weights[f"{place}/{part}"]) for part in ("weight", "bias")
        )
        return self.add("Conv", [x, kernel, bias], kernel_shape=[3], pads=[1, 1], strides=[stride])

    def attention(self, inputs: Sequence[str], *, new: Sequence[str] = (), **attributes: Any) -> str:
        name = f"seen_{len(self._nodes)}"
        self._node(
            "MultiHeadAttention", inputs, [name, *new], MICROSOFT, {"num_heads": self._heads, **attributes}
        )
        return name

    def columns(self, x: str, place: str) -> str:
        """A matrix in 8 bits with a scale for each column."""
        weight = self._weights[f"{place}/weight"]
        whole, scale = _reduced(weight, weight.shape[1])
        inputs = [x, self.constant(f"{place}/whole", (whole[:, 0] ^ 0x80).view(np.int8).T)]
        inputs += [self.constant(f"{place}/scale", scale[:, 0]), ""]
        bias = self.constant(f"{place}/bias", self._weights[f"{place}/bias"])
        return self.add("DynamicQuantizeMatMul", [*inputs, bias], domain=MICROSOFT)

    def blocks(self, x: str, place: str, *, name: str | None = None) -> str:
        """A matrix in 8 bits with a scale for each block of a column."""
        weight = self._weights[f"{place}/weight"]
        whole, scale = _reduced(weight, BLOCK)
        inputs = [x, self.constant(f"{place}/whole", whole), self.constant(f"{place}/scale", scale)]
        if f"{place}/bias" in self._weights:
            inputs += ["", "", self.constant(f"{place}/bias", self._weights[f"{place}/bias"])]
        rows, columns = weight.shape
        # Accuracy level 4: the other factor is reduced to 8 bits too.
        return self.add(
            "MatMulNBits",
            inputs,
            name=name,
            domain=MICROSOFT,
            K=columns,
            N=rows,
            bits=8,
            block_size=BLOCK,
            accuracy_level=4,
        )

    def finished(
        self, inputs: dict[str, int], outputs: Sequence[str], *, whole: dict[str, int] | None = None
    ) -> bytes:
        """The model as a file has it.

        Args:
            inputs: the inputs of floats, and their ranks.
            outputs: all of them floats.
            whole: the inputs of whole numbers, and their ranks.
        """
        kinds = [(inputs, TensorProto.FLOAT), (whole or {}, TensorProto.INT64)]
        given = [
            helper.make_tensor_value_info(name, kind, [None] * rank)
            for names, kind in kinds
            for name, rank in names.items()
        ]
        made = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs]
        graph = helper.make_graph(self._nodes, "whisper", given, made, list(self._constants.values()))
        opsets = [helper.make_opsetid("", 18), helper.make_opsetid(MICROSOFT, 1)]
        model: ModelProto = helper.make_model(graph, opset_imports=opsets, ir_version=9)
        return model.SerializeToString()


def _reduced(weight: NDArray[Any], block: int) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """A matrix's rows in blocks of 8 bits, 128 for zero, [rows, blocks, block], and the blocks' scales."""
    rows = weight.shape[0]
    whole = np.empty((rows, weight.shape[1] // block, block), np.uint8)
    scale = np.empty(whole.shape[:2], np.float32)
    # A few rows at a time stay in the processor's cache: five times as quick.
    for at in range(0, rows, 256):
        some = weight[at : at + 256].astype(np.float32).reshape(-1, *whole.shape[1:])
        scale[at : at + 256] = np.maximum(np.maximum(some.max(axis=2), -some.min(axis=2)), 1e-9) / 127
        some /= scale[at : at + 256, :, None]
        some += 128.5
        whole[at : at + 256] = some
    return whole, scale
