"""Silero's voice activity detector on sound as it comes, for all streams of a server, off the event loop.

It runs here and not in the recogniser's process: there it would wait behind a decoding of some 0.2 s, and an endpoint
with it. A second of sound takes it 2 ms on one thread, without the interpreter's lock; with ONNX Runtime it brings
30 MB, when the first stream wants it. The model is the one that faster-whisper brings (v6, MIT), of which nothing else
is loaded.
"""

from __future__ import annotations

import asyncio
import importlib.util
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vivavoce.speech.endpointing import FRAME
from vivavoce.speech.errors import EngineNotInstalled

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

CONTEXT = 64
"""Samples of the frame before that the model looks at too."""


def _memory() -> NDArray[np.float32]:
    return np.zeros((1, 1, 128), np.float32)


@dataclass(slots=True)
class Stream:
    """One sound, as far as it was judged."""

    rest: bytes = b""
    context: NDArray[np.float32] = field(default_factory=lambda: np.zeros(CONTEXT, np.float32))
    hidden: NDArray[np.float32] = field(default_factory=_memory)
    cell: NDArray[np.float32] = field(default_factory=_memory)


class Detector:
    """The detector. It is loaded when it is first used."""

    def __init__(self) -> None:
        self._session: InferenceSession | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="detector")

    async def load(self) -> None:
        """Be ready.

        Raises:
            EngineNotInstalled: the model is not there.
        """
        if self._session is None:
            await self.judge(Stream(), bytes(2 * FRAME))

    async def judge(self, stream: Stream, pcm: bytes) -> list[float]:
        """The probability of speech in each `FRAME` that is whole now.

        Args:
            stream: of the sound; goes on where it was.
            pcm: its next samples, s16le mono at 16 kHz.

        Raises:
            EngineNotInstalled: the model is not there.
        """
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._judge, stream, pcm)

    def _judge(self, stream: Stream, pcm: bytes) -> list[float]:
        data = stream.rest + pcm
        whole = len(data) // (2 * FRAME) * 2 * FRAME
        stream.rest = data[whole:]
        if not whole:
            return []
        if self._session is None:
            self._session = _load()
        frames = np.frombuffer(data[:whole], "<i2").astype(np.float32).reshape(-1, FRAME) / 32768.0
        before = np.concatenate([stream.context[None], frames[:-1, -CONTEXT:]])
        found, hidden, cell = self._session.run(
            None, {"input": np.concatenate([before, frames], 1), "h": stream.hidden, "c": stream.cell}
        )
        stream.hidden, stream.cell = np.asarray(hidden, np.float32), np.asarray(cell, np.float32)
        stream.context = frames[-1, -CONTEXT:]
        return [float(probability) for probability in np.asarray(found).reshape(-1)]


def _load() -> InferenceSession:
    import onnxruntime

    # Only found, not imported: the package brings a recogniser of hundreds of megabytes with it.
    package = importlib.util.find_spec("faster_whisper")
    places = (package.submodule_search_locations if package else None) or []
    for place in places:
        path = Path(place) / "assets" / "silero_vad_v6.onnx"
        if path.is_file():
            settings = onnxruntime.SessionOptions()
            settings.intra_op_num_threads = settings.inter_op_num_threads = 1
            settings.enable_cpu_mem_arena = False
            return onnxruntime.InferenceSession(str(path), settings, providers=["CPUExecutionProvider"])
    raise EngineNotInstalled(
        "The voice activity detector of faster-whisper 1.2 is not installed.",
        next_step="Install faster-whisper==1.2.1, or end utterances yourself (endpointing: client).",
    )
