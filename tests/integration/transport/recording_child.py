"""A process that records in real time until it is killed: `recording_child.py PATH`. Prints what it has put in."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

import numpy as np

from vivavoce.transport.recording import Recorder

PIECE_S = 0.02


def voice(hz: float, begin_s: float) -> bytes:
    t = begin_s + np.arange(960) / 48_000
    return (8000 * np.sin(2 * np.pi * hz * t)).astype(np.int16).tobytes()


async def main() -> None:
    recorder = Recorder(Path(sys.argv[1]))
    begin = time.monotonic()
    while True:
        now_s = time.monotonic() - begin
        at_s = round(now_s / PIECE_S) * PIECE_S
        recorder.participant(voice(400, at_s), at_s)
        recorder.moderator(voice(1000, at_s), at_s)
        print(f"{at_s + PIECE_S:.2f}", flush=True)
        await asyncio.sleep(PIECE_S - (time.monotonic() - begin) % PIECE_S)


asyncio.run(main())
