"""A stage of the pipeline: what it works from, and what it makes of that; kept once for each input."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from pydantic import BaseModel

from vivavoce.storage.derived import Derived, ResultSuperseded
from vivavoce.storage.jobs import STAGES, StageName

InT = TypeVar("InT", bound=BaseModel)

TRIES = 3
"""Times that a stage is done anew because another worker kept a result meanwhile: with what is known then."""


class Stage(ABC, Generic[InT]):
    """One stage. Write `inputs` and `output`; that it runs, once for each input, is `run`'s matter.

    Attributes:
        name: of the stage, and of its queue.
        version: raised when the same input gives another output: old results are made again when their job runs again.
    """

    name: ClassVar[StageName]
    version: ClassVar[int] = 1

    @abstractmethod
    async def inputs(self, session_id: str) -> InT:
        """Everything that the output follows from, models' names too: its JSON is what the result is known by.

        Raises:
            VivavoceError: it is not to be had; `pipeline.patience` says which of them are worth another try.
        """

    @abstractmethod
    async def output(self, inputs: InT) -> BaseModel:
        """Make the result. May be called again for the same input, and by two workers at once.

        What takes the processor long belongs in a child process (`pipeline.apart`), not here on the event loop.
        """


class Results(Protocol):
    """Where results are kept: `storage.derived.DerivedStore`."""

    async def get(self, session_id: str, stage: str) -> Derived | None:
        """What a stage made of a session."""
        ...

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
        """Keep a result with the jobs that follow."""
        ...


@dataclass(frozen=True)
class Chain:
    """The stages there are, in the order of `STAGES`. A stage that nobody has written yet is left out.

    Args:
        stages: in any order.
    """

    stages: tuple[Stage[Any], ...]

    def after(self, name: str) -> tuple[str, ...]:
        """The stage that follows; none after the last."""
        later = STAGES[STAGES.index(_known(name)) + 1 :]
        there = {stage.name for stage in self.stages}
        return tuple(stage for stage in later if stage in there)[:1]


def input_hash(stage: Stage[InT] | type[Stage[InT]], inputs: InT) -> str:
    """SHA-256, hexadecimal, of a stage's name and version and of what it works from."""
    told = f"{stage.name}/{stage.version}\n{inputs.model_dump_json()}"
    return hashlib.sha256(told.encode()).hexdigest()


async def run(stage: Stage[InT], session_id: str, *, results: Results, then: Sequence[str]) -> bool:
    """Do a stage's job for a session; returns whether there was anything to do.

    Raises:
        ContentErased: the session's content was erased; there is nothing to do any more.
        VivavoceError: it could not be done; nothing was kept.
    """
    for further in reversed(range(TRIES)):
        # Before what it works from is read: what is kept meanwhile was made of something newer, or of the same.
        before = await results.get(session_id, stage.name)
        inputs = await stage.inputs(session_id)
        known_by = input_hash(stage, inputs)
        if before is not None and before.input_hash == known_by:
            return False
        output = await stage.output(inputs)
        try:
            return await results.keep(
                session_id,
                stage.name,
                input_hash=known_by,
                output=output.model_dump_json(),
                instead_of=None if before is None else before.input_hash,
                then=then,
            )
        except ResultSuperseded:
            if not further:
                raise
    return False


def _known(name: str) -> StageName:
    return next(stage for stage in STAGES if stage == name)
