"""The interviewer: livekit-agents' `Agent` for one interview."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Callable
from contextlib import aclosing

from livekit import rtc
from livekit.agents import Agent, ModelSettings, NotGiven, StopResponse, llm
from livekit.agents.types import USERDATA_TIMED_TRANSCRIPT, TimedString
from livekit.agents.utils import aio

from vivavoce.moderator.director import Director
from vivavoce.moderator.guard.gate import Gate
from vivavoce.moderator.guard.watch import Sentence, Watch
from vivavoce.moderator.structured import TICKET
from vivavoce.protocol.machine import Observation
from vivavoce.voice.tts import ServerTTS
from vivavoce.voice.voiced import FRAME_S, Voiced

LEAD_S = 0.5
"""How far ahead of the line a speech-to-speech model's sound is sent: what was sent cannot be taken back when a judge
objects, and covers a stall of the event loop."""

Answer = Callable[[str], Observation | None]
"""Makes the observation of a finished participant turn from its text; None if nobody waits for an answer."""


class Interviewer(Agent):
    """Asks what the director decides.

    Args:
        director: decides what comes next.
        answer: see `Answer`.
        voice: says it.
        watch: has judged what a model says; None where all words are the study's.
        played_s: seconds of the reply that is being said that the line has taken.
    """

    def __init__(
        self,
        director: Director,
        *,
        answer: Answer,
        voice: ServerTTS,
        watch: Watch | None = None,
        played_s: Callable[[], float] = lambda: 0.0,
    ) -> None:
        super().__init__(instructions="")
        self._director = director
        self._answer = answer
        self._voice = voice
        self._watch = watch
        self._played_s = played_s
        self.voiced: list[Voiced] = []
        """What a speech-to-speech model says of the reply that is being said."""
        self.altered = False
        """Whether the reply that is being said had something replaced that nobody upstream knows of."""
        self.next_ticket: str | None = None
        """Ticket of the reply that livekit-agents is about to create for the participant's turn."""

    async def on_user_turn_completed(self, turn_ctx: llm.ChatContext, new_message: llm.ChatMessage) -> None:
        """Turn the participant's words into an observation and mark the reply with its ticket."""
        observation = self._answer(new_message.text_content or "")
        if observation is None:
            raise StopResponse
        self.next_ticket = self._director.submit(observation)
        new_message.extra[TICKET] = self.next_ticket

    def context_for(self, observation: Observation) -> tuple[str, llm.ChatContext]:
        """A ticket, and the chat context of a reply that answers an observation of ours (silence, time, return)."""
        ticket = self._director.submit(observation)
        context = self.chat_ctx.copy()
        context.add_message(role="system", content=type(observation).__name__, extra={TICKET: ticket})
        return ticket, context

    async def tts_node(
        self, text: AsyncIterable[str], model_settings: ModelSettings
    ) -> AsyncGenerator[rtc.AudioFrame, None]:
        """Say the text as it comes, without livekit's text filters: wording is looked up to the letter."""
        sound = self._say(text) if self._watch is None else self._say_judged(text, self._watch)
        async with aclosing(sound):
            async for frame in sound:
                yield frame

    async def transcription_node(
        self, text: AsyncIterable[str | TimedString], model_settings: ModelSettings
    ) -> AsyncGenerator[str | TimedString, None]:
        """The words that come with sound. livekit falls back on what was written, which may never be heard."""
        async for part in text:
            if isinstance(part, TimedString):
                yield part

    async def _say(self, text: AsyncIterable[str]) -> AsyncGenerator[rtc.AudioFrame]:
        async with self._voice.stream() as stream:

            async def forward() -> None:
                async for part in text:
                    stream.push_text(part)
                stream.end_input()

            forwarding = asyncio.create_task(forward(), name="tts.input")
            try:
                async for sound in stream:
                    yield sound.frame
            finally:
                await aio.cancel_and_wait(forwarding)

    async def _say_judged(self, text: AsyncIterable[str], watch: Watch) -> AsyncGenerator[rtc.AudioFrame]:
        """Say what may be heard: one stream a text, so that the sound of each is known for its own."""
        said_s = began_s = 0.0
        voiced: Voiced | None = None
        self.altered = False
        self.voiced = []

        def opened(part: str) -> None:
            nonlocal began_s, voiced
            began_s = said_s
            voiced = part if isinstance(part, Voiced) else None
            if voiced is not None:
                voiced.began_s = began_s
                self.voiced.append(voiced)

        def instead(withheld: str) -> str | None:
            if isinstance(withheld, Sentence):
                return None  # the moderator knows, and goes on by itself
            self.altered = True
            return watch.safe_line

        gate = Gate[rtc.AudioFrame](
            synthesise=lambda part: part.sound() if isinstance(part, Voiced) else self._say(_once(part)),
            ruling=lambda part: None if isinstance(part, Voiced) else watch.ruling(part),
            instead=instead,
            opened=opened,
        )
        async with aclosing(gate.through(text)) as frames:
            async for frame in frames:
                if voiced is not None and await self._stops(voiced, said_s):
                    self.altered = True
                    continue
                _shift(frame, began_s)
                said_s += frame.duration
                if voiced is not None:
                    voiced.sent_s = said_s - began_s
                yield frame

    async def _stops(self, voiced: Voiced, said_s: float) -> bool:
        """Wait until the line is near what a message has sent; gives whether nothing more of it is to be heard."""
        while (ahead_s := said_s - self._played_s() - LEAD_S) > 0:
            if await voiced.stops_within(max(ahead_s, FRAME_S)):
                break
        return voiced.stopped


async def _once(text: str) -> AsyncGenerator[str]:
    yield str(text)


def _shift(frame: rtc.AudioFrame, by_s: float) -> None:
    """Move a frame's words from the time of their own text's sound to that of the whole."""
    words = frame.userdata.get(USERDATA_TIMED_TRANSCRIPT)
    if words and by_s:
        frame.userdata[USERDATA_TIMED_TRANSCRIPT] = [
            TimedString(
                str(word), start_time=_later(word.start_time, by_s), end_time=_later(word.end_time, by_s)
            )
            for word in words
        ]


def _later(time: float | NotGiven, by_s: float) -> float | NotGiven:
    return time + by_s if isinstance(time, float) else time
