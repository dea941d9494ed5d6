"""A model in ONNX Runtime that several threads run at once, and that stops when it is asked to."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Mapping, Sequence

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from vivavoce.speech.engines.base import Halt

Floats = NDArray[np.float32]
Inputs = Mapping[str, NDArray[np.int64] | Floats]


class OnnxModel:
    """A model, loaded.

    Args:
        model: an ONNX file's bytes.
        threads: for one run; runs at once share them.

    Attributes:
        session: ONNX Runtime's.
    """

    def __init__(self, model: bytes, *, threads: int) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # A pattern is one block for all that a run of one shape needs. Ours differ in shape each time: what is kept
        # is then blocks of every size, 70 MB more for Piper's two lanes, and no run is sooner for it.
        options.enable_mem_pattern = False
        # Threads that spin while they wait take the processor from the other engines and the conversations.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        # Given as bytes, a session keeps them for as long as it lives; a file in memory is gone when it is closed.
        file = os.memfd_create("model.onnx")
        try:
            with open(file, "wb", closefd=False) as writer:
                writer.write(model)
            self.session = onnxruntime.InferenceSession(
                f"/proc/self/fd/{file}", options, providers=["CPUExecutionProvider"]
            )
        finally:
            os.close(file)
        _give_back()

    def run(self, inputs: Inputs, halt: Halt) -> Sequence[Floats]:
        """The outputs; ends early, with an exception, when `halt` asks."""
        running = onnxruntime.RunOptions()
        halt.watch(lambda: setattr(running, "terminate", True))
        return [np.asarray(output, np.float32) for output in self.session.run(None, dict(inputs), running)]


def _give_back() -> None:
    """Return to the system what was only needed to load: a third of a Piper voice's memory, which glibc would keep."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
