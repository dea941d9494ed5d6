"""Our speech server against the raw engine and other people's servers: the table of speech_server.md.

    make guests
    .venv/bin/python benchmarks/speech_server.py                    writes speech_server.md: 20 quiet minutes
    .venv/bin/python benchmarks/speech_server.py --quick            one round, printed only: about 4 minutes
    .venv/bin/python benchmarks/speech_server.py --streams 1000     only memory over 1,000 streams: speech_streams.md

Everybody says the same texts with the same model and voice. Each contender is started anew for each round, alone on the
machine, and the rounds of the contenders take turns, the first one another time: what slows the machine slows all.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path

from contenders import GUESTS, Contender, Voice, fastkokoro, ours, piper_http, raw
from footprint import descriptors, pss, watch
from made import made
from speech_figures import Record, Records, Run, reading, table
from vivavoce.settings import load
from vivavoce.speech.store import ModelStore

SENTENCES = (
    "Thank you for joining me today.",
    "I would like to hear about the people you work with.",
    "Could you tell me about a day when working from home was difficult, and what you did to change it?",
    "Take all the time you need; there are no wrong answers to this one.",
)
TEXT = " ".join(SENTENCES)
TABLE = Path(__file__).with_suffix(".md")
STREAMS_TABLE = TABLE.with_name("speech_streams.md")
SETTLE_S = 2.0
SHORT = "Thank you, go on."
LONE_TURNS = 8
"""Texts that a client says at least who is alone, and two between them: one of half a second is a matter of luck."""

Start = Callable[[Voice, Path], AbstractAsyncContextManager[Contender]]


@dataclass(frozen=True, slots=True)
class Trial:
    """What is tried with one engine.

    Attributes:
        title: of its table.
        voice: what is spoken with.
        contenders: by name, the raw engine and ours first.
        text: what every client asks for.
        turns: how many times in a row.
        clients: how many, one number after the other.
        memory_mb: what ours is allowed.
    """

    title: str
    voice: Voice
    contenders: Mapping[str, Start]
    text: str
    turns: int
    clients: tuple[int, ...]
    memory_mb: int | None = None


async def one_round(trial: Trial, name: str, record: Record, log: Path) -> None:
    """Start a contender, have all numbers of clients ask it, and stop it."""
    async with trial.contenders[name](trial.voice, log) as contender:
        warm = await contender.speak(1, [trial.text])
        if warm[0].error:
            raise RuntimeError(f"{name} cannot say the text: {warm[0].error}")
        await asyncio.sleep(SETTLE_S)
        record.before.append(pss(contender.pid))
        for clients in trial.clients:
            with watch(contender.pid) as peak:
                heard = await contender.speak(clients, [trial.text] * max(trial.turns, LONE_TURNS // clients))
            # The last one's end: what the clients do afterwards is not the contender's time.
            wall_s = max(
                sum(one.last_s for one in heard if one.client == client) for client in range(clients)
            )
            record.runs.setdefault(clients, []).append(Run(heard, wall_s, peak.bytes))
            say(f"  {name}, {clients} clients: {wall_s:.1f} s, {record.runs[clients][-1].failures()} failed")
        await asyncio.sleep(SETTLE_S)
        record.after.append(pss(contender.pid))


async def compare(trial: Trial, rounds: int, folder: Path, deadline: float) -> Records:
    """All rounds of all contenders; fewer than `rounds` when the time is up."""
    records = {name: Record() for name in trial.contenders}
    names = list(records)
    longest = 0.0
    for number in range(rounds):
        if number and time.monotonic() + longest > deadline:
            say(f"  no time for round {number + 1}")
            break
        began = time.monotonic()
        for name in names[number % len(names) :] + names[: number % len(names)]:
            say(f"{trial.title}, round {number + 1}: {name}")
            await one_round(trial, name, records[name], folder / f"{name.replace(' ', '-')}.log")
        longest = max(longest, time.monotonic() - began)
    return records


def say(progress: str) -> None:
    """Tell whoever waits."""
    print(progress, file=sys.stderr, flush=True)


async def streams(voice: Voice, count: int, folder: Path) -> None:
    """Memory and file descriptors over many short streams one after the other."""
    command = f"python benchmarks/speech_server.py --streams {count}"
    lines = [STREAMS.format(made=made(command, "piper-tts", "onnxruntime"), text=SHORT)]
    failed = 0
    async with ours(voice, folder / "streams.log") as contender:
        for done in range(0, count + 1, max(1, count // 10)):
            await asyncio.sleep(SETTLE_S)
            lines.append(f"| {done} | {pss(contender.pid) / 2**20:.1f} MB | {descriptors(contender.pid)} |")
            say(lines[-1])
            if done < count:
                for _ in range(max(1, count // 10)):
                    failed += (await contender.speak(1, [SHORT]))[0].error is not None
    STREAMS_TABLE.write_text("\n".join([*lines, "", f"{failed} of {count} failed."]) + "\n", encoding="utf-8")


def guest_versions() -> Iterable[str]:
    """The versions of other people's programs, and of the ONNX Runtime they run on."""
    for guest, package in (("piper-http", "piper-tts"), ("fastkokoro", "fastkokoro")):
        code = f"from importlib.metadata import version as v; print(v({package!r}), v('onnxruntime'))"
        python = GUESTS / guest / "bin" / "python"
        if not python.exists():
            sys.exit(f"{python} is missing. Run `make guests`.")
        found = subprocess.run(
            [python, "-c", code], capture_output=True, text=True, check=True
        ).stdout.split()
        yield f"{package} {found[0]} with onnxruntime {found[1]}"


