"""Interviews held in this process.

It brings livekit's libraries with it: a server whose interviews are held elsewhere leaves it alone.
"""

from __future__ import annotations

from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from vivavoce.agent.hearing import Hearing
from vivavoce.agent.host import Host
from vivavoce.agent.purse import Purse
from vivavoce.agent.stall import StallWatch
from vivavoce.session.clock import Clock
from vivavoce.settings import Settings
from vivavoce.speech.client import SpeechClient
from vivavoce.storage.open import Storage
from vivavoce.telemetry.metrics import Metrics
from vivavoce.voice.prices import PriceTable
from vivavoce.voice.wording import WordingStore


class Hosting:
    """What is made before the first interview: the models that hear, and then the host.

    Args:
        settings: of the deployment.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._hearing = Hearing(settings.turn.detector)

    async def warm(self) -> None:
        """Load the models that hear; see `Hearing.warm`."""
        await self._hearing.warm()

    def host(
        self,
        *,
        storage: Storage,
        client: SpeechClient,
        wording: WordingStore,
        clock: Clock,
        spool: Path,
        metrics: Metrics,
        prices: PriceTable,
        purse: Purse,
    ) -> tuple[Host, list[tuple[str, Coroutine[Any, Any, None]]]]:
        """The host, and by name what has to run beside it while it takes sessions."""
        host = Host(
            store=storage.sessions,
            studies=storage.studies,
            client=client,
            wording=wording,
            hearing=self._hearing,
            archive=storage.recordings,
            settings=self._settings,
            clock=clock,
            spool=spool,
            metrics=metrics,
            prices=prices,
            purse=purse,
        )
        work: list[tuple[str, Coroutine[Any, Any, None]]] = [
            ("host.sweep", host.sweeper.run()),
            ("host.loop", host.watch_loop()),
            ("host.stall", StallWatch().run()),
        ]
        return host, work
