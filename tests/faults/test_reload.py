"""A participant who reloads the page in the middle of the interview, in a real browser."""

from __future__ import annotations

import httpx
import pytest
from server_process import Books
from tab import asked, begin, say, tab, thanked
from two_questions import FIRST, SECOND

from vivavoce.ops.composition import Server
from vivavoce.session.events import ParticipantJoined, ParticipantLeft, Reason, SessionStatus

pytestmark = [
    pytest.mark.models,
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(240),
]


async def test_a_reload_in_mid_interview_goes_on_where_it_was(server: Server, books: Books) -> None:
    [link] = await server.invite("two-questions")
    async with tab() as page:
        await begin(page, link)
        await asked(page, FIRST)
        await say(page, "kokoro_s05")
        await asked(page, SECOND)
        await page.reload()
        await page.get_by_role("button", name="Turn on my microphone").click()
        await page.get_by_role("button", name="Continue the interview").click()
        # Who is back within four seconds goes on where they were; else they are welcomed, and asked again.
        await asked(page, SECOND)
        await say(page, "kokoro_s05")
        await thanked(page)
    async with httpx.AsyncClient(base_url=f"{server.url}/api/v1", timeout=15) as api:
        view = (await api.get(f"/invitations/{link.rsplit('/', 1)[1]}")).raise_for_status().json()
    state = await books.over(view["session"]["id"])
    assert (state.status, state.reason) == (SessionStatus.COMPLETED, Reason.FINISHED)
    words = [turn.text for turn in state.turns if turn.speaker == "participant"]
    assert len(words) == 2 and "friendly staff" in words[0], "nothing that was said is lost"
    events = [event.payload for event in await books.sessions.read(state.session_id)]
    assert [e.rejoined for e in events if isinstance(e, ParticipantJoined)] == [False, True]
    assert len([e for e in events if isinstance(e, ParticipantLeft)]) >= 1
    assert state.fault_count == 0
