"""A Pipecat bot speaks with our server, over Pipecat's own OpenAI service and over the WebSocket.

Pipecat lives in an environment of its own (`requirements/guests-pipecat.txt`), which is made here where it is missing.
What runs there is what `docs/how-to/pipecat.md` shows.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import time
import wave
from collections.abc import Generator
from pathlib import Path
from typing import Any

import httpx
import jiwer
import numpy as np
import pytest
import soxr
from tests.integration.speech.conftest import run_command
from whisper_normalizer.english import EnglishTextNormalizer

from vivavoce.speech.client import SpeechClient

pytestmark = [pytest.mark.models, pytest.mark.timeout(300)]

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "how-to" / "pipecat.md"
CHILD = Path(__file__).with_name("pipecat_child.py")
PYTHON = ".setup/guests/pipecat/bin/python"
STAMP = ".setup/guests/pipecat/installed"
STOP_S = 0.2
"""The promise: so long after an interruption the engine is idle."""

TURN = "Thank you for joining me today. How was your week?"
AFTER = "Please go on, I am listening."

NORMAL = EnglishTextNormalizer()


@pytest.fixture(scope="session")
def pipecat() -> str:
    """The interpreter of Pipecat's environment."""
    made = subprocess.run(["make", "-s", STAMP], cwd=ROOT, capture_output=True, text=True, timeout=240)
    if made.returncode != 0:
        why = f"Pipecat's environment cannot be made: make {STAMP} says\n{made.stderr[-2000:]}"
        # Whoever works without a network can go on; what is submitted is tried whole.
        pytest.fail(why) if os.environ.get("CI") else pytest.skip(why)
    return str(ROOT / PYTHON)


@pytest.fixture(scope="session")
def server() -> Generator[str]:
    """The URL of a server with Kokoro, and Whisper to hear what it said."""
    with run_command("--engines", "kokoro,whisper", "--models-dir", models()) as command:
        deadline = time.monotonic() + 120
        while httpx.get(f"{command.url}/readyz").status_code != 200:
            assert time.monotonic() < deadline, httpx.get(f"{command.url}/readyz").text
            time.sleep(0.2)
        yield command.url


def models() -> str:
    return str(Path(os.environ.get("VIVAVOCE_MODELS_DIR") or "~/.cache/vivavoce/models").expanduser())


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A folder with the programs of the page."""
    blocks = re.findall(r"```python\n# (\S+)\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert {name for name, _ in blocks} == {"say.py", "vivavoce_tts.py"}
    for name, code in blocks:
        (tmp_path / name).write_text(code, encoding="utf-8")
    return tmp_path


def run(pipecat: str, folder: Path, *arguments: str) -> str:
    """What a program in Pipecat's environment prints; it must end well."""
    environment = {**os.environ, "PYTHONPATH": str(folder), "LOGURU_LEVEL": "WARNING"}
    done = subprocess.run(
        [pipecat, *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=150
    )
    assert done.returncode == 0, done.stderr[-6000:]
    return done.stdout


def pcm_of(path: Path) -> tuple[np.ndarray[Any, np.dtype[np.int16]], int]:
    with wave.open(str(path)) as reader:
        assert (reader.getnchannels(), reader.getsampwidth()) == (1, 2)
        return np.frombuffer(reader.readframes(reader.getnframes()), "<i2"), reader.getframerate()


def heard(server: str, path: Path) -> str:
    """What Whisper hears in a wav file."""
    pcm, rate = pcm_of(path)
    sound = np.asarray(soxr.resample(pcm, rate, 16_000)).astype("<i2").tobytes()

    async def transcribe() -> str:
        async with SpeechClient(server, read_timeout_s=60) as client:
            return (await client.transcribe(sound, language="en")).text

    return asyncio.run(transcribe())


def understood(server: str, path: Path, said: str) -> None:
    """The file says a text, at the pace of speech."""
    assert jiwer.wer(NORMAL(said), NORMAL(heard(server, path))) <= 0.1
    pcm, rate = pcm_of(path)
    assert len(said) / 25 < len(pcm) / rate < len(said) / 7


@pytest.mark.parametrize("way", ["http", "socket"])
def test_the_program_of_the_page_says_a_text(pipecat: str, server: str, programs: Path, way: str) -> None:
    text = "Good morning. How are you today?"
    run(pipecat, programs, "say.py", way, server, text, "said.wav")
    understood(server, programs / "said.wav", text)


@pytest.mark.parametrize("way", ["http", "socket"])
def test_a_bot_takes_turns_and_is_interrupted(pipecat: str, server: str, programs: Path, way: str) -> None:
    seen = json.loads(run(pipecat, programs, str(CHILD), way, server, "kokoro", TURN, AFTER))
    assert seen["errors"] == []
    understood(server, programs / "turn.wav", TURN)
    assert " ".join(seen["turn"]["words"]) == TURN
    for interruption in seen["interruptions"]:
        # The engine was at work when it was interrupted, and then neither it nor the loudspeaker was.
        assert interruption["at_work"] == 1
        assert interruption["again"] == 0
        assert interruption["idle_s"] < STOP_S + 0.8
        assert interruption["silent_s"] < STOP_S + 0.3
    # What a busy machine adds is no fault of the server's; it takes away nothing.
    assert min(interruption["idle_s"] for interruption in seen["interruptions"]) < STOP_S
    understood(server, programs / "after.wav", AFTER)
