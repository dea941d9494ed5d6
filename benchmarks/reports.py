"""Makes every report there is, shows its pages as pictures to be looked at, and measures what making them takes.

    .venv/bin/python benchmarks/reports.py FOLDER > benchmarks/reports.md        about ten minutes

Twelve simulated interviews in three languages (`report_study.py`) and one of half an hour go through the pipeline:
once with local models alone, once with a language model (`slow_model.py`). FOLDER gets the reports on the study and on
an interview in each language as HTML, PDF and DOCX, and each page as PNG: HTML as a screen, as a phone and as print;
DOCX as LibreOffice prints it, where there is one. Wants Chromium (`make browser`).
"""

from __future__ import annotations

import argparse
import asyncio
import io
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pypdfium2
from playwright.async_api import async_playwright
from prometheus_client import CollectorRegistry

from footprint import processor_s
from made import made
from report_study import LANGUAGES, STUDY, day, half_an_hour, hold, spoken, twelve, unspoken
from slow_model import slow_model
from vivavoce.ops.children import speech_server
from vivavoce.ops.pipeline import worker
from vivavoce.ops.report import report
from vivavoce.pipeline.codes import Code, Codebook
from vivavoce.pipeline.reports.formats import ReportFormat
from vivavoce.protocol.check import load_study
from vivavoce.protocol.study import Study
from vivavoce.session.clock import SystemClock
from vivavoce.settings import (
    LlmProfile,
    LlmSettings,
    MoneySettings,
    PipelineSettings,
    PriceSettings,
    Settings,
    load,
)
from vivavoce.speech.client import SpeechClient
from vivavoce.storage.open import Storage, open_storage
from vivavoce.telemetry.logging import configure
from vivavoce.telemetry.metrics import Metrics
from vivavoce.voice.wording import Prepared, WordingStore

ANSWER_S = 0.8
LIMIT_S = 1800.0
LONG_S = 55.0
"""Seconds of an answer with which the guide's questions and probes make half an hour."""

SHOWN = {"interview-en": "s00", "interview-es": "s04", "interview-fr": "s08", "interview-broken-off": "s03"}
GRADES = ("local", "model")
SCREENS = {"screen": 1280, "phone": 390}
PRINT_SCALE = 1
"""Dots a point: 72 an inch."""
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"

CODES = (
    Code(
        id="alone",
        name="Being alone",
        definition="Misses other people, or is not noticed, on a day at home.",
        examples=("I was alone for days", "me sentí muy sola", "je me suis sentie seule"),
    ),
    Code(
        id="costs",
        name="Own costs",
        definition="Pays for something that the employer would pay for in an office.",
        examples=("really expensive", "muy caras", "coûte cher"),
    ),
    Code(
        id="undisturbed",
        name="Undisturbed work",
        definition="Gets more done because nobody interrupts.",
        examples=("wonderfully quiet", "sin que nadie me interrumpiera", "sans être dérangée"),
    ),
)


@dataclass(frozen=True)
class Took:
    """What some work took: seconds, and seconds of CPU of this process and its children."""

    wall_s: float
    cpu_s: float

    def __str__(self) -> str:
        return f"{self.wall_s:.0f} s, {self.cpu_s:.0f} s of CPU"


class Watch:
    """Measures from its making on."""

    def __init__(self) -> None:
        self._began, self._used = time.monotonic(), sum(processor_s(os.getpid()))

    def took(self) -> Took:
        """Until now."""
        return Took(time.monotonic() - self._began, sum(processor_s(os.getpid())) - self._used)


def settings_of(folder: Path, *, url: str | None) -> Settings:
    """Settings of a pipeline here, with a language model at that URL or none."""
    return Settings(
        data_dir=folder / "vv",
        models_dir=load().models_dir,
        pipeline=PipelineSettings(model=None if url is None else "slow", poll_s=0.5, retention="off"),
        llm=LlmSettings(
            profiles={} if url is None else {"slow": LlmProfile(base_url=url, model="slow-model")}
        ),
        money=MoneySettings(
            machine_hour_usd=Decimal(0),
            prices={}
            if url is None
            else {"slow": PriceSettings(input_usd=Decimal(1), output_usd=Decimal(4))},
        ),
    )


