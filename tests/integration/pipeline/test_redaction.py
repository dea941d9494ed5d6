"""Redaction between the stages: nothing after it has the words as they were said, also of what is older than it."""

from __future__ import annotations

from pathlib import Path

import pytest
from archived import session
from pydantic import SecretStr
from tests.integration.pipeline.conftest import Hold
from tests.lib.recorded import AT, Scripted

from vivavoce.ops.pipeline import chain
from vivavoce.ops.report import report
from vivavoce.pipeline import stage as stages
from vivavoce.pipeline.kept import redacted_of
from vivavoce.pipeline.patience import NotYet
from vivavoce.pipeline.reports.formats import ReportFormat
from vivavoce.pipeline.reports.held import Held
from vivavoce.pipeline.reports.session import session_report
from vivavoce.pipeline.searching import catch_up
from vivavoce.session.clock import ManualClock
from vivavoce.settings import Settings
from vivavoce.storage.open import Storage, open_storage

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
        assert f"redacted by {made.rules}" in told
        await catch_up(storage.search)
        assert (await storage.search.find("vance")).segments == 0
        assert (await storage.search.find("market")).segments == 1
