"""The structured moderator: a fixed-wording interview as a language model of livekit-agents.

It answers as an `llm.LLM` does, so that a real model can take its place, but its words are the study's own, chosen by
the protocol machine: no network, no key, the same answers give the same interview.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from livekit.agents import NOT_GIVEN, APIConnectOptions, NotGivenOr, llm, utils
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS

from vivavoce.moderator.director import Director, newest
from vivavoce.protocol.machine import Decision

TICKET = "vivavoce.ticket"
"""Key in a chat message's `extra`: the director's ticket for the observation that this reply answers."""


Decided = Callable[[str, Decision], None]


class StructuredModerator(llm.LLM[str]):
    """A language model whose words are the study's.

    Args:
        director: decides what comes next.
        decided: told of every decision with its ticket, before its first word leaves.
    """

    def __init__(self, director: Director, *, decided: Decided) -> None:
        super().__init__()
        self.director = director
        self.decided = decided

    @property
    def model(self) -> str:
        """For livekit's metrics."""
        return "structured"

    @property
    def provider(self) -> str:
        """For livekit's metrics."""
        return "vivavoce"

    def chat(
        self,
        *,
        chat_ctx: llm.ChatContext,
        tools: list[llm.Tool] | None = None,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
        parallel_tool_calls: NotGivenOr[bool] = NOT_GIVEN,
        tool_choice: NotGivenOr[llm.ToolChoice] = NOT_GIVEN,
        extra_kwargs: NotGivenOr[dict[str, Any]] = NOT_GIVEN,
    ) -> llm.LLMStream:
        """The next move's wording, part by part; nothing when there is no move."""
        return _MoveStream(self, chat_ctx=chat_ctx, tools=tools or [], conn_options=conn_options)


class _MoveStream(llm.LLMStream):
    def __init__(
        self,
        parent: StructuredModerator,
        *,
        chat_ctx: llm.ChatContext,
        tools: list[llm.Tool],
        conn_options: APIConnectOptions,
    ) -> None:
        self._director = parent.director
        self._decided = parent.decided
        super().__init__(parent, chat_ctx=chat_ctx, tools=tools, conn_options=conn_options)

    async def _run(self) -> None:
        ticket = find_ticket(self._chat_ctx)
        decision = self._director.decide(ticket) if ticket else None
        if ticket is None or decision is None:
            return
        self._decided(ticket, decision)
        if decision.move is None:
            return
        request_id = utils.shortuuid("move_")
        # One chunk a part: each part is a wording of the study, prepared as one sound.
        for part in decision.move.parts:
            self._event_ch.send_nowait(
                llm.ChatChunk(id=request_id, delta=llm.ChoiceDelta(role="assistant", content=part + " "))
            )


def find_ticket(chat_ctx: llm.ChatContext) -> str | None:
    """The newest of the director's tickets on the messages of a context; None where there is none.

    Their order tells nothing: livekit-agents puts messages in the order of the wall clock, and that may be set back.
    """
    tickets = [item.extra.get(TICKET) for item in chat_ctx.items if item.type == "message"]
    return newest(ticket for ticket in tickets if isinstance(ticket, str))
