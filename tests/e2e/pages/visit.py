"""A participant's browser tab, with what a participant does in it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

from playwright.async_api import Error, Page, expect

from .fake_lines import Session
from .fake_server import Invitation


class Visit:
    """One tab. `page` is Playwright's."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.errors: list[str] = []
        self.session: Session | None = None

        def threw(error: Error) -> None:
            self.errors.append(str(error))

        page.on("pageerror", threw)

    async def sees(self, screen: str) -> None:
        """The screen is up, and its heading has the focus."""
        await expect(self.page.locator(f"[data-screen={screen}]")).to_be_visible()
        await expect(self.page.locator("h1")).to_be_focused()

    async def press(self, name: str) -> None:
        await self.page.get_by_role("button", name=name, exact=True).click()

    async def agree(self) -> None:
        await expect(self.page.locator("[data-screen=consent]")).to_be_visible()
        # The real checkbox lies unseen under the drawn one.
        await self.page.get_by_text("I have read this").click()
        await self.press("Agree and continue")
        await self.sees("check")

    async def turn_on(self) -> None:
        await self.press("Turn on my microphone")
        await expect(self.page.get_by_role("meter")).to_be_visible()

    async def into_check(self) -> None:
        await self.agree()
        await self.turn_on()

    async def into_call(self, invitation: Invitation) -> Session:
        """Through consent and sound check into the interview; the host's side of it is returned."""
        await self.into_check()
        await self.press("Start the interview")
        await self.sees("call")
        assert invitation.session is not None
        return invitation.session

    async def unplug(self) -> None:
        """The microphone goes away, as the browser tells it: its track ends."""
        await self.page.evaluate(
            "() => { const track = window.tracks.at(-1); track.stop(); track.dispatchEvent(new Event('ended')); }"
        )

    async def plug_in(self) -> None:
        """A microphone is there again, and the browser tells it."""
        await self.page.evaluate(
            "() => { window.mended = true; navigator.mediaDevices.dispatchEvent(new Event('devicechange')); }"
        )

    async def becomes(self, true: str, within_s: float = 8.0) -> None:
        """Wait until an expression is true in the page; Playwright's own way needs an `eval` the policy forbids."""
        async with asyncio.timeout(within_s):
            while not await self.page.evaluate(true):
                await asyncio.sleep(0.02)

    async def asked(self) -> list[dict[str, Any]]:
        """What was asked of the microphone since the page was loaded."""
        return cast("list[dict[str, Any]]", await self.page.evaluate("window.asked"))

    async def refused(self) -> list[str]:
        return cast("list[str]", await self.page.evaluate("window.refused"))


async def until(true: Callable[[], bool], session: Session, within_s: float = 8.0) -> None:
    """Wait until something about the session has become true."""
    async with asyncio.timeout(within_s):
        while not true():
            session.changed.clear()
            await session.changed.wait()
