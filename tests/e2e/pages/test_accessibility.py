"""Every screen: no violation of WCAG 2.2 AA that axe can find, a heading, a title and a language, light and dark.

`VIVAVOCE_SHOTS=folder` keeps a picture of each screen, on a phone and a desktop, light and dark, to be looked at.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any, cast

import pytest
from playwright.async_api import ViewportSize, expect

from .fake_server import FakeHost
from .stages import STAGES, Open
from .visit import Visit

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.browser]

AXE = Path(__file__).parents[3] / "web/node_modules/axe-core/axe.min.js"
STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# By then colours and sizes have changed.
TWO_FRAMES = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
PHONE: ViewportSize = {"width": 390, "height": 844}
DESKTOP: ViewportSize = {"width": 1280, "height": 800}


async def violations(seen: Visit, *rules: str) -> list[str]:
    found = cast(
        "list[dict[str, Any]]",
        await seen.page.evaluate(
            "async (what) => (await axe.run({runOnly: what, resultTypes: ['violations']})).violations",
            list(rules) or STANDARDS,
        ),
    )
    return [f"{v['id']}: {node['html']} {node['failureSummary']}" for v in found for node in v["nodes"]]


@pytest.mark.parametrize("name", STAGES)
async def test_no_violations(name: str, host: FakeHost, visit: Open) -> None:
    if not AXE.is_file():
        pytest.fail("axe-core is not installed: run `make pages`.", pytrace=False)
    seen = await STAGES[name](host, visit, {"init_axe": AXE})
    page = seen.page
    assert await page.locator("h1").count() == 1
    assert " · " in await page.title()
    assert await page.locator("html").get_attribute("lang") in {"en", "ar"}
    await page.emulate_media(color_scheme="light")
    await page.evaluate(TWO_FRAMES)
    assert await violations(seen) == [], name
    await page.emulate_media(color_scheme="dark")
    await page.evaluate(TWO_FRAMES)
    assert await violations(seen, "color-contrast") == [], f"{name}, dark"
    # WCAG 1.4.10: nothing is cut off sideways at 320 px.
    await page.set_viewport_size({"width": 320, "height": 640})
    await page.evaluate(TWO_FRAMES)
    wide = await page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 320, f"{name} is {wide} px wide in a window of 320"


SHOTS = Path(os.environ.get("VIVAVOCE_SHOTS", "."))
if "VIVAVOCE_SHOTS" in os.environ:

    @pytest.mark.parametrize("name", STAGES)
    async def test_picture(name: str, host: FakeHost, visit: Open) -> None:
        seen = await STAGES[name](host, visit, {})
        await expect(seen.page.locator("h1")).to_be_visible()
        for scheme in ("light", "dark"):
            for device, size in (("phone", PHONE), ("desktop", DESKTOP)):
                await seen.page.emulate_media(color_scheme=scheme, reduced_motion="no-preference")
                await seen.page.set_viewport_size(size)
                await asyncio.sleep(0.25)
                await seen.page.screenshot(
                    path=SHOTS / f"{name}-{device}-{scheme}.png", full_page=not name.startswith("call")
                )
