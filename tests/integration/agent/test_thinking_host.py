"""Whole semi-structured sessions on a host, over the WebSocket line: a model behind HTTP, sound in and out, the log."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from participant import Participant, asked, heard, speech
from scripted_model import Call, Reply, ScriptedModel, said, text_of

from vivavoce.protocol.moderator import Moderator
from vivavoce.protocol.study import Study
from vivavoce.session.clock import ManualClock, SystemClock
from vivavoce.session.errors import LeaseLost
from vivavoce.session.events import MoveWorded, Reason, SessionStatus, ToolCalled
from vivavoce.session.memory import MemorySessionStore
from vivavoce.session.state import fold
from vivavoce.settings import LlmSettings


@pytest.fixture
def small(small: Study) -> Study:
    return small.model_copy(update={"moderator": Moderator(mode="semi_structured", own_probes=1)})


@pytest.fixture
async def stage(open_stage: Callable[..., Any], llm: LlmSettings) -> AsyncIterator[Any]:
    async with open_stage(llm=llm) as opened:
        yield opened


async def test_an_interview_led_by_a_model_from_hello_to_goodbye(stage: Any, server: ScriptedModel) -> None:
    await stage.schedule()
    participant = Participant(stage)
    await participant.join()
    state = await participant.answer("I walked to the market, and I got so angry there.")
    assert (asked(state).move, asked(state).trigger) == ("probe", "emotional")
    state = await participant.answer("It was loud, and I had to wait for long.")
    assert asked(state).text == "You said it was loud, and i had. What was the best part?"
    state = await participant.answer("The bread I bought for my family.")
    assert state.progress.phase_id == "last"
    await participant.answer("No, that was all of it.")
    state = await stage.ended()
    assert (state.status, state.reason) == (SessionStatus.COMPLETED, Reason.FINISHED)
    events = await stage.events()
    assert state == fold(events)
    assert state.fault_count == 0, state.faults
    said_aloud = [turn.text for turn in state.turns if turn.speaker == "moderator"]
    assert participant.socket.captions() == said_aloud, "what is shown, logged and heard is the same"
    assert said_aloud[-1] == "You said no, that was all of it. Thank you. Goodbye."
    assert stage.recogniser.spoken[0] == "What was that like for you?", "live words go to the speech server"
    assert [event.payload.tool for event in events if isinstance(event.payload, ToolCalled)] == ["probe"]
    assert len([event for event in events if isinstance(event.payload, MoveWorded)]) == 4
    assert len(participant.socket.sounded) > 50
    assert participant.line is not None
    await participant.line


async def test_who_speaks_into_the_models_words_stops_them_and_the_model(
    stage: Any, server: ScriptedModel
) -> None:
    await stage.schedule()
    participant = Participant(stage)
    await participant.join()
    await stage.until(heard, within_s=30)
    server.play(
        Reply("So you walked all the way to the market on foot today. " + "And on. " * 60, token_s=0.1)
    )
    stage.recogniser.texts = ["I walked to the market."]
    participant.socket.say(speech("kokoro_s04"))
    await stage.until(lambda state: state.progress.moves == 2 and bool(state.open_speeches), within_s=30)
    stage.recogniser.texts = ["And I bought bread there for all of us."]
    participant.socket.say(speech("kokoro_s04"))
    state = await stage.until(lambda state: any(turn.cut_off for turn in state.turns), within_s=30)
    assert asked(state).move == "reply"
    state = await stage.until(lambda state: state.progress.moves == 3 and heard(state), within_s=45)
    assert server.abandoned == 1
    assert "bought bread there" in said(server.requests[-1])
    told = [text_of(m) for m in server.requests[-1]["messages"] if m["role"] == "assistant"]
    cut = next(turn for turn in state.turns if turn.cut_off)
    assert told[-1] == f"{cut.text} –", "the model is told what was heard of its words, and no more"
    assert state.fault_count == 0


@pytest.mark.parametrize("text", ["", "Mm-hmm.", "Thank you."])
async def test_a_cough_or_a_hum_while_the_model_thinks_does_not_cost_the_reply(
    stage: Any, server: ScriptedModel, text: str
) -> None:
    """A recogniser makes nothing of noise, or a word or two."""
    reply = "You walked there and bought some bread. And what was the best part of that?"
    server.play(Reply(reply, token_s=0.15))
    await stage.schedule()
    participant = Participant(stage)
    await participant.join()
    await stage.until(heard, within_s=30)
    stage.recogniser.texts = ["I walked to the market and I bought bread."]
    participant.socket.say(speech("kokoro_s04"))
    async with asyncio.timeout(15):
        while not server.requests:
            await asyncio.sleep(0.01)
    stage.recogniser.texts = [text]
    participant.socket.say(speech("lang_yes"))
    state = await stage.until(lambda state: state.progress.moves > 1 and heard(state), within_s=12)
    assert asked(state).text == reply, "long before anybody would ask whether they are still there"
    assert len(server.requests) == 1 and server.abandoned == 0
    assert [turn.text for turn in state.turns if turn.cut_off] == []


async def test_a_model_that_is_away_is_not_waited_for_twice(stage: Any, server: ScriptedModel) -> None:
    server.script = lambda _: Reply(fault="refused")
    await stage.schedule()
    participant = Participant(stage)
    await participant.join()
    state = await participant.answer("I walked to the market and I bought bread.")
    assert asked(state).text == "What was the best part?"
    assert (state.faults[0].fault.stage, state.faults[0].fault.code) == ("llm", "llm_unavailable")
    assert state.faults[0].fault.recovered and state.status is SessionStatus.ACTIVE


async def test_a_voice_that_is_away_while_the_model_speaks_is_waited_for(
    stage: Any, server: ScriptedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More often than the framework would try, after which the interview would be over."""
    monkeypatch.setattr("vivavoce.voice.tts.RETRY_AFTER_S", (0.1,) * 8)
    await stage.schedule()
    participant = Participant(stage)
    await participant.join()
    server.play(Reply("You walked there. And what was the best part of that?"))
    stage.recogniser.away = 6
    state = await participant.answer("I walked to the market and I bought bread.")
    assert stage.recogniser.away == 0
    assert asked(state).text == "You walked there. And what was the best part of that?"
    assert state.turns[-1].text == asked(state).text, "all of it is heard"
    assert state.fault_count == 0, state.faults


