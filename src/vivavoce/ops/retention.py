"""Retention: what studies say becomes of interviews that are over, found and done. Each step is in the log."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from vivavoce.errors import VivavoceError
from vivavoce.ops.erase import erase, interview_by, let_go
from vivavoce.protocol.retention import Action, Retention
from vivavoce.session.clock import Clock
from vivavoce.session.events import RecordingMoved
from vivavoce.session.store import holding
from vivavoce.settings import Settings
from vivavoce.storage.errors import StudyUnknown
from vivavoce.storage.open import Storage
from vivavoce.storage.retention import Over, erased_since, interviews_over

HOLDER = "retention"
LEASE_S = 660.0
"""For moving one recording, which may take as long as the object store is given for it."""

LATE = timedelta(days=7)
"""After an erasure, in which a recording may still come."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Due:
    """Something to be done with an interview that is over."""

    action: Action
    over: Over


@dataclass(frozen=True)
class Done:
    """How many interviews were erased and cooled; `left` could not be seen to, and are due again."""

    erased: int = 0
    cooled: int = 0
    left: int = 0


async def due(storage: Storage, clock: Clock) -> list[Due]:
    """What is due now; nothing is changed.

    Raises:
        StorageUnavailable: the database does not answer.
        StudyError: this version cannot read a published study.
    """
    policies: dict[tuple[str, str | None], Retention] = {}

    async def policy(study_id: str, content_hash: str | None) -> Retention:
        key = study_id, content_hash
        if key not in policies:
            try:
                record = await storage.studies.get(study_id, content_hash)
            except StudyUnknown:
                policies[key] = Retention()
            else:
                policies[key] = (await asyncio.to_thread(lambda: record.study)).retention
        return policies[key]

    found: list[Due] = []
    for over in await interviews_over(storage.engine):
        says = await policy(over.study_id, None)
        for content_hash in over.study_hashes:
            says = says.stricter(await policy(over.study_id, content_hash))
        action = says.due(ended_at=over.ended_at, withdrawn=over.withdrawn, warm=over.warm, now=clock.now())
        if action is not None:
            found.append(Due(action, over))
    return found


async def apply(storage: Storage, settings: Settings, dues: Sequence[Due], clock: Clock) -> Done:
    """Do what is due, one interview after the other; what fails is named in the log, and due again.

    Raises:
        StorageUnavailable: the database's files still hold what was erased; see `ops.erase.let_go`.
    """
    counts = {"erase": 0, "cool": 0}
    left = 0
    for one in dues:
        if one.action == "decide":
            continue
        try:
            if one.action == "erase":
                interview = await interview_by(storage, one.over.study_id, one.over.participant_id)
                reason = "withdrawn" if one.over.withdrawn else "retention"
                await erase(storage, settings, interview, reason=reason, clock=clock)
            else:
                for session_id in one.over.session_ids:
                    await _cool(storage, session_id, clock)
        except VivavoceError as error:
            left += 1
            log.warning(
                "retention not applied, it is due again",
                action=one.action,
                sessions=one.over.session_ids,
                error=str(error),
            )
        else:
            counts[one.action] += 1
    if counts["erase"]:
        await let_go(storage, whole=settings.database_url is None)
    return Done(erased=counts["erase"], cooled=counts["cool"], left=left)


async def clear_late(storage: Storage, clock: Clock) -> list[str]:
    """Remove recordings that a slow host handed over after their session was erased; returns their keys."""
    late: list[str] = []
    for session_id in await erased_since(storage.engine, clock.now() - LATE):
        late += await storage.recordings.clear(session_id)
    return late


class Keeper:
    """Looks for what is due again and again; the owner's task.

    Args:
        storage: open.
        settings: say how often, and whether to do it or only to tell.
        clock: wall clock.
    """

    def __init__(self, storage: Storage, settings: Settings, clock: Clock) -> None:
        self._storage = storage
        self._settings = settings
        self._clock = clock
        self._told: set[tuple[Action, tuple[str, ...]]] = set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                for key in await clear_late(self._storage, self._clock):
                    log.warning("recording came after its session was erased, and was removed", key=key)
                found = await due(self._storage, self._clock)
                self._tell(found)
                if self._settings.pipeline.retention == "apply" and found:
                    done = await apply(self._storage, self._settings, found, self._clock)
                    log.info("retention applied", erased=done.erased, cooled=done.cooled, left=done.left)
            except VivavoceError as error:
                log.warning("look at retention failed, next one follows", error=str(error))
            await asyncio.sleep(self._settings.pipeline.retention_s)

    def _tell(self, found: Sequence[Due]) -> None:
        """Name what is due, once each."""
        due: set[tuple[Action, tuple[str, ...]]] = {(one.action, one.over.session_ids) for one in found}
        fresh = due - self._told
        self._told |= fresh
        for action, session_ids in sorted(fresh):
            log.info("retention is due", action=action, sessions=session_ids, see="vivavoce retention")


async def _cool(storage: Storage, session_id: str, clock: Clock) -> None:
    state = await storage.sessions.state(session_id)
    warm = [one.key for one in state.recordings if one.sha256 is not None and one.key not in state.cold]
    for key in warm:
        async with holding(storage.sessions, session_id, holder=HOLDER, ttl_s=LEASE_S) as lease:
            await storage.recordings.cool(key)
            await storage.sessions.append(lease, [RecordingMoved(key=key)], at=clock.now())
