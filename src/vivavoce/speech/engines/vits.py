"""A VITS model in two parts: the first decides what is said and how, the second makes it sound, a window at a time.

The second part is a row of convolutions. What it makes of a frame depends on the frames near it and on no other, so a
window with some frames around it sounds as it does in the whole. The first sound need not wait for the rest of its
sentence, and memory is that of a window.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from vivavoce.speech.engines import onnx_file
from vivavoce.speech.engines.base import Halt
from vivavoce.speech.engines.onnx_file import Node
from vivavoce.speech.engines.onnx_model import Floats, Inputs, OnnxModel

_OF_DECODER: Final = frozenset(
    {"Conv", "ConvTranspose", "LeakyRelu", "Add", "Div", "Tanh", "Unsqueeze", "Constant"}
)
"""Operations of a HiFi-GAN generator (https://arxiv.org/abs/2010.05646)."""

_AROUND: Final = (10, 12, 16, 24)
"""Frames around a window that may be enough, the fewest first: Piper's medium voices need 10."""

_SAME: Final = 1e-5
"""Full scale is 1: -100 dB."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """What the first part made.

    Attributes:
        latent: shape (1, channels, frames); the sound itself, of one channel, where the model cannot be parted.
        durations: for each phoneme id how many frames it lasts; None where the model does not tell.
    """

    latent: Floats
    durations: Floats | None

    @property
    def frames(self) -> int:
        """Of the latent."""
        return self.latent.shape[2]


class Decoder:
    """The second part.

    Args:
        model: it.
        hop: samples that a frame becomes.
        around: frames on both sides that a window needs.
    """

    def __init__(self, model: OnnxModel, *, hop: int, around: int) -> None:
        self.hop = hop
        self._model = model
        self._around = around

    def window(self, latent: Floats, start: int, end: int, halt: Halt) -> Floats:
        """The samples of some frames."""
        before = max(0, start - self._around)
        sound = _decoded(self._model, latent[:, :, before : end + self._around], halt)
        return sound[(start - before) * self.hop : (end - before) * self.hop]


class Vits:
    """Both parts. Safe for threads.

    Args:
        prior: the first one.
        decoder: the second one; None where the model is in one piece, and the first one gives the sound.

    Attributes:
        prior: likewise.
        hop: samples that a frame of the latent becomes.
    """

    def __init__(self, prior: OnnxModel, decoder: Decoder | None) -> None:
        self.prior = prior
        self.hop = 1 if decoder is None else decoder.hop
        self._decoder = decoder

    def utter(self, inputs: Inputs, halt: Halt) -> Utterance:
        """Decide what is said and how."""
        latent, *durations = self.prior.run(inputs, halt)
        if self._decoder is None:
            latent = latent.reshape(1, 1, -1)
        return Utterance(latent, durations[0].reshape(-1) if durations else None)

    def sound(self, utterance: Utterance, start: int, end: int, halt: Halt) -> Floats:
        """The samples of some frames, full scale 1."""
        if self._decoder is None:
            return utterance.latent[0, 0, start:end]
        return self._decoder.window(utterance.latent, start, end, halt)


def load(model: bytes, sample: Inputs, *, threads: int) -> Vits:
    """A model, in two parts if it can be parted.

    Args:
        model: an ONNX file's bytes.
        sample: inputs to try it with, of half a second or more.
        threads: for one run.
    """
    nodes = list(onnx_file.nodes(model))
    ends = onnx_file.outputs(model)
    durations = _durations(model, nodes)
    latent = _latent(model, nodes, ends)
    if latent is not None:
        prior = OnnxModel(onnx_file.part(model, list(sample), [latent, *durations]), threads=threads)
        decoder = OnnxModel(onnx_file.part(model, [latent], ends), threads=threads)
        fitting = _fitting(decoder, prior.run(sample, Halt())[0])
        if fitting is not None:
            return Vits(prior, fitting)
    return Vits(OnnxModel(model + b"".join(map(onnx_file.output, durations)), threads=threads), None)


def _durations(model: bytes, nodes: Sequence[Node]) -> list[str]:
    """The tensor of each phoneme's frames, as `piper.patch_voice_with_alignment` finds it: the only one rounded up."""
    found = [onnx_file.text(model, node.outputs[0]) for node in nodes if node.operation == "Ceil"]
    return found if len(found) == 1 else []


def _latent(model: bytes, nodes: Sequence[Node], ends: Sequence[str]) -> str | None:
    """The one tensor that the decoder makes the sound of; None where there are more."""
    makers = {onnx_file.text(model, span): node for node in nodes for span in node.outputs}
    frontier: set[str] = set()
    waiting = list(ends)
    while waiting:
        name = waiting.pop()
        maker = makers.get(name)
        if maker is None:
            continue
        if maker.operation in _OF_DECODER:
            waiting += maker.inputs
        else:
            frontier.add(name)
    return frontier.pop() if len(frontier) == 1 else None


def _fitting(model: OnnxModel, latent: Floats) -> Decoder | None:
    """A decoder with as many frames around its windows as it needs; None where none of our numbers is enough."""
    middle = max(_AROUND) * 2
    if latent.ndim != 3:
        return None
    latent = np.tile(latent, 2 * middle // latent.shape[2] + 1)
    whole = _decoded(model, latent, Halt())
    hop, rest = divmod(len(whole), latent.shape[2])
    for around in _AROUND:
        decoder = Decoder(model, hop=hop, around=around)
        windows = [
            decoder.window(latent, *window, Halt()) for window in ((0, middle), (middle, latent.shape[2]))
        ]
        if not rest and np.abs(np.concatenate(windows) - whole).max() < _SAME:
            return decoder
    return None


def _decoded(model: OnnxModel, latent: Floats, halt: Halt) -> Floats:
    (sound,) = model.run({model.session.get_inputs()[0].name: latent}, halt)
    return sound.reshape(-1)
