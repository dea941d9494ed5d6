"""The engine seam: what an engine is to the worker that runs it.

An engine lives in a process of its own. Both kinds of work are generators, so that between two steps the worker can
stop a job or give another one its turn. An engine that speaks may work on several jobs at once, each on a thread of its
own; an engine that transcribes works on one thread, and may do the same operation for several jobs together.

A factory `load(options: EngineOptions) -> SpeechEngine | TranscriptionEngine` makes one; the registry in
`vivavoce.speech.engines` names them. What a caller got wrong is a `SpeechRejected`; what an engine's library cannot do
is an `EngineFailed`; any other exception counts as a fault of the engine, and fails that one request.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, TypeVar, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from vivavoce.speech.messages import EngineOptions, Voice, WordTime
from vivavoce.speech.transcript import Segment, Transcript, Word

ResultT = TypeVar("ResultT")

Pcm: TypeAlias = NDArray[np.int16]
"""Mono samples, one dimension."""

RECOGNISER_RATE = 16_000
"""Hz, of all sound that is transcribed."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of speech, and when its words are said.

    Attributes:
        pcm: mono samples at the engine's rate.
        words: in order; times count from the stretch's start. Empty where the engine does not know them.
    """

    pcm: Pcm
    words: tuple[WordTime, ...] = ()


@dataclass(frozen=True, slots=True)
class WrittenPart:
    """A part of a transcript that will not change any more.

    Attributes:
        segment: comes after those before it; times count from the sound's start.
        words: of the segment, where they are timed.
    """

    segment: Segment
    words: tuple[Word, ...] = ()


class Halt:
    """Asks a step that is running to stop, because its caller has left. Made for one job; safe between threads."""

    def __init__(self) -> None:
        self._asked = False
        self._stop: Callable[[], None] | None = None

    @property
    def asked(self) -> bool:
        """Whether the job's caller has left."""
        return self._asked

    def ask(self) -> None:
        """Stop the step that is running, and every later one."""
        self._asked = True
        if self._stop is not None:
            self._stop()

    def watch(self, stop: Callable[[], None]) -> None:
        """Have `stop` called when the job is to stop, at once if it already is; it replaces the one before.

        The step may then end with any exception.
        """
        self._stop = stop
        if self._asked:
            stop()


class Operation(Protocol):
    """A piece of an engine's work that can be done for several jobs together."""

    @property
    def kind(self) -> str:
        """What it is: operations of the same kind can be done together."""
        ...


@runtime_checkable
class SpeechEngine(Protocol):
    """Speaks."""

    @property
    def model(self) -> str:
        """Id of its weights in the model store."""
        ...

    @property
    def sample_rate(self) -> int:
        """Hz."""
        ...

    @property
    def lanes(self) -> int:
        """How many jobs it can work on at once, each on a thread of its own."""
        ...

    def voices(self) -> Sequence[Voice]:
        """The voices it has."""
        ...

    def synthesize(
        self, text: str, voice: str, language: str | None, speed: float, halt: Halt
    ) -> Iterator[Stretch | None]:
        """Speak a text, a stretch a step; the first one as early as the model can.

        None ends a step that made nothing to hear yet: others may have their turn.

        Args:
            text: not empty.
            voice: id of one of `voices()`.
            language: what the text is in; None: the voice's language.
            speed: 0.25 to 4.0; 1.0 is the voice's own.
            halt: asks, from another thread, to end the step that is running as soon as the model permits. An engine
                whose steps are short may ignore it.

        Raises:
            SpeechRejected: unknown voice, a language the voice does not speak, nothing to say in the text.
        """
        ...

    def warm_up(self) -> None:
        """Do a real piece of work, so that the first caller does not pay for it."""
        ...


@runtime_checkable
class TranscriptionEngine(Protocol):
    """Writes down what it hears."""

    @property
    def model(self) -> str:
        """Id of its weights in the model store."""
        ...

    def languages(self) -> Sequence[str]:
        """ISO 639-1 codes."""
        ...

    @property
    def together(self) -> int:
        """For how many jobs it can do one operation at once."""
        ...

    def perform(self, operations: Sequence[Operation]) -> Sequence[Any]:
        """Do operations of one kind together; gives their results in the same order.

        Args:
            operations: one to `together`, as `transcribe` yielded them.
        """
        ...

    def transcribe(
        self, pcm: Pcm, language: str | None, prompt: str | None, words: bool
    ) -> Generator[Operation | WrittenPart, Any, Transcript]:
        """Write down a sound: yields each operation it needs done, is sent its result, and returns the transcript.

        A part of the transcript that is ready before its end may be yielded too; None is sent for it.

        Args:
            pcm: mono at `RECOGNISER_RATE`, any length.
            language: ISO 639-1; None: detect it.
            prompt: names and terms that may come up.
            words: whether to time the words.

        Raises:
            SpeechRejected: a language it does not know.
        """
        ...

    def warm_up(self) -> None:
        """Do a real piece of work, so that the first caller does not pay for it."""
        ...


def spoken(
    engine: SpeechEngine, text: str, voice: str, language: str | None = None, speed: float = 1.0
) -> Iterator[Stretch]:
    """A text as an engine speaks it, for whoever has it to themselves: see `SpeechEngine.synthesize`."""
    stretches = engine.synthesize(text, voice, language, speed, Halt())
    return (stretch for stretch in stretches if stretch is not None)


def alone(engine: TranscriptionEngine, work: Generator[Operation | WrittenPart, Any, ResultT]) -> ResultT:
    """The result of some work of an engine's, each of its operations done by itself."""
    result: Any = None
    while True:
        try:
            asked = work.send(result)
        except StopIteration as stop:
            return stop.value
        result = None if isinstance(asked, WrittenPart) else engine.perform([asked])[0]


Engine: TypeAlias = SpeechEngine | TranscriptionEngine
Factory: TypeAlias = Callable[[EngineOptions], Engine]
