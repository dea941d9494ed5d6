"""A guard model's server: Llama Guard 3 as an OpenAI-compatible server answers for it, and every way it can fail.

The answers are those of https://www.llama.com/docs/model-cards-and-prompt-formats/llama-guard-3/ inside those of
https://platform.openai.com/docs/api-reference/chat/create.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import small_http

Fault = Literal["", "stalled", "stalled_body", "error", "denied", "broken", "garbage", "endless"]

Rule = Callable[[str], str]
"""Makes the model's answer from the reply that it judges."""


@dataclass
class GuardServer:
    """A running server.

    Attributes:
        url: of its API, for a profile's `base_url`.
        rule: see `Rule`.
        fault: what it does instead of answering.
        after_s: how long it thinks.
        usage: what it says it has counted; None: nothing.
        requests: every request so far: head, and body as JSON.
    """

    url: str = ""
    rule: Rule = lambda reply: "\n\nsafe"
    fault: Fault = ""
    after_s: float = 0.0
    finish: str = "stop"
    usage: dict[str, Any] | None = field(
        default_factory=lambda: {"prompt_tokens": 300, "completion_tokens": 3, "total_tokens": 303}
    )
    requests: list[tuple[str, dict[str, Any]]] = field(default_factory=list[tuple[str, dict[str, Any]]])
    connections: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer a connection's requests, one after the other."""
        self.connections += 1
        while await self._one(reader, writer):
            pass

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head, asked = await small_http.request(reader)
        request = json.loads(asked)
        self.requests.append((head, request))
        await asyncio.sleep(self.after_s)
        match self.fault:
            case "stalled":
                await reader.read()
                return False
            case "error" | "denied":
                status = b"503 Busy" if self.fault == "error" else b"401 Unauthorized"
                writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 2\r\n\r\n{}")
                await writer.drain()
                return True
            case "endless":
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
                while not reader.at_eof():
                    writer.write(b" " * 65_536)
                    await writer.drain()
                return False
            case _:
                pass
        body = b"<html>no JSON</html>" if self.fault == "garbage" else self._completion(request)
        sent = body[: len(body) // 2] if self.fault in ("broken", "stalled_body") else body
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n%s" % (len(body), sent)
        )
        await writer.drain()
        if self.fault == "stalled_body":
            await reader.read()
        return self.fault not in ("broken", "stalled_body")

    def _completion(self, request: dict[str, Any]) -> bytes:
        reply = "".join(part["text"] for part in request["messages"][-1]["content"])
        answer = {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 0,
            "model": request["model"],
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": self.rule(reply), "tool_calls": []},
                    "logprobs": None,
                    "finish_reason": self.finish,
                }
            ],
        }
        if self.usage is not None:
            answer["usage"] = self.usage
        return json.dumps(answer).encode()


@asynccontextmanager
async def guard_server() -> AsyncGenerator[GuardServer]:
    """A server on a free port of this machine, while the context lasts."""
    guard = GuardServer()
    async with small_http.listening(guard.serve) as address:
        guard.url = f"{address}/v1"
        yield guard
