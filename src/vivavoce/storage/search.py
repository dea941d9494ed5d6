"""Search over what was said: an index of transcripts in PostgreSQL, made again from them at any time.

The index hangs on the derived results it was made from (a foreign key that cascades): whoever deletes a session's
results, or the session, has deleted its words here too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Text, cast, delete, insert, or_, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from vivavoce.storage import lexemes
from vivavoce.storage.engine import transaction
from vivavoce.storage.tables import DerivedRow, SearchedRow

OPEN, CLOSE = "\ue000", "\ue001"
"""Stand around a word that was found, in a headline of PostgreSQL's: private characters, which nobody says."""

HEADLINE = f"StartSel={OPEN},StopSel={CLOSE},MaxWords=40,MinWords=20,ShortWord=0"

AROUND = 40
"""Letters of unspaced writing shown before and after what was found."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A segment as it is searched. Times are seconds on the session clock.

    Attributes:
        index: its place in the transcript.
        segment: its id.
        recording: key of the part of the recording it is to be heard in; None: of none.
        at_s: seconds into that part.
    """

    index: int
    segment: str
    speaker: str
    text: str
    start_s: float
    end_s: float
    language: str | None = None
    phase: str | None = None
    question: str | None = None
    topics: tuple[str, ...] = ()
    recording: str | None = None
    at_s: float | None = None


@dataclass(frozen=True, slots=True)
class Searchable:
    """An interview as it is searched: the result of a stage, by the hash of what that was made of."""

    session_id: str
    stage: str
    input_hash: str
    study_id: str
    participant: str
    held_at: datetime | None
    passages: tuple[Passage, ...]


@dataclass(frozen=True, slots=True)
class Where:
    """What a search is narrowed to; None: not. `language` is a base language such as `de`, or a full code.

    `since` and `until` are when the interview began, the first inclusive, the second exclusive.
    """

    study: str | None = None
    session: str | None = None
    participant: str | None = None
    speaker: str | None = None
    phase: str | None = None
    question: str | None = None
    topic: str | None = None
    language: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """A segment that was found.

    Attributes:
        headline: the best piece of its text, in runs; True: a run is what was sought.
    """

    session_id: str
    study_id: str
    participant: str
    held_at: datetime | None
    passage: Passage
    headline: tuple[tuple[str, bool], ...]


@dataclass(frozen=True, slots=True)
class Hits:
    """What a search found: the best first, and how many segments of how many interviews there are in all."""

    hits: tuple[Hit, ...] = ()
    segments: int = 0
    sessions: int = 0


@dataclass(frozen=True, slots=True)
class Unsearched:
    """A result that the index has not, or has of another input. `output` is JSON."""

    session_id: str
    input_hash: str
    output: str = field(repr=False)


