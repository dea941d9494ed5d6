"""A rehearsed interview: text instead of sound, a clock that jumps, everything else as in earnest.

The machine, the rails, the moderator, the session's log with its fold and its timers are the real ones; words take the
time they would take to say.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from livekit.agents import llm

from vivavoce.agent.ending import Ending
from vivavoce.moderator.dialogue import Dialogue
from vivavoce.moderator.director import Director
from vivavoce.moderator.guard.chain import Chain
from vivavoce.moderator.guard.judge import GuardFailed
from vivavoce.moderator.guard.watch import Watch
from vivavoce.moderator.mind import Mind, ModelFailed
from vivavoce.moderator.structured import TICKET, StructuredModerator
from vivavoce.moderator.thinking import ThinkingModerator
from vivavoce.protocol.facts import Fact, MoveDecided
from vivavoce.protocol.observations import (
    Answered,
    Began,
    CloseDue,
    Interrupted,
    Observation,
    Returned,
    Silent,
    WrapUpDue,
)
from vivavoce.protocol.outline import WORDS_A_SECOND
from vivavoce.protocol.prompts.pack import load_pack
from vivavoce.protocol.study import Study
from vivavoce.protocol.words import count_words
from vivavoce.session.clock import ManualClock
from vivavoce.session.due import due
from vivavoce.session.events import (
    ConsentGiven,
    ParticipantJoined,
    ParticipantLeft,
    Payload,
    Reason,
    SessionEnded,
    SessionEvent,
    SessionScheduled,
    SessionWaiting,
    SpeechEnded,
    SpeechStarted,
    TimerFired,
    TimerName,
    Utterance,
)
from vivavoce.session.state import SessionState, apply
from vivavoce.session.timers import Timers
from vivavoce.voice.failover import Route

THINKING_S = 1.0
"""Between the end of a question and the first word of the answer, and back."""

MOST_ACTS = 400
"""Acts of a participant in one interview; an interview that is longer does not come to its end."""

_NOTHING = "0" * 64


@dataclass(frozen=True)
class Say:
    """Answer; `seconds` is how long that takes, by default as long as the words do.

    `spoken` is the language, where it is not the session's.
    """

    text: str
    seconds: float | None = None
    spoken: str | None = None


@dataclass(frozen=True)
class Quiet:
    """Say nothing for so long."""

    seconds: float


@dataclass(frozen=True)
class Lose:
    """Lose the connection, and come back after so long."""

    seconds: float


@dataclass(frozen=True)
class Cut:
    """Speak into the moderator's words when that share of them (0-1) has been heard."""

    share: float
    text: str


Act = Say | Quiet | Lose


