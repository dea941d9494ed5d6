"""The conversation of one session: livekit-agents' `AgentSession` between a desk and a director.

Everything livekit-specific of a running session is here. It reports in our own terms, on the event loop's clock
(`loop.time()`, seconds), to a `Listener`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import structlog
from livekit.agents import (
    AgentSession,
    AgentStateChangedEvent,
    ErrorEvent,
    SpeechCreatedEvent,
    UserStateChangedEvent,
)
from livekit.agents.voice import SpeechHandle
from livekit.agents.voice.io import PlaybackFinishedEvent, PlaybackStartedEvent

from vivavoce.agent.speech import SpokenText
from vivavoce.moderator.dialogue import Dialogue
from vivavoce.moderator.director import Director
from vivavoce.moderator.endpointing import Judgement
from vivavoce.moderator.guard.judge import GuardFailed
from vivavoce.moderator.guard.watch import Watch
from vivavoce.moderator.interviewer import Interviewer
from vivavoce.moderator.mind import Mind, ModelFailed
from vivavoce.moderator.structured import StructuredModerator
from vivavoce.moderator.thinking import ThinkingModerator
from vivavoce.moderator.turns import EndOfTurn, SoundJudge
from vivavoce.moderator.voiced import VoiceAway
from vivavoce.protocol.facts import MoveDecided
from vivavoce.protocol.machine import Decision, Observation
from vivavoce.session.usage import Used
from vivavoce.transport.desk import Desk
from vivavoce.voice.activity import SharedVAD
from vivavoce.voice.duplex import Duplex
from vivavoce.voice.ears import CountedEar
from vivavoce.voice.failover import Route
from vivavoce.voice.stt import Failure, Languages, ServerSTT, Utterance
from vivavoce.voice.tts import ServerTTS
from vivavoce.voice.wording import Voice

FALSE_INTERRUPTION_S = 0.9
"""Silence after which speech that was paused for a cough or an «mhm» goes on."""

ENDPOINTING_S = 0.05
"""livekit's own wait; ours (`moderator.turns`) comes before it and is the one that counts."""

CLOSE_TIMEOUT_S = 5.0

log = structlog.get_logger(__name__)

Stage = Literal["stt", "tts", "llm", "realtime", "guard", "agent"]
"""A part of the conversation that can fail."""

AgentState = Literal["waiting", "listening", "thinking", "speaking"]


@dataclass(frozen=True)
class SpeechEnded:
    """The moderator stopped speaking. Times are event-loop times of the first and last sample at the ear."""

    move: MoveDecided | None
    planned_text: str
    heard_text: str
    started_at: float
    ended_at: float
    interrupted: bool


class Listener(Protocol):
    """Told what happens in a conversation, on the event loop."""

    def on_utterance(self, utterance: Utterance) -> bool:
        """The participant said something; False keeps it from the conversation."""
        ...

    def on_partial(self, utterance_id: str, text: str, language: str) -> None:
        """The participant is saying something."""
        ...

    def on_unheard(self, failure: Failure) -> None:
        """The participant said something whose text could not be had."""
        ...

    def on_turn(self, text: str) -> Observation | None:
        """The participant's turn is over; what is to be answered, if anything."""
        ...

    def on_judgement(self, judgement: Judgement, probability: float | None) -> None:
        """The end of a turn was decided now."""
        ...

    def on_speech_started(self, move: MoveDecided | None, at: float) -> None:
        """The moderator became audible."""
        ...

    def on_speech_ended(self, speech: SpeechEnded) -> None:
        """The moderator fell silent, or a move was never heard."""
        ...

    def on_agent_state(self, state: AgentState) -> None:
        """For the page."""
        ...

    def on_participant_speaking(self, speaking: bool) -> None:
        """For the page and the idle timer."""
        ...

    def on_fault(self, stage: Stage, error: BaseException, *, recovered: bool) -> None:
        """A part of the conversation failed."""
        ...


@dataclass
class _Reply:
    ticket: str | None
    handle: SpeechHandle
    begun_at: float
    started_at: float | None = None
    held_at: float | None = None
    ended: bool = False


