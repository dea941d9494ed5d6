"""Makes everything that follows interviews, shows the reports' pages as pictures to be looked at, and measures it.

    .venv/bin/python benchmarks/reports.py FOLDER > benchmarks/reports.md        about half an hour

The demo interview (`report_demo.py`), twelve simulated ones in three languages and one of half an hour
(`report_study.py`) go through the pipeline: with local models alone, and once more with a language model
(`slow_model.py`). For each of the two grades a folder in FOLDER gets the reports on the studies and on an interview in
each language as HTML, PDF and DOCX, each page as PNG (`report_pictures.py`; wants Chromium, `make browser`), and every
export.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from prometheus_client import CollectorRegistry

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.lib.piped import pipeline_settings

import report_demo
import report_study
from footprint import processor_s
from made import made
from report_demo import ANSWERS, hold_demo
from report_files import Asked, Rows, found, make_exports, make_reports
from report_pictures import draw
from report_study import LANGUAGES, STUDY, day, half_an_hour, hold, sounds, spoken, twelve, unspoken
from slow_model import slow_model
from vivavoce.ops.children import speech_server
from vivavoce.ops.pipeline import worker
from vivavoce.pipeline.codes import Code, Codebook
from vivavoce.pipeline.enrichment.findings import Grade
from vivavoce.protocol.check import load_study
from vivavoce.session.clock import SystemClock
from vivavoce.settings import Settings, load
from vivavoce.speech.client import SpeechClient
from vivavoce.storage.jobs import STAGES
from vivavoce.storage.open import Storage, open_storage
from vivavoce.telemetry.logging import configure
from vivavoce.telemetry.metrics import Metrics
from vivavoce.voice.wording import Prepared, WordingStore

ANSWER_S = 0.8
LIMIT_S = 1800.0
LONG_S = 86.0
"""Seconds of an answer with which the guide's questions and probes make half an hour."""

ALLOWED_S = 420.0
"""For the report on half an hour."""

SHOWN = {"interview-en": "s00", "interview-es": "s04", "interview-fr": "s08", "interview-broken-off": "s03"}
PARTS = ("enrichment", "reporting", "reports", "exports")
"""What is done once for each grade."""

GRADES: tuple[Grade, ...] = ("local", "llm")
NAMES: Mapping[Grade, str] = {"local": "local models", "llm": "with the language model"}


@dataclass(frozen=True)
class Took:
    """What some work took: seconds, and seconds of CPU of this process and its children."""

    wall_s: float
    cpu_s: float

    def __str__(self) -> str:
        return f"{self.wall_s:.1f} s, {self.cpu_s:.1f} s"

    def __add__(self, other: Took) -> Took:
        return Took(self.wall_s + other.wall_s, self.cpu_s + other.cpu_s)


class Watch:
    """Measures from its making on. The speech server and the database are children of this process, too."""

    def __init__(self) -> None:
        self._began, self._used = time.monotonic(), sum(processor_s(os.getpid()))

    def took(self) -> Took:
        """Until now."""
        return Took(time.monotonic() - self._began, sum(processor_s(os.getpid())) - self._used)


@dataclass
class Subject:
    """Interviews that are worked on together, and what became of that.

    Attributes:
        name: of their column.
        length_s: of the interviews together.
        said_s: of them, in which the participant speaks; 0: nobody counted.
        took: by what was done, from enrichment on by grade as well.
        made: by grade.
    """

    name: str
    length_s: float
    said_s: float = 0.0
    took: dict[str, Took] = field(default_factory=dict[str, Took])
    made: dict[Grade, Rows] = field(default_factory=dict["Grade", Rows])

    def until_report(self, grade: Grade) -> Took:
        """From the end of the interviews to their reports in every format."""
        rows = ("transcription", "redaction", *(f"{part}, {grade}" for part in PARTS[:-1]))
        return sum((self.took[row] for row in rows), Took(0, 0))


