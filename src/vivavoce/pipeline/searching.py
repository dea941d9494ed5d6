"""Keeps the search index in step with the transcripts: the redacted ones, where redaction is a stage. Idempotent."""

from __future__ import annotations

from typing import Protocol

import structlog

from vivavoce.pipeline.kept import TELLING, read_transcript
from vivavoce.pipeline.stage import Chain
from vivavoce.pipeline.transcript import Transcript
from vivavoce.storage.jobs import StageName
from vivavoce.storage.search import Passage, Searchable, Unsearched

log = structlog.get_logger(__name__)


class Index(Protocol):
    """What is searched: `storage.search.SearchStore`."""

    async def unsearched(self, stage: str, *, limit: int = 20) -> list[Unsearched]:
        """Results that the index has not as they are now."""
        ...

    async def keep(self, interview: Searchable) -> None:
        """Put an interview into the index."""
        ...


def told_by(chain: Chain) -> StageName:
    """The stage whose transcripts may be searched: with redaction in the chain, never the words as they were said."""
    there = {stage.name for stage in chain.stages}
    for stage in TELLING:
        if stage in there:
            return stage
    return TELLING[-1]


async def catch_up(index: Index, stage: StageName) -> int:
    """Index every transcript of that stage which the index has not as it is; returns how many.

    Raises:
        StorageUnavailable: the database does not answer; what was indexed stays.
    """
    done: set[tuple[str, str]] = set()
    while True:
        found = [one for one in await index.unsearched(stage) if (one.session_id, one.input_hash) not in done]
        for one in found:
            transcript = read_transcript(stage, one.output)
            if transcript is None:
                log.warning("transcript of another version is not searched", session_id=one.session_id)
            await index.keep(searchable(one, stage, transcript))
            done.add((one.session_id, one.input_hash))
        if not found:
            return len(done)


def searchable(one: Unsearched, stage: StageName, transcript: Transcript | None) -> Searchable:
    """A transcript as it is searched; without one, as an interview in which nothing was said."""
    if transcript is None:
        return Searchable(one.session_id, stage, one.input_hash, "", "", None, ())
    return Searchable(
        session_id=one.session_id,
        stage=stage,
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
