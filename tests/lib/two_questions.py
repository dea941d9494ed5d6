"""The shortest interview there is, and the moments of it at which things are made to fail."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from caller import Caller

STUDY = Path(__file__).parents[1] / "data" / "studies" / "two-questions.yaml"
FIRST = "What did you think of the shop?"
SECOND = "Would you recommend it to anyone?"
WELCOME = "Welcome back. This is where we were."

SETTLED_S = 2.5
"""After this long without a new word, or a new caption, a question has been asked."""


def variant(name: str, *, rejoin_s: int | None = None, sittings: int = 1, thinks: bool = False) -> str:
    """The study under another name: with another window to come back in, or with a model that moderates."""
    limits = "".join(
        f"\n  {line}"
        for line in (
            f"rejoin_s: {rejoin_s}" if rejoin_s is not None else "",
            f"sittings: {sittings}" if sittings > 1 else "",
        )
        if line
    )
    text = STUDY.read_text(encoding="utf-8").replace("id: two-questions", f"id: {name}")
    text = text.replace("hard_limit_minutes: 3", f"hard_limit_minutes: 8{limits}")
    return text + ("\nmoderator: {mode: semi_structured}\n" if thinks else "")


async def being_asked(caller: Caller) -> None:
    """Until the middle of the first question."""
    await caller.until(lambda: bool(caller.ear.phrases))


async def answering(caller: Caller, *, for_s: float = 1.5) -> None:
    """Until the middle of the first answer."""
    await caller.heard(FIRST)
    caller.say("kokoro_s03")
    await asyncio.sleep(for_s)


async def between(caller: Caller) -> None:
    """Until the second question has been asked, and is being thought about."""
    await caller.heard(FIRST)
    caller.say("kokoro_s05")
    await caller.heard(SECOND)


async def finish(
    caller: Caller,
    *,
    within_s: float = 150,
    think_s: float = 0.0,
) -> None:
    """Answer whatever is asked, after thinking, until the interview has ended, or goes on elsewhere."""
    answered = 0
    async with asyncio.timeout(within_s):
        while not caller.gone:
            now = time.monotonic()
            asked = len(caller.captions) > answered and caller.captions[-1].endswith((FIRST, SECOND))
            quiet_s = min(now - caller.captioned_at, caller.ear.silent_for(now))
            settled = quiet_s > SETTLED_S + think_s
            if asked and settled and not caller.speaking:
                answered = len(caller.captions)
                caller.say("kokoro_s05")
            await asyncio.sleep(0.05)
