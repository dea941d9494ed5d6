"""Participants whose network goes away, or who turn up twice."""

from __future__ import annotations

import asyncio
import time

import pytest
from caller import Caller
from server_process import Books
from two_questions import FIRST, SECOND, WELCOME, between, finish

from vivavoce.ops.composition import Server
from vivavoce.session.events import ParticipantLeft, Reason, SessionStatus

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(240)]


async def test_five_seconds_without_a_network_cost_no_word(server: Server, books: Books) -> None:
    """One is cut off in the middle of the question, one after the answer was said and before it was taken."""
    asked, answered = [
        Caller(server.url, invitation=await books.invitation("two-questions"), come_back=False)
        for _ in range(2)
    ]
    async with asked, answered:
        await answered.heard(FIRST)
        answered.say("kokoro_s05")
        await answered.until(lambda: not answered.speaking)
        await asked.until(lambda: bool(asked.ear.phrases))
        cut = time.monotonic()
        await asyncio.gather(asked.cut(), answered.cut())
        await asyncio.sleep(5)
        asked.come_back = answered.come_back = True
        back = await asked.audible(after=cut + 5)
        await asked.heard(f"{WELCOME} {FIRST}")
        await answered.until(lambda: len(answered.joins) == 2)
        await answered.heard(f"{WELCOME} {SECOND}")
        assert back - cut < 12
        for caller in (asked, answered):
            await caller.leave()
            await caller.goodbye()
    state = await books.folded(answered.session_id)
    assert "friendly staff" in state.turns[1].text
    for caller in (asked, answered):
        events = [event.payload for event in await books.sessions.read(caller.session_id)]
        assert next(event.reason for event in events if isinstance(event, ParticipantLeft)) == "lost"


async def test_a_minute_without_a_network_is_waited_for(server: Server, books: Books) -> None:
    """Sixty real seconds of the 120 that there are by default."""
    caller = Caller(server.url, invitation=await books.invitation("two-questions-patient"), come_back=False)
    async with caller:
        await between(caller)
        cut, said = time.monotonic(), len(caller.captions)
        await caller.cut()
        await asyncio.sleep(60 - (time.monotonic() - cut))
        away = await books.folded(caller.session_id)
        assert away.status is SessionStatus.DISCONNECTED
        caller.come_back = True
        await caller.heard(f"{WELCOME} {SECOND}", since=said)
        assert await caller.audible(after=cut + 60) < caller.captioned_at
        await finish(caller)
    state = await books.over(caller.session_id)
    assert (state.status, state.reason) == (SessionStatus.COMPLETED, Reason.FINISHED)
    words = [turn.text for turn in state.turns if turn.speaker == "participant"]
    assert len(words) == 2 and all("friendly staff" in one for one in words), "nothing that was said is lost"


async def test_who_comes_back_after_the_window_goes_on_in_another_sitting(
    server: Server, books: Books
) -> None:
    """130 of 120 seconds are more than 5 of 5: what is waited for is told by the study's table of timers."""
    invitation = await books.invitation("two-questions-soon-over")
    caller = Caller(server.url, invitation=invitation, come_back=False)
    async with caller:
        await caller.heard(FIRST)
        caller.say("kokoro_s05")
        await caller.heard(SECOND)
        await caller.cut()
        state = await books.over(caller.session_id)
        assert (state.status, state.reason) == (SessionStatus.ABANDONED, Reason.LEFT)
        assert state.turns[0].text.endswith(FIRST)
        caller.come_back = True
        await caller.until(lambda: bool(caller.refusals))
        assert caller.refusals[0].status == 4410, "that sitting is over"
    async with asyncio.timeout(20):
        while (state := await books.folded(caller.session_id)).unclosed:
            await asyncio.sleep(0.1)
    assert len(state.recordings) == 1
    later = Caller(server.url, invitation=invitation)
    async with later:
        assert later.session_id != caller.session_id
        await later.heard(f"{WELCOME} {SECOND}")
        later.say("kokoro_s04")
        assert (await later.goodbye())["status"] == "COMPLETED"
    state = await books.over(later.session_id)
    assert (state.sitting, state.reason) == (2, Reason.FINISHED)
    assert [question.status for question in state.progress.questions] == ["answered", "answered"]


async def test_the_second_of_two_tabs_is_asked_and_the_first_one_told(server: Server, books: Books) -> None:
    invitation = await books.invitation("two-questions")
    first, second, third = [Caller(server.url, invitation=invitation) for _ in range(3)]
    async with first:
        await first.heard(FIRST)
        async with second:
            await second.until(lambda: bool(second.refusals))
            assert second.refusals[0].status == 4409
        assert second.session_id == first.session_id and not first.notices()
        third.take_over = True
        async with third:
            await third.until(lambda: bool(third.joins))
            await first.until(lambda: "replaced" in first.notices())
            third.say("kokoro_s05")
            await third.heard(SECOND)
            assert not any(caption.endswith(SECOND) for caption in first.captions)
            await third.leave()
            await third.goodbye()
    state = await books.folded(first.session_id)
    assert [turn.speaker for turn in state.turns] == ["moderator", "participant", "moderator"]
