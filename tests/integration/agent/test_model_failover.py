"""A model's server fails in the middle of a session: what the participant hears, and what is written down."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from noticing import noticed
from participant import Participant, asked, heard
from scripted_model import Reply, ScriptedModel, scripted_model

from vivavoce.protocol.moderator import Moderator
from vivavoce.protocol.study import Study
from vivavoce.session.events import ProviderSwitched, TurnTimed, Utterance
from vivavoce.session.state import fold
from vivavoce.settings import LlmProfile, LlmSettings

WITHIN_S = 3.0
"""From the participant's last sound to the moderator's next sentence, however the server fails."""

ANSWER = "I walked to the market and I bought bread."


@pytest.fixture
def small(small: Study) -> Study:
    return small.model_copy(update={"moderator": Moderator(mode="semi_structured", own_probes=1)})


@pytest.fixture
async def servers() -> AsyncIterator[tuple[ScriptedModel, ScriptedModel]]:
    async with scripted_model() as main, scripted_model() as spare:
        yield main, spare


NOBODY = "http://127.0.0.1:9/v1"
"""Where no server listens."""


@pytest.fixture
async def stage(
    open_stage: Callable[..., Any],
    servers: tuple[ScriptedModel, ScriptedModel],
    request: pytest.FixtureRequest,
) -> AsyncIterator[Any]:
    main, spare = servers
    profiles = {
        "main": LlmProfile(base_url=getattr(request, "param", main.url), model="main", fallbacks=("spare",)),
        "spare": LlmProfile(base_url=spare.url, model="spare", first_word_s=10, stall_s=10),
    }
    async with open_stage(llm=LlmSettings(default="main", profiles=profiles)) as opened:
        yield opened


BROKEN = {
    "refused": (Reply(fault="refused"), ""),
    "silent": (Reply(fault="slow"), ""),
    "stalled": (Reply("So you went", fault="stalled"), ""),
    "broken off": (Reply("So you went", fault="broken"), ""),
    "stalled after a sentence": (
        Reply("So you went there today. And", fault="stalled"),
        "So you went there today. ",
    ),
    "broken off after a sentence": (
        Reply("So you went there today. And", fault="broken"),
        "So you went there today. ",
    ),
}


@pytest.mark.parametrize("name", list(BROKEN))
async def test_the_next_sentence_is_heard_in_time_and_no_word_is_lost(
    stage: Any,
    servers: tuple[ScriptedModel, ScriptedModel],
    name: str,
    request: pytest.FixtureRequest,
) -> None:
    main, spare = servers
    reply, before = BROKEN[name]
    await stage.schedule()
    participant = Participant(stage)
    await participant.join()
    main.play(reply)
    spare.play(Reply("What was the best of it?"))
    state = await participant.answer(ANSWER)
    events = await stage.events()
    found = noticed(participant, [event.payload for event in events], ANSWER)
    found.report(request, part="LLM", spare="model", fault=name)
    assert asked(state).text == f"{before}What was the best of it?"
    assert state == fold(events)
    [switch] = [e.payload for e in events if isinstance(e.payload, ProviderSwitched)]
    assert (switch.stage, switch.before, switch.after) == ("llm", "main", "spare")
    assert [e.payload.text for e in events if isinstance(e.payload, Utterance)] == [ANSWER]
    assert state.fault_count == 0
    [timed] = [e.payload for e in events if isinstance(e.payload, TurnTimed)]
    assert timed.response_s < WITHIN_S, timed
    assert found.unharmed(WITHIN_S), found
    assert participant.socket.captions()[-1] == asked(state).text, "and it was heard to its end"


@pytest.mark.parametrize("stage", [NOBODY], indirect=True)
async def test_a_server_that_is_not_there_costs_no_word(
    stage: Any, servers: tuple[ScriptedModel, ScriptedModel], request: pytest.FixtureRequest
) -> None:
    _, spare = servers
    await stage.schedule()
    participant = Participant(stage)
    await participant.join()
    spare.play(Reply("What was the best of it?"))
    state = await participant.answer(ANSWER)
    found = noticed(participant, [event.payload for event in await stage.events()], ANSWER)
    found.report(request, part="LLM", spare="model", fault="not there")
    assert asked(state).text == "What was the best of it?" and state.fault_count == 0
    assert found.unharmed(WITHIN_S), found


async def test_an_outage_loses_no_session_and_its_end_is_noticed(
    stage: Any, servers: tuple[ScriptedModel, ScriptedModel]
) -> None:
    main, _ = servers
    answering = main.script
    main.script = lambda _: Reply(fault="refused")
    await stage.schedule()
    participant = Participant(stage)
    await participant.join()
    await participant.answer(ANSWER)
    main.script = answering
    await participant.answer("The bread I bought for my family.")
    await participant.answer("No, that was all of it.")
    state = await stage.ended()
    assert state.reason == "finished" and heard(state)
    switches = [e.payload for e in await stage.events() if isinstance(e.payload, ProviderSwitched)]
    assert [(s.before, s.after, s.code) for s in switches] == [
        ("main", "spare", "llm_unavailable"),
        ("spare", "main", "recovered"),
    ]
