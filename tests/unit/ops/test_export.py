"""Which session is meant, what is reported of it, and how an export is written."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from vivavoce.ops.export import ExportFailed, ExportFormat, NoSessions, export, report, resolve, write
from vivavoce.ops.redacting import OriginalRefused, Reader
from vivavoce.session.clock import ManualClock
from vivavoce.session.errors import SessionUnknown
from vivavoce.session.events import (
    ConsentGiven,
    InsightFlagged,
    ParticipantJoined,
    SessionEvent,
    SessionScheduled,
    SessionWaiting,
    Utterance,
)
from vivavoce.session.memory import MemorySessionStore
from vivavoce.session.state import fold
from vivavoce.storage.derived import Derived


class NoResults:
    async def get(self, session_id: str, stage: str) -> Derived | None:
        return None


NOTHING = NoResults()
AT = datetime(2030, 1, 1, 9, 0, tzinfo=UTC)
SHA = "ab" * 32


@pytest.fixture
def store() -> MemorySessionStore:
    return MemorySessionStore(ManualClock())


async def schedule(store: MemorySessionStore, name: str, minute: int, *, join: bool) -> None:
    scheduled = SessionScheduled(
        study_id="demo", study_hash="f", study_title="Demo", language="en", participant_id="p-1"
    )
    at = AT + timedelta(minutes=minute)
    await store.create(name, scheduled, at=at)
    if join:
        lease = await store.claim(name, holder="host", ttl_s=60)
        consent = ConsentGiven(version="1", text_sha256=SHA, language="en", disclosure_sha256=SHA)
        joined = ParticipantJoined(transport="webrtc", connection_id="c")
        await store.append(lease, [consent, SessionWaiting(transport="webrtc"), joined], at=at)


async def test_latest_is_the_newest_that_somebody_came_to(store: MemorySessionStore) -> None:
    with pytest.raises(NoSessions, match="vivavoce demo"):
        await resolve(store, "latest")
    await schedule(store, "s1", 0, join=False)
    assert await resolve(store, "latest") == "s1"
    await schedule(store, "s2", 1, join=True)
    await schedule(store, "s3", 2, join=True)
    await schedule(store, "s4", 3, join=False)
    assert await resolve(store, "latest") == "s3"
    assert await resolve(store, "s1") == "s1"


async def test_an_unknown_session_is_named(store: MemorySessionStore) -> None:
    for call in (report(store, NOTHING, "s9"), export(store, NOTHING, "s9", ExportFormat.TXT)):
        with pytest.raises(SessionUnknown, match="s9"):
            await call


async def test_a_report_is_what_follows_from_the_log(
    store: MemorySessionStore, legal_history: Callable[[Random, int], list[SessionEvent]]
) -> None:
    first, *rest = legal_history(Random(4), 120)
    assert isinstance(first.payload, SessionScheduled)
    await store.create("s-1", first.payload, at=first.at)
    lease = await store.claim("s-1", holder="host", ttl_s=60)
    for event in rest:
        await store.append(lease, [event.payload], at=event.at)
    found = await report(store, NOTHING, "latest")
    assert found.events == [first, *rest]
    assert found.state == fold(found.events)
    assert len(found.transcript.turns) > 0
    assert found.timeline[0].text == "scheduled in en"
    assert {moment.seq for moment in found.timeline} < {event.seq for event in found.events}
    assert found.latency["response_s"].p50 == 0.62


async def test_every_format_is_written(store: MemorySessionStore) -> None:
    await schedule(store, "s1", 0, join=True)
    written = {format: await export(store, NOTHING, "latest", format) for format in ExportFormat}
    assert json.loads(written[ExportFormat.JSON])["session_id"] == "s1"
    assert written[ExportFormat.VTT].startswith("WEBVTT\n")
    assert written[ExportFormat.TXT].startswith("Demo (demo)\n")
    assert all(text.endswith("\n") for text in written.values())


def test_a_file_is_written_whole_and_replaces_what_was_there(tmp_path: Path) -> None:
    target = tmp_path / "out.txt"
    target.write_text("a longer text that was there before")
    write(target, "kürzer\n")
    assert target.read_bytes() == "kürzer\n".encode()
    assert list(tmp_path.iterdir()) == [target]


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "dir").mkdir()
    for target in (tmp_path / "none" / "out.txt", tmp_path / "dir"):
        with pytest.raises(ExportFailed, match="cannot be written to"):
            write(target, "x")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dir"]


async def test_an_export_is_redacted_and_says_so_unless_the_original_is_asked_for(
    store: MemorySessionStore,
) -> None:
    await schedule(store, "s1", 0, join=False)
    lease = await store.claim("s1", holder="host", ttl_s=60)
    consent = ConsentGiven(version="1", text_sha256=SHA, language="en", disclosure_sha256=SHA)
    joined = ParticipantJoined(transport="webrtc", connection_id="c")
    said = Utterance(
        utterance_id="u1",
        text="My name is Anna Schmidt.",
        start_s=1.0,
        end_s=3.0,
        language="en",
        confidence=0.9,
        model="whisper",
        barge_in=False,
    )
    await store.append(lease, [consent, SessionWaiting(transport="webrtc"), joined, said], at=AT)
    noted = InsightFlagged(note="Says: my name is Anna Schmidt", at_s=3.0)
    await store.append(lease, [noted], at=AT)
    for original, told in ((False, "insight: Says: my name is [name]"), (True, f"insight: {noted.note}")):
        shown = await report(store, NOTHING, "s1", original=original)
        assert told in [moment.text for moment in shown.timeline]
        assert any("Anna" in turn.text for turn in shown.transcript.turns) == original
    for format in ExportFormat:
        redacted = await export(store, NOTHING, "s1", format)
        original = await export(store, NOTHING, "s1", format, original=True)
        assert "My name is [name]." in redacted
        assert "Schmidt" not in redacted
        assert "Anna Schmidt" in original
    assert "Personal data redacted by rules/" in await export(store, NOTHING, "s1", ExportFormat.TXT)
    assert "Original words" in await export(store, NOTHING, "s1", ExportFormat.VTT, original=True)


def test_who_may_not_have_the_original_is_told_what_would_allow_it() -> None:
    Reader(original=True).check(original=True)
    Reader().check(original=False)
    with pytest.raises(OriginalRefused, match="VIVAVOCE_EXPORT__ORIGINAL"):
        Reader().check(original=True)