class Conversation:
    """A running conversation. Build, `start`, `say` what the clock brings, `aclose`.

    Args:
        desk: the session's sound.
        director: decides what comes next.
        ears: writes down what the participant says.
        voice: says it.
        voices: the voice of each language of the study.
        listening: the languages that the participant may speak now, the likeliest first.
        hearing: the speech server's model that hears a language.
        detector: the host's voice activity detector.
        sound_judge: hears whether a turn is complete; None does without.
        interruption_s: seconds of the participant's voice after which the moderator falls silent.
        new_utterance_id: makes utterance ids.
        listener: told what happens.
        models: gives the way along the models that moderate; None in a structured interview.
        dialogue: the interview so far, for the model.
        watch: has the model's sentences judged before they are heard.
        now_s: the session clock.
        used: told of what models and engines used.
        duplex: the speech-to-speech model that may hold the interview.
    """

    def __init__(
        self,
        *,
        desk: Desk,
        director: Director,
        ears: CountedEar,
        voice: ServerTTS,
        voices: Callable[[str], Voice],
        listening: Languages,
        hearing: Callable[[str], str],
        detector: Any,
        sound_judge: SoundJudge | None,
        interruption_s: float,
        new_utterance_id: Callable[[], str],
        listener: Listener,
        models: Callable[[], Route[Mind]] | None,
        dialogue: Dialogue,
        watch: Watch,
        now_s: Callable[[], float],
        used: Used,
        duplex: Duplex | None = None,
    ) -> None:
        thinks = models is not None or duplex is not None
        self._duplex = duplex
        self._desk = desk
        self._director = director
        self._listener = listener
        self._voice = voice
        self._voices = voices
        self._loop = asyncio.get_running_loop()
        self._activity = SharedVAD(detector)
        self._spoken = SpokenText()
        self._replies: dict[str, _Reply] = {}
        self._playing: _Reply | None = None
        if duplex is not None:
            # Before whoever asks it for the text of what it has heard.
            self._activity.listen(duplex.on_activity)
        self._stt = ServerSTT(
            ears,
            self._activity,
            languages=listening,
            hearing=hearing,
            heard=listener.on_utterance,
            partial=listener.on_partial,
            failed=listener.on_unheard,
            new_id=new_utterance_id,
            used=used,
        )
        self._turns = EndOfTurn(
            sound=sound_judge,
            language=lambda: director.language,
            profile=director.profile,
            settled=self._stt.settled,
            judged=listener.on_judgement,
        )
        self._activity.listen(self._turns.on_activity)
        self._agent = Interviewer(
            director,
            answer=listener.on_turn,
            voice=voice,
            watch=watch if thinks else None,
            played_s=lambda: desk.output.segment_played_s,
        )
        self._session: AgentSession[None] = AgentSession(
            stt=self._stt,
            vad=self._activity,
            llm=StructuredModerator(director, decided=self._on_decided)
            if not thinks
            else ThinkingModerator(
                director,
                models,
                dialogue,
                watch,
                decided=self._on_decided,
                faulted=self._on_model_failed,
                now_s=now_s,
                used=used,
                duplex=duplex,
            ),
            tts=voice,
            turn_handling={
                "turn_detection": self._turns,
                "endpointing": {"min_delay": ENDPOINTING_S, "max_delay": ENDPOINTING_S},
                "interruption": {
                    "mode": "vad",
                    "min_duration": interruption_s,
                    "false_interruption_timeout": FALSE_INTERRUPTION_S,
                    "resume_false_interruption": True,
                    "backchannel_boundary": None,
                    # What is said over the goodbye is still heard.
                    "discard_audio_if_uninterruptible": False,
                },
                "preemptive_generation": {"enabled": False},
            },
            use_tts_aligned_transcript=True,
            tts_text_transforms=None,
            aec_warmup_duration=None,
            user_away_timeout=None,
            session_close_transcript_timeout=0.5,
        )
        self._session.on("agent_state_changed", self._on_agent_state)
        self._session.on("user_state_changed", self._on_user_state)
        self._session.on("speech_created", self._on_speech_created)
        self._session.on("error", self._on_error)
        desk.output.on("playback_started", self._on_playback_started)
        desk.output.on("playback_finished", self._on_playback_finished)
        desk.output.heard_text = self._spoken.heard
        self._session.input.audio = desk.input
        self._session.output.audio = desk.output
        self._session.output.transcription = self._spoken

    async def start(self) -> None:
        """Start listening; the moderator says nothing until `say`."""
        await self._session.start(self._agent, record=False)

    @property
    def moderator_active(self) -> bool:
        """Whether the moderator speaks, is paused in speech, or is about to speak."""
        return bool(self._replies)

    @property
    def words_pending(self) -> bool:
        """Whether the participant speaks, or has spoken and the words wait for their text."""
        return self._stt.pending

    def stuck_since(self) -> float | None:
        """Since when a reply has been on its way of which nothing can be heard; event-loop time."""
        waiting = [reply.begun_at for reply in self._replies.values() if reply.started_at is None]
        return min(waiting) if len(waiting) == len(self._replies) and waiting else None

    def caption(self) -> str:
        """What the page shows of the moderator's speech now."""
        return self._spoken.caption(self._desk.output.segment_heard_s)

    def say(self, observation: Observation, *, interruptible: bool = True) -> SpeechHandle:
        """Let the director answer something that the participant did not say: silence, time, a return."""
        ticket, context = self._agent.context_for(observation)
        self._agent.next_ticket = ticket
        return self._session.generate_reply(chat_ctx=context, allow_interruptions=interruptible)

    def cut(self) -> None:
        """The conversation ends here: what the moderator was saying ends with what has been heard of it."""
        reply, self._playing = self._playing, None
        if reply is None or reply.ended:
            return
        reply.ended = True
        move = self._move(reply)
        now = self._loop.time()
        planned = move.text if move is not None else self._spoken.whole()
        heard = self._spoken.heard(self._desk.output.segment_heard_s)
        ended = reply.held_at or now
        started = min(reply.started_at or ended, ended)
        self._listener.on_speech_ended(SpeechEnded(move, planned, heard, started, ended, interrupted=True))

    async def interrupt(self) -> None:
        """Stop the moderator in mid-word."""
        if self._session.current_speech is not None:
            await self._session.interrupt(force=True)

    async def aclose(self) -> None:
        """Stop listening and speaking."""
        self._desk.output.off("playback_started", self._on_playback_started)
        self._desk.output.off("playback_finished", self._on_playback_finished)
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await self._session.aclose()
        except TimeoutError:
            log.warning("livekit session did not close in time", timeout_s=CLOSE_TIMEOUT_S)
        await self._turns.aclose()

    def _on_speech_created(self, event: SpeechCreatedEvent) -> None:
        handle = event.speech_handle
        ticket, self._agent.next_ticket = self._agent.next_ticket, None
        self._replies[handle.id] = _Reply(ticket, handle, self._loop.time())
        handle.add_done_callback(self._on_reply_done)

    def _on_decided(self, ticket: str, decision: Decision) -> None:
        """Say it in its language's voice; the last words of an interview to their end, whoever speaks into them."""
        own = decision.move.language if decision.move is not None else None
        self._voice.voice = self._voices(own or self._director.language)
        if decision.move is None or not decision.move.final:
            return
        for reply in self._replies.values():
            if reply.ticket == ticket and not reply.handle.interrupted:
                reply.handle.allow_interruptions = False

    def _on_model_failed(self, error: ModelFailed | GuardFailed) -> None:
        realtime = isinstance(error, VoiceAway)
        stage = "guard" if isinstance(error, GuardFailed) else "realtime" if realtime else "llm"
        self._listener.on_fault(stage, error, recovered=True)

    def _on_reply_done(self, handle: SpeechHandle) -> None:
        reply = self._replies.pop(handle.id, None)
        if reply is None or reply.ended:
            return
        move = self._move(reply)
        if move is None:
            return
        now = self._loop.time()
        self._listener.on_speech_ended(
            SpeechEnded(move, move.text, "", reply.started_at or now, now, interrupted=True)
        )

    def _on_playback_started(self, event: PlaybackStartedEvent) -> None:
        handle = self._session.current_speech
        reply = self._replies.get(handle.id) if handle is not None else None
        if reply is None:
            return
        reply.started_at = self._loop.time() + self._desk.client_delay_s
        self._playing = reply
        self._listener.on_speech_started(self._move(reply), reply.started_at)

    def _on_playback_finished(self, event: PlaybackFinishedEvent) -> None:
        reply, self._playing = self._playing, None
        if reply is None or reply.ended:
            return
        reply.ended = True
        move = self._move(reply)
        planned = move.text if move is not None else self._spoken.whole()
        if event.interrupted:
            heard = self._spoken.heard(event.playback_position)
        else:
            heard = self._spoken.whole() if self._agent.altered else planned
        self._truncate(event.playback_position, interrupted=event.interrupted)
        now = self._loop.time() + self._desk.client_delay_s
        # Speech that was cut had been held since the participant's voice was noticed.
        ended = reply.held_at if event.interrupted and reply.held_at is not None else now
        started = min(reply.started_at if reply.started_at is not None else ended, ended)
        self._listener.on_speech_ended(SpeechEnded(move, planned, heard, started, ended, event.interrupted))

    def _truncate(self, position_s: float, *, interrupted: bool) -> None:
        """Have a speech-to-speech model know how much of its words were heard, where that is not all of them."""
        for voiced in self._agent.voiced:
            if self._duplex is not None and (interrupted or voiced.stopped):
                self._duplex.truncate(voiced, max(0.0, min(position_s - voiced.began_s, voiced.sent_s)))

    def _move(self, reply: _Reply) -> MoveDecided | None:
        return self._director.move(reply.ticket) if reply.ticket else None

    def _on_agent_state(self, event: AgentStateChangedEvent) -> None:
        state = event.new_state
        if self._playing is not None:
            held = state == "listening"
            self._playing.held_at = self._loop.time() + self._desk.client_delay_s if held else None
        self._listener.on_agent_state(state if state in ("listening", "thinking", "speaking") else "waiting")

    def _on_user_state(self, event: UserStateChangedEvent) -> None:
        self._listener.on_participant_speaking(event.new_state == "speaking")

    def _on_error(self, event: ErrorEvent) -> None:
        error = event.error
        kind = type(error).__name__
        stage: Stage = (
            "stt" if "STT" in kind else "tts" if "TTS" in kind else "llm" if "LLM" in kind else "agent"
        )
        cause = getattr(error, "error", error)
        recovered = bool(getattr(error, "recoverable", False))
        self._listener.on_fault(
            stage, cause if isinstance(cause, BaseException) else RuntimeError(kind), recovered=recovered
        )
