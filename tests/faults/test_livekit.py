"""Interviews through an SFU, held by two agent workers.

One is killed, one drains, one is thrown out; the SFU itself starts afresh; participants fall asleep.
"""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio
from playwright.async_api import Page
from rooms import Rooms, running_rooms
from server_process import Books
from tab import asked, begin, say, tab, thanked
from two_questions import FIRST, SECOND, SETTLED_S, STUDY, WELCOME, between, finish, variant
from unheld import watched

from vivavoce.session.events import (
    LeaseClaimed,
    ParticipantJoined,
    ParticipantLeft,
    Payload,
    Reason,
    SessionStatus,
)
from vivavoce.session.state import SessionState

DRAIN_S = 12
WINDOW_S = 20
"""In which who is lost may come back, in the study of `WINDOW`: a sixth of the usual time."""
WINDOW = variant("two-questions-window", rejoin_s=WINDOW_S)
LONG = variant("two-questions-long")
MEASURED = (
    "vivavoce_sessions_started_total",
    "vivavoce_sessions_ended_total",
    "vivavoce_response_seconds_count",
)
UNHELD_S = 15
"""After a lease of 15 s has run out: no session is ACTIVE for more than 30 s without an agent."""

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def rooms(tmp_path_factory: pytest.TempPathFactory, shared_database_url: str) -> AsyncGenerator[Rooms]:
    folder = tmp_path_factory.mktemp("rooms")
    settings = {"VIVAVOCE_HOST__DRAIN_S": str(DRAIN_S)}
    async with running_rooms(folder, shared_database_url, settings=settings) as running:
        async with running.web.books() as books:
            for study in (STUDY.read_text(encoding="utf-8"), WINDOW, LONG):
                await books.studies.publish(study)
        yield running


@pytest_asyncio.fixture(loop_scope="session", autouse=True)
async def nobody_is_forgotten(rooms: Rooms) -> AsyncGenerator[None]:
    """No session is ACTIVE for long without an agent, whatever happens to it."""
    async with rooms.web.books() as books, watched(books) as unheld:
        yield
    assert unheld.longest_s <= UNHELD_S, unheld.of


async def test_another_worker_goes_on_in_the_same_room_when_one_is_killed(rooms: Rooms) -> None:
    async with rooms.web.books() as books:
        caller = await rooms.caller(books)
        async with caller:
            await caller.heard(FIRST)
            caller.say("kokoro_s05")
            # In the middle of the second question.
            await caller.until(
                lambda: any(m["type"] == "caption" and m["text"].startswith("Would") for m in caller.messages)
            )
            one = await rooms.holding()
            killed = time.monotonic()
            await asyncio.to_thread(one.kill)
            await caller.heard(f"{WELCOME} {SECOND}", within_s=60)
            assert await caller.audible(after=killed + 2) - killed <= 20
            assert len(caller.joins) == 1, "the participant stayed where they were"
            caller.say("kokoro_s01")
            await caller.goodbye()
        over = await books.over(caller.session_id)
        assert (over.status, over.reason) == (SessionStatus.COMPLETED, Reason.FINISHED)
        claims = [
            e for e in await books.sessions.read(caller.session_id) if isinstance(e.payload, LeaseClaimed)
        ]
        assert len(claims) == 1, "one agent, then one other"
    await rooms.another()


async def test_an_agent_that_is_thrown_out_of_its_room_hands_the_interview_on(rooms: Rooms) -> None:
    """By an operator, or because the SFU has not heard of it for too long."""
    async with rooms.web.books() as books:
        caller = await rooms.caller(books, "two-questions-long", beats=True)
        measured = [await rooms.measured(one) for one in MEASURED]
        async with caller:
            await between(caller)
            said, thrown = len(caller.captions), time.monotonic()
            [before] = await rooms.agents(caller.session_id)
            await rooms.throw_out(caller.session_id)
            await caller.heard(f"{WELCOME} {SECOND}", since=said, within_s=90)
            assert await caller.audible(after=thrown) < caller.captioned_at
            [after] = await rooms.agents(caller.session_id)
            assert after != before, "another agent, and no more than that"
            await finish(caller)
        over = await books.over(caller.session_id)
        all_was_heard(over)
        log = [event.payload for event in await books.sessions.read(over.session_id)]
        assert any(isinstance(one, LeaseClaimed) and one.resumed for one in log)
        started, ended, responses = [
            await rooms.measured(one) - before for one, before in zip(MEASURED, measured, strict=True)
        ]
        assert (started, ended) == (1, 1) and responses >= 2, (
            "what happens in a session's process is measured"
        )


