"""Redaction between the stages: nothing after it has the words as they were said, also of what is older than it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from archived import session
from prometheus_client import CollectorRegistry
from pydantic import SecretStr
from tests.integration.pipeline.conftest import Hold
from tests.lib.recorded import AT, Scripted

from vivavoce.ops.pipeline import chain, worker
from vivavoce.ops.report import report
from vivavoce.pipeline import stage as stages
from vivavoce.pipeline import worker as workers
from vivavoce.pipeline.kept import redacted_of
from vivavoce.pipeline.patience import NotYet
from vivavoce.pipeline.redaction.finding import RULES
from vivavoce.pipeline.redaction.redacted import Redacted
from vivavoce.pipeline.reports.formats import ReportFormat
from vivavoce.pipeline.reports.held import Held
from vivavoce.pipeline.reports.session import session_report
from vivavoce.pipeline.searching import catch_up
from vivavoce.session.clock import ManualClock
from vivavoce.settings import PipelineSettings, Settings
from vivavoce.storage.open import Storage, open_storage
from vivavoce.telemetry.metrics import Metrics

BRISK = PipelineSettings(poll_s=0.2, upkeep_s=0.3)
SAID = (("participant", "My name is Ludmilla Vance and I like the market.", 1.0, 5.0),)


async def page(storage: Storage) -> str:
    return (await report(storage, "s1", ReportFormat.HTML, clock=ManualClock(AT))).decode()


async def test_a_session_from_before_redaction(database_url: str, tmp_path: Path, hold: Hold) -> None:
    settings = Settings(data_dir=tmp_path / "vv", database_url=SecretStr(database_url))
    async with open_storage(settings, exclusive=True) as storage:
        await hold("s1")
        said = session("s1", SAID)
        old = session_report(Held(transcript=said))
        await storage.derived.keep("s1", "transcription", input_hash="t", output=said.model_dump_json())
        await storage.derived.keep("s1", "reporting", input_hash="r", output=old.model_dump_json())
        clock = ManualClock(AT)
        every = chain(settings, storage, Scripted(), clock)
        names = [stage.name for stage in every.stages]
        _, redaction, enrichment, reporting = every.stages
        for later in (enrichment, reporting):
            with pytest.raises(NotYet, match="redacted"):
                await later.inputs("s1")
        # Whoever asks meanwhile has what there is, and none of it as it was said.
        assert "Ludmilla" not in await page(storage)
        await storage.jobs.adopt(names)
        assert "redaction" in {job.stage for job in await storage.jobs.list()}
        assert await stages.run(redaction, "s1", results=storage.derived, then=every.after("redaction"))
        assert "enrichment" in {job.stage for job in await storage.jobs.list()}
        made = await redacted_of(storage.derived, "s1")
        assert made is not None
        assert made.transcript.segments[0].text == "My name is [name] and I like the market."
        assert (await enrichment.inputs("s1")).transcript == made.transcript
        assert await stages.run(reporting, "s1", results=storage.derived, then=())
        told = await page(storage)
        assert "Ludmilla" not in told
        assert f"redacted by rules of this program ({made.rules})" in told
        await catch_up(storage.search)
        assert (await storage.search.find("vance")).segments == 0
        assert (await storage.search.find("market")).segments == 1


async def test_what_earlier_rules_left_in_an_interview_goes_by_itself(
    database_url: str, tmp_path: Path, hold: Hold, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "EARLIER", ("rules/0",))
    settings = Settings(data_dir=tmp_path / "vv", database_url=SecretStr(database_url), pipeline=BRISK)
    async with open_storage(settings, exclusive=True) as storage:
        await hold("s1")
        said = session("s1", SAID)
        left_in = Redacted(rules="rules/0", transcript=said)
        await storage.derived.keep("s1", "transcription", input_hash="t", output=said.model_dump_json())
        await storage.derived.keep("s1", "redaction", input_hash="r", output=left_in.model_dump_json())
        await storage.derived.keep("s1", "enrichment", input_hash="e", output="{}")
        at_work = worker(
            settings,
            storage,
            Scripted(),
            clock=ManualClock(AT),
            metrics=Metrics(CollectorRegistry()),
            only=["redaction"],
        )
        task = asyncio.create_task(at_work.run())
        try:
            async with asyncio.timeout(60):
                while (made := await redacted_of(storage.derived, "s1")) is None or made.rules != RULES:
                    assert not task.done()
                    await asyncio.sleep(0.1)
        finally:
            task.cancel()
            await asyncio.wait([task])
        assert "Ludmilla" not in made.transcript.segments[0].text
        # Those who read the words that were left in read these ones, too.
        assert "enrichment" in {job.stage for job in await storage.jobs.list()}
