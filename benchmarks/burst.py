"""Measures a burst (PI-05): many interviews end at once, and a language model that takes 0.8 s enriches them.

    .venv/bin/python benchmarks/burst.py --sessions 200 > benchmarks/burst.md            about ten minutes
    .venv/bin/python benchmarks/burst.py --sessions 60 --kills 50                         with workers that are killed

`vivavoce worker` does the jobs, in processes of its own, as it does in earnest: embedded PostgreSQL, procrastinate's
jobs, the local grade in a child process an interview, the language model behind HTTP. The model is `slow_model.py`.
Transcripts are there already: the burst is of what follows them.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import psutil
import psycopg

from footprint import processor_s
from made import made
from slow_model import SlowModel, slow_model
from vivavoce.ops.findings import Task
from vivavoce.pipeline.codes import Code, Codebook
from vivavoce.pipeline.enrichment.findings import Findings
from vivavoce.pipeline.enrichment.material import Material
from vivavoce.pipeline.transcript import Segment, StudyOf, Transcript
from vivavoce.session.events import (
    ConsentGiven,
    ParticipantJoined,
    Reason,
    SessionEnded,
    SessionScheduled,
    SessionStatus,
    SessionWaiting,
)
from vivavoce.settings import Settings, load
from vivavoce.storage.open import Storage, open_storage
from vivavoce.telemetry.logging import configure

ANSWER_S = 0.8
LIMIT_S = 2400.0
"""Seconds after which a run is given up, and says how far it came."""

STAGES = ("redaction", "enrichment", "reporting")
FIRST = "redaction"
BETWEEN_KILLS_S = (1.0, 6.0)
LOOK_S = 0.5

THINGS = ("reading room", "bus line", "coffee", "opening hours", "staff", "printer", "website", "garden")
JUDGED = (
    "wonderful and quiet",
    "far too expensive",
    "late every other day",
    "better than it was",
    "hard to find",
)
SHA = "ab" * 32

WITNESS = """
    CREATE TABLE written (session_id text, stage text);
    CREATE FUNCTION witness() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN INSERT INTO written VALUES (NEW.session_id, NEW.stage); RETURN NEW; END $$;
    CREATE TRIGGER witness AFTER INSERT OR UPDATE ON derived FOR EACH ROW EXECUTE FUNCTION witness();
"""
"""Sees a result that is kept twice."""

WRITES = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint"
"""Transactions that wrote since the database was made: others get no number (PostgreSQL, 74.1)."""

DOING = "SELECT count(*) FROM procrastinate_jobs WHERE status = 'doing'"

ROWS = """
    SELECT CASE WHEN relname LIKE 'procrastinate%' OR relname = 'job_failures' THEN 'jobs'
                WHEN relname LIKE 'search%' THEN 'search' ELSE 'results' END,
           sum(n_tup_ins + n_tup_upd + n_tup_del)::bigint
    FROM pg_stat_user_tables WHERE relname <> 'written' GROUP BY 1
