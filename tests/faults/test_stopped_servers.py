"""Servers that are killed and servers that are told to end, in the middle of interviews with people who speak."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from caller import Caller
from server_process import Books, ServerProcess
from two_questions import FIRST, SECOND, WELCOME

from vivavoce.session.events import LeaseClaimed, ParticipantLeft, Reason, SessionStatus

DRAIN_S = 12
"""As `conftest.served` has it."""

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(240)]


async def test_a_killed_server_costs_no_interview(served: ServerProcess) -> None:
    """Killed while one participant is being asked, one is answering, and one is thinking about the second question."""
    async with served.books() as books:
        asked, answering, between = [
            Caller(served.url, invitation=await books.invitation("two-questions")) for _ in range(3)
        ]
        async with answering, between:
            await asyncio.gather(between.heard(FIRST), answering.heard(FIRST))
            between.say("kokoro_s05")
            await between.heard(SECOND)
            async with asked:
                await asked.until(lambda: bool(asked.ear.phrases))
                answering.say("kokoro_s03")
                await asyncio.sleep(1.5)
                killed = time.monotonic()
                served.kill()
                answering.hush()
                await served.start()
                ready = time.monotonic()
                for caller, question in ((asked, FIRST), (answering, FIRST), (between, SECOND)):
                    await caller.until(lambda c=caller: len(c.joins) == 2)
                    voice = await caller.audible(after=caller.joins[1])
                    assert voice - ready < 10, "heard again soon after the server is back"
                    await caller.heard(f"{WELCOME} {question}")
                await between.until(lambda: not between.ear.speaking(time.monotonic()))
                between.say("kokoro_s04")
                answering.say("kokoro_s05")
                assert (await between.goodbye())["status"] == "COMPLETED"
                await answering.heard(SECOND)
                await answering.leave()
                await asked.leave()
                await asyncio.gather(answering.goodbye(), asked.goodbye())
        finished = await books.over(between.session_id)
        assert (finished.status, finished.reason) == (SessionStatus.COMPLETED, Reason.FINISHED)
        words = [turn.text for turn in finished.turns if turn.speaker == "participant"]
        assert len(words) == 2 and "friendly staff" in words[0], "nothing that was said before is lost"
        left = await books.over(answering.session_id)
        assert (left.status, left.reason) == (SessionStatus.INTERRUPTED, Reason.LEFT)
        for caller in (between, answering, asked):
            events = [event.payload for event in await books.sessions.read(caller.session_id)]
            assert len([e for e in events if isinstance(e, LeaseClaimed)]) == 1
            assert next(e.reason for e in events if isinstance(e, ParticipantLeft)) == "lost"
            kept = await _first_part(books, caller.session_id)
            assert killed - caller.joins[0] - kept <= 5, "the last seconds of the recording, at most"


async def _first_part(books: Books, session_id: str) -> float:
    """Seconds in the killed server's part of the recording, closed from its file; the second part is there, too."""
    async with asyncio.timeout(30):
        while (state := await books.folded(session_id)).unclosed:
            await asyncio.sleep(0.2)
    assert [recording.key[-9:] for recording in state.recordings] == ["part1.ogg", "part2.ogg"]
    assert (state.recordings[1].duration_s or 0) > 3
    return state.recordings[0].duration_s or 0


async def test_a_drained_server_lets_interviews_finish_and_says_goodbye_to_the_rest(
    served: ServerProcess,
) -> None:
    async with served.books() as books:
        finishing, staying, late = [
            Caller(served.url, invitation=await books.invitation("two-questions")) for _ in range(3)
        ]
        async with finishing, staying:
            await asyncio.gather(finishing.heard(FIRST), staying.heard(FIRST))
            finishing.say("kokoro_s05")
            await finishing.heard(SECOND)
            told = time.monotonic()
            drain = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "vivavoce", "drain", env=served.environ
            )
            async with asyncio.timeout(20):
                while (await served.get("/readyz")).status_code != 503:
                    await asyncio.sleep(0.05)
            noticed = time.monotonic()
            await late.consent()
            async with late:
                await late.until(lambda: bool(late.refusals))
                assert late.refusals[0].status == 1013, "no new session"
            finishing.say("kokoro_s04")
            assert (await finishing.goodbye())["status"] == "COMPLETED"
            assert staying.ended is None
            end = await staying.goodbye()
            assert (end["status"], end["reason"]) == ("INTERRUPTED", "drain")
            assert time.monotonic() - noticed > DRAIN_S - 3, "it had its time"
            assert staying.captions[-1].startswith("I am sorry, for a technical reason I have to end here.")
            assert staying.ear.silent_for(time.monotonic()) < 5, "and it was heard"
        assert await served.ended(within_s=20) == 0
        assert await drain.wait() == 0
        assert time.monotonic() - told < DRAIN_S + 40
    await served.start()  # the database ended with it
    async with served.books() as books:
        for caller, status, reason in (
            (finishing, SessionStatus.COMPLETED, Reason.FINISHED),
            (staying, SessionStatus.INTERRUPTED, Reason.DRAIN),
        ):
            state = await books.folded(caller.session_id)
            assert (state.status, state.reason) == (status, reason)
            assert state.unclosed == ()
        assert (await books.folded(late.session_id)).status is SessionStatus.SCHEDULED


def _catches_sigterm(pid: int) -> bool:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    caught = next(line.split()[1] for line in status.splitlines() if line.startswith("SigCgt:"))
    return bool(int(caught, 16) >> (signal.SIGTERM - 1) & 1)


def _may_make_process_1() -> bool:
    unshare = shutil.which("unshare")
    return (
        unshare is not None
        and not subprocess.run([unshare, "--pid", "--fork", "true"], check=False).returncode
    )


@pytest.mark.parametrize("first", [False, True], ids=["a process", "process 1"])
async def test_a_server_that_is_told_to_end_while_it_loads_ends_well(first: bool, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "vivavoce", "serve"]
    if first:
        if not await asyncio.to_thread(_may_make_process_1):
            pytest.skip("this account may not make a namespace of process ids (unshare --pid)")
        command = ["unshare", "--pid", "--fork", "--kill-child", *command]
    process = await asyncio.create_subprocess_exec(
        *command,
        env={
            **os.environ,
            "VIVAVOCE_DATA_DIR": str(tmp_path / "data"),
            "VIVAVOCE_MONEY__MACHINE_HOUR_USD": "0",
        },
    )
    try:
        async with asyncio.timeout(30):
            while True:
                python = next(iter(psutil.Process(process.pid).children()), None) if first else process
                if python is not None and await asyncio.to_thread(_catches_sigterm, python.pid):
                    break
                await asyncio.sleep(0.001)
        os.kill(python.pid, signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 10) == 0
    finally:
        if process.returncode is None:
            process.kill()
    assert not (tmp_path / "data" / "postgres").exists(), "it had begun nothing"
