"""The session runner: one interview's life in this process.

It owns the session's tasks, holds its lease, keeps its timers and its recording, and takes its lines as they come and
go; the scribe writes down what is said. A fault in it ends this session and no other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Literal

import structlog

from vivavoce.agent.conversation import Conversation
from vivavoce.agent.ending import Ending
from vivavoce.agent.equipment import Equipment
from vivavoce.agent.journal import Journal
from vivavoce.agent.moderators import moderators
from vivavoce.agent.page import Page
from vivavoce.agent.scribe import Scribe
from vivavoce.agent.speaking import own_ear, take_up, tell, voice_to_voice
from vivavoce.agent.tape import Tape
from vivavoce.agent.till import SessionPrices, Till
from vivavoce.errors import VivavoceError
from vivavoce.moderator.dialogue import Dialogue
from vivavoce.moderator.director import Director
from vivavoce.moderator.guard.watch import Watch
from vivavoce.protocol.facts import MoveDecided
from vivavoce.protocol.listening import expected
from vivavoce.protocol.observations import (
    Began,
    CloseDue,
    Returned,
    Silent,
    Unheard,
    WrapUpDue,
)
from vivavoce.protocol.prompts.pack import load_pack
from vivavoce.protocol.study import Study
from vivavoce.session import budget
from vivavoce.session.due import due
from vivavoce.session.errors import AlreadyConnected, SessionOver
from vivavoce.session.events import (
    BudgetMark,
    BudgetReached,
    Fault,
    LeaseClaimed,
    ParticipantJoined,
    ParticipantLeft,
    ParticipantMuted,
    Payload,
    ProviderSwitched,
    Reason,
    SessionEnded,
    SessionEvent,
    SessionStatus,
    TimerFired,
    TimerName,
)
from vivavoce.session.state import AFTER_THE_END, SessionState
from vivavoce.transport.desk import Desk
from vivavoce.transport.line import EndReason, Line, Message
from vivavoce.transport.messages import Leave, Mute, PageMessage, Ping
from vivavoce.voice.duplex import STUDY, RealtimeAway
from vivavoce.voice.failover import Switch, Switched
from vivavoce.voice.tts import ServerTTS

TICK_S = 0.2
"""How often timers, captions and progress are looked at."""

SHORT_ABSENCE_S = 4.0
"""A connection that is back sooner goes on where it was; after a longer one the moderator says welcome back."""

STUCK_S = 30.0
"""A moderator that has something to say and is not heard for so long is stuck: whatever it waits for had its time."""

LAST_WORD_S = 0.4
"""Between the last word and the end of the line, so that it is not cut by a late packet."""

GOODBYE_S = 20.0
"""The longest the last words may take after their time has come."""

LAST_TURN_S = 20.0
"""How long a participant who is speaking when the money runs out is listened to."""

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
        state = journal.state
        self.session_id = state.session_id
        self._resuming = state.joined_at is not None
        self._orphaned = False
        """The host before us died with the participant connected, who has not come back since."""
        self._began = equipment.clock.now(), self._loop.time()
        self._zero = self._loop.time() - state.at_s(self._began[0])
        self.desk = Desk(session_time=self._now_s)
        self.desk.on_attached = self._joined
        self._line: Line | None = None
        self._attached_at: float | None = None
        """Since when the participant can hear."""
        self._user_agents: dict[str, str | None] = {}
        self._started = asyncio.Event()
        self._over = asyncio.Event()
        self._closing: Ending | None = None
        self._ending: Ending | None = None
        self._lost = False
        self._spent_s = 0.0
        self._till = Till(prices, post=self.post, state=lambda: journal.state, now_s=self._now_s)
        self._tape = Tape(state, equipment=equipment, post=self.post)
        self._page = Page(self._send, study=study)
        self._scribe = Scribe(self, page=self._page, desk=self.desk)
        found = moderators(
            study,
            equipment,
            language=lambda: journal.state.language,
            used=self._till.take,
            switched=self._switched("llm"),
            note=self._note,
        )
        models, thinks = found.models, found.think
        # A model that may take its time is not stuck meanwhile.
        self._stuck_s = STUCK_S + found.patience_s
        dialogue = Dialogue(joined=load_pack(state.language).labels.joined if thinks else "")
        self._watch = Watch(
            study,
            lambda: journal.state.language,
            found.judges,
            write=lambda judged: self.post(judged),
            now_s=self._now_s,
        )
        if thinks:
            for event in past:
                dialogue.add(event)
                self._watch.remember(event.payload)
            journal.watch(lambda event, _: dialogue.add(event))
        self._director = Director(
            study,
            language=lambda: journal.state.language,
            progress=lambda: journal.state.progress,
            record=self._scribe.record,
            thinks=thinks,
        )
        self._duplex = duplex = voice_to_voice(
            take_up(found.voices, past),
            director=self._director,
            dialogue=dialogue,
            realtimes=equipment.realtimes,
            used=self._till.take,
            switched=self._switched("realtime"),
            failed=self._realtime_failed,
            stand_in=models().current.name if models is not None else STUDY,
        )
        if duplex is not None:
            journal.watch(lambda event, _: tell(duplex, event))
        self._conversation = Conversation(
            desk=self.desk,
            director=self._director,
            ears=equipment.providers.ears(switched=self._switched("stt"), first=own_ear(duplex)),
            voice=ServerTTS(
                equipment.providers.speakers(switched=self._switched("tts"), used=self._till.take),
                equipment.wording,
                equipment.cast.voice(study, state.language),
            ),
            voices=lambda language: equipment.cast.voice(study, language),
            hearing=equipment.cast.hearing,
            listening=lambda: expected(study, journal.state.progress, journal.state.language),
            detector=equipment.hearing.detector,
            sound_judge=equipment.hearing.sound_judge(),
            interruption_s=self._director.profile().interruption_min_s,
            new_utterance_id=self._scribe.new_utterance_id,
            listener=self._scribe,
            models=models,
            dialogue=dialogue,
            watch=self._watch,
            now_s=self._now_s,
            used=self._till.take,
            duplex=duplex,
        )
        self._log = log.bind(session_id=self.session_id)

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
        previous = self._line
        if previous is not None:
            if not take_over:
                raise AlreadyConnected(self.session_id)
            self._page.notice("replaced", "")
            self._line = None
            self._left(previous, EndReason.REPLACED)
            previous.close(EndReason.REPLACED)
        self._line = line
        return self._group.create_task(self._serve(line, user_agent), name="line")

    @property
    def status(self) -> str:
        """The session's status."""
        return self._journal.state.status.value

    @property
    def connected(self) -> bool:
        """Whether a participant's line is up or coming up."""
        return self._line is not None

    def leave(self) -> None:
        """The participant ends the interview."""
        self._end(Ending(SessionStatus.INTERRUPTED, Reason.LEFT))

    def close(self, reason: Reason) -> None:
        """End the interview with the study's words for `reason`, or at once if nobody is there to hear them."""
        if self._ending is not None or self._closing is not None:
            return
        if self._line is None or not self._journal.state.progress.began:
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
                group.create_task(self._watch.warm(), name="guard"),
            ]
            if self._duplex is not None:
                own.append(group.create_task(self._duplex.run(), name="realtime"))
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
            if self._line is not None:
                # A page that was not told of an end comes back, and meets whoever goes on with the interview.
                self._line.close(EndReason.CLOSED, "let go of here")

    async def _known_end(self) -> SessionState | None:
        """The end that the participant is told of: only one that is kept, whoever wrote it."""
        if self._lost:
            stored = await self._journal.stored()
            return stored if stored is not None and stored.status.terminal else None
        kept = self._ending is not None and await self._journal.flush(timeout_s=FLUSH_S)
        return self._journal.state if kept else None

    def _take_up(self) -> None:
        """Go on where another host, or this one in an earlier life, had to stop."""
        state = self._journal.state
        self.post(LeaseClaimed(holder=self._journal.lease.holder, resumed=True))
        if state.status is SessionStatus.ACTIVE:
            # The line died with its host; the participant has as long to come back as after any loss.
            self._orphaned = True
            connection = state.connection.connection_id if state.connection is not None else "unknown"
            self.post(ParticipantLeft(connection_id=connection, reason="lost", at_s=self._now_s()))
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
            at_s = self._now_s()
            if self._scribe.participant_speaking or self._conversation.words_pending:
                self._scribe.heard_s = at_s
            state = self._journal.state
            # Who waits for the moderator is not asked whether they are there.
            heard_s = at_s if self.replying else self._scribe.heard_s
            run_out = due(state, now=self._now(), at_s=at_s, heard_s=heard_s).timers
            if run_out and self._ending is None and self._closing is None:
                self._fire(run_out[0])
            self._free_if_stuck()
            self._till.tick()
            self._keep_budget()
            if self._line is not None and state.joined_at is not None:
                self._page.progress(self._journal.state, at_s)
                self._scribe.caption(self._conversation.caption)

    def _free_if_stuck(self) -> None:
        """Give up a reply that nobody has heard for too long, and have the question asked again."""
        since = self._conversation.stuck_since()
        if since is None or self._attached_at is None or not self.answering:
            return
        stuck_s = self._loop.time() - max(since, self._attached_at)
        if stuck_s < self._stuck_s:
            return
        self._attached_at = self._loop.time()  # this one is seen to
        what = f"The moderator could not be heard for {stuck_s:.0f} s though it had something to say."
        self.post(Fault(stage="agent", code="moderator_stuck", message=what, recovered=True))
        self._group.create_task(self._start_over(), name="start over")

    async def _start_over(self) -> None:
        await self._conversation.interrupt()
        # The question may never have been heard: these are the study's words that bring it again.
        self._conversation.say(Returned(self._now_s()))

    async def _serve(self, line: Line, user_agent: str | None) -> None:
        self._user_agents[line.connection_id] = user_agent
        reason = EndReason.LOST
        try:
            end = await line.run(self.desk, self._on_message)
            reason = end.reason
            if end.error_code is not None:
                self.post(Fault(stage="transport", code=end.error_code, message=end.detail, recovered=True))
        finally:
            if self._line is line:
                self._line = self._attached_at = None
                self._left(line, reason)

    async def _say_goodbye(self, reason: Reason) -> None:
        await self._conversation.interrupt()
        self._conversation.say(CloseDue(self._now_s(), reason.value), interruptible=False)

    async def _let_go(self, writer: asyncio.Task[None]) -> None:
        await self._conversation.aclose()
        await self._tape.close()
        if not self._lost and not await self._journal.flush(timeout_s=FLUSH_S):
            self._log.error("events not stored", waiting_s=FLUSH_S)
        await self._journal.release()
        writer.cancel()
        await asyncio.gather(writer, return_exceptions=True)

    # -- lines

    def _joined(self, line: Line) -> None:
        if self._line is not line or self._ending is not None:
            return
        state = self._journal.state
        self._attached_at = self._loop.time()
        first = state.joined_at is None
        away_s = self._now_s() - state.left_s if state.left_s is not None else 0.0
        self.post(
            ParticipantJoined(
                transport=line.transport,
                connection_id=line.connection_id,
                rejoined=not first,
                at_s=0.0 if first else self._now_s(),
                user_agent=self._user_agents.pop(line.connection_id, None),
            )
        )
        if first:
            self._zero = self._loop.time()
        if self.desk.recorder is None:
            self.desk.recorder = self._tape.start(self._now_s())
            self.desk.gate_open = True
        self._page.hello(self._journal.state, resumed=not first, at_s=self._now_s())
        asked = self._journal.state.progress.last_move
        # A reply whose end is not known yet shows itself, as far as it may be heard.
        if asked is not None and asked.move != "reply":
            # A page that comes back empty shows what is being asked.
            language = asked.language or self._journal.state.language
            self._page.caption("moderator", asked.move_id, asked.text, language=language, final=True)
        if not self._journal.state.progress.began:
            self._conversation.say(Began(self._now_s()))
        elif self._journal.state.progress.final:
            pass  # the last words were held for them, and play now
        elif first or self._resuming or away_s >= SHORT_ABSENCE_S:
            # The first joining of a later sitting is a return, too.
            self._group.create_task(self._welcome_back(), name="welcome")
        self._resuming = self._orphaned = False

    async def _welcome_back(self) -> None:
        await self._conversation.interrupt()
        self._conversation.say(Returned(self._now_s()))

    def _left(self, line: Line, reason: EndReason) -> None:
        state = self._journal.state
        if state.connection is not None and state.connection.connection_id == line.connection_id:
            self.post(
                ParticipantLeft(connection_id=line.connection_id, reason=reason.value, at_s=self._now_s())
            )
        self._scribe.line_left()
        if reason is EndReason.LEFT:
            self.leave()

    def _on_message(self, message: PageMessage) -> None:
        match message:
            case Leave():
                self.leave()
            case Mute(muted=muted):
                self.desk.muted = muted
                state = self._journal.state
                if state.status is SessionStatus.ACTIVE and state.muted != muted:
                    self.post(ParticipantMuted(muted=muted, at_s=self._now_s()))
            case Ping():
                pass  # the line has answered it

    # -- timers

    def _fire(self, timer: TimerName) -> None:
        at_s = self._now_s()
        self.post(TimerFired(timer=timer, at_s=at_s))
        state = self._journal.state
        match timer:
            case TimerName.JOIN:
                self._end(Ending.of(Reason.NO_SHOW))
            case TimerName.REJOIN if state.progress.final and state.progress.last_move is not None:
                # They went before the goodbye, when all had been said.
                self.said_last_words(state.progress.last_move)
            case TimerName.REJOIN if self._orphaned:
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
                self._page.notice("wrap_up", "")
                self._conversation.say(WrapUpDue(at_s))
            case TimerName.HARD_LIMIT:
                self.close(Reason.HARD_LIMIT)

    def _keep_budget(self) -> None:
        """Wrap up when the budget is nearly spent, and close when it is: after what is being said to us, kindly."""
        if self._ending is not None or self._closing is not None:
            return
        at_s = self._now_s()
        mark = budget.reached(self.state)
        if mark is not None:
            self.post(BudgetReached(mark=mark, spent=self.state.spent, at_s=at_s))
        if mark is BudgetMark.WRAP_UP:
            self._page.notice("wrap_up", "")
            self._conversation.say(WrapUpDue(at_s))
        elif mark is BudgetMark.CLOSE:
            self._spent_s = at_s
        if BudgetMark.CLOSE in self.state.budget_marks and (
            not self._scribe.participant_speaking or at_s - self._spent_s >= LAST_TURN_S
        ):
            self.close(Reason.BUDGET)

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
        if self._journal.state.joined_at is None:
            return 0.0
        return round(max(0.0, at - self._zero), 3)

    def ask_again(self) -> None:
        """What was said is in the recording only: let the moderator ask."""
        self._conversation.say(Unheard(self._now_s()))

    def said_last_words(self, move: MoveDecided) -> None:
        """End the session once the last word has had time to arrive."""
        self._page.ending(self._journal.state)
        reason = Reason(move.end_reason) if move.end_reason else Reason.FINISHED
        ending = self._closing or Ending.of(reason)
        self._loop.call_later(self.desk.client_delay_s + LAST_WORD_S, self._end, ending)

    def broke(self) -> None:
        """The conversation cannot go on."""
        self._end(Ending.of(Reason.CRASH))

    # -- small things

    def _note(self, stage: Literal["guard", "llm", "realtime"], error: VivavoceError) -> None:
        self._journal.post(Fault(stage=stage, code=error.code, message=str(error), recovered=True))

    def _realtime_failed(self, error: RealtimeAway) -> None:
        self.post(Fault(stage="realtime", code=error.code, message=str(error), recovered=True))

    def _switched(self, stage: Literal["stt", "tts", "llm", "realtime"]) -> Switched:
        def write(switch: Switch) -> None:
            self.post(ProviderSwitched(stage=stage, at_s=self._now_s(), **asdict(switch)))

        return write

    def _end(self, ending: Ending) -> None:
        if self._ending is not None or self._lost:
            return
        self._conversation.cut()
        self._till.close()
        self._page.ending(self._journal.state)
        self._ending = ending
        self._journal.post(SessionEnded(status=ending.status, reason=ending.reason, at_s=self._now_s()))
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

    def _send(self, message: Message) -> None:
        if self._line is not None:
            self._line.send(message)

    def _now(self) -> datetime:
        """The wall clock, as it has gone on since we began, whatever it has been set to."""
        at, since = self._began
        return at + timedelta(seconds=self._loop.time() - since)

    def _now_s(self) -> float:
        return self.at_s(self._loop.time())
