"""The least of HTTP that a scripted server needs: a request read whole, a client that may leave, a free port."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def request(reader: asyncio.StreamReader) -> tuple[str, bytes]:
    """The next request: its first line and headers, and its body."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    length = int(re.findall(r"content-length: (\d+)", head.lower())[0])
    return head, await reader.readexactly(length)


@asynccontextmanager
async def listening(serve: Serve) -> AsyncGenerator[str]:
    """A server on a free port of this machine, while the context lasts: its address. It closes served connections."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            # The client may go when it likes.
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                await serve(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
