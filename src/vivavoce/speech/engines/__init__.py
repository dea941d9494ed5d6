"""The engines behind one seam, by name. Importing this imports no engine: each lives in its own worker process."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast

if TYPE_CHECKING:
    from vivavoce.speech.engines.base import Factory


@dataclass(frozen=True, slots=True)
class EngineSpec:
    """What the server knows of an engine before it is loaded.

    Attributes:
        name: what callers call it: the `model` of a request.
        role: `stt` writes down, `tts` speaks.
        factory: `module:function`, imported in the worker process only; see `engines.base`. "" for a relay.
        model: id of its weights in the model store; of a relay, the model upstream.
        aliases: other names for it: of the weights, and of the hosted models that programs ask for.
        worker: the module that is its process.
        imitates: whether it can speak with the voice of a clip.
    """

    name: str
    role: Literal["stt", "tts"]
    factory: str
    model: str
    aliases: tuple[str, ...] = ()
    worker: str = "vivavoce.speech.worker"
    imitates: bool = False


ENGINES: Mapping[str, EngineSpec] = {
    spec.name: spec
    for spec in (
        EngineSpec(
            "whisper",
            "stt",
            "vivavoce.speech.engines.whisper:load",
            "whisper-base",
            ("whisper-base", "whisper-1"),
        ),
        EngineSpec(
            "kokoro",
            "tts",
            "vivavoce.speech.engines.kokoro:load",
            "kokoro-82m-int8",
            ("kokoro-82m-int8", "tts-1", "tts-1-hd"),
        ),
        EngineSpec(
            "piper",
            "tts",
            "vivavoce.speech.engines.piper:load",
            "piper-en_US-joe-medium",
            ("piper-en_US-joe-medium",),
        ),
    )
}


def factory(path: str) -> Factory:
    """The factory of an engine, imported. Called in the worker process.

    Raises:
        ImportError, AttributeError: there is none of that name.
    """
    module, _, function = path.partition(":")
    return cast("Factory", getattr(importlib.import_module(module), function))
