"""Erasing interviews: all sittings, at once or finished later, refused while one runs; and what retention does."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr
from tests.lib.recorded import AT, BEGUN, ENDED, closed, started, utterance

from vivavoce.ops import codes
from vivavoce.ops.erase import ParticipantUnknown, SessionRunning, erase, holdings, interview_by, interview_of
from vivavoce.ops.export import ExportFormat, export
from vivavoce.ops.gathering import NothingHeld, analysed, gather
from vivavoce.ops.redacting import redacted
from vivavoce.ops.report import report
from vivavoce.ops.retention import apply, clear_late, due
from vivavoce.ops.spool import keep_left_over
from vivavoce.pipeline.codes import Author
from vivavoce.pipeline.reports.formats import ReportFormat
from vivavoce.session.clock import ManualClock, SystemClock
from vivavoce.session.errors import ContentErased, LeaseLost
from vivavoce.session.events import (
    ConsentGiven,
    Payload,
    Reason,
    RecordingMoved,
    SessionEnded,
    SessionErased,
    SessionScheduled,
    SessionStatus,
    Utterance,
)
from vivavoce.session.state import fold
from vivavoce.settings import Settings
from vivavoce.storage.open import Storage, open_storage

STUDIES = Path(__file__).parents[3] / "studies"
SECRET = "zanzibar"

DIE = """
import asyncio, os, signal, sys
from pathlib import Path
from pydantic import SecretStr
from vivavoce.ops import erase as ops
from vivavoce.session.clock import SystemClock
from vivavoce.settings import Settings
from vivavoce.storage import recordings, sessions
from vivavoce.storage.open import open_storage

url, folder, where = sys.argv[1:]

def dying(original, first):
    async def call(*arguments, **named):
        if first:
            os.kill(os.getpid(), signal.SIGKILL)
        await original(*arguments, **named)
        os.kill(os.getpid(), signal.SIGKILL)
    return call

match where:
    case "files":
        recordings.RecordingStore.clear = dying(recordings.RecordingStore.clear, False)
    case "rows":
        sessions.erase_around = dying(sessions.erase_around, False)
    case "commit":
        sessions.PostgresSessionStore.erase = dying(sessions.PostgresSessionStore.erase, False)
    case "vacuum":
        ops.scrub = dying(ops.scrub, True)

async def main():
    settings = Settings(data_dir=Path(folder), database_url=SecretStr(url))
    async with open_storage(settings, exclusive=False) as storage:
        interview = await ops.interview_by(storage, "demo", "p-1")
        await ops.erase(storage, settings, interview, reason="requested", clock=SystemClock())
        await ops.let_go(storage, whole=False)