"""
"""Every connection hands its counts in when it ends: to be asked when the workers have."""


def transcript(session_id: str, number: int, utterances: int) -> Transcript:
    """An interview of so many answers, each after a short question; no two interviews say the same."""
    segments: list[Segment] = []
    for turn in range(utterances):
        thing = THINGS[(turn + number) % len(THINGS)]
        answer = (
            f"For me the {thing} is {JUDGED[(turn * 3 + number) % len(JUDGED)]}, number {turn} of {number}."
        )
        for speaker, said in (("moderator", f"What about the {thing}?"), ("participant", answer)):
            index = len(segments)
            segments.append(
                Segment(
                    index=index,
                    id=f"u{index}",
                    speaker="moderator" if speaker == "moderator" else "participant",
                    text=said,
                    source="live",
                    start_s=index * 6.0,
                    end_s=index * 6.0 + 5,
                    language="en",
                )
            )
    return Transcript(
        session_id=session_id,
        study=StudyOf(id="burst", title="Burst", content_hash="f"),
        participant=f"p-{number}",
        language="en",
        status=SessionStatus.COMPLETED,
        segments=tuple(segments),
    )


async def held(storage: Storage, session_id: str, number: int, utterances: int) -> None:
    """An interview that is over and has its transcript."""
    at = datetime.now(UTC)
    scheduled = SessionScheduled(
        study_id="burst", study_hash="f", study_title="Burst", language="en", participant_id=f"p-{number}"
    )
    await storage.sessions.create(session_id, scheduled, at=at)
    lease = await storage.sessions.claim(session_id, holder="burst", ttl_s=60)
    await storage.sessions.append(
        lease,
        [
            ConsentGiven(version="1", text_sha256=SHA, language="en", disclosure_sha256=SHA),
            SessionWaiting(transport="webrtc"),
            ParticipantJoined(transport="webrtc", connection_id="c1"),
            SessionEnded(status=SessionStatus.COMPLETED, reason=Reason.FINISHED, at_s=900),
        ],
        at=at,
    )
    await storage.sessions.release(lease)
    told = transcript(session_id, number, utterances).model_dump_json()
    await storage.derived.keep(session_id, "transcription", input_hash="t", output=told)


@dataclass
class Crew:
    """Workers, each `vivavoce worker` in a process.

    Attributes:
        environment: of each.
        log: takes what they say.
        running: those that are at work.
        cpu: user and system seconds of every worker there was, by its process id: its own, and its children's.
    """

    environment: dict[str, str]
    log: Path
    running: list[subprocess.Popen[bytes]] = field(default_factory=list[subprocess.Popen[bytes]])
    cpu: dict[int, tuple[float, float]] = field(default_factory=dict[int, tuple[float, float]])

    def start(self) -> None:
        """One more."""
        with self.log.open("ab") as log:
            self.running.append(
                subprocess.Popen(
                    [sys.executable, "-m", "vivavoce", "worker", "--stages", ",".join(STAGES)],
                    env={**os.environ, **self.environment},
                    stdout=log,
                    stderr=log,
                )
            )

    def look(self) -> None:
        """Note what they have used so far."""
        for worker in self.running:
            assert worker.poll() is None, f"a worker ended by itself:\n{self.log.read_text()[-3000:]}"
            self.cpu[worker.pid] = processor_s(worker.pid)

    def kill(self, victim: subprocess.Popen[bytes]) -> None:
        """SIGKILL one of them."""
        self.look()
        victim.kill()
        assert victim.wait() == -signal.SIGKILL
        self.running.remove(victim)

    def end(self) -> None:
        """Stop them all as `systemctl stop` does."""
        for worker in self.running:
            worker.terminate()
        for worker in self.running:
            worker.wait(60)
        self.running.clear()

    @property
    def cpu_s(self) -> tuple[float, float]:
        """Seconds of the workers themselves, and of their children."""
        return sum(own for own, _ in self.cpu.values()), sum(theirs for _, theirs in self.cpu.values())


@dataclass(frozen=True)
class Given:
    """The command line."""

    sessions: int
    utterances: int
    workers: int
    concurrency: int
    kills: int
    seed: int

    @property
    def command(self) -> str:
        """As typed."""
        return "benchmarks/burst.py " + " ".join(f"--{name} {value}" for name, value in vars(self).items())


async def run(given: Given) -> None:
    """The burst, and its table."""
    by = made(given.command, "procrastinate", "psycopg", "livekit-agents")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        here = Settings(data_dir=Path(folder) / "vv", models_dir=load().models_dir)
        alone = [local_grade(here, utterances) for utterances in (0, given.utterances)]
        async with slow_model(ANSWER_S) as model, open_storage(here, exclusive=True) as storage:
            crew = Crew(environment(here, storage, model, given), Path(folder) / "workers.log")
            try:
                rows = await burst(storage, crew, model, given)
            finally:
                crew.end()
    print("# A burst of interviews\n")
    print(by)
    print()
    print(INTRODUCTION)
    for one in rows:
        print(one)
    print(
        f"| the local grade of one interview alone | {alone[1][0]:.1f} s, {alone[1][1]:.1f} s of CPU; of these "
        f"{alone[0][1]:.1f} s to start, import and load |"
    )


def environment(here: Settings, storage: Storage, model: SlowModel, given: Given) -> dict[str, str]:
    """The workers' settings."""
    own = {
        "DATA_DIR": str(here.data_dir),
        "MODELS_DIR": str(here.models_dir),
        "DATABASE_URL": storage.url,
        "SPEECH__URL": model.url.removesuffix("/v1"),
        "LLM__PROFILES__BIG__BASE_URL": model.url,
        "LLM__PROFILES__BIG__MODEL": "m",
        "MONEY__MACHINE_HOUR_USD": "0",
        "MONEY__PRICES__BIG__INPUT_USD": "1",
        "MONEY__PRICES__BIG__OUTPUT_USD": "4",
        "PIPELINE__MODEL": "big",
        "PIPELINE__CONCURRENCY": str(given.concurrency),
        "PIPELINE__RETENTION": "off",
    }
    if given.kills:  # who waits half a minute for a dead worker's jobs measures that
        own |= {
            "PIPELINE__HEARTBEAT_S": "1",
            "PIPELINE__STALLED_S": "5",
            "PIPELINE__UPKEEP_S": "2",
            "PIPELINE__DEATHS": "1000",
        }
    return {f"VIVAVOCE_{name}": value for name, value in own.items()}


