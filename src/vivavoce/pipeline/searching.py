"""Keeps the search index in step with the redacted transcripts. Idempotent.

The words as they were said are in no index: where an earlier version put them there, they go before anything else is
done, so that whoever searches after `catch_up` finds none. What was redacted cannot be sought by what it was.
"""

from __future__ import annotations

from typing import Protocol

import structlog

from vivavoce.pipeline.kept import TOLD, read_redacted
from vivavoce.pipeline.transcript import Transcript
from vivavoce.storage.search import Passage, Searchable, Unsearched

log = structlog.get_logger(__name__)


class Index(Protocol):
    """What is searched: `storage.search.SearchStore`."""

    async def drop_all_but(self, stage: str) -> int:
        """Take out what was made of other stages' results."""
        ...

    async def unsearched(self, stage: str, *, limit: int = 20) -> list[Unsearched]:
        """Results that the index has not as they are now."""
        ...

    async def keep(self, interview: Searchable) -> None:
        """Put an interview into the index."""
        ...


async def catch_up(index: Index) -> int:
    """Index every redacted transcript which the index has not as it is; returns how many.

    Raises:
        StorageUnavailable: the database does not answer; what was indexed stays.
    """
    dropped = await index.drop_all_but(TOLD)
    if dropped:
        log.info("transcripts that were not redacted taken out of the search", dropped=dropped)
    done: set[tuple[str, str]] = set()
    while True:
        found = [one for one in await index.unsearched(TOLD) if (one.session_id, one.input_hash) not in done]
        for one in found:
            redacted = read_redacted(one.output)
            if redacted is None:
                log.warning("transcript of another version is not searched", session_id=one.session_id)
            await index.keep(searchable(one, None if redacted is None else redacted.transcript))
            done.add((one.session_id, one.input_hash))
        if not found:
            return len(done)


def searchable(one: Unsearched, transcript: Transcript | None) -> Searchable:
    """A transcript as it is searched; without one, as an interview in which nothing was said."""
    if transcript is None:
        return Searchable(one.session_id, TOLD, one.input_hash, "", "", None, ())
    return Searchable(
        session_id=one.session_id,
        stage=TOLD,
        input_hash=one.input_hash,
        study_id=transcript.study.id,
        participant=transcript.participant,
        held_at=transcript.joined_at,
        passages=tuple(
            Passage(
                index=segment.index,
                segment=segment.id,
                speaker=segment.speaker,
                text=segment.text,
                start_s=segment.start_s,
                end_s=segment.end_s,
                language=segment.language
                or (None if segment.speaker == "participant" else transcript.language),
                phase=segment.phase,
                question=segment.question,
                topics=segment.topics,
                recording=None if (place := transcript.place(segment.start_s)) is None else place[0],
                at_s=None if place is None else place[1],
            )
            for segment in transcript.segments
        ),
    )