asyncio.run(main())
"""


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "vv", database_url=SecretStr(database_url))


@pytest.fixture
async def storage(settings: Settings) -> AsyncIterator[Storage]:
    async with open_storage(settings, exclusive=True) as storage:
        yield storage


def said(number: int = 1) -> Utterance:
    return utterance(number, f"The {SECRET}, always.", 1, 2)


async def hold(
    storage: Storage,
    session_id: str,
    payloads: Sequence[Payload],
    *,
    participant: str = "p-1",
    study: str = "demo",
    study_hash: str = "f",
    at: datetime = AT,
    sitting: int = 1,
) -> None:
    scheduled = SessionScheduled(
        study_id=study,
        study_hash=study_hash,
        study_title="Demo",
        language="en",
        participant_id=participant,
        sitting=sitting,
    )
    await storage.sessions.create(session_id, scheduled, at=at)
    lease = await storage.sessions.claim(session_id, holder="host", ttl_s=60)
    await storage.sessions.append(lease, payloads, at=at)
    await storage.sessions.release(lease)


async def recorded(storage: Storage, folder: Path, session_id: str) -> tuple[Payload, ...]:
    """A recording in the store, and its events."""
    key = f"{session_id}/part1.ogg"
    path = folder / f"{session_id}.upload"
    await asyncio.to_thread(path.write_bytes, SECRET.encode())
    await storage.recordings.keep(key, path)
    return started(key), closed(key, 2.0)


def spool(settings: Settings, *names: str) -> Path:
    folder = settings.data_dir / "spool"
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).write_bytes(SECRET.encode())
    return folder


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


async def texts(storage: Storage) -> int:
    """In how many rows of ours the secret is."""
    from vivavoce.storage.engine import transaction

    count = 0
    async with transaction(storage.engine, "look for what was said") as connection:
        tables = await connection.exec_driver_sql(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        )
        for (table,) in tables.all():
            query = f"SELECT count(*) FROM {table} AS one WHERE position('{SECRET}' in one::text) > 0"
            count += (await connection.exec_driver_sql(query)).scalar_one()
    return count


async def test_all_sittings_of_a_participant_go_and_nobody_elses(
    storage: Storage, settings: Settings, tmp_path: Path
) -> None:
    await hold(storage, "s1", [*BEGUN, *await recorded(storage, tmp_path, "s1"), said(), ENDED])
    await hold(storage, "s2", [*BEGUN, *await recorded(storage, tmp_path, "s2"), said(), ENDED], sitting=2)
    await hold(storage, "s3", [*BEGUN, said(), ENDED], participant="p-2")
    for stage in ("transcription", "redaction"):
        await storage.derived.keep("s1", stage, input_hash="a", output=f'{{"text": "{SECRET}"}}')
    jobs = await storage.jobs.list()
    for job in jobs:
        await storage.jobs.failed(job.id, "broken", f"No sense in {SECRET}.")
    folder = spool(settings, "s1.part2.ogg", "s3.part1.ogg")
    interview = await interview_of(storage, "s2")
    assert [one.session_id for one in interview.sittings] == ["s1", "s2"]
    held = await holdings(storage, settings, interview)
    assert (held.recordings, held.spooled) == (("s1/part1.ogg", "s2/part1.ogg"), ("s1.part2.ogg",))
    assert await texts(storage) > 6
    gone = await erase(storage, settings, interview, reason="requested", clock=SystemClock())
    assert (gone.sessions, gone.recordings) == (["s1", "s2"], list(held.recordings))
    assert names(folder) == ["s3.part1.ogg"]
    assert names(settings.data_dir / "recordings") == []
    assert [job.session_id for job in await storage.jobs.list()] == ["s3"]
    # What is left: the other participant's utterance, and its fold, and why that job failed.
    assert await texts(storage) == 3
    assert (await storage.sessions.state("s3")).turns
    for session_id in ("s1", "s2"):
        log = await storage.sessions.read(session_id)
        assert log[-1].payload == SessionErased(reason="requested")
        assert fold(log) == await storage.sessions.state(session_id)


async def test_examples_in_the_codebook_that_quote_the_participant_go_in_every_version(
    storage: Storage, settings: Settings
) -> None:
    await storage.studies.publish((STUDIES / "demo.yaml").read_text(encoding="utf-8"))
    await hold(storage, "s1", [*BEGUN, said(), ENDED])
    person = Author(kind="person", name="Ann")
    for number, own in enumerate(("the zanzibar", "Waiting for the bus")):
        fields: dict[str, object] = {"examples": (f"“The {SECRET}, always!”", own)}
        await codes.add(storage, "demo", f"Code {number}", fields, id=None, editor=person)
    await erase(storage, settings, await interview_of(storage, "s1"), reason="requested", clock=SystemClock())
    book = await codes.present(storage, "demo")
    # Two words are anybody's.
    assert [code.examples for code in book.codes] == [("the zanzibar",), ("Waiting for the bus",)]
    async with storage.engine.connect() as connection:
        versions = await connection.exec_driver_sql("SELECT codebook::text FROM codebooks")
        assert ["always" in one for (one,) in versions.all()] == [False, False]


async def test_examples_in_redacted_words_go_too(storage: Storage, settings: Settings) -> None:
    await storage.studies.publish((STUDIES / "demo.yaml").read_text(encoding="utf-8"))
    await hold(storage, "s1", [*BEGUN, utterance(1, "My name is Maria Lopez and I like it.", 1, 2), ENDED])
    made = await redacted(storage.derived, await analysed(storage, "s1"))
    assert "My name is [name]" in made.transcript.segments[0].text
    await storage.derived.keep("s1", "redaction", input_hash="r", output=made.model_dump_json())
    person = Author(kind="person", name="Ann")
    quoted: dict[str, object] = {"examples": (made.transcript.segments[0].text,)}
    await codes.add(storage, "demo", "Likes it", quoted, id=None, editor=person)
    await erase(storage, settings, await interview_of(storage, "s1"), reason="requested", clock=SystemClock())
    assert [code.examples for code in (await codes.present(storage, "demo")).codes] == [()]


async def test_nothing_is_made_of_an_erased_session_any_more(storage: Storage, settings: Settings) -> None:
    await hold(storage, "s1", [*BEGUN, said(), ENDED])
    await hold(storage, "s2", [*BEGUN, said(), ENDED], participant="p-2")
    interview = await interview_of(storage, "s1")
    await erase(storage, settings, interview, reason="requested", clock=SystemClock())
    assert await storage.jobs.adopt() == 0
    with pytest.raises(ContentErased):
        await storage.derived.get("s1", "transcription")
    with pytest.raises(ContentErased):
        await storage.derived.keep("s1", "transcription", input_hash="a", output="{}")
    with pytest.raises(ContentErased):
        await export(storage.sessions, storage.derived, "s1", ExportFormat.TXT)
    bundle = await gather(storage, "demo")
    assert [one.session_id for one in bundle.sessions] == ["s2"]
    page = (await report(storage, "demo", ReportFormat.HTML, clock=SystemClock())).decode()
    assert "p-2" in page and "p-1" not in page
    other = await interview_of(storage, "s2")
    await erase(storage, settings, other, reason="requested", clock=SystemClock())
    with pytest.raises(NothingHeld):
        await gather(storage, "demo")


async def test_a_running_session_is_refused_or_ended_first(storage: Storage, settings: Settings) -> None:
    await hold(storage, "s1", [*BEGUN, said()])
    lease = await storage.sessions.claim("s1", holder="host", ttl_s=600)
    interview = await interview_of(storage, "s1")
    with pytest.raises(SessionRunning, match="--close"):
        await erase(storage, settings, interview, reason="withdrawn", clock=SystemClock())
    assert (await storage.sessions.state("s1")).turns
    await erase(storage, settings, interview, reason="withdrawn", clock=SystemClock(), close=True)
    state = await storage.sessions.state("s1")
    assert (state.status, state.reason) == (SessionStatus.INTERRUPTED, Reason.WITHDRAWN)
    assert await texts(storage) == 0
    with pytest.raises(LeaseLost):
        await storage.sessions.append(lease, [said(2)], at=AT)


async def test_the_link_leads_nowhere_also_of_whoever_never_came(
    storage: Storage, settings: Settings
) -> None:
    await storage.studies.publish((STUDIES / "demo.yaml").read_text(encoding="utf-8"))
    (token,) = await storage.invitations.create("demo", language="en")
    invitation = await storage.invitations.find(token)
    assert invitation is not None
    interview = await interview_by(storage, "demo", invitation.participant_id)
    assert interview.sittings == ()
    gone = await erase(storage, settings, interview, reason="requested", clock=SystemClock())
    assert gone.sessions == []
    assert await storage.invitations.find(token) is None
    await erase(storage, settings, interview, reason="requested", clock=SystemClock())
    nobody = await interview_by(storage, "demo", "p-9")
    with pytest.raises(ParticipantUnknown):
        await erase(storage, settings, nobody, reason="requested", clock=SystemClock())


async def test_what_a_dead_host_left_in_its_spool_is_not_handed_over(
    storage: Storage, settings: Settings
) -> None:
    await hold(storage, "s1", [*BEGUN, said(), ENDED])
    await erase(storage, settings, await interview_of(storage, "s1"), reason="requested", clock=SystemClock())
    folder = spool(settings, "s1.part1.ogg", "s2.part1.ogg")
    kept = await keep_left_over(folder, storage.recordings.keep, storage.sessions)
    assert kept == ["s2/part1.ogg"]
    assert names(folder) == []
    assert await storage.recordings.list() == ["s2/part1.ogg"]
    # Nor does one stay that a slow host handed over afterwards.
    await recorded(storage, settings.data_dir, "s1")
    assert await clear_late(storage, SystemClock()) == ["s1/part1.ogg"]
    assert await storage.recordings.list() == ["s2/part1.ogg"]


async def test_killed_anywhere_it_is_finished_by_running_it_again(
    storage: Storage, settings: Settings, database_url: str, tmp_path: Path
) -> None:
    for number in (1, 2):
        name = f"s{number}"
        await hold(
            storage, name, [*BEGUN, *await recorded(storage, tmp_path, name), said(), ENDED], sitting=number
        )
    spool(settings, "s2.part2.ogg")
    for where, left in (("files", 4), ("rows", 4), ("commit", 2), ("vacuum", 0)):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", DIE, database_url, str(settings.data_dir), where
        )
        assert await asyncio.wait_for(process.wait(), 60) == -signal.SIGKILL, where
        assert await texts(storage) == left, where
        for name in ("s1", "s2"):
            assert fold(await storage.sessions.read(name)) == await storage.sessions.state(name)
        # The dead one's lease runs out by itself; nobody waits for it here.
        await storage.sessions.release(await storage.sessions.seize("s1", holder="test", ttl_s=1))
        await storage.sessions.release(await storage.sessions.seize("s2", holder="test", ttl_s=1))
    interview = await interview_by(storage, "demo", "p-1")
    await erase(storage, settings, interview, reason="requested", clock=SystemClock())
    assert names(settings.data_dir / "recordings") == names(settings.data_dir / "spool") == []
    assert await texts(storage) == 0


def retaining(**policy: object) -> str:
    text = (STUDIES / "demo.yaml").read_text(encoding="utf-8")
    return text + "\nretention:\n" + "".join(f"  {key}: {value}\n" for key, value in policy.items())


async def test_retention_cools_and_then_erases_each_in_its_time(
    storage: Storage, settings: Settings, tmp_path: Path
) -> None:
    first = await storage.studies.publish(retaining(cold_after_days=90, delete_after_days=365))
    clock = ManualClock(AT)
    await hold(
        storage,
        "s1",
        [*BEGUN, *await recorded(storage, tmp_path, "s1"), said(), ENDED],
        study_hash=first.content_hash,
    )

    async def actions() -> list[str]:
        return [one.action for one in await due(storage, clock)]

    assert await actions() == []
    clock.advance(91 * 86400)
    assert await actions() == ["cool"]
    done = await apply(storage, settings, await due(storage, clock), clock)
    assert (done.erased, done.cooled, done.left) == (0, 1, 0)
    assert await actions() == []
    assert names(settings.data_dir / "recordings") == ["cold/s1/part1.ogg"]
    state = await storage.sessions.state("s1")
    assert state.cold == ("s1/part1.ogg",)
    assert (await storage.sessions.read("s1"))[-1].payload == RecordingMoved(key="s1/part1.ogg")
    assert await storage.recordings.size("s1/part1.ogg") == len(SECRET)
    # A version that keeps less holds for the interviews of the one before, too.
    await storage.studies.publish(retaining(delete_after_days=100))
    assert await actions() == []
    clock.advance(10 * 86400)
    assert await actions() == ["erase"]
    done = await apply(storage, settings, await due(storage, clock), clock)
    assert (done.erased, done.cooled, done.left) == (1, 0, 0)
    assert (await storage.sessions.read("s1"))[-1].payload == SessionErased(reason="retention")
    assert names(settings.data_dir / "recordings") == []
    assert await texts(storage) == 0
    assert await actions() == []


@pytest.mark.parametrize(
    ("policy", "action"), [({}, "decide"), ({"withdrawn": "keep"}, None), ({"withdrawn": "erase"}, "erase")]
)
async def test_who_stopped_is_erased_kept_or_brought_to_attention(
    storage: Storage, settings: Settings, policy: dict[str, object], action: str | None
) -> None:
    text = retaining(**policy) if policy else (STUDIES / "demo.yaml").read_text(encoding="utf-8")
    published = await storage.studies.publish(text)
    stopped = SessionEnded(status=SessionStatus.INTERRUPTED, reason=Reason.WITHDRAWN, at_s=9)
    await hold(storage, "s1", [*BEGUN, said(), stopped], study_hash=published.content_hash)
    clock = ManualClock(AT + timedelta(hours=1))
    found = await due(storage, clock)
    assert [one.action for one in found] == ([] if action is None else [action])
    await apply(storage, settings, found, clock)
    assert ((await storage.sessions.state("s1")).erased_at is not None) is (action == "erase")


async def test_an_interview_with_a_sitting_under_way_is_not_due(storage: Storage, settings: Settings) -> None:
    published = await storage.studies.publish(retaining(delete_after_days=1))
    await hold(storage, "s1", [*BEGUN, ENDED], study_hash=published.content_hash)
    consent: list[Payload] = [payload for payload in BEGUN if isinstance(payload, ConsentGiven)]
    await hold(storage, "s2", consent, study_hash=published.content_hash, sitting=2)
    assert await due(storage, ManualClock(AT + timedelta(days=9))) == []
