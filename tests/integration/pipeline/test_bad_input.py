"""Interviews with little in them, or something wrong: each comes out in the end with a word on it, no job is left."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from prometheus_client import CollectorRegistry
from pydantic import SecretStr
from tests.integration.pipeline.conftest import Hold
from tests.integration.storage.conftest import demo_yaml as demo_yaml
from tests.lib.memory import children, resident
from tests.lib.recorded import (
    AT,
    ENDED,
    RATE,
    House,
    Scripted,
    Sound,
    closed,
    record,
    repeated,
    started,
    tone,
    utterance,
)
from tests.lib.scripted_model import Reply, scripted_model

from vivavoce.ops.gathering import NothingHeld, exported
from vivavoce.ops.pipeline import chain, worker
from vivavoce.ops.report import report
from vivavoce.pipeline.exports.formats import ExportFormat
from vivavoce.pipeline.kept import findings_of, redacted_of
from vivavoce.pipeline.redaction.redacted import Redacted
from vivavoce.pipeline.reports.formats import ReportFormat
from vivavoce.pipeline.searching import catch_up
from vivavoce.session.clock import ManualClock
from vivavoce.session.events import Payload
from vivavoce.settings import (
    LlmProfile,
    LlmSettings,
    MoneySettings,
    PipelineSettings,
    PriceSettings,
    Settings,
)
from vivavoce.storage.open import Storage, open_storage
from vivavoce.telemetry.metrics import Metrics

HOURS_S = 3 * 3600
CHILD_BYTES = 300 << 20
"""A decoder with its libraries. The sound of three hours, as the recogniser takes it, is 690 MB."""

GROWN_BYTES = 100 << 20
BRISK = PipelineSettings(model="big", concurrency=2, poll_s=0.2, upkeep_s=0.3)


def settings_of(database_url: str, folder: Path, *, model: str = "http://127.0.0.1:9/v1") -> Settings:
    return Settings(
        data_dir=folder / "vv",
        models_dir=folder / "no-models",
        database_url=SecretStr(database_url),
        pipeline=BRISK,
        llm=LlmSettings(profiles={"big": LlmProfile(base_url=model, model="m")}),
        money=MoneySettings(
            machine_hour_usd=Decimal(0),
            prices={"big": PriceSettings(input_usd=Decimal(1), output_usd=Decimal(1))},
        ),
    )


async def recorded(
    storage: Storage,
    folder: Path,
    session_id: str,
    pieces: Sequence[tuple[str, float, Sound]],
    *,
    share: float = 1.0,
) -> tuple[Payload, Payload]:
    """A recording of which only a share of the bytes reached the store, and what a log says of it."""
    path, key = folder / f"{session_id}.ogg", f"{session_id}/part1.ogg"
    length_s = await record(path, pieces)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    await storage.recordings.keep(key, path)
    return started(key), closed(key, length_s)


async def through(settings: Settings, storage: Storage, clock: ManualClock) -> None:
    """Have a worker do everything there is to do."""
    task = asyncio.create_task(
        worker(settings, storage, Scripted(), clock=clock, metrics=Metrics(CollectorRegistry())).run()
    )
    try:
        async with asyncio.timeout(90):
            while await storage.jobs.list(state="waiting") or await storage.jobs.list(state="running"):
                assert not task.done()
                await asyncio.sleep(0.1)
    finally:
        task.cancel()
        await asyncio.wait([task])


async def made_of(storage: Storage, session_id: str) -> Redacted:
    made = await redacted_of(storage.derived, session_id)
    assert made is not None
    assert await storage.derived.get(session_id, "reporting") is not None
    return made


async def page(storage: Storage, name: str, clock: ManualClock) -> str:
    return (await report(storage, name, ReportFormat.HTML, clock=clock)).decode()


@pytest.mark.slow
async def test_each_comes_out_with_a_word_on_it(database_url: str, tmp_path: Path, hold: Hold) -> None:
    clock = ManualClock(AT)
    async with scripted_model() as model:
        model.script = lambda request: Reply("Certainly! Here is what I think of these answers.")
        settings = settings_of(database_url, tmp_path, model=model.url)
        async with open_storage(settings, exclusive=True) as storage:
            await hold("empty")
            begun, ended = await recorded(
                storage,
                tmp_path,
                "cut",
                [("participant", 1.0, tone(2)), ("participant", 20.0, tone(2))],
                share=0.5,
            )
            cut = [begun, utterance(1, "the first answer", 1, 3), utterance(2, "the last answer", 20, 22)]
            await hold("cut", cut, after=[ended])
            begun, ended = await recorded(
                storage, tmp_path, "bytes", [("participant", 1.0, tone(2))], share=0.001
            )
            await hold("bytes", [begun, utterance(1, "only heard live", 1, 3)], after=[ended])
            begun, ended = await recorded(
                storage, tmp_path, "silent", [("participant", 0.0, np.zeros(RATE * 3, np.int16))]
            )
            await hold("silent", [begun], after=[ended])
            begun, ended = await recorded(storage, tmp_path, "foreign", [("participant", 1.0, tone(2))])
            foreign = [begun, utterance(1, "ba la mo ti", 1, 3, "xx")]
            await hold("foreign", foreign, language="xx", after=[ended])
            await through(settings, storage, clock)
            assert await storage.jobs.list() == []
            await catch_up(storage.search)

            empty = await made_of(storage, "empty")
            assert (empty.transcript.segments, empty.transcript.recording) == ((), ())
            assert "Nothing that a participant said was understood." in await page(storage, "empty", clock)

            cut_short = (await made_of(storage, "cut")).transcript
            assert cut_short.recording[0].outcome == "truncated"
            assert [one.why_live for one in cut_short.segments] == [None, "not_in_recording"]
            assert "the recording has none of it" in await page(storage, "cut", clock)

            headless = (await made_of(storage, "bytes")).transcript
            assert [one.text for one in headless.segments] == ["only heard live"]
            assert headless.segments[0].why_live == "not_in_recording"

            silent = (await made_of(storage, "silent")).transcript
            assert (silent.recording[0].outcome, silent.segments) == ("silent", ())
            assert "Nothing that a participant said was understood." in await page(storage, "silent", clock)

            unknown = (await made_of(storage, "foreign")).transcript
            assert unknown.segments[0].why_live == "language_unknown"
            assert "the recogniser does not know the language" in await page(storage, "foreign", clock)
            assert (await storage.search.find("mo ti")).segments == 1

            # The model told stories instead of JSON: local models judged, and the report says so.
            assert model.requests
            found = await findings_of(storage.derived, "cut", cut_short)
            assert found is not None
            assert found.model_calls.unjudged
            assert "The language model gave no usable answer" in await page(storage, "cut", clock)
            assert "1 respondent took part" in await page(storage, "demo", clock)


@pytest.mark.timeout(400)
async def test_three_hours_take_no_more_memory_than_a_minute(tmp_path: Path) -> None:
    minute = np.zeros(RATE * 60, np.int16)
    minute[: RATE * 2] = tone(2)
    await record(tmp_path / "minute.ogg", [("participant", 0.0, minute)])
    repeated(tmp_path / "minute.ogg", tmp_path / "hours.ogg", HOURS_S // 60, every_s=60)
    said = [utterance(at_s, f"said at {at_s}", at_s, at_s + 2) for at_s in (0, HOURS_S // 2, HOURS_S - 60)]
    house, before = House(tmp_path), resident(os.getpid(), "VmHWM")
    with children() as theirs:
        told = await house.transcribe(
            Scripted(), started("hours.ogg"), *said, closed("hours.ogg", HOURS_S), ENDED
        )
    assert told.recording[0].outcome == "used"
    assert [one.source for one in told.segments] == ["final"] * 3
    assert theirs.bytes < CHILD_BYTES
    assert resident(os.getpid(), "VmHWM") < before + GROWN_BYTES


async def test_a_study_that_nobody_came_to(database_url: str, tmp_path: Path, demo_yaml: str) -> None:
    settings = settings_of(database_url, tmp_path)
    async with open_storage(settings, exclusive=True) as storage:
        await storage.studies.publish(demo_yaml)
        clock = ManualClock(AT)
        assert "nothing to report on yet" in await page(storage, "demo", clock)
        for format in (ReportFormat.PDF, ReportFormat.DOCX):
            assert await report(storage, "demo", format, clock=clock)
        for format in (ExportFormat.CSV, ExportFormat.QDPX, ExportFormat.OGG):
            with pytest.raises(NothingHeld, match="'demo'"):
                await exported(storage, "demo", format)
        names = [stage.name for stage in chain(settings, storage, Scripted(), clock).stages]
        assert await storage.jobs.adopt(names) == 0
