"""The one-machine shape: database, speech server, agent host and web in one command, started and stopped in order.

What takes long is begun first, so this module imports little itself; `docs/decisions/0007-start.md` says what was seen.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from importlib import import_module
from typing import TYPE_CHECKING

from vivavoce.ops.address import bind
from vivavoce.ops.children import speech_server

if TYPE_CHECKING:
    from vivavoce.agent.hearing import Hearing
    from vivavoce.ops.composition import Server
    from vivavoce.session.clock import Clock
    from vivavoce.settings import Settings
    from vivavoce.storage.open import Storage

Step = Callable[[str], None]
"""Told what is being started, for people."""


@asynccontextmanager
async def serve(
    settings: Settings, *, on_step: Step = lambda step: None, clock: Clock | None = None
) -> AsyncGenerator[Server]:
    """Run everything on this machine until the context ends; then drain and stop, in the reverse order.

    Raises:
        VivavoceError: a part could not be started; what was started before it is stopped again.
    """
    sock = bind(
        settings.web.host,
        settings.web.port,
        next_step="Stop what listens there, or set VIVAVOCE_WEB__PORT to another port (0 takes a free one).",
    )
    async with AsyncExitStack() as stack:
        stack.callback(sock.close)
        on_step("Starting the database and the speech server")
        storage, speech_url, hearing = await _together(stack, settings, on_step)
        from vivavoce.ops.composition import compose

        yield await stack.enter_async_context(
            compose(settings, sock=sock, storage=storage, speech_url=speech_url, hearing=hearing, clock=clock)
        )


async def _together(stack: AsyncExitStack, settings: Settings, on_step: Step) -> tuple[Storage, str, Hearing]:
    """Speech server, database, and what this process itself must import and load, at the same time.

    The speech server loads its models in processes of its own meanwhile: the slowest decides, not the sum. Whatever is
    up when something else fails, or when we are told to stop, is on the stack to be stopped again.
    """
    try:
        async with asyncio.TaskGroup() as group:
            speech = group.create_task(
                stack.enter_async_context(speech_server(settings)), name="start speech server"
            )
            # In threads: the loop goes on to look after the speech server, and hears when we are told to stop.
            await asyncio.to_thread(import_module, "vivavoce.storage.open")
            from vivavoce.storage.open import open_storage

            storage = group.create_task(
                stack.enter_async_context(open_storage(settings, exclusive=True)), name="start database"
            )
            await asyncio.to_thread(import_module, "vivavoce.ops.composition")
            from vivavoce.agent.hearing import Hearing

            on_step("Warming up the moderator")
            hearing = Hearing(settings.turn.detector)
            await hearing.warm()
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from errors
    return storage.result(), speech.result().url, hearing
