"""An engine's work in steps: what one step does for the jobs it takes, on a thread of the engine's."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from vivavoce.speech.engines.base import (
    Engine,
    Halt,
    Operation,
    SpeechEngine,
    Stretch,
    TranscriptionEngine,
    WrittenPart,
)
from vivavoce.speech.messages import Synthesise, Transcribe
from vivavoce.speech.transcript import Transcript

Hearing: TypeAlias = Generator[Operation | WrittenPart, Any, Transcript]


@dataclass(slots=True)
class Job:
    """A request being worked on.

    Attributes:
        request: what was asked.
        speaking, hearing: the engine's work on it, as far as it has come: one of the two.
        halt: stops the step that is running.
        waiting: the operation whose result the engine's work waits for; None for work that speaks or has not begun.
        work_s: seconds of the engine's time on it so far, its share of what was done together.
        audio_s: seconds of sound it has given.
    """

    request: Synthesise | Transcribe
    speaking: Generator[Stretch | None] | None = None
    hearing: Hearing | None = None
    halt: Halt = field(default_factory=Halt)
    waiting: Operation | None = None
    work_s: float = 0.0
    audio_s: float = 0.0

    def close(self) -> None:
        """Give up the engine's work on it, between two steps."""
        for work in (self.speaking, self.hearing):
            if work is not None:
                work.close()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a step gave one job: speech, parts of a transcript, its end (with the transcript), an error, or nothing."""

    stretch: Stretch | None = None
    written: tuple[WrittenPart, ...] = ()
    ended: bool = False
    transcript: Transcript | None = None
    error: Exception | None = None


def begin(engine: Engine, request: Synthesise | Transcribe, body: bytes) -> Job:
    """A request as a job; nothing is worked yet, and its errors come with the first step."""
    if isinstance(request, Synthesise):
        assert isinstance(engine, SpeechEngine)
        halt = Halt()
        return Job(request, speaking=_speaking(engine, request, halt), halt=halt)
    assert isinstance(engine, TranscriptionEngine)
    pcm = np.frombuffer(body, "<i2")
    return Job(request, hearing=engine.transcribe(pcm, request.language, request.prompt, request.words))


def _speaking(engine: SpeechEngine, request: Synthesise, halt: Halt) -> Generator[Stretch | None]:
    yield from engine.synthesize(request.text, request.voice, request.language, request.speed, halt)


def step(engine: Engine, jobs: Sequence[Job]) -> list[Outcome]:
    """One step: the next stretch of the one job of an engine that speaks, or an operation for jobs that wait for it."""
    start = time.perf_counter()
    outcomes = _hear(engine, jobs) if isinstance(engine, TranscriptionEngine) else [_speak(*jobs)]
    share = (time.perf_counter() - start) / len(jobs)
    for job in jobs:
        job.work_s += share
    return outcomes


def _speak(job: Job) -> Outcome:
    def advance() -> Outcome:
        assert job.speaking is not None
        try:
            return Outcome(next(job.speaking))
        except StopIteration:
            return Outcome(ended=True)

    return _attempt(advance)


def _hear(engine: TranscriptionEngine, jobs: Sequence[Job]) -> list[Outcome]:
    outcomes = [Outcome() if job.waiting is not None else _resume(job, None) for job in jobs]
    waiting = [index for index, job in enumerate(jobs) if job.waiting is not None]
    operations = {index: operation for index in waiting if (operation := jobs[index].waiting) is not None}
    if not operations:
        return outcomes
    kind = next(iter(operations.values())).kind
    chosen = [index for index, operation in operations.items() if operation.kind == kind]
    results = _perform(engine, [operations[index] for index in chosen])
    for index, result in zip(chosen, results, strict=True):
        failed = isinstance(result, Outcome)
        outcomes[index] = result if failed else _resume(jobs[index], result)
    return outcomes


def _perform(engine: TranscriptionEngine, operations: Sequence[Operation]) -> Sequence[Any]:
    """The results, in order; an `Outcome` in the place of one that failed."""
    found: Sequence[Any] = ()

    def together() -> Outcome:
        nonlocal found
        found = engine.perform(operations)
        return Outcome()

    tried = _attempt(together)
    if tried.error is None:
        return found
    if len(operations) == 1:
        return [tried]
    # One of them is at fault: the others must not suffer for it.
    return [result for operation in operations for result in _perform(engine, [operation])]


def _resume(job: Job, result: Any) -> Outcome:
    def advance() -> Outcome:
        assert job.hearing is not None
        written: list[WrittenPart] = []
        job.waiting = None
        try:
            asked = job.hearing.send(result)
            while isinstance(asked, WrittenPart):
                written.append(asked)
                asked = job.hearing.send(None)
        except StopIteration as stop:
            return Outcome(written=tuple(written), ended=True, transcript=stop.value)
        job.waiting = asked
        return Outcome(written=tuple(written))

    return _attempt(advance)


def _attempt(work: Callable[[], Outcome]) -> Outcome:
    try:
        return work()
    except Exception as error:  # noqa: BLE001  # an engine's library may raise anything; its caller is told
        return Outcome(error=error)
