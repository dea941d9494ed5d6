"""The file of weights: what is in it, and what is said of one that is damaged."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from vivavoce.speech.engines.whisper_weights import read_weights
from vivavoce.speech.errors import EngineFailed

ARRAYS: Mapping[str, NDArray[np.float16]] = {
    "a/weight": np.arange(6, dtype=np.float16).reshape(2, 3),
    "a/number": np.array(8, np.float16),
}


def text(name: str) -> bytes:
    return struct.pack("<H", len(name) + 1) + name.encode() + b"\0"


def file(*, version: int = 6, kind: str = "WhisperSpec", type_number: int = 4) -> bytes:
    parts = [struct.pack("<I", version), text(kind), struct.pack("<II", 3, len(ARRAYS))]
    for name, values in ARRAYS.items():
        parts += [text(name), struct.pack(f"<B{values.ndim}I", values.ndim, *values.shape)]
        parts += [struct.pack("<BI", type_number, values.nbytes), values.tobytes()]
    parts += [struct.pack("<I", 1), text("b/weight"), text("a/weight")]
    return b"".join(parts)


def test_arrays_and_their_other_names(tmp_path: Path) -> None:
    path = tmp_path / "model.bin"
    path.write_bytes(file())
    weights = read_weights(path)
    assert set(weights) == {"a/weight", "a/number", "b/weight"}
    assert weights["b/weight"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert int(weights["a/number"]) == 8


@pytest.mark.parametrize(
    "damaged",
    [
        file()[:-20],
        file()[:40],
        file(version=7),
        file(kind="TransformerSpec"),
        file(type_number=9),
        b"\xff" * 200,
    ],
)
def test_another_file_or_half_of_one_is_an_error_that_says_so(tmp_path: Path, damaged: bytes) -> None:
    path = tmp_path / "model.bin"
    path.write_bytes(damaged)
    with pytest.raises(EngineFailed, match="no Whisper model"):
        read_weights(path)