def local_grade(here: Settings, utterances: int) -> tuple[float, float]:
    """Seconds, and seconds of CPU, that the local grade of one interview takes in its child process."""
    task = Task(material=Material(transcript=transcript("s", 1, utterances)), at=datetime.now(UTC))
    began, before = time.monotonic(), os.times()
    subprocess.run(
        [sys.executable, "-m", "vivavoce.ops.findings", str(here.models_dir.expanduser())],
        input=task.model_dump_json().encode(),
        capture_output=True,
        check=True,
    )
    after = os.times()
    used_s = after.children_user + after.children_system - before.children_user - before.children_system
    return time.monotonic() - began, used_s


async def burst(storage: Storage, crew: Crew, model: SlowModel, given: Given) -> list[str]:
    """Let the crew do it; the rows of the table."""
    code = Code(
        id="cost",
        name="Cost",
        definition="Complaints that something is too expensive",
        examples=("far too expensive",),
    )
    book = Codebook(codes=(code,), version=1)
    await storage.codebooks.add("burst", 1, book.model_dump_json(), editor="burst")
    ids = [f"s{number}" for number in range(given.sessions)]
    for number, session_id in enumerate(ids):
        await held(storage, session_id, number, given.utterances)
    with psycopg.connect(storage.url, autocommit=True) as connection:
        # The transcripts are there: their jobs are not to be done.
        connection.execute("DELETE FROM procrastinate_jobs")
        connection.execute(WITNESS)
        await storage.engine.dispose()
        rows_before, writes_before = rows_of(connection), number_of(connection, WRITES)
        for session_id in ids:
            await storage.jobs.add(session_id, FIRST)
        postmaster = psutil.Process(
            number_of(connection, "SELECT pg_backend_pid()")
        ).parent()  # who started our backend
        assert postmaster is not None
        database_before = sum(processor_s(postmaster.pid))
        began = time.monotonic()
        for _ in range(given.workers):
            crew.start()
        killed, under_way = await watch(storage, crew, connection, given)
        wall_s = time.monotonic() - began
        writes = number_of(connection, WRITES) - writes_before
        database_s = sum(processor_s(postmaster.pid)) - database_before
        crew.end()
        await storage.engine.dispose()
        rows = {name: count - rows_before.get(name, 0) for name, count in rows_of(connection).items()}
        twice = number_of(
            connection,
            "SELECT count(*) FROM (SELECT FROM written GROUP BY session_id, stage HAVING count(*) > 1) t",
        )
        kept = connection.execute("SELECT stage, count(*) FROM written GROUP BY 1 ORDER BY 1").fetchall()
        left = number_of(connection, "SELECT count(*) FROM procrastinate_jobs")
    found = [await storage.derived.get(session_id, "enrichment") for session_id in ids]
    findings = [Findings.model_validate_json(one.output) for one in found if one is not None]
    return table(
        [
            ("interviews, utterances of the participant in each", f"{given.sessions}, {given.utterances}"),
            ("workers, jobs each does at a time", f"{given.workers}, {given.concurrency}"),
            (
                "enriched, of them by the language model",
                f"{len(findings)}, {sum(one.grade == 'llm' for one in findings)}",
            ),
            *(
                [
                    (
                        "workers killed (SIGKILL) while jobs were under way; these in the mean",
                        f"{killed}; {under_way / max(killed, 1):.1f}",
                    )
                ]
                if given.kills
                else []
            ),
            (
                "results kept, kept twice, jobs left",
                f"{', '.join(f'{count} of {stage}' for stage, count in kept)}; {twice}; {left}",
            ),
            (
                "**wall time** from start to an empty queue",
                f"{wall_s:.0f} s, {wall_s / given.sessions:.2f} s an interview",
            ),
            (
                "that is for 200 interviews; 30 min are allowed",
                f"{wall_s / given.sessions * 200 / 60:.1f} min",
            ),
            *measured(model, crew, given, wall_s=wall_s, writes=writes, rows=rows, database_s=database_s),
        ]
    )


