"""The thinking moderator where judges object: what is said instead, what is written, and what the model may still do.

There is no gate here, so what leaves for it is not `heard`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from interview_table import Table
from scripted_model import Call, Reply, ScriptedModel, scripted_model

from vivavoce.moderator.guard.judge import Exchange, GuardUnavailable
from vivavoce.moderator.mind import Minds
from vivavoce.moderator.thinking import FAILURES_IN_A_ROW
from vivavoce.protocol.observations import Began
from vivavoce.session.events import SentenceJudged
from vivavoce.settings import LlmProfile, LlmSettings

SAFE_LINE = "Let me come back to our questions."
LUNCH = "What will you have for lunch?"


@dataclass
class Judge:
    """Objects to what is cruel."""

    name: str = "judge"
    after_s: float = 0.0
    away: bool = False

    async def hazards(self, exchange: Exchange) -> tuple[str, ...]:
        await asyncio.sleep(self.after_s)
        if self.away:
            raise GuardUnavailable("Away.", next_step="Wait.")
        return ("S1",) if "cruel" in exchange.reply else ()


@pytest.fixture
def judge() -> Judge:
    return Judge()


@pytest.fixture
async def server() -> AsyncIterator[ScriptedModel]:
    async with scripted_model() as running:
        yield running


@pytest.fixture
async def table(server: ScriptedModel, judge: Judge) -> AsyncIterator[Table]:
    profile = LlmProfile(base_url=server.url, model="scripted", first_word_s=10, stall_s=10, reply_s=20)
    minds = Minds(LlmSettings(profiles={"m": profile}))
    table = Table(lambda switched: minds.route("m", switched=switched), judges=[judge])
    await table.observe(Began(0))
    yield table
    await minds.aclose()


def judged(table: Table) -> list[tuple[str, bool]]:
    found = [event.payload for event in table.log if isinstance(event.payload, SentenceJudged)]
    return [(payload.text, payload.withheld) for payload in found]


async def test_what_was_let_through_stays_and_the_studys_words_follow(
    table: Table, server: ScriptedModel
) -> None:
    server.play(Reply("You had bread. It is cruel to bake. What was in it?"))
    await table.answer("Bread.", heard=False)
    assert table.move.parts == ("You had bread.", SAFE_LINE, LUNCH)
    assert judged(table)[:2] == [("You had bread.", False), ("It is cruel to bake.", True)]
    assert not table.faults


async def test_a_model_is_not_waited_for_once_something_is_withheld(
    table: Table, server: ScriptedModel
) -> None:
    server.play(Reply("It is cruel to bake. " + "And so on and on. " * 50, token_s=0.1))
    async with asyncio.timeout(3):
        await table.answer("Bread.", heard=False)
    assert table.move.parts == (SAFE_LINE, LUNCH)
    await asyncio.sleep(0.2)
    assert server.abandoned == 1


async def test_a_call_after_a_withheld_sentence_is_not_judged(
    table: Table, server: ScriptedModel, judge: Judge
) -> None:
    judge.after_s = 0.2
    server.play(Reply("It is cruel to bake.", calls=(Call("close_safely", {"reason": "crisis"}),)))
    await table.answer("Bread.", heard=False)
    assert table.calls() == [] and not table.move.final
    assert table.move.parts == (SAFE_LINE, LUNCH)


@pytest.mark.parametrize("away", [True, False])
async def test_a_model_that_is_not_heard_again_and_again_is_left_alone(
    table: Table, server: ScriptedModel, judge: Judge, away: bool
) -> None:
    judge.away = away
    server.script = lambda _: Reply("It is cruel to bake.")
    for _ in range(FAILURES_IN_A_ROW):
        assert not table.moderator.rests
        await table.answer("It was somehow all right, I would say, and that is all of it.", heard=False)
    assert table.moderator.rests
    assert [fault.code for fault in table.faults] == ["guard_unavailable"] * (3 if away else 0)


async def test_grave_misconduct_ends_the_reply_before_any_model_judges_it(
    table: Table, server: ScriptedModel
) -> None:
    server.play(Reply("You should eat more. You had bread."))
    assert await table.answer("Bread.") == f"{SAFE_LINE} {LUNCH}"
    assert judged(table) == [("You should eat more.", True)]
    assert table.log[-2].kind == "move.worded"


async def test_praise_is_left_out_and_the_rest_is_said(table: Table, server: ScriptedModel) -> None:
    server.play(Reply("Great, and what will lunch be?"))
    assert await table.answer("Bread.") == "And what will lunch be?"
    assert judged(table) == [("Great,", True), ("And what will lunch be?", False)]
