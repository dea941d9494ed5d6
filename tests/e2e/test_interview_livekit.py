"""The main job through an SFU: the whole demo interview in a real browser, held by an agent worker."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect
from server_process import ServerProcess
from sfu import SfuProcess, running_sfu
from tests.e2e.conftest import DemoServer
from tests.e2e.test_interview import assert_all_is_kept, hold_interview, hosts_of
from worker_process import WorkerProcess, speech_server

STUDY = Path(__file__).parents[2] / "studies" / "demo.yaml"

pytestmark = [pytest.mark.browser, pytest.mark.models, pytest.mark.slow, pytest.mark.timeout(600)]


@asynccontextmanager
async def started(web: ServerProcess, worker: WorkerProcess, folder: Path) -> AsyncGenerator[None]:
    """A server and a worker that run."""
    try:
        await asyncio.gather(web.start(), worker.start(folder / "worker"))
        yield
    finally:
        for process in (worker, web):
            await asyncio.to_thread(process.close)


@pytest.fixture
def through_sfu(tmp_path: Path, database_url: str) -> Iterator[tuple[DemoServer, SfuProcess]]:
    folder = tmp_path / "data"
    with running_sfu(tmp_path) as sfu, speech_server() as speech:
        settings = {
            **sfu.environment,
            "VIVAVOCE_SPEECH__URL": speech,
            "VIVAVOCE_DATABASE_URL": database_url,
            "VIVAVOCE_RECORDINGS_URL": f"file://{folder / 'recordings'}",
            "VIVAVOCE_MONEY__MACHINE_HOUR_USD": "0",
            "VIVAVOCE_MONEY__PRICES__KOKORO__MACHINE_HOUR_USD": "0",
            "VIVAVOCE_MONEY__PRICES__WHISPER__MACHINE_HOUR_USD": "0",
        }
        (folder / "recordings").mkdir(parents=True)
        web, worker = ServerProcess(folder, settings), WorkerProcess(settings)
        running = started(web, worker, tmp_path)
        # The browser's driver has this thread's event loop.
        with ThreadPoolExecutor(1) as apart:
            loop = apart.submit(asyncio.new_event_loop).result()
            run = lambda work: apart.submit(loop.run_until_complete, work).result()  # noqa: E731
            run(running.__aenter__())
            try:
                assert web.process is not None
                demo = DemoServer(web.process, folder, settings=settings)
                demo.run("publish", str(STUDY))
                demo.link = demo.run("invite", "demo").strip()
                # The command does not know the port that was free.
                demo.link = f"{web.url}{urlsplit(demo.link).path}"
                yield demo, sfu
            finally:
                run(running.__aexit__(None, None, None))


def test_a_participant_holds_an_interview_through_an_sfu(
    page: Page, through_sfu: tuple[DemoServer, SfuProcess], say: Any, transcribe: Any
) -> None:
    demo, sfu = through_sfu
    requests: list[str] = []
    sockets: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.on("websocket", lambda socket: sockets.append(socket.url))
    # What a failure is understood by.
    page.on("console", lambda message: print("page:", message.text))
    page.goto(demo.link)
    expect(page.get_by_role("heading", name="A recent errand")).to_be_visible()
    page.get_by_text("I have read this and I agree to take part.").click()
    assert not any(re.search(r"livekit", url) for url in requests), (
        "LiveKit's library is loaded when it is used"
    )
    page.get_by_role("button", name="Agree and continue").click()
    page.get_by_role("button", name="Turn on my microphone").click()
    page.get_by_role("button", name="Start the interview").click()
    given = hold_interview(page, say)
    assert hosts_of(requests) <= hosts_of([demo.link, sfu.url]), "the page talked to somebody else"
    assert hosts_of(sockets) == hosts_of([sfu.url])
    assert len(given) >= 5
    assert_all_is_kept(demo, given, transcribe)
