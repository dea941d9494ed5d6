"""The demo interview, held in earnest: a simulated participant answers the moderator of `studies/demo.yaml` aloud.

A host of its own is started for it as by `vivavoce simulate`, over a WebSocket; both voices are in the recording, and
the log has what was heard live. Nothing is done with it afterwards: that is what is measured.
"""

from __future__ import annotations

import asyncio
import os
import sys
import wave
from collections.abc import Mapping
from pathlib import Path

from made import ROOT
from vivavoce.pipeline.codes import Code
from vivavoce.voice.wording import SAMPLE_RATE, Prepared

STUDY = ROOT / "studies" / "demo.yaml"
LIMIT_S = 600.0

ANSWERS = (
    "I had to renew my passport at the town hall, because it ran out before our holiday in June, and we had booked it "
    "already.",
    "On the phone nobody answered, I tried for three days, and that was really annoying, so in the end I went there.",
    "The worst was the photo, they refused it because of my glasses, and I had to come again on another day.",
    "In the end it took six weeks, so we nearly missed our flight, and I was very worried the whole time.",
    "My name is Peter Miller, and they had written it wrongly, so all of it began again, form, photo and signature.",
    "The form on the web was easy, it took five minutes, and I was glad about that.",
    "The woman at the counter was friendly, and she explained everything to me twice.",
    "I would like to send the photo from home, and fetch the passport without waiting.",
    "It cost seventy euros, and I find that expensive for a small book.",
    "Most of it was online.",
    "I went there in person.",
    "It was a quiet office.",
)
"""Each on the same errand and whole by itself, for it is chance which of them answers which question."""


CODES = (
    Code(
        id="waiting",
        name="Waiting",
        definition="Waits, tries again, or has to come again.",
        examples=("I tried for three days", "come again on another day", "it took six weeks"),
    ),
    Code(
        id="helped",
        name="Helped by a person",
        definition="Somebody explains, or sees to it.",
        examples=("explained everything to me",),
    ),
)
"""The study's codes."""


async def hold_demo(data_dir: Path, sounds: Mapping[str, Prepared], folder: Path) -> None:
    """Hold it.

    Args:
        data_dir: of the host; its database and its recordings are there afterwards.
        sounds: of the answers.
        folder: for their files; it is made.
    """
    write_answers(sounds, folder)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "vivavoce.cli", "simulate", str(STUDY), "--transport", "websocket"),
        *("--answers", str(folder), "--barge-in", "0"),
        # The host's data folder is `simulate` in the one that it is given.
        env={**os.environ, "VIVAVOCE_DATA_DIR": str(data_dir.parent), "VIVAVOCE_PIPELINE__HERE": "false"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(LIMIT_S):
            said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()
    assert process.returncode == 0, f"the demo interview did not come to its end:\n{said.decode()[-3000:]}"


def write_answers(sounds: Mapping[str, Prepared], folder: Path) -> None:
    """Each as a file that participants of `vivavoce simulate` answer with."""
    folder.mkdir(parents=True)
    for place, text in enumerate(ANSWERS):
        with wave.open(str(folder / f"{place:02}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(SAMPLE_RATE)
            file.writeframes(sounds[text].pcm)
