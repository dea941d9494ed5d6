"""What is done to a running server: its database stopped, its disk filled up, its speech server found to be killed."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import psutil

from vivavoce.storage.embedded import EmbeddedPostgres

FULL_BYTES = 60_000
"""At 64 kbit/s, 7 s of recording."""


@asynccontextmanager
async def no_database(data_dir: Path) -> AsyncGenerator[None]:
    """PostgreSQL is stopped while the context lasts; then it runs again."""
    postgres = EmbeddedPostgres(data_dir)
    await asyncio.to_thread(postgres.stop)
    try:
        yield
    finally:
        await asyncio.to_thread(postgres.attach)
        await asyncio.to_thread(postgres.detach)


@contextmanager
def full_disk(pid: int) -> Generator[None]:
    """No file of that process may grow beyond `FULL_BYTES` while the context lasts."""
    process = psutil.Process(pid)
    soft, hard = process.rlimit(psutil.RLIMIT_FSIZE)
    process.rlimit(psutil.RLIMIT_FSIZE, (FULL_BYTES, hard))
    try:
        yield
    finally:
        if process.is_running():
            process.rlimit(psutil.RLIMIT_FSIZE, (soft, hard))


def listening_child(parent: psutil.Process, url: str) -> psutil.Process:
    """The child process that serves at an address."""
    [port] = [int(part) for part in re.findall(r":(\d+)$", url)]
    [found] = [
        child
        for child in parent.children()
        if any(
            end.laddr.port == port for end in child.net_connections("tcp") if end.status == psutil.CONN_LISTEN
        )
    ]
    return found