def trials(models: ModelStore, *, quick: bool) -> tuple[Trial, Trial]:
    """What is tried."""
    piper = Voice("piper", models.path("piper-en_US-joe-medium"), "en_US-joe-medium", 22_050)
    kokoro = Voice("kokoro", models.path("kokoro-82m-int8"), "af_heart", 24_000)
    start: dict[str, Start] = {"raw, one thread a call": raw, "vivavoce speech": ours}
    return (
        Trial(
            "Piper",
            piper,
            {**start, "piper.http_server": piper_http},
            TEXT,
            1 if quick else 2,
            (1, 8, 20) if quick else (1, 2, 4, 8, 20),
            memory_mb=400,
        ),
        # It is ten times slower: two sentences instead of four, once.
        Trial(
            "Kokoro",
            kokoro,
            {**start, "fastkokoro": fastkokoro},
            " ".join(SENTENCES[:2]),
            1,
            (1, 4) if quick else (1, 2, 4, 8, 20),
        ),
    )


async def measure(arguments: argparse.Namespace, folder: Path) -> None:
    """Measure, and print the tables."""
    models = ModelStore(load().models_dir)
    both = trials(models, quick=arguments.quick)
    if arguments.streams:
        await streams(both[0].voice, arguments.streams, folder)
        return
    command = " ".join(["python benchmarks/speech_server.py", *sys.argv[1:]])
    provenance = f"{made(command, 'piper-tts', 'onnxruntime')} Beside them {', '.join(guest_versions())}."
    lines = [INTRODUCTION.format(made=provenance, text=TEXT, length=len(TEXT))]
    tried = [trial for trial in both if arguments.engine in (None, trial.voice.engine)]
    began = time.monotonic()
    rounds = 1 if arguments.quick else arguments.rounds
    for share, trial in zip((0.4, 1.0)[-len(tried) :], tried, strict=True):
        records = await compare(trial, rounds, folder, began + 60 * arguments.minutes * share)
        done = len(next(iter(records.values())).before)
        lines.append(
            f"## {trial.title}, {trial.voice.voice}: {len(trial.text)} characters, {done} round(s)\n"
        )
        lines += [*table(records), "", "Read against the goals:", "", *reading(records, trial.memory_mb), ""]
    lines.append(f"It took {(time.monotonic() - began) / 60:.0f} minutes.")
    report = "\n".join(lines) + "\n"
    if not arguments.quick and arguments.engine is None:
        TABLE.write_text(report, encoding="utf-8")
    print(report)


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="one round, fewer clients, printed only")
    parser.add_argument("--engine", choices=("piper", "kokoro"), help="only this one, printed only")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each contender (default 3)")
    parser.add_argument(
        "--minutes", type=float, default=20, help="begin no round that would end later (default 20)"
    )
    parser.add_argument("--streams", type=int, default=0, help="only so many short streams, for the memory")
    arguments = parser.parse_args()
    # Whoever ends it ends the contenders with it.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="speech-server-") as folder:
        asyncio.run(measure(arguments, Path(folder)))


STREAMS = """# Memory and file descriptors of the speech server over many streams

{made}

The real server with Piper in its own process; one client asks for “{text}” again and again, one after the other. Memory
is the proportional set size of all its processes, two seconds after the last stream.

| streams | memory | file descriptors |
|---|---|---|"""

INTRODUCTION = """# The speech server beside the raw engine and other people's servers

{made}

Every client asks for the same text several times in a row, one alone eight times; all begin together. First audio is
the first audible sample by its energy, at the client, from the moment it asked. Contenders run one at a time, each in
a process of its own; the clients of servers are in another one, on the same processors. The raw engine has no server:
its clients are threads beside it. Memory is the proportional set size of all of a contender's processes. `stalled` is
for how long a listener who plays what comes as it comes had nothing left to play. Fairness is the longest wait for
first audio by the shortest: of those who begin together, then of the clients' mean waits over all their texts. The
text, {length} characters:

> {text}

Expected before measuring: a server costs its own processes' time on the same two cores, some hundredths of Piper's
and hardly any of Kokoro's. Ours makes Piper's sound in windows of a sentence, the first one of half a second, and gives
each of those who came together its first step before one has its second: first audio in about half of raw's time with
any number of clients, and a fairness below 2. The windows' edges cost some hundredths of the throughput. Kokoro cannot
be cut so: ours serves one after another, so half of the clients hear it in half of raw's time and the last no later,
with a fairness about as large as the number of clients. piper.http_server sends a text when it is whole:
four or five times later. fastkokoro speaks a sentence at a time like us, on the same model. Memory: ours 400 MB with
Piper; raw grows with its threads.
"""

if __name__ == "__main__":
    main()
