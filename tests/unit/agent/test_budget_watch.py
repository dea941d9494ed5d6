"""The budget watch marks each limit once, and hears a participant out before the end."""

from __future__ import annotations

from folded import Log

from vivavoce.agent.budget_watch import LAST_TURN_S, BudgetWatch
from vivavoce.session.events import BudgetGranted, BudgetReached, ParticipantJoined, UsageMetered
from vivavoce.session.status import BudgetMark


def spent(amount: int) -> UsageMetered:
    return UsageMetered(
        part="llm",
        provider="p",
        model="m",
        output_tokens=amount,
        counted_by="provider",
        price="test",
        amount=amount,
        at_s=0.0,
    )


def a_log() -> Log:
    joined = ParticipantJoined(transport="webrtc", connection_id="c1", rejoined=False, at_s=0.0)
    return Log(BudgetGranted(amount=100), joined)


def test_it_says_once_that_the_budget_is_nearly_spent() -> None:
    log = a_log()
    watch = BudgetWatch(log.state, post=log.post)
    assert watch.look(at_s=1.0, speaking=False) is None
    log.post(spent(90))
    assert watch.look(at_s=2.0, speaking=True) is BudgetMark.WRAP_UP
    assert watch.look(at_s=2.2, speaking=False) is None
    assert [(mark.mark, mark.spent, mark.at_s) for mark in log.of(BudgetReached)] == [
        (BudgetMark.WRAP_UP, 90, 2.0)
    ]


def test_once_it_is_spent_it_closes_when_the_participant_has_finished() -> None:
    log = a_log()
    watch = BudgetWatch(log.state, post=log.post)
    log.post(spent(100))
    assert watch.look(at_s=5.0, speaking=True) is None
    assert [mark.mark for mark in log.of(BudgetReached)] == [BudgetMark.CLOSE]
    assert watch.look(at_s=6.0, speaking=False) is BudgetMark.CLOSE
    assert watch.look(at_s=6.2, speaking=False) is BudgetMark.CLOSE, "until it is closed"
    assert len(log.of(BudgetReached)) == 1


def test_who_speaks_on_is_heard_out_for_so_long_only() -> None:
    log = a_log()
    watch = BudgetWatch(log.state, post=log.post)
    log.post(spent(100))
    assert watch.look(at_s=5.0, speaking=True) is None
    assert watch.look(at_s=5.0 + LAST_TURN_S - 0.1, speaking=True) is None
    assert watch.look(at_s=5.0 + LAST_TURN_S, speaking=True) is BudgetMark.CLOSE


def test_a_host_that_takes_up_a_spent_session_closes_it_at_once() -> None:
    log = a_log()
    log.post(spent(100), BudgetReached(mark=BudgetMark.CLOSE, spent=100, at_s=50.0))
    assert BudgetWatch(log.state, post=log.post).look(at_s=60.0, speaking=True) is BudgetMark.CLOSE
