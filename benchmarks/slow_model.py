"""A language model for benchmarks of the pipeline: it judges by a word or two, and answers when its time has come.

It streams as OpenAI's API does. It says that it is a ready speech server, too: a worker waits for one before it begins.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

POSITIVE = re.compile(
    r"wonderful|quiet|better|best|glad|easy|tranquil|mejor|fácil|alegr|calme|mieux|facile|content"
)
NEGATIVE = re.compile(
    r"expensive|late |hard|difficult|alone|tired|caro|difícil|sol[oa] |cansad|cher|difficile|seul|fatigu"
)


@dataclass
class SlowModel:
    """A running model and what it counts.

    Attributes:
        answer_s: seconds from a question's last byte to the answer.
        url: of its API.
        calls: that were answered.
        call_s: seconds that all calls together were under way.
        busy_s: seconds in which at least one was.
    """

    answer_s: float
    url: str = ""
    calls: int = 0
    call_s: float = 0.0
    busy_s: float = 0.0
    _under_way: int = 0
    _since: float = 0.0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer a connection's one request."""
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            if head.startswith(b"GET /readyz"):
                await _send(writer, b"application/json", b'{"ready": true, "checks": {}}')
                return
            length = re.search(rb"content-length: (\d+)", head.lower())
            assert length is not None, head
            request = json.loads(await reader.readexactly(int(length[1])))
            self._begin()
            try:
                answer = answered(request["messages"][-1]["content"])
                await asyncio.sleep(self.answer_s)
            finally:
                self._end()
            await _send(writer, b"text/event-stream", streamed(answer, tokens_in=int(length[1]) // 4))
            self.calls += 1
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # who asked was killed
        finally:
            writer.close()

    def _begin(self) -> None:
        self._count()
        self._under_way += 1

    def _end(self) -> None:
        self._count()
        self._under_way -= 1

    def _count(self) -> None:
        now = time.monotonic()
        if self._under_way:
            self.busy_s += now - self._since
            self.call_s += self._under_way * (now - self._since)
        self._since = now


@asynccontextmanager
async def slow_model(answer_s: float) -> AsyncGenerator[SlowModel]:
    """The model on a free port."""
    model = SlowModel(answer_s)
    server = await asyncio.start_server(model.serve, "127.0.0.1", 0)
    async with server:
        model.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        yield model


async def _send(writer: asyncio.StreamWriter, kind: bytes, body: bytes) -> None:
    writer.write(
        b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
        % (kind, len(body))
        + body
    )
    await writer.drain()


def streamed(answer: str, *, tokens_in: int) -> bytes:
    """An answer as OpenAI's API streams it; four letters are a token."""
    shape = {"id": "c", "object": "chat.completion.chunk", "created": 0, "model": "m"}
    usage = {"prompt_tokens": tokens_in, "completion_tokens": len(answer) // 4}
    chunks: list[dict[str, Any]] = [
        {"choices": [{"index": 0, "delta": {"role": "assistant", "content": answer}, "finish_reason": None}]},
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
        {"choices": [], "usage": {**usage, "total_tokens": sum(usage.values())}},
    ]
    lines = [f"data: {json.dumps(shape | chunk)}\n\n" for chunk in chunks]
    return ("".join(lines) + "data: [DONE]\n\n").encode()


def answered(told: str) -> str:
    """The model's answer on what it is told: on a batch of utterances, or on the whole interview."""
    items = [json.loads(line) for line in told.splitlines() if line.startswith('{"n": ')]
    asked = [one for one in items if "utterance" in one]
    return json.dumps(_on_batch(told, asked) if asked else _on_whole(told, items), ensure_ascii=False)


def _on_batch(told: str, asked: list[dict[str, Any]]) -> dict[str, Any]:
    codes = [json.loads(line) for line in told.splitlines() if line.startswith('{"code": ')]
    topics = re.findall(r"^- ([\w-]+): .*?(?: \((.*)\))?$", _between(told, "topics:\n", "\n\n"), re.MULTILINE)
    longest = max(asked, key=lambda one: len(one["utterance"]))
    return {
        "utterances": [
            {
                "n": one["n"],
                **_mood(one["utterance"]),
                "topics": [id for id, questions in topics if _asked(questions, one["asked"])],
                "codes": [
                    {"code": code["code"], "evidence": found}
                    for code in codes
                    for example in code["examples"]
                    if (found := _found(example, one["utterance"]))
                ],
                "theme": "",
            }
            for one in asked
        ],
        "quotes": [
            {"n": longest["n"], "text": longest["utterance"], "why": "It answers its question at length."}
        ],
        "gist": longest["utterance"],
    }


def _on_whole(told: str, quotes: list[dict[str, Any]]) -> dict[str, Any]:
    translated = '"translation"' in told
    gists = [line[2:] for line in _between(told, "says:\n", "\n\n").splitlines()]
    return {
        "summary": " ".join(gists[:3]),
        **(
            {"translation": "A translation would stand here: this model knows no languages."}
            if translated
            else {}
        ),
        "themes": [],
        "quotes": [
            {
                "n": one["n"],
                "why": "It answers its question at length.",
                **({"translation": "A translation would stand here."} if translated else {}),
            }
            for one in quotes[:8]
        ],
    }


def _asked(questions: str, before: str) -> bool:
    """Whether the moderator's last words end with one of a topic's questions, whatever they begin with."""
    return any(question and before.endswith(question) for question in questions.split(" / "))


def _mood(text: str) -> dict[str, Any]:
    good, bad = len(POSITIVE.findall(text.lower())), len(NEGATIVE.findall(text.lower()))
    if good and bad:
        return {"sentiment": "mixed", "score": 0.0}
    if good == bad:
        return {"sentiment": "neutral", "score": 0.0}
    return {"sentiment": "positive", "score": 0.5} if good else {"sentiment": "negative", "score": -0.5}


def _found(example: str, text: str) -> str:
    at = text.lower().find(example.lower())
    return text[at : at + len(example)] if at >= 0 else ""


def _between(text: str, begin: str, end: str) -> str:
    return text.partition(begin)[2].partition(end)[0]
