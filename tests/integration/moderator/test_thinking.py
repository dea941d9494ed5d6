"""The thinking moderator against a real HTTP server: what it says, what it writes, and every way a model can fail."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio
from interview_table import Table as Silent
from scripted_model import (
    Call,
    Reply,
    ScriptedModel,
    plain_interviewer,
    said,
    scripted_model,
    situation,
    text_of,
)

from vivavoce.moderator.dialogue import Dialogue
from vivavoce.moderator.mind import Minds
from vivavoce.moderator.thinking import FAILURES_IN_A_ROW
from vivavoce.protocol.facts import Fact, ToolCalled
from vivavoce.protocol.observations import Answered, Began
from vivavoce.session.events import SessionEvent, Utterance
from vivavoce.settings import LlmProfile, LlmSettings

pytestmark = pytest.mark.asyncio(loop_scope="module")

_MINDS: dict[str, Minds] = {}
"""One client a profile for all tests here: making one reads every certificate of the machine."""


class Table(Silent):
    """The interview with one model at a scripted server."""

    def __init__(
        self, server: ScriptedModel, *, log: list[SessionEvent] | None = None, **profile: Any
    ) -> None:
        self.server = server
        patience = {"first_word_s": 10.0, "stall_s": 10.0, "reply_s": 20.0, **profile}
        found = LlmProfile.model_validate({"base_url": server.url, "model": "scripted", **patience})
        minds = _MINDS.setdefault(found.model_dump_json(), Minds(LlmSettings(profiles={"m": found})))
        super().__init__(lambda switched: minds.route("m", switched=switched), log=log)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running() -> AsyncIterator[ScriptedModel]:
    async with scripted_model() as model:
        yield model
    for minds in _MINDS.values():
        await minds.aclose()
    _MINDS.clear()


@pytest.fixture
def server(running: ScriptedModel) -> ScriptedModel:
    running.requests.clear()
    running.abandoned = 0
    running.script = plain_interviewer
    return running


@pytest_asyncio.fixture(loop_scope="module")
async def table(server: ScriptedModel) -> Table:
    table = Table(server)
    await table.observe(Began(0))
    return table


async def test_an_interview_from_hello_to_goodbye(table: Table) -> None:
    assert table.move.text == "Hello. I am a computer program. What did you have for breakfast?"
    assert table.server.requests == [], "the opening asks no model"
    assert await table.answer("Bread and butter, with tea.") == (
        "You said bread and butter, with tea. What will you have for lunch?"
    )
    assert await table.answer("I got so angry about the bread.") == "What was that like for you?"
    assert (table.move.move, table.move.trigger, table.move.question_id) == ("probe", "emotional", "lunch")
    assert (
        await table.answer("Soup, if there is any.")
        == "You said soup, if there is any. How did you come here?"
    )
    assert table.progress.phase_id == "two"
    assert await table.answer("On foot.") == "You said on foot. That was all. Goodbye."
    assert table.progress.end_reason == "finished" and table.faults == []
    assert table.lasts[-1].move == table.move and table.move.final


async def test_what_the_model_is_told(table: Table) -> None:
    await table.answer("Bread and butter, with tea.")
    await table.answer("I got angry, somehow.")
    await table.answer("Soup.")
    request = table.server.requests[-1]
    assert [message["role"] for message in request["messages"]] == [
        "system", "user", "assistant", "user", "assistant", "user", "assistant", "tool", "assistant", "user",
    ]  # fmt: skip
    assert "Phase 1 of 2: One" in text_of(request["messages"][0])
    assert text_of(request["messages"][3]) == "Bread and butter, with tea.", (
        "the state is told of the last turn only"
    )
    assert said(request) == "Soup."
    assert "Topics covered: food" in situation(request)
    assert [tool["function"]["name"] for tool in request["tools"]] == [
        "advance_phase", "mark_topic_covered", "probe", "flag_insight", "return_to_question", "close_safely",
    ]  # fmt: skip
    call, answer = request["messages"][6], request["messages"][7]
    assert call["tool_calls"][0]["function"] == {"name": "probe", "arguments": '{"trigger": "emotional"}'}
    assert (answer["tool_call_id"], call["tool_calls"][0]["id"]) == ("call00001", "call00001")


async def test_instructions_are_swapped_at_a_transition_and_history_kept(table: Table) -> None:
    table.server.play(
        Reply(calls=(Call("advance_phase", {"reason": "enough"}),)), Reply("How did you come here?")
    )
    await table.answer("Bread and butter, with tea.")
    assert table.move.phase_id == "two"
    first, second = table.server.requests[-2:]
    assert "Phase 1 of 2" in text_of(first["messages"][0]) and "Phase 2 of 2" in text_of(
        second["messages"][0]
    )
    assert [m["role"] for m in second["messages"]] == [
        "system",
        "user",
        "assistant",
        "user",
        "assistant",
        "tool",
    ]
    assert text_of(second["messages"][-1]).startswith("The phase “Two” has begun.")


async def test_the_first_sentence_leaves_before_the_second_is_written(table: Table) -> None:
    table.server.play(Reply("So it was bread today. And what will lunch be like?", token_s=0.05))
    await table.answer("Bread.")
    (first, one), (second, two) = table.spoken
    assert (one, two) == ("So it was bread today.", "And what will lunch be like?")
    assert second - first > 0.2, "five words of 50 ms lie between them"


async def test_a_refusal_is_answered_and_remembered_on_every_later_turn(table: Table) -> None:
    table.server.play(
        Reply(calls=(Call("probe", {"trigger": "vague", "probe_id": "why"}),)),
        Reply("And what is for lunch today?"),
    )
    await table.answer("Bread.")
    await table.answer("Soup.")
    for request in table.server.requests[-2:]:
        answers = [text_of(m) for m in request["messages"] if m["role"] == "tool"]
        assert len(answers) == 1 and answers[0].startswith("The probe `why` does not exist.")
    assert table.progress.refusals == 1


async def test_after_a_restart_the_model_is_told_the_same(table: Table) -> None:
    await table.answer("Bread, somehow.")
    await table.answer("Dark bread.")
    await table.answer("I got angry about lunch.")
    again = Table(table.server, log=table.log)
    again.at_s = table.at_s
    for one in (table, again):
        await one.answer("Soup.")
    before, after = table.server.requests[-2:]
    assert before == after


BROKEN: dict[str, tuple[tuple[Reply, ...], str, str]] = {
    "refused": ((Reply(fault="refused"),), "llm_unavailable", ""),
    "slow": ((Reply(fault="slow"),), "llm_slow", ""),
    "stalled in the first word": ((Reply("So", fault="stalled"),), "llm_stalled", ""),
    "stalled after a sentence": (
        (Reply("So it was bread. And", fault="stalled"),),
        "llm_stalled",
        "So it was bread.",
    ),
    "broken stream": (
        (Reply("So it was bread. And", fault="broken"),),
        "llm_unavailable",
        "So it was bread.",
    ),
    "garbage": ((Reply(fault="garbage"),), "llm_unavailable", ""),
    "nothing": ((Reply(),), "llm_empty", ""),
    "only thinking": ((Reply("<think>What now? I ask.</think>"),), "llm_empty", ""),
    "no end": ((Reply("and then " * 80),), "llm_endless", ""),
    "unknown tools": ((Reply(calls=(Call("format_disk"),)),) * 4, "llm_lost", ""),
    "malformed arguments": ((Reply(calls=(Call("probe", "{'trigger'"),)),) * 4, "llm_lost", ""),
    "calls without end": ((Reply(calls=(Call("flag_insight", {"note": "x"}),)),) * 9, "llm_lost", ""),
    "one call again and again": (
        (Reply(calls=(Call("ask_question", {"question_id": "lunch"}),) * 6),) * 4,
        "llm_lost",
        "",
    ),
}


@pytest.mark.parametrize("name", list(BROKEN))
async def test_whatever_fails_the_studys_words_stand_in(server: ScriptedModel, name: str) -> None:
    replies, code, before = BROKEN[name]
    # Impatient only where patience is what is tried: a busy machine is slow too.
    table = Table(
        server, first_word_s=0.5 if code == "llm_slow" else 10, stall_s=2 if code == "llm_stalled" else 10
    )
    await table.observe(Began(0))
    table.server.play(*replies)
    said = await table.answer("Bread and butter, with tea.")
    assert said == f"{before} What will you have for lunch?".strip()
    assert [fault.code for fault in table.faults] == [code]
    assert (table.move.move, table.move.question_id) == ("question", "lunch")
    table.server.play()
    if code == "llm_slow":
        return  # whether the next answer is quick enough is the machine's affair
    assert await table.answer("Soup, I think.") == "You said soup, i think. How did you come here?"


async def test_characters_that_no_database_takes_are_left_out(table: Table) -> None:
    table.server.play(
        Reply(calls=(Call("pro\0be\ud800", '{"trigger": "vague\ud800\0"}'),)),
        Reply("Bread\0\ud83d it was. And what is for lunch?"),
    )
    assert await table.answer("Bread.") == "Bread it was. And what is for lunch?"
    for event in table.log:
        written = event.payload.model_dump_json()
        assert "\\u0000" not in written and "\\ud8" not in written.lower()
    await table.answer("Soup.")
    assert table.faults == []


async def test_three_questions_at_once_become_one(table: Table) -> None:
    table.server.play(Reply("Bread it was. What is for lunch? And where will you eat? And who cooks it?"))
    assert await table.answer("Bread.") == "Bread it was. What is for lunch?"
    assert table.faults == []


async def test_a_model_that_never_advances_is_moved_on_by_the_phase_clock(table: Table) -> None:
    table.server.script = lambda request: (
        Reply("What else about that?")
        if request["messages"][-1]["role"] == "tool"
        and "follow-up question" in text_of(request["messages"][-1])
        else Reply(calls=(Call("probe", {"trigger": "vague"}),))
        if request["messages"][-1]["role"] != "tool"
        else plain_interviewer(request)
    )
    phases: list[str] = []
    for _ in range(12):
        await table.answer("Bread and butter.", at_s=table.at_s + 55)
        phases.append(str(table.progress.phase_id))
        if table.progress.final:
            break
    assert phases == sorted(phases) and phases[-1] == "two"
    assert table.progress.final and table.move.text.endswith("That was all. Goodbye.")


async def test_a_model_that_goes_round_in_circles_is_led_out_by_the_studys_questions(table: Table) -> None:
    table.server.script = lambda _: Reply("Bread. What did you have for breakfast?")
    said = [await table.answer("Bread and butter, with tea.", at_s=table.at_s + 20) for _ in range(3)]
    assert said == [
        "Bread. What will you have for lunch?",
        "Bread. How did you come here?",
        "Bread. That was all. Goodbye.",
    ]
    assert table.progress.end_reason == "finished" and table.faults == []


async def test_closing_safely_is_said_in_the_studys_words_and_is_the_end(table: Table) -> None:
    assert await table.answer("There is no way out for me.") == "Please call for help."
    assert (table.move.final, table.move.end_reason, table.move.trigger) == (True, "forced", "model:crisis")
    assert table.lasts[-1].move == table.move
    assert await table.answer("Hello?") == ""


async def test_safety_words_never_reach_a_model(table: Table) -> None:
    assert await table.answer("I want to hurt myself.") == "Please call for help."
    assert table.server.requests == []


async def test_a_question_to_the_moderator_leads_back(table: Table) -> None:
    said = await table.answer("Are you a real person?")
    assert said == "I only ask questions for this study. What did you have for breakfast?"
    assert table.move.move == "redirect" and table.progress.questions[0].status == "asked"


async def test_who_speaks_into_the_thinking_stops_it_at_the_server(table: Table) -> None:
    table.server.play(Reply("So it was bread today. " + "And then on and on. " * 20, token_s=0.05))
    table.write(
        Utterance(
            utterance_id="u1", text="Bread.", start_s=1, end_s=1, language="en", confidence=1, model="w"
        )
    )
    stream = table.stream(Answered(5, "Bread.", ("u1",)))
    chunk = await anext(stream)
    assert chunk.delta is not None and chunk.delta.content == "So it was bread today. "
    await stream.aclose()
    async with asyncio.timeout(2):
        while not table.server.abandoned:
            await asyncio.sleep(0.01)
    assert (table.move.move, table.move.text) == ("reply", "So it was bread today.")
    assert table.progress.questions[-1].question_id == "breakfast" and table.faults == []
    assert await table.answer("And butter.") == "You said bread. and butter. What will you have for lunch?"
    assert said(table.server.requests[-1]) == "Bread. And butter."


async def test_a_model_that_fails_again_and_again_is_left_alone_for_a_while(table: Table) -> None:
    table.server.script = lambda _: Reply(fault="refused")
    for number in range(FAILURES_IN_A_ROW):
        assert not table.moderator.rests, number
        await table.answer("Could be, somehow, I am angry about it.")
    assert table.moderator.rests
    assert len(table.faults) == FAILURES_IN_A_ROW
    asked = len(table.server.requests)
    table.server.script = plain_interviewer
    assert not table.progress.final or asked
    await table.answer("Soup.")
    assert len(table.server.requests) == asked


async def test_a_whole_reply_has_its_time_too(server: ScriptedModel) -> None:
    table = Table(server, reply_s=0.6)
    await table.observe(Began(0))
    server.play(Reply("a b c d e f g h i j k l m n o p q r", token_s=0.1))
    assert await table.answer("Bread.") == "What will you have for lunch?"
    assert [fault.code for fault in table.faults] == ["llm_slow"]


async def test_history_is_in_a_shape_every_template_takes() -> None:
    """Broken calls stay in the history as calls with arguments that are an object, under names that are names."""
    dialogue = Dialogue(joined="(joined)")
    facts: list[Fact] = [
        ToolCalled(
            call_id="call00001", tool="do it!", arguments="{'a'", accepted=False, answer="No.", at_s=1
        ),
        ToolCalled(call_id="call00002", tool="probe", arguments="[1]", accepted=False, answer="No.", at_s=1),
    ]
    for number, fact in enumerate(facts, start=1):
        dialogue.add(SessionEvent(session_id="s", seq=number, at=datetime.now(UTC), payload=fact))
    context = dialogue.context(instructions="I", situation="S")
    for form in ("openai", "aws", "mistralai", "google", "anthropic"):
        context.to_provider_format(format=form)  # pyright: ignore[reportCallIssue, reportArgumentType]
    messages, _ = context.to_provider_format(format="openai")
    calls = [call["function"] for message in messages for call in message.get("tool_calls", [])]
    assert [call["name"] for call in calls] == ["do_it_", "probe"]
    assert all(json.loads(call["arguments"]) == {} for call in calls)
    assert dialogue.next_call_id() == "call00003"
