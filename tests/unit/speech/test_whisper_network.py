"""The networks, on a Whisper of a few thousand random weights, against the same sums in NumPy."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from math import erf
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from vivavoce.speech.engines.whisper_network import Encoded, Network, together

Floats = NDArray[np.float32]

WIDTH, HEADS, BANDS, WORDS, PLACES, LAYERS = 128, 4, 8, 60, 50, 2
SIZE = WIDTH // HEADS


def text(name: str) -> bytes:
    return struct.pack("<H", len(name) + 1) + name.encode() + b"\0"


def weights() -> dict[str, NDArray[Any]]:
    random = np.random.default_rng(2)

    def some(*shape: int, scale: float = 0.08) -> NDArray[np.float16]:
        return random.normal(0, scale, shape).astype(np.float16)

    found: dict[str, NDArray[Any]] = {
        "decoder/num_heads": np.array(HEADS, np.int16),
        "decoder/embeddings/weight": some(WORDS, WIDTH, scale=0.3),
        "decoder/position_encodings/encodings": some(32, WIDTH, scale=0.3),
        "encoder/position_encodings/encodings": some(PLACES, WIDTH, scale=0.3),
        "encoder/conv1/weight": some(WIDTH, BANDS, 3, scale=0.3),
        "encoder/conv1/bias": some(WIDTH),
        "encoder/conv2/weight": some(WIDTH, WIDTH, 3),
        "encoder/conv2/bias": some(WIDTH),
    }
    matrices = {
        "self_attention/linear_0": (3 * WIDTH, WIDTH),
        "self_attention/linear_1": (WIDTH, WIDTH),
        "ffn/linear_0": (4 * WIDTH, WIDTH),
        "ffn/linear_1": (WIDTH, 4 * WIDTH),
    }
    crossing = {f"attention/linear_{n}": (rows, WIDTH) for n, rows in enumerate((WIDTH, 2 * WIDTH, WIDTH))}
    norms = [f"{part}/layer_norm" for part in ("encoder", "decoder")]
    for part, extra in (("encoder", {}), ("decoder", crossing)):
        for number in range(LAYERS):
            layer = f"{part}/layer_{number}"
            for name, shape in {**matrices, **extra}.items():
                found[f"{layer}/{name}/weight"] = some(*shape)
                found[f"{layer}/{name}/bias"] = some(shape[0])
            norms += [
                f"{layer}/{name}/layer_norm"
                for name in ("self_attention", "ffn", *(["attention"] * bool(extra)))
            ]
    for norm in norms:
        found[f"{norm}/gamma"] = (1 + some(WIDTH)).astype(np.float16)
        found[f"{norm}/beta"] = some(WIDTH)
    return found


def saved(folder: Path, arrays: Mapping[str, NDArray[Any]]) -> Path:
    numbers = {np.dtype(np.float16): 4, np.dtype(np.int16): 2}
    parts = [struct.pack("<I", 6), text("WhisperSpec"), struct.pack("<II", 3, len(arrays))]
    for name, values in arrays.items():
        parts += [text(name), struct.pack(f"<B{values.ndim}I", values.ndim, *values.shape)]
        parts += [struct.pack("<BI", numbers[values.dtype], values.nbytes), values.tobytes()]
    parts += [struct.pack("<I", 1), text("decoder/projection/weight"), text("decoder/embeddings/weight")]
    (folder / "model.bin").write_bytes(b"".join(parts))
    config = {"suppress_ids": [1], "suppress_ids_begin": [2], "alignment_heads": [[1, 0], [1, 3]]}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return folder


class Plain:
    """The same network in floats, written down as it is read in OpenAI's `whisper/model.py`."""

    def __init__(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        self._of = {name: values.astype(np.float64) for name, values in arrays.items()}

    def linear(self, x: Any, place: str) -> Any:
        return x @ self._of[f"{place}/weight"].T + self._of[f"{place}/bias"]

    def norm(self, x: Any, place: str) -> Any:
        x = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5)
        return x * self._of[f"{place}/layer_norm/gamma"] + self._of[f"{place}/layer_norm/beta"]

    def convolution(self, x: Any, place: str, stride: int) -> Any:
        padded = np.pad(x, ((0, 0), (1, 1)))
        seen = np.lib.stride_tricks.sliding_window_view(padded, 3, axis=1)[:, ::stride]
        return gelu(
            np.einsum("cpk,ock->op", seen, self._of[f"{place}/weight"]) + self._of[f"{place}/bias"][:, None]
        )

    def encode(self, features: Any) -> Any:
        x = self.convolution(self.convolution(features, "encoder/conv1", 1), "encoder/conv2", 2).T
        x = x + self._of["encoder/position_encodings/encodings"][: len(x)]
        for number in range(LAYERS):
            layer = f"encoder/layer_{number}"
            mixed = self.linear(self.norm(x, f"{layer}/self_attention"), f"{layer}/self_attention/linear_0")
            x = x + self.linear(attended(*np.split(mixed, 3, axis=-1))[0], f"{layer}/self_attention/linear_1")
            x = x + self.inner(x, layer)
        return self.norm(x, "encoder")

    def inner(self, x: Any, layer: str) -> Any:
        return self.linear(
            gelu(self.linear(self.norm(x, f"{layer}/ffn"), f"{layer}/ffn/linear_0")), f"{layer}/ffn/linear_1"
        )

    def decode(self, sound: Any, tokens: list[int]) -> tuple[Any, Any]:
        """Logits, and the attention of the last layer: [heads, tokens, places]."""
        x = (
            self._of["decoder/embeddings/weight"][tokens]
            + self._of["decoder/position_encodings/encodings"][: len(tokens)]
        )
        later = np.triu(np.full((len(tokens), len(tokens)), -1e9), 1)
        weight = None
        for number in range(LAYERS):
            layer = f"decoder/layer_{number}"
            mixed = self.linear(self.norm(x, f"{layer}/self_attention"), f"{layer}/self_attention/linear_0")
            x = x + self.linear(
                attended(*np.split(mixed, 3, axis=-1), later)[0], f"{layer}/self_attention/linear_1"
            )
            query = self.linear(self.norm(x, f"{layer}/attention"), f"{layer}/attention/linear_0")
            key, value = np.split(self.linear(sound, f"{layer}/attention/linear_1"), 2, axis=-1)
            heard, weight = attended(query, key, value)
            x = x + self.linear(heard, f"{layer}/attention/linear_2")
            x = x + self.inner(x, layer)
        return self.norm(x, "decoder") @ self._of["decoder/embeddings/weight"].T, weight


