"""Measures a burst (PI-05): many interviews end at once, and a language model that takes 0.8 s enriches them.

    .venv/bin/python benchmarks/burst.py --sessions 200 > benchmarks/burst.md
    .venv/bin/python benchmarks/burst.py --sessions 60 --workers 2 --kills 50 > benchmarks/burst_kills.md

`vivavoce worker` does the jobs, in processes of its own, as it does in earnest: embedded PostgreSQL, procrastinate's
jobs, the local grade in a child process an interview, the language model behind HTTP. The model is `slow_model.py`.
Transcripts are there already: the burst is of what follows them. With `--kills` workers are killed while they have jobs
under way, and the exit code is 1 where the burst was over before that many were, or left anything undone or done twice.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil
import psycopg

from crew import Crew
from ended import held, transcript
from footprint import processor_s
from made import made
from slow_model import SlowModel, slow_model
from vivavoce.ops.findings import Task
from vivavoce.pipeline.codes import Code, Codebook
from vivavoce.pipeline.enrichment.findings import Findings
from vivavoce.pipeline.enrichment.material import Material
from vivavoce.pipeline.redaction.reading import redact
from vivavoce.settings import Settings, load
from vivavoce.storage.open import Storage, open_storage
from vivavoce.telemetry.logging import configure

ANSWER_S = 0.8
LIMIT_S = 2400.0
"""Seconds after which a run is given up, and says how far it came."""

STAGES = ("redaction", "enrichment", "reporting")
FIRST = "redaction"
BETWEEN_KILLS_S = (2.0, 10.0)
LOOK_S = 0.5

WITNESS = """
    CREATE TABLE written (session_id text, stage text, at timestamptz DEFAULT clock_timestamp());
    CREATE FUNCTION witness() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN INSERT INTO written (session_id, stage) VALUES (NEW.session_id, NEW.stage); RETURN NEW; END $$;
    CREATE TRIGGER witness AFTER INSERT OR UPDATE ON derived FOR EACH ROW EXECUTE FUNCTION witness();
"""
"""Sees a result that is kept twice, and when each is."""

KEPT = """
    SELECT stage, count(DISTINCT session_id), count(*) - count(DISTINCT session_id), extract(epoch FROM max(at))::float
    FROM written GROUP BY 1 ORDER BY 1
