# pyright: basic, reportMissingImports=false
"""A Pipecat bot's voice, driven: a turn that comes token by token, interruptions, and a turn after them.

Runs in Pipecat's own environment, beside the programs of `docs/how-to/pipecat.md`, and prints what it saw as JSON. What
it played is in `turn.wav` and `after.wav`.

    python pipecat_child.py http|socket URL ENGINE TURN LATER_TURN
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
import wave

import aiohttp
from pipecat.frames.frames import (
    EndFrame,
    ErrorFrame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    OutputAudioRawFrame,
    StartFrame,
    TTSSpeakFrame,
    TTSStoppedFrame,
    TTSTextFrame,
)
from pipecat.observers.base_observer import BaseObserver, FramePushed
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.transports.base_output import BaseOutputTransport
from pipecat.transports.base_transport import TransportParams
from pipecat.workers.runner import WorkerRunner
from say import service

LONG = "Could you tell me about a day when working from home was difficult? " * 8
INTERRUPTIONS = 3
WAIT_S = 60.0


class Speaker(BaseOutputTransport):
    """An output transport whose loudspeaker keeps what it plays, and takes as long as the sound is."""

    def __init__(self) -> None:
        super().__init__(TransportParams(audio_out_enabled=True, audio_out_auto_silence=False))
        self.played = bytearray()
        self.played_at = 0.0
        self.rate = 0
        self.free_at = 0.0

    async def start(self, frame: StartFrame) -> None:
        await super().start(frame)
        await self.set_transport_ready(frame)

    async def write_audio_frame(self, frame: OutputAudioRawFrame) -> bool:
        now = time.monotonic()
        self.rate = frame.sample_rate
        self.played += frame.audio
        self.played_at = now
        self.free_at = max(self.free_at, now) + len(frame.audio) / 2 / frame.sample_rate
        await asyncio.sleep(self.free_at - now)
        return True

    @property
    def played_s(self) -> float:
        return len(self.played) / 2 / self.rate if self.rate else 0.0


class Watch(BaseObserver):
    """Notes what the voice says of itself."""

    def __init__(self, voice) -> None:
        super().__init__()
        self.voice = voice
        self.stopped = asyncio.Event()
        self.words: list[str] = []
        self.errors: list[str] = []

    async def on_push_frame(self, data: FramePushed) -> None:
        if isinstance(data.frame, ErrorFrame):
            self.errors.append(data.frame.error)
        elif data.source is self.voice and isinstance(data.frame, TTSTextFrame):
            self.words.append(data.frame.text)
        elif isinstance(data.source, Speaker) and isinstance(data.frame, TTSStoppedFrame):
            self.stopped.set()


class Bot:
    """The pipeline, and what is done with it."""

    def __init__(self, way: str, url: str, engine: str) -> None:
        self.url, self.engine = url, engine
        self.voice = service(way, url)
        self.speaker = Speaker()
        self.watch = Watch(self.voice)
        self.worker = PipelineWorker(Pipeline([self.voice, self.speaker]), observers=[self.watch])

    async def in_hand(self, http: aiohttp.ClientSession) -> float:
        """The server's requests in hand."""
        async with http.get(f"{self.url}/metrics") as response:
            text = await response.text()
        found = re.search(rf'requests_in_hand\{{engine="{self.engine}"\}} (\S+)', text)
        assert found is not None, text
        return float(found[1])

    async def turn(self, name: str, frames: list) -> dict:
        """Have it say something to the end."""
        self.speaker.played.clear()
        self.watch.words.clear()
        self.watch.stopped.clear()
        began = time.monotonic()
        await self.worker.queue_frames(frames)
        await until(lambda: self.speaker.played)
        first_s = time.monotonic() - began
        async with asyncio.timeout(WAIT_S):
            await self.watch.stopped.wait()
        with wave.open(f"{name}.wav", "wb") as file:
            file.setparams((1, 2, self.speaker.rate, 0, "NONE", ""))
            file.writeframes(bytes(self.speaker.played))
        return {"first_s": first_s, "words": list(self.watch.words)}

    async def interruption(self, http: aiohttp.ClientSession) -> dict:
        """Interrupt it in the middle of a long text, while the engine is at work on it."""
        self.speaker.played.clear()
        await self.worker.queue_frame(TTSSpeakFrame(LONG))
        await until(lambda: self.speaker.played_s > 0.5)
        at_work = await self.in_hand(http)
        interrupted = time.monotonic()
        await self.worker.queue_frame(InterruptionFrame())
        while await self.in_hand(http):
            assert time.monotonic() < interrupted + WAIT_S, "the engine goes on"
        idle_s = time.monotonic() - interrupted
        # Sound that was under way would come now.
        await asyncio.sleep(0.5)
        return {
            "at_work": at_work,
            "idle_s": idle_s,
            "silent_s": max(0.0, self.speaker.played_at - interrupted),
            "again": await self.in_hand(http),
        }


async def until(condition) -> None:
    async with asyncio.timeout(WAIT_S):
        while not condition():
            await asyncio.sleep(0.005)


def tokens(text: str) -> list:
    """A text as a language model sends it."""
    return [
        LLMFullResponseStartFrame(),
        *(LLMTextFrame(token) for token in re.findall(r"\s*\S{1,4}", text)),
        LLMFullResponseEndFrame(),
    ]


async def main() -> None:
    way, url, engine, turn, after = sys.argv[1:]
    bot = Bot(way, url, engine)
    runner = WorkerRunner()
    await runner.add_workers(bot.worker)
    running = asyncio.create_task(runner.run())
    async with aiohttp.ClientSession() as http:
        seen = {
            "turn": await bot.turn("turn", tokens(turn)),
            "interruptions": [await bot.interruption(http) for _ in range(INTERRUPTIONS)],
            "after": await bot.turn("after", [TTSSpeakFrame(after)]),
        }
    await bot.worker.queue_frame(EndFrame())
    await running
    print(json.dumps({**seen, "errors": bot.watch.errors}))


asyncio.run(main())
