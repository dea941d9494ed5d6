"""What one step of an engine's work gives the jobs it takes."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from vivavoce.speech.engines.base import Halt, Operation, Pcm, Stretch
from vivavoce.speech.errors import SpeechRejected
from vivavoce.speech.jobs import begin, step
from vivavoce.speech.messages import Synthesise, Transcribe, Voice
from vivavoce.speech.transcript import Transcript


@dataclass(frozen=True)
class Ask:
    """An operation; gives what it asks for."""

    what: str
    kind: str


class Ear:
    """Asks for each letter of the prompt, capitals being of another kind; remembers what was done together."""

    model = "ear"
    together = 8

    def __init__(self) -> None:
        self.done: list[list[str]] = []

    def languages(self) -> Sequence[str]:
        return ("en",)

    def warm_up(self) -> None:
        return None

    def perform(self, operations: Sequence[Operation]) -> Sequence[Any]:
        asked = [operation.what for operation in operations if isinstance(operation, Ask)]
        self.done.append(asked)
        if "x" in asked:
            raise ValueError("x cannot be done")
        return asked

    def transcribe(
        self, pcm: Pcm, language: str | None, prompt: str | None, words: bool
    ) -> Generator[Operation, Any, Transcript]:
        if language == "??":
            raise SpeechRejected("No such language.", next_step="Choose another.")
        text = ""
        for letter in prompt or "":
            text += yield Ask(letter, "capital" if letter.isupper() else "small")
        return Transcript(text=text, language="en", confidence=1.0, duration_s=0.0)


class Mouth:
    """Says each word of a text as so many samples as it has letters, until it is asked to stop."""

    model = "mouth"
    sample_rate = 8000
    lanes = 1

    def voices(self) -> Sequence[Voice]:
        return ()

    def warm_up(self) -> None:
        return None

    def synthesize(
        self, text: str, voice: str, language: str | None, speed: float, halt: Halt
    ) -> Iterator[Stretch]:
        for word in text.split():
            if halt.asked:
                raise InterruptedError
            yield Stretch(np.zeros(len(word), np.int16))


def hear(ear: Ear, *prompts: str, language: str | None = None) -> list[Any]:
    jobs = [
        begin(ear, Transcribe(id=number, prompt=prompt, language=language), b"")
        for number, prompt in enumerate(prompts)
    ]
    endings: list[Any] = [None] * len(jobs)
    for _ in range(20):
        open_ = [index for index, ending in enumerate(endings) if ending is None]
        if not open_:
            return endings
        for index, outcome in zip(open_, step(ear, [jobs[index] for index in open_]), strict=True):
            if outcome.ended:
                assert outcome.transcript is not None
                endings[index] = outcome.transcript.text
            elif outcome.error is not None:
                endings[index] = outcome.error
    pytest.fail("the work has no end")


def test_operations_of_one_kind_are_done_together() -> None:
    ear = Ear()
    assert hear(ear, "ab", "cd", "e") == ["ab", "cd", "e"]
    assert ear.done == [["a", "c", "e"], ["b", "d"]]


def test_operations_of_another_kind_wait_for_their_turn() -> None:
    ear = Ear()
    assert hear(ear, "aB", "Cd") == ["aB", "Cd"]
    assert all(len({letter.isupper() for letter in letters}) == 1 for letters in ear.done)


def test_one_that_fails_is_found_and_fails_alone() -> None:
    ear = Ear()
    first, failed, last = hear(ear, "ab", "x", "cd")
    assert (first, last) == ("ab", "cd")
    assert isinstance(failed, ValueError)


def test_a_job_that_cannot_begin_or_has_nothing_to_do_ends_in_its_first_step() -> None:
    ear = Ear()
    (refused,) = hear(ear, "a", language="??")
    assert isinstance(refused, SpeechRejected)
    assert hear(ear, "") == [""]
    assert ear.done == []


def test_the_time_of_work_done_together_is_shared() -> None:
    ear = Ear()
    jobs = [begin(ear, Transcribe(id=number, prompt="a"), b"") for number in range(2)]
    step(ear, jobs)
    assert jobs[0].work_s == jobs[1].work_s > 0.0


def test_speech_comes_a_stretch_a_step() -> None:
    job = begin(Mouth(), Synthesise(id=1, text="one three", voice="any"), b"")
    lengths: list[int] = []
    for _ in range(2):
        (outcome,) = step(Mouth(), [job])
        assert outcome.stretch is not None
        lengths.append(len(outcome.stretch.pcm))
    assert lengths == [3, 5]
    assert step(Mouth(), [job])[0].ended


def test_a_halted_job_stops_inside_its_work() -> None:
    job = begin(Mouth(), Synthesise(id=1, text="one two", voice="any"), b"")
    step(Mouth(), [job])
    job.halt.ask()
    assert isinstance(step(Mouth(), [job])[0].error, InterruptedError)


def test_who_asks_to_be_told_of_a_halt_after_it_is_told_at_once() -> None:
    halt = Halt()
    told: list[str] = []
    halt.watch(lambda: told.append("first"))
    halt.ask()
    halt.watch(lambda: told.append("second"))
    assert told == ["first", "second"]
