"""A session overshoots its budget by its last turn at most: the host's own runner, in virtual time.

Everything is the runner's own but what makes and hears sound: the conversation's turns take the time they would take,
and use what the example says, wherever in the turn that is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar
from unittest.mock import MagicMock, patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from virtual_time import run

from vivavoce.agent import moderation as moderations
from vivavoce.agent import runner as runners
from vivavoce.agent.budget_watch import LAST_TURN_S
from vivavoce.agent.conversation import SpeechEnded
from vivavoce.agent.journal import Journal
from vivavoce.agent.runner import LAST_WORD_S, TICK_S, SessionRunner
from vivavoce.agent.till import MACHINES_EVERY_S, SessionPrices
from vivavoce.moderator.director import Director
from vivavoce.protocol.check import load_study
from vivavoce.protocol.observations import Answered, Observation
from vivavoce.session.events import (
    BudgetGranted,
    BudgetMark,
    BudgetReached,
    ConsentGiven,
    Reason,
    SessionEvent,
    SessionScheduled,
    SessionWaiting,
    Transport,
    UsageMetered,
)
from vivavoce.session.memory import MemorySessionStore
from vivavoce.session.state import SessionState
from vivavoce.session.timers import HOST_TIMERS
from vivavoce.session.usage import Use
from vivavoce.transport.desk import Desk
from vivavoce.transport.line import LineBase, LineEnd, MessageHandler
from vivavoce.voice.tariff import MachineTariff, UnitTariff

STUDY = load_study((Path(__file__).parents[3] / "studies" / "demo.yaml").read_bytes(), source="demo.yaml")
ANSWER = "I walked to the market and bought some bread there, and then I took the bus home again."
START = datetime(2030, 1, 1, 9, 0, tzinfo=UTC)
SHA = "0" * 64
SPEECH_S = 4.0
THINKING_S = 0.7
"""Between the end of the participant's sound and the end of their turn."""

MICRO_A_TOKEN = UnitTariff("p", "m", "test", output_usd=Decimal(1))


class LoopClock:
    """The event loop's time as a wall clock."""

    def now(self) -> datetime:
        return START + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()


class SilentLine(LineBase):
    """A participant's line without sound."""

    transport: ClassVar[Transport] = "webrtc"

    def send(self, message: Any) -> None:
        pass

    async def run(self, desk: Desk, on_message: MessageHandler) -> LineEnd:
        desk.attach(self)
        try:
            return await self._ended()
        finally:
            desk.detach(self, silent_s=0.0)


@dataclass(frozen=True)
class Turn:
    """One turn of the participant's and the reply to it.

    Attributes:
        speaks_s: how long they speak.
        costs: what each request of the reply costs, in micro-dollars.
        request_s: how long each of them takes.
        voice: what saying the reply costs, which is known while it is heard.
    """

    speaks_s: float
    costs: Sequence[int]
    request_s: float
    voice: int = 0


@dataclass
class Played:
    """`Conversation` without sound: what is said takes its time, and the participant answers each question."""

    turns: list[Turn]
    options: dict[str, Any]
    words_pending: bool = False
    replies: list[asyncio.Task[None]] = field(default_factory=list[asyncio.Task[None]])
    answering: asyncio.Task[None] | None = None
    turn_began: list[float] = field(default_factory=list[float])

    @property
    def director(self) -> Director:
        return self.options["director"]

    @property
    def moderator_active(self) -> bool:
        return any(not reply.done() for reply in self.replies)

    def stuck_since(self) -> None:
        return None

    def caption(self) -> str:
        return ""

    async def start(self) -> None:
        pass

    async def aclose(self) -> None:
        await self.interrupt()
        if self.answering is not None:
            self.answering.cancel()

    def cut(self) -> None:
        pass

    async def interrupt(self) -> None:
        for reply in self.replies:
            reply.cancel()
        await asyncio.gather(*self.replies, return_exceptions=True)

    def say(self, observation: Observation, *, interruptible: bool = True) -> None:
        self.replies.append(asyncio.create_task(self._reply(observation, None)))

    async def _reply(self, observation: Observation, turn: Turn | None) -> None:
        if turn is not None:
            self.turn_began.append(asyncio.get_running_loop().time())
        for cost in turn.costs if turn is not None else ():
            await asyncio.sleep(turn.request_s if turn is not None else 0)
            self.options["used"](Use("llm", "m", output_tokens=cost))
        ticket = self.director.submit(observation)
        self.director.decide(ticket)
        move = self.director.move(ticket)
        if move is None:
            return
        listener, loop = self.options["listener"], asyncio.get_running_loop()
        began = loop.time()
        listener.on_speech_started(move, began)
        await asyncio.sleep(SPEECH_S / 4)
        if turn is not None and turn.voice:
            self.options["used"](Use("llm", "m", output_tokens=turn.voice))
        await asyncio.sleep(SPEECH_S * 3 / 4)
        listener.on_speech_ended(
            SpeechEnded(move, move.text, move.text, began, loop.time(), interrupted=False)
        )
        if move.expects_answer:
            self.answering = asyncio.create_task(self._answer())

    async def _answer(self) -> None:
        turn = self.turns.pop(0) if self.turns else Turn(3.0, (), 0.0)
        listener = self.options["listener"]
        await asyncio.sleep(1.0)
        listener.on_participant_speaking(True)
        await asyncio.sleep(turn.speaks_s)
        listener.on_participant_speaking(False)
        await asyncio.sleep(THINKING_S)
        observation = listener.on_turn(ANSWER)
        if isinstance(observation, Answered):
            self.replies.append(asyncio.create_task(self._reply(observation, turn)))


