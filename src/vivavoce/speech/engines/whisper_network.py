"""Whisper's two networks at work, by ONNX Runtime."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeAlias

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from vivavoce.speech.engines import whisper_graphs
from vivavoce.speech.engines.whisper_weights import Weights, read_weights

Floats: TypeAlias = NDArray[np.float32]

NOWHERE = np.float32(-1e9)
"""Added to the attention to a place that holds nothing: its weight becomes zero."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """Sounds as the encoder left them, one or several.

    Attributes:
        parts: for each layer of the decoder, its keys and its values: [sounds, heads, places, size].
        places: how many places of each sound count; the rest is filling.
    """

    parts: tuple[Floats, ...]
    places: tuple[int, ...]

    def rows(self, rows: Sequence[int]) -> Encoded:
        """Some of the sounds, in any order, also several times; nothing is copied when it is all of them."""
        if list(rows) == list(range(len(self.places))):
            return self
        return Encoded(
            tuple(part[list(rows)] for part in self.parts), tuple(self.places[row] for row in rows)
        )

    def mask(self, tokens: int) -> Floats:
        """What the attention of so many tokens is to leave out: [sounds, 1, tokens, places]."""
        width = self.parts[0].shape[2]
        filled = np.arange(width) < np.array(self.places)[:, None]
        mask = np.where(filled, np.float32(0), NOWHERE)
        return np.repeat(mask[:, None, None, :], tokens, axis=2)


def together(sounds: Sequence[Encoded]) -> Encoded:
    """Several as one; shorter ones are filled up to the longest."""
    if len(sounds) == 1:
        return sounds[0]
    width = max(sound.parts[0].shape[2] for sound in sounds)

    def joined(parts: Sequence[Floats]) -> Floats:
        texts, heads, _, size = parts[0].shape
        whole = np.zeros((sum(len(part) for part in parts), heads, width, size), np.float32)
        at = 0
        for part in parts:
            texts = len(part)
            whole[at : at + texts, :, : part.shape[2]] = part
            at += texts
        return whole

    columns = zip(*(sound.parts for sound in sounds), strict=True)
    return Encoded(
        tuple(joined(parts) for parts in columns), tuple(place for sound in sounds for place in sound.places)
    )


@dataclass(frozen=True, slots=True)
class Past:
    """What the decoder keeps of the tokens so far: for each layer keys and values, [texts, heads, tokens, size]."""

    parts: tuple[Floats, ...]

    @property
    def tokens(self) -> int:
        """How many they are."""
        return self.parts[0].shape[2]

    def rows(self, rows: Sequence[int]) -> Past:
        """Some of the texts, in any order, also several times."""
        if list(rows) == list(range(len(self.parts[0]))):
            return self
        return Past(tuple(part[list(rows)] for part in self.parts))


class Network:
    """A Whisper model. `encode_beside` may be called on several threads at once, the rest may not.

    Args:
        folder: the model's, in CTranslate2's format.
        threads: to compute on.

    Raises:
        EngineFailed: the folder holds no such model.
    """

    def __init__(self, folder: Path, threads: int) -> None:
        weights = read_weights(folder / "model.bin")
        self._words = weights["decoder/embeddings/weight"]
        self._places = weights["decoder/position_encodings/encodings"].astype(np.float32)
        self._layers = whisper_graphs.layers(weights, "decoder")
        self._heads = int(weights["decoder/num_heads"])
        self.bands = weights["encoder/conv1/weight"].shape[1]
        config: dict[str, Any] = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        self.never: tuple[int, ...] = tuple(config["suppress_ids"])
        self.never_first: tuple[int, ...] = tuple(config["suppress_ids_begin"])
        self.aligned: tuple[tuple[int, int], ...] = tuple(
            (layer, head) for layer, head in config["alignment_heads"]
        )
        with ThreadPoolExecutor(2) as pool:
            encoder = pool.submit(_loaded, whisper_graphs.encoder, weights, threads)
            decoder = pool.submit(_loaded, whisper_graphs.decoder, weights, threads)
            # How many threads a session computes on is settled when it is made.
            beside = pool.submit(_loaded, whisper_graphs.encoder, weights, 1) if threads > 1 else encoder
            self._encoder, self._decoder, self._beside = encoder.result(), decoder.result(), beside.result()
        self._kept = [name for n in range(self._layers) for name in (f"new_keys_{n}", f"new_values_{n}")]

    @property
    def longest(self) -> int:
        """Tokens a text can have, what it starts with included."""
        return len(self._places)

    @property
    def vocabulary(self) -> int:
        """How many tokens there are."""
        return len(self._words)

    def encode(self, features: Floats) -> Encoded:
        """Encode a sound on all threads: [bands, frames], an even number of frames."""
        return _encoded(self._encoder, features)

    def encode_beside(self, features: Floats) -> Encoded:
        """Encode a sound on the caller's thread, while other threads encode others."""
        return _encoded(self._beside, features)

    def nothing_yet(self, texts: int) -> Past:
        """The past of texts that begin."""
        size = self._words.shape[1] // self._heads
        return Past((np.zeros((texts, self._heads, 0, size), np.float32),) * (2 * self._layers))

    def step(
        self, sounds: Encoded, past: Past, tokens: NDArray[np.int64], wanted: Sequence[int]
    ) -> tuple[Floats, Past]:
        """Go on by some tokens.

        Args:
            sounds: one for each text.
            past: of the tokens before.
            tokens: [texts, tokens].
            wanted: of which of these tokens the likelihoods of what follows are given.

        Returns:
            Logits [texts, wanted, vocabulary], and the past with these tokens.
        """
        outputs = self._run(sounds, past, tokens, wanted, ["logits", *self._kept])
        return outputs[0], Past(tuple(outputs[1:]))

    def looked(self, sound: Encoded, tokens: Sequence[int], places: int) -> tuple[Floats, Floats]:
        """Where in a sound the tokens of a text are, by the heads that follow it.

        Args:
            sound: one.
            tokens: what the text starts with, its own, and its end.
            places: of the sound's, those that may be looked at.

        Returns:
            Attention [heads, tokens, places], each row adding up to 1; and the logits [tokens, vocabulary].
        """
        layers = sorted({layer for layer, _ in self.aligned})
        given = np.array([tokens], np.int64)
        names = ["logits", *(f"asked_{layer}" for layer in layers)]
        logits, *asked = self._run(sound, self.nothing_yet(1), given, range(len(tokens)), names)
        by_layer = dict(zip(layers, asked, strict=True))
        rows: list[Floats] = []
        for layer, head in self.aligned:
            keys = sound.parts[2 * layer][0, head, :places]
            query = by_layer[layer][0].reshape(len(tokens), self._heads, -1)[:, head]
            weight = query @ keys.T / np.sqrt(np.float32(keys.shape[1]))
            weight = np.exp(weight - weight.max(axis=1, keepdims=True))
            rows.append(weight / weight.sum(axis=1, keepdims=True))
        return np.stack(rows), logits[0]

    def _run(
        self,
        sounds: Encoded,
        past: Past,
        tokens: NDArray[np.int64],
        wanted: Sequence[int],
        outputs: Sequence[str],
    ) -> list[Any]:
        count = tokens.shape[1]
        places = self._places[past.tokens : past.tokens + count]
        inputs: dict[str, Any] = {
            "tokens": self._words[tokens].astype(np.float32) + places,
            "wanted": np.array(wanted, np.int64),
            "mask": sounds.mask(count),
        }
        for number in range(self._layers):
            inputs[f"keys_{number}"], inputs[f"values_{number}"] = sounds.parts[2 * number : 2 * number + 2]
            inputs[f"past_keys_{number}"], inputs[f"past_values_{number}"] = past.parts[
                2 * number : 2 * number + 2
            ]
        return list(self._decoder.run(outputs, inputs))


def _encoded(encoder: onnxruntime.InferenceSession, features: Floats) -> Encoded:
    parts: list[Any] = list(encoder.run(None, {"features": features[None]}))
    return Encoded(tuple(parts), (features.shape[1] // 2,))


def _loaded(make: Callable[[Weights], bytes], weights: Weights, threads: int) -> onnxruntime.InferenceSession:
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = threads
    settings.inter_op_num_threads = 1
    # Threads that spin while they wait take the processor from the other engines and the conversations.
    settings.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # By way of a file: a session that is made of bytes keeps them for as long as it lives.
    with TemporaryDirectory(prefix="vivavoce-") as folder:
        path = Path(folder) / "graph.onnx"
        path.write_bytes(make(weights))
        return onnxruntime.InferenceSession(str(path), settings, providers=["CPUExecutionProvider"])
