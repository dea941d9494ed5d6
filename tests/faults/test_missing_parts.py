"""A server whose parts go away while somebody speaks: the database, the speech server, the disk."""

from __future__ import annotations

import asyncio
import re
import signal

import psutil
import pytest
from caller import Caller
from server_process import Books, ServerProcess

from vivavoce.ops.composition import Server
from vivavoce.session.events import Reason, SessionStatus
from vivavoce.storage.embedded import EmbeddedPostgres

FIRST = "What did you think of the shop?"
SECOND = "Would you recommend it to anyone?"
FULL_BYTES = 60_000
"""At 64 kbit/s, 7 s of recording."""

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(240)]


async def test_ten_seconds_without_a_database_are_not_noticed(served: ServerProcess) -> None:
    """The answer is given and the next question heard meanwhile; with leases of 4 s the lease runs out, too."""
    postgres = EmbeddedPostgres(served.data_dir)
    async with served.books() as books:
        caller = Caller(served.url, invitation=await books.invitation("two-questions"))
    async with caller:
        await caller.heard(FIRST)
        await asyncio.to_thread(postgres.stop)
        caller.say("kokoro_s05")
        await asyncio.gather(asyncio.sleep(10), caller.heard(SECOND, within_s=30))
        await asyncio.to_thread(postgres.attach)
        try:
            caller.say("kokoro_s04")
            assert (await caller.goodbye())["status"] == "COMPLETED"
            assert len(caller.joins) == 1
            async with served.books() as books, asyncio.timeout(30):
                while not (state := await books.folded(caller.session_id)).status.terminal:
                    await asyncio.sleep(0.1)
        finally:
            await asyncio.to_thread(postgres.detach)
    assert (state.status, state.reason) == (SessionStatus.COMPLETED, Reason.FINISHED)
    assert [turn.speaker for turn in state.turns] == ["moderator", "participant"] * 2 + ["moderator"]
    assert "friendly staff" in state.turns[1].text


async def test_a_full_disk_costs_the_recording_and_not_the_interview(served: ServerProcess) -> None:
    process = psutil.Process(served.running.pid)
    soft, hard = process.rlimit(psutil.RLIMIT_FSIZE)
    async with served.books() as books:
        caller = Caller(served.url, invitation=await books.invitation("two-questions"))
        process.rlimit(psutil.RLIMIT_FSIZE, (FULL_BYTES, hard))
        try:
            async with caller:
                await caller.heard(FIRST)
                caller.say("kokoro_s05")
                await caller.heard(SECOND)
                caller.say("kokoro_s04")
                assert (await caller.goodbye())["status"] == "COMPLETED"
        finally:
            process.rlimit(psutil.RLIMIT_FSIZE, (soft, hard))
        async with asyncio.timeout(20):
            while not (state := await books.folded(caller.session_id)).status.terminal:
                await asyncio.sleep(0.1)
        assert (state.status, state.reason) == (SessionStatus.COMPLETED, Reason.FINISHED)
        assert [note.fault.code for note in state.faults] == ["recording_failed"]
        assert "friendly staff" in state.turns[1].text
        async with asyncio.timeout(20):
            while (state := await books.folded(caller.session_id)).unclosed:
                await asyncio.sleep(0.1)
        assert 3 < (state.recordings[0].duration_s or 0) < 9, "what there was room for is kept"


async def test_a_killed_speech_server_is_waited_for(server: Server, books: Books) -> None:
    caller = Caller(server.url, invitation=await books.invitation("two-questions"))
    async with caller:
        await caller.heard(FIRST)
        _speech_server(server).send_signal(signal.SIGKILL)
        caller.say("kokoro_s05")
        # Its voice was prepared, so it speaks on; what was said is either transcribed late or asked for again.
        await caller.until(lambda: len(caller.captions) > 1 and not caller.speaking, within_s=90)
        state = await books.folded(caller.session_id)
        if state.fault_count:
            assert state.faults[-1].fault.stage == "stt"
            assert caller.captions[-1].endswith(FIRST)
        else:
            assert "friendly staff" in state.turns[1].text
        assert state.status is SessionStatus.ACTIVE
        await caller.leave()
        await caller.goodbye()
        async with asyncio.timeout(90):
            while not (await server.client.ready()).ready:
                await asyncio.sleep(0.2)


def _speech_server(server: Server) -> psutil.Process:
    [port] = [int(part) for part in re.findall(r":(\d+)$", server.speech_url)]
    [found] = [
        child
        for child in psutil.Process().children()
        if any(
            end.laddr.port == port for end in child.net_connections("tcp") if end.status == psutil.CONN_LISTEN
        )
    ]
    return found
