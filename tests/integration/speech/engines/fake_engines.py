"""Engines that keep time instead of making speech: a worker process imports them by name."""

from __future__ import annotations

import itertools
import os
import signal
import threading
import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from vivavoce.speech.engines.base import Halt, Operation, Pcm, Stretch
from vivavoce.speech.errors import EngineFailed, EngineNotInstalled, SpeechRejected
from vivavoce.speech.messages import EngineOptions, Voice, WordTime
from vivavoce.speech.transcript import Segment, Transcript, Word

RATE = 24_000
STEP_S = 0.1
"""How long a step takes, sleeping as a model would compute."""


class Speaker:
    """Says a 0.5 s tone for each word, in `STEP_S` each. Some words do something else."""

    model = "fake-speaker"
    sample_rate = RATE

    def __init__(self, lanes: int = 1) -> None:
        self.lanes = lanes

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
            time.sleep(STEP_S)
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


@dataclass(frozen=True)
class Second:
    """Hear a second of sound; gives a word."""

    word: str
    kind: str = "second"


class Listener:
    """Hears one word for each second of sound, in `STEP_S` each; nothing in digital silence.

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
        return heard

    def languages(self) -> Sequence[str]:
        return ("en", "fr")

    def warm_up(self) -> None:
        return None

    def transcribe(
        self, pcm: Pcm, language: str | None, prompt: str | None, words: bool
    ) -> Generator[Operation, Any, Transcript]:
        seconds = len(pcm) / 16_000
        said: list[Word] = []
        for second in range(int(seconds) if pcm.any() else 0):
            word: str = yield Second(prompt or "word")
            said.append(Word(word, second, second + 0.5, 0.9))
        text = " ".join(word.text for word in said)
        return Transcript(
            text=text,
            language=language or ("en" if said else None),
            confidence=0.9 if said else 0.0,
            duration_s=seconds,
            words=tuple(said) if words else (),
            segments=(Segment(text, 0.0, seconds, 0.9),) if said else (),
        )


def speaker(options: EngineOptions) -> Speaker:
    return Speaker()


def counter(options: EngineOptions) -> Counter:
    return Counter()


def listener(options: EngineOptions) -> Listener:
    return Listener()


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
