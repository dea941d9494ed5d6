"""Reports out of a database and an object store."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import SecretStr
from tests.integration.pipeline.conftest import Hold
from tests.lib.enriching import material
from tests.lib.recorded import AT, record, tone

from vivavoce.ops.export import ExportFailed
from vivavoce.ops.report import report
from vivavoce.pipeline.enrichment.local import local_findings, of_words
from vivavoce.pipeline.reports.formats import ReportFormat
from vivavoce.pipeline.transcript import RecordingPart
from vivavoce.session.clock import ManualClock
from vivavoce.settings import Settings
from vivavoce.storage.open import open_storage
from vivavoce.transport.recorded import read_recording

KEY = "s1/a b.ogg"


async def test_quotations_are_linked_with_copies_of_their_recordings(
    database_url: str, tmp_path: Path, hold: Hold
) -> None:
    settings = Settings(data_dir=tmp_path / "vv", database_url=SecretStr(database_url))
    told = material().transcript.model_copy(
        update={"recording": (RecordingPart(key=KEY, start_s=2.0, duration_s=40.0, outcome="used"),)}
    )
    found = local_findings(material(), of_words("en"), at=AT)
    folder = tmp_path / "interview-sound"
    async with open_storage(settings, exclusive=True) as storage:
        await hold("s1")
        await storage.derived.keep("s1", "transcription", input_hash="t", output=told.model_dump_json())
        await storage.derived.keep("s1", "enrichment", input_hash="e", output=found.model_dump_json())

        async def html(sound: Path | None) -> str:
            made = await report(storage, "s1", ReportFormat.HTML, clock=ManualClock(AT), sound=sound)
            return made.decode()

        assert ">Listen<" not in await html(folder), "there is no recording"
        path = tmp_path / "a.ogg"
        await record(path, [("participant", 2.0, tone(4))], start_s=2.0)
        await storage.recordings.keep(KEY, path)
        assert ">Listen<" not in await html(None)
        linked = await html(folder)
        (tmp_path / "file").touch()
        with pytest.raises(ExportFailed, match="cannot be made"):
            await html(tmp_path / "file" / "sound")
    participant, _ = read_recording(folder / "s1-a b.ogg")
    assert participant.any(), "what was said is not to be heard"
    seconds = re.findall(r'href="interview-sound/s1-a%20b\.ogg#t=([\d.]+)"', linked)
    assert sorted(map(float, seconds)) == sorted(quote.start_s - 2.0 for quote in found.quotes)
