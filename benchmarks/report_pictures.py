"""Pages of reports as pictures, to be looked at: as a screen and a phone show them, and as they are printed."""

from __future__ import annotations

import asyncio
import io
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pypdfium2
from playwright.async_api import async_playwright

SCREENS = {"screen": 1280, "phone": 390}
"""Their widths, in CSS pixels."""

PRINT_SCALE = 2
"""Dots a point: 144 an inch."""

OFFICE_S = 300.0

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"


async def draw(folder: Path) -> None:
    """Each page of the reports in a folder, as PNG beside them.

    HTML as a screen, as a phone and as print; PDF; DOCX as LibreOffice prints it, where there is one.
    """
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        for path in files(folder, "html"):
            for name, width in SCREENS.items():
                page = await browser.new_page(viewport={"width": width, "height": 900})
                await page.goto(path.absolute().as_uri())
                wide = await page.evaluate("document.documentElement.scrollWidth")
                assert wide <= width, f"{path.name} is {wide} wide on a {name} of {width}"
                await page.screenshot(path=folder / f"{path.stem}.{name}.png", full_page=True)
                await page.close()
            page = await browser.new_page()
            await page.goto(path.absolute().as_uri())
            as_pictures(
                await page.pdf(prefer_css_page_size=True, print_background=False), folder, f"{path.stem}.html"
            )
            await page.close()
        await browser.close()
    for path in files(folder, "pdf"):
        as_pictures(path.read_bytes(), folder, f"{path.stem}.pdf")
    office = shutil.which("soffice")
    documents = files(folder, "docx")
    if office is not None and documents:
        with tempfile.TemporaryDirectory() as made_in:
            # With a profile of its own it does not wait for, nor leave its work to, one that runs already.
            own = f"-env:UserInstallation={(Path(made_in) / 'profile').as_uri()}"
            command = [office, own, "--headless", "--convert-to", "pdf", "--outdir", made_in]
            command += [str(path) for path in documents]
            await asyncio.to_thread(
                subprocess.run, command, check=True, capture_output=True, timeout=OFFICE_S
            )
            for path in documents:
                as_pictures((Path(made_in) / f"{path.stem}.pdf").read_bytes(), folder, f"{path.stem}.docx")


def files(folder: Path, kind: str) -> list[Path]:
    """The reports of that kind in it."""
    return sorted(folder.glob(f"*.{kind}"))


def as_pictures(pdf: bytes, folder: Path, name: str) -> None:
    """The pages of a PDF."""
    document = pypdfium2.PdfDocument(io.BytesIO(pdf))
    for number, page in enumerate(document, start=1):
        page.render(scale=PRINT_SCALE).to_pil().save(folder / f"{name}.{number:02}.png")
    document.close()
