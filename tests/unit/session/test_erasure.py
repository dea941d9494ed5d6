"""What is left of a log: it folds, it says who, when, on what consent and at what cost, and nothing that was said."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.protocol.facts import MoveDecided
from vivavoce.protocol.progress import Probed, Progress
from vivavoce.session.erasure import KEPT, Line, erased
from vivavoce.session.errors import IllegalTransition, LogUnreadable
from vivavoce.session.events import (
    EventErased,
    Fault,
    ParticipantJoined,
    Reason,
    SessionEnded,
    SessionErased,
    SessionEvent,
    SessionScheduled,
    SessionStatus,
    UsageMetered,
    parse_payload,
)
from vivavoce.session.state import apply, fold

History = Callable[[Random, int], list[SessionEvent]]
randoms = st.builds(Random, st.integers(0, 2**32))
AT = datetime(2031, 1, 1, 9, 0, tzinfo=UTC)
SECRET = "zanzibar"
SAID = {
    *("text", "heard_text", "planned_text", "parts", "own_words", "quote", "note"),
    *("arguments", "answer", "message", "user_agent"),
}
"""Fields in which there can be somebody's words."""

WITHDRAWN = SessionErased(reason="withdrawn")


def spoken(value: Any, *, said: bool = False) -> Any:
    """The same JSON with the secret as the words in it."""
    match value:
        case dict():
            return {key: spoken(inner, said=said or key in SAID) for key, inner in value.items()}
        case list():
            return [spoken(inner, said=said) for inner in value]
        case str() if said:
            return SECRET
        case _:
            return value


def lines(log: list[SessionEvent]) -> list[Line]:
    return [Line(e.seq, e.at, e.payload.kind, e.payload.model_dump(mode="json")) for e in log]


def over(log: list[SessionEvent]) -> list[SessionEvent]:
    """The log with the secret in all its words, ended."""
    told = [
        event.model_copy(
            update={"payload": parse_payload(spoken(event.payload.model_dump(mode="json")), where="here")}
        )
        for event in log
        if not isinstance(event.payload, SessionErased)
    ]
    first = told[0].payload
    assert isinstance(first, SessionScheduled)
    move = MoveDecided(
        move_id="m0", move="probe", phase_id="p", text=SECRET, parts=(SECRET,), at_s=0, expects_answer=True
    )
    before = Progress(
        own_words=SECRET,
        last_move=move,
        probed=(Probed(question_id="q", probe_id=None, trigger=None, text=SECRET),),
    )
    told[0] = told[0].model_copy(update={"payload": first.model_copy(update={"progress": before})})
    state = fold(told)
    if not state.status.terminal:
        ended = SessionEnded(status=SessionStatus.INTERRUPTED, reason=Reason.WITHDRAWN, at_s=9)
        told.append(SessionEvent(session_id="s-1", seq=state.seq + 1, at=state.updated_at, payload=ended))
    return told


@given(rng=randoms, length=st.integers(1, 80))
def test_what_is_left_folds_and_has_none_of_the_words(
    rng: Random, length: int, legal_history: History
) -> None:
    log = over(legal_history(rng, length))
    before = fold(log)
    assert SECRET in json.dumps([line.payload for line in lines(log)])
    left = erased("s-1", lines(log), WITHDRAWN, at=AT)
    state = fold(left)
    assert SECRET not in json.dumps([event.model_dump(mode="json") for event in left])
    assert SECRET not in state.model_dump_json()
    # A tombstone: who, what, when, on what consent, how it ended, what it cost.
    for name in (
        "study_id", "study_hash", "participant_id", "sitting", "consent", "created_at", "waiting_at",
        "joined_at", "ended_at", "status", "reason", "spent", "budget",
    ):  # fmt: skip
        assert getattr(state, name) == getattr(before, name), name
    assert (state.seq, state.erased_at) == (before.seq + 1, AT)
    assert [(event.seq, event.at) for event in left[:-1]] == [(event.seq, event.at) for event in log]
    assert [event.payload.amount for event in left if isinstance(event.payload, UsageMetered)] == [
        event.payload.amount for event in log if isinstance(event.payload, UsageMetered)
    ]
    assert not any(event.payload.user_agent for event in left if isinstance(event.payload, ParticipantJoined))


@given(rng=randoms, length=st.integers(1, 40))
def test_erasing_again_changes_nothing(rng: Random, length: int, legal_history: History) -> None:
    left = erased("s-1", lines(over(legal_history(rng, length))), WITHDRAWN, at=AT)
    again = erased("s-1", lines(left), SessionErased(reason="retention"), at=AT + timedelta(days=1))
    assert again == left


def test_an_event_of_an_unknown_kind_is_erased_unread(legal_history: History) -> None:
    log = lines(over(legal_history(Random(1), 5)))
    log.insert(-1, Line(log[-1].seq, AT, "poem.recited", {"verse": SECRET}))
    log[-1] = log[-1]._replace(seq=log[-1].seq + 1)
    left = erased("s-1", log, WITHDRAWN, at=AT)
    assert left[-3].payload == EventErased(was="poem.recited")
    assert fold(left).erased_at == AT


def test_a_kept_event_that_nobody_can_read_is_told(legal_history: History) -> None:
    log = lines(over(legal_history(Random(1), 5)))
    log[0].payload["new_field"] = 1  # pyright: ignore[reportIndexIssue]
    with pytest.raises(LogUnreadable, match="event 1"):
        erased("s-1", log, WITHDRAWN, at=AT)


def test_only_a_session_that_is_over_is_erased(legal_history: History) -> None:
    first = legal_history(Random(1), 1)
    left = erased("s-1", lines(first), WITHDRAWN, at=AT)
    with pytest.raises(IllegalTransition, match="not over"):
        fold(left)


def test_nothing_is_written_after_it(legal_history: History) -> None:
    left = erased("s-1", lines(over(legal_history(Random(1), 9))), WITHDRAWN, at=AT)
    late = Fault(stage="stt", code="c", message="m", recovered=True)
    with pytest.raises(IllegalTransition, match="erased"):
        apply(fold(left), SessionEvent(session_id="s-1", seq=left[-1].seq + 1, at=AT, payload=late))


def test_kinds_that_stay_are_few() -> None:
    # Whoever adds one says why what it says is no content.
    assert {kind.model_fields["kind"].default for kind in KEPT} == {
        "session.scheduled", "consent.given", "session.waiting", "participant.joined", "participant.left",
        "lease.claimed", "budget.granted", "budget.reached", "usage.metered", "session.ended",
        "event.erased", "session.erased",
    }  # fmt: skip
