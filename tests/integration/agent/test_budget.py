"""Budgets through the real agent: livekit's session, the rails, a model behind HTTP that counts its tokens."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from scripted_model import Reply, ScriptedModel

from vivavoce.protocol.moderator import Moderator
from vivavoce.protocol.study import Study
from vivavoce.session.errors import StudySpent
from vivavoce.session.events import (
    BudgetGranted,
    BudgetMark,
    BudgetReached,
    Reason,
    SessionEvent,
    SessionStatus,
    UsageMetered,
)
from vivavoce.session.state import SessionState, fold
from vivavoce.settings import LlmSettings, MoneySettings, PriceSettings

REQUEST = 70_000
"""What one request costs at the prices below, in micro-dollars: the server counts 100 tokens read and 10 written."""

PRICE = PriceSettings(input_usd=Decimal(600), output_usd=Decimal(1000))


def money(session_usd: str, study_usd: str | None = None, hour_usd: str = "0") -> MoneySettings:
    return MoneySettings(
        machine_hour_usd=Decimal(hour_usd),
        session_usd=Decimal(session_usd),
        study_usd=None if study_usd is None else Decimal(study_usd),
        prices={"m": PRICE},
    )


def uses(events: list[SessionEvent], part: str) -> list[UsageMetered]:
    found = [event.payload for event in events if isinstance(event.payload, UsageMetered)]
    return [use for use in found if use.part == part]


async def answer(stage: Any, line: Any, text: str) -> SessionState:
    """Wait for a move to have been heard, say something, and wait for the next move."""
    before = await stage.until(_heard, within_s=30)
    stage.recogniser.texts = [text]
    line.say("kokoro_s04")
    return await stage.until(
        lambda state: state.progress.moves > before.progress.moves and _heard(state), within_s=30
    )


def _heard(state: SessionState) -> bool:
    last = state.progress.last_move
    spoken = last is not None and any(turn.move_id == last.move_id for turn in state.turns)
    return state.status.terminal or (spoken and not state.open_speeches)


class TestThinking:
    """With a model that has the floor after each answer."""

    @pytest.fixture
    def small(self, small: Study) -> Study:
        return small.model_copy(update={"moderator": Moderator(mode="semi_structured", own_probes=1)})

    async def test_a_session_closes_kindly_in_the_turn_in_which_its_money_runs_out(
        self, open_stage: Callable[..., Any], llm: LlmSettings, server: ScriptedModel
    ) -> None:
        # The first request leaves a third of it, the second is one too many.
        async with open_stage(llm=llm, money=money("0.10")) as stage:
            await stage.schedule()
            line = await stage.join()
            state = await answer(stage, line, "I walked to the market.")
            assert state.spent == REQUEST and state.budget_marks == ()
            await answer(stage, line, "The bread I bought for my family.")
            state = await stage.ended()
            events = await stage.events()
        assert (state.status, state.reason) == (SessionStatus.INTERRUPTED, Reason.BUDGET)
        assert state == fold(events)
        assert state.budget == 100_000
        assert state.spent == 2 * REQUEST == len(server.requests) * REQUEST, "one turn over it, no more"
        reached = [event.payload for event in events if isinstance(event.payload, BudgetReached)]
        assert [(each.mark, each.spent) for each in reached] == [(BudgetMark.CLOSE, 2 * REQUEST)]
        assert state.turns[-1].text == stage.study.line("closing_budget", "en")
        assert not state.turns[-1].cut_off
        counted = uses(events, "llm")
        assert [(use.input_tokens, use.output_tokens, use.counted_by) for use in counted] == [
            (100, 10, "provider")
        ] * 2
        assert all(use.subject and use.subject.startswith("m") for use in counted)
        (ended,) = line.of("ended")
        assert ended["reason"] == "budget"

    async def test_at_90_percent_it_wraps_up_and_comes_to_its_own_end(
        self, open_stage: Callable[..., Any], llm: LlmSettings, server: ScriptedModel
    ) -> None:
        async with open_stage(llm=llm, money=money("0.077")) as stage:
            await stage.schedule()
            line = await stage.join()
            await answer(stage, line, "I walked to the market.")
            state = await stage.until(lambda state: state.progress.wrapping_up)
            assert state.budget_marks == (BudgetMark.WRAP_UP,)
            state = await answer(stage, line, "The bread I bought for my family.")
            assert state.progress.phase_id == "last", "only what the last phase requires is asked"
            await answer(stage, line, "No, that was all of it.")
            state = await stage.ended()
        assert (state.status, state.reason) == (SessionStatus.COMPLETED, Reason.WRAP_UP)
        assert [message["code"] for message in line.of("notice")] == ["wrap_up"]
        assert len(server.requests) == 1 and state.spent == REQUEST, "the study's own words cost nothing"

    async def test_an_answer_that_is_broken_off_is_counted_by_us(
        self, open_stage: Callable[..., Any], llm: LlmSettings, server: ScriptedModel
    ) -> None:
        server.play(Reply("So you went there", fault="broken"), Reply(fault="refused"))
        async with open_stage(llm=llm, money=money("10")) as stage:
            await stage.schedule()
            line = await stage.join()
            await answer(stage, line, "I walked to the market.")
            await answer(stage, line, "The bread I bought for my family.")
            events = await stage.events()
        (counted,) = uses(events, "llm")  # the request that was refused costs nothing
        assert counted.counted_by == "us"
        assert counted.output_tokens == 6, "17 letters, three a token"
        assert 300 < counted.input_tokens < 3_000

    async def test_two_sessions_do_not_both_get_the_studys_last_money(
        self, open_stage: Callable[..., Any], llm: LlmSettings
    ) -> None:
        async with open_stage(llm=llm, money=money("1", study_usd="1.10")) as stage:
            for session_id in ("s1", "s2"):
                await stage.schedule(session_id)
            await stage.join("s1")
            with pytest.raises(StudySpent):
                await stage.join("s2")
            lease = await stage.store.claim("s2", holder="somebody", ttl_s=5)
            await stage.store.release(lease)  # it was let go of
            runner = await stage.host.admit("s1", "webrtc", take_over=True)
            runner.leave()
            await stage.ended("s1")
            await stage.join("s2")
            granted = [e.payload for e in await stage.events("s2") if isinstance(e.payload, BudgetGranted)]
            assert [payload.amount for payload in granted] == [1_000_000]


class TestStructured:
    """With the study's own words."""

    async def test_a_machines_time_runs_out_too(self, open_stage: Callable[..., Any]) -> None:
        # A slot of this machine costs 1.8 cents a second: it is closed at its first look, a turn of half a minute.
        async with open_stage(money=money_without_models("0.05", hour_usd="259.2")) as stage:
            await stage.schedule()
            line = await stage.join()
            for text in ("I walked to the market.", "The bread I bought.", "No, that was all."):
                state = await answer(stage, line, text)
                if state.status.terminal:
                    break
            state = await stage.ended(within_s=60)
            events = await stage.events()
        machine = uses(events, "machine")
        assert sum(use.amount for use in machine) == state.spent > 0
        assert {(use.provider, use.model) for use in machine} == {("self", "host")}
        measured = sum(use.seconds for use in machine)
        assert measured == pytest.approx(machine[-1].at_s, abs=0.01), "all of the session, and nothing twice"
        assert state.spent == pytest.approx(measured * 18_000, abs=5)

    async def test_what_was_heard_and_said_is_in_the_log_with_its_price(
        self, open_stage: Callable[..., Any]
    ) -> None:
        async with open_stage() as stage:
            await stage.schedule()
            line = await stage.join()
            await answer(stage, line, "I walked to the market.")
            events = await stage.events()
        (heard,) = uses(events, "stt")
        assert (heard.subject, heard.provider, heard.price, heard.amount) == ("u1", "self", "settings", 0)
        assert heard.seconds >= 1.0
        assert uses(events, "tts") == [], "prepared wording is not made anew"


def money_without_models(session_usd: str, *, hour_usd: str) -> MoneySettings:
    return MoneySettings(machine_hour_usd=Decimal(hour_usd), session_usd=Decimal(session_usd))
