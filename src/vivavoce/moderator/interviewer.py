"""The interviewer: livekit-agents' `Agent` for one interview."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Callable

from livekit import rtc
from livekit.agents import Agent, ModelSettings, StopResponse, llm
from livekit.agents.utils import aio

from vivavoce.moderator.director import Director
from vivavoce.moderator.structured import TICKET
from vivavoce.protocol.machine import Observation
from vivavoce.voice.tts import ServerTTS

Answer = Callable[[str], Observation | None]
"""Makes the observation of a finished participant turn from its text; None if nobody waits for an answer."""


class Interviewer(Agent):
    """Asks what the director decides.

    Args:
        director: decides what comes next.
        answer: see `Answer`.
        voice: says it.
    """

    def __init__(self, director: Director, *, answer: Answer, voice: ServerTTS) -> None:
        super().__init__(instructions="")
        self._director = director
        self._answer = answer
        self._voice = voice
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