async def work(settings: Settings, storage: Storage, client: SpeechClient) -> Took:
    """Do the jobs that there are."""
    doing = worker(settings, storage, client, clock=SystemClock(), metrics=Metrics(CollectorRegistry()))
    watch = Watch()
    task = asyncio.create_task(doing.run())
    try:
        async with asyncio.timeout(LIMIT_S):
            while depths := await storage.jobs.depths():
                assert not task.done() and not any(state == "dead" for _, state in depths), depths
                await asyncio.sleep(0.2)
        return watch.took()
    finally:
        task.cancel()
        await asyncio.wait([task])


async def write(storage: Storage, folder: Path) -> list[tuple[str, float, int]]:
    """Every report in every format: its file's name, the seconds it took, its bytes."""
    found: list[tuple[str, float, int]] = []
    for name, of in {"study": "remote-work", **SHOWN}.items():
        for format in ReportFormat:
            began = time.monotonic()
            content = await report(storage, of, format, clock=SystemClock(), sound=folder / "sound")
            path = folder / f"{name}.{format}"
            path.write_bytes(content)
            found.append((path.name, time.monotonic() - began, len(content)))
    return found


def made_folder(folder: Path) -> Path:
    """It, there from now on."""
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def files(folder: Path, kind: str) -> list[Path]:
    """The reports of that kind in it."""
    return sorted(folder.glob(f"*.{kind}"))


