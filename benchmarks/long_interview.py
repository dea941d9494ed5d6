"""Measures what an interview of hours costs after it: seconds and memory of each step, beside those of a short one.

    .venv/bin/python benchmarks/long_interview.py --minutes 20 180 > benchmarks/long_interview.md

Ten minutes of speech from tests/data/speech are encoded once and repeated without encoding them anew; the log has an
answer, and a question before it, for each clip. The recogniser is one that has its words at once: what a real one takes
is in second_pass.md, and does not depend on how long the whole is. Each step is done in a process of its own, which
reads what the steps before it have kept, as a worker does.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.lib.memory import children, resident
from tests.lib.recorded import (
    ENDED,
    RATE,
    REFERENCES,
    House,
    Scripted,
    Sound,
    closed,
    moderated,
    record,
    repeated,
    speech,
    started,
    utterance,
)

from footprint import processor_s
from made import made as made_by
from vivavoce.ops.enrichment import apart
from vivavoce.pipeline import stage as stages
from vivavoce.pipeline.codes import Code, Codebook
from vivavoce.pipeline.enrichment.judged import Pace
from vivavoce.pipeline.enrichment.stage import Enrichment
from vivavoce.pipeline.exports.bundle import Bundle
from vivavoce.pipeline.exports.formats import WRITERS, ExportFormat
from vivavoce.pipeline.kept import awaited_redaction, findings_of
from vivavoce.pipeline.redaction.redaction import Redaction
from vivavoce.pipeline.redaction.sound import cover, covered
from vivavoce.pipeline.reporting import Reporting
from vivavoce.pipeline.reports.formats import ReportFormat, written
from vivavoce.pipeline.reports.session import SessionReport
from vivavoce.pipeline.reports.session_pages import session_pages
from vivavoce.pipeline.transcript import Transcript
from vivavoce.pipeline.transcription import Transcription
from vivavoce.session.clock import SystemClock
from vivavoce.session.events import Payload
from vivavoce.settings import load
from vivavoce.speech.client import Priority
from vivavoce.speech.client import Transcript as Heard
from vivavoce.storage.derived import Derived
from vivavoce.telemetry.logging import configure

SESSION = "s1"
KEY = "long.ogg"
COVERED = "covered.ogg"
BASE_S = 600
PAUSE_S = 0.8
BEAT_S = 0.01
STEP_S = 400.0

PLACES = ("reading room", "bus line", "coffee corner", "front desk", "printer", "web page", "garden", "lift")
JUDGED = (
    "wonderfully quiet",
    "far too expensive",
    "late every other day",
    "better than before",
    "hard to find",
)
WHEN = (
    "in the morning",
    "since the summer",
    "when the children are with me",
    "on my way home",
    "at weekends",
)
WHY = (
    "nobody told us",
    "the staff take their time",
    "so many people come",
    "I plan around it",
    "it is so old",
)
NAMES = (
    "Ludmilla Vance",
    "Peter Lindqvist",
    "Maria Gonzalez",
    "Thomas Becker",
    "Sarah O'Neill",
    "Ahmed Hassan",
)
NAMED_EVERY = 6

BOOK = Codebook(
    codes=(
        Code(
            id="cost",
            name="Cost",
            definition="Complaints that something is too expensive",
            examples=("far too expensive",),
        ),
        Code(id="quiet", name="Quiet", definition="Praise of a quiet place", examples=("wonderfully quiet",)),
        Code(id="late", name="Late", definition="Something comes late", examples=("late every other day",)),
    ),
    version=1,
)


def answer(number: int) -> str:
    """What is said in an answer; in some somebody is named."""
    said = (
        f"For me the {PLACES[number % 8]} is {JUDGED[number % 5]} {WHEN[number // 3 % 5]}, "
        f"because {WHY[number // 7 % 5]}."
    )
    return said if number % NAMED_EVERY else f"{said} Ask my neighbour {NAMES[number // NAMED_EVERY % 6]}."


def question(number: int) -> str:
    """What is asked before it."""
    return f"And what is the {PLACES[number % 8]} like {WHEN[number // 3 % 5]}?"


@dataclass(frozen=True)
class Cost:
    """What a step took.

    Attributes:
        of: what it worked on, for people.
        wall_s: seconds.
        cpu_s: seconds of processor, its children's too.
        held_s: the longest that its event loop could not do anything else.
        before: bytes resident before it began.
        most: bytes resident at most (`VmHWM`).
        children: of all its children together, at most.
    """

    of: str
    wall_s: float
    cpu_s: float
    held_s: float
    before: int
    most: int
    children: int


class Teller(Scripted):
    """A recogniser that has the next answer ready."""

    async def transcribe(
        self,
        pcm: bytes,
        *,
        sample_rate: int = 16000,
        language: str | None = None,
        words: bool = False,
        priority: Priority = "live",
        model: str | None = None,
    ) -> Heard:
        self.text = answer(len(self.asked))
        return await super().transcribe(
            pcm, sample_rate=sample_rate, language=language, words=words, priority=priority, model=model
        )


class Kept:
    """Results and codebooks in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def get(self, session_id: str, stage: str) -> Derived | None:
        path = self._folder / f"{stage}.json"
        if not path.exists():
            return None
        known_by, output = path.read_text(encoding="utf-8").split("\n", 1)
        return Derived(known_by, output, datetime.now(UTC))

    async def keep(
        self,
        session_id: str,
        stage: str,
        *,
        input_hash: str,
        output: str,
        instead_of: str | None = None,
        then: Sequence[str] = (),
    ) -> bool:
        (self._folder / f"{stage}.json").write_text(f"{input_hash}\n{output}", encoding="utf-8")
        return True

    async def present(self, study_id: str) -> Codebook:
        return BOOK


