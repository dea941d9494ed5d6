"""What the guard adds to the first sample: `make bench` or this script writes `guard.md`.

One sentence of a model's goes through the moderator's speaking end, with a guard and without: livekit's node, our TTS,
the gate, and Llama Guard's client over real HTTP. The voice and the guard model are played, each with a fixed latency:
what is measured is what lies between them. Added is the first frame with the guard, less the median without it; allowed
is max(0, guard − TTS) + 30 ms, with the guard's time as the log has it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import statistics
import tempfile
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from livekit.agents import ModelSettings

from made import ROOT, made
from vivavoce.moderator.director import Director
from vivavoce.moderator.guard.guards import Guards
from vivavoce.moderator.guard.watch import Watch
from vivavoce.moderator.interviewer import Interviewer
from vivavoce.protocol.check import load_study
from vivavoce.protocol.facts import SentenceJudged
from vivavoce.protocol.progress import Progress
from vivavoce.settings import GuardProfile, GuardSettings
from vivavoce.voice.tts import ServerTTS
from vivavoce.voice.wording import Voice, WordingStore

TABLE = Path(__file__).with_suffix(".md")
TTS_S = (0.1, 0.5)
GUARD_S = (0.0, 0.05, 0.2, 0.5, 0.8, 1.2)
OVERHEAD_S = 0.03
RATE = 24_000
SENTENCE = "You had to wait at the market for a long time."
VOICE = Voice("kokoro", "af_heart", "en")


class PlayedSpeech:
    """The speech server's client: the first sound of a text after a fixed time."""

    def __init__(self, first_s: float) -> None:
        self.first_s = first_s
        self.sample_rate = RATE
        self.begins_s = 0.0

    @asynccontextmanager
    async def speak(self, text: str, **_: Any) -> AsyncGenerator[PlayedSpeech]:
        yield self

    async def __aiter__(self) -> AsyncIterator[bytes]:
        await asyncio.sleep(self.first_s)
        for _ in range(10):
            yield bytes(RATE // 5)


@asynccontextmanager
async def played_guard() -> AsyncGenerator[tuple[str, dict[str, float]]]:
    """An OpenAI-compatible server that says `safe` after a time that may be changed; gives its URL."""
    latency = {"s": 0.0}
    body = json.dumps(
        {
            "object": "chat.completion",
            "choices": [{"message": {"role": "assistant", "content": "\n\nsafe"}, "finish_reason": "stop"}],
        }
    ).encode()

    serving: list[asyncio.Task[None]] = []

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.append(asyncio.create_task(serve(reader, writer)))

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while not reader.at_eof():
            try:
                head = await reader.readuntil(b"\r\n\r\n")
            except asyncio.IncompleteReadError:
                break
            await reader.readexactly(int(re.findall(rb"content-length: (\d+)", head.lower())[0]))
            await asyncio.sleep(latency["s"])
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", latency
    finally:
        server.close()
        await asyncio.gather(*serving)  # their clients have gone


@dataclass(frozen=True)
class Row:
    """One pair of latencies, seconds."""

    tts_s: float
    guard_s: float
    added_s: list[float]
    over_s: list[float]


async def first_frame(speaker: Interviewer, text: str) -> float:
    """Seconds from a text to its first frame."""

    async def texts() -> AsyncGenerator[str]:
        yield text

    began = time.perf_counter()
    frames = speaker.tts_node(texts(), ModelSettings())
    await anext(frames)
    took_s = time.perf_counter() - began
    await frames.aclose()
    return took_s


async def measure(times: int) -> list[Row]:
    """Every pair of latencies, so many times each."""
    study = load_study(
        (ROOT / "studies" / "demo.yaml").read_bytes() + b"\nmoderator: {mode: semi_structured}\n",
        source="demo",
    )
    director = Director(
        study, language=lambda: "en", progress=Progress, record=lambda facts: None, thinks=True
    )
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        async with played_guard() as (url, latency):
            guards = Guards(GuardSettings(default=("g",), profiles={"g": GuardProfile(base_url=url)}))
            # As every session does before its participant speaks.
            await guards.chain(study.guard).warm()
            for tts_s in TTS_S:
                speech: Any = PlayedSpeech(tts_s)
                voice = ServerTTS(speech, WordingStore(Path(folder)), VOICE)
                plain = Interviewer(director, answer=lambda _: None, voice=voice)
                await first_frame(plain, SENTENCE)
                without = statistics.median([await first_frame(plain, SENTENCE) for _ in range(times)])
                for guard_s in GUARD_S:
                    latency["s"] = guard_s
                    added, over = [], []
                    for _ in range(times):
                        judged: list[SentenceJudged] = []
                        watch = Watch(
                            study,
                            lambda: "en",
                            guards.chain(study.guard),
                            write=judged.append,
                            now_s=time.monotonic,
                        )
                        speaker = Interviewer(director, answer=lambda _: None, voice=voice, watch=watch)
                        reply = watch.reply("I had to wait.")
                        more_s = await first_frame(speaker, reply.submit(SENTENCE, None)) - without
                        added.append(more_s)
                        over.append(more_s - max(0.0, judged[0].verdicts[-1].took_s - without))
                    rows.append(Row(tts_s, guard_s, added, over))
            await guards.aclose()
    return rows


def table(rows: list[Row], times: int, how: str) -> str:
    """The page; `how` says how it was made."""
    lines = [
        "# What the guard adds to the first sample",
        "",
        how,
        "",
        f"One sentence, {times} times each, through the moderator's speaking end; voice and guard model are played "
        "with these latencies, HTTP between them is real. Added: the first frame with the guard, less the median "
        "without it. Over: what of that is more than max(0, guard − TTS), as measured each time; allowed are "
        f"{OVERHEAD_S * 1000:.0f} ms.",
        "",
        "| TTS, ms | guard, ms | added p50, ms | added max, ms | over p50, ms | over max, ms | |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        met = "met" if max(row.over_s) <= OVERHEAD_S else "missed"
        figures = [
            row.tts_s,
            row.guard_s,
            statistics.median(row.added_s),
            max(row.added_s),
            statistics.median(row.over_s),
            max(row.over_s),
        ]
        lines.append(f"| {' | '.join(f'{figure * 1000:.0f}' for figure in figures)} | {met} |")
    lines += [
        "",
        "A guard that is quicker than the voice costs nothing: it works while the sentence is synthesised.",
        "",
    ]
    return "\n".join(lines)


def main() -> None:
    """Measure and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=10)
    times: int = parser.parse_args().times
    how = made(f"python benchmarks/guard.py --times {times}", "livekit-agents", "httpx")
    TABLE.write_text(table(asyncio.run(measure(times)), times, how), encoding="utf-8")


if __name__ == "__main__":
    main()
