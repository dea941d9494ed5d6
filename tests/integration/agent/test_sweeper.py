"""What becomes of recordings that were left open: real files, a real object store in a folder, played crashes."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from vivavoce.agent.sweeper import Sweeper
from vivavoce.agent.tape import recording_key, spooled
from vivavoce.session.clock import ManualClock
from vivavoce.session.errors import StorageUnavailable
from vivavoce.session.events import (
    ConsentGiven,
    ParticipantJoined,
    Reason,
    RecordingClosed,
    RecordingStarted,
    SessionEnded,
    SessionScheduled,
    SessionStatus,
    SessionWaiting,
)
from vivavoce.session.lease import Lease
from vivavoce.session.memory import MemorySessionStore
from vivavoce.session.timers import HOST_TIMERS
from vivavoce.storage.recordings import RecordingStore, open_recordings
from vivavoce.transport.recording import Recorder, RecordingInfo

AT = datetime(2030, 1, 1, 9, 0, tzinfo=UTC)
SHA = "ab" * 32
ENDED = SessionEnded(status=SessionStatus.COMPLETED, reason=Reason.FINISHED, at_s=3)


class Archive:
    """The store of the data folder, which may be away."""

    def __init__(self, folder: Path) -> None:
        self.store: RecordingStore = open_recordings(None, default=folder)
        self.away = False

    async def keep(self, key: str, path: Path) -> object:
        if self.away:
            raise StorageUnavailable("The object store is away.")
        return await self.store.keep(key, path)

    @asynccontextmanager
    async def borrow(self, key: str) -> AsyncGenerator[Path | None]:
        async with self.store.borrow(key) as path:
            yield path


class House:
    """A store with sessions whose host died, and the sweeper of the host that came after it."""

    def __init__(self, folder: Path) -> None:
        self.clock = ManualClock()
        self.store = MemorySessionStore(self.clock)
        self.archive = Archive(folder / "recordings")
        self.spool = folder / "spool"
        self.spool.mkdir()
        self.running: set[str] = set()
        self.taken_up: list[str] = []
        self.sweeper = Sweeper(
            store=self.store,
            archive=self.archive,
            spool=self.spool,
            clock=self.clock,
            holder="next host",
            held=lambda session_id: session_id in self.running,
            take_up=self.take_up,
            timers=HOST_TIMERS,
        )

    async def take_up(self, session_id: str) -> None:
        self.taken_up.append(session_id)

    async def recorded(
        self, session_id: str, *, ended: bool = True, seconds: float = 2.0
    ) -> tuple[Lease, RecordingInfo]:
        """A session whose recording is finished in the spool; its host has handed over nothing yet."""
        await self.store.create(
            session_id,
            SessionScheduled(
                study_id="demo",
                study_hash=SHA,
                study_title="A demo",
                language="en",
                participant_id="p-1",
            ),
            at=self.clock.now(),
        )
        lease = await self.store.claim(session_id, holder="dead host", ttl_s=HOST_TIMERS.lease_s)
        key = recording_key(session_id, 1)
        await self.store.append(
            lease,
            [
                ConsentGiven(version="1", text_sha256=SHA, language="en", disclosure_sha256=SHA),
                SessionWaiting(transport="webrtc"),
                ParticipantJoined(transport="webrtc", connection_id="c1"),
                RecordingStarted(key=key, sample_rate=48_000, channels=2, codec="opus"),
                *([ENDED] if ended else []),
            ],
            at=self.clock.now(),
        )
        recorder = Recorder(spooled(self.spool, key))
        noise = np.random.default_rng(1).integers(-8000, 8000, 960).astype(np.int16).tobytes()
        for piece in range(round(seconds * 50)):
            recorder.participant(noise, piece * 0.02)
        return lease, await recorder.close()

    async def closings(self, session_id: str) -> list[RecordingClosed]:
        events = await self.store.read(session_id)
        return [event.payload for event in events if isinstance(event.payload, RecordingClosed)]

    def lease_runs_out(self) -> None:
        self.clock.advance(HOST_TIMERS.lease_s + 1)


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


async def test_a_recording_kept_by_a_host_that_died_before_it_said_so_is_closed_from_its_file(
    house: House,
) -> None:
    lease, info = await house.recorded("s1")
    await house.archive.keep("s1/part1.ogg", info.path)
    assert lease.holder == "dead host"
    house.lease_runs_out()
    await house.sweeper.sweep()
    [closed] = await house.closings("s1")
    assert (closed.key, closed.bytes, closed.sha256) == ("s1/part1.ogg", info.bytes, info.sha256)
    assert closed.duration_s == pytest.approx(info.duration_s, abs=0.03)
    state = await house.store.state("s1")
    assert (state.status, state.unclosed) == (SessionStatus.COMPLETED, ())
    await house.sweeper.sweep()
    assert (await house.store.state("s1")).seq == state.seq
    # Nobody waits for the sweeper's lease to run out.
    await house.store.claim("s1", holder="another", ttl_s=5)


async def test_a_recording_whose_host_is_alive_is_left_to_it(house: House) -> None:
    lease, info = await house.recorded("s1")
    await house.archive.keep("s1/part1.ogg", info.path)
    await house.sweeper.sweep()
    assert await house.closings("s1") == []
    # A lease that was lost while the session still runs here.
    await house.store.release(lease)
    house.running.add("s1")
    await house.sweeper.sweep()
    assert await house.closings("s1") == []
    house.running.clear()
    await house.sweeper.sweep()
    assert len(await house.closings("s1")) == 1


async def test_a_recording_that_could_not_be_handed_over_is_when_the_store_is_back(house: House) -> None:
    lease, info = await house.recorded("s1")
    await house.store.release(lease)
    house.archive.away = True
    await house.sweeper.sweep()
    assert await house.closings("s1") == []
    assert await asyncio.to_thread(info.path.exists)
    house.archive.away = False
    await house.sweeper.sweep()
    assert [closed.sha256 for closed in await house.closings("s1")] == [info.sha256]
    assert not await asyncio.to_thread(info.path.exists)
    assert await house.archive.store.size("s1/part1.ogg") == info.bytes


async def test_a_file_that_was_cut_off_counts_as_far_as_it_goes(house: House) -> None:
    lease, info = await house.recorded("s1", seconds=6.0)
    await house.store.release(lease)
    whole = await asyncio.to_thread(info.path.read_bytes)
    rest = whole[: len(whole) * 2 // 3]
    await asyncio.to_thread(info.path.write_bytes, rest)
    await house.sweeper.sweep()
    [closed] = await house.closings("s1")
    assert (closed.bytes, closed.sha256) == (len(rest), hashlib.sha256(rest).hexdigest())
    assert 2 < closed.duration_s < 5


@pytest.mark.parametrize("written", [0, 60], ids=["nothing", "a header"])
async def test_a_file_that_was_cut_off_before_its_first_sound_is_empty(house: House, written: int) -> None:
    lease, info = await house.recorded("s1")
    await house.store.release(lease)
    whole = await asyncio.to_thread(info.path.read_bytes)
    await asyncio.to_thread(info.path.write_bytes, whole[:written])
    await house.sweeper.sweep()
    assert [(closed.bytes, closed.duration_s) for closed in await house.closings("s1")] == [(written, 0.0)]


async def test_an_interview_that_may_go_on_has_its_recording_closed_and_goes_on(house: House) -> None:
    _, info = await house.recorded("s1", ended=False)
    await house.archive.keep("s1/part1.ogg", info.path)
    house.lease_runs_out()
    await house.sweeper.sweep()
    state = await house.store.state("s1")
    assert (state.status, state.unclosed) == (SessionStatus.ACTIVE, ())
    assert house.taken_up == ["s1"]
    house.clock.advance(state.timers.rejoin_s + 1)
    await house.sweeper.sweep()
    state = await house.store.state("s1")
    assert (state.status, state.reason) == (SessionStatus.INTERRUPTED, Reason.CRASH)
    assert len(await house.closings("s1")) == 1


async def test_one_that_is_lost_and_one_that_is_no_recording_keep_no_other_waiting(
    house: House, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    for session_id in ("gone", "broken", "fine"):
        lease, info = await house.recorded(session_id)
        await house.store.release(lease)
        if session_id == "gone":
            await asyncio.to_thread(info.path.unlink)
        if session_id == "broken":
            await asyncio.to_thread(info.path.write_bytes, b"not sound at all" * 100)
    for _ in range(3):
        await house.sweeper.sweep()
    assert [len(await house.closings(name)) for name in ("gone", "broken", "fine")] == [0, 0, 1]
    said = capsys.readouterr().out + caplog.text
    assert said.count("recording not found") == 1
    assert "broken" in said