def gelu(x: Any) -> Any:
    return x * 0.5 * (1 + np.vectorize(erf)(x / np.sqrt(2)))


def attended(query: Any, key: Any, value: Any, mask: Any = 0.0) -> tuple[Any, Any]:
    def heads(x: Any) -> Any:
        return x.reshape(len(x), HEADS, SIZE).transpose(1, 0, 2)

    weight = heads(query) @ heads(key).transpose(0, 2, 1) / np.sqrt(SIZE) + mask
    weight = np.exp(weight - weight.max(-1, keepdims=True))
    weight /= weight.sum(-1, keepdims=True)
    return (weight @ heads(value)).transpose(1, 0, 2).reshape(len(query), WIDTH), weight


@pytest.fixture(scope="module")
def arrays() -> dict[str, NDArray[Any]]:
    return weights()


@pytest.fixture(scope="module")
def network(arrays: dict[str, NDArray[Any]], tmp_path_factory: pytest.TempPathFactory) -> Network:
    return Network(saved(tmp_path_factory.mktemp("whisper"), arrays), 1)


def features(frames: int) -> Floats:
    return np.random.default_rng(frames).normal(0, 1, (BANDS, frames)).astype(np.float32)


def near(one: Any, other: Any) -> float:
    """How far apart, of how far the values themselves are from their mean."""
    return float(np.abs(one - other).mean() / np.abs(other - other.mean()).mean())


TOKENS = [5, 17, 3, 40, 8, 22, 11]


