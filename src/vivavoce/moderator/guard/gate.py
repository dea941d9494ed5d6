"""The gate: holds the sound of every text until its ruling is in. Knows nothing of what sound is, or who rules.

Synthesis goes on behind it, one text after the other, so a ruling that comes before the first sound costs nothing.
After a text that was withheld no other that needed a ruling is heard; what needed none follows.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Generic, TypeVar

from livekit.agents.utils import aio

from vivavoce.moderator.guard.ahead import Ahead
from vivavoce.moderator.guard.chain import Ruling

MOST_HELD = 600
"""Pieces of sound that wait behind the gate for one text: a minute in frames of 0.1 s."""

MOST_TEXTS = 64
"""Texts of one reply that wait."""

Sound = TypeVar("Sound")


@dataclass(frozen=True)
class _Held(Generic[Sound]):
    text: str
    ruling: asyncio.Future[Ruling] | None
    sound: Ahead[Sound]


class Gate(Generic[Sound]):
    """One reply's.

    Args:
        synthesise: makes the sound of a text, piece by piece.
        ruling: the ruling that a text waits for; None if it needs none.
        instead: what is said in place of a withheld text; None if whoever had it judged sees to that.
        opened: told of every text whose sound comes next.
    """

    def __init__(
        self,
        *,
        synthesise: Callable[[str], AsyncGenerator[Sound]],
        ruling: Callable[[str], asyncio.Future[Ruling] | None],
        instead: Callable[[str], str | None],
        opened: Callable[[str], None],
    ) -> None:
        self._synthesise = synthesise
        self._ruling = ruling
        self._instead = instead
        self._opened = opened
        self._held: list[_Held[Sound]] = []

    async def through(self, texts: AsyncIterable[str]) -> AsyncGenerator[Sound]:
        """The sound of those texts that may be heard. Raises what their source, their synthesis or a ruling does."""
        waiting = Ahead(self._hold(texts), most=MOST_TEXTS)
        shut = False
        try:
            async for held in waiting:
                if held.ruling is None or (not shut and await _passes(held.ruling)):
                    self._opened(held.text)
                    async for sound in held.sound:
                        yield sound
                    continue
                held.sound.stop()
                line = None if shut else self._instead(held.text)
                shut = True
                if line is not None:
                    self._opened(line)
                    async with aclosing(self._synthesise(line)) as sounds:
                        async for sound in sounds:
                            yield sound
        finally:
            waiting.stop()
            for held in self._held:
                held.sound.stop()
            await aio.cancel_and_wait(waiting.task, *(held.sound.task for held in self._held))

    async def _hold(self, texts: AsyncIterable[str]) -> AsyncGenerator[_Held[Sound]]:
        async for text in texts:
            before = self._held[-1].sound.task if self._held else None
            held = _Held(text, self._ruling(text), Ahead(self._sound(text, before), most=MOST_HELD))
            self._held.append(held)
            yield held

    async def _sound(self, text: str, before: asyncio.Task[None] | None) -> AsyncGenerator[Sound]:
        if before is not None:
            await asyncio.wait([before])
        async with aclosing(self._synthesise(text)) as sounds:
            async for sound in sounds:
                yield sound


async def _passes(ruling: asyncio.Future[Ruling]) -> bool:
    """Whether a ruling lets its text through; one that was given up does not."""
    await asyncio.wait([ruling])
    return not ruling.cancelled() and ruling.result().passed
