"""The engines that run here, by the names that callers use."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Literal, Protocol

from vivavoce.speech.engines import EngineSpec
from vivavoce.speech.errors import ModelUnknown, SpeechRejected
from vivavoce.speech.messages import Condition, Heard, Loaded, Part, Priority, Spoken
from vivavoce.speech.supervisor import Speech, State

Role = Literal["stt", "tts"]


class Engine(Protocol):
    """An engine as the surfaces use it; `Supervisor` is one."""

    spec: EngineSpec
    state: State
    detail: str
    restarts: int

    @property
    def loaded(self) -> Loaded | None:
        """What it said of itself when it last was ready."""
        ...

    @property
    def condition(self) -> Condition | None:
        """What a relay last said of its upstream; None for other engines."""
        ...

    def forget(self, clip: str) -> None:
        """Have a relay's upstream delete a clip."""
        ...

    @property
    def in_flight(self) -> int:
        """Requests that it has not finished with."""
        ...

    def speak(
        self,
        text: str,
        *,
        voice: str,
        language: str | None,
        speed: float,
        priority: Priority,
        lead_s: float = 0.0,
        admitted: bool = False,
    ) -> AbstractAsyncContextManager[AsyncIterator[Speech | Spoken]]:
        """See `Supervisor.speak`."""
        ...

    async def hear(
        self, pcm: bytes, *, language: str | None, prompt: str | None, words: bool, priority: Priority
    ) -> Heard:
        """See `Supervisor.hear`."""
        ...

    def follow(
        self, pcm: bytes, *, language: str | None, prompt: str | None, words: bool, priority: Priority
    ) -> AbstractAsyncContextManager[AsyncIterator[Part | Heard]]:
        """See `Supervisor.follow`."""
        ...


class RunningEngine(Engine, Protocol):
    """An engine that somebody must keep running."""

    async def run(self) -> None:
        """Keep it running, until cancelled."""
        ...


class Roster:
    """The engines of one server.

    Args:
        engines: by name, in the order of preference.
    """

    def __init__(self, engines: Mapping[str, Engine]) -> None:
        self._engines = engines

    def __iter__(self) -> Iterator[Engine]:
        return iter(self._engines.values())

    def named(self, model: str) -> Engine:
        """An engine, by its name or another name for it.

        Raises:
            ModelUnknown: none of that name runs here.
        """
        for engine in self:
            if model == engine.spec.name or model in engine.spec.aliases:
                return engine
        raise ModelUnknown(f"No model {model!r} runs here.", next_step="GET /v1/models lists them.")

    def find(self, model: str | None, role: Role) -> Engine:
        """The engine that a request means; the first of its kind for one that names none.

        Raises:
            ModelUnknown: none of that name, or of that kind, runs here.
            SpeechRejected: it is of the other kind.
        """
        able = [engine for engine in self if engine.spec.role == role]
        if not model:
            if not able:
                raise ModelUnknown(
                    f"No engine that {_DOES[role]} runs here.", next_step="Start the server with one."
                )
            return able[0]
        try:
            engine = self.named(model)
        except ModelUnknown as error:
            names = ", ".join(one.spec.name for one in able) or "none"
            raise ModelUnknown(error.what, next_step=f"Choose one of: {names}.") from None
        if engine.spec.role != role:
            raise SpeechRejected(
                f"The model {model!r} {_DOES[engine.spec.role]}; it cannot do this.",
                next_step="GET /v1/models shows what each one does.",
                reason="model_role",
                param="model",
            )
        return engine


_DOES: Mapping[Role, str] = {"stt": "transcribes", "tts": "speaks"}
