"""A model in ONNX Runtime that several threads run at once, and that stops when it is asked to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from vivavoce.speech.engines import onnx_file
from vivavoce.speech.engines.base import Halt
from vivavoce.speech.engines.int8 import has_vnni, with_signed_activations

Inputs = Mapping[str, NDArray[np.int64] | NDArray[np.float32]]


class OnnxModel:
    """A model, loaded.

    Args:
        path: of the file.
        threads: for one run; runs do not share them.
        inner: an inner tensor to give as well; one that the model does not have is left out.

    Attributes:
        session: ONNX Runtime's.
    """

    def __init__(self, path: Path, *, threads: int, inner: str) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # Threads that spin while they wait take the processor from the other engines and the conversations.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        model = path.read_bytes()
        if has_vnni():
            model = with_signed_activations(model)
        if inner.encode() in model:
            model += onnx_file.output(inner)
        self.session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

    def run(self, inputs: Inputs, halt: Halt) -> Sequence[NDArray[np.float32]]:
        """The outputs, the inner tensor last; ends early, with an exception, when `halt` asks."""
        running = onnxruntime.RunOptions()
        halt.watch(lambda: setattr(running, "terminate", True))
        return [np.asarray(output, np.float32) for output in self.session.run(None, dict(inputs), running)]
