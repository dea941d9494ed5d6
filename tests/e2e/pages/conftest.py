"""A real Chromium on the built pages, before a host that plays a script. All on one event loop, the session's."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, async_playwright, expect

from .fake_server import FakeHost, Invitation
from .stages import Open
from .visit import Visit

# The machine may be busy with other things.
expect.set_options(timeout=10_000)

ROOT = Path(__file__).parents[3]
STATIC = ROOT / "src/vivavoce/web/static"

# What every page remembers for the tests: what was asked of the microphone, and what its own policy refused.
WATCH = """
window.asked = [];
window.refused = [];
window.tracks = [];
document.addEventListener("securitypolicyviolation", (e) => {
  window.refused.push(`${e.violatedDirective} ${e.blockedURI}`);
});
if (navigator.mediaDevices) {
  const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (wanted) => {
    window.asked.push(wanted);
    const stream = await open(wanted);
    window.tracks.push(...stream.getTracks());
    return stream;
  };
}
"""


def chromium() -> str:
    """Where the browser is. Without one these tests fail: what is not tried is not known to work."""
    found = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if found is None:
        pytest.fail(
            "No Chromium found: run `make browser`, or set CHROMIUM to the path of one.", pytrace=False
        )
    return found


@pytest.fixture(scope="session")
def static() -> Path:
    if not (STATIC / "index.html").is_file():
        pytest.fail("The pages are not built: run `make pages`.", pytrace=False)
    return STATIC


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser(static: Path) -> AsyncGenerator[Browser]:
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(
            executable_path=chromium(),
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--use-fake-device-for-media-stream",
            ],
        )
        yield running
        await running.close()


@pytest_asyncio.fixture(loop_scope="session")
async def host(static: Path) -> AsyncGenerator[FakeHost]:
    async with FakeHost(static).serving() as serving:
        yield serving


@pytest_asyncio.fixture(loop_scope="session")
async def visit(browser: Browser, host: FakeHost) -> AsyncGenerator[Open]:
    """Opens an invitation (or a path) as a participant would, in a browser of their own."""
    contexts: list[BrowserContext] = []
    visits: list[Visit] = []

    async def open_page(
        to: Invitation | str,
        *,
        microphone: bool = True,
        moving: bool = False,
        init: str = "",
        init_axe: Path | None = None,
        same_browser_as: Visit | None = None,
    ) -> Visit:
        if same_browser_as is None:
            context = await browser.new_context(
                permissions=["microphone"] if microphone else [],
                viewport={"width": 390, "height": 844},
                locale="en-GB",
                # Spares the machine a moving picture, painted in software.
                reduced_motion="reduce",
            )
            contexts.append(context)
            await context.add_init_script(WATCH)
        else:
            context = same_browser_as.page.context
        page = await context.new_page()
        page.set_default_timeout(10_000)
        if moving:
            await page.emulate_media(reduced_motion="no-preference")
        if init_axe is not None:
            await page.add_init_script(path=init_axe)
        if init:
            await page.add_init_script(init)
        made = Visit(page)
        visits.append(made)
        await page.goto(host.url + to if isinstance(to, str) else host.link(to))
        return made

    yield open_page
    refused = [await v.refused() for v in visits if not v.page.is_closed()]
    for context in contexts:
        await context.close()
    assert [r for r in refused if r] == [], "the pages ask for what their own policy refuses"
    assert [e for v in visits for e in v.errors] == [], "the pages threw"
