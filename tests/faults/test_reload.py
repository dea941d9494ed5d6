"""A participant who reloads the page in the middle of the interview, in a real browser."""

from __future__ import annotations

import base64
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import httpx
import pytest
from playwright.async_api import Dialog, Page, async_playwright, expect
from server_process import Books
from tests.e2e.conftest import CHROMIUM, FLAGS, MICROPHONE, SPEECH
from two_questions import FIRST, SECOND

from vivavoce.ops.composition import Server
from vivavoce.session.events import ParticipantJoined, ParticipantLeft, Reason, SessionStatus

TURN_MS = 40_000
"""Milliseconds for a turn and its reply, on a machine that may be busy."""

pytestmark = [
    pytest.mark.models,
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(240),
]


@asynccontextmanager
async def tab() -> AsyncGenerator[Page]:
    """A tab of a real Chromium whose microphone says what it is told."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        context = await browser.new_context(locale="en-GB")
        await context.add_init_script(MICROPHONE)
        page = await context.new_page()

        async def accept(dialog: Dialog) -> None:
            # The page asks before it is left; who reloads says yes.
            await dialog.accept()

        page.on("dialog", accept)
        try:
            yield page
        finally:
            await browser.close()


async def asked(page: Page, question: str) -> None:
    """Wait until the moderator has asked, and listens."""
    await expect(page.locator(".caption-now")).to_contain_text(question, timeout=TURN_MS)
    await expect(page.get_by_text("Listening to you")).to_be_visible(timeout=TURN_MS)


async def say(page: Page, name: str) -> None:
    wav = base64.b64encode((SPEECH / f"{name}.wav").read_bytes()).decode()
    await page.evaluate("(wav) => window.__say(wav)", wav)


async def test_a_reload_in_mid_interview_goes_on_where_it_was(server: Server, books: Books) -> None:
    [link] = await server.invite("two-questions")
    async with tab() as page:
        await page.goto(link)
        await page.get_by_text("I have read this and I agree to take part.").click()
        await page.get_by_role("button", name="Agree and continue").click()
        await page.get_by_role("button", name="Turn on my microphone").click()
        await page.get_by_role("button", name="Start the interview").click()
        await asked(page, FIRST)
        await say(page, "kokoro_s05")
        await asked(page, SECOND)
        await page.reload()
        await page.get_by_role("button", name="Turn on my microphone").click()
        await page.get_by_role("button", name="Continue the interview").click()
        # Who is back within four seconds goes on where they were; else they are welcomed, and asked again.
        await asked(page, SECOND)
        await say(page, "kokoro_s05")
        await expect(page.get_by_role("heading", name="Thank you")).to_be_visible(timeout=TURN_MS)
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
