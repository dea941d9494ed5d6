"""A language model whose answers are decided by a script, behind a real HTTP server.

It streams as OpenAI's API does, or in the format of another `Wire`, calls tools, and fails on demand. Without a script
it is a plain interviewer, told by what it is told.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import small_http
from model_wires import Call, OpenAIWire, Wire, posted_to

from vivavoce.ops.rehearse.phrases import all_phrases
from vivavoce.protocol.prompts.pack import load_pack

Fault = Literal["", "refused", "slow", "stalled", "broken", "garbage", "failed"]


@dataclass(frozen=True)
class Reply:
    """An answer: words, then calls. `fault` happens after the words, but `refused`, `slow` and `garbage` instead."""

    text: str = ""
    calls: tuple[Call, ...] = ()
    fault: Fault = ""
    token_s: float = 0.0


Script = Callable[[dict[str, Any]], Reply]
"""Makes the answer to a request (its JSON body)."""


@dataclass
class ScriptedModel:
    """A running server.

    Attributes:
        url: of its API, for a profile's `base_url`; with another wire than OpenAI's without a path.
        script: makes the answers; replace it at any time.
        wire: the format of its answers.
        requests: every request's body so far.
        heads: their first lines and headers.
        abandoned: how many answers the client closed before their end.
    """

    url: str = ""
    script: Script = field(default_factory=lambda: plain_interviewer)
    wire: Wire = field(default_factory=OpenAIWire)
    requests: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    heads: list[str] = field(default_factory=list[str])
    abandoned: int = 0

    def play(self, *replies: Reply) -> None:
        """Answer with these, in order; after them as a plain interviewer."""
        left = list(replies)
        self.script = lambda request: left.pop(0) if left else plain_interviewer(request)

    @property
    def last_words(self) -> str:
        """What the participant said last, as the model was told."""
        return said(self.requests[-1])

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection's one request."""
        head, body = await small_http.request(reader)
        request = json.loads(body)
        assert posted_to(head, self.wire), head
        self.requests.append(request)
        self.heads.append(head)
        reply = self.script(request)
        if reply.fault == "refused":
            status, headers, refusal = self.wire.refusal()
            lines = [f"{name}: {value}\r\n" for name, value in headers.items()]
            writer.write(
                f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nConnection: close\r\n"
                f"{''.join(lines)}Content-Length: {len(refusal)}\r\n\r\n".encode()
                + refusal
            )
            await writer.drain()
            return
        writer.write(
            f"HTTP/1.1 200 OK\r\nContent-Type: {self.wire.content_type}\r\nx-amzn-RequestId: r\r\n"
            "Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
        )
        await writer.drain()
        watch = asyncio.create_task(reader.read(1))
        try:
            await self._stream(reply, writer, watch)
        finally:
            watch.cancel()

    async def _stream(self, reply: Reply, writer: asyncio.StreamWriter, watch: asyncio.Task[bytes]) -> None:
        async def send(pieces: list[bytes]) -> None:
            for piece in pieces:
                writer.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
                await writer.drain()

        async def wait(seconds: float) -> bool:
            """Whether the client is still there after that time."""
            await asyncio.wait({watch}, timeout=seconds)
            if watch.done():
                self.abandoned += 1
            return not watch.done()

        if reply.fault == "slow":
            await wait(60)
            return
        if reply.fault == "garbage":
            await send(self.wire.garbage())
            return
        await send(self.wire.begin())
        for token in re.findall(r"\s*\S+", reply.text):
            if not await wait(reply.token_s):
                return
            await send(self.wire.word(token))
        if reply.fault == "stalled":
            await wait(60)
            return
        if reply.fault == "broken":
            return
        if reply.fault == "failed":
            await send(self.wire.failure())
        else:
            for index, call in enumerate(reply.calls):
                await send(self.wire.call(index, call))
            await send(self.wire.end(bool(reply.calls)))
        writer.write(b"0\r\n\r\n")
        await writer.drain()


@asynccontextmanager
async def scripted_model(wire: Wire | None = None) -> AsyncGenerator[ScriptedModel]:
    """A server on a free port of this machine, while the context lasts."""
    model = ScriptedModel(wire=wire or OpenAIWire())
    async with small_http.listening(model.serve) as address:
        model.url = address + ("/v1" if isinstance(model.wire, OpenAIWire) else "")
        yield model


# The plain interviewer


def said(request: dict[str, Any]) -> str:
    """The participant's last words in a request."""
    users = [message for message in request["messages"] if message["role"] == "user"]
    return text_of(users[-1]).rpartition("]\n")[2]


def situation(request: dict[str, Any]) -> str:
    """The state of the interview in a request."""
    users = [message for message in request["messages"] if message["role"] == "user"]
    return text_of(users[-1]).rpartition("]\n")[0]


