"""Two servers on one database: one dies or is cut off, the other goes on; there is never more than one moderator."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import pytest_asyncio
from caller import Caller
from hosts import running_hosts
from server_process import ServerProcess
from two_questions import FIRST, SECOND, STUDY, WELCOME

from vivavoce.ops.composition import Server
from vivavoce.session.events import LeaseClaimed, SessionEvent, SessionStatus

LEASE_S = 3

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(240)]


@pytest_asyncio.fixture(loop_scope="session")
async def two(server: Server, tmp_path: Path, database_url: str) -> AsyncGenerator[list[ServerProcess]]:
    settings = {
        "VIVAVOCE_HOST__LEASE_S": str(LEASE_S),
        "VIVAVOCE_HOST__HEARTBEAT_S": "1",
        "VIVAVOCE_HOST__SWEEP_S": "1",
    }
    async with (
        running_hosts(tmp_path, database_url, speech_url=server.speech_url, settings=settings) as running,
        running.web.books() as books,
    ):
        await books.studies.publish(STUDY.read_text(encoding="utf-8"))
        yield running.hosts


async def test_another_host_goes_on_and_the_first_one_writes_no_more(two: list[ServerProcess]) -> None:
    one, other = two
    async with one.books() as books:
        moving, away = [
            Caller(one.url, invitation=await books.invitation("two-questions"), come_back=False)
            for _ in range(2)
        ]
        async with moving, away:
            await asyncio.gather(moving.heard(FIRST), away.heard(FIRST))
            # The host hangs: it is alive, and will want to go on.
            one.send(signal.SIGSTOP)
            stopped = time.monotonic()
            await asyncio.gather(moving.cut(), away.cut())
            moving.urls = away.urls = [other.url]
            moving.come_back = True
            heard = await moving.audible(after=stopped + 0.5)
            assert heard - stopped < 10, "the participant brings the session along; no lease is waited for"
            await moving.heard(f"{WELCOME} {FIRST}")
            # The one who stays away is waited for by the other host, as soon as the lease has run out.
            async with asyncio.timeout(LEASE_S + 40):
                while not _taken_up(await books.sessions.read(away.session_id)):
                    await asyncio.sleep(0.1)
            one.send(signal.SIGCONT)
            await asyncio.sleep(3)
            away.come_back = True
            await away.heard(f"{WELCOME} {FIRST}")
            moving.say("kokoro_s05")
            await moving.heard(SECOND)
            for caller in (moving, away):
                events = await books.sessions.read(caller.session_id)
                claims = [e.payload for e in events if isinstance(e.payload, LeaseClaimed)]
                assert len(claims) == 1 and claims[0].holder.endswith(f":{other.running.pid}")
                assert (await books.folded(caller.session_id)).status is SessionStatus.ACTIVE
            ready = (await one.get("/readyz")).json()
            assert ready["checks"]["host"]["detail"].startswith("0 of"), "the first host let go of both"
            for caller in (moving, away):
                await caller.leave()
                await caller.goodbye()


def _taken_up(events: list[SessionEvent]) -> bool:
    return any(isinstance(event.payload, LeaseClaimed) for event in events)