def measured(
    model: SlowModel,
    crew: Crew,
    given: Given,
    *,
    wall_s: float,
    writes: int,
    rows: dict[str, int],
    database_s: float,
) -> list[tuple[str, str]]:
    """The figures that have a goal, and where the time went."""
    each = given.sessions * given.utterances
    own_s, children_s = crew.cpu_s
    return [
        ("**calls** to the model, beside one an utterance", f"{model.calls}, {model.calls / each - 1:+.1%}"),
        ("**writes** (transactions), beside one an utterance", f"{writes}, {writes / each - 1:+.1%}"),
        (
            "rows written of results, of jobs, of the search index",
            f"{rows.get('results', 0)}, {rows.get('jobs', 0)}, {rows.get('search', 0)}",
        ),
        (
            "with a call to the model under way; of those at once, in the mean",
            f"{model.busy_s:.0f} s, {model.busy_s / wall_s:.0%} of the time; {model.call_s / (model.busy_s or 1):.1f}",
        ),
        (
            "CPU of the local grades (child processes)",
            f"{children_s:.0f} s, {children_s / given.sessions:.2f} s an interview",
        ),
        ("CPU of the workers", f"{own_s:.0f} s, {own_s / given.sessions:.2f} s an interview"),
        ("CPU of PostgreSQL", f"{database_s:.0f} s, {database_s / given.sessions:.2f} s an interview"),
        (
            "these three beside what two cores have in that time",
            f"{(own_s + children_s + database_s) / wall_s / (os.cpu_count() or 1):.0%}",
        ),
    ]


async def watch(
    storage: Storage, crew: Crew, connection: psycopg.Connection, given: Given
) -> tuple[int, int]:
    """Wait until the queue is empty, and kill now and then; how many were killed, and the jobs under way then."""
    chance = random.Random(given.seed)
    killed = under_way = 0
    next_kill = time.monotonic() + 5.0
    async with asyncio.timeout(LIMIT_S):
        while await storage.jobs.depths():
            crew.look()
            await asyncio.sleep(LOOK_S)
            if killed < given.kills and time.monotonic() >= next_kill:
                doing = number_of(connection, DOING)
                if not doing:  # who has not begun yet loses nothing
                    continue
                under_way += doing
                crew.kill(chance.choice(crew.running))
                crew.start()
                killed += 1
                next_kill = time.monotonic() + chance.uniform(*BETWEEN_KILLS_S)
    crew.look()
    return killed, under_way


def number_of(connection: psycopg.Connection, query: str) -> int:
    """A query's one figure."""
    row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return int(row[0])


def rows_of(connection: psycopg.Connection) -> dict[str, int]:
    """Rows written so far, by what they are of."""
    connection.execute("SELECT pg_stat_clear_snapshot()")
    return dict(connection.execute(ROWS).fetchall())


def table(rows: Sequence[tuple[str, str]]) -> list[str]:
    """Rows of Markdown."""
    return ["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)]


INTRODUCTION = f"""Interviews end at once; `vivavoce worker` redacts each, enriches it by local models and by a language
model that answers in {ANSWER_S} s, and makes its report. Calls and writes are held against one for each of the
participant's utterances. A trigger in the database counts results that are kept, so that one kept twice would be
seen. The load above is that of other work on the machine.
"""


def main() -> None:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=20)
    parser.add_argument("--utterances", type=int, default=150)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--concurrency", type=int, default=4)
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--seed", type=int, default=6)
    given = Given(**vars(parser.parse_args()))
    configure(level="error", format="text")
    asyncio.run(run(given))


if __name__ == "__main__":
    main()
