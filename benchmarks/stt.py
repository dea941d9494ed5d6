"""Measures the recogniser: how well and how soon it hears, alone, beside captions, and eight at once.

    .venv/bin/python benchmarks/stt.py > benchmarks/stt.md

"Stock" is faster-whisper as it comes: CTranslate2, int8, a window of 30 s, greedy, no timestamps. What is compared is
measured in turns, so that a machine which others use too slows both alike: the ratio is to be trusted more than either
figure. `--captions` prints only the table of finals beside captions, of whatever speech server is installed.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import httpx
import jiwer
import numpy as np
from faster_whisper import WhisperModel
from numpy.typing import NDArray
from whisper_normalizer.english import EnglishTextNormalizer

import stt_speech as speech
from made import made
from stt_speech import Clip
from vivavoce.settings import load
from vivavoce.speech.client import SpeechBusy, SpeechClient
from vivavoce.speech.engines.base import alone
from vivavoce.speech.engines.whisper import Whisper
from vivavoce.speech.messages import EngineOptions
from vivavoce.speech.store import ModelStore

SYNTHESISED = Path(__file__).parents[1] / "build" / "stt_speech"
ROUNDS = 7
LENGTHS_S = (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0)
TOGETHER = 8
RESAMPLED = 2000
CAPTION_EVERY_S = 1.2
"""As `voice.stt` makes them."""

Hear: TypeAlias = Callable[[speech.Pcm], str]


@dataclass(frozen=True, slots=True)
class Errors:
    """Words that were heard wrongly, and words that were said, of each clip in the same order."""

    wrong: NDArray[np.int64]
    said: NDArray[np.int64]

    @property
    def rate(self) -> float:
        """Per cent."""
        return 100 * float(self.wrong.sum() / self.said.sum())


def settings() -> dict[str, Hear]:
    """The ways to hear that are compared; the first is stock, the second ours as it is served."""
    folder = ModelStore(load().models_dir).path("whisper-base")
    options = EngineOptions(folders=(folder,), threads=2)
    model = WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=2, num_workers=1)

    def stock(pcm: speech.Pcm) -> str:
        segments, _ = model.transcribe(
            pcm.astype(np.float32) / 32768,
            language="en",
            beam_size=1,
            without_timestamps=True,
            condition_on_previous_text=False,
        )
        return "".join(segment.text for segment in segments)

    engine = Whisper(options)
    engine.warm_up()
    return {
        "stock": stock,
        "short window": lambda pcm: alone(engine, engine.transcribe(pcm, "en", None, False)).text,
    }


def sets() -> dict[str, list[Clip]]:
    """The speech, by how it comes."""
    answers, recordings = speech.answers(SYNTHESISED), speech.recordings()
    people = speech.paced(speech.people())
    some = [*speech.people(), *answers[::3]]
    return {
        "people": people,
        "test recordings": recordings,
        "answers": answers,
        "noise 10 dB": [speech.noisy(clip, 10) for clip in some],
        "noise 3 dB": [speech.noisy(clip, 3) for clip in some],
        "people talking 8 dB": [speech.beside(clip, answers[50:54], 8) for clip in some],
        "quiet -30 dB": [speech.quiet(clip, 30) for clip in some],
    }


def errors(hear: Hear, clips: Sequence[Clip]) -> Errors:
    """How often clips are heard wrongly."""
    normal = EnglishTextNormalizer()
    wrong: list[int] = []
    said: list[int] = []
    for clip in clips:
        counted = jiwer.process_words(normal(clip.said), normal(hear(clip.pcm)))
        wrong.append(counted.substitutions + counted.deletions + counted.insertions)
        said.append(counted.hits + counted.substitutions + counted.deletions)
    return Errors(np.array(wrong), np.array(said))


def between(values: NDArray[np.float64]) -> str:
    """The middle 95 % of values."""
    low, high = np.percentile(values, [2.5, 97.5])
    return f"{low:.1f} to {high:.1f}"


def resampled(found: Errors) -> NDArray[np.float64]:
    """The error rate of as many clips drawn with repetition, many times: how far chance alone carries it."""
    draws = np.random.default_rng(11).integers(0, len(found.said), (RESAMPLED, len(found.said)))
    return 100 * found.wrong[draws].sum(axis=1) / found.said[draws].sum(axis=1)


def accuracy(ways: Mapping[str, Hear]) -> None:
    """Word error rates by set and setting."""
    names = list(ways)
    print(f"| sound | clips, words | {' | '.join(names)} | short window less stock |")
    print(f"|---|---|{'---|' * len(names)}---|")
    all_found: dict[str, list[Errors]] = {name: [] for name in names}
    for kind, clips in sets().items():
        found = {name: errors(hear, clips) for name, hear in ways.items()}
        for name in names:
            all_found[name].append(found[name])
        _row(kind, found)
    _row(
        "all",
        {
            name: Errors(
                np.concatenate([one.wrong for one in parts]), np.concatenate([one.said for one in parts])
            )
            for name, parts in all_found.items()
        },
    )


def _row(kind: str, found: Mapping[str, Errors]) -> None:
    stock, short = found["stock"], found["short window"]
    rates = " | ".join(f"{one.rate:.1f} % ({between(resampled(one))})" for one in found.values())
    # The same draws for both: what is compared are the same clips.
    apart = resampled(short) - resampled(stock)
    print(
        f"| {kind} | {len(stock.said)}, {stock.said.sum()} | {rates} "
        f"| {short.rate - stock.rate:+.1f} ({between(apart)}) |"
    )


def latency(ways: Mapping[str, Hear]) -> None:
    """Seconds to a text by the length of the utterance."""
    answers = speech.answers(SYNTHESISED)
    print(
        "| utterance | stock, median (min-max) | short window, median (min-max) | times as fast |\n|---|---|---|---|"
    )
    for length in LENGTHS_S:
        # Several of about this length: how many words there are matters as much as how long they last.
        clips = sorted(answers, key=lambda clip: abs(clip.sound_s - length))[:3]
        took: dict[str, list[float]] = {"stock": [], "short window": []}
        for _ in range(ROUNDS):
            for clip in clips:
                for name, seconds in took.items():
                    start = time.perf_counter()
                    ways[name](clip.pcm)
                    seconds.append(time.perf_counter() - start)
        ratio = statistics.median(took["stock"]) / statistics.median(took["short window"])
        print(f"| {length:.0f} s | {spread(took['stock'])} | {spread(took['short window'])} | {ratio:.1f} |")


def spread(seconds: Sequence[float]) -> str:
    """Median, least and most, in milliseconds."""
    return f"{statistics.median(seconds) * 1000:.0f} ms ({min(seconds) * 1000:.0f}-{max(seconds) * 1000:.0f})"


def eight() -> list[Clip]:
    """Answers of 2 to 6 s that end together."""
    return [clip for clip in speech.answers(SYNTHESISED) if 2 <= clip.sound_s <= 6][::5][:TOGETHER]


async def together(url: str, stock: Hear) -> None:
    """Eight utterances that end at one moment: when the first and the last has its text."""
    clips = eight()
    print("| way | first text, median (min-max) | last text, median (min-max) |\n|---|---|---|")
    rows: dict[str, tuple[list[float], list[float]]] = {
        "stock, one after the other": ([], []),
        "the server": ([], []),
    }
    async with SpeechClient(url, read_timeout_s=60) as client:
        for _ in range(ROUNDS):
            start = time.perf_counter()
            ends: list[float] = []
            for clip in clips:
                stock(clip.pcm)
                ends.append(time.perf_counter() - start)
            _note(rows["stock, one after the other"], ends)
            start = time.perf_counter()

            async def one(clip: Clip, start: float) -> float:
                await client.transcribe(clip.pcm.tobytes(), language="en")
                return time.perf_counter() - start

            _note(rows["the server"], await asyncio.gather(*(one(clip, start) for clip in clips)))
    for name, (first, last) in rows.items():
        print(f"| {name} | {spread(first)} | {spread(last)} |")
    print(
        f"\nThe eight are {min(c.sound_s for c in clips):.1f} to {max(c.sound_s for c in clips):.1f} s long."
    )


def _note(row: tuple[list[float], list[float]], ends: Sequence[float]) -> None:
    row[0].append(min(ends))
    row[1].append(max(ends))


async def captions(url: str) -> None:
    """A final text while captions are made of what others say, a new one every `CAPTION_EVERY_S`."""
    clips = [clip for clip in speech.answers(SYNTHESISED) if 4 <= clip.sound_s <= 7]
    final = min(clips, key=lambda clip: abs(clip.sound_s - 4))
    print(
        "| others who speak, with captions | final text, median (min-max) | captions made, dropped |\n|---|---|---|"
    )
    async with SpeechClient(url, read_timeout_s=60) as client:
        for others in (0, 1, 3, 6):
            counts = [0, 0]

            async def speaks(number: int, counts: list[int]) -> None:
                clip = clips[number % len(clips)]
                await asyncio.sleep(CAPTION_EVERY_S * number / 6)
                while True:
                    asked = time.perf_counter()
                    try:
                        await client.transcribe(clip.pcm.tobytes(), language="en", priority="partial")
                        counts[0] += 1
                    except SpeechBusy:
                        counts[1] += 1
                    await asyncio.sleep(max(0.0, CAPTION_EVERY_S - (time.perf_counter() - asked)))

            tasks = [asyncio.create_task(speaks(number, counts)) for number in range(others)]
            took: list[float] = []
            for index in range(3 * ROUNDS):
                await asyncio.sleep(0.35 + 0.07 * (index % 5))
                start = time.perf_counter()
                await client.transcribe(final.pcm.tobytes(), language="en")
                took.append(time.perf_counter() - start)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            print(f"| {others} | {spread(took)} | {counts[0]}, {counts[1]} |")


async def over_http(url: str) -> None:
    """Seconds to a text for a caller of the server, the way through HTTP and two processes included."""
    print("| utterance | median (min-max) |\n|---|---|")
    async with SpeechClient(url, read_timeout_s=60) as client:
        for clip in eight()[::2]:
            took: list[float] = []
            for _ in range(ROUNDS):
                start = time.perf_counter()
                await client.transcribe(clip.pcm.tobytes(), language="en")
                took.append(time.perf_counter() - start)
            print(f"| {clip.sound_s:.1f} s | {spread(took)} |")


@contextmanager
def server() -> Generator[str]:
    """A speech server that hears, ready; its address."""
    command = [sys.executable, "-m", "vivavoce.cli", "speech", "--port", "0", "--engines", "whisper"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().split()[1]
        while httpx.get(f"{url}/readyz").status_code != 200:
            time.sleep(0.2)
        try:
            yield url
        finally:
            process.terminate()


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--captions", action="store_true", help="only the finals beside captions")
    if parser.parse_args().captions:
        with server() as url:
            asyncio.run(captions(url))
        return
    command = ".venv/bin/python benchmarks/stt.py > benchmarks/stt.md"
    packages = ("onnxruntime", "numpy", "faster-whisper", "ctranslate2")
    print(INTRODUCTION.format(made=made(command, *packages), rounds=ROUNDS))
    ways = settings()
    print("## How soon it hears\n")
    latency(ways)
    with server() as url:
        print("\n## Eight utterances that end together\n")
        asyncio.run(together(url, ways["stock"]))
        print("\n## How soon a caller of the server has the text\n")
        asyncio.run(over_http(url))
        print("\n## A final text beside captions\n")
        asyncio.run(captions(url))
    print("\n## How well it hears\n")
    accuracy(ways)
    print(CONCLUSION)


INTRODUCTION = """# Hearing

{made}
Medians of {rounds} rounds; least and most in brackets. Whisper base in 8 bits, two threads. Word error rates are
counted after Whisper's own normalisation of English; in brackets the middle 95 % of 2,000 draws of as many clips.

Expected before measuring: the short window is at least 4 times as fast as stock for 2 to 6 s, eight utterances that
end together have their texts within 0.7 s, a final text beside captions waits no more than 0.1 s longer, and no set is
heard worse than stock beyond what chance explains.
"""

CONCLUSION = """"""

if __name__ == "__main__":
    main()
