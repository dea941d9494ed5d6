"""What a host shares among its sessions."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from vivavoce.agent.hearing import Hearing
from vivavoce.moderator.guard.guards import Guards
from vivavoce.moderator.mind import Minds
from vivavoce.session.clock import Clock
from vivavoce.session.timers import HostTimers
from vivavoce.voice.cast import Cast
from vivavoce.voice.providers import Providers
from vivavoce.voice.realtime import Realtimes
from vivavoce.voice.wording import WordingStore


class Archive(Protocol):
    """Where finished recordings are kept."""

    async def keep(self, key: str, path: Path) -> object:
        """Take a finished file under that key, and the file away."""
        ...

    def borrow(self, key: str) -> AbstractAsyncContextManager[Path | None]:
        """A recording as a file to be read while the context lasts; None: there is none of that key."""
        ...


@dataclass(frozen=True)
class Equipment:
    """Shared by all sessions of a host.

    Attributes:
        providers: who hears and speaks.
        wording: prepared sound.
        hearing: the models that hear whether somebody speaks, and has finished.
        minds: the language models that may moderate.
        realtimes: the speech-to-speech models that may.
        cast: who speaks and who hears in a language.
        guards: the models that judge what those say.
        archive: takes finished recordings.
        spool: folder for recordings while they are written.
        clock: the wall clock.
        timers: of the host.
    """

    providers: Providers
    wording: WordingStore
    hearing: Hearing
    minds: Minds
    realtimes: Realtimes
    cast: Cast
    guards: Guards
    archive: Archive
    spool: Path
    clock: Clock
    timers: HostTimers
