"""A speech-to-speech model whose answers are decided by a script, behind a real OpenAI Realtime socket.

It speaks the GA events (https://platform.openai.com/docs/api-reference/realtime-server-events): a session, a buffer of
sound, items of a conversation, and responses in audio, transcript and function calls. Without a script it is the plain
interviewer of `scripted_model`, told by what it is told.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import re
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import numpy as np
from scripted_model import Reply, plain_interviewer
from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

RATE = 24_000
A_WORD_S = 0.12
PITCH = 660.0
"""Hz, of this model's voice; the study's own is another."""

USAGE: dict[str, Any] = {
    "total_tokens": 400,
    "input_tokens": 300,
    "output_tokens": 100,
    "input_token_details": {
        "text_tokens": 200,
        "audio_tokens": 100,
        "cached_tokens": 120,
        "cached_tokens_details": {"text_tokens": 80, "audio_tokens": 40},
    },
    "output_token_details": {"text_tokens": 20, "audio_tokens": 80},
}
"""What every response says it used."""

Script = Callable[[dict[str, Any]], Reply]
"""Makes the answer to a `response.create`, given as a chat (`as_chat`)."""


@dataclass
class Connection:
    """One socket, and what came through it.

    Attributes:
        events: the client's, without sound.
        items: the conversation as it stands.
        heard_s: seconds of sound in the buffer's whole life.
    """

    socket: ServerConnection
    events: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    items: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    session: dict[str, Any] = field(default_factory=dict[str, Any])
    buffered: int = 0
    heard_s: float = 0.0
    speaking: asyncio.Task[None] | None = None

    def of(self, kind: str) -> list[dict[str, Any]]:
        """The client's events of one type."""
        return [event for event in self.events if event["type"] == kind]

    async def send(self, kind: str, **fields: Any) -> None:
        await self.socket.send(json.dumps({"type": kind, "event_id": "e", **fields}))


