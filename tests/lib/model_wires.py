"""How models' answers look on the wire: OpenAI's and Google's server-sent events, Bedrock's binary event stream.

OpenAI: https://platform.openai.com/docs/api-reference/chat-streaming
Google: https://ai.google.dev/api/generate-content#method:-models.streamgeneratecontent
Bedrock: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html, in frames of
https://smithy.io/2.0/aws/amazon-eventstream.html
"""

from __future__ import annotations

import json
import re
import struct
from dataclasses import dataclass, field
from typing import Any, Protocol
from zlib import crc32


@dataclass(frozen=True)
class Call:
    """One tool call; `arguments` as text may be anything (but with Google, which sends them as an object)."""

    tool: str
    arguments: dict[str, Any] | str = field(default_factory=dict[str, Any])

    def text(self) -> str:
        """The arguments as JSON, or as what pretends to be."""
        return self.arguments if isinstance(self.arguments, str) else json.dumps(self.arguments)


PROMPT_TOKENS, ANSWER_TOKENS = 100, 10


class Wire(Protocol):
    """A provider's format."""

    path: str
    """What requests are posted to, a pattern."""

    content_type: str

    def refusal(self) -> tuple[str, dict[str, str], bytes]:
        """Status, headers and body of a server that is busy."""
        ...

    def begin(self) -> list[bytes]:
        """What comes before the first word."""
        ...

    def word(self, text: str) -> list[bytes]:
        """A piece of text."""
        ...

    def call(self, index: int, call: Call) -> list[bytes]:
        """A tool call, in as many pieces as it comes in."""
        ...

    def end(self, called: bool) -> list[bytes]:
        """What comes after the last."""
        ...

    def garbage(self) -> list[bytes]:
        """What is no answer at all."""
        ...

    def failure(self) -> list[bytes]:
        """An error in the middle of an answer, as the provider tells it; empty where it has no way to."""
        ...


