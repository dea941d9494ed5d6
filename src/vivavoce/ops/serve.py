"""The one-machine shape: database, speech server, agent host and web in one command, started and stopped in order.

What takes long is begun first, so this module imports little itself; `docs/decisions/0007-start.md` says what was seen.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from vivavoce.ops.address import bind
from vivavoce.ops.children import speech_server_starting

if TYPE_CHECKING:
    from vivavoce.ops.composition import Server
    from vivavoce.session.clock import Clock
    from vivavoce.settings import Settings

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
    from vivavoce.voice.prices import PriceTable

    prices = PriceTable.of(settings)  # what has no price is said before anything is started
    sock = bind(
        settings.web.host,
        settings.web.port,
        next_step="Stop what listens there, or set VIVAVOCE_WEB__PORT to another port (0 takes a free one).",
    )
    async with AsyncExitStack() as stack:
        stack.callback(sock.close)
        on_step("Starting the database and the speech server")
        # It loads its models in processes of its own, while this one imports: that takes as long. On this thread, for
        # livekit's plug-ins will have no other; the database comes up in a tenth of that time afterwards.
        starting = await stack.enter_async_context(speech_server_starting(settings))
        from vivavoce.ops.composition import compose
        from vivavoce.storage.open import open_storage

        hosting: Hosting | None = None
        if settings.livekit.url is None:  # else agent workers hold the interviews, and nobody is heard here
            from vivavoce.ops.hosting import Hosting

            on_step("Warming up the moderator")
            hosting = Hosting(settings)
        try:
            async with asyncio.TaskGroup() as group:
                if hosting is not None:
                    group.create_task(hosting.warm(), name="warm hearing")
                speech = group.create_task(starting.ready(), name="await speech server")
                storage = await stack.enter_async_context(open_storage(settings, exclusive=True))
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from errors
        yield await stack.enter_async_context(
            compose(
                settings,
                sock=sock,
                storage=storage,
                speech_url=speech.result(),
                hosting=hosting,
                prices=prices,
                clock=clock,
            )
        )
