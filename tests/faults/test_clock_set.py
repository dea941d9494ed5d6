"""The clock of a server's machine is set while an interview goes on: what is said is heard, and answered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from caller import Caller
from false_clock import NoFalseClock, false_clock, set_by
from server_process import Books, ServerProcess
from two_questions import FIRST, SECOND, STUDY

from vivavoce.ops.composition import Server
from vivavoce.session.events import Reason, SessionStatus, TimerFired

HOUR_S = 3600
BEAT = {"VIVAVOCE_HOST__HEARTBEAT_S": "1", "VIVAVOCE_HOST__LEASE_S": "4"}
AWARE_S = 4.0
"""After so long the lease has been renewed, and everybody has looked at the clock."""

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(240)]


async def test_interviews_go_on_as_if_no_clock_had_been_set(
    server: Server, tmp_path: Path, database_url: str
) -> None:
    clock = tmp_path / "clock"
    try:
        false = false_clock(clock)
    except NoFalseClock as error:
        pytest.skip(str(error))
    # The database and the speech server are on machines whose clocks are right.
    elsewhere = {"VIVAVOCE_DATABASE_URL": database_url, "VIVAVOCE_SPEECH__URL": server.speech_url}
    process = ServerProcess(tmp_path / "data", {**elsewhere, **BEAT, **false})
    try:
        await process.start()
        async with process.books() as books:
            await books.studies.publish(STUDY.read_text(encoding="utf-8"))
            for by_s in (HOUR_S, -HOUR_S):
                await _held(process, books, lambda by_s=by_s: set_by(clock, by_s))
    finally:
        await asyncio.to_thread(process.close)


async def _held(process: ServerProcess, books: Books, strike: Callable[[], None]) -> None:
    async with Caller(process.url, invitation=await books.invitation("two-questions")) as caller:
        await caller.heard(FIRST)
        strike()
        await asyncio.sleep(AWARE_S)
        caller.say("kokoro_s05")
        await caller.heard(SECOND)
        caller.say("kokoro_s05")
        await caller.goodbye()
    state = await books.over(caller.session_id)
    log = [event.payload for event in await books.sessions.read(caller.session_id)]
    assert (state.status, state.reason) == (SessionStatus.COMPLETED, Reason.FINISHED)
    assert not [payload for payload in log if isinstance(payload, TimerFired)], "nobody was taken for silent"
    assert len(caller.joins) == 1
