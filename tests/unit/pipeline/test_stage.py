"""Stages follow each other in order, and a result is known by all that it follows from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from pydantic import BaseModel

from vivavoce.pipeline.stage import Chain, Stage, input_hash, run
from vivavoce.storage.derived import Derived, ResultSuperseded


class Said(BaseModel):
    text: str


class Loud(Stage[Said]):
    name = "transcription"

    def __init__(self, text: str = "hello") -> None:
        self.text = text
        self.made = 0

    async def inputs(self, session_id: str) -> Said:
        return Said(text=self.text)

    async def output(self, inputs: Said) -> Said:
        self.made += 1
        return Said(text=inputs.text.upper())


class Louder(Loud):
    version = 2


class Report(Loud):
    name = "reporting"


class Memory:
    """Results in a dictionary."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], Derived] = {}
        self.following: list[str] = []

    async def get(self, session_id: str, stage: str) -> Derived | None:
        return self.kept.get((session_id, stage))

    async def keep(
        self,
        session_id: str,
        stage: str,
        *,
        input_hash: str,
        output: str,
        instead_of: str | None = None,
        then: Sequence[str] = (),
    ) -> bool:
        there = self.kept.get((session_id, stage))
        if (None if there is None else there.input_hash) != instead_of:
            raise ResultSuperseded(session_id, stage)
        self.kept[session_id, stage] = Derived(input_hash, output, datetime(2030, 1, 1, tzinfo=UTC))
        self.following += then
        return True


def test_a_stage_that_nobody_wrote_is_passed_over() -> None:
    chain = Chain((Report(), Loud()))
    assert chain.after("transcription") == ("reporting",)
    assert chain.after("reporting") == ()


def test_another_input_or_version_is_another_result() -> None:
    one = input_hash(Loud(), Said(text="hello"))
    assert one == input_hash(Loud(), Said(text="hello"))
    assert len({one, input_hash(Loud(), Said(text="hullo")), input_hash(Louder(), Said(text="hello"))}) == 3


async def test_the_same_input_is_worked_on_once() -> None:
    results, stage = Memory(), Loud()
    assert await run(stage, "s1", results=results, then=("reporting",))
    assert not await run(stage, "s1", results=results, then=("reporting",))
    assert (stage.made, results.following) == (1, ["reporting"])
    stage.text = "goodbye"
    assert await run(stage, "s1", results=results, then=())
    kept = results.kept["s1", "transcription"].output
    assert Said.model_validate_json(kept) == Said(text="GOODBYE")


async def test_a_worker_that_wakes_late_overwrites_nothing_newer() -> None:
    results = Memory()

    class Hung(Loud):
        """Hangs over the first input while another worker does its job with what is known by then."""

        async def output(self, inputs: Said) -> Said:
            self.made += 1
            if self.made == 1:
                self.text = "newer"
                assert await run(Loud("newer"), "s1", results=results, then=())
            return Said(text=inputs.text.upper())

    assert not await run(Hung("older"), "s1", results=results, then=("reporting",))
    assert Said.model_validate_json(results.kept["s1", "transcription"].output) == Said(text="NEWER")
    assert results.following == []


async def test_a_result_made_of_less_is_replaced_though_it_came_first() -> None:
    results = Memory()

    class Overtaken(Loud):
        """An older worker keeps its result while this one is at work."""

        async def output(self, inputs: Said) -> Said:
            self.made += 1
            if self.made == 1:
                assert await run(Loud("older"), "s1", results=results, then=())
            return Said(text=inputs.text.upper())

    stage = Overtaken("newer")
    assert await run(stage, "s1", results=results, then=())
    assert stage.made == 2
    assert Said.model_validate_json(results.kept["s1", "transcription"].output) == Said(text="NEWER")


async def test_a_stage_that_is_overtaken_again_and_again_is_tried_later() -> None:
    results = Memory()

    class Unlucky(Loud):
        async def output(self, inputs: Said) -> Said:
            self.made += 1
            await run(Loud(f"another {self.made}"), "s1", results=results, then=())
            return inputs

    with pytest.raises(ResultSuperseded):
        await run(Unlucky(), "s1", results=results, then=())
