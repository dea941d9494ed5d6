"""A recording's two tracks on disk, while they are read: decoded by a child process, and cut by time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pydantic import BaseModel, ConfigDict

from vivavoce.pipeline.apart import ChildFailed, run_apart
from vivavoce.pipeline.transcript import WITH_SPEECH, PartOutcome, Speaker
from vivavoce.session.state import Recording
from vivavoce.storage.scratch import scratch

RATE = 16_000
"""Hz of the tracks, s16le mono."""

DECODER = "vivavoce.transport.tracks"
"""Imports an Opus decoder, which this process must not."""

DECODE_S = 600.0
"""Seconds that decoding may take, and …"""

DECODE_BYTES_S = 20_000
"""… a second more for each so many bytes, which are 2.5 s of sound. An idle core does ten times as many; where the
machine is busy, interviews go before."""

SHORT_S = 1.0
"""Seconds by which a file may be shorter than its log says before it counts as truncated."""

UNREADABLE = 1
"""The decoder's exit code for a file that is no recording."""


class Archive(Protocol):
    """Where recordings are kept: `storage.recordings.RecordingStore`."""

    def borrow(self, key: str) -> AbstractAsyncContextManager[Path | None]:
        """A recording as a file while the context lasts; None: there is none."""
        ...


class Found(BaseModel):
    """What the decoder says; as `vivavoce.transport.tracks.Tracks`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    start_s: float
    duration_s: float
    heard_s: tuple[float, float]


@dataclass(frozen=True)
class Part:
    """One file of a recording, decoded; without a sound unless its outcome is `used` or `truncated`.

    Attributes:
        start_s: where on the session clock it begins; None: it could not be read.
    """

    key: str
    outcome: PartOutcome
    start_s: float | None = None
    duration_s: float = 0.0
    folder: Path | None = None

    @property
    def usable(self) -> bool:
        """Whether there is speech to be sought in it."""
        return self.outcome in WITH_SPEECH

    async def cut(self, speaker: Speaker, start_s: float, end_s: float) -> bytes:
        """A speaker's sound between two seconds of the session clock, s16le mono at `RATE`, as far as there is any."""
        if self.folder is None or self.start_s is None:
            return b""
        path = self.folder / f"{speaker}.raw"
        return await asyncio.to_thread(_read, path, start_s - self.start_s, end_s - self.start_s)


@asynccontextmanager
async def opened(recording: Recording, archive: Archive) -> AsyncGenerator[Part]:
    """Decode one file of a recording; its tracks are there while the context lasts.

    Raises:
        RecordingsUnavailable: the object store does not answer.
        ChildFailed: the decoder could not do its work, whatever the file is.
    """
    with scratch() as folder:
        async with archive.borrow(recording.key) as file:
            if file is None:
                yield Part(recording.key, "missing")
                return
            try:
                size = (await asyncio.to_thread(file.stat)).st_size
                out = await run_apart(
                    DECODER, str(file), str(folder), timeout_s=DECODE_S + size / DECODE_BYTES_S
                )
            except ChildFailed as error:
                if error.returncode != UNREADABLE:
                    raise
                yield Part(recording.key, "unreadable")
                return
        found = Found.model_validate_json(out)
        yield Part(
            recording.key,
            _outcome(found, recording),
            start_s=found.start_s,
            duration_s=found.duration_s,
            folder=folder,
        )


def _outcome(found: Found, recording: Recording) -> PartOutcome:
    if recording.duration_s is not None and found.duration_s < recording.duration_s - SHORT_S:
        return "truncated"
    return "used" if any(found.heard_s) else "silent"


def _read(path: Path, start_s: float, end_s: float) -> bytes:
    first, last = (max(0, round(at * RATE)) for at in (start_s, end_s))
    with path.open("rb") as file:
        file.seek(first * 2)
        return file.read(max(0, last - first) * 2)