@dataclass
class ScriptedRealtime:
    """A running server.

    Attributes:
        url: of its API, for a profile's `base_url`.
        script: makes the answers; replace it at any time.
        texts: what it hears, one text a commit; the last one is heard again.
        refuses: whether it takes no new connection.
        connections: every one there was.
        cancelled: how many responses were cancelled while they were spoken.
    """

    url: str = ""
    script: Script = field(default_factory=lambda: plain_interviewer)
    texts: list[str] = field(default_factory=list[str])
    refuses: bool = False
    connections: list[Connection] = field(default_factory=list[Connection])
    cancelled: int = 0

    def play(self, *replies: Reply) -> None:
        """Answer with these, in order; after them as a plain interviewer."""
        left = list(replies)
        self.script = lambda request: left.pop(0) if left else plain_interviewer(request)

    @property
    def last(self) -> Connection:
        """The newest connection."""
        return self.connections[-1]

    def process(self, _: ServerConnection, request: Request) -> Response | None:
        """Refuse a handshake if told to, and one without a key."""
        if self.refuses:
            return Response(HTTPStatus.SERVICE_UNAVAILABLE, "Busy", Headers(), b"")
        assert request.headers["Authorization"].startswith("Bearer "), request.headers
        assert re.search(r"/realtime\?model=", request.path), request.path
        return None

    async def serve(self, socket: ServerConnection) -> None:
        """Speak with one client."""
        connection = Connection(socket)
        self.connections.append(connection)
        ids = itertools.count(1)
        with suppress(ConnectionClosed):
            await connection.send("session.created", session={"type": "realtime", "id": "s"})
            async for message in socket:
                event = json.loads(message)
                await self._take(connection, event, ids)
        if connection.speaking is not None:
            connection.speaking.cancel()

    async def _take(self, connection: Connection, event: dict[str, Any], ids: itertools.count[int]) -> None:
        kind = event["type"]
        if kind == "input_audio_buffer.append":
            sound = base64.b64decode(event["audio"])
            connection.buffered += len(sound)
            connection.heard_s += len(sound) / 2 / RATE
            return
        connection.events.append(event)
        match kind:
            case "session.update":
                connection.session |= event["session"]
                await connection.send("session.updated", session=connection.session)
            case "input_audio_buffer.clear":
                connection.buffered = 0
                await connection.send("input_audio_buffer.cleared")
            case "input_audio_buffer.commit":
                await self._commit(connection, f"heard{next(ids)}")
            case "conversation.item.create":
                item = {**event["item"], "status": "completed"}
                previous = event.get("previous_item_id")
                known = [each["id"] for each in connection.items]
                at = (
                    0
                    if previous == "root"
                    else known.index(previous) + 1
                    if previous in known
                    else len(known)
                )
                connection.items.insert(at, item)
                await self._added(connection, item)
            case "conversation.item.delete":
                connection.items = [each for each in connection.items if each["id"] != event["item_id"]]
                await connection.send("conversation.item.deleted", item_id=event["item_id"])
            case "conversation.item.truncate":
                assert event["item_id"] in [each["id"] for each in connection.items]
                fields = {key: event[key] for key in ("item_id", "content_index", "audio_end_ms")}
                await connection.send("conversation.item.truncated", **fields)
            case "response.create":
                await self._respond(connection, event, ids)
            case "response.cancel":
                await self._cancel(connection, event)
            case _:
                raise AssertionError(f"no event of OpenAI's: {kind}")

    async def _commit(self, connection: Connection, item_id: str) -> None:
        if connection.buffered < RATE // 5:  # 100 ms of 16 bits
            error = {
                "type": "invalid_request_error",
                "code": "input_audio_buffer_commit_empty",
                "message": "empty",
            }
            await connection.send("error", error=error)
            return
        seconds, connection.buffered = connection.buffered / 2 / RATE, 0
        previous = connection.items[-1]["id"] if connection.items else None
        await connection.send("input_audio_buffer.committed", item_id=item_id, previous_item_id=previous)
        item: dict[str, Any] = {
            "id": item_id,
            "type": "message",
            "role": "user",
            "status": "completed",
            "content": [{"type": "input_audio", "transcript": None}],
        }
        connection.items.append(item)
        await self._added(connection, item)
        if not connection.session["audio"]["input"].get("transcription"):
            return
        text = (self.texts.pop(0) if len(self.texts) > 1 else self.texts[0]) if self.texts else ""
        item["content"][0]["transcript"] = text
        place = {"item_id": item_id, "content_index": 0}
        await connection.send("conversation.item.input_audio_transcription.delta", **place, delta=text[:5])
        await connection.send(
            "conversation.item.input_audio_transcription.completed",
            **place,
            transcript=text,
            usage={"type": "duration", "seconds": seconds},
        )

    async def _added(self, connection: Connection, item: dict[str, Any]) -> None:
        at = [each["id"] for each in connection.items].index(item["id"])
        previous = connection.items[at - 1]["id"] if at else None
        await connection.send("conversation.item.added", previous_item_id=previous, item=item)

    async def _respond(
        self, connection: Connection, event: dict[str, Any], ids: itertools.count[int]
    ) -> None:
        if connection.speaking is not None and not connection.speaking.done():
            error = {
                "type": "invalid_request_error",
                "code": "conversation_already_has_active_response",
                "message": "Conversation already has an active response.",
                "event_id": event["event_id"],
            }
            await connection.send("error", error=error)
            return
        reply = self.script(as_chat(connection, event))
        if reply.fault == "refused":
            error = {
                "type": "tokens",
                "code": "rate_limit_exceeded",
                "message": "Rate limit reached.",
                "event_id": event["event_id"],
            }
            await connection.send("error", error=error)
            return
        metadata = event["response"].get("metadata")
        connection.speaking = asyncio.create_task(self._speak(connection, reply, metadata, ids))

    async def _speak(
        self, connection: Connection, reply: Reply, metadata: Any, ids: itertools.count[int]
    ) -> None:
        response: dict[str, Any] = {
            "id": f"resp{next(ids)}",
            "object": "realtime.response",
            "metadata": metadata,
        }
        with suppress(ConnectionClosed):
            if reply.fault == "slow":
                await asyncio.sleep(60)
            await connection.send(
                "response.created", response={**response, "status": "in_progress", "output": []}
            )
            try:
                if reply.text:
                    await self._say(connection, reply, response["id"], f"said{next(ids)}")
                if reply.fault == "stalled":
                    await asyncio.sleep(60)
                if reply.fault == "broken":
                    connection.socket.transport.abort()
                    return
                for call in reply.calls if not reply.fault else ():
                    await self._call(connection, call.tool, call.text(), response["id"], f"call{next(ids)}")
            except asyncio.CancelledError:
                self.cancelled += 1
                details = {"type": "cancelled", "reason": "client_cancelled"}
                await self._done(connection, response, "cancelled", details)
                raise
            if reply.fault == "failed":
                error = {"type": "server_error", "code": "server_error"}
                await self._done(connection, response, "failed", {"type": "failed", "error": error})
            else:
                await self._done(connection, response, "completed", None)

    async def _done(
        self, connection: Connection, response: dict[str, Any], status: str, details: dict[str, Any] | None
    ) -> None:
        done = {**response, "status": status, "status_details": details, "output": [], "usage": USAGE}
        await connection.send("response.done", response=done)

    async def _say(self, connection: Connection, reply: Reply, response_id: str, item_id: str) -> None:
        item: dict[str, Any] = {
            "id": item_id,
            "type": "message",
            "role": "assistant",
            "status": "in_progress",
            "content": [],
        }
        place = {"response_id": response_id, "item_id": item_id, "output_index": 0, "content_index": 0}
        await connection.send(
            "response.output_item.added", response_id=response_id, output_index=0, item=dict(item)
        )
        connection.items.append(item)
        await self._added(connection, item)
        part = {"type": "audio", "transcript": ""}
        await connection.send("response.content_part.added", **place, part=part)
        for token in re.findall(r"\s*\S+", reply.text):
            await connection.send("response.output_audio_transcript.delta", **place, delta=token)
            at = np.arange(int(A_WORD_S * RATE)) / RATE
            sound = (6000 * np.sin(2 * np.pi * PITCH * at)).astype("<i2").tobytes()
            await connection.send(
                "response.output_audio.delta", **place, delta=base64.b64encode(sound).decode("ascii")
            )
            await asyncio.sleep(reply.token_s)
        if reply.fault in ("stalled", "broken"):
            return
        item |= {"status": "completed", "content": [{"type": "output_audio", "transcript": reply.text}]}
        await connection.send("response.output_audio.done", **place)
        await connection.send("response.output_item.done", response_id=response_id, output_index=0, item=item)

    async def _call(
        self, connection: Connection, tool: str, arguments: str, response_id: str, item_id: str
    ) -> None:
        item = {
            "id": item_id,
            "type": "function_call",
            "status": "in_progress",
            "name": tool,
            "call_id": f"c-{item_id}",
            "arguments": "",
        }
        place = {"response_id": response_id, "output_index": 1}
        await connection.send("response.output_item.added", **place, item=dict(item))
        connection.items.append(item)
        await self._added(connection, item)
        item |= {"status": "completed", "arguments": arguments}
        await connection.send("response.output_item.done", **place, item=item)

    async def _cancel(self, connection: Connection, event: dict[str, Any]) -> None:
        if connection.speaking is not None and not connection.speaking.done():
            connection.speaking.cancel()
            return
        error = {
            "type": "invalid_request_error",
            "code": "response_cancel_not_active",
            "message": "Cancellation failed: no active response found",
            "event_id": event.get("event_id"),
        }
        await connection.send("error", error=error)


