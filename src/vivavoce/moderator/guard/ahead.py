"""Reads a stream ahead of whoever wants it, so far and no further."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Ahead(Generic[Item]):
    """A stream that is read by a task of its own from now on.

    Args:
        stream: what is read; closed when it ends or is stopped.
        most: how many items wait for the reader.
    """

    def __init__(self, stream: AsyncGenerator[Item], *, most: int) -> None:
        self._most = most
        self._items: deque[Item] = deque()
        self._news = asyncio.Event()
        self._room = asyncio.Event()
        self.task = asyncio.create_task(self._read(stream), name="read ahead")
        self.task.add_done_callback(lambda _: self._news.set())

    async def __aiter__(self) -> AsyncGenerator[Item]:
        """The items. Raises what the stream does, after those that came before."""
        while True:
            while self._items:
                self._room.set()
                yield self._items.popleft()
            if self.task.done():
                await self.task
                return
            self._news.clear()
            await self._news.wait()

    def stop(self) -> None:
        """Read no further; `task` ends soon."""
        self._items.clear()
        self.task.cancel()

    async def _read(self, stream: AsyncGenerator[Item]) -> None:
        async with aclosing(stream):
            async for item in stream:
                self._items.append(item)
                self._news.set()
                while len(self._items) >= self._most:
                    self._room.clear()
                    await self._room.wait()
