"""Erasing a participant's content from everything that we keep. What remains is a tombstone (`session.erasure`).

The order is such that a run that was killed anywhere is finished by running it again: the files of a session go first,
its log and all that the database has of it last, in one transaction; its `session.erased` says that both are done. Then
the database lets go of what was deleted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from vivavoce.errors import VivavoceError
from vivavoce.ops.close import close_session
from vivavoce.ops.spool import empty_spool, in_spool
from vivavoce.session.clock import Clock
from vivavoce.session.errors import LeaseHeld, SessionOver
from vivavoce.session.events import ErasureReason, SessionErased
from vivavoce.session.lease import Lease
from vivavoce.session.status import Reason, SessionStatus
from vivavoce.session.store import SessionSummary, given_back
from vivavoce.settings import Settings
from vivavoce.storage.open import Storage
from vivavoce.storage.scrub import scrub

HOLDER = "eraser"

LEASE_S = 120.0
"""For the files of one session."""

CLAIM_S = 30.0
"""Seconds that somebody else may hold a session that is over: the sweeper does, to close its recording."""

HANDOVER_S = 60.0
"""Seconds after its end in which a host hands a session's recording over."""

MOST_SITTINGS = 10_000

log = structlog.get_logger(__name__)


class ParticipantUnknown(VivavoceError):
    """There is no participant of that pseudonym in that study."""

    code = "participant_unknown"

    def __init__(self, study_id: str, participant_id: str) -> None:
        super().__init__(
            f"The study {study_id!r} has no participant {participant_id!r}.",
            next_step="`vivavoce session list` shows the pseudonyms; a participant's name is in none of our tables.",
        )


class SessionRunning(VivavoceError):
    """A session that is under way was to be erased."""

    code = "session_running"

    def __init__(self, session_ids: Sequence[str]) -> None:
        which = ", ".join(session_ids)
        super().__init__(
            f"Under way, and not erased: {which}.",
            next_step="Wait until it is over, or add --close to end it now.",
        )


@dataclass(frozen=True)
class Interview:
    """A participant's interview in a study: all its sittings, the oldest first; none if it was never begun."""

    study_id: str
    participant_id: str
    sittings: tuple[SessionSummary, ...]

    @property
    def running(self) -> tuple[str, ...]:
        """Ids of the sittings that are under way."""
        return tuple(one.session_id for one in self.sittings if _runs(one))


@dataclass(frozen=True)
class Holdings:
    """What there is of an interview to be erased.

    Attributes:
        erased: ids of sittings that were erased before.
        events: events of their logs.
        recordings: keys in the object stores.
        spooled: files in this machine's spool.
    """

    erased: tuple[str, ...] = ()
    events: int = 0
    recordings: tuple[str, ...] = ()
    spooled: tuple[str, ...] = ()


@dataclass
class Gone:
    """What was erased.

    Attributes:
        sessions: ids of sessions.
        recordings: keys that were in the object stores.
        unclosed: keys of recordings that no host had handed over. What there is of them is on that host's disk.
    """

    sessions: list[str] = field(default_factory=list[str])
    recordings: list[str] = field(default_factory=list[str])
    unclosed: list[str] = field(default_factory=list[str])


async def interview_of(storage: Storage, session_id: str) -> Interview:
    """The interview that a session belongs to. Raises SessionUnknown."""
    state = await storage.sessions.state(session_id)
    return await interview_by(storage, state.study_id, state.participant_id)


async def interview_by(storage: Storage, study_id: str, participant_id: str) -> Interview:
    """A participant's interview; without sittings if it was never begun."""
    found = await storage.sessions.list(study_id=study_id, participant_id=participant_id, limit=MOST_SITTINGS)
    return Interview(study_id, participant_id, tuple(reversed(found)))


