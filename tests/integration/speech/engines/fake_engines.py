"""Engines that keep time instead of making speech: a worker process imports them by name."""

from __future__ import annotations

import itertools
import os
import signal
import threading
import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vivavoce.speech.engines.base import Halt, Operation, Pcm, Stretch, WrittenPart
from vivavoce.speech.errors import EngineFailed, EngineNotInstalled, SpeechRejected
from vivavoce.speech.messages import EngineOptions, Voice, WordTime
from vivavoce.speech.transcript import Segment, Transcript, Word

RATE = 24_000
STEP_S = 0.1
"""How long a step takes, sleeping as a model would compute."""

WAIT = "wait="


class Speaker:
    """Says a 0.5 s tone for each word, in `step_s` each. Some words do something else."""

    model = "fake-speaker"
    sample_rate = RATE

    def __init__(self, lanes: int = 1, step_s: float = STEP_S) -> None:
        self.lanes = lanes
        self._step_s = step_s

    def voices(self) -> Sequence[Voice]:
        return [Voice(id="tone", language="en-US", gender="female")]

    def warm_up(self) -> None:
        return None

    def synthesize(
        self, text: str, voice: str, language: str | None, speed: float, halt: Halt
    ) -> Iterator[Stretch]:
        if voice != "tone":
            raise SpeechRejected(
                f"There is no voice {voice!r}.", next_step="Use tone.", reason="voice_unknown", param="voice"
            )
        interrupted = threading.Event()
        halt.watch(interrupted.set)
        start = 0
        for word in text.split():
            start = text.index(word, start)
            time.sleep(self._step_s)
            if word == "die":
                os.kill(os.getpid(), signal.SIGKILL)
            if word == "fail":
                raise EngineFailed("It could not say this.", next_step="Say something else.")
            if word == "bug":
                raise KeyError("an engine's own mistake")
            if word == "long" and interrupted.wait(30):
                raise RuntimeError("interrupted")
            if word == "hang":
                time.sleep(600)
            if word.startswith(WAIT):
                await_file(word, interrupted)
            tone = (np.sin(np.arange(RATE // 2) * 0.06) * 8000).astype(np.int16)
            end = start + len(word)
            yield Stretch(tone, (WordTime(text=word, start=start, end=end, start_s=0.0, end_s=0.5),))
            start = end


class Counter:
    """Says 0.5 s for each word, every sample of it the number of the engine's step that made it; never the same twice.

    The word "wait" lasts until its caller leaves: whoever calls meanwhile begins together.
    """

    model = "fake-counter"
    sample_rate = RATE
    lanes = 1

    def __init__(self) -> None:
        self._steps = itertools.count(1)

    def voices(self) -> Sequence[Voice]:
        return [Voice(id="tone", language="en-US")]

    def warm_up(self) -> None:
        return None

    def synthesize(
        self, text: str, voice: str, language: str | None, speed: float, halt: Halt
    ) -> Iterator[Stretch]:
        left = threading.Event()
        halt.watch(left.set)
        for word in text.split():
            if word == "wait":
                left.wait(60)
                return
            yield Stretch(np.full(RATE // 2, next(self._steps), np.int16))


def await_file(word: str, interrupted: threading.Event | None = None) -> None:
    """`wait=PATH`: be at work until that file is there."""
    path = Path(word.removeprefix(WAIT))
    while not path.exists():
        if interrupted is not None and interrupted.is_set():
            raise RuntimeError("interrupted")
        time.sleep(0.005)


@dataclass(frozen=True)
class Second:
    """Hear a second of sound; gives a word."""

    word: str
    number: int
    kind: str = "second"


class Listener:
    """Hears one word for each second of sound, in `STEP_S` each; nothing in digital silence. Two are a segment.

    Told to `wait=PATH` by its prompt, it hears the first segment at once and the rest when that file is there.

    Args:
        together: for how many jobs it hears a second at once, also in `STEP_S`.
    """

    model = "fake-listener"

    def __init__(self, together: int = 1) -> None:
        self.together = together

    def perform(self, operations: Sequence[Operation]) -> Sequence[Any]:
        time.sleep(STEP_S)
        heard = [operation.word for operation in operations if isinstance(operation, Second)]
        if "fail" in heard:
            raise EngineFailed("It could not hear this.", next_step="Say it again.")
        for operation in operations:
            if isinstance(operation, Second) and operation.word.startswith(WAIT) and operation.number >= 2:
                await_file(operation.word)
        return heard

    def languages(self) -> Sequence[str]:
        return ("en", "fr")

    def warm_up(self) -> None:
        return None

    def transcribe(
        self, pcm: Pcm, language: str | None, prompt: str | None, words: bool
    ) -> Generator[Operation | WrittenPart, Any, Transcript]:
        seconds = len(pcm) / 16_000
        said: list[Word] = []
        segments: list[Segment] = []
        for second in range(int(seconds) if pcm.any() else 0):
            word: str = yield Second(prompt or "word", second)
            said.append(Word(word, second, second + 0.5, 0.9))
            if second % 2 == 1 or second + 1 == int(seconds):
                part = said[2 * len(segments) :]
                text = " ".join(one.text for one in part)
                segments.append(Segment(text, part[0].start_s, second + 1.0, 0.9))
                yield WrittenPart(segments[-1], tuple(part) if words else ())
        return Transcript(
            text=" ".join(segment.text for segment in segments),
            language=language or ("en" if said else None),
            confidence=0.9 if said else 0.0,
            duration_s=seconds,
            words=tuple(said) if words else (),
            segments=tuple(segments),
        )


def speaker(options: EngineOptions) -> Speaker:
    return Speaker()


def counter(options: EngineOptions) -> Counter:
    return Counter()


def listener(options: EngineOptions) -> Listener:
    return Listener()


def quick_speaker(options: EngineOptions) -> Speaker:
    return Speaker(step_s=0.0)


def two_speakers(options: EngineOptions) -> Speaker:
    return Speaker(lanes=2)


def eight_ears(options: EngineOptions) -> Listener:
    return Listener(together=8)


def slow_to_load(options: EngineOptions) -> Speaker:
    time.sleep(1.5)
    return Speaker()


def not_installed(options: EngineOptions) -> Speaker:
    raise EngineNotInstalled("The engine needs a package that is not installed.", next_step="Install it.")


def crashes(options: EngineOptions) -> Speaker:
    os._exit(7)
