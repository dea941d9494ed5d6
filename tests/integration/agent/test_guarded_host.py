"""Whole sessions with a guard between model and participant: sound, log, captions, and what the model is told."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from guard_server import GuardServer, guard_server
from participant import Participant, Socket
from scripted_model import Reply, ScriptedModel, text_of

from vivavoce.protocol.moderator import Moderator
from vivavoce.protocol.study import Study
from vivavoce.session.events import SentenceJudged, UsageMetered
from vivavoce.session.state import fold
from vivavoce.settings import (
    GuardProfile,
    GuardSettings,
    LlmProfile,
    LlmSettings,
    MoneySettings,
    PriceSettings,
)

UNSAFE = "Here is how to poison a well."
SAFE_LINE = "Let me come back to our questions."
UNSAFE_PITCH = 1500.0
RATE = 24_000


@pytest.fixture
def small(small: Study) -> Study:
    return small.model_copy(update={"moderator": Moderator(mode="semi_structured", own_probes=1)})


@pytest.fixture
async def guard() -> AsyncIterator[GuardServer]:
    async with guard_server() as running:
        running.rule = lambda reply: "unsafe\nS1,S9" if "poison" in reply else "safe"
        yield running


@pytest.fixture
async def stage(open_stage: Callable[..., Any], llm: LlmSettings, guard: GuardServer) -> AsyncIterator[Any]:
    async with open_stage(
        llm=llm,
        guard=GuardSettings(default=("g",), profiles={"g": GuardProfile(base_url=guard.url)}),
        money=MoneySettings(
            machine_hour_usd=Decimal(0),
            prices={
                "m": PriceSettings(machine_hour_usd=Decimal(0)),
                "g": PriceSettings(input_usd=Decimal(10), output_usd=Decimal(100)),
            },
        ),
    ) as opened:
        opened.recogniser.pitch = lambda text: UNSAFE_PITCH if "poison" in text else 440.0
        yield opened


class Ear(Socket):
    """A page that keeps every sample that comes."""

    def __init__(self) -> None:
        super().__init__()
        self.samples = bytearray()

    async def send_bytes(self, data: bytes, /) -> None:
        await super().send_bytes(data)
        self.samples += data

    def level(self, pitch: float) -> float:
        """How loud a tone was at its loudest, in any 100 ms of all that came."""
        block = RATE // 10
        samples = np.frombuffer(bytes(self.samples), dtype=np.int16).astype(np.float64)
        blocks = samples[: len(samples) // block * block].reshape(-1, block) * np.hanning(block)
        at = round(pitch * block / RATE)
        return float(np.abs(np.fft.rfft(blocks, axis=1)[:, at]).max() / (block / 4))


async def joined(stage: Any) -> Participant:
    await stage.schedule()
    participant = Participant(stage)
    participant.socket = Ear()
    await participant.join()
    return participant


@pytest.mark.parametrize("guard_s", [0.0, 0.4])
async def test_an_unsafe_sentence_is_neither_heard_nor_shown_nor_remembered(
    stage: Any, server: ScriptedModel, guard: GuardServer, guard_s: float
) -> None:
    guard.after_s = guard_s
    participant = await joined(stage)
    server.play(Reply(f"You walked to the market. {UNSAFE} What happened then?"))
    state = await participant.answer("I walked to the market.")
    move = state.progress.last_move
    assert move is not None
    assert move.parts == ("You walked to the market.", SAFE_LINE, "What was the best part?")
    assert state.turns[-1].text == move.text, "the log has what was heard"
    ear = participant.socket
    assert isinstance(ear, Ear)
    assert ear.level(440.0) > 3000, "there was sound"
    # A tone that begins and ends has a little of every pitch; two milliseconds of the other one would be more.
    assert ear.level(UNSAFE_PITCH) < 60, "and none of it was of the unsafe sentence"
    assert "poison" not in str(ear.messages)
    judged = [e.payload for e in await stage.events() if isinstance(e.payload, SentenceJudged)]
    assert [(j.text, j.withheld, j.verdicts[-1].reasons) for j in judged[:2]] == [
        ("You walked to the market.", False, ()),
        (UNSAFE, True, ("S1", "S9")),
    ]
    assert judged[0].move_id == move.move_id
    assert state.progress.withheld == sum(j.withheld for j in judged)
    assert state.fault_count == 0
    server.play(Reply("And the best part, you say. Is there anything else?"))
    await participant.answer("The bread was the best part of it.")
    told = [text_of(m) for m in server.requests[-1]["messages"] if m["role"] == "assistant"]
    assert told[-1] == move.text, "the model is told what was heard"
    shown = [request["messages"] for _, request in guard.requests]
    assert "I walked to the market." in str(shown) and "poison" in str(shown)
    events = await stage.events()
    judged_for = [
        e.payload for e in events if isinstance(e.payload, UsageMetered) and e.payload.part == "guard"
    ]
    counted = [use for use in judged_for if use.counted_by == "provider"]
    assert len(counted) >= 3, "both replies' sentences, and the question that wakes it"
    assert {(use.provider, use.input_tokens, use.output_tokens, use.amount) for use in counted} == {
        ("g", 300, 3, 3_300)
    }, "by the guard's own price"
    state = fold(events)
    assert state.spent == sum(use.amount for use in judged_for), "it comes out of the session's budget"


async def test_an_outage_of_the_guard_is_met_with_the_studys_words_in_time(
    stage: Any, server: ScriptedModel, guard: GuardServer
) -> None:
    guard.fault = "stalled"
    participant = await joined(stage)
    server.play(Reply("You walked to the market. What happened then?"))
    state = await participant.answer("I walked to the market.")
    move = state.progress.last_move
    assert move is not None
    assert move.parts == (SAFE_LINE, "What was the best part?") and state.turns[-1].text == move.text
    judged = [e.payload for e in await stage.events() if isinstance(e.payload, SentenceJudged)]
    assert all(j.withheld for j in judged)
    assert (judged[0].verdicts[-1].outcome, judged[0].verdicts[-1].reasons) == ("failed", ("guard_slow",))
    assert [(n.fault.stage, n.fault.code, n.fault.recovered) for n in state.faults] == [
        ("guard", "guard_slow", True)
    ]


async def test_a_guard_whose_profile_is_gone_leaves_the_studys_own_words(
    open_stage: Callable[..., Any], server: ScriptedModel, small: Study
) -> None:
    small = small.model_copy(update={"guard": small.guard.model_copy(update={"models": ("gone",)})})
    llm = LlmProfile(base_url=server.url, model="scripted")
    async with open_stage(llm=LlmSettings(default="m", profiles={"m": llm}), study=small) as stage:
        participant = await joined(stage)
        state = await participant.answer("I walked to the market.")
        assert state.progress.last_move is not None
        assert state.progress.last_move.text == "What was the best part?"
        assert [note.fault.code for note in state.faults] == ["guard_profile_unknown"]
        assert not server.requests