async def holdings(storage: Storage, settings: Settings, interview: Interview) -> Holdings:
    """Look at what there is, and change nothing."""
    recordings: list[str] = []
    spooled: list[str] = []
    for one in interview.sittings:
        recordings += await storage.recordings.list(one.session_id)
        spooled += await asyncio.to_thread(in_spool, settings.data_dir / "spool", one.session_id)
    return Holdings(
        erased=tuple(one.session_id for one in interview.sittings if one.erased_at),
        events=sum(one.seq for one in interview.sittings if not one.erased_at),
        recordings=tuple(recordings),
        spooled=tuple(spooled),
    )


async def erase(
    storage: Storage,
    settings: Settings,
    interview: Interview,
    *,
    reason: ErasureReason,
    clock: Clock,
    close: bool = False,
) -> Gone:
    """Erase an interview, but for what the database's files still hold of it (`let_go`).

    Args:
        storage: open.
        settings: of the deployment.
        interview: whose.
        reason: for the log.
        clock: wall clock.
        close: end sittings that are under way.

    Raises:
        SessionRunning: one is under way, and was not to be ended. Nothing was erased.
        ParticipantUnknown: there is neither a session nor an invitation.
        LeaseHeld: somebody holds one that is over.
        StorageUnavailable: run it again.
    """
    if interview.running and not close:
        raise SessionRunning(interview.running)
    # First the way in: nobody begins another sitting meanwhile.
    invited = await storage.invitations.forget(interview.study_id, interview.participant_id)
    if not interview.sittings and not invited:
        raise ParticipantUnknown(interview.study_id, interview.participant_id)
    gone = Gone()
    for one in interview.sittings:
        if not one.status.terminal:
            await _close(storage, one.session_id, clock)
    for one in interview.sittings:
        await _erase_one(storage, settings.data_dir / "spool", one.session_id, reason, clock, gone)
    return gone


async def let_go(storage: Storage, *, whole: bool) -> None:
    """Have the database let go of what was erased; see `storage.scrub`."""
    await scrub(storage.engine, whole=whole)


async def _erase_one(
    storage: Storage, spool: Path, session_id: str, reason: ErasureReason, clock: Clock, gone: Gone
) -> None:
    state = await storage.sessions.state(session_id)
    gone.unclosed += await _handed_over(storage, session_id, clock)
    lease = await _claim(storage, session_id)
    async with given_back(storage.sessions, lease):
        gone.recordings += await storage.recordings.clear(session_id)
        await empty_spool(spool, session_id)
        lease = await storage.sessions.renew(lease, ttl_s=LEASE_S)
        await storage.sessions.erase(lease, SessionErased(reason=reason), at=clock.now())
    gone.sessions.append(session_id)
    if state.erased_at is None:
        log.info("session erased", session_id=session_id, study_id=state.study_id, reason=reason)


async def _close(storage: Storage, session_id: str, clock: Clock) -> None:
    try:
        await close_session(storage.sessions, session_id, clock=clock, reason=Reason.WITHDRAWN)
    except SessionOver:
        return  # by itself, just now


async def _handed_over(storage: Storage, session_id: str, clock: Clock) -> tuple[str, ...]:
    """Wait for the recordings of a session that has just ended; the keys of those that were not handed over."""
    while True:
        state = await storage.sessions.state(session_id)
        ended_at = state.ended_at or state.updated_at
        if not state.unclosed or (clock.now() - ended_at).total_seconds() > HANDOVER_S:
            return state.unclosed
        await asyncio.sleep(1.0)


async def _claim(storage: Storage, session_id: str) -> Lease:
    deadline = asyncio.get_running_loop().time() + CLAIM_S
    while True:
        try:
            return await storage.sessions.claim(session_id, holder=HOLDER, ttl_s=LEASE_S)
        except LeaseHeld:
            if asyncio.get_running_loop().time() > deadline:
                raise
        await asyncio.sleep(0.5)


def _runs(one: SessionSummary) -> bool:
    """Scheduled and never begun is not under way."""
    return not one.status.terminal and (one.leased or one.status is not SessionStatus.SCHEDULED)