class SearchStore:
    """The index. Every method raises `StorageUnavailable` when the database does not answer.

    Args:
        engine: made by `vivavoce.storage.engine.make_engine`; stays the caller's.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def drop_all_but(self, stage: str) -> int:
        """Take out what was made of other stages' results than this one's; returns of how many sessions."""
        async with transaction(self._engine, "take transcripts out of the search") as connection:
            gone = await connection.execute(delete(SearchedRow).where(SearchedRow.stage != stage))
        return gone.rowcount

    async def unsearched(self, stage: str, *, limit: int = 20) -> list[Unsearched]:
        """Results of a stage that are not in the index as they are now, the oldest first."""
        query = (
            select(DerivedRow.session_id, DerivedRow.input_hash, cast(DerivedRow.output, Text))
            .outerjoin(SearchedRow, SearchedRow.session_id == DerivedRow.session_id)
            .where(
                DerivedRow.stage == stage,
                or_(
                    SearchedRow.session_id.is_(None),
                    SearchedRow.stage != DerivedRow.stage,
                    SearchedRow.input_hash != DerivedRow.input_hash,
                ),
            )
            .order_by(DerivedRow.made_at, DerivedRow.session_id)
            .limit(limit)
        )
        async with transaction(self._engine, "look for transcripts to be searched") as connection:
            return [Unsearched(*row) for row in await connection.execute(query)]

    async def keep(self, interview: Searchable) -> None:
        """Put an interview into the index, in the place of what was there of it.

        Nothing happens where the result it was made from is no longer there, or is another one by now.
        """
        async with transaction(self._engine, f"index session {interview.session_id}") as connection:
            standing = (
                select(DerivedRow.input_hash)
                .where(DerivedRow.session_id == interview.session_id, DerivedRow.stage == interview.stage)
                .with_for_update(key_share=True)
            )
            if (await connection.execute(standing)).scalar_one_or_none() != interview.input_hash:
                return
            await forget(connection, interview.session_id)
            await connection.execute(
                insert(SearchedRow).values(
                    session_id=interview.session_id,
                    stage=interview.stage,
                    input_hash=interview.input_hash,
                    study_id=interview.study_id,
                    participant_id=interview.participant,
                    held_at=interview.held_at,
                )
            )
            known = await _configurations(connection)
            rows = [_row(interview.session_id, passage, known) for passage in interview.passages]
            if rows:
                await connection.execute(_INSERT, rows)

    async def find(self, words: str, where: Where | None = None, *, limit: int = 20) -> Hits:
        """Segments that have those words, the best first.

        Args:
            words: as a search engine takes them: all of them, `"in this order"`, `or` for either, `-` before one for
                none. Each language's words are found in all their forms.
            where: what the search is narrowed to.
            limit: most segments to return.
        """
        async with transaction(self._engine, "search what was said") as connection:
            rows = (
                await connection.execute(
                    _FIND,
                    {
                        "words": words,
                        "pairs": lexemes.asked(words),
                        "paired": lexemes.PAIRED,
                        "configs": sorted(await _configurations(connection)),
                        "headline": HEADLINE,
                        "limit": limit,
                        **_narrowed(where or Where()),
                    },
                )
            ).mappings()
            found = list(rows)
        if not found:
            return Hits()
        return Hits(
            hits=tuple(_hit(row, words) for row in found),
            segments=found[0]["segments"],
            sessions=found[0]["sessions"],
        )


async def forget(connection: AsyncConnection, session_id: str) -> None:
    """Take a session out of the index, within the transaction of `connection`.

    While its transcript is kept (`derived`), it comes back; deleting that takes it out as well.
    """
    await connection.execute(delete(SearchedRow).where(SearchedRow.session_id == session_id))


async def _configurations(connection: AsyncConnection) -> set[str]:
    """The server's text search configurations; versions of PostgreSQL differ in languages."""
    found = await connection.execute(text("SELECT cfgname FROM pg_ts_config"))
    return {str(name) for name in found.scalars()}


def _row(session_id: str, passage: Passage, known: set[str]) -> dict[str, object]:
    config = lexemes.configuration(passage.text, passage.language, known)
    paired = config == lexemes.PAIRED
    return {
        **asdict(passage),
        "topics": list(passage.topics),
        "session_id": session_id,
        "config": config,
        "stemmed": lexemes.PLAIN if paired else config,
        "pairs": lexemes.pairs(passage.text) if paired else None,
    }


def _narrowed(where: Where) -> dict[str, object]:
    return {name: getattr(where, name) for name in Where.__slots__}


def _hit(row: Mapping[Any, Any], words: str) -> Hit:
    held_at: datetime | None = row["held_at"]
    return Hit(
        session_id=row["session_id"],
        study_id=row["study_id"],
        participant=row["participant_id"],
        held_at=None if held_at is None else held_at.astimezone(UTC),
        passage=Passage(
            index=row["index"],
            segment=row["segment"],
            speaker=row["speaker"],
            text=row["text"],
            start_s=row["start_s"],
            end_s=row["end_s"],
            language=row["language"],
            phase=row["phase"],
            question=row["question"],
            topics=tuple(row["topics"]),
            recording=row["recording"],
            at_s=row["at_s"],
        ),
        headline=tuple(
            _between_marks(row["headline"])
            if row["headline"] is not None
            else _around(row["text"], lexemes.sought(words))
        ),
    )


def _between_marks(headline: str) -> Iterator[tuple[str, bool]]:
    """The runs of a headline of PostgreSQL's."""
    for piece in re.findall(f"{OPEN}[^{CLOSE}]*{CLOSE}?|[^{OPEN}]+", headline):
        marked = piece.startswith(OPEN)
        run = piece.strip(OPEN + CLOSE)
        if run:
            yield run, marked


