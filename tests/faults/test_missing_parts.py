"""A server whose parts go away while somebody speaks: the database, the speech server, the disk."""

from __future__ import annotations

import asyncio
import signal

import psutil
import pytest
from caller import Caller
from server_process import Books, ServerProcess
from strikes import full_disk, listening_child, no_database
from two_questions import FIRST, SECOND

from vivavoce.ops.composition import Server
from vivavoce.session.events import Reason, SessionStatus

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(240)]


async def test_ten_seconds_without_a_database_are_not_noticed(served: ServerProcess) -> None:
    """The answer is given and the next question heard meanwhile; with leases of 4 s the lease runs out, too."""
    async with served.books() as books:
        caller = Caller(served.url, invitation=await books.invitation("two-questions"))
    async with caller:
        await caller.heard(FIRST)
        async with no_database(served.data_dir):
            caller.say("kokoro_s05")
            await asyncio.gather(asyncio.sleep(10), caller.heard(SECOND, within_s=30))
        caller.say("kokoro_s04")
        assert (await caller.goodbye())["status"] == "COMPLETED"
        assert len(caller.joins) == 1
        async with served.books() as books, asyncio.timeout(30):
            while not (state := await books.folded(caller.session_id)).status.terminal:
                await asyncio.sleep(0.1)
    assert (state.status, state.reason) == (SessionStatus.COMPLETED, Reason.FINISHED)
    assert [turn.speaker for turn in state.turns] == ["moderator", "participant"] * 2 + ["moderator"]
    assert "friendly staff" in state.turns[1].text


async def test_a_full_disk_costs_the_recording_and_not_the_interview(served: ServerProcess) -> None:
    async with served.books() as books:
        caller = Caller(served.url, invitation=await books.invitation("two-questions"))
        with full_disk(served.running.pid):
            async with caller:
                await caller.heard(FIRST)
                caller.say("kokoro_s05")
                await caller.heard(SECOND)
                caller.say("kokoro_s04")
                assert (await caller.goodbye())["status"] == "COMPLETED"
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
        listening_child(psutil.Process(), server.speech_url).send_signal(signal.SIGKILL)
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