async def hold(turns: list[Turn], budget: int, hour_usd: Decimal) -> tuple[list[SessionEvent], SessionState]:
    """A session's log, held by a runner of the host's own."""
    clock = LoopClock()
    store = MemorySessionStore(clock)
    scheduled = SessionScheduled(
        study_id="demo", study_hash="h", study_title="D", language="en", participant_id="p"
    )
    await store.create("s", scheduled, at=clock.now())
    lease = await store.claim("s", holder="host", ttl_s=60)
    state = await store.append(
        lease,
        [
            ConsentGiven(version="1", text_sha256=SHA, language="en", disclosure_sha256=SHA),
            BudgetGranted(amount=budget),
            SessionWaiting(transport="webrtc"),
        ],
        at=clock.now(),
    )
    journal = Journal(store, lease, state, clock=clock, on_lost=lambda error: runner.lose(error), lease_s=60)
    equipment = MagicMock(clock=clock, timers=HOST_TIMERS)
    machine = MachineTariff("host", "test", hour_usd, 1)
    with (
        patch.object(moderations, "Conversation", lambda **options: Played(turns, options)),
        patch.object(runners, "Tape", SilentTape),
        patch.object(moderations, "ServerTTS", MagicMock()),
    ):
        runner = SessionRunner(
            journal=journal,
            study=STUDY,
            equipment=equipment,
            prices=SessionPrices({("llm", "m"): MICRO_A_TOKEN}, (machine,)),
            past=(),
            closed=lambda: None,
        )
        running = asyncio.create_task(runner.run())
        await runner.attach(SilentLine(), user_agent=None, take_over=False)
        await running
    return await store.read("s"), await store.state("s")


class SilentTape:
    """Records nothing."""

    def __init__(self, *_: Any, **__: Any) -> None:
        pass

    def start(self, at_s: float) -> None:
        return None

    async def close(self) -> None:
        pass


TURNS = st.lists(
    st.builds(
        Turn,
        speaks_s=st.sampled_from([2.0, 8.0, 45.0]),
        costs=st.lists(st.integers(0, 400_000), max_size=4),
        request_s=st.sampled_from([0.0, 0.05, 0.4, 2.0]),
        voice=st.integers(0, 100_000),
    ),
    max_size=20,
)


@settings(deadline=None, max_examples=40)
@given(
    turns=TURNS,
    budget=st.integers(1, 2_000_000),
    hour_usd=st.sampled_from([Decimal(0), Decimal("0.5"), Decimal(20)]),
)
def test_a_session_overshoots_by_its_last_turn_at_most(
    turns: list[Turn], budget: int, hour_usd: Decimal
) -> None:
    dearest = max((sum(turn.costs) + turn.voice for turn in turns), default=0)
    longest_s = max(turn.speaks_s for turn in [*turns, Turn(3.0, (), 0.0)])
    events, state = run(hold(list(turns), budget, hour_usd))
    assert state.status.terminal and not state.faults, state.faults
    uses = [event.payload for event in events if isinstance(event.payload, UsageMetered)]
    assert state.spent == sum(use.amount for use in uses)
    # A machine's time is paid in pieces, and runs on while who is speaking, and the goodbye, are heard out.
    turn_s = (
        MACHINES_EVERY_S + min(longest_s, LAST_TURN_S) + THINKING_S + 4 * 2.0 + 2 * SPEECH_S + LAST_WORD_S
    )
    machine = int(hour_usd * Decimal(turn_s + 5 * TICK_S) * 1_000_000 / 3600)
    assert state.spent <= budget + dearest + machine
    marks = [event.payload for event in events if isinstance(event.payload, BudgetReached)]
    assert len({mark.mark for mark in marks}) == len(marks), "each mark once"
    last = state.progress.last_move
    assert last is not None and last.final
    heard = [turn for turn in state.turns if turn.move_id == last.move_id]
    assert heard and heard[0].text == last.text and not heard[0].cut_off, "the last words are heard whole"
    if last.end_reason == "budget":
        assert last.text == STUDY.line("closing_budget", "en") and BudgetMark.CLOSE in state.budget_marks
    else:
        assert state.progress.wrapping_up or state.reason is Reason.FINISHED


@pytest.mark.parametrize("uses", range(1, 25))
def test_whichever_use_ends_the_money_the_last_words_are_heard_whole(uses: int) -> None:
    """Also where it is the goodbye's own."""
    turns = [Turn(3.0, (1000,), 0.1, voice=1000)] * 20
    _, state = run(hold(list(turns), uses * 1000, Decimal(0)))
    last = state.progress.last_move
    assert last is not None and last.final
    assert [turn.text for turn in state.turns if turn.move_id == last.move_id and not turn.cut_off] == [
        last.text
    ]
    assert state.reason is not None and state.reason.value == last.end_reason
