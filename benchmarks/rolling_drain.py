"""Those who hold interviews are replaced one after the other while they do: `rolling_drain.md`.

    PYTHONPATH=tests/lib .venv/bin/python benchmarks/rolling_drain.py [--shape hosts] [--sessions 10] [--think-s 20]
        [--rows FILE]

Simulated participants speak, to two servers on one database, or through an SFU to two agent workers; as soon as one is
done another one comes, until both have been replaced. Each is told to end by SIGTERM, as a rolling update does it; its
replacement is started at that moment. `--rows` keeps what was measured, so that loads can be compared in one table.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import statistics
import time
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil
from caller import Caller
from pydantic import TypeAdapter
from server_process import Books
from two_questions import finish

from crews import PREWARMED, SHAPES, Crew, crew_of
from made import made
from said import missing
from shapes import STUDY
from vivavoce.agent.lag import lags
from vivavoce.session.events import TurnTimed
from vivavoce.session.status import SessionStatus

TABLE = Path(__file__).with_suffix(".md")
STAGGER_S = 5.0
LONGEST_S = 400.0
"""An interview that takes longer than this has been lost somewhere."""
LAG = "vivavoce_event_loop_lag_seconds"


@dataclass(frozen=True)
class Replaced:
    """One's end, in seconds after it was told, and how many interviews it held then."""

    held: int
    unready_s: float
    ended_s: float
    code: int
    replacement_ready_s: float


@dataclass(frozen=True)
class Run:
    """Both replaced, under a load.

    Attributes:
        made: how it was measured.
        shape: one of `SHAPES`.
        lost: interviews that did not come to their own end.
        words, lost_words, misheard: that participants said, and what became of them; see `said.Missing`.
        ends: how many interviews ended in which way.
        refused: why participants had to ask again.
        first_voice_s: seconds from asking for a line until the moderator's first word.
        responses_s: seconds from a participant's last sound to the moderator's next.
        holder_lags_s, own_lags_s: how late the event loops of those who hold interviews, and of all participants
            together, were.
        busy: how busy the machine was, percent of all cores, second by second.
        own: how busy the participants were, percent of one core.
        memory_gb: most that was in use at once, on the whole machine.
    """

    made: str
    shape: str
    sessions: int
    think_s: float
    steps: tuple[Replaced, ...]
    interviews: int
    ends: dict[str, int]
    lost: int
    words: int
    lost_words: int
    misheard: int
    refused: dict[str, int]
    first_voice_s: tuple[float, ...]
    responses_s: tuple[float, ...]
    holder_lags_s: tuple[float, ...]
    own_lags_s: tuple[float, ...]
    busy: tuple[float, ...]
    own: tuple[float, ...]
    memory_gb: float


@dataclass
class Gauges:
    """What the machine was like meanwhile."""

    holder_lags_s: list[float] = field(default_factory=list[float])
    own_lags_s: list[float] = field(default_factory=list[float])
    busy: list[float] = field(default_factory=list[float])
    own: list[float] = field(default_factory=list[float])
    memory: int = 0

    async def run(self, crew: Crew) -> None:
        """Look every second, until cancelled."""
        itself = psutil.Process()
        psutil.cpu_percent()
        itself.cpu_percent()
        async for lag_s in lags():
            self.own_lags_s.append(lag_s)
            self.busy.append(psutil.cpu_percent())
            self.own.append(itself.cpu_percent())
            self.memory = max(self.memory, psutil.virtual_memory().used)
            for one in crew.alive:
                # One that is starting or ending has nothing to say.
                with contextlib.suppress(httpx.HTTPError):
                    self.holder_lags_s.append(await one.measured(LAG))


@asynccontextmanager
async def gauged(crew: Crew) -> AsyncGenerator[Gauges]:
    """Look while the context lasts."""
    gauges = Gauges()
    looking = asyncio.create_task(gauges.run(crew), name="gauges")
    try:
        yield gauges
    finally:
        looking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await looking


