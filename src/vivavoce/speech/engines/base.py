"""The engine seam: what an engine is to the worker that runs it.

An engine lives in a process of its own and does one step at a time, always on the same thread. Both kinds of work are
generators, so that between two steps the worker can stop a job or give another one its turn.

A factory `load(options: EngineOptions) -> SpeechEngine | TranscriptionEngine` makes one; the registry in
`vivavoce.speech.engines` names them. What a caller got wrong is a `SpeechRejected`; what an engine's library cannot do
is an `EngineFailed`; any other exception counts as a fault of the engine, and fails that one request.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from vivavoce.speech.messages import EngineOptions, Voice
from vivavoce.speech.transcript import Transcript

Pcm: TypeAlias = NDArray[np.int16]
"""Mono samples, one dimension."""

RECOGNISER_RATE = 16_000
"""Hz, of all sound that is transcribed."""


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

    def voices(self) -> Sequence[Voice]:
        """The voices it has."""
        ...

    def synthesize(self, text: str, voice: str, language: str | None, speed: float) -> Iterator[Pcm]:
        """Speak a text, a chunk a step; the first one as early as the model can.

        Args:
            text: not empty.
            voice: id of one of `voices()`.
            language: what the text is in; None: the voice's language.
            speed: 0.25 to 4.0; 1.0 is the voice's own.

        Raises:
            SpeechRejected: unknown voice, a language the voice does not speak, nothing to say in the text.
        """
        ...

    def interrupt(self) -> None:
        """End the step that is running as soon as the model permits, with any exception: its caller has left.

        Called from another thread. An engine whose steps are short may do nothing.
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

    def transcribe(
        self, pcm: Pcm, language: str | None, prompt: str | None, words: bool
    ) -> Generator[None, None, Transcript]:
        """Write down a sound; pauses (yields) wherever it can be interrupted and returns the transcript.

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


Engine: TypeAlias = SpeechEngine | TranscriptionEngine
Factory: TypeAlias = Callable[[EngineOptions], Engine]