def test_what_a_model_says_of_itself(network: Network) -> None:
    assert (network.bands, network.vocabulary, network.longest) == (BANDS, WORDS, 32)
    assert (network.never, network.never_first, network.aligned) == ((1,), (2,), ((1, 0), (1, 3)))


def test_texts_are_as_likely_as_floats_say(network: Network, arrays: dict[str, NDArray[Any]]) -> None:
    plain = Plain(arrays)
    expected, _ = plain.decode(plain.encode(features(40)), TOKENS)
    sound = network.encode(features(40))
    assert sound.places == (20,)
    wanted = range(len(TOKENS))
    logits, past = network.step(sound, network.nothing_yet(1), np.array([TOKENS]), wanted)
    assert past.tokens == len(TOKENS)
    assert near(logits[0], expected) < 0.05


def test_token_by_token_is_as_all_at_once(network: Network) -> None:
    sound = network.encode(features(40))
    at_once, _ = network.step(sound, network.nothing_yet(1), np.array([TOKENS]), [len(TOKENS) - 1])
    past = network.nothing_yet(1)
    for token in TOKENS[:-1]:
        _, past = network.step(sound, past, np.array([[token]]), [0])
    logits, _ = network.step(sound, past, np.array([TOKENS[-1:]]), [0])
    assert near(logits, at_once) < 0.03


def test_sounds_of_other_lengths_beside_it_change_nothing(network: Network) -> None:
    sounds = [network.encode(features(frames)) for frames in (30, 80, 44)]
    tokens = np.array([[5, 17], [5, 9], [5, 30]])
    side_by_side, _ = network.step(together(sounds), network.nothing_yet(3), tokens, [1])
    for row, sound in enumerate(sounds):
        alone, _ = network.step(sound, network.nothing_yet(1), tokens[row : row + 1], [1])
        assert near(side_by_side[row], alone[0]) < 0.01


def test_a_sound_is_the_same_encoded_on_all_threads_or_on_one_beside_others(
    arrays: dict[str, NDArray[Any]], tmp_path: Path
) -> None:
    network = Network(saved(tmp_path, arrays), 2)
    sounds = [features(frames) for frames in (30, 80, 44)]
    with ThreadPoolExecutor(2) as threads:
        for sound, encoded in zip(sounds, threads.map(network.encode_beside, sounds), strict=True):
            expected = network.encode(sound)
            assert encoded.places == expected.places
            assert all(
                np.allclose(one, other, atol=1e-5)
                for one, other in zip(encoded.parts, expected.parts, strict=True)
            )


def test_rows_can_be_taken_again_and_in_another_order(network: Network) -> None:
    sounds = together([network.encode(features(frames)) for frames in (30, 80)])
    _, past = network.step(sounds, network.nothing_yet(2), np.array([[5], [9]]), [0])
    order = [1, 0, 1]
    logits, _ = network.step(sounds.rows(order), past.rows(order), np.array([[4]] * 3), [0])
    straight, _ = network.step(sounds, past, np.array([[4]] * 2), [0])
    assert near(logits, straight[order]) < 0.01
    assert sounds.rows([0, 1]) is sounds


def test_the_heads_that_follow_the_sound_look_where_floats_do(
    network: Network, arrays: dict[str, NDArray[Any]]
) -> None:
    plain = Plain(arrays)
    _, expected = plain.decode(plain.encode(features(40)), TOKENS)
    attention, logits = network.looked(network.encode(features(40)), TOKENS, 20)
    assert logits.shape == (len(TOKENS), WORDS)
    assert np.allclose(attention.sum(axis=-1), 1.0, atol=1e-5)
    assert near(attention, expected[[0, 3]]) < 0.1
    cropped, _ = network.looked(network.encode(features(40)), TOKENS, 12)
    assert cropped.shape == (2, len(TOKENS), 12)


def test_places_that_hold_nothing_are_masked() -> None:
    sounds = Encoded((np.zeros((2, 1, 4, 1), np.float32),), (4, 2))
    mask = sounds.mask(3)
    assert mask.shape == (2, 1, 3, 4)
    assert (mask[1, 0, :, :2] == 0).all()
    assert (mask[1, 0, :, 2:] < -1e8).all()
    assert (mask[0] == 0).all()
