"""Asking a language model about many utterances in few calls: in batches, repaired once, then split in halves.

A model that answers in prose costs a bounded number of calls, and loses nothing: what it gives no answer on is said to
be unjudged, and stays as the local grade has it.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from pydantic import BaseModel

from vivavoce.pipeline.enrichment.thinking import AnswerAmiss, Message, Thinker, Thought, read

REPAIR = """\
Your answer cannot be used. {fault}
Answer again, all of it, with one JSON object as described and nothing else."""

SPLITTING_CALLS = 4
"""Calls spent on repair and halves for each batch, at most, counted over a whole session: a model that cannot do it is
not asked about each utterance alone."""

ItemT = TypeVar("ItemT")
AnswerT = TypeVar("AnswerT", bound=BaseModel)


@dataclass
class Account:
    """What a session's questions came to."""

    calls: int = 0
    repaired: int = 0
    split: int = 0
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0

    def add(self, thought: Thought) -> None:
        """Count an answer."""
        self.calls += 1
        self.input_tokens += thought.input_tokens
        self.cached_tokens += thought.cached_tokens
        self.output_tokens += thought.output_tokens


@dataclass
class Asker:
    """Asks one session's questions.

    Attributes:
        thinker: the model.
        at_once: calls under way at most.
        extra: calls that may still be spent on repairs and halves.
        account: what was asked so far.
    """

    thinker: Thinker
    at_once: asyncio.Semaphore
    extra: int = SPLITTING_CALLS
    account: Account = field(default_factory=Account)

    async def ask(
        self, messages: tuple[Message, ...], shape: type[AnswerT], check: Callable[[AnswerT], None]
    ) -> AnswerT:
        """One answer, the first or the repaired one.

        Raises:
            AnswerAmiss: both are amiss, or there is no call left to repair the first.
            ThinkerAway: the model does not answer.
        """
        thought = await self._think(messages)
        try:
            return _checked(thought.text, shape, check)
        except AnswerAmiss as error:
            if not self._spend():
                raise
            fault = str(error)
        again = (*messages, Message("assistant", thought.text), Message("user", REPAIR.format(fault=fault)))
        answer = _checked((await self._think(again)).text, shape, check)
        self.account.repaired += 1
        return answer

    async def batches(
        self,
        items: Sequence[ItemT],
        size: int,
        *,
        told: Callable[[Sequence[ItemT]], tuple[Message, ...]],
        shape: type[AnswerT],
        check: Callable[[AnswerT, Sequence[ItemT]], None],
    ) -> list[tuple[Sequence[ItemT], AnswerT | None]]:
        """Ask about all items.

        Args:
            items: in order.
            size: items a call; what is left over is spread over the calls.
            told: the messages on some of the items.
            shape: of an answer.
            check: raises AnswerAmiss where an answer is not on those items.

        Returns:
            parts that together are all the items in their order, each with its answer; None: none could be had.

        Raises:
            ThinkerAway: the model does not answer. The other calls are given up.
        """

        async def part(some: Sequence[ItemT]) -> list[tuple[Sequence[ItemT], AnswerT | None]]:
            try:
                answer = await self.ask(told(some), shape, lambda given: check(given, some))
            except AnswerAmiss:
                if len(some) < 2 or not self._spend(2):
                    return [(some, None)]
                self.account.split += 1
                middle = (len(some) + 1) // 2
                return [*await part(some[:middle]), *await part(some[middle:])]
            return [(some, answer)]

        groups = even(items, size)
        self.extra += SPLITTING_CALLS * len(groups)
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(part(some), name="enrichment.batch") for some in groups]
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from errors
        return [pair for task in tasks for pair in task.result()]

    async def _think(self, messages: tuple[Message, ...]) -> Thought:
        async with self.at_once:
            thought = await self.thinker.think(messages)
        self.account.add(thought)
        return thought

    def _spend(self, calls: int = 1) -> bool:
        if self.extra < calls:
            return False
        self.extra -= calls
        return True


def even(items: Sequence[ItemT], size: int) -> list[Sequence[ItemT]]:
    """Items in as few parts of at most `size` as there can be, whose lengths differ by at most one."""
    count = -(-len(items) // size)
    edges = [round(part * len(items) / count) for part in range(count + 1)] if count else []
    return [items[begin:end] for begin, end in itertools.pairwise(edges)]


def _checked(text: str, shape: type[AnswerT], check: Callable[[AnswerT], None]) -> AnswerT:
    answer = read(text, shape)
    check(answer)
    return answer
