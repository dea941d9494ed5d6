"""Ending a session by hand, wherever it runs."""

from __future__ import annotations

from vivavoce.session.clock import Clock
from vivavoce.session.errors import SessionOver
from vivavoce.session.events import Reason, SessionEnded, SessionStatus
from vivavoce.session.state import SessionState
from vivavoce.session.store import SessionStore, given_back

HOLDER = "operator"
LEASE_S = 10.0
"""For one append."""


async def close_session(
    store: SessionStore, session_id: str, *, clock: Clock, reason: Reason = Reason.FORCED
) -> SessionState:
    """End a session now: as INTERRUPTED, for `reason`. All that was said until now is kept.

    A host that holds it writes nothing more: with its next sign of life it tells the participant's page and lets go.

    Raises:
        SessionUnknown: there is no such session.
        SessionOver: it has ended.
    """
    if (await store.state(session_id)).status.terminal:
        raise SessionOver(session_id)
    lease = await store.seize(session_id, holder=HOLDER, ttl_s=LEASE_S)
    async with given_back(store, lease):
        state = await store.state(session_id)
        if state.status.terminal:
            raise SessionOver(session_id)
        now = clock.now()
        ended = SessionEnded(status=SessionStatus.INTERRUPTED, reason=reason, at_s=state.at_s(now))
        return await store.append(lease, [ended], at=now)
