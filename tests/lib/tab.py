"""A participant in a tab of a real Chromium, whose microphone says what it is told."""

from __future__ import annotations

import base64
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from playwright.async_api import Dialog, Page, async_playwright, expect
from tests.e2e.conftest import CHROMIUM, FLAGS, MICROPHONE, SPEECH

TURN_MS = 40_000
"""Milliseconds for a turn and its reply, on a machine that may be busy."""


@asynccontextmanager
async def tab() -> AsyncGenerator[Page]:
    """An empty tab."""
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


async def begin(page: Page, link: str) -> None:
    """Agree, and start the interview."""
    await page.goto(link)
    await page.get_by_text("I have read this and I agree to take part.").click()
    await page.get_by_role("button", name="Agree and continue").click()
    await page.get_by_role("button", name="Turn on my microphone").click()
    await page.get_by_role("button", name="Start the interview").click()


async def asked(page: Page, question: str) -> None:
    """Wait until the moderator has asked, and listens."""
    await expect(page.locator(".caption-now")).to_contain_text(question, timeout=TURN_MS)
    await expect(page.get_by_text("Listening to you")).to_be_visible(timeout=TURN_MS)


async def say(page: Page, name: str) -> None:
    """Speak a fixture."""
    wav = base64.b64encode((SPEECH / f"{name}.wav").read_bytes()).decode()
    await page.evaluate("(wav) => window.__say(wav)", wav)


async def thanked(page: Page) -> None:
    """Wait until the interview has come to its end."""
    await expect(page.get_by_role("heading", name="Thank you")).to_be_visible(timeout=TURN_MS)