@dataclass
class Load:
    """Interviews that are held again and again by a number of participants."""

    crew: Crew
    books: Books
    think_s: float
    enough: asyncio.Event = field(default_factory=asyncio.Event)
    callers: list[Caller] = field(default_factory=list[Caller])
    first_voice_s: list[float] = field(default_factory=list[float])
    seated: int = 0
    """How many have heard the moderator."""

    async def seat(self, number: int) -> None:
        """One participant after the other, until it is enough."""
        await asyncio.sleep(number * STAGGER_S)
        first = True
        while not self.enough.is_set():
            caller = await self.crew.caller(self.books, STUDY, beats=True)
            async with caller:
                self.callers.append(caller)
                # What has not come to its end by then is told by its state.
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LONGEST_S):
                        await caller.until(lambda c=caller: bool(c.ear.phrases), within_s=2 * LONGEST_S)
                        self.first_voice_s.append(caller.ear.phrases[0].start - caller.calls[0])
                        self.seated += first
                        first = False
                        await finish(caller, within_s=2 * LONGEST_S, think_s=self.think_s)
            print(f"{time.monotonic():.0f} {number} {caller.ended} {len(caller.refusals)}", flush=True)


async def replaced(crew: Crew) -> Replaced:
    """Tell one to end, start another one, and wait for both."""
    told = time.monotonic()
    one = crew.end_oldest()
    held = await one.places()

    async def unready() -> float:
        while await one.ready() != 503:
            await asyncio.sleep(0.05)
        return time.monotonic() - told

    async def ended() -> tuple[int, float]:
        return await one.ended(within_s=LONGEST_S), time.monotonic() - told

    async def ready() -> float:
        await crew.another()
        return time.monotonic() - told

    (code, ended_s), unready_s, ready_s = await asyncio.gather(ended(), unready(), ready())
    return Replaced(held, unready_s, ended_s, code, ready_s)


async def measured(head: str, shape: str, sessions: int, think_s: float) -> Run:
    """Replace both while so many interviews are held."""
    async with crew_of(shape, slots=sessions) as crew, crew.web.books() as books:
        return await _held(Load(crew, books, think_s), head, shape, sessions)


async def _held(load: Load, head: str, shape: str, sessions: int) -> Run:
    crew, books = load.crew, load.books
    async with gauged(crew) as gauges, asyncio.TaskGroup() as group:
        for number in range(sessions):
            group.create_task(load.seat(number))
        async with asyncio.timeout(LONGEST_S):
            while load.seated < sessions:
                await asyncio.sleep(0.1)
        steps: list[Replaced] = []
        for _ in crew.alive:
            steps.append(await replaced(crew))
            print(steps[-1], flush=True)
        load.enough.set()
    ends: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    responses: list[float] = []
    words = lost_words = misheard = unfinished = 0
    for caller in load.callers:
        # One that never ends is lost, and said to be.
        with contextlib.suppress(TimeoutError):
            await books.over(caller.session_id, within_s=120)
        state = await books.folded(caller.session_id)
        ends[f"{state.status.value} ({state.reason.value if state.reason else ''})"] += 1
        unfinished += state.status is not SessionStatus.COMPLETED
        refused.update(error.api_code or str(error) for error in caller.refusals)
        log = [event.payload for event in await books.sessions.read(caller.session_id)]
        responses += [one.response_s for one in log if isinstance(one, TurnTimed)]
        gone = missing(caller, log)
        words += gone.said
        lost_words += gone.lost
        misheard += gone.misheard
        if gone.lost or gone.misheard:
            print(gone, [one for one in log if one.kind in ("utterance", "fault")], flush=True)
    return Run(
        made=head,
        shape=shape,
        sessions=sessions,
        think_s=load.think_s,
        steps=tuple(steps),
        interviews=len(load.callers),
        ends=dict(ends),
        lost=unfinished,
        words=words,
        lost_words=lost_words,
        misheard=misheard,
        refused=dict(refused),
        first_voice_s=tuple(load.first_voice_s),
        responses_s=tuple(responses),
        holder_lags_s=tuple(gauges.holder_lags_s),
        own_lags_s=tuple(gauges.own_lags_s),
        busy=tuple(gauges.busy),
        own=tuple(gauges.own),
        memory_gb=gauges.memory / 2**30,
    )


