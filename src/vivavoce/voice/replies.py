"""What a speech-to-speech model begins to say: asked, or by itself once its calls are answered, or nothing at all.

LiveKit's plug-in for Gemini Live reports no turn in which the model neither speaks nor calls anything, so that whoever
waits for its beginning would wait in vain. Such a turn is seen by what it cost: its tokens are reported and nothing has
begun. The tokens of a turn that ended with calls may be reported as late as after their answers, for some models of
Gemini end that turn and others do not (https://github.com/livekit/agents/pull/3192); so a moment is left for words.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass

from livekit.agents import llm
from livekit.agents.utils import aio

EMPTY_S = 0.5
"""Seconds between a turn's tokens and its words, after which it has none."""

MOST_UNASKED = 8


@dataclass(frozen=True)
class Generation:
    """A reply as it comes: what is said, then what is called.

    Attributes:
        messages: what is said.
        calls: it ends when the provider has ended the reply.
    """

    messages: AsyncIterator[llm.MessageGeneration]
    calls: AsyncIterator[llm.FunctionCall]


class Replies:
    """One interview's, on whichever connection."""

    def __init__(self) -> None:
        self._unasked: asyncio.Queue[llm.GenerationCreatedEvent] = asyncio.Queue(maxsize=MOST_UNASKED)
        self._metered = asyncio.Event()
        self._begun = False

    def expect(self) -> None:
        """The model is about to be asked, or its calls to be answered: what has begun so far is not the reply."""
        while not self._unasked.empty():
            self._unasked.get_nowait()
        self._metered.clear()
        self._begun = False

    def began(self, created: llm.GenerationCreatedEvent) -> None:
        """The plug-in reports a reply."""
        self._begun = True
        if not created.user_initiated:
            with suppress(asyncio.QueueFull):
                self._unasked.put_nowait(created)

    def metered(self) -> None:
        """The plug-in reports a turn's tokens."""
        if not self._begun:
            self._metered.set()

    async def unasked(self) -> Generation | None:
        """What the model says by itself; None if it says nothing."""
        return await self._first(asyncio.ensure_future(self._unasked.get()))

    async def asked(self, reply: asyncio.Future[llm.GenerationCreatedEvent]) -> Generation | None:
        """What the model says to a `generate_reply`; None if it says nothing.

        Raises:
            RealtimeError: of livekit-agents; it was not asked, or does not answer.
        """
        return await self._first(reply)

    async def _first(self, reply: asyncio.Future[llm.GenerationCreatedEvent]) -> Generation | None:
        empty = asyncio.create_task(self._empty(), name="realtime.empty")
        try:
            await asyncio.wait((reply, empty), return_when=asyncio.FIRST_COMPLETED)
            if not reply.done():
                return None
            created = reply.result()
            return Generation(aiter(created.message_stream), aiter(created.function_stream))
        finally:
            reply.cancel()
            await aio.cancel_and_wait(empty)

    async def _empty(self) -> None:
        await self._metered.wait()
        await asyncio.sleep(EMPTY_S)


async def _nothing() -> AsyncIterator[llm.MessageGeneration]:
    return
    yield


async def _no_calls() -> AsyncIterator[llm.FunctionCall]:
    return
    yield


def nothing() -> Generation:
    """A reply in which nothing is said and nothing called."""
    return Generation(_nothing(), _no_calls())
