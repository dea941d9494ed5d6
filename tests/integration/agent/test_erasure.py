"""An interview with words that are nowhere else, held, analysed, exported and erased: then nothing of it is left."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
from prometheus_client import CollectorRegistry
from psycopg import sql
from tests.lib.recorded import Scripted

from vivavoce.ops.erase import erase, holdings, interview_of, let_go
from vivavoce.ops.gathering import exported
from vivavoce.ops.pipeline import worker
from vivavoce.pipeline.exports.formats import ExportFormat
from vivavoce.session.clock import SystemClock
from vivavoce.session.state import fold
from vivavoce.settings import PipelineSettings, Settings
from vivavoce.storage.open import open_storage
from vivavoce.telemetry.metrics import Metrics

WORDS = ("quetzalcoatlus", "xylomancy", "wyrzyskowo")
ANSWERS = [
    "I kept a quetzalcoatlus in the yard for many years.",
    "My mother taught me xylomancy when I was small, you know.",
    "We moved to wyrzyskowo after that and never came back.",
]
AUDIO_PIECE = 64
"""Bytes of a recording that are looked for; its Opus pages are as good as random."""


def in_database(url: str) -> dict[str, set[str]]:
    """Which of the words are in which column: every table of every schema, the system's own and its samples too."""
    found: dict[str, set[str]] = {}
    with psycopg.connect(url) as connection:
        columns = connection.execute(
            """
            SELECT n.nspname, c.relname, a.attname FROM pg_attribute a
            JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind IN ('r', 'm') AND a.attnum > 0 AND NOT a.attisdropped
            """
        ).fetchall()
        for schema, table, column in columns:
            query = sql.SQL("SELECT {}::text FROM {} WHERE {}::text ~* {}").format(
                sql.Identifier(column),
                sql.Identifier(schema, table),
                sql.Identifier(column),
                sql.Literal("|".join(WORDS)),
            )
            for (text,) in connection.execute(query):
                found.setdefault(f"{schema}.{table}.{column}", set()).update(
                    word for word in WORDS if word in text.lower()
                )
    return found


def in_files(folder: Path, pieces: list[bytes]) -> dict[str, set[bytes]]:
    """Which of the pieces are in which file, byte by byte."""
    found: dict[str, set[bytes]] = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            data = path.read_bytes()
            there = {piece for piece in pieces if piece in data}
            if there:
                found[path.relative_to(folder).as_posix()] = there
    return found


def pieces_of(folder: Path) -> list[bytes]:
    """What is looked for: the words, and pieces of the recordings."""
    spoken: list[bytes] = []
    for path in sorted(folder.rglob("*.ogg")):
        data = path.read_bytes()
        spoken += [
            data[at : at + AUDIO_PIECE] for at in range(4096, len(data) - AUDIO_PIECE, len(data) // 20)
        ]
    assert len(spoken) >= 10
    return [*(word.encode() for word in WORDS), *spoken]


def checkpoint(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CHECKPOINT")


async def test_nothing_is_left_of_what_was_said(open_stage: Callable[..., Any], tmp_path: Path) -> None:
    house = tmp_path / "house"
    settings = Settings(
        data_dir=house, pipeline=PipelineSettings(poll_s=0.1, heartbeat_s=0.2, stalled_s=1.0, upkeep_s=0.2)
    )
    clock = SystemClock()
    async with open_storage(settings, exclusive=True) as storage:
        async with open_stage(
            store=storage.sessions, archive=storage.recordings, ledger=storage.ledger, folder=house
        ) as stage:
            stage.recogniser.texts = [ANSWERS[0]]
            await stage.schedule()
            line = await stage.join()
            for question, answer in zip(("q1", "q2", "q3"), ANSWERS, strict=True):
                await stage.asked(question)
                stage.recogniser.texts = [answer]
                line.say("kokoro_s04")
            before = await stage.ended()
        assert {turn.text for turn in before.turns if turn.speaker == "participant"} == set(ANSWERS)
        doing = worker(
            settings,
            storage,
            Scripted(f"Then {' '.join(WORDS)}."),
            clock=clock,
            metrics=Metrics(CollectorRegistry()),
        )
        task = asyncio.create_task(doing.run())
        try:
            async with asyncio.timeout(60):
                while await storage.derived.get("s1", "transcription") is None or await storage.jobs.list():
                    await asyncio.sleep(0.05)
        finally:
            task.cancel()
            await asyncio.wait([task])
        with psycopg.connect(storage.url) as connection:
            # The planner has looked at the columns, as it does by itself in a busy database.
            connection.execute("ANALYZE")
        export = await exported(storage, "s1", ExportFormat.JSON)
        assert all(word in export.decode().lower() for word in WORDS)

        # The search finds them where they are, so that it would find them where they are not to be.
        pieces = await asyncio.to_thread(pieces_of, house)
        checkpoint(storage.url)
        told = await asyncio.to_thread(in_database, storage.url)
        assert {"public.session_events.payload", "public.sessions.state", "public.derived.output"} <= set(
            told
        )
        there = await asyncio.to_thread(in_files, house, pieces)
        assert {name.split("/")[0] for name in there} == {"postgres", "recordings"}
        assert any("pg_wal" in name for name in there)

        interview = await interview_of(storage, "s1")
        held = await holdings(storage, settings, interview)
        assert (held.events, held.recordings) == (before.seq, ("s1/part1.ogg",))
        gone = await erase(storage, settings, interview, reason="withdrawn", clock=clock)
        assert (gone.sessions, gone.recordings, gone.unclosed) == (["s1"], ["s1/part1.ogg"], [])
        # The planner's samples of the columns have them still, until the tables are looked at again.
        assert set(await asyncio.to_thread(in_database, storage.url)) == {
            "pg_catalog.pg_statistic.stavalues1"
        }
        await let_go(storage, whole=False)
        assert await asyncio.to_thread(in_database, storage.url) == {}
        # Vacuumed or not, the bytes stay in the tables' files until those are written anew, and in the log of writes.
        checkpoint(storage.url)
        there = await asyncio.to_thread(in_files, house, pieces)
        assert {name.split("/")[2] for name in there} == {"base", "pg_wal"}
        await let_go(storage, whole=True)

        assert await asyncio.to_thread(in_database, storage.url) == {}
        assert await asyncio.to_thread(in_files, house, pieces) == {}
        log = await storage.sessions.read("s1")
        after = fold(log)
        assert after == await storage.sessions.state("s1")
        assert (after.participant_id, after.joined_at, after.ended_at) == (
            before.participant_id,
            before.joined_at,
            before.ended_at,
        )
        assert (after.consent, after.spent) == (before.consent, before.spent)
        assert json.loads(log[-1].payload.model_dump_json()) == {
            "kind": "session.erased",
            "reason": "withdrawn",
        }
    # Nor when the database has been stopped and everything of its memory is on the disk.
    assert await asyncio.to_thread(in_files, house, pieces) == {}
