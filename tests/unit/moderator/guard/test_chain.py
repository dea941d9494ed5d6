"""All judges must agree in time; whatever else happens, the sentence is kept back."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import pytest
import virtual_time

from vivavoce.moderator.guard.chain import Chain, Ruling
from vivavoce.moderator.guard.judge import Exchange, GuardFailed, GuardUnavailable, GuardUnreadable
from vivavoce.protocol.guard import Guard, Hazard


@dataclass
class Judge:
    """Answers after a while."""

    name: str = "one"
    hazard: str = ""
    after_s: float = 0.1
    error: Exception | None = None
    let_go: bool = False

    async def hazards(self, exchange: Exchange) -> tuple[str, ...]:
        try:
            await asyncio.sleep(self.after_s)
        except asyncio.CancelledError:
            self.let_go = True
            raise
        if self.error is not None:
            raise self.error
        return (self.hazard,) if self.hazard else ()


def ruled(*judges: Judge, allow: tuple[Hazard, ...] = (), timeout_s: float = 1.5) -> tuple[Ruling, float]:
    async def rule() -> tuple[Ruling, float]:
        loop = asyncio.get_running_loop()
        chain = Chain(judges, Guard(allow=allow, timeout_s=timeout_s))
        ruling = await chain.rule(Exchange("Hello.", "You should see a doctor."))
        at_s = loop.time()
        await asyncio.sleep(0)  # those that were let go have noticed
        return ruling, at_s

    return virtual_time.run(rule())


def failed(error: type[GuardFailed]) -> GuardFailed:
    return error("No verdict.", next_step="Look.")


def test_nobody_objects_where_nobody_is_asked() -> None:
    assert ruled()[0] == Ruling(True)


def test_all_are_asked_at_once() -> None:
    ruling, at_s = ruled(Judge("one", after_s=0.3), Judge("two", after_s=0.4))
    assert ruling.passed and [verdict.judge for verdict in ruling.verdicts] == ["one", "two"]
    assert at_s == pytest.approx(0.4)


def test_the_first_that_objects_decides_and_the_others_are_let_go() -> None:
    slow = Judge("slow", after_s=1)
    ruling, at_s = ruled(slow, Judge("quick", "S6", after_s=0.2))
    assert not ruling.passed and ruling.failure is None
    assert [(v.judge, v.outcome, v.reasons, v.took_s) for v in ruling.verdicts] == [
        ("quick", "unsafe", ("S6",), 0.2)
    ]
    assert at_s == pytest.approx(0.2) and slow.let_go


def test_a_hazard_that_the_study_allows_is_noted_and_passes() -> None:
    ruling, _ = ruled(Judge(hazard="S13"), allow=("S13",))
    assert ruling.passed and ruling.verdicts[0].outcome == "unsafe"
    assert not ruled(Judge(hazard="S12"), allow=("S13",))[0].passed


@pytest.mark.parametrize(("error", "outcome"), [(GuardUnavailable, "failed"), (GuardUnreadable, "unsafe")])
def test_no_verdict_is_a_no(error: type[GuardFailed], outcome: str) -> None:
    ruling, _ = ruled(Judge(error=failed(error)))
    assert not ruling.passed
    assert (ruling.verdicts[0].outcome, ruling.verdicts[0].reasons) == (outcome, (error.code,))
    assert isinstance(ruling.failure, error)


def test_an_unreadable_verdict_is_no_hazard_that_could_be_allowed() -> None:
    assert not ruled(Judge(error=failed(GuardUnreadable)), allow=("S1", "S13"))[0].passed


@pytest.mark.parametrize("timeout_s", [0.5, 1.5])
def test_it_is_decided_in_time_whatever_a_judge_does(timeout_s: float) -> None:
    ruling, at_s = ruled(Judge("quick"), Judge("gone", after_s=1e9), timeout_s=timeout_s)
    assert not ruling.passed and at_s == pytest.approx(timeout_s)
    assert [(v.judge, v.outcome, v.reasons) for v in ruling.verdicts] == [
        ("quick", "safe", ()),
        ("gone", "failed", ("guard_slow",)),
    ]
    assert ruling.failure is not None and "gone" in str(ruling.failure)


def test_who_is_woken_may_be_away() -> None:
    virtual_time.run(Chain([Judge(error=failed(GuardUnavailable)), Judge()], Guard()).warm())


def test_what_is_broken_in_a_judge_is_seen() -> None:
    with pytest.raises(ZeroDivisionError):
        ruled(Judge(error=ZeroDivisionError()))