"""

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


@dataclass
class Killing:
    """How workers were killed.

    Attributes:
        killed: how many.
        jobs: that were under way, all kills together.
        last_s: seconds after the start that the last one was killed.
        kept: results that were there then.
    """

    killed: int = 0
    jobs: int = 0
    last_s: float = 0.0
    kept: int = 0


@dataclass(frozen=True)
class Kept:
    """Results of a stage, how many of them were kept once more, and when the last was, in seconds since 1970."""

    stage: str
    results: int
    twice: int
    last: float


async def run(given: Given) -> None:
    """The burst, and its table; exits with code 1 where something was amiss."""
    by = made(given.command, "procrastinate", "psycopg", "livekit-agents")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        here = Settings(data_dir=Path(folder) / "vv", models_dir=load().models_dir)
        alone = alone_rows(here, given.utterances)
        async with slow_model(ANSWER_S) as model, open_storage(here, exclusive=True) as storage:
            crew = Crew(environment(here, storage, model, given), STAGES, Path(folder) / "workers.log")
            try:
                rows, amiss = await burst(storage, crew, model, given)
            finally:
                crew.end()
    print(
        "# A burst of interviews whose workers are killed\n" if given.kills else "# A burst of interviews\n"
    )
    print(f"{by} {', '.join(f'{value:.1f}' for value in os.getloadavg())} when it ended.\n")
    print(INTRODUCTION)
    if given.kills:
        print(KILLED)
    print("\n".join(table([*rows, *alone])))
    if amiss:
        sys.exit("\n".join(amiss))


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


def alone_rows(here: Settings, utterances: int) -> list[tuple[str, str]]:
    """What redaction and the local grade of one interview take by themselves."""
    told = transcript("s", 1, utterances)
    redact(transcript("s", 1, 1))  # reads the lists of names, as a worker does once
    before = time.process_time()
    made = redact(told)
    redaction_s = time.process_time() - before
    nothing, grade = (
        local_grade(here, Material(transcript=material))
        for material in (transcript("s", 1, 0), made.transcript)
    )
    return [
        (
            "redaction of one interview alone",
            f"{redaction_s:.2f} s of CPU, {len(made.findings)} finds in {len(told.segments)} segments",
        ),
        (
            "the local grade of one interview alone",
            f"{grade[0]:.1f} s, {grade[1]:.1f} s of CPU; of these {nothing[1]:.1f} s to start, import and load",
        ),
    ]


def local_grade(here: Settings, material: Material) -> tuple[float, float]:
    """Seconds, and seconds of CPU, that the local grade of one interview takes in its child process."""
    task = Task(material=material, at=datetime.now(UTC))
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


async def burst(
    storage: Storage, crew: Crew, model: SlowModel, given: Given
) -> tuple[list[tuple[str, str]], list[str]]:
    """Let the crew do it; the rows of the table, and what was amiss."""
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
        began, began_at = time.monotonic(), time.time()
        for _ in range(given.workers):
            crew.start()
        killing = await watch(storage, crew, connection, given)
        wall_s = time.monotonic() - began
        writes = number_of(connection, WRITES) - writes_before
        database_s = sum(processor_s(postmaster.pid)) - database_before
        crew.end()
        await storage.engine.dispose()
        written = {name: count - rows_before.get(name, 0) for name, count in rows_of(connection).items()}
        kept = [Kept(*row) for row in connection.execute(KEPT).fetchall()]
        left = number_of(connection, "SELECT count(*) FROM procrastinate_jobs")
    found = [await storage.derived.get(session_id, "enrichment") for session_id in ids]
    findings = [Findings.model_validate_json(one.output) for one in found if one is not None]
    rows = [
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
                    f"{killing.killed}; {killing.jobs / max(killing.killed, 1):.1f}",
                ),
                ("the last kill, and results kept by then", f"{killing.last_s:.0f} s; {killing.kept}"),
            ]
            if given.kills
            else []
        ),
        (
            "results kept, kept twice, jobs left",
            f"{', '.join(f'{one.results} of {one.stage}' for one in kept)}; "
            f"{sum(one.twice for one in kept)}; {left}",
        ),
        (
            "seconds until all were kept",
            ", ".join(f"{one.last - began_at:.0f} of {one.stage}" for one in kept),
        ),
        (
            "**wall time** from start to an empty queue",
            f"{wall_s:.0f} s, {wall_s / given.sessions:.2f} s an interview",
        ),
        *(
            []
            if given.kills
            else [
                (
                    "that is for 200 interviews; 30 min are allowed",
                    f"{wall_s / given.sessions * 200 / 60:.1f} min",
                )
            ]
        ),
        *measured(model, crew, given, wall_s=wall_s, writes=writes, rows=written, database_s=database_s),
    ]
    amiss = [f"{one.twice} results of {one.stage} were kept twice." for one in kept if one.twice]
    there = {one.stage: one.results for one in kept}
    amiss += [
        f"{there.get(stage, 0)} results of {stage} are there, and {given.sessions} should be."
        for stage in STAGES
        if there.get(stage, 0) != given.sessions
    ]
    if left:
        amiss.append(f"{left} jobs are left.")
    if killing.killed < given.kills:
        amiss.append(f"Only {killing.killed} kills fell into the burst: give it more sessions.")
    return rows, amiss


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
        (
            "CPU of the workers, redaction on a thread of theirs",
            f"{own_s:.0f} s, {own_s / given.sessions:.2f} s an interview",
        ),
        ("CPU of PostgreSQL", f"{database_s:.0f} s, {database_s / given.sessions:.2f} s an interview"),
        (
            "these three beside what two cores have in that time",
            f"{(own_s + children_s + database_s) / wall_s / (os.cpu_count() or 1):.0%}",
        ),
    ]


async def watch(storage: Storage, crew: Crew, connection: psycopg.Connection, given: Given) -> Killing:
    """Wait until the queue is empty, or only dead jobs are left in it, and kill now and then."""
    chance = random.Random(given.seed)
    killing = Killing()
    began = time.monotonic()
    next_kill = began + 5.0
    async with asyncio.timeout(LIMIT_S):
        while any(state != "dead" for _, state in await storage.jobs.depths()):
            crew.look()
            await asyncio.sleep(LOOK_S)
            if killing.killed < given.kills and time.monotonic() >= next_kill:
                doing = number_of(connection, DOING)
                if not doing:  # who has not begun yet loses nothing
                    continue
                killing.jobs += doing
                crew.kill(chance.choice(crew.running))
                crew.start()
                killing.killed += 1
                killing.last_s = time.monotonic() - began
                killing.kept = number_of(connection, "SELECT count(*) FROM written")
                next_kill = time.monotonic() + chance.uniform(*BETWEEN_KILLS_S)
    crew.look()
    return killing


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
    """Lines of Markdown."""
    return ["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)]


INTRODUCTION = f"""Interviews end at once; `vivavoce worker` redacts each, enriches it by local models and by a language
model that answers in {ANSWER_S} s, and makes its report. Calls and writes are held against one for each of the
participant's utterances. A trigger in the database counts results that are kept, so that one kept twice would be
seen. The load above is that of other work on the machine; a second one, that of the burst with it.
"""

KILLED = f"""Every {BETWEEN_KILLS_S[0]:.0f} to {BETWEEN_KILLS_S[1]:.0f} s one of the workers is killed, if any job is
under way, and a new one is started. What was under way is done anew, calls to the model too. CPU is that of workers as
far as it was seen before they died.
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