async def test_a_study_whose_profile_is_gone_is_held_in_its_own_words(open_stage: Callable[..., Any]) -> None:
    async with open_stage() as stage:
        await stage.schedule()
        participant = Participant(stage)
        await participant.join()
        state = await participant.answer("I walked to the market and I bought bread.")
        assert asked(state).text == "What was the best part?"
        assert [note.fault.code for note in state.faults] == ["llm_profile_unknown"]


async def test_another_host_goes_on_with_all_the_model_knew(
    open_stage: Callable[..., Any],
    llm: LlmSettings,
    server: ScriptedModel,
) -> None:
    clock = ManualClock(SystemClock().now())
    store = MemorySessionStore(clock)
    async with open_stage(store=store, llm=llm) as first:
        await first.schedule()
        participant = Participant(first)
        await participant.join()
        server.play(
            Reply(calls=(Call("flag_insight", {"note": "Bread."}),)), Reply("And what was the best of it?")
        )
        await participant.answer("I walked to the market and I bought bread.")
        runner = await first.host.admit("s1", "websocket", take_over=True)
        runner.lose(LeaseLost("s1", holder="first"))  # the process dies: nothing more is written
    clock.advance(60)
    async with open_stage(store=store, llm=llm) as second:
        participant = Participant(second)
        await participant.join()
        state = await second.until(lambda state: state.progress.moves == 3 and heard(state))
        assert asked(state).parts[-1] == "And what was the best of it?"
        await participant.answer("The smell of it, I think.")
        messages = server.requests[-1]["messages"]
        assert [m["role"] for m in messages][:6] == [
            "system",
            "user",
            "assistant",
            "user",
            "assistant",
            "tool",
        ]
        assert "I walked to the market" in text_of(messages[3])
        assert said(server.requests[-1]) == "The smell of it, I think."
