"""A demo server as its own process, as a new user starts it, and a real Chromium whose microphone we speak into."""

from __future__ import annotations

import base64
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from faster_whisper import WhisperModel
from numpy.typing import NDArray
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from vivavoce.settings import load
from vivavoce.speech.store import ModelStore

SPEECH = Path(__file__).parents[1] / "data" / "speech"
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
START_TIMEOUT_S = 240
"""The first start synthesises the demo study's wording: about a minute on two idle cores."""

WINDOW_S = 28
"""Of speech, in one of Whisper's windows."""

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-quic",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
]

MICROPHONE = """
(() => {
  const context = new AudioContext({ sampleRate: 48000 });
  const out = context.createMediaStreamDestination();
  // A constant too soft to hear keeps the track flowing, as a real microphone's noise does.
  const hum = context.createConstantSource(); const soft = context.createGain(); soft.gain.value = 1e-5;
  hum.connect(soft).connect(out); hum.start();
  window.__asked = 0;
  navigator.mediaDevices.getUserMedia = async () => {
    window.__asked += 1;
    await context.resume();
    return out.stream.clone();
  };
  window.__say = async (wav) => {
    const bytes = Uint8Array.from(atob(wav), (c) => c.charCodeAt(0));
    const source = context.createBufferSource();
    source.buffer = await context.decodeAudioData(bytes.buffer);
    source.connect(out);
    await new Promise((done) => { source.onended = done; source.start(); });
  };
})();
"""
"""Replaces the browser's microphone by one that says what it is told; everything after it is the browser's own."""


@dataclass
class DemoServer:
    """`vivavoce demo` in a process of its own."""

    process: subprocess.Popen[str]
    data_dir: Path
    link: str = ""
    output: list[str] = field(default_factory=list[str])

    settings: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def environment(self) -> dict[str, str]:
        """For other commands on the same data folder."""
        return {**os.environ, **self.settings, "VIVAVOCE_DATA_DIR": str(self.data_dir)}

    @property
    def recordings(self) -> Path:
        """Where recordings are kept."""
        return self.data_dir / "recordings"

    def run(self, *arguments: str) -> str:
        """Run another `vivavoce` command beside it; returns what it prints."""
        done = subprocess.run(
            [sys.executable, "-m", "vivavoce.cli", *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, f"vivavoce {' '.join(arguments)}: {done.stdout}{done.stderr}"
        return done.stdout


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoServer]:
    data_dir = tmp_path_factory.mktemp("demo") / "data"
    process = subprocess.Popen(
        [sys.executable, "-m", "vivavoce.cli", "demo", "--port", "0"],
        env={**os.environ, "VIVAVOCE_DATA_DIR": str(data_dir), "COLUMNS": "200"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    server = DemoServer(process, data_dir)
    ready = threading.Event()

    def read() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            server.output.append(line)
            if found := re.search(r"https?://\S+/i/\S+", line):
                server.link = found.group()
                ready.set()
        ready.set()

    threading.Thread(target=read, daemon=True).start()
    ready.wait(START_TIMEOUT_S)
    assert server.link, "`vivavoce demo` printed no link:\n" + "".join(server.output)
    yield server
    process.send_signal(signal.SIGINT)
    try:
        code = process.wait(60)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    assert code == 0, "`vivavoce demo` did not stop cleanly:\n" + "".join(server.output[-30:])


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    if not Path(CHROMIUM).exists():
        pytest.fail("There is no Chromium: run `make browser`, or set CHROMIUM to a full Chromium or Chrome.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    # Without a graphics card each moving frame is painted by the processors that the interview needs as well.
    context = chromium.new_context(
        locale="en-GB", viewport={"width": 390, "height": 844}, reduced_motion="reduce"
    )
    context.add_init_script(MICROPHONE)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


def say(page: Page, name: str) -> None:
    """Speak a fixture into the page's microphone; returns when it has been said."""
    wav = base64.b64encode((SPEECH / f"{name}.wav").read_bytes()).decode()
    page.evaluate("(wav) => window.__say(wav)", wav)


@pytest.fixture(name="say")
def speak() -> Callable[[Page, str], None]:
    return say


@pytest.fixture(scope="module")
def transcribe() -> Callable[[Sequence[NDArray[np.int16]]], str]:
    """Stock faster-whisper in this process, so that what the moderator says is judged by none of our settings.

    It takes the pieces in windows of 30 s, whole ones in each: a window costs it the same, however much is said in it.
    """
    folder = ModelStore(load().models_dir).path("whisper-base")
    model = WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=2)

    def text(pieces: Sequence[NDArray[np.int16]]) -> str:
        windows: list[NDArray[np.int16]] = []
        for piece in pieces:
            if windows and len(windows[-1]) + len(piece) <= WINDOW_S * 16_000:
                windows[-1] = np.concatenate([windows[-1], piece])
            else:
                windows.append(piece)
        segments = [
            segment.text.strip()
            for sound in windows
            for segment in model.transcribe(
                sound.astype(np.float32) / 32768, language="en", beam_size=5, condition_on_previous_text=False
            )[0]
        ]
        return " ".join(segments)

    return text