async def draw(folder: Path) -> None:
    """Each page of the reports in a folder as a picture."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        for path in files(folder, "html"):
            for name, width in SCREENS.items():
                page = await browser.new_page(viewport={"width": width, "height": 900})
                await page.goto(path.absolute().as_uri())
                wide = await page.evaluate("document.documentElement.scrollWidth")
                assert wide <= width, f"{path.name} is {wide} wide on a {name} of {width}"
                await page.screenshot(path=folder / f"{path.stem}.{name}.png", full_page=True)
                await page.close()
            page = await browser.new_page()
            await page.goto(path.absolute().as_uri())
            as_pictures(
                await page.pdf(prefer_css_page_size=True, print_background=False), folder, f"{path.stem}.html"
            )
            await page.close()
        await browser.close()
    for path in files(folder, "pdf"):
        as_pictures(path.read_bytes(), folder, f"{path.stem}.pdf")
    office = shutil.which("soffice")
    if office is not None:
        for path in files(folder, "docx"):
            with tempfile.TemporaryDirectory() as made_in:
                command = [office, "--headless", "--convert-to", "pdf", "--outdir", made_in, str(path)]
                await asyncio.to_thread(subprocess.run, command, check=True, capture_output=True)
                as_pictures((Path(made_in) / f"{path.stem}.pdf").read_bytes(), folder, f"{path.stem}.docx")


def as_pictures(pdf: bytes, folder: Path, name: str) -> None:
    """The pages of a PDF."""
    document = pypdfium2.PdfDocument(io.BytesIO(pdf))
    for number, page in enumerate(document, start=1):
        page.render(scale=PRINT_SCALE).to_pil().save(folder / f"{name}.{number:02}.png")
    document.close()


async def make(folder: Path, *, silent: bool) -> list[tuple[str, str]]:
    """Hold the interviews, make the reports and their pictures; the rows of the table."""
    study = load_study(STUDY.read_bytes(), source=str(STUDY))
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        local = settings_of(Path(scratch), url=None)
        async with AsyncExitStack() as stack:
            storage = await stack.enter_async_context(open_storage(local, exclusive=True))
            model = await stack.enter_async_context(slow_model(ANSWER_S))
            speech_url = model.url  # nobody asks it, where nothing was recorded
            if not silent:
                speech_url = (await stack.enter_async_context(speech_server(local))).url
            client = await stack.enter_async_context(SpeechClient(speech_url))
            store = WordingStore(load().wording_dir / "participants")
            sounds = unspoken() if silent else await spoken(client, store)
            await storage.studies.publish(STUDY.read_text(encoding="utf-8"))
            book = Codebook(codes=CODES, version=1)
            await storage.codebooks.add(study.id, 1, book.model_dump_json(), editor="benchmark")
            speakers = twelve(sounds)
            lengths = [
                await hold(storage, study, speaker, f"s{number:02}", at=day(number), recorded=not silent)
                for number, speaker in enumerate(speakers)
            ]
            twelve_took = await work(local, storage, client)
            by_local = await write(storage, made_folder(folder / "local"))
            thinking = settings_of(Path(scratch), url=model.url)
            for number in range(len(speakers)):
                await storage.jobs.add(f"s{number:02}", "enrichment")
            llm_took = await work(thinking, storage, client)
            by_model = await write(storage, made_folder(folder / "model"))
            rows = [] if silent else await of_half_an_hour(storage, study, sounds, thinking, client)
    for part in GRADES:
        await draw(folder / part)
    return [
        *rows,
        (
            f"twelve interviews, {sum(lengths) / 60:.0f} min in all: second pass, local models, reports",
            str(twelve_took),
        ),
        ("the same twelve enriched by the language model, and reported on anew", str(llm_took)),
        *(
            (
                f"report on the study, {name.rpartition('.')[2].upper()}{grade}",
                f"{took_s:.1f} s, {size / 1000:.0f} kB",
            )
            for grade, files in (("", by_local), (", with the language model", by_model))
            for name, took_s, size in files
            if name.startswith("study")
        ),
    ]


async def of_half_an_hour(
    storage: Storage,
    study: Study,
    sounds: dict[str, dict[str, Prepared]],
    settings: Settings,
    client: SpeechClient,
) -> list[tuple[str, str]]:
    """The rows on one long interview."""
    speaker = half_an_hour(sounds, long_s=LONG_S)
    length_s = await hold(storage, study, speaker, "long", at=day(len(LANGUAGES)))
    took = await work(settings, storage, client)
    began = time.monotonic()
    for format in ReportFormat:
        await report(storage, "long", format, clock=SystemClock())
    files_s = time.monotonic() - began
    said_s = sum(speaker.sounds[text].duration_s for texts in speaker.said for text in texts)
    return [
        (
            f"**an interview of {length_s / 60:.0f} min**, {said_s / 60:.0f} min of them the participant's words: from "
            "its end to its report; 7 min are allowed",
            str(took),
        ),
        ("… its report as HTML, PDF and DOCX", f"{files_s:.1f} s"),
    ]


def table(rows: Sequence[tuple[str, str]]) -> str:
    """Markdown."""
    return "\n".join(["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)])


INTRODUCTION = f"""The study `studies/remote-work.yaml`, held by code on a clock that jumps; what participants say is
spoken by Kokoro and heard by the second pass. The language model answers in {ANSWER_S} s. CPU is of the worker, its
child processes and the speech server.
"""


def main() -> None:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument(
        "--draw", action="store_true", help="only make the pictures of the reports that are there"
    )
    parser.add_argument("--silent", action="store_true", help="without recordings, in a minute or two")
    given = parser.parse_args()
    configure(level="error", format="text")
    if given.draw:
        for part in GRADES:
            asyncio.run(draw(given.folder / part))
        return
    by = made("benchmarks/reports.py FOLDER", "onnxruntime", "typst", "python-docx")
    rows = asyncio.run(make(given.folder, silent=given.silent))
    print(f"# Reports\n\n{by}\n\n{INTRODUCTION}\n{table(rows)}")


if __name__ == "__main__":
    main()