# -- the table


def spread(values: Sequence[float], unit: str = "") -> str:
    """Median and 95th percentile, for a cell."""
    if len(values) < 2:
        return "–"
    return f"{statistics.median(values):.2f}{unit} / {statistics.quantiles(values, n=20)[-1]:.2f}{unit}"


def counts(found: dict[str, int]) -> str:
    """For a cell."""
    return ", ".join(f"{count} {what}" for what, count in found.items()) or "0"


def render(runs: Sequence[Run]) -> str:
    """The page."""
    lines = ["# Replacing servers and workers under load", ""]
    for number, run in enumerate(runs, start=1):
        lines += [f"{number}. {run.made}"]
    lines += [
        "",
        "Participants think before each of two answers; each who is done is followed by another one. One machine holds",
        "everything: the participants, the speech server, the database, and either two servers that hold the",
        "interviews, with participants by WebSocket, or an SFU, a server and two agent workers with",
        f"{PREWARMED} warm processes each. An interview is lost that does not come to its own end; a word is lost that",
        "the log does not have, and misheard where it has another one instead. Pairs of figures are the median and the",
        "95th percentile.",
        "",
        "| run | shape | at a time | think | interviews | lost | words said | lost | misheard | ends |"
        " had to ask again | until the first word, s | response, s | event loop late: servers or workers, ms |"
        " all participants, ms | cores busy | of one by participants | memory in use |",
        f"|{'---|' * 18}",
    ]
    for number, run in enumerate(runs, start=1):
        lines.append(
            f"| {number} | {SHAPES[run.shape]} | {run.sessions} | {run.think_s:g} s | {run.interviews} | "
            f"**{run.lost}** | {run.words} | {run.lost_words} | {run.misheard} | {counts(run.ends)} | "
            f"{counts(run.refused)} | {spread(run.first_voice_s)} | "
            f"{spread(run.responses_s)} | {spread([1000 * one for one in run.holder_lags_s])} | "
            f"{spread([1000 * one for one in run.own_lags_s])} | {statistics.mean(run.busy):.0f} % | "
            f"{statistics.mean(run.own):.0f} % | {run.memory_gb:.1f} GB |"
        )
    lines += [
        "",
        "| run | replaced | interviews it held | not ready after, s | ended after, s | exit code |"
        " the next one was ready after, s |",
        f"|{'---|' * 7}",
    ]
    for number, run in enumerate(runs, start=1):
        for which, step in enumerate(run.steps, start=1):
            lines.append(
                f"| {number} | {which} | {step.held} | {step.unready_s:.1f} | "
                f"{step.ended_s:.1f} | {step.code} | {step.replacement_ready_s:.1f} |"
            )
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure, and write the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shape", choices=SHAPES, default="hosts", help="who holds the interviews")
    parser.add_argument("--sessions", type=int, default=10, help="interviews at a time")
    parser.add_argument("--think-s", type=float, default=20.0, help="seconds before each answer")
    parser.add_argument("--rows", type=Path, help="a file of what was measured, read, added to and kept")
    options = parser.parse_args()
    command = (
        f"benchmarks/rolling_drain.py --shape {options.shape} --sessions {options.sessions} "
        f"--think-s {options.think_s:g}"
    )
    head = made(f"PYTHONPATH=tests/lib python {command}", "livekit-agents", "livekit")
    kept = TypeAdapter(list[Run])
    rows: Path | None = options.rows
    runs = kept.validate_json(rows.read_bytes()) if rows is not None and rows.exists() else []
    runs.append(asyncio.run(measured(head, options.shape, options.sessions, options.think_s)))
    if rows is not None:
        rows.write_bytes(kept.dump_json(runs, indent=1))
    TABLE.write_text(render(runs), encoding="utf-8")
    print(TABLE.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
