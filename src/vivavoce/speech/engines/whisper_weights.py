"""Whisper's weights as CTranslate2 keeps them: one file, `model.bin`, of arrays with names.

The format is that of CTranslate2's `ModelSpec.save` (`python/ctranslate2/specs/model_spec.py`), binary version 6,
little endian: the version (u32), the name of the kind of model, its revision (u32), the number of arrays (u32), for
each its name, rank (u8), shape (u32 each), type (u8), size in bytes (u32) and data; then the number of aliases (u32),
and for each its name and what it stands for. A name is its length (u16), its bytes and a zero that the length counts.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from vivavoce.speech.errors import EngineFailed

Weights: TypeAlias = Mapping[str, NDArray[Any]]

VERSION = 6
KIND = "WhisperSpec"

_TYPES: Mapping[int, Any] = {0: np.float32, 1: np.int8, 2: np.int16, 3: np.int32, 4: np.float16}


def read_weights(path: Path) -> Weights:
    """The arrays of a file by name, read from the disk only as they are looked at.

    Raises:
        EngineFailed: it is no Whisper model of CTranslate2's, or not whole.
    """
    data = np.memmap(path, np.uint8, "r")
    try:
        return _arrays(_Cursor(data))
    except (struct.error, UnicodeDecodeError, LookupError, ValueError, TypeError) as error:
        raise EngineFailed(
            f"{path} is no Whisper model in CTranslate2's format, version {VERSION}: {error}.",
            next_step="Run `vivavoce models verify`, and pull the model again if it is damaged.",
        ) from error


def _arrays(file: _Cursor) -> Weights:
    version, kind = file.number("I"), file.text()
    if version != VERSION or kind != KIND:
        raise ValueError(f"it is {kind!r}, version {version}")
    file.number("I")
    found: dict[str, NDArray[Any]] = {}
    for _ in range(file.number("I")):
        name = file.text()
        shape = [file.number("I") for _ in range(file.number("B"))]
        kind_of = _TYPES[file.number("B")]
        found[name] = file.bytes(file.number("I")).view(kind_of).reshape(shape)
    for _ in range(file.number("I")):
        name = file.text()
        found[name] = found[file.text()]
    return found


class _Cursor:
    def __init__(self, data: NDArray[np.uint8]) -> None:
        self._data = data
        self._at = 0

    def number(self, kind: str) -> int:
        size = struct.calcsize(f"<{kind}")
        return int(struct.unpack(f"<{kind}", self.bytes(size).tobytes())[0])

    def text(self) -> str:
        return self.bytes(self.number("H")).tobytes().rstrip(b"\0").decode()

    def bytes(self, size: int) -> NDArray[np.uint8]:
        self._at += size
        if self._at > len(self._data):
            raise ValueError("the file ends too early")
        return self._data[self._at - size : self._at]