@asynccontextmanager
async def scripted_realtime() -> AsyncGenerator[ScriptedRealtime]:
    """A server on a free port of this machine, while the context lasts."""
    realtime = ScriptedRealtime()
    async with serve(realtime.serve, "127.0.0.1", 0, process_request=realtime.process) as server:
        [listening, *_] = server.sockets
        realtime.url = f"http://127.0.0.1:{listening.getsockname()[1]}/v1"
        yield realtime


def as_chat(connection: Connection, event: dict[str, Any]) -> dict[str, Any]:
    """What the model is told for a response, in the shape of a chat request."""
    instructions = connection.session["instructions"]
    situation = event["response"]["instructions"].removeprefix(instructions).strip()
    messages: list[dict[str, Any]] = [{"role": "system", "content": instructions}]
    for item in connection.items:
        if item["type"] == "function_call":
            function = {"name": item["name"], "arguments": item["arguments"]}
            messages.append({"role": "assistant", "tool_calls": [{"function": function}]})
        elif item["type"] == "function_call_output":
            messages.append({"role": "tool", "content": item["output"]})
        else:
            texts = [part.get("text") or part.get("transcript") or "" for part in item["content"]]
            messages.append({"role": item["role"], "content": " ".join(texts)})
    users = [message for message in messages if message["role"] == "user"]
    if users:
        users[-1]["content"] = f"{situation}\n{users[-1]['content']}"
    return {"messages": messages}