def _around(said: str, sought: list[str]) -> Iterator[tuple[str, bool]]:
    """The runs of a headline of unspaced writing: what was sought, and some letters around its first place."""
    level = lexemes.plain(said)
    pattern = "|".join(re.escape(run) for run in sorted(sought, key=len, reverse=True))
    # Where Unicode has two letters for one, the places would not be the same: then nothing is marked.
    places = list(re.finditer(pattern, level)) if pattern and len(level) == len(said) else []
    begin = max(0, places[0].start() - AROUND) if places else 0
    end = min(len(said), (places[0].end() if places else 0) + 2 * AROUND)
    at = begin
    if begin:
        yield "…", False
    for place in places:
        if place.end() <= end:
            if place.start() > at:
                yield said[at : place.start()], False
            yield said[place.start() : place.end()], True
            at = place.end()
    if at < end:
        yield said[at:end], False
    if end < len(said):
        yield "…", False


_INSERT = text(
    """
    INSERT INTO searched_segments (session_id, index, segment, speaker, language, phase, question, topics, start_s,
                                   end_s, recording, at_s, text, config, document)
    VALUES (:session_id, :index, :segment, :speaker, :language, :phase, :question, CAST(:topics AS text[]), :start_s,
            :end_s, :recording, :at_s, :text, :config,
            coalesce(CAST(CAST(:pairs AS text) AS tsvector),
                     to_tsvector(CAST(CAST(:stemmed AS text) AS regconfig), :text) || to_tsvector('simple', :text)))
    """
)
"""Stemmed, and as it stands: what a language leaves out can be sought all the same."""

_FIND = text(
    """
    WITH asked AS (
        SELECT config, CASE WHEN numnode(stemmed) = 0 THEN plain ELSE stemmed END AS query,
               CASE WHEN numnode(stemmed) = 0 THEN 'simple' ELSE config END AS reading
        FROM (
            SELECT config, websearch_to_tsquery(CAST(config AS regconfig), :words) AS stemmed,
                   websearch_to_tsquery('simple', :words) AS plain
            FROM unnest(CAST(:configs AS text[])) AS config
        ) AS stems
        UNION ALL
        SELECT CAST(:paired AS text), CAST(:pairs AS tsquery), NULL
    ), found AS (
        SELECT p.*, s.study_id, s.participant_id, s.held_at, asked.query, asked.reading,
               ts_rank_cd(p.document, asked.query) AS rank
        FROM asked
        JOIN searched_segments p ON p.config = asked.config AND p.document @@ asked.query
        JOIN searched s ON s.session_id = p.session_id
        WHERE (CAST(:study AS text) IS NULL OR s.study_id = :study)
          AND (CAST(:session AS text) IS NULL OR s.session_id = :session)
          AND (CAST(:participant AS text) IS NULL OR s.participant_id = :participant)
          AND (CAST(:since AS timestamptz) IS NULL OR s.held_at >= :since)
          AND (CAST(:until AS timestamptz) IS NULL OR s.held_at < :until)
          AND (CAST(:speaker AS text) IS NULL OR p.speaker = :speaker)
          AND (CAST(:phase AS text) IS NULL OR p.phase = :phase)
          AND (CAST(:question AS text) IS NULL OR p.question = :question)
          AND (CAST(:topic AS text) IS NULL OR :topic = ANY (p.topics))
          AND (CAST(:language AS text) IS NULL OR p.language = :language
               OR split_part(p.language, '-', 1) = :language)
    ), best AS (
        SELECT found.*, count(*) OVER () AS segments FROM found
        ORDER BY rank DESC, held_at DESC NULLS LAST, session_id, index LIMIT :limit
    )
    SELECT best.*, (SELECT count(DISTINCT session_id) FROM found) AS sessions,
           CASE WHEN reading IS NOT NULL
                THEN ts_headline(CAST(reading AS regconfig), text, query, :headline) END AS headline
    FROM best ORDER BY rank DESC, held_at DESC NULLS LAST, session_id, index
    """
)
"""A query a configuration, so that each can use the index; what a language leaves out whole is asked as it stands."""