@pytest.mark.browser
async def test_an_sfu_that_starts_afresh_costs_no_interview(rooms: Rooms) -> None:
    """It keeps nothing: no room, nobody in it. Everybody comes back by themselves, a page as well."""
    async with rooms.web.books() as books:
        caller = await rooms.caller(books, "two-questions-long", beats=True)
        invitation = await books.invitation("two-questions-long")
        async with caller, tab() as page:
            await begin(page, f"{rooms.web.url}/i/{invitation}")
            await asyncio.gather(between(caller), _up_to_the_second(page))
            [in_page] = [one for one in await _active(books) if one != caller.session_id]
            await rooms.sfu.restart(away_s=2)
            back = time.monotonic()
            for session_id in (caller.session_id, in_page):
                await books.told(session_id, lambda log: len(joins(log)) > 1, within_s=120)
            # Whoever was away for a moment only is not welcomed back; the moderator has the first word.
            await asyncio.sleep(SETTLED_S)
            await asyncio.gather(finish(caller), _to_the_end(page))
            assert caller.ear.onset_after(back) is not None, "the moderator is heard again"
        for session_id in (caller.session_id, in_page):
            all_was_heard(await books.over(session_id))


async def _up_to_the_second(page: Page) -> None:
    await asked(page, FIRST)
    await say(page, "kokoro_s05")
    await asked(page, SECOND)


async def _to_the_end(page: Page) -> None:
    await asked(page, SECOND)
    await say(page, "kokoro_s05")
    await thanked(page)


async def _active(books: Books) -> list[str]:
    found = await books.sessions.list(statuses=frozenset({SessionStatus.ACTIVE}))
    return [one.session_id for one in found]


async def test_a_participant_whose_machine_sleeps_goes_on_or_has_left(rooms: Rooms) -> None:
    """For 5 s; for half of the time there is to come back, as 60 of 120 s; for longer than that, as 130 of 120 s."""
    async with rooms.web.books() as books:
        short = await rooms.distant(books, "two-questions-long")
        half, long = [await rooms.distant(books, "two-questions-window") for _ in range(2)]
        async with short, half, long:
            await asyncio.gather(*(between(caller) for caller in (short, half, long)))
            asleep = time.monotonic()
            for caller in (short, half, long):
                caller.sleep()
            for caller, wakes_s in ((short, 5), (half, WINDOW_S / 2)):
                await asyncio.sleep(max(0.0, asleep + wakes_s - time.monotonic()))
                caller.wake()
            # The shorter sleep may not have been noticed: then nothing has changed.
            await asyncio.gather(finish(short), finish(half))
            left = await books.over(long.session_id, within_s=WINDOW_S + 60)
            assert (left.status, left.reason) == (SessionStatus.ABANDONED, Reason.LEFT)
            long.wake()
            await long.until(lambda: "session_over" in long.codes or long.ended is not None)
        for caller in (short, half):
            all_was_heard(await books.over(caller.session_id))
        log = [event.payload for event in await books.sessions.read(half.session_id)]
        assert next(one.reason for one in log if isinstance(one, ParticipantLeft)) == "lost"


def joins(log: list[Payload]) -> list[ParticipantJoined]:
    return [one for one in log if isinstance(one, ParticipantJoined)]


def all_was_heard(over: SessionState) -> None:
    """The interview has come to its end, with both answers."""
    assert (over.status, over.reason) == (SessionStatus.COMPLETED, Reason.FINISHED)
    words = [turn.text for turn in over.turns if turn.speaker == "participant"]
    # One that was said while nobody could hear it is said again, and one that is heard in pieces is more than one turn.
    assert " ".join(words).count("friendly staff") >= 2


async def test_a_worker_that_drains_lets_its_session_finish_or_says_goodbye(rooms: Rooms) -> None:
    async with rooms.web.books() as books:
        caller = await rooms.caller(books)
        async with caller:
            await caller.heard(FIRST)
            one = await rooms.holding()
            one.running.send_signal(signal.SIGTERM)
            asked = time.monotonic()
            while await one.ready() != 503:
                assert time.monotonic() - asked < 5
                await asyncio.sleep(0.1)
            # Another one takes who comes now.
            other = await rooms.caller(books)
            async with other:
                await other.heard(FIRST)
                ended = await caller.goodbye(within_s=DRAIN_S + 45)
                assert ended["reason"] == "drain"
                assert any("Goodbye" in said for said in caller.captions), "the goodbye is spoken"
                assert await one.ended(within_s=60) == 0
                await other.leave()
                await other.goodbye()
        over = await books.over(caller.session_id)
        assert (over.status, over.reason) == (SessionStatus.INTERRUPTED, Reason.DRAIN)
        assert not over.unclosed, "the recording is whole"