class Interview:
    """One interview with one participant.

    Args:
        study: what is asked.
        language: in which language.
        models: the way along the models that moderate; None: the study's own words.
        judges: the models that judge what they say.
        act: what the participant does, whenever it is their turn.
        cut: whether they speak into what the moderator is about to say.
    """

    def __init__(
        self,
        study: Study,
        language: str,
        *,
        models: Route[Mind] | None,
        judges: Chain,
        act: Callable[[Interview], Act],
        cut: Callable[[Interview], Cut | None],
    ) -> None:
        self.study = study
        self.language = language
        self.faults: list[ModelFailed | GuardFailed] = []
        self.events: list[SessionEvent] = []
        self.turns = 0
        self._act = act
        self._cut = cut
        self._clock = ManualClock()
        self._began = self._clock.now()
        self._state: SessionState | None = None
        self._heard_s = 0.0
        self._dialogue = Dialogue(joined=load_pack(language).labels.joined if models is not None else "")
        self._director = Director(
            study,
            language=lambda: self.state.language,
            progress=lambda: self.state.progress,
            record=self._record,
            thinks=models is not None,
        )
        self._moderator: llm.LLM[Any] = (
            StructuredModerator(self._director, decided=lambda _, __: None)
            if models is None
            else ThinkingModerator(
                self._director,
                lambda: models,
                self._dialogue,
                Watch(
                    study,
                    lambda: self.state.language,
                    judges,
                    write=self._post,
                    now_s=lambda: self.at_s,
                ),
                decided=lambda _, __: None,
                faulted=self.faults.append,
                now_s=lambda: self.at_s,
            )
        )

    @property
    def state(self) -> SessionState:
        """The fold of the log."""
        assert self._state is not None
        return self._state

    @property
    def at_s(self) -> float:
        """The session clock."""
        return (self._clock.now() - self._began).total_seconds()

    @property
    def moves(self) -> list[MoveDecided]:
        """Everything the moderator decided, as it turned out."""
        moves: dict[str, MoveDecided] = {}
        for event in self.events:
            if event.payload.kind == "move.decided":
                moves[event.payload.move_id] = event.payload
            elif event.payload.kind == "move.worded":
                moves[event.payload.move_id] = event.payload.decided()
        return list(moves.values())

    async def hold(self) -> None:
        """Hold it from the first join to the end."""
        self._schedule()
        await self._observe(Began(self.at_s))
        for _ in range(MOST_ACTS):
            if self.state.status.terminal:
                return
            match self._act(self):
                case Say() as said:
                    await self._answer(said)
                case Quiet(seconds=seconds):
                    await self._pass(seconds)
                case Lose(seconds=seconds):
                    await self._lose(seconds)

    # What happens

    async def _answer(self, said: Say) -> None:
        await self._pass(THINKING_S)
        took_s = count_words(said.text) / WORDS_A_SECOND if said.seconds is None else said.seconds
        await self._pass(took_s, speaking=True)
        if self.state.status.terminal:
            return
        self.turns += 1
        utterance_id = self._utter(said.text, took_s, barge_in=False, spoken=said.spoken)
        await self._pass(THINKING_S)
        if not self.state.status.terminal:
            await self._observe(Answered(self.at_s, said.text, (utterance_id,), took_s, said.spoken))

    async def _lose(self, seconds: float) -> None:
        self._post(ParticipantLeft(connection_id="c", reason="lost", at_s=self.at_s))
        await self._pass(seconds)
        if not self.state.status.terminal:
            self._post(ParticipantJoined(transport="websocket", connection_id="c", rejoined=True))
            await self._observe(Returned(self.at_s))

    async def _observe(self, observation: Observation) -> None:
        """Let the moderator answer, and hear it; whoever speaks into it is answered in turn."""
        ticket = self._director.submit(observation)
        message = llm.ChatMessage(role="user", content=[""], extra={TICKET: ticket})
        async with self._moderator.chat(chat_ctx=llm.ChatContext([message])) as stream:
            async for _ in stream:
                pass  # the words are in the log
        move = self._director.move(ticket)
        if move is not None:
            await self._hear(move)

    async def _hear(self, move: MoveDecided) -> None:
        cut = None if move.final else self._cut(self)
        words = move.text.split()
        heard = words if cut is None else words[: int(len(words) * cut.share)]
        started_s = self.at_s
        self._post(SpeechStarted(speech_id=move.move_id, move_id=move.move_id, at_s=started_s))
        await self._pass(count_words(" ".join(heard)) / WORDS_A_SECOND)
        if self.state.status.terminal or move.move_id not in self.state.open_speeches:
            return
        self._post(
            SpeechEnded(
                speech_id=move.move_id,
                move_id=move.move_id,
                start_s=started_s,
                end_s=self.at_s,
                planned_text=move.text,
                heard_text=" ".join(heard),
                interrupted=cut is not None,
            )
        )
        if move.final:
            self._end(Reason(move.end_reason or Reason.FINISHED))
        elif cut is not None:
            took_s = count_words(cut.text) / WORDS_A_SECOND
            utterance_id = self._utter(cut.text, took_s, barge_in=True)
            await self._pass(took_s + THINKING_S, speaking=True)
            if not self.state.status.terminal:
                heard_text = " ".join(heard)
                await self._observe(Interrupted(self.at_s, heard_text, cut.text, (utterance_id,), took_s))

    async def _pass(self, seconds: float, *, speaking: bool = False) -> None:
        """Let time pass, and the timers that run out in it fire."""
        until_s = self.at_s + seconds
        while not self.state.status.terminal:
            found = due(
                self.state,
                now=self._clock.now(),
                at_s=self.at_s,
                heard_s=self.at_s if speaking else self._heard_s,
            )
            if found.timers:
                await self._fire(found.timers[0])
                continue
            left_s = until_s - self.at_s
            if left_s <= 1e-6:
                break
            self._clock.advance(max(min(left_s, found.next_s or left_s), 1e-3))
            if speaking:
                self._heard_s = self.at_s

    async def _fire(self, timer: TimerName) -> None:
        self._post(TimerFired(timer=timer, at_s=self.at_s))
        match timer:
            case TimerName.IDLE_PROMPT:
                await self._observe(Silent(self.at_s, self.at_s - (self.state.quiet_since_s or 0.0)))
            case TimerName.WRAP_UP:
                await self._observe(WrapUpDue(self.at_s))
            case TimerName.HARD_LIMIT | TimerName.IDLE:
                reason = Reason.HARD_LIMIT if timer is TimerName.HARD_LIMIT else Reason.IDLE
                if self.state.connection is None or self.state.progress.final:
                    self._end(reason)
                else:
                    await self._observe(CloseDue(self.at_s, reason.value))
            case TimerName.REJOIN | TimerName.JOIN:
                self._end(Reason.LEFT)

    # The log

    def _schedule(self) -> None:
        limits = self.study.limits
        timers = Timers.resolve(
            hard_limit_s=limits.hard_limit_s,
            wrap_up_s=limits.wrap_up_at_s,
            join_s=limits.join_s,
            idle_prompt_s=limits.idle_prompt_s,
            idle_s=limits.idle_s,
            rejoin_s=limits.rejoin_s,
        )
        self._post(
            SessionScheduled(
                study_id=self.study.id,
                study_hash=self.study.content_hash,
                study_title=self.study.title.text(self.language),
                language=self.language,
                participant_id="rehearsal",
                timers=timers,
            ),
            ConsentGiven(
                version=self.study.consent.version,
                text_sha256=_NOTHING,
                language=self.language,
                disclosure_sha256=_NOTHING,
            ),
            SessionWaiting(transport="websocket"),
            ParticipantJoined(transport="websocket", connection_id="c"),
        )

    def _record(self, facts: Sequence[Fact]) -> None:
        self._post(*facts)

    def _utter(self, text: str, took_s: float, *, barge_in: bool, spoken: str | None = None) -> str:
        utterance_id = f"u{sum(event.payload.kind == 'utterance' for event in self.events) + 1}"
        self._heard_s = self.at_s
        self._post(
            Utterance(
                utterance_id=utterance_id,
                text=text,
                start_s=max(0.0, self.at_s - took_s),
                end_s=self.at_s,
                language=spoken or self.state.language,
                confidence=None,
                model="rehearsal",
                barge_in=barge_in,
            )
        )
        return utterance_id

    def _end(self, reason: Reason) -> None:
        ending = Ending.of(reason)
        self._post(SessionEnded(status=ending.status, reason=ending.reason, at_s=self.at_s))

    def _post(self, *payloads: Payload) -> None:
        for payload in payloads:
            event = SessionEvent(
                session_id="rehearsal", seq=len(self.events) + 1, at=self._clock.now(), payload=payload
            )
            self._state = apply(self._state, event)
            self.events.append(event)
            self._dialogue.add(event)
