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
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
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
from report_files import Asked, Files, make_files
from report_pictures import draw
from report_study import LANGUAGES, STUDY, day, half_an_hour, hold, sounds, spoken, twelve, unspoken
from slow_model import slow_model
from vivavoce.ops.children import speech_server
from vivavoce.ops.pipeline import worker
from vivavoce.pipeline.codes import Codebook
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
LONG_S = 55.0
"""Seconds of an answer with which the guide's questions and probes make half an hour."""

ALLOWED_S = 420.0
"""For the report on half an hour."""

SHOWN = {"interview-en": "s00", "interview-es": "s04", "interview-fr": "s08", "interview-broken-off": "s03"}
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
        took: by stage, enrichment and files by stage and grade.
        files: by grade.
    """

    name: str
    length_s: float
    said_s: float = 0.0
    took: dict[str, Took] = field(default_factory=dict[str, Took])
    files: dict[Grade, Files] = field(default_factory=dict["Grade", Files])

    def until_report(self, grade: Grade) -> Took:
        """From the end of the interviews to the last file."""
        rows = (
            "transcription",
            "redaction",
            f"enrichment, {grade}",
            f"reporting, {grade}",
            f"files, {grade}",
        )
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
            with tempfile.TemporaryDirectory() as passing:
                watch = Watch()
                folder = self.folder / grade if keep else Path(passing)
                subject.files[grade] = await make_files(self.storage, asked, grade, folder)
                subject.took[f"files, {grade}"] = watch.took()

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


async def make(folder: Path, *, silent: bool) -> list[Subject]:
    """Hold the interviews and have made what follows them; without recordings only the twelve."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        data_dir = Path(scratch) / "vv" / "simulate"
        demo_sounds: dict[str, Prepared] = {}
        voices = unspoken()
        if not silent:
            local = pipeline_settings(data_dir, load().models_dir)
            async with speech_server(local) as speech, SpeechClient(speech.url) as client:
                store = WordingStore(load().wording_dir / "participants")
                voices = await spoken(client, store)
                demo_sounds = await sounds(client, store, ANSWERS, "en")
            await hold_demo(data_dir, demo_sounds, Path(scratch) / "answers")
        return await work(folder, data_dir, voices, silent=silent)


async def work(
    folder: Path, data_dir: Path, voices: dict[str, dict[str, Prepared]], *, silent: bool
) -> list[Subject]:
    """Have made what follows the demo interview that is in that data folder, the twelve, and half an hour."""
    async with AsyncExitStack() as stack:
        model = await stack.enter_async_context(slow_model(ANSWER_S))
        settings: dict[Grade, Settings] = {
            "local": pipeline_settings(data_dir, load().models_dir),
            "llm": pipeline_settings(data_dir, load().models_dir, url=model.url, model="slow-model"),
        }
        storage = await stack.enter_async_context(open_storage(settings["local"], exclusive=True))
        speech_url = model.url  # nobody asks it, where nothing was recorded
        if not silent:
            speech_url = (await stack.enter_async_context(speech_server(settings["local"]))).url
        client = await stack.enter_async_context(SpeechClient(speech_url))
        bench = Bench(settings, storage, client, folder)
        # The demo's is there since it was held.
        await storage.studies.publish(STUDY.read_text(encoding="utf-8"))
        for study_id, codes in (("demo", report_demo.CODES), ("remote-work", report_study.CODES)):
            book = Codebook(codes=codes, version=1)
            await storage.codebooks.add(study_id, 1, book.model_dump_json(), editor="benchmark")
        if silent:
            return [await the_twelve(bench, voices, recorded=False)]
        return [
            await the_demo(bench),
            await the_twelve(bench, voices, recorded=True),
            await half_hour(bench, voices),
        ]


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
        *(f"{part}, {grade}" for part in ("enrichment", "reporting", "files") for grade in GRADES),
    ]
    assert set(STAGES) <= {stage.partition(",")[0] for stage in stages}
    timed = {stage: [str(subject.took[stage]) for subject in subjects] for stage in stages}
    for grade in GRADES:
        timed[f"**in all, {NAMES[grade]}**"] = [f"**{subject.until_report(grade)}**" for subject in subjects]
    kept = [subject for subject in subjects if subject.name != "half an hour"]
    filed = {
        row: [subject.files[grade].rows.get(row, "–") for subject in kept for grade in GRADES]
        for row in kept[0].files["local"].rows
    }
    long = subjects[-1]
    verdict = "; ".join(
        f"{NAMES[grade]}: {long.until_report(grade).wall_s:.0f} s of {ALLOWED_S:.0f} s allowed"
        for grade in GRADES
    )
    return "\n\n".join(
        (
            f"From the end of an interview of {long.length_s / 60:.0f} min, {long.said_s / 60:.0f} min of them the "
            f"participant's words, to the last file: {verdict}.",
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
        subjects = asyncio.run(make(given.folder, silent=given.silent))
        print(f"# Reports\n\n{by}\n\n{INTRODUCTION}\n{told(subjects)}")
    for grade in GRADES:
        asyncio.run(draw(given.folder / grade))


if __name__ == "__main__":
    main()
