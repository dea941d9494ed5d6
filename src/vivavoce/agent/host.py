"""The host: the sessions of this process, who may come in, and what became of those nobody holds."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import structlog

from vivavoce.agent.admission import Admission
from vivavoce.agent.capacity import Capacity
from vivavoce.agent.ending import CLOSE_S
from vivavoce.agent.equipment import Archive, Equipment
from vivavoce.agent.hearing import Hearing
from vivavoce.agent.holding import holder, host_timers
from vivavoce.agent.journal import Journal
from vivavoce.agent.lag import lags
from vivavoce.agent.measure import Meter
from vivavoce.agent.memory import free_bytes
from vivavoce.agent.purse import Purse
from vivavoce.agent.runner import SessionRunner
from vivavoce.agent.sweeper import Sweeper
from vivavoce.agent.till import SessionPrices
from vivavoce.agent.waiting import WaitingRoom
from vivavoce.errors import VivavoceError
from vivavoce.moderator.guard.guards import Guards
from vivavoce.moderator.mind import Minds
from vivavoce.protocol.study import Study
from vivavoce.session.clock import Clock
from vivavoce.session.errors import AlreadyConnected, HostFull, LeaseHeld, SessionOver
from vivavoce.session.events import (
    BudgetGranted,
    Reason,
    SessionEvent,
    SessionScheduled,
    SessionStatus,
    SessionWaiting,
    Transport,
    TurnTimed,
)
from vivavoce.session.lease import Lease
from vivavoce.session.state import SessionState
from vivavoce.session.store import SessionStore
from vivavoce.settings import Settings
from vivavoce.speech.client import SpeechClient
from vivavoce.telemetry.metrics import Metrics
from vivavoce.transport.line import AudioSocket
from vivavoce.transport.webrtc import WebRtcLine
from vivavoce.transport.websocket import WebSocketLine
from vivavoce.voice.cast import Cast
from vivavoce.voice.prices import PriceTable
from vivavoce.voice.providers import Providers
from vivavoce.voice.realtime import Realtimes
from vivavoce.voice.wording import WordingStore

log = structlog.get_logger(__name__)

BUSY_RETRY_S = 15.0
"""When a host that is too busy may be asked again: half the time over which it is judged."""

QUEUE_RETRY_S = 5.0
"""When a full host may be asked again: a place that falls free is soon taken, and a page learns of its new one."""

FORGET_S = 30.0
"""Who has not asked for so long has gone. A page that is out of sight asks no more than once a minute in some browsers,
and loses its place; it is last then, and not in the way."""


@dataclass(frozen=True)
class Answer:
    """A WebRTC answer for the page."""

    sdp: str
    connection_id: str


class PublishedStudy(Protocol):
    """A study as it was published."""

    @property
    def study(self) -> Study:
        """What is asked."""
        ...


class Studies(Protocol):
    """Where published studies are found."""

    async def get(self, study_id: str, content_hash: str | None = None, /) -> PublishedStudy:
        """The study as it was published under that hash."""
        ...


class Host:
    """Runs sessions in this process.

    Args:
        store: the sessions' logs and leases.
        studies: what is asked.
        client: the speech server.
        wording: prepared sound.
        hearing: the models that hear a participant.
        archive: keeps finished recordings.
        settings: slots, and the model that transcribes.
        clock: wall clock.
        spool: folder for recordings while they are written.
        metrics: of the process.
        prices: of everything that sessions may use.
        purse: gives sessions their budgets.
    """

    def __init__(
        self,
        *,
        store: SessionStore,
        studies: Studies,
        client: SpeechClient,
        wording: WordingStore,
        hearing: Hearing,
        archive: Archive,
        settings: Settings,
        clock: Clock,
        spool: Path,
        metrics: Metrics,
        prices: PriceTable,
        purse: Purse,
    ) -> None:
        self._store = store
        self._studies = studies
        self._settings = settings
        self._clock = clock
        self._metrics = metrics
        self._prices = prices
        self._purse = purse
        self._runners: dict[str, SessionRunner] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._admitting: dict[str, asyncio.Lock] = {}
        self._draining = False
        self._held = 0
        self._worn = asyncio.Event()
        self._admission = Admission()
        self._room = WaitingRoom(forget_s=FORGET_S)
        self._minds = Minds(settings.llm)
        self._realtimes = Realtimes(settings.realtime)
        self._guards = Guards(settings.guard)
        self.timers = host_timers(settings.host)
        self._providers = Providers(settings, client)
        self.holder = holder()
        self._equipment = Equipment(
            providers=self._providers,
            wording=wording,
            hearing=hearing,
            minds=self._minds,
            realtimes=self._realtimes,
            cast=Cast(settings.speech),
            guards=self._guards,
            archive=archive,
            spool=spool,
            clock=clock,
            timers=self.timers,
        )
        self.sweeper = Sweeper(
            store=store,
            archive=archive,
            spool=spool,
            clock=clock,
            holder=self.holder,
            held=lambda session_id: session_id in self._runners,
            take_up=self.take_up,
            timers=self.timers,
        )

    # -- the gateway, as `web` sees it

    def capacity(self) -> Capacity:
        """How many sessions there are, and whether another may come."""
        slots, used = self._settings.host.slots, len(self._runners)
        refusal = self._admission.refusal(now=self._loop_time())
        if self._draining:
            return Capacity(slots, used, accepting=False, reason="The host is closing.", draining=True)
        if used >= slots:
            return Capacity(
                slots, used, accepting=False, reason="All places for interviews are taken at the moment."
            )
        if refusal is not None:
            return Capacity(slots, used, accepting=False, reason=refusal)
        return Capacity(slots, used, accepting=True)

    async def offer(self, session_id: str, *, sdp: str, take_over: bool, user_agent: str | None) -> Answer:
        """Connect a participant's browser by WebRTC.

        Raises:
            SessionUnknown, SessionOver, AlreadyConnected, HostFull, StudySpent, PriceUnknown, BadFrame.
        """
        runner = await self.admit(session_id, "webrtc", take_over=take_over)
        line, answer = await WebRtcLine.answer(sdp)
        await runner.attach(line, user_agent=user_agent, take_over=take_over)
        return Answer(sdp=answer, connection_id=line.connection_id)

    async def websocket(
        self, session_id: str, sock: AudioSocket, *, rate: int, take_over: bool, user_agent: str | None
    ) -> None:
        """Connect a participant by PCM over a WebSocket; returns when that line ends.

        Raises:
            SessionUnknown, SessionOver, AlreadyConnected, HostFull, StudySpent, PriceUnknown, BadFrame.
        """
        runner = await self.admit(session_id, "websocket", take_over=take_over)
        line = WebSocketLine(sock, rate=rate)
        await (await runner.attach(line, user_agent=user_agent, take_over=take_over))

    async def leave(self, session_id: str) -> None:
        """The participant ends the interview, on or off the line."""
        runner = self._runners.get(session_id)
        if runner is not None:
            runner.leave()
            return
        await self.sweeper.end(session_id, Reason.LEFT)

    # -- life

    async def watch_loop(self) -> None:
        """Measure how late the event loop is, and say which statuses there are, until cancelled."""
        async for lag_s in lags():
            self._metrics.event_loop_lag(lag_s)
            self._admission.lagged(lag_s, at=self._loop_time())
            self._admission.memory(await asyncio.to_thread(free_bytes))
            self._metrics.hold_sessions(Counter(runner.status for runner in self._runners.values()))

    def begin_drain(self) -> None:
        """Take no new session from now on; participants of those that run may still come back to them."""
        self._draining = True

    async def drain(self) -> bool:
        """Wait until the sessions that run have come to their end, for `drain_s` at most; False if some have not."""
        self.begin_drain()
        tasks = list(self._tasks.values())
        if not tasks:
            return True
        log.info("draining", sessions=len(tasks), drain_s=self.timers.drain_s)
        _, late = await asyncio.wait(tasks, timeout=self.timers.drain_s)
        return not late

    async def finished(self) -> None:
        """Wait until no session runs here."""
        while tasks := list(self._tasks.values()):
            await asyncio.wait(tasks)

    async def worn_out(self) -> int:
        """Wait until the host has held `recycle_after` sessions and all have come to their end; how many it held.

        Interviews are not cut short for it: each has its own hard limit. Waits for ever where there is no such number.
        """
        await self._worn.wait()
        await self.finished()
        return self._held

    async def end_sessions(self, *, heard: bool = True) -> None:
        """Say goodbye in every session and let go of them; one whose participant is away is left to another host.

        Args:
            heard: whether who is there could hear a goodbye; if not, all sessions are left to other hosts.
        """
        self.begin_drain()
        for runner in list(self._runners.values()):
            if runner.connected and heard:
                runner.close(Reason.DRAIN)
            else:
                runner.hand_on()
        tasks = list(self._tasks.values())
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=CLOSE_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def aclose(self) -> None:
        """End the sessions, and put everything away."""
        await self.end_sessions()
        await self._purse.aclose()
        await self._minds.aclose()
        await self._realtimes.aclose()
        await self._guards.aclose()
        await self._providers.aclose()

    # -- inside

    async def admit(self, session_id: str, transport: Transport, *, take_over: bool) -> SessionRunner:
        """The runner of a session: the one that runs, or a new one if there is a place.

        Raises:
            SessionUnknown, SessionOver, AlreadyConnected, HostFull, StudySpent, PriceUnknown.
        """
        lock = self._admitting.setdefault(session_id, asyncio.Lock())
        async with lock:
            try:
                runner = self._runners.get(session_id)
                if runner is not None:
                    if runner.connected and not take_over:
                        raise AlreadyConnected(session_id)
                    return runner
                state = await self._store.state(session_id)
                self._find_a_place(state)
                runner = await self._start(state, transport, take_over=take_over)
                self._room.leave(session_id)
                return runner
            finally:
                if not lock.locked() or session_id not in self._runners:
                    self._admitting.pop(session_id, None)

    async def take_up(self, session_id: str) -> None:
        """Go on with an interview whose host died, so that it is ready when the participant is back.

        Nothing happens if there is no place for it here, or if somebody else was first.
        """
        try:
            await self.admit(session_id, "webrtc", take_over=False)
        except VivavoceError as error:
            # The next sweep tries again, until the participant's time is over.
            log.warning("session not taken up", session_id=session_id, code=error.code, error=str(error))
        else:
            log.warning("session of a dead host taken up", session_id=session_id)

    def _find_a_place(self, state: SessionState) -> None:
        """See that the session may run here.

        Raises:
            SessionOver: it has ended.
            HostFull: all places are taken, or the host is too busy for one more; an interview that is under way finds
                a place on a busy host, too.
        """
        session_id = state.session_id
        if state.status.terminal:
            raise SessionOver(session_id)
        capacity = self.capacity()
        if capacity.draining:
            raise HostFull(BUSY_RETRY_S, reason=capacity.reason)
        place = self._room.place(session_id, now=self._loop_time())
        if capacity.used + place > capacity.slots:
            before = f" {place - 1} wait before you." if place > 1 else ""
            reason = f"All places for interviews are taken at the moment.{before}"
            raise HostFull(QUEUE_RETRY_S, reason=reason, place=place)
        if not capacity.accepting and state.joined_at is None:
            raise HostFull(BUSY_RETRY_S, reason=capacity.reason)

    async def _start(self, state: SessionState, transport: Transport, *, take_over: bool) -> SessionRunner:
        session_id = state.session_id
        study = (await self._studies.get(state.study_id, state.study_hash)).study
        prices = SessionPrices.of(self._prices, self._settings, study)
        lease = await self._claim(state, transport, take_over=take_over)
        # Whoever held it before may have written until now.
        state = await self._store.state(session_id)
        if state.status.terminal:
            await self._store.release(lease)
            raise SessionOver(session_id)
        granted = state.budget
        if granted is None:
            try:
                granted = await self._purse.open(session_id, study)
            except VivavoceError:
                await self._store.release(lease)
                raise
        past = await self._past(state) if study.moderator.thinks else []
        runner: SessionRunner | None = None

        def lost(error: VivavoceError) -> None:
            if runner is not None:
                runner.lose(error)

        journal = Journal(
            self._store, lease, state, clock=self._clock, on_lost=lost, lease_s=self.timers.lease_s
        )
        journal.watch(Meter(self._metrics).watch)
        journal.watch(self._observe)
        if state.budget is None:
            journal.post(BudgetGranted(amount=granted))
        if state.status is SessionStatus.SCHEDULED:
            journal.post(SessionWaiting(transport=transport))
        runner = SessionRunner(
            journal=journal,
            study=study,
            equipment=self._equipment,
            prices=prices,
            past=past,
            closed=lambda: self._forget(session_id, study),
        )
        self._runners[session_id] = runner
        self._held += 1
        if self._held == self._settings.host.recycle_after:
            self.begin_drain()
            self._worn.set()
        self._tasks[session_id] = asyncio.create_task(runner.run(), name=f"session {session_id}")
        return runner

    async def _past(self, state: SessionState) -> list[SessionEvent]:
        """The log so far, those of earlier sittings before it."""
        past = [event for event in await self._store.read(state.session_id) if event.seq <= state.seq]
        while isinstance(first := past[0].payload, SessionScheduled) and first.continues is not None:
            past = [*await self._store.read(first.continues), *past]
        return past

    async def _claim(self, state: SessionState, transport: Transport, *, take_over: bool) -> Lease:
        session_id, ttl_s = state.session_id, self.timers.lease_s
        try:
            return await self._store.claim(session_id, holder=self.holder, ttl_s=ttl_s)
        except LeaseHeld as error:
            # The participant is at our door: whoever holds the interview, dead or cut off, holds it for nobody. Not in
            # a room, to which several may have been sent: there its agent waits for them.
            at_our_door = state.status is SessionStatus.DISCONNECTED and transport != "livekit"
            if take_over or at_our_door:
                log.warning("session taken from another host", session_id=session_id, holder=error.holder)
                return await self._store.seize(session_id, holder=self.holder, ttl_s=ttl_s)
            if state.status is SessionStatus.ACTIVE:
                raise AlreadyConnected(session_id) from error
            raise HostFull(
                self.timers.heartbeat_s, reason="This interview is being worked on elsewhere."
            ) from error

    def _observe(self, event: SessionEvent, _: SessionState) -> None:
        if isinstance(event.payload, TurnTimed):
            self._admission.transcribed(event.payload.transcript_s, at=self._loop_time())

    @staticmethod
    def _loop_time() -> float:
        return asyncio.get_running_loop().time()

    def _forget(self, session_id: str, study: Study) -> None:
        self._runners.pop(session_id, None)
        self._tasks.pop(session_id, None)
        self._purse.closed(study)