@dataclass
class Bench:
    """What the work is done with.

    Attributes:
        settings: by grade.
        folder: for files.
    """

    settings: Mapping[Grade, Settings]
    storage: Storage
    client: SpeechClient
    folder: Path

    async def prepare(self, study: str, codes: Sequence[Code]) -> None:
        """Publish the study (YAML), if it is not yet, with its codes."""
        published = await self.storage.studies.publish(study)
        book = Codebook(codes=tuple(codes), version=1)
        await self.storage.codebooks.add(published.id, 1, book.model_dump_json(), editor="benchmark")

    async def follow(self, subject: Subject, asked: Asked, *, keep: bool) -> None:
        """Have everything done that follows these interviews, stage after stage, in both grades.

        Args:
            subject: is told what it took.
            asked: the interviews, and the files to be made.
            keep: the files, in `folder`.
        """
        for stage in ("transcription", "redaction"):
            subject.took[stage] = await self._stage(stage, "local")
        for grade in GRADES:
            if grade == "llm":
                for session_id in asked.session_ids:
                    await self.storage.jobs.add(session_id, "enrichment")
            for stage in ("enrichment", "reporting"):
                subject.took[f"{stage}, {grade}"] = await self._stage(stage, grade)
            rows = await found(self.storage, asked, grade)
            with tempfile.TemporaryDirectory() as passing:
                reports = made_folder(self.folder / grade if keep else Path(passing))
                watch = Watch()
                rows |= await make_reports(self.storage, asked, reports)
                subject.took[f"reports, {grade}"] = watch.took()
                exports, watch = made_folder(reports / "exports"), Watch()
                rows |= await make_exports(self.storage, asked, exports)
                subject.took[f"exports, {grade}"] = watch.took()
            subject.made[grade] = rows

    async def _stage(self, stage: str, grade: Grade) -> Took:
        """Do the jobs of a stage."""
        doing = worker(
            self.settings[grade],
            self.storage,
            self.client,
            clock=SystemClock(),
            metrics=Metrics(CollectorRegistry()),
            only=[stage],
        )
        watch = Watch()
        task = asyncio.create_task(doing.run())
        try:
            async with asyncio.timeout(LIMIT_S):
                while depths := {
                    state: count
                    for (name, state), count in (await self.storage.jobs.depths()).items()
                    if name == stage
                }:
                    assert not task.done() and "dead" not in depths, f"{stage}: {depths}"
                    await asyncio.sleep(0.1)
            return watch.took()
        finally:
            task.cancel()
            await asyncio.wait([task])


async def make(folder: Path, *, silent: bool, told: Callable[[Subject], None]) -> list[Subject]:
    """Hold the interviews and have made what follows them; without recordings the twelve alone.

    Args:
        folder: for the files.
        silent: without recordings.
        told: of each subject as soon as it is done.
    """
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        subjects: list[Subject] = []
        study = report_study.STUDY.read_text(encoding="utf-8")
        if not silent:
            async with bench(folder, Path(scratch) / "half", heard=True) as at:
                await at.prepare(study, report_study.CODES)
                subjects.append(await half_hour(at, await spoken(at.client, store())))
            told(subjects[-1])
        said: dict[str, Prepared] = {}
        async with bench(folder, Path(scratch) / "twelve", heard=not silent) as at:
            await at.prepare(study, report_study.CODES)
            voices = unspoken() if silent else await spoken(at.client, store())
            subjects.append(await the_twelve(at, voices, recorded=not silent))
            told(subjects[-1])
            if not silent:
                said = await sounds(at.client, store(), ANSWERS, "en")
        if not silent:
            data_dir = Path(scratch) / "demo" / "simulate"
            await hold_demo(data_dir, said, Path(scratch) / "answers")
            async with bench(folder, data_dir, heard=True) as at:
                await at.prepare(report_demo.STUDY.read_text(encoding="utf-8"), report_demo.CODES)
                subjects.append(await the_demo(at))
                told(subjects[-1])
        return subjects[::-1]


def store() -> WordingStore:
    """Where the participants' sound is kept from run to run."""
    return WordingStore(load().wording_dir / "participants")


@asynccontextmanager
async def bench(folder: Path, data_dir: Path, *, heard: bool) -> AsyncGenerator[Bench]:
    """All that the work is done with, on a data folder; a speech server, where anything is `heard`."""
    async with AsyncExitStack() as stack:
        model = await stack.enter_async_context(slow_model(ANSWER_S))
        models = load().models_dir
        settings: dict[Grade, Settings] = {
            "local": pipeline_settings(data_dir, models),
            "llm": pipeline_settings(data_dir, models, url=model.url, model="slow-model"),
        }
        storage = await stack.enter_async_context(open_storage(settings["local"], exclusive=True))
        speech_url = model.url  # nobody asks it, where nothing was recorded
        if heard:
            speech_url = (await stack.enter_async_context(speech_server(settings["local"]))).url
        client = await stack.enter_async_context(SpeechClient(speech_url))
        yield Bench(settings, storage, client, folder)


async def the_demo(bench: Bench) -> Subject:
    """What follows the demo interview, which is there."""
    (session,) = await bench.storage.sessions.list(study_id="demo")
    state = await bench.storage.sessions.state(session.session_id)
    assert state.joined_at is not None and state.ended_at is not None, "the demo interview is not over"
    subject = Subject("the demo interview", (state.ended_at - state.joined_at).total_seconds())
    shown = {"demo-interview": session.session_id}
    await bench.follow(subject, Asked("demo", list(shown.values()), "demo", shown, "passport"), keep=True)
    return subject


