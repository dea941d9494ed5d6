"""The chain of judges: all of them at once, and all must agree in time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from vivavoce.moderator.guard.judge import Exchange, GuardFailed, GuardSlow, GuardUnreadable, Judge
from vivavoce.protocol.facts import Verdict
from vivavoce.protocol.guard import Guard


@dataclass(frozen=True)
class Ruling:
    """What became of a sentence.

    Attributes:
        passed: whether it may be heard.
        verdicts: those that were in when that was decided.
        failure: why there was no verdict, if that is what decided it.
    """

    passed: bool
    verdicts: tuple[Verdict, ...] = ()
    failure: GuardFailed | None = None


class Chain:
    """Judges by a study's policy.

    Args:
        judges: who are asked; without any, everything passes.
        policy: what keeps a sentence back, and how long a verdict is waited for.
    """

    def __init__(self, judges: Sequence[Judge], policy: Guard) -> None:
        self._judges = tuple(judges)
        self._policy = policy
        self._left: set[asyncio.Task[tuple[Verdict, GuardFailed | None]]] = set()

    @property
    def names(self) -> tuple[str, ...]:
        """Of the judges."""
        return tuple(judge.name for judge in self._judges)

    async def warm(self) -> None:
        """Have every judge answer once, so that the first sentence finds it connected and loaded.

        A judge that is away is met again by that sentence, which says so.
        """
        await self.rule(Exchange("", "Hello."))

    async def rule(self, exchange: Exchange) -> Ruling:
        """Ask all judges; the first that objects decides, and so does the policy's time-out."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        asked = {asyncio.create_task(self._ask(judge, exchange)): judge for judge in self._judges}
        verdicts: list[Verdict] = []
        waiting = set(asked)
        try:
            while waiting:
                left_s = began + self._policy.timeout_s - loop.time()
                done, waiting = await asyncio.wait(
                    waiting, timeout=max(0.0, left_s), return_when=asyncio.FIRST_COMPLETED
                )
                if not done:
                    slow = [asked[task].name for task in asked if task in waiting]
                    return Ruling(False, (*verdicts, *self._slow(slow)), self._late(slow))
                for verdict, failure in (task.result() for task in asked if task in done):
                    verdicts.append(verdict)
                    if self._policy.withholds(verdict):
                        return Ruling(False, tuple(verdicts), failure)
            return Ruling(True, tuple(verdicts))
        finally:
            for task in waiting:
                # Not waited for: a judge that is slow to let go must not hold the decision up.
                self._left.add(task)
                task.add_done_callback(self._left.discard)
                task.cancel()

    async def _ask(self, judge: Judge, exchange: Exchange) -> tuple[Verdict, GuardFailed | None]:
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            hazards = await judge.hazards(exchange)
        except GuardFailed as error:
            outcome = "unsafe" if isinstance(error, GuardUnreadable) else "failed"
            took_s = round(loop.time() - began, 3)
            return Verdict(judge=judge.name, outcome=outcome, reasons=(error.code,), took_s=took_s), error
        outcome = "unsafe" if hazards else "safe"
        took_s = round(loop.time() - began, 3)
        return Verdict(judge=judge.name, outcome=outcome, reasons=hazards, took_s=took_s), None

    def _slow(self, names: Sequence[str]) -> list[Verdict]:
        return [
            Verdict(judge=name, outcome="failed", reasons=(GuardSlow.code,), took_s=self._policy.timeout_s)
            for name in names
        ]

    def _late(self, names: Sequence[str]) -> GuardSlow:
        return GuardSlow(
            f"No verdict came from {', '.join(names)} within {self._policy.timeout_s:g} s.",
            next_step="Give the guard a faster server, or raise `timeout_s` in the study's `guard` section.",
        )
