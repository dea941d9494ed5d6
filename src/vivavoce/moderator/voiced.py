"""A reply of a speech-to-speech model on a floor: its sound leaves as it comes, and is judged while it is heard.

Nothing can be held back here. The rails are the same as for a text model, and so are the calls; but a sentence counts
as said once it is there, and one that may not be said ends the reply after the fact.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Callable
from typing import Any

from livekit import rtc
from livekit.agents import llm
from livekit.agents.utils import aio

from vivavoce.moderator.dialogue import Dialogue
from vivavoce.moderator.director import Director
from vivavoce.moderator.guard.watch import ReplyWatch
from vivavoce.moderator.mind import MOST_CALLS, ModelFailed
from vivavoce.protocol.facts import MoveDecided
from vivavoce.protocol.floor import Floor
from vivavoce.protocol.outcomes import Judgement
from vivavoce.protocol.prompts.render import instructions, situation
from vivavoce.protocol.reply import Sentences, writable
from vivavoce.voice.duplex import Duplex, RealtimeAway
from vivavoce.voice.replies import Generation
from vivavoce.voice.voiced import Voiced

NOT_LOOKED_AT = "Too many calls at once: this one was not looked at."


class VoiceAway(ModelFailed):
    """The speech-to-speech model was away, or fell silent."""

    code = "realtime_away"


class Withheld(Exception):
    """Something may not be heard any further: the reply is over."""


class VoicedReply:
    """One reply.

    Args:
        duplex: the connection to the model.
        director: writes what it leads to.
        floor: the rails.
        watch: has its sentences judged.
        ticket: the director's, of this reply.
        dialogue: names calls.
        now_s: the session clock.
        emit: sends a text on to be heard.
    """

    def __init__(
        self,
        duplex: Duplex,
        director: Director,
        floor: Floor,
        watch: ReplyWatch,
        ticket: str,
        *,
        dialogue: Dialogue,
        now_s: Callable[[], float],
        emit: Callable[[str], None],
    ) -> None:
        self._duplex = duplex
        self._director = director
        self._floor = floor
        self._watch = watch
        self._ticket = ticket
        self._dialogue = dialogue
        self._now_s = now_s
        self._emit = emit
        self._messages: list[Voiced] = []
        self._pieces = 0

    async def round(self, *, answered: bool) -> Judgement | bool:
        """Let the model speak once.

        Args:
            answered: its calls of the last round have been answered.

        Returns:
            the judgement of a call that ended the reply, else whether the model must go on to come to words.

        Raises:
            VoiceAway: it is away, or fell silent.
            Withheld: what it said may not be heard any further.
            Endless: it goes on without ending a sentence.
        """
        director = self._director
        try:
            generation = await self._duplex.reply(
                instructions=instructions(director.study, director.progress.phase_id, director.language),
                situation=situation(
                    director.study, director.progress, at_s=self._now_s(), language=director.language
                ),
                answered=answered,
            )
        except RealtimeAway as error:
            raise VoiceAway(error.what, next_step=error.next_step) from error
        profile = self._duplex.profile
        stall_s = profile.stall_s if profile is not None else 0.0
        first_s = profile.first_sound_s if profile is not None else 0.0
        calls = await self._said_and_called(generation, first_s=first_s, stall_s=stall_s)
        if not calls:
            return False
        await self._watch.settled()
        if self._watch.withheld:
            raise Withheld
        answers: list[tuple[llm.FunctionCall, str, bool]] = []
        for place, call in enumerate(calls):
            if place >= MOST_CALLS:
                answers.append((call, NOT_LOOKED_AT, False))
                continue
            judgement = self._floor.call(
                self._dialogue.next_call_id(),
                writable(call.name),
                writable(call.arguments),
                director.progress,
                at_s=self._now_s(),
            )
            director.write(self._ticket, judgement.facts)
            if judgement.over:
                return judgement
            answers.append((call, judgement.answer, judgement.accepted))
        await self._duplex.answer(answers)
        return not self._floor.asked

    def stop(self) -> None:
        """Let nothing more of it be heard."""
        for voiced in self._messages:
            voiced.stop()
        self._duplex.cut()

    async def _said_and_called(
        self, generation: Generation, *, first_s: float, stall_s: float
    ) -> list[llm.FunctionCall]:
        messages = generation.messages
        while (message := await self._next(messages, stall_s if self._pieces else first_s)) is not None:
            await self._hear(message, first_s=first_s, stall_s=stall_s)
        calls: list[llm.FunctionCall] = []
        pending = generation.calls
        while (call := await self._next(pending, stall_s)) is not None:
            calls.append(call)
        return calls

    @staticmethod
    async def _next(items: Any, patience_s: float) -> Any:
        """The next of them; None at their end."""
        try:
            async with asyncio.timeout(patience_s):
                return await anext(items, None)
        except TimeoutError:
            raise _silent(patience_s) from None

    async def _hear(self, message: llm.MessageGeneration, *, first_s: float, stall_s: float) -> None:
        voiced = Voiced(message.message_id)
        self._messages.append(voiced)
        sentences = Sentences()
        waiting = {
            asyncio.create_task(self._words(message.text_stream, voiced, sentences), name="realtime.words"),
            asyncio.create_task(self._sound(message.audio_stream, voiced), name="realtime.sound"),
        }
        try:
            while waiting:
                before = self._pieces
                patience_s = stall_s if before else first_s
                done, waiting = await asyncio.wait(
                    waiting, timeout=patience_s, return_when=asyncio.FIRST_COMPLETED
                )
                for task in done:
                    task.result()
                if not done and self._pieces == before:
                    raise _silent(patience_s)
            self._take(sentences.end())
        finally:
            await aio.cancel_and_wait(*waiting)
            voiced.end()

    async def _words(self, words: AsyncIterable[str], voiced: Voiced, sentences: Sentences) -> None:
        async for written in words:
            piece = writable(written)
            self._pieces += 1
            if not voiced.text and piece.strip():
                self._begin(voiced, piece)
            voiced.read(piece)
            self._take(sentences.feed(piece))

    async def _sound(self, sound: AsyncIterable[rtc.AudioFrame], voiced: Voiced) -> None:
        async for frame in sound:
            self._pieces += 1
            voiced.hear(frame)

    def _begin(self, voiced: Voiced, words: str) -> None:
        """It becomes audible with its first words: without words nobody could say what was heard."""
        facts = self._floor.begin(words.strip(), self._director.progress, at_s=self._now_s())
        self._director.write(self._ticket, facts)
        move: MoveDecided | None = self._director.move(self._ticket)
        if move is None or self._floor.move_id is None:
            raise Withheld  # somebody else has gone on with the interview
        self._duplex.own(move.move_id)
        self._emit(voiced)

    def _take(self, sentences: list[str]) -> None:
        for sentence in sentences:
            taken = self._floor.hear(sentence, self._director.progress)
            for breach in taken.breaches:
                self._watch.refuse(
                    breach.text,
                    breach.checks,
                    self._floor.move_id,
                    grave=breach.grave,
                    heard=not breach.grave,
                )
            if taken.enough:
                raise Withheld
            if taken.spoken:
                self._watch.submit(taken.text, self._floor.move_id)


def _silent(waited_s: float) -> VoiceAway:
    return VoiceAway(
        f"The speech-to-speech model fell silent for {waited_s:g} s.",
        next_step="Look at its server, or raise first_sound_s or stall_s of its profile.",
    )
