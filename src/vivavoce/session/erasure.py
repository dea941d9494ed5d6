"""What remains of a log when a participant's content is erased. Pure.

A log is append-only, and erasing is the one exception: its events keep their numbers and moments, and what they say is
replaced. Only the kinds of `KEPT` stay, without what is personal in them; every other event, also of a kind that this
version does not know, becomes an `event.erased` that names its kind. So a new kind is erased until somebody says
otherwise here. A `session.erased` is the last event: a log that ends with it has no content left.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from vivavoce.session.events import (
    BudgetGranted,
    BudgetReached,
    ConsentGiven,
    EventErased,
    LeaseClaimed,
    ParticipantJoined,
    ParticipantLeft,
    Payload,
    SessionEnded,
    SessionErased,
    SessionEvent,
    SessionScheduled,
    SessionWaiting,
    UsageMetered,
    parse_payload,
)

KEPT = (
    SessionScheduled,
    ConsentGiven,
    SessionWaiting,
    ParticipantJoined,
    ParticipantLeft,
    LeaseClaimed,
    BudgetGranted,
    BudgetReached,
    UsageMetered,
    SessionEnded,
    EventErased,
    SessionErased,
)
"""Who took part under which pseudonym, when, for how long, on what consent, at what cost, and how it ended. What
carries a session from one status to the next is all here, so that an erased log folds."""

_KEPT_KINDS = frozenset(kind.model_fields["kind"].default for kind in KEPT)


def remains(kind: str, payload: Mapping[str, Any], *, where: str) -> Payload:
    """What is left of one event.

    Args:
        kind: of the event.
        payload: as JSON gives it; of a kind that is not kept nobody reads it.
        where: the session and event, as words, for the message.

    Raises:
        LogUnreadable: a newer version wrote an event of a kind that is kept.
    """
    if kind not in _KEPT_KINDS:
        return EventErased(was=kind)
    kept = parse_payload({**payload, "kind": kind}, where=where)
    match kept:
        case SessionScheduled():
            # How far an earlier sitting came has its words in it.
            return kept.model_copy(update={"progress": None})
        case ParticipantJoined():
            return kept.model_copy(update={"user_agent": None})
        case UsageMetered():
            return kept.model_copy(update={"subject": None})
        case _:
            return kept


class Line(NamedTuple):
    """An event as a store has it; its payload is JSON that nobody has read yet."""

    seq: int
    at: datetime
    kind: str
    payload: Mapping[str, Any]


def erased(session_id: str, log: Iterable[Line], last: SessionErased, *, at: datetime) -> list[SessionEvent]:
    """The log that is left of a whole log, of a session that is over.

    Args:
        session_id: the session.
        log: from event 1.
        last: says why it was erased; a log that was erased before keeps what it said then.
        at: when.

    Raises:
        LogUnreadable: see `remains`.
    """
    left = [
        SessionEvent(
            session_id=session_id,
            seq=line.seq,
            at=line.at,
            payload=remains(line.kind, line.payload, where=f"session {session_id!r}, event {line.seq}"),
        )
        for line in log
    ]
    if not left or not isinstance(left[-1].payload, SessionErased):
        left.append(SessionEvent(session_id=session_id, seq=len(left) + 1, at=at, payload=last))
    return left
