"""The budget of a session, in virtual time: a session overshoots by its last turn at most."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vivavoce.protocol.check import load_study
from vivavoce.protocol.facts import MoveDecided
from vivavoce.protocol.machine import decide
from vivavoce.protocol.observations import Answered, Began, CloseDue, Observation, WrapUpDue
from vivavoce.protocol.study import Study
from vivavoce.session.budget import reached
from vivavoce.session.errors import IllegalTransition
from vivavoce.session.events import (
    BudgetGranted,
    BudgetReached,
    ConsentGiven,
    Fault,
    ParticipantJoined,
    Payload,
    SessionEnded,
    SessionEvent,
    SessionScheduled,
    SessionStatus,
    SessionWaiting,
    UsageMetered,
)
from vivavoce.session.state import SessionState, apply, fold
from vivavoce.session.status import BudgetMark, Reason

STUDY = Path(__file__).parents[3] / "studies" / "demo.yaml"
START = datetime(2030, 1, 1, 9, 0, tzinfo=UTC)
SHA = "0" * 64


@pytest.fixture(scope="module")
def demo() -> Study:
    return load_study(STUDY.read_bytes(), source=str(STUDY))


def usage(amount: int, at_s: float = 0.0) -> UsageMetered:
    return UsageMetered(part="llm", provider="p", model="m", price="test", amount=amount, at_s=at_s)


class Session:
    """A log that is written while virtual time passes."""

    def __init__(self, study: Study, budget: int | None) -> None:
        self.study = study
        self.at_s = 0.0
        self.events: list[SessionEvent] = []
        self._state: SessionState | None = None
        self.post(
            SessionScheduled(
                study_id="s", study_hash="h", study_title="S", language="en", participant_id="p"
            ),
            ConsentGiven(version="1", text_sha256=SHA, language="en", disclosure_sha256=SHA),
        )
        if budget is not None:
            self.post(BudgetGranted(amount=budget))
        self.post(
            SessionWaiting(transport="webrtc"), ParticipantJoined(transport="webrtc", connection_id="c")
        )

    @property
    def state(self) -> SessionState:
        assert self._state is not None
        return self._state

    def post(self, *payloads: Payload) -> None:
        for payload in payloads:
            at = START + timedelta(seconds=self.at_s)
            event = SessionEvent(session_id="s1", seq=len(self.events) + 1, at=at, payload=payload)
            self._state = apply(self._state, event)
            self.events.append(event)

    def observe(self, observation: Observation) -> MoveDecided | None:
        decision = decide(self.study, self.state.progress, observation, language="en")
        self.post(*decision.facts)
        return decision.move


@settings(deadline=None, max_examples=200)
@given(
    budget=st.integers(1, 2_000_000),
    costs=st.lists(st.lists(st.integers(0, 400_000), min_size=1, max_size=4), min_size=40, max_size=40),
    machine=st.integers(0, 3_000),
)
def test_a_session_overshoots_by_its_last_turn_at_most(
    demo: Study, budget: int, costs: list[list[int]], machine: int
) -> None:
    """As the runner does it: what is spent is looked at after every use; a turn under way may finish its requests."""
    session = Session(demo, budget)
    move = session.observe(Began(0.0))
    dearest_turn = 0
    last_before_close: int | None = None
    for turn in costs:
        before = session.state.spent
        session.at_s += 8.0
        session.post(usage(machine, session.at_s), *(usage(cost, session.at_s) for cost in turn))
        dearest_turn = max(dearest_turn, session.state.spent - before)
        mark = reached(session.state)
        if mark is not None:
            session.post(BudgetReached(mark=mark, spent=session.state.spent, at_s=session.at_s))
        if mark is BudgetMark.CLOSE:
            last_before_close = before
            move = session.observe(CloseDue(session.at_s, Reason.BUDGET.value))
            break
        if mark is BudgetMark.WRAP_UP:
            assert session.observe(WrapUpDue(session.at_s)) is None, "the open question is still awaited"
            assert session.state.progress.wrapping_up
        move = session.observe(Answered(session.at_s, "I walked to the market and bought some bread there."))
        if move is None or move.final:
            break
    state = session.state
    assert state == fold(session.events)
    assert state.spent <= budget + dearest_turn
    assert reached(state) is None, "a mark is reached once"
    if last_before_close is not None:
        assert last_before_close < budget, "it would have closed a turn before"
        assert move is not None and move.final and move.end_reason == "budget"
        assert move.text == demo.line("closing_budget", "en")
    elif state.spent * 100 >= budget * 90:
        assert state.budget_marks == (BudgetMark.WRAP_UP,)
    else:
        assert state.budget_marks == ()


@pytest.mark.parametrize(
    ("spent", "mark"),
    [(0, None), (899_999, None), (900_000, "wrap_up"), (999_999, "wrap_up"), (1_000_000, "close")],
)
def test_the_marks_lie_at_90_and_100_percent(demo: Study, spent: int, mark: str | None) -> None:
    session = Session(demo, 1_000_000)
    session.post(usage(spent))
    assert reached(session.state) == mark


def test_a_session_without_a_budget_has_no_marks(demo: Study) -> None:
    session = Session(demo, None)
    session.post(usage(10**12))
    assert reached(session.state) is None
    with pytest.raises(IllegalTransition, match="no budget"):
        session.post(BudgetReached(mark=BudgetMark.CLOSE, spent=1, at_s=0))


def test_a_budget_is_granted_once_and_a_mark_reached_once(demo: Study) -> None:
    session = Session(demo, 5)
    with pytest.raises(IllegalTransition, match="granted before"):
        session.post(BudgetGranted(amount=6))
    session.post(BudgetReached(mark=BudgetMark.WRAP_UP, spent=5, at_s=0))
    with pytest.raises(IllegalTransition, match="reached before"):
        session.post(BudgetReached(mark=BudgetMark.WRAP_UP, spent=5, at_s=0))


def test_what_is_counted_after_the_end_is_still_spent(demo: Study) -> None:
    session = Session(demo, 100)
    session.post(SessionEnded(status=SessionStatus.INTERRUPTED, reason=Reason.BUDGET, at_s=1))
    session.post(usage(7), Fault(stage="llm", code="c", message="m", recovered=True))
    assert session.state.spent == 7
    assert reached(session.state) is None
    with pytest.raises(IllegalTransition):
        session.post(BudgetReached(mark=BudgetMark.CLOSE, spent=7, at_s=1))
