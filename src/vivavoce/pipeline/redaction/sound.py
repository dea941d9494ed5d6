"""The recording without personal data: a tone wherever the redacted transcript has a placeholder.

What no transcript has, no rule has looked at: the participant's voice is silent there. What the rules overlook is to be
heard, as it is to be read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack

from vivavoce.pipeline.apart import run_apart
from vivavoce.pipeline.redaction.redacted import Redacted
from vivavoce.pipeline.tracks import Archive
from vivavoce.storage.scratch import scratch
from vivavoce.transport.cover import Cover, Stretch

MARGIN_S = 0.15
"""Before and after what is covered: word times are within 0.1 s of the sound (`benchmarks/second_pass.md`)."""

AROUND_S = 0.3
"""Before and after what is kept: voice activity detection cuts first and last sounds off."""

COVERER = "vivavoce.transport.covered"
"""Imports an Opus encoder, which this process must not."""

TIMEOUT_S = 1200.0
"""Seconds that it may take, and …"""

BYTES_S = 10_000
"""… a second more for each so many bytes, which are 1.2 s of sound: an idle core does fifty times as many."""


def cover(redacted: Redacted) -> Cover:
    """What is to be taken out of an interview's recording. Pure.

    A finding whose words have no times covers its whole segment.
    """
    return Cover(
        tones=tuple(_around(one.start_s, one.end_s, MARGIN_S) for one in redacted.findings),
        kept=tuple(_heard(redacted)),
    )


def _heard(redacted: Redacted) -> Iterator[Stretch]:
    for segment in redacted.transcript.segments:
        if segment.speaker == "participant":
            times = [(word.start_s, word.end_s) for word in segment.words]
            for start_s, end_s in ((segment.start_s, segment.end_s), *times):
                yield _around(start_s, end_s, AROUND_S)


def _around(start_s: float, end_s: float, more_s: float) -> Stretch:
    return max(0.0, start_s - more_s), end_s + more_s


async def covered(keys: Sequence[str], how: Cover, archive: Archive) -> bytes | None:
    """Parts of a recording as one Ogg/Opus file, covered; None: none of them is to be had.

    A single one of which nothing is to be covered is the file itself.

    Args:
        keys: of the parts, in order.
        how: what to take out.
        archive: the recordings.

    Raises:
        RecordingsUnavailable: the object store does not answer.
        ChildFailed: a part is no recording, or the file could not be written.
    """
    with scratch() as folder:
        out = folder / "covered.ogg"
        async with AsyncExitStack() as stack:
            files = [await stack.enter_async_context(archive.borrow(key)) for key in keys]
            there = [file for file in files if file is not None]
            if not there:
                return None
            if len(there) == 1 and how == Cover():
                return await asyncio.to_thread(there[0].read_bytes)
            size = await asyncio.to_thread(lambda: sum(file.stat().st_size for file in there))
            await run_apart(
                COVERER,
                str(out),
                *map(str, there),
                timeout_s=TIMEOUT_S + size / BYTES_S,
                stdin=how.model_dump_json().encode(),
            )
        return await asyncio.to_thread(out.read_bytes)
