"""One model goes on where another's server fails: nothing is said twice, nothing is left out, and it is noticed."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import pytest
from interview_table import Table
from scripted_model import Call, Fault, Reply, ScriptedModel, scripted_model, text_of

from vivavoce.moderator.dialogue import GO_ON
from vivavoce.moderator.mind import Minds
from vivavoce.protocol.observations import Began
from vivavoce.settings import LlmProfile, LlmSettings
from vivavoce.voice.failover import LEFT_ALONE, RECOVERED, RULES

WITHIN_S = 3.0
"""The longest a participant may wait for the next sentence when a server fails."""


class Pair:
    """A model, the one that stands in for it, and an interview that both are for."""

    def __init__(self, main: ScriptedModel, spare: ScriptedModel) -> None:
        self.main, self.spare = main, spare
        self.minds = Minds(
            LlmSettings(
                profiles={
                    "main": LlmProfile(base_url=main.url, model="main", fallbacks=("spare",)),
                    # Patient: that it is well is given.
                    "spare": LlmProfile(base_url=spare.url, model="spare", first_word_s=20, stall_s=20),
                }
            )
        )
        self.table = self.interview()

    def interview(self) -> Table:
        return Table(lambda switched: self.minds.route("main", switched=switched))


@pytest.fixture
async def pair() -> AsyncIterator[Pair]:
    async with scripted_model() as main, scripted_model() as spare:
        pair = Pair(main, spare)
        await pair.table.observe(Began(0))
        yield pair
        await pair.minds.aclose()


@pytest.mark.parametrize(
    ("words", "fault", "code"),
    [
        ("", "refused", "llm_unavailable"),
        ("", "slow", "llm_slow"),
        ("", "garbage", "llm_unavailable"),
        ("So it", "stalled", "llm_stalled"),
        ("So it", "broken", "llm_unavailable"),
    ],
)
async def test_before_a_sentence_has_left_the_other_says_all(
    pair: Pair, words: str, fault: Fault, code: str
) -> None:
    pair.main.play(Reply(words, fault=fault))
    pair.spare.play(Reply("Bread it was. And what is for lunch?"))
    began = time.monotonic()
    assert await pair.table.answer("Bread.") == "Bread it was. And what is for lunch?"
    assert time.monotonic() - began < WITHIN_S
    assert [(switch.before, switch.after, switch.code) for switch in pair.table.switches] == [
        ("main", "spare", code)
    ]
    assert pair.table.faults == [], "for the participant nothing has failed"
    assert [m["role"] for m in pair.spare.requests[-1]["messages"]] == ["system", "user", "assistant", "user"]


@pytest.mark.parametrize("fault", ["stalled", "broken"])
async def test_after_a_sentence_the_other_goes_on_behind_it(pair: Pair, fault: Fault) -> None:
    pair.main.play(Reply("So it was bread. And what", fault=fault))
    pair.spare.play(Reply("What will lunch be?"))
    assert await pair.table.answer("Bread.") == "So it was bread. What will lunch be?"
    (first, _), (second, _) = pair.table.spoken
    assert second - first < WITHIN_S
    told = pair.spare.requests[-1]["messages"]
    assert [text_of(m) for m in told[-2:]] == ["So it was bread.", GO_ON]
    assert text_of(told[-3]).endswith("Bread."), "the answer is told as ever"


async def test_a_server_that_is_not_there_at_all(pair: Pair) -> None:
    nowhere = LlmProfile(base_url="http://127.0.0.1:9/v1", model="m", fallbacks=("spare",))
    pair.minds = Minds(
        LlmSettings(profiles={"main": nowhere, "spare": LlmProfile(base_url=pair.spare.url, model="spare")})
    )
    table = pair.interview()
    await table.observe(Began(0))
    assert (await table.answer("Bread.")).startswith("You said bread.")
    assert [switch.code for switch in table.switches] == ["llm_unavailable"]


async def test_tools_of_a_broken_answer_are_asked_for_anew_and_done_once(pair: Pair) -> None:
    note = Call("flag_insight", {"note": "Bread."})
    pair.main.play(Reply(calls=(note,)), Reply("So", fault="broken"))
    pair.spare.play(Reply("And what will lunch be?"))
    assert await pair.table.answer("Bread.") == "And what will lunch be?"
    assert [call.tool for call in pair.table.calls()] == ["flag_insight"]
    told = pair.spare.requests[-1]["messages"]
    assert [m["role"] for m in told[-2:]] == ["assistant", "tool"], "the spare is told what the main one did"


async def test_what_breaks_after_the_question_needs_nobody_else(pair: Pair) -> None:
    pair.main.play(Reply("And what will lunch be? Well", fault="broken"))
    assert await pair.table.answer("Bread.") == "And what will lunch be?"
    assert pair.spare.requests == [] and pair.table.faults == []


async def test_where_both_fail_the_studys_words_stand_in(pair: Pair) -> None:
    pair.main.play(Reply(fault="refused"))
    pair.spare.play(Reply(fault="refused"))
    assert await pair.table.answer("Bread.") == "What will you have for lunch?"
    assert [fault.code for fault in pair.table.faults] == ["llm_unavailable"]
    assert pair.table.switches == []


async def test_an_outage_is_paid_for_by_few_and_its_end_is_noticed(pair: Pair) -> None:
    table = pair.table
    assert table.moderator.models is not None
    table.moderator.models.now = clock = _Clock()
    pair.main.script = lambda _: Reply(fault="refused")
    for answer in ("Bread, and I am angry about it.", "Because it was dry.", "Soup, I am afraid."):
        await table.answer(answer)
    assert len(pair.main.requests) == RULES.failures
    other = pair.interview()
    assert other.moderator.models is not None
    other.moderator.models.now = clock
    await other.observe(Began(0))
    await other.answer("Bread.")
    assert len(pair.main.requests) == RULES.failures, "another interview does not wait for it either"
    assert [switch.code for switch in other.switches] == [LEFT_ALONE]
    pair.main.script = pair.spare.script
    clock.s += RULES.open_s
    await other.answer("Soup.")
    assert [switch.code for switch in other.switches] == [LEFT_ALONE, RECOVERED]
    assert (other.switches[-1].before, other.switches[-1].after) == ("spare", "main")


class _Clock:
    s = 1000.0

    def __call__(self) -> float:
        return self.s
