"""Ending a session by hand, with and without a host that holds it."""

from __future__ import annotations

import pytest

from vivavoce.ops.close import close_session
from vivavoce.session.clock import ManualClock
from vivavoce.session.errors import LeaseLost, SessionOver, SessionUnknown
from vivavoce.session.events import ConsentGiven, Reason, SessionScheduled, SessionStatus, SessionWaiting
from vivavoce.session.memory import MemorySessionStore
from vivavoce.session.state import fold

SCHEDULED = SessionScheduled(
    study_id="demo", study_hash="h", study_title="Demo", language="en", participant_id="p1"
)
CONSENT = ConsentGiven(version="1", text_sha256="0" * 64, language="en", disclosure_sha256="1" * 64)


async def test_a_session_is_ended_over_the_head_of_its_host() -> None:
    clock = ManualClock()
    store = MemorySessionStore(clock)
    await store.create("s1", SCHEDULED, at=clock.now())
    lease = await store.claim("s1", holder="a host", ttl_s=15)
    await store.append(lease, [CONSENT], at=clock.now())
    state = await close_session(store, "s1", clock=clock)
    assert (state.status, state.reason) == (SessionStatus.INTERRUPTED, Reason.FORCED)
    assert state == fold(await store.read("s1"))
    with pytest.raises(LeaseLost):
        await store.append(lease, [SessionWaiting(transport="webrtc")], at=clock.now())
    with pytest.raises(SessionOver):
        await close_session(store, "s1", clock=clock)
    with pytest.raises(SessionUnknown):
        await close_session(store, "s2", clock=clock)
