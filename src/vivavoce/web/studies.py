"""Published studies, read once: that is work which the event loop, busy carrying sound, must not do."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass

from vivavoce.protocol.study import Study
from vivavoce.web.ports import PublishedStudy, StudyStore

KEPT = 32
"""Versions kept in memory, about 100 KiB each; the one unused longest goes first."""


@dataclass(frozen=True)
class ReadStudy:
    """A published study whose file has been read."""

    study: Study
    content_hash: str


class StudyReader:
    """A study store that reads each version in a thread, once.

    Args:
        store: where the files are.
        kept: how many versions stay in memory.
    """

    def __init__(self, store: StudyStore, *, kept: int = KEPT) -> None:
        self._store = store
        self._kept = kept
        self._read: OrderedDict[str, ReadStudy] = OrderedDict()

    async def get(self, study_id: str, content_hash: str | None = None, /) -> PublishedStudy:
        """The study as it is published now, or as it was published under that hash."""
        published = self._read.get(content_hash) if content_hash is not None else None
        if published is None:
            found = await self._store.get(study_id, content_hash)
            published = self._read.get(found.content_hash) or await asyncio.to_thread(_read, found)
        self._read[published.content_hash] = published
        self._read.move_to_end(published.content_hash)
        while len(self._read) > self._kept:
            self._read.popitem(last=False)
        return published


def _read(published: PublishedStudy) -> ReadStudy:
    return ReadStudy(published.study, published.content_hash)
