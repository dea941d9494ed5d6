"""A language model of the settings, as the pipeline asks it: through the same plug-ins as the moderator."""

from __future__ import annotations

import asyncio
from typing import Any

from livekit.agents import APIConnectOptions, APIError, llm

from vivavoce.pipeline.enrichment.thinking import Message, ThinkerAway, Thought


class ModelThinker:
    """A language model of the settings, as enrichment asks it. Nobody stands in for it: what it says bears its name.

    Args:
        model: any of livekit-agents'.
        profile: its name in the settings.
        answer_s: seconds for one answer.
    """

    def __init__(self, model: llm.LLM[Any], profile: str, *, answer_s: float) -> None:
        self._model = model
        self._profile = profile
        self._answer_s = answer_s

    async def think(self, messages: tuple[Message, ...]) -> Thought:
        """Its answer; see `Thinker.think`."""
        context = llm.ChatContext.empty()
        for message in messages:
            context.add_message(role=message.role, content=message.text)
        try:
            async with asyncio.timeout(self._answer_s):
                stream = self._model.chat(
                    chat_ctx=context,
                    conn_options=APIConnectOptions(max_retry=0, timeout=self._answer_s),
                )
                answer = await stream.collect()
        except TimeoutError:
            raise self._away(f"gave no whole answer in {self._answer_s:.0f} s") from None
        except APIError as error:
            raise self._away(f"failed: {error.message}") from error
        usage = answer.usage
        if usage is None:
            return Thought(answer.text)
        return Thought(
            answer.text,
            input_tokens=usage.prompt_tokens,
            cached_tokens=usage.prompt_cached_tokens,
            output_tokens=usage.completion_tokens,
        )

    def _away(self, what: str) -> ThinkerAway:
        return ThinkerAway(
            f"The model of profile {self._profile!r} {what}.",
            next_step="See that its server runs; the job is tried again, or `vivavoce jobs retry`.",
        )
