"""What one request to a model used: the server's own count, or ours where the answer was broken off before it came."""

from __future__ import annotations

import json
from collections.abc import Sequence

from livekit.agents import llm

from vivavoce.protocol.requests import Request, schema
from vivavoce.session.usage import Use

BYTES_A_TOKEN = 3
"""Of UTF-8, for our own count. English has about four and a half, Japanese three: what is not known is not too low."""


class RequestCount:
    """Counts one request.

    Args:
        name: of the model's profile.
        context: what the model is told.
        tools: what it may call.
    """

    def __init__(self, name: str, context: llm.ChatContext, tools: Sequence[type[Request]]) -> None:
        self._name = name
        self._context = context
        self._tools = tools
        self._usage: llm.CompletionUsage | None = None
        self._answer_bytes = 0
        self._refused = False

    def see(self, chunk: llm.ChatChunk) -> None:
        """Take the next piece of the answer."""
        if chunk.usage is not None:
            self._usage = chunk.usage
        if chunk.delta is not None:
            said = [
                chunk.delta.content or "",
                *(call.name + call.arguments for call in chunk.delta.tool_calls),
            ]
            self._answer_bytes += sum(len(part.encode(errors="replace")) for part in said)

    def refused(self) -> None:
        """The server failed: of an answer that never began nothing is charged."""
        self._refused = True

    def use(self) -> Use | None:
        """What was used; None: nothing."""
        usage = self._usage
        if usage is not None:
            return Use(
                "llm",
                self._name,
                input_tokens=usage.prompt_tokens,
                cached_tokens=max(usage.prompt_cached_tokens, usage.cache_read_tokens),
                cache_written_tokens=usage.cache_creation_tokens,
                output_tokens=usage.completion_tokens,
            )
        if self._refused and not self._answer_bytes:
            return None
        return Use(
            "llm",
            self._name,
            input_tokens=-(-self._told_bytes() // BYTES_A_TOKEN),
            output_tokens=-(-self._answer_bytes // BYTES_A_TOKEN),
            counted_by="us",
        )

    def _told_bytes(self) -> int:
        told = [json.dumps(schema(tool), ensure_ascii=False) for tool in self._tools]
        for item in self._context.items:
            match item:
                case llm.ChatMessage():
                    told.append(item.text_content or "")
                case llm.FunctionCall():
                    told.append(item.name + item.arguments)
                case llm.FunctionCallOutput():
                    told.append(item.output)
                case _:
                    pass
        return sum(len(text.encode(errors="replace")) for text in told)
