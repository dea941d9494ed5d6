"""The scribe: writes down what happens in a conversation, and tells the page.

It turns what livekit's session reports into events of the log, on the session clock, and the participant's turns into
observations for the director.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Protocol

from vivavoce.agent.conversation import AgentState, Stage
from vivavoce.agent.conversation import SpeechEnded as Spoken
from vivavoce.agent.page import Page
from vivavoce.agent.timing import TurnClock
from vivavoce.errors import VivavoceError
from vivavoce.moderator.endpointing import Judgement
from vivavoce.protocol.facts import Fact, LanguageSettled, MoveDecided
from vivavoce.protocol.intent import read_intent
from vivavoce.protocol.observations import Answered, Interrupted, Observation
from vivavoce.protocol.words import count_words
from vivavoce.session.events import Fault, Payload, SessionStatus, SpeechEnded, SpeechStarted, Utterance
from vivavoce.session.state import SessionState
from vivavoce.transport.desk import Desk
from vivavoce.voice.stt import Failure
from vivavoce.voice.stt import Utterance as Said


class Runner(Protocol):
    """What the scribe needs of the session's runner."""

    @property
    def state(self) -> SessionState:
        """The fold of the log."""
        ...

    @property
    def answering(self) -> bool:
        """Whether the participant's turns are still to be answered: the interview is not about to end."""
        ...

    @property
    def replying(self) -> bool:
        """Whether the moderator is about to speak, or does."""
        ...

    def post(self, *payloads: Payload) -> None:
        """Write events; nothing is written after the end."""
        ...

    def at_s(self, at: float) -> float:
        """An event-loop time on the session clock."""
        ...

    def ask_again(self) -> None:
        """What the participant said could not be understood."""
        ...

    def said_last_words(self, move: MoveDecided) -> None:
        """The final move has been heard."""
        ...

    def broke(self) -> None:
        """A part of the conversation failed for good."""
        ...


