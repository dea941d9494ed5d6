"""What an interview costs the processes that take part in it, where nobody speaks and for an answer: `session_cost.md`.

    PYTHONPATH=tests/lib .venv/bin/python benchmarks/session_cost.py [--sessions 2] [--shape hosts] [--shape livekit]

Interviews with simulated participants, on two servers by WebSocket and on two agent workers through an SFU. Processor
time is what the kernel counts, less what the same processes take while no interview runs.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from caller import Caller
from two_questions import FIRST, SECOND, SETTLED_S

from crews import SHAPES, Crew, crew_of
from footprint import processor_s
from made import made
from shapes import STUDY

TABLE = Path(__file__).with_suffix(".md")
IDLE_S = 20.0
ANSWER = "kokoro_s05"
PARTICIPANTS = "participants"

Spent = Mapping[str, float]
"""Seconds of processor time by part."""


@dataclass(frozen=True)
class Cost:
    """Of one interview, by part.

    Attributes:
        none: percent of a core that the part takes while there is no interview.
        idle: percent of a core for an interview in which nobody speaks.
        answer: seconds of processor time from an answer's first sound until the next question has been heard.
    """

    none: Spent
    idle: Spent
    answer: Spent


def spent(crew: Crew) -> dict[str, float]:
    """So far."""
    parts = {**crew.parts, PARTICIPANTS: [os.getpid()]}
    # The other parts are children of this process.
    return {
        part: sum(processor_s(pid)[0] if part == PARTICIPANTS else sum(processor_s(pid)) for pid in pids)
        for part, pids in parts.items()
    }


def between(before: Spent, after: Spent) -> dict[str, float]:
    """What has been spent in between."""
    return {part: after[part] - before[part] for part in before}


async def quiet(crew: Crew) -> dict[str, float]:
    """Percent of a core by part, over a while."""
    before, began = spent(crew), time.monotonic()
    await asyncio.sleep(IDLE_S)
    took_s = time.monotonic() - began
    return {part: 100 * used / took_s for part, used in between(before, spent(crew)).items()}


async def cost(shape: str, sessions: int) -> Cost:
    """Measure one shape."""
    async with crew_of(shape, slots=sessions) as crew, crew.web.books() as books, AsyncExitStack() as stack:
        await asyncio.sleep(SETTLED_S)
        none = await quiet(crew)
        callers: list[Caller] = []
        for _ in range(sessions):
            caller = await stack.enter_async_context(await crew.caller(books, STUDY, beats=True))
            callers.append(caller)
            await caller.heard(FIRST)
        await asyncio.sleep(SETTLED_S)
        full = await quiet(crew)
        before, began = spent(crew), time.monotonic()
        for caller in callers:
            caller.say(ANSWER)
        await asyncio.gather(*(caller.heard(SECOND) for caller in callers))
        took_s = time.monotonic() - began
        used = between(before, spent(crew))
        for caller in callers:
            await caller.leave()
        await asyncio.gather(*(caller.goodbye() for caller in callers))
    return Cost(
        none=none,
        idle={part: (full[part] - none[part]) / sessions for part in none},
        answer={part: (used[part] - none[part] / 100 * took_s) / sessions for part in none},
    )


def render(costs: Mapping[str, Cost], sessions: int, head: str) -> str:
    """The page."""
    lines = [
        "# What an interview costs",
        "",
        head,
        "",
        f"{sessions} interviews at a time, each figure for one of them: percent of a core over {IDLE_S:g} s in which",
        "nobody speaks, and seconds of processor time from the first sound of an answer of 7.3 s until the next",
        "question has been heard. *Without* is the part with no interview in it, which is taken off the others.",
        "",
        "| shape | part | without | nobody speaks | an answer |",
        "|---|---|---|---|---|",
    ]
    for shape, one in costs.items():
        for part in one.none:
            lines.append(
                f"| {SHAPES[shape]} | {part} | {one.none[part]:.1f} % | {one.idle[part]:.1f} % | "
                f"{one.answer[part]:.2f} s |"
            )
        lines.append(
            f"| {SHAPES[shape]} | **together** | {sum(one.none.values()):.1f} % | {sum(one.idle.values()):.1f} % | "
            f"{sum(one.answer.values()):.2f} s |"
        )
    return "\n".join(lines) + "\n"


async def measured(shapes: Sequence[str], sessions: int) -> dict[str, Cost]:
    """One shape after the other."""
    return {shape: await cost(shape, sessions) for shape in shapes}


def main() -> None:
    """Measure, and write the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sessions", type=int, default=2, help="interviews at a time")
    parser.add_argument(
        "--shape", choices=SHAPES, action="append", help="again for another; both if not given"
    )
    options = parser.parse_args()
    head = made(
        f"PYTHONPATH=tests/lib python benchmarks/session_cost.py --sessions {options.sessions}",
        "livekit-agents",
        "livekit",
    )
    costs = asyncio.run(measured(options.shape or list(SHAPES), options.sessions))
    TABLE.write_text(render(costs, options.sessions, head), encoding="utf-8")
    print(TABLE.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