def text_of(message: dict[str, Any]) -> str:
    """A message's text, however it is wrapped."""
    content = message["content"]
    return content if isinstance(content, str) else "".join(part["text"] for part in content)


_FOLLOW_UPS = {
    "de": {
        "unexpected": "Was war daran für Sie unerwartet?",
        "contradictory": "Wie passen diese beiden Dinge für Sie zusammen?",
        "emotional": "Wie haben Sie das erlebt?",
        "vague": "Was wäre ein Beispiel dafür?",
    },
    "en": {
        "unexpected": "What was unexpected about that for you?",
        "contradictory": "How do these two things go together for you?",
        "emotional": "What was that like for you?",
        "vague": "What would be an example of that?",
    },
    "es": {
        "unexpected": "¿Qué fue lo inesperado para usted?",
        "contradictory": "¿Cómo encajan esas dos cosas para usted?",
        "emotional": "¿Cómo fue eso para usted?",
        "vague": "¿Qué sería un ejemplo de eso?",
    },
    "fr": {
        "unexpected": "Qu'est-ce qui était inattendu pour vous ?",
        "contradictory": "Comment ces deux choses vont-elles ensemble pour vous ?",
        "emotional": "Comment avez-vous vécu cela ?",
        "vague": "Quel serait un exemple de cela ?",
    },
}
_MIRRORS = {"de": "Sie sagten, {}.", "en": "You said {}.", "es": "Ha dicho {}.", "fr": "Vous avez dit {}."}
_ONLY_ASKS = {
    "de": "Ich stelle nur Fragen für diese Studie.",
    "en": "I only ask questions for this study.",
    "es": "Solo hago preguntas para este estudio.",
    "fr": "Je pose seulement des questions pour cette étude.",
}

_CUES: tuple[tuple[str, Call], ...] = (
    (
        r"are you (a|real)|who are you|your instructions",
        Call("return_to_question", {"reason": "question_to_moderator"}),
    ),
    (r"football|weather", Call("return_to_question", {"reason": "off_topic"})),
    (r"angry|afraid|cried|furious", Call("probe", {"trigger": "emotional"})),
    (r"surpris|never expected", Call("probe", {"trigger": "unexpected"})),
    (r"on the other hand|and yet", Call("probe", {"trigger": "contradictory"})),
    (r"somehow|it depends|stuff", Call("probe", {"trigger": "vague"})),
    (r"no way out|cannot go on living", Call("close_safely", {"reason": "crisis"})),
)


def plain_interviewer(request: dict[str, Any]) -> Reply:
    """Mirrors, asks what comes next in other words, follows up by cue, obeys refusals."""
    last = request["messages"][-1]
    if last["role"] == "tool":
        return Reply(_after_tool(request))
    words = said(request)
    rehearsed = _rehearsed(words)
    if rehearsed is not None:
        return Reply(calls=(rehearsed,))
    for cue, call in _CUES:
        if re.search(cue, words, re.IGNORECASE):
            return Reply(calls=(call,))
    return Reply(f"{_MIRRORS[language_of(request)].format(_mirror(words))} {_next_question(request)}")


def language_of(request: dict[str, Any]) -> str:
    """The language whose prompts a request is made of."""
    told = situation(request)
    return next(code for code in _MIRRORS if load_pack(code).labels.state in told)


def _rehearsed(words: str) -> Call | None:
    """What the rehearsal's participants mean (`ops.rehearse.phrases`), in whichever language."""
    for phrases in all_phrases().values():
        for trigger in ("emotional", "unexpected", "contradictory", "vague"):
            if words == getattr(phrases, trigger):
                return Call("probe", {"trigger": trigger})
        if words == phrases.off_topic:
            return Call("return_to_question", {"reason": "off_topic"})
        if words == phrases.to_moderator:
            return Call("return_to_question", {"reason": "question_to_moderator"})
    return None


def _after_tool(request: dict[str, Any]) -> str:
    answer = text_of(request["messages"][-1])
    call = request["messages"][-2]["tool_calls"][0]["function"]
    quoted = re.findall(r"“([^”]+)”", answer)
    if answer.startswith("Ask one short"):
        return _FOLLOW_UPS[language_of(request)][json.loads(call["arguments"])["trigger"]]
    if call["name"] == "return_to_question" and quoted:
        return f"{_ONLY_ASKS[language_of(request)]} {quoted[-1]}"
    return _next_question(request) if not quoted else quoted[-1]


def _next_question(request: dict[str, Any]) -> str:
    lines = situation(request).splitlines()
    labels = load_pack(language_of(request)).labels
    begins = (labels.next_question, labels.next_phase.partition("{")[0])
    quoted = [re.findall(r"“([^”]+)”", line) for line in lines if line.startswith(begins)]
    return quoted[-1][-1] if quoted and quoted[-1] else ""


def _mirror(words: str) -> str:
    return " ".join(words.rstrip(".!?").split()[:6]).lower()