class Scribe:
    """A `conversation.Listener` that writes.

    Args:
        runner: of the session.
        page: the participant's.
        desk: the session's sound.
    """

    def __init__(self, runner: Runner, *, page: Page, desk: Desk) -> None:
        self._runner = runner
        self._page = page
        self._desk = desk
        self._loop = asyncio.get_running_loop()
        self._clock = TurnClock()
        self._utterances = sum(turn.speaker == "participant" for turn in runner.state.turns)
        self._last_speech: Spoken | None = None
        self._turn_ids: list[str] = []
        self._turn_words: Counter[str] = Counter()
        self._turn_started: float | None = None
        self.participant_speaking = False
        self.heard_s = 0.0
        """When the participant was last heard, on the session clock, also where no words came of it."""

    def new_utterance_id(self) -> str:
        """The next utterance's name; numbers go on where an earlier host left off."""
        self._utterances += 1
        return f"u{self._utterances}"

    def record(self, facts: Sequence[Fact]) -> None:
        """Write what the protocol decided."""
        if any(isinstance(fact, MoveDecided) for fact in facts):
            self._clock.decided(self._loop.time())
        self._runner.post(*facts)
        if any(isinstance(fact, LanguageSettled) for fact in facts):
            self._page.language(self._runner.state)

    def line_left(self) -> None:
        """The participant's line is gone: nobody is speaking."""
        self.participant_speaking = False

    def caption(self, text: Callable[[], str]) -> None:
        """Show what the moderator is saying now."""
        state = self._runner.state
        move = state.progress.last_move
        if move is not None and self._desk.output.speaking and move.move_id in state.open_speeches:
            language = move.language or state.language
            self._page.caption("moderator", move.move_id, text(), language=language, final=False)

    # -- the conversation's listener

    def on_utterance(self, utterance: Said) -> bool:
        """Log what was said. A hum, or what is made of a cough, over the moderator's voice or while its reply is on the
        way is logged and answered by nobody: the reply is what is waited for.
        """
        # What was said before the line broke is often understood only after; it is taken, and answered to their ear.
        if self._runner.state.status not in (SessionStatus.ACTIVE, SessionStatus.DISCONNECTED):
            return False
        over = self._desk.output.speaking
        self._runner.post(
            Utterance(
                utterance_id=utterance.utterance_id,
                text=utterance.text,
                start_s=self._runner.at_s(utterance.started_at),
                end_s=self._runner.at_s(utterance.ended_at),
                language=utterance.language,
                confidence=utterance.confidence,
                model=utterance.model,
                barge_in=over,
            )
        )
        self._page.caption(
            "participant", utterance.utterance_id, utterance.text, language=utterance.language, final=True
        )
        awaited = over or self._runner.replying
        if awaited and read_intent(utterance.text, self._runner.state.language) == "backchannel":
            return False
        if not self._turn_ids:
            self._turn_started = utterance.started_at
        self._turn_ids.append(utterance.utterance_id)
        self._turn_words[utterance.language] += count_words(utterance.text)
        self._clock.utterance(
            utterance.utterance_id,
            spoken_at=utterance.ended_at,
            transcript_at=utterance.ended_at + utterance.decoded_s,
        )
        return True

    def on_partial(self, utterance_id: str, text: str, language: str) -> None:
        """Show what is being said."""
        self._page.caption("participant", utterance_id, text, language=language, final=False)

    def on_unheard(self, failure: Failure) -> None:
        """Log that words are only in the recording, and ask again."""
        self._runner.post(
            Fault(
                stage="stt",
                code=failure.error.code,
                message=f"{failure.utterance_id} has no text: {failure.error.what}",
                recovered=False,
            )
        )
        self._runner.ask_again()

    def on_turn(self, text: str) -> Observation | None:
        """Make the observation of a finished turn: an answer, or words that cut the moderator short."""
        progress = self._runner.state.progress
        ids, self._turn_ids = tuple(self._turn_ids), []
        spoken = next((language for language, _ in self._turn_words.most_common(1)), None)
        self._turn_words.clear()
        if not self._runner.answering:
            return None
        at_s = self._runner.at_s(self._loop.time())
        duration_s = self._loop.time() - self._turn_started if self._turn_started is not None else 0.0
        last, self._last_speech = self._last_speech, None
        asked = progress.last_move
        if (
            last is not None
            and last.interrupted
            and last.move is not None
            and asked is not None
            and last.move.move_id == asked.move_id
        ):
            return Interrupted(
                at_s, last.heard_text, text, utterance_ids=ids, duration_s=duration_s, spoken=spoken
            )
        return Answered(at_s, text, utterance_ids=ids, duration_s=duration_s, spoken=spoken)

    def on_judgement(self, judgement: Judgement, probability: float | None) -> None:
        """Mark the end of the turn."""
        self._clock.judged(self._loop.time(), judgement.reason)

    def on_speech_started(self, move: MoveDecided | None, at: float) -> None:
        """Log that the moderator became audible, and how long that took."""
        if move is None:
            return
        self._runner.post(
            SpeechStarted(speech_id=move.move_id, move_id=move.move_id, at_s=self._runner.at_s(at))
        )
        timed = self._clock.audible(at - self._desk.client_delay_s, at)
        if timed is not None:
            self._runner.post(timed)

    def on_speech_ended(self, speech: Spoken) -> None:
        """Log what was heard; after the last words the session ends."""
        self._last_speech = speech
        move = speech.move
        if move is None:
            return
        if move.move_id in self._runner.state.open_speeches:
            self._runner.post(
                SpeechEnded(
                    speech_id=move.move_id,
                    move_id=move.move_id,
                    start_s=self._runner.at_s(speech.started_at),
                    end_s=self._runner.at_s(max(speech.started_at, speech.ended_at)),
                    planned_text=speech.planned_text,
                    heard_text=speech.heard_text,
                    interrupted=speech.interrupted,
                )
            )
            language = move.language or self._runner.state.language
            self._page.caption("moderator", move.move_id, speech.heard_text, language=language, final=True)
        if move.final:
            self._runner.said_last_words(move)

    def on_agent_state(self, state: AgentState) -> None:
        """Tell the page."""
        self._page.agent(state, self._runner.state)

    def on_participant_speaking(self, speaking: bool) -> None:
        """Tell the page; somebody who speaks is not idle."""
        self.participant_speaking = speaking
        if not speaking:
            self._clock.silent(self._loop.time())
        self._page.participant(speaking, self._runner.state)

    def on_fault(self, stage: Stage, error: BaseException, *, recovered: bool) -> None:
        """Log it; what cannot be recovered ends the interview."""
        code = error.code if isinstance(error, VivavoceError) else type(error).__name__
        self._runner.post(Fault(stage=stage, code=code, message=str(error), recovered=recovered))
        if not recovered:
            self._runner.broke()
