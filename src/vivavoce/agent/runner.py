"""The session runner: one interview's life in this process.

It owns the session's tasks, holds its lease, keeps its timers and its recording, and ends it. Who is on the line is
the attendance's, who moderates is in the moderation, and the scribe writes down what is said. A fault in it ends this
session and no other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import structlog

from vivavoce.agent.attendance import Arrival, Attendance
from vivavoce.agent.budget_watch import BudgetWatch
from vivavoce.agent.ending import Ending
from vivavoce.agent.equipment import Equipment
from vivavoce.agent.journal import Journal
from vivavoce.agent.moderation import moderation
from vivavoce.agent.page import Page
from vivavoce.agent.scribe import Scribe
from vivavoce.agent.session_clock import SessionClock
from vivavoce.agent.tape import Tape
from vivavoce.agent.till import SessionPrices, Till
from vivavoce.errors import VivavoceError
from vivavoce.protocol.facts import MoveDecided
from vivavoce.protocol.observations import (
    Began,
    CloseDue,
    Returned,
    Silent,
    Unheard,
    WrapUpDue,
)
from vivavoce.protocol.study import Study
from vivavoce.session.due import due
from vivavoce.session.errors import AlreadyConnected, SessionOver
from vivavoce.session.events import (
    BudgetMark,
    Fault,
    LeaseClaimed,
    Payload,
    Reason,
    SessionEnded,
    SessionEvent,
    SessionStatus,
    TimerFired,
    TimerName,
)
from vivavoce.session.state import AFTER_THE_END, SessionState
from vivavoce.transport.desk import Desk
from vivavoce.transport.line import EndReason, Line

TICK_S = 0.2
"""How often timers, captions and progress are looked at."""

STUCK_S = 30.0
"""A moderator that has something to say and is not heard for so long is stuck: whatever it waits for had its time."""

LAST_WORD_S = 0.4
"""Between the last word and the end of the line, so that it is not cut by a late packet."""

GOODBYE_S = 20.0
"""The longest the last words may take after their time has come."""

FLUSH_S = 30.0
"""How long the end of a session waits for the database to take its last events."""

log = structlog.get_logger(__name__)


class SessionRunner:
    """One session while this process holds its lease. Make it, `start` its task, `attach` lines to it.

    Args:
        journal: the session's pen; holds the live lease.
        study: what is asked.
        equipment: what the host shares.
        prices: of what the session may use.
        past: the session's log so far, if a model moderates.
        closed: called once when the runner has let go of everything.
    """

    def __init__(
        self,
        *,
        journal: Journal,
        study: Study,
        equipment: Equipment,
        prices: SessionPrices,
        past: Sequence[SessionEvent],
        closed: Callable[[], None],
    ) -> None:
        self._journal = journal
        self._equipment = equipment
        self._closed = closed
        self._loop = asyncio.get_running_loop()
        self.session_id = journal.state.session_id
        self._log = log.bind(session_id=self.session_id)
        self._resuming = journal.state.joined_at is not None
        self._started = asyncio.Event()
        self._over = asyncio.Event()
        self._closing: Ending | None = None
        self._ending: Ending | None = None
        self._lost = False
        self._freed_at = 0.0
        """Event-loop time of the last time that the moderator was freed."""
        self._clock = SessionClock(self._state, equipment.clock)
        self.desk = Desk(session_time=self._clock.now_s)
        self._attendance = Attendance(
            self.desk,
            state=self._state,
            clock=self._clock,
            post=self.post,
            arrived=self._arrived,
            gone=self._gone,
            leave=self.leave,
        )
        self._till = Till(prices, post=self.post, state=self._state, now_s=self._clock.now_s)
        self._budget = BudgetWatch(self._state, post=self.post)
        self._tape = Tape(journal.state, equipment=equipment, post=self.post)
        self._page = Page(self._attendance.send, study=study)
        self._scribe = Scribe(self, page=self._page, desk=self.desk)
        self._moderation = moderation(
            study,
            equipment,
            journal=journal,
            past=past,
            desk=self.desk,
            scribe=self._scribe,
            used=self._till.take,
            post=self.post,
            now_s=self._clock.now_s,
        )
        self._conversation = self._moderation.conversation

    # -- the host's side

    async def run(self) -> None:
        """Live until the session is over; the owner's task. Never raises for what happens inside the session."""
        writer = asyncio.create_task(self._journal.run(), name="journal")
        try:
            await self._live()
        except Exception as error:  # noqa: BLE001 - the wall between sessions: whatever fails here ends this one only
            self._log.exception("session failed")
            self._fail(error)
        finally:
            await self._let_go(writer)
            self._closed()

    async def attach(self, line: Line, *, user_agent: str | None, take_over: bool) -> asyncio.Task[None]:
        """Serve a participant's new line; an earlier one is replaced if `take_over`.

        Returns:
            the task that serves it, done when the line has ended.

        Raises:
            SessionOver: the session has ended.
            AlreadyConnected: there is a live line and `take_over` is False.
        """
        await self._started.wait()
        if self._over.is_set():
            raise SessionOver(self.session_id)
        if self._attendance.connected:
            if not take_over:
                raise AlreadyConnected(self.session_id)
            self._page.notice("replaced", "")
        self._attendance.take(line, user_agent=user_agent)
        return self._group.create_task(self._attendance.serve(line), name="line")

    @property
    def status(self) -> str:
        """The session's status."""
        return self.state.status.value

    @property
    def connected(self) -> bool:
        """Whether a participant's line is up or coming up."""
        return self._attendance.connected

    def leave(self) -> None:
        """The participant ends the interview."""
        self._end(Ending(SessionStatus.INTERRUPTED, Reason.LEFT))

    def close(self, reason: Reason) -> None:
        """End the interview with the study's words for `reason`, or at once if nobody is there to hear them."""
        if self._ending is not None or self._closing is not None:
            return
        if not self._attendance.connected or not self.state.progress.began:
            self._end(Ending.of(reason))
            return
        last = self.state.progress.last_move
        said = last is not None and last.final
        if last is not None and said:
            reason = Reason(last.end_reason or Reason.FINISHED)
        self._closing = Ending.of(reason)
        self._loop.call_later(GOODBYE_S, self._end, self._closing)
        if not said:
            # Where the last words have been decided they are heard out, and it ends for their reason.
            self._group.create_task(self._say_goodbye(reason), name="goodbye")

    def hand_on(self) -> None:
        """Let go of the interview without ending it: whoever claims it next takes it up where its log ends."""
        if self._ending is None:
            self._over.set()

    def lose(self, error: VivavoceError) -> None:
        """The lease is somebody else's: stop at once, write nothing more."""
        self._lost = True
        self._over.set()

    # -- the session's own tasks

    async def _live(self) -> None:
        async with asyncio.TaskGroup() as group:
            self._group = group
            own = [
                group.create_task(self._beat(), name="lease"),
                group.create_task(self._tick(), name="timers"),
                group.create_task(self._moderation.watch.warm(), name="guard"),
            ]
            if self._moderation.duplex is not None:
                own.append(group.create_task(self._moderation.duplex.run(), name="realtime"))
            if self._resuming:
                self._take_up()
            await self._conversation.start()
            self._started.set()
            await self._over.wait()
            for task in own:
                task.cancel()
            over = await self._known_end()
            if over is not None:
                self._page.ended(over)
            self._attendance.dismiss()

    async def _known_end(self) -> SessionState | None:
        """The end that the participant is told of: only one that is kept, whoever wrote it."""
        if self._lost:
            stored = await self._journal.stored()
            return stored if stored is not None and stored.status.terminal else None
        kept = self._ending is not None and await self._journal.flush(timeout_s=FLUSH_S)
        return self.state if kept else None

    def _take_up(self) -> None:
        """Go on where another host, or this one in an earlier life, had to stop."""
        state = self.state
        self.post(LeaseClaimed(holder=self._journal.lease.holder, resumed=True))
        if state.status is SessionStatus.ACTIVE:
            self._attendance.orphan()
        last = state.progress.last_move
        if state.progress.final and last is not None:
            # All has been said, if perhaps not to its end.
            self.said_last_words(last)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self._equipment.timers.heartbeat_s)
            await self._journal.renew()

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            at_s = self._clock.now_s()
            if self._scribe.participant_speaking or self._conversation.words_pending:
                self._scribe.heard_s = at_s
            state = self.state
            # Who waits for the moderator is not asked whether they are there.
            heard_s = at_s if self.replying else self._scribe.heard_s
            run_out = due(state, now=self._clock.now(), at_s=at_s, heard_s=heard_s).timers
            if run_out and self._ending is None and self._closing is None:
                self._fire(run_out[0])
            self._free_if_stuck()
            self._till.tick()
            self._keep_budget()
            if self._attendance.connected and state.joined_at is not None:
                self._page.progress(self.state, at_s)
                self._scribe.caption(self._conversation.caption)

    def _free_if_stuck(self) -> None:
        """Give up a reply that nobody has heard for too long, and have the question asked again."""
        since, hears_since = self._conversation.stuck_since(), self._attendance.hears_since
        if since is None or hears_since is None or not self.answering:
            return
        stuck_s = self._loop.time() - max(since, hears_since, self._freed_at)
        # A model that may take its time is not stuck meanwhile.
        if stuck_s < STUCK_S + self._moderation.patience_s:
            return
        self._freed_at = self._loop.time()
        what = f"The moderator could not be heard for {stuck_s:.0f} s though it had something to say."
        self.post(Fault(stage="agent", code="moderator_stuck", message=what, recovered=True))
        # The question may never have been heard: a return is answered by the study's words that bring it again.
        self._group.create_task(self._ask_anew(), name="start over")

    async def _say_goodbye(self, reason: Reason) -> None:
        await self._conversation.interrupt()
        self._conversation.say(CloseDue(self._clock.now_s(), reason.value), interruptible=False)

    async def _let_go(self, writer: asyncio.Task[None]) -> None:
        await self._conversation.aclose()
        await self._tape.close()
        if not self._lost and not await self._journal.flush(timeout_s=FLUSH_S):
            self._log.error("events not stored", waiting_s=FLUSH_S)
        await self._journal.release()
        writer.cancel()
        await asyncio.gather(writer, return_exceptions=True)

    # -- the participant comes and goes

    def _arrived(self, arrival: Arrival) -> None:
        if self.desk.recorder is None:
            self.desk.recorder = self._tape.start(self._clock.now_s())
            self.desk.gate_open = True
        self._page.hello(self.state, resumed=not arrival.first, at_s=self._clock.now_s())
        progress = self.state.progress
        if not progress.began:
            self._conversation.say(Began(self._clock.now_s()))
        elif progress.final:
            pass  # the last words were held for them, and play now
        elif arrival.first or arrival.long_away:
            # The first joining of a later sitting is a return, too.
            self._group.create_task(self._ask_anew(), name="welcome")

    def _gone(self, reason: EndReason) -> None:
        self._scribe.line_left()
        if reason is EndReason.LEFT:
            self.leave()

    async def _ask_anew(self) -> None:
        await self._conversation.interrupt()
        self._conversation.say(Returned(self._clock.now_s()))

    # -- timers

    def _fire(self, timer: TimerName) -> None:
        at_s = self._clock.now_s()
        self.post(TimerFired(timer=timer, at_s=at_s))
        state = self.state
        match timer:
            case TimerName.JOIN:
                self._end(Ending.of(Reason.NO_SHOW))
            case TimerName.REJOIN if state.progress.final and state.progress.last_move is not None:
                # They went before the goodbye, when all had been said.
                self.said_last_words(state.progress.last_move)
            case TimerName.REJOIN if self._attendance.orphaned:
                # Whoever held it died, not the interview: what was said is kept.
                self._end(Ending(SessionStatus.INTERRUPTED, Reason.CRASH))
            case TimerName.REJOIN:
                self._end(Ending.of(Reason.LEFT))
            case TimerName.IDLE_PROMPT:
                self._page.notice("idle_prompt", "")
                self._conversation.say(Silent(at_s, at_s - (state.quiet_since_s or at_s)))
            case TimerName.IDLE:
                self.close(Reason.IDLE)
            case TimerName.WRAP_UP:
                self._wrap_up()
            case TimerName.HARD_LIMIT:
                self.close(Reason.HARD_LIMIT)

    def _keep_budget(self) -> None:
        """Wrap up when the budget is nearly spent, and close when it is: after what is being said to us, kindly."""
        if self._ending is not None or self._closing is not None:
            return
        match self._budget.look(at_s=self._clock.now_s(), speaking=self._scribe.participant_speaking):
            case BudgetMark.WRAP_UP:
                self._wrap_up()
            case BudgetMark.CLOSE:
                self.close(Reason.BUDGET)
            case None:
                pass

    def _wrap_up(self) -> None:
        self._page.notice("wrap_up", "")
        self._conversation.say(WrapUpDue(self._clock.now_s()))

    # -- what the scribe needs

    @property
    def state(self) -> SessionState:
        """The fold of the log."""
        return self._journal.state

    @property
    def answering(self) -> bool:
        """Whether the participant's turns are still to be answered."""
        return self._ending is None and self._closing is None and not self.state.progress.final

    @property
    def replying(self) -> bool:
        """Whether the moderator is about to speak, or does."""
        return self._conversation.moderator_active

    def at_s(self, at: float) -> float:
        """An event-loop time on the session clock; 0 before the first joining."""
        return self._clock.at_s(at)

    def ask_again(self) -> None:
        """What was said is in the recording only: let the moderator ask."""
        self._conversation.say(Unheard(self._clock.now_s()))

    def said_last_words(self, move: MoveDecided) -> None:
        """End the session once the last word has had time to arrive."""
        self._page.ending(self.state)
        reason = Reason(move.end_reason) if move.end_reason else Reason.FINISHED
        ending = self._closing or Ending.of(reason)
        self._loop.call_later(self.desk.client_delay_s + LAST_WORD_S, self._end, ending)

    def broke(self) -> None:
        """The conversation cannot go on."""
        self._end(Ending.of(Reason.CRASH))

    # -- small things

    def _end(self, ending: Ending) -> None:
        if self._ending is not None or self._lost:
            return
        self._conversation.cut()
        self._till.close()
        self._page.ending(self.state)
        self._ending = ending
        self._journal.post(SessionEnded(status=ending.status, reason=ending.reason, at_s=self._clock.now_s()))
        self._over.set()

    def _fail(self, error: BaseException) -> None:
        cause = error.exceptions[0] if isinstance(error, BaseExceptionGroup) else error
        code = cause.code if isinstance(cause, VivavoceError) else type(cause).__name__
        if not self._lost:
            self._journal.post(Fault(stage="agent", code=code, message=str(cause), recovered=False))
            self._end(Ending.of(Reason.CRASH))

    def post(self, *payloads: Payload) -> None:
        """Write events; what still trickles in after the end is not part of the interview."""
        if self._lost or (
            self._ending is not None and not all(isinstance(p, AFTER_THE_END) for p in payloads)
        ):
            return
        try:
            self._journal.post(*payloads)
        except VivavoceError as error:
            self._log.error("event refused", code=error.code, error=str(error))
            self._fail(error)

    def _state(self) -> SessionState:
        return self._journal.state
