"""Work beside the main work of a process, whose failure is not to be missed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from contextlib import asynccontextmanager

import structlog

log = structlog.get_logger(__name__)


@asynccontextmanager
async def background(work: Coroutine[None, None, None], name: str) -> AsyncGenerator[None]:
    """Work that runs until the context ends; if it fails before, the failure is seen at once and the process told."""
    task = asyncio.create_task(work, name=name)
    task.add_done_callback(_report)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _report(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.critical("background work failed", task=task.get_name(), exc_info=error)