@dataclass(frozen=True)
class Place:
    """Where an interview is: its folder, and what is said when in each ten minutes: who, from, to."""

    folder: Path
    minutes: int
    said: list[tuple[str, float, float]]

    @property
    def kept(self) -> Kept:
        """What has been made of it."""
        return Kept(self.folder)

    @property
    def house(self) -> House:
        """Its recording."""
        return House(self.folder)

    @property
    def log(self) -> list[Payload]:
        """What the host wrote down."""
        log: list[Payload] = [started(KEY)]
        number = 0
        for turn in range(self.minutes * 60 // BASE_S):
            for who, start_s, end_s in self.said:
                begin_s, over_s = turn * BASE_S + start_s, turn * BASE_S + end_s
                if who == "moderator":
                    log += moderated(number, question(number), begin_s, over_s)
                else:
                    log.append(utterance(number, answer(number).lower(), begin_s, over_s))
                    number += 1
        return [*log, closed(KEY, self.minutes * 60.0), ENDED]


async def _no_study(study_id: str, content_hash: str) -> None:
    return None


async def transcription(place: Place) -> str:
    """The second pass, but for the recogniser."""
    house = place.house
    house.payloads = place.log
    stage = Transcription(
        log=house,
        studies=_no_study,
        archive=house,
        recogniser=Teller(),
        hearing=lambda language: "whisper",
        clock=house.clock,
    )
    await stages.run(stage, SESSION, results=place.kept, then=())
    derived = await place.kept.get(SESSION, "transcription")
    assert derived is not None
    told = Transcript.model_validate_json(derived.output)
    assert told.recording[0].outcome == "used"
    assert {one.source for one in told.segments if one.speaker == "participant"} == {"final"}
    return f"{len(told.segments)} segments"


async def redaction(place: Place) -> str:
    """Personal data taken out of the transcript."""
    await stages.run(Redaction(results=place.kept), SESSION, results=place.kept, then=())
    made = await awaited_redaction(place.kept, SESSION)
    return f"{len(made.findings)} finds"


async def enrichment(place: Place) -> str:
    """The local grade."""
    stage = Enrichment(
        results=place.kept,
        studies=_no_study,
        codebooks=place.kept,
        analyse=apart(load(), SystemClock()),
        mind=None,
        thinker=None,
        pace=Pace(batch=25, at_once=4),
        charge=_free,
        clock=SystemClock(),
    )
    await stages.run(stage, SESSION, results=place.kept, then=())
    bundle = await _bundle(place)
    return f"{len(bundle.codings)} codes given"


async def _free(session_id: str, account: object) -> None:
    raise AssertionError("there is no model to be paid")


async def reporting(place: Place) -> str:
    """The session report."""
    stage = Reporting(results=place.kept, codebooks=place.kept.present)
    await stages.run(stage, SESSION, results=place.kept, then=())
    return f"{len((await _report(place)).quoted)} quotations"


async def sound(place: Place) -> str:
    """The recording without personal data."""
    made = cover(await awaited_redaction(place.kept, SESSION))
    content = await covered([KEY], made, place.house)
    assert content is not None
    (place.folder / COVERED).write_bytes(content)
    return f"{len(made.tones)} tones, {len(content) / 1e6:.0f} MB"


async def _report(place: Place) -> SessionReport:
    derived = await place.kept.get(SESSION, "reporting")
    assert derived is not None
    return SessionReport.model_validate_json(derived.output)


async def _bundle(place: Place) -> Bundle:
    """As `ops.gathering` makes it."""
    made = await awaited_redaction(place.kept, SESSION)
    found = await findings_of(place.kept, SESSION, made.transcript)
    assert found is not None
    return Bundle(
        title="Long",
        redaction=made.rules,
        sessions=(made.transcript,),
        codebook=BOOK,
        codings=tuple(found.as_codings(made.transcript)),
    )


def as_report(format: ReportFormat) -> Callable[[Place], Awaitable[str]]:
    """The session report in a format."""

    async def write(place: Place) -> str:
        pages = session_pages(await _report(place))
        content = await asyncio.to_thread(written, pages, format, made_at=datetime.now(UTC))
        return f"{len(content) / 1e6:.1f} MB"

    return write


def as_export(format: ExportFormat) -> Callable[[Place], Awaitable[str]]:
    """The transcript in a format."""

    async def write(place: Place) -> str:
        audio = {KEY: (place.folder / COVERED).read_bytes()} if WRITERS[format].audio else {}
        content = await asyncio.to_thread(WRITERS[format].write, await _bundle(place), audio)
        return f"{len(content) / 1e6:.1f} MB"

    return write


STEPS: dict[str, Callable[[Place], Awaitable[str]]] = {
    "transcription": transcription,
    "redaction": redaction,
    "enrichment, local grade": enrichment,
    "reporting": reporting,
    "redacted recording": sound,
    **{f"report as {format.value.upper()}": as_report(format) for format in ReportFormat},
    **{
        f"export as {format.value.upper()}": as_export(format)
        for format in (ExportFormat.VTT, ExportFormat.DOCX, ExportFormat.PDF, ExportFormat.QDPX)
    },
}


async def measured(step: Callable[[Place], Awaitable[str]], place: Place) -> Cost:
    """Do a step in this process and look on."""
    own = os.getpid()
    before, used = resident(own, "VmRSS"), sum(processor_s(own))
    held_s = 0.0

    async def beat() -> None:
        nonlocal held_s
        while True:
            began = time.monotonic()
            await asyncio.sleep(BEAT_S)
            held_s = max(held_s, time.monotonic() - began - BEAT_S)

    beating = asyncio.create_task(beat())
    began = time.monotonic()
    with children() as theirs:
        of = await step(place)
    wall_s = time.monotonic() - began
    await asyncio.sleep(2 * BEAT_S)
    beating.cancel()
    return Cost(
        of=of,
        wall_s=wall_s,
        cpu_s=sum(processor_s(own)) - used,
        held_s=held_s,
        before=before,
        most=resident(own, "VmHWM"),
        children=theirs.bytes,
    )


async def base(folder: Path) -> tuple[Path, list[tuple[str, float, float]]]:
    """Ten minutes of clips one after the other, two voices in turn, and whose are when."""
    clips = [sound for sound in map(speech, sorted(REFERENCES)) if len(sound) > RATE]
    pieces: list[tuple[str, float, Sound]] = []
    said: list[tuple[str, float, float]] = []
    at = 1.0
    for sound, who in zip(cycle(clips), cycle(("moderator", "participant")), strict=False):
        length_s = len(sound) / RATE
        if at + length_s > BASE_S - 1:
            break
        pieces.append((who, at, sound))
        said.append((who, at, at + length_s))
        at += length_s + PAUSE_S
    # To its very end: who reads a recording counts samples, and ours have no gaps.
    pieces.append(("participant", at, np.zeros(round((BASE_S - at) * RATE), np.int16)))
    path = folder / "base.ogg"
    await record(path, pieces)
    return path, said


def interview(minutes: int, source: Path, said: list[tuple[str, float, float]], folder: Path) -> list[Cost]:
    """What each step costs of an interview of so many minutes."""
    folder.mkdir()
    repeated(source, folder / KEY, minutes * 60 // BASE_S, every_s=BASE_S)
    (folder / "said.json").write_text(json.dumps([minutes, said]), encoding="utf-8")
    costs: list[Cost] = []
    for step in STEPS:
        done = subprocess.run(
            [sys.executable, __file__, "--step", step, "--folder", str(folder)],
            stdout=subprocess.PIPE,
            check=True,
            timeout=STEP_S,
        )
        costs.append(Cost(**json.loads(done.stdout)))
        print(f"{minutes} min, {step}: {costs[-1]}", file=sys.stderr, flush=True)
    return costs


async def run(lengths: list[int]) -> None:
    """The table."""
    told = f"benchmarks/long_interview.py --minutes {' '.join(map(str, lengths))}"
    by = made_by(told, "av", "numpy", "pydantic", "typst", "python-docx")
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source, said = await base(folder)
        costs = [interview(minutes, source, said, folder / str(minutes)) for minutes in lengths]
    print("# An interview of hours\n")
    print(by)
    print(INTRODUCTION)
    print(f"Each cell: {', then '.join(f'{minutes} minutes' for minutes in lengths)}.\n")
    print("| step | of | s | s of CPU | loop held, ms | grows by, MB | to, MB | children, MB |")
    print("|---|---|---:|---:|---:|---:|---:|---:|")
    for step, each in zip(STEPS, zip(*costs, strict=True), strict=True):
        cells = (
            [cost.of for cost in each],
            [f"{cost.wall_s:.1f}" for cost in each],
            [f"{cost.cpu_s:.1f}" for cost in each],
            [f"{cost.held_s * 1000:.0f}" for cost in each],
            [f"{(cost.most - cost.before) / 1e6:.0f}" for cost in each],
            [f"{cost.most / 1e6:.0f}" for cost in each],
            [f"{cost.children / 1e6:.0f}" for cost in each],
        )
        print(f"| {step} | {' | '.join(' → '.join(cell) for cell in cells)} |")
    print(f"\nAll of it took {time.monotonic() - began:.0f} s.")


INTRODUCTION = """
Every tenth second or so somebody answers a question, and in every sixth answer a person is named, so that finds, codes
and quotations are many. The local grade and the sound are made in child processes; their memory is the most that was
resident in all of them together, and that of the process itself is what a worker needs beside them. A loop that is held
is one on which interviews are held meanwhile, where `vivavoce serve` does the jobs itself.
"""


def main() -> None:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=int, nargs="+", default=[20, 180])
    parser.add_argument("--step", choices=STEPS, help="for its own use: do one step in FOLDER")
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    configure(level="error", format="text")
    if given.step is None:
        asyncio.run(run(given.minutes))
        return
    minutes, said = json.loads((given.folder / "said.json").read_text(encoding="utf-8"))
    place = Place(given.folder, minutes, [tuple(one) for one in said])
    print(json.dumps(asdict(asyncio.run(measured(STEPS[given.step], place)))))


if __name__ == "__main__":
    main()