async def the_twelve(bench: Bench, voices: dict[str, dict[str, Prepared]], *, recorded: bool) -> Subject:
    """Hold them, and what follows."""
    study = load_study(STUDY.read_bytes(), source=str(STUDY))
    ids = [f"s{number:02}" for number in range(len(LANGUAGES))]
    lengths = [
        await hold(bench.storage, study, speaker, session_id, at=day(number), recorded=recorded)
        for number, (session_id, speaker) in enumerate(zip(ids, twelve(voices), strict=True))
    ]
    subject = Subject("twelve interviews", sum(lengths))
    await bench.follow(subject, Asked(study.id, ids, study.id, SHOWN, "office", recorded), keep=True)
    return subject


async def half_hour(bench: Bench, voices: dict[str, dict[str, Prepared]]) -> Subject:
    """Hold an interview of half an hour, and what follows it alone."""
    study = load_study(STUDY.read_bytes(), source=str(STUDY))
    speaker = half_an_hour(voices, long_s=LONG_S)
    length_s = await hold(bench.storage, study, speaker, "long", at=day(len(LANGUAGES)))
    said_s = sum(speaker.sounds[text].duration_s for texts in speaker.said for text in texts)
    subject = Subject("half an hour", length_s, said_s)
    await bench.follow(subject, Asked(study.id, ["long"], "long", {}, "office"), keep=False)
    return subject


def made_folder(folder: Path) -> Path:
    """It, there from now on."""
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def table(head: Sequence[str], rows: Mapping[str, Sequence[str]]) -> str:
    """Markdown."""
    lines = [f"| {' | '.join(('', *head))} |", "|---|" + "---|" * len(head)]
    lines += [f"| {' | '.join((name, *cells))} |" for name, cells in rows.items()]
    return "\n".join(lines)


def told(subjects: Sequence[Subject]) -> str:
    """The tables."""
    stages = [
        "transcription",
        "redaction",
        *(f"{part}, {grade}" for part in PARTS for grade in GRADES),
    ]
    assert set(STAGES) <= {stage.partition(",")[0] for stage in stages}
    timed = {stage: [str(subject.took[stage]) for subject in subjects] for stage in stages}
    for grade in GRADES:
        timed[f"**until the reports, {NAMES[grade]}**"] = [
            f"**{subject.until_report(grade)}**" for subject in subjects
        ]
    kept = [subject for subject in subjects if subject.name != "half an hour"] or subjects
    filed = {
        row: [subject.made[grade].get(row, "–") for subject in kept for grade in GRADES]
        for row in kept[0].made["local"]
    }
    long = next((subject for subject in subjects if subject.name == "half an hour"), subjects[0])
    verdict = "; ".join(f"{NAMES[grade]} {long.until_report(grade)} of CPU" for grade in GRADES)
    return "\n\n".join(
        (
            f"From the end of an interview of {long.length_s / 60:.0f} min, {long.said_s / 60:.0f} min of them the "
            f"participant's words, to its report as HTML, PDF and DOCX: {verdict}. {ALLOWED_S:.0f} s are "
            "allowed.",
            "## Time\n\nSeconds from the end of the interviews on, then seconds of CPU.",
            table([f"{subject.name}, {subject.length_s / 60:.0f} min" for subject in subjects], timed),
            "## What is made\n\nThe size of each file and the seconds that making it took.",
            table([f"{subject.name}, {NAMES[grade]}" for subject in kept for grade in GRADES], filed),
        )
    )


INTRODUCTION = f"""The demo interview is `vivavoce simulate studies/demo.yaml`, in real time, with both voices recorded.
The twelve and the half hour follow `studies/remote-work.yaml`, held by code on a clock that jumps: what participants
say is spoken by Kokoro and is in their recordings, moderators have no voice there. One worker does one job at a time,
a stage after the other; `local` is enriched by local models, `llm` by those and a language model that answers in
{ANSWER_S} s. CPU is of the worker, its child processes, the speech server and the database. Files are reports in three
formats on each study and some of its interviews, and twelve exports; of the half hour it is that interview's alone.
"""


def main() -> None:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument(
        "--draw", action="store_true", help="only make the pictures of the reports that are there"
    )
    parser.add_argument(
        "--silent", action="store_true", help="the twelve alone, without recordings, in a minute or two"
    )
    given = parser.parse_args()
    configure(level="error", format="text")
    if not given.draw:
        by = made("benchmarks/reports.py FOLDER", "onnxruntime", "typst", "python-docx")
        subjects = asyncio.run(
            make(given.folder, silent=given.silent, told=lambda one: print(one, file=sys.stderr))
        )
        print(f"# Reports\n\n{by}\n\n{INTRODUCTION}\n{told(subjects)}")
    for grade in GRADES:
        asyncio.run(draw(given.folder / grade))


if __name__ == "__main__":
    main()