class OpenAIWire:
    """Chat completions."""

    path = r"/v1/chat/completions"
    content_type = "text/event-stream"

    def refusal(self) -> tuple[str, dict[str, str], bytes]:
        return "503 Busy", {}, b"{}"

    def begin(self) -> list[bytes]:
        return [self._chunk({"role": "assistant", "content": ""})]

    def word(self, text: str) -> list[bytes]:
        return [self._chunk({"content": text})]

    def call(self, index: int, call: Call) -> list[bytes]:
        opened = {"id": f"c{index}", "type": "function", "function": {"name": call.tool, "arguments": ""}}
        text = call.text()
        pieces = [{"function": {"arguments": piece}} for piece in (text[:5], text[5:])]
        return [self._chunk({"tool_calls": [{"index": index, **piece}]}) for piece in (opened, *pieces)]

    def end(self, called: bool) -> list[bytes]:
        usage = {
            "prompt_tokens": PROMPT_TOKENS,
            "completion_tokens": ANSWER_TOKENS,
            "total_tokens": PROMPT_TOKENS + ANSWER_TOKENS,
        }
        finish = self._chunk({}, finish="tool_calls" if called else "stop")
        return [finish, _sse(json.dumps({**self._head(), "choices": [], "usage": usage})), _sse("[DONE]")]

    def garbage(self) -> list[bytes]:
        return [_sse("this is no JSON")]

    def failure(self) -> list[bytes]:
        return [_sse(json.dumps({"error": {"message": "overloaded", "type": "server_error", "code": 500}}))]

    def _head(self) -> dict[str, Any]:
        return {"id": "x", "object": "chat.completion.chunk", "created": 0, "model": "scripted"}

    def _chunk(self, delta: dict[str, Any], *, finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return _sse(json.dumps({**self._head(), "choices": [choice]}))


class GoogleWire:
    """`streamGenerateContent?alt=sse`."""

    path = r"/v1(beta)?/models/[^/]+:streamGenerateContent\?alt=sse"
    content_type = "text/event-stream"

    def refusal(self) -> tuple[str, dict[str, str], bytes]:
        error = {"code": 503, "message": "The model is overloaded.", "status": "UNAVAILABLE"}
        return "503 Service Unavailable", {}, json.dumps({"error": error}).encode()

    def begin(self) -> list[bytes]:
        return []

    def word(self, text: str) -> list[bytes]:
        return [self._chunk([{"text": text}])]

    def call(self, index: int, call: Call) -> list[bytes]:
        arguments = json.loads(call.text())
        signed = {"thoughtSignature": "c2lnbmVk"} if index == 0 else {}
        made = {"id": f"g{index}", "name": call.tool, "args": arguments}
        return [self._chunk([{"functionCall": made, **signed}])]

    def end(self, called: bool) -> list[bytes]:
        usage = {
            "promptTokenCount": PROMPT_TOKENS,
            "candidatesTokenCount": ANSWER_TOKENS,
            "totalTokenCount": PROMPT_TOKENS + ANSWER_TOKENS,
        }
        return [self._chunk([{"text": ""}], finishReason="STOP", usage=usage)]

    def garbage(self) -> list[bytes]:
        return [_sse("this is no JSON")]

    def failure(self) -> list[bytes]:
        error = {"code": 500, "message": "An internal error has occurred.", "status": "INTERNAL"}
        return [_sse(json.dumps({"error": error}))]

    def _chunk(self, parts: list[dict[str, Any]], *, usage: Any = None, **more: Any) -> bytes:
        candidate = {"content": {"parts": parts, "role": "model"}, "index": 0, **more}
        body = {"candidates": [candidate], "modelVersion": "scripted", "responseId": "r"}
        return _sse(json.dumps(body | ({"usageMetadata": usage} if usage else {})))


class BedrockWire:
    """ConverseStream: blocks that start, go on and stop, each event a frame with two checksums."""

    path = r"/model/[^/]+/converse-stream"
    content_type = "application/vnd.amazon.eventstream"

    def __init__(self) -> None:
        self.blocks = 0

    def refusal(self) -> tuple[str, dict[str, str], bytes]:
        headers = {
            "x-amzn-ErrorType": "ThrottlingException:http://internal.amazon.com/coral/com.amazon.bedrock/"
        }
        return "429 Too Many Requests", headers, b'{"message": "Too many requests, please wait."}'

    def begin(self) -> list[bytes]:
        self.blocks = 0
        return [event("messageStart", {"role": "assistant"})]

    def word(self, text: str) -> list[bytes]:
        return [event("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": text}})]

    def call(self, index: int, call: Call) -> list[bytes]:
        place = {"contentBlockIndex": index + 1}
        use = {"toolUseId": f"tooluse_{index}", "name": call.tool}
        text = call.text()
        return [
            event("contentBlockStart", {**place, "start": {"toolUse": use}}),
            *(
                event("contentBlockDelta", {**place, "delta": {"toolUse": {"input": piece}}})
                for piece in (text[:5], text[5:])
            ),
            event("contentBlockStop", place),
        ]

    def end(self, called: bool) -> list[bytes]:
        usage = {
            "inputTokens": PROMPT_TOKENS,
            "outputTokens": ANSWER_TOKENS,
            "totalTokens": PROMPT_TOKENS + ANSWER_TOKENS,
        }
        return [
            event("contentBlockStop", {"contentBlockIndex": 0}),
            event("messageStop", {"stopReason": "tool_use" if called else "end_turn"}),
            event("metadata", {"usage": usage, "metrics": {"latencyMs": 7}}),
        ]

    def garbage(self) -> list[bytes]:
        """A frame whose checksum does not fit."""
        whole = event("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "wrong"}})
        return [whole[:-1] + bytes([whole[-1] ^ 1])]

    def failure(self) -> list[bytes]:
        body = json.dumps({"message": "The model is overloaded."}).encode()
        kind = {":exception-type": "modelStreamErrorException", ":message-type": "exception"}
        return [frame({**kind, ":content-type": "application/json"}, body)]


def event(kind: str, body: dict[str, Any]) -> bytes:
    """An event of Bedrock's."""
    # Bedrock pads its bodies, so that their lengths tell nothing of the words in them.
    padded = json.dumps({**body, "p": "abcdefgh"}).encode()
    headers = {":event-type": kind, ":content-type": "application/json", ":message-type": "event"}
    return frame(headers, padded)


def frame(headers: dict[str, str], payload: bytes) -> bytes:
    """A message of the event stream encoding: lengths, their CRC, headers (strings, type 7), payload, CRC of all."""
    packed = b"".join(
        bytes([len(name)]) + name.encode() + b"\x07" + struct.pack(">H", len(value)) + value.encode()
        for name, value in headers.items()
    )
    prelude = struct.pack(">II", 12 + len(packed) + len(payload) + 4, len(packed))
    whole = prelude + struct.pack(">I", crc32(prelude)) + packed + payload
    return whole + struct.pack(">I", crc32(whole))


def _sse(data: str) -> bytes:
    return f"data: {data}\n\n".encode()


def posted_to(head: str, wire: Wire) -> bool:
    """Whether a request is for that wire."""
    return re.match(rf"POST {wire.path} ", head) is not None
