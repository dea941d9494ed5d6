"""The main job, whole: a participant opens the link, consents, talks to the end; recording and transcript remain."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jiwer
import numpy as np
import pytest
import soxr
from playwright.sync_api import Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout
from whisper_normalizer.english import EnglishTextNormalizer

from vivavoce.session.events import SessionEvent
from vivavoce.session.state import SessionState, fold
from vivavoce.settings import load
from vivavoce.storage.open import open_storage
from vivavoce.transport.recorded import read_recording

SPEECH = Path(__file__).parents[1] / "data" / "speech"
ANSWERS = [
    "kokoro_s05",
    "kokoro_s01",
    "kokoro_s07",
    "kokoro_s03",
    "kokoro_s08",
    "kokoro_s02",
    "real_libri_0890",
]
"""Answers of a dozen words or more, so that no probe asks for more than was asked; the last is a person's voice."""

QUIET_S = 2.5
"""How long the page must be listening: after the farewell it may be for a moment, until the last event is stored."""
ANSWER_S = 8
INTERVIEW_S = 240

normalise = EnglishTextNormalizer()
pytestmark = [pytest.mark.browser, pytest.mark.models, pytest.mark.slow, pytest.mark.timeout(600)]


def error_rate(spoken: str, heard: str) -> float:
    """Word error rate after Whisper's English normalisation."""
    return jiwer.wer(normalise(spoken), normalise(heard))


async def read_log(
    environment: Mapping[str, str], session_id: str
) -> tuple[SessionState, list[SessionEvent]]:
    """The stored snapshot of a session and its log, from the running server's database."""
    settings = load(environment)
    async with open_storage(settings, exclusive=False) as storage:
        return await storage.sessions.state(session_id), await storage.sessions.read(session_id)


def hold_interview(page: Page, say: Any, *, within_s: float = INTERVIEW_S) -> list[str]:
    """Answer every question until the goodbye; returns the answers given, by name."""
    given: list[str] = []
    listening = page.get_by_text("Listening to you")
    goodbye = page.get_by_role("heading", name="Thank you")
    deadline = time.monotonic() + within_s
    while not goodbye.is_visible():
        assert time.monotonic() < deadline, f"the interview did not end; {len(given)} answers were given"
        if not listening.is_visible():
            page.wait_for_timeout(100)
            continue
        page.wait_for_timeout(int(QUIET_S * 1000))
        if listening.is_visible() and not goodbye.is_visible():
            name = ANSWERS[len(given) % len(ANSWERS)]
            given.append(name)
            say(page, name)
            # The moderator answers, late on a busy machine, or is still waiting for more.
            with contextlib.suppress(PlaywrightTimeout):
                listening.wait_for(state="hidden", timeout=ANSWER_S * 1000)
    return given


def test_a_participant_holds_the_demo_interview_in_the_browser(
    page: Page, demo: Any, say: Any, transcribe: Any, tmp_path: Path
) -> None:
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.goto(demo.link)
    expect(page.get_by_role("heading", name="A recent errand")).to_be_visible()
    assert page.evaluate("window.__asked") == 0, "the microphone was asked for before consent"
    page.get_by_text("I have read this and I agree to take part.").click()
    page.get_by_role("button", name="Agree and continue").click()
    page.get_by_role("button", name="Turn on my microphone").click()
    page.get_by_role("button", name="Start the interview").click()
    given = hold_interview(page, say)
    assert hosts_of(requests) == hosts_of([demo.link]), "the page talked to somebody else"
    assert len(given) >= 5
    assert_all_is_kept(demo, given, transcribe)


def hosts_of(urls: list[str]) -> set[str]:
    """The hosts of addresses, ports included."""
    return {urlsplit(url).netloc for url in urls if not url.startswith(("blob:", "data:"))}


def assert_all_is_kept(demo: Any, given: list[str], transcribe: Any) -> None:
    """Log, transcript and recording of the interview hold what was said on both sides."""
    document = json.loads(demo.run("export", "latest", "--format", "json"))
    with ThreadPoolExecutor(1) as apart:  # the browser's driver has this thread's event loop
        stored, events = apart.submit(
            asyncio.run, read_log(demo.environment, document["session_id"])
        ).result()
    assert (stored.status.value, stored.reason and stored.reason.value) == ("COMPLETED", "finished")
    assert fold(events) == stored
    assert stored.fault_count == 0

    references = json.loads((SPEECH / "refs.json").read_text())
    spoken = " ".join(references[name]["text"] for name in given)
    heard = " ".join(turn.text for turn in stored.turns if turn.speaker == "participant")
    assert error_rate(spoken, heard) <= 0.10, f"\nspoken: {spoken}\nheard:  {heard}"

    recording = stored.recordings[0]
    participant, moderator = read_recording(demo.recordings / recording.key)
    speeches = [turn for turn in stored.turns if turn.speaker == "moderator"]
    answers = [turn for turn in stored.turns if turn.speaker == "participant"]
    planned = " ".join(turn.text for turn in speeches)
    sounded = transcribe([_cut(moderator, turn.start_s - 0.3, turn.end_s + 0.3) for turn in speeches])
    assert error_rate(planned, sounded) <= 0.10, f"\nplanned: {planned}\nsounded: {sounded}"
    kept = transcribe([_cut(participant, turn.start_s - 0.3, turn.end_s + 0.4) for turn in answers])
    assert error_rate(spoken, kept) <= 0.15, f"\nspoken: {spoken}\nkept:   {kept}"

    for kind in ("vtt", "txt"):
        text = demo.run("export", "latest", "--format", kind)
        assert speeches[0].text.split(".")[0] in text


def test_a_finished_interview_has_its_own_screen(page: Page, demo: Any) -> None:
    page.goto(demo.link)
    expect(page.get_by_role("heading", name="This interview is finished")).to_be_visible()


def _cut(sound: np.ndarray, start_s: float, end_s: float) -> np.ndarray:
    """A stretch of a 48 kHz recording at 16 kHz."""
    piece = sound[max(0, int(start_s * 48_000)) : int(end_s * 48_000)]
    return np.asarray(soxr.resample(piece, 48_000, 16_000), dtype=np.int16)
