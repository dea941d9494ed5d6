"""From the last event of a session to the text that `vivavoce export` writes: by itself, with everything as it is."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

from prometheus_client import CollectorRegistry
from pydantic import SecretStr
from tests.lib.recorded import AT, BEGUN, ENDED, Scripted, closed, record, started, tone, utterance

from vivavoce.ops.export import ExportFormat, export
from vivavoce.ops.pipeline import worker
from vivavoce.session.clock import ManualClock
from vivavoce.session.events import SessionScheduled
from vivavoce.settings import PipelineSettings, Settings
from vivavoce.storage.open import open_storage
from vivavoce.telemetry.metrics import Metrics


async def test_the_final_text_is_there_by_itself_also_where_the_recording_closes_late(
    database_url: str, tmp_path: Path
) -> None:
    settings = Settings(
        data_dir=tmp_path / "vv",
        database_url=SecretStr(database_url),
        pipeline=PipelineSettings(poll_s=0.1, heartbeat_s=0.2, stalled_s=1.0, upkeep_s=0.2),
    )
    clock = ManualClock(AT + timedelta(minutes=1))
    async with open_storage(settings, exclusive=True) as storage:
        doing = worker(
            settings,
            storage,
            Scripted("Peace and quiet."),
            clock=clock,
            metrics=Metrics(CollectorRegistry()),
        )
        task = asyncio.create_task(doing.run())
        scheduled = SessionScheduled(
            study_id="demo", study_hash="f", study_title="Demo", language="en", participant_id="p-1"
        )
        await storage.sessions.create("s1", scheduled, at=AT)
        lease = await storage.sessions.claim("s1", holder="host", ttl_s=60)
        said = utterance(1, "piece and quite", 1, 3)
        await storage.sessions.append(lease, [*BEGUN, started("s1/a.ogg"), said, ENDED], at=AT)
        # The job that came with the end waits for the recording, and has not failed for good.
        async with asyncio.timeout(60):
            while not any(job.attempts for job in await storage.jobs.list(state="waiting")):
                assert not task.done()
                await asyncio.sleep(0.05)
        assert "Live text" in await export(storage.sessions, storage.derived, "s1", ExportFormat.TXT)
        path = tmp_path / "a.ogg"
        length_s = await record(path, [("participant", 1.0, tone(2))])
        await storage.recordings.keep("s1/a.ogg", path)
        await storage.sessions.append(lease, [closed("s1/a.ogg", length_s)], at=AT)
        async with asyncio.timeout(60):
            while await storage.derived.get("s1", "transcription") is None:
                assert not task.done()
                await asyncio.sleep(0.05)
        text = await export(storage.sessions, storage.derived, "s1", ExportFormat.TXT)
        task.cancel()
        await asyncio.wait([task])
    assert "Final text, by whisper from the recording" in text
    assert "Participant  Peace and quiet." in text
