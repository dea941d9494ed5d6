"""A Gemini Live model whose answers are decided by a script, behind a real TLS socket.

It speaks BidiGenerateContent (https://ai.google.dev/api/live): a setup, activities of sound, client content, tool calls
and their responses, and server content in sound and transcript. Google's library speaks to secure sockets only, so the
server has a certificate of its own, which `SSL_CERT_FILE` makes the library trust.
"""

from __future__ import annotations

import asyncio
import base64
import datetime
import ipaddress
import json
import re
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from scripted_model import Reply, Script, plain_interviewer
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

RATE = 24_000
A_WORD_S = 0.12

USAGE: dict[str, Any] = {
    "promptTokenCount": 300,
    "responseTokenCount": 100,
    "totalTokenCount": 400,
    "promptTokensDetails": [
        {"modality": "TEXT", "tokenCount": 200},
        {"modality": "AUDIO", "tokenCount": 100},
    ],
    "responseTokensDetails": [
        {"modality": "TEXT", "tokenCount": 20},
        {"modality": "AUDIO", "tokenCount": 80},
    ],
}
"""What every turn says it used."""


@dataclass
class Connection:
    """One socket: the client's messages without sound, and the seconds of sound between its activities' ends."""

    socket: ServerConnection
    path: str
    setup: dict[str, Any] = field(default_factory=dict[str, Any])
    messages: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    heard_s: float = 0.0
    active: bool = False
    chat: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    """The conversation so far, in the shape of a chat request's messages."""
    calls: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])

    def turns(self) -> list[dict[str, Any]]:
        """Every turn of client content so far."""
        contents = [message["clientContent"] for message in self.messages if "clientContent" in message]
        return [turn for content in contents for turn in content.get("turns") or []]

    def activities(self) -> list[str]:
        """The starts and ends of activities so far."""
        inputs = [message["realtimeInput"] for message in self.messages if "realtimeInput" in message]
        return [kind for each in inputs for kind in ("activityStart", "activityEnd") if kind in each]


@dataclass
class ScriptedGemini:
    """A running server.

    Attributes:
        url: for a profile's `base_url`.
        script: makes what it says after a turn that is complete, and after the answers to its calls.
        texts: what it hears, one text an activity; the last one is heard again.
        connections: every one there was.
    """

    url: str = ""
    script: Script = field(default_factory=lambda: plain_interviewer)
    texts: list[str] = field(default_factory=list[str])
    connections: list[Connection] = field(default_factory=list[Connection])

    def play(self, *replies: Reply) -> None:
        """Answer with these, in order; after them as a plain interviewer."""
        left = list(replies)
        self.script = lambda request: left.pop(0) if left else plain_interviewer(request)

    @property
    def last(self) -> Connection:
        """The newest connection."""
        return self.connections[-1]

    async def serve(self, socket: ServerConnection) -> None:
        """Speak with one client."""
        request = socket.request
        assert request is not None and request.headers["x-goog-api-key"] == "key"
        connection = Connection(socket, request.path)
        self.connections.append(connection)
        with suppress(ConnectionClosed):
            async for data in socket:
                await self._take(connection, _camel(json.loads(data)))

    async def _take(self, connection: Connection, message: dict[str, Any]) -> None:
        sound = message.get("realtimeInput", {}).get("audio")
        if sound is not None:
            assert sound["mimeType"] == "audio/pcm;rate=16000"
            assert connection.active, "sound outside of an activity is heard by nobody"
            connection.heard_s += len(base64.urlsafe_b64decode(sound["data"])) / 2 / 16_000
            return
        connection.messages.append(message)
        match message:
            case {"setup": dict(setup)}:
                connection.setup = setup
                await self._send(connection, setupComplete={})
            case {"realtimeInput": {"activityStart": _}}:
                connection.active = True
            case {"realtimeInput": {"activityEnd": _}}:
                connection.active = False
                text = (self.texts.pop(0) if len(self.texts) > 1 else self.texts[0]) if self.texts else ""
                connection.chat.append({"role": "user", "content": text})
            case {"clientContent": {"turnComplete": True, "turns": list(turns)}}:
                situation = "\n".join(_spoken(turn) for turn in turns)
                said = next((each for each in reversed(connection.chat) if each["role"] == "user"), None)
                if said is None:
                    connection.chat.append(said := {"role": "user", "content": ""})
                words = said["content"].rpartition("]\n")[2]
                said["content"] = f"{situation}\n{words}"
                await self._speak(connection)
            case {"toolResponse": {"functionResponses": responses}}:
                for response in responses:
                    call = connection.calls[response["id"]]
                    connection.chat.append({"role": "assistant", "tool_calls": [{"function": call}]})
                    connection.chat.append({"role": "tool", "content": str(response["response"]["output"])})
                await self._speak(connection)
            case {"clientContent": {"turns": list(turns)}}:
                roles = {"model": "assistant", "user": "user"}
                connection.chat += [{"role": roles[turn["role"]], "content": _spoken(turn)} for turn in turns]
            case _:
                raise AssertionError(f"no message of Gemini's: {message}")

    async def _speak(self, connection: Connection) -> None:
        reply = self.script({"messages": connection.chat})
        for token in re.findall(r"\s*\S+", reply.text):
            at = np.arange(int(A_WORD_S * RATE)) / RATE
            sound = (6000 * np.sin(2 * np.pi * 660 * at)).astype("<i2").tobytes()
            blob = {
                "mimeType": f"audio/pcm;rate={RATE}",
                "data": base64.b64encode(sound).decode(),
            }
            await self._send(connection, serverContent={"modelTurn": {"parts": [{"inlineData": blob}]}})
            await self._send(connection, serverContent={"outputTranscription": {"text": token}})
        if reply.text:
            connection.chat.append({"role": "assistant", "content": reply.text})
        if reply.calls:
            calls: list[dict[str, Any]] = []
            for call in reply.calls:
                call_id = f"call-{len(connection.calls)}"
                connection.calls[call_id] = {"name": call.tool, "arguments": call.text()}
                calls.append({"id": call_id, "name": call.tool, "args": json.loads(call.text())})
            await self._send(connection, toolCall={"functionCalls": calls}, usageMetadata=USAGE)
            return
        await self._send(connection, serverContent={"generationComplete": True})
        await self._send(connection, serverContent={"turnComplete": True}, usageMetadata=USAGE)

    async def _send(self, connection: Connection, **message: Any) -> None:
        await connection.socket.send(json.dumps(message).encode())


@asynccontextmanager
async def scripted_gemini(folder: Path) -> AsyncGenerator[ScriptedGemini]:
    """A server on a free port of this machine, while the context lasts; its certificate is `folder/ca.pem`."""
    gemini = ScriptedGemini()
    secure = await asyncio.to_thread(_certified, folder)
    async with serve(gemini.serve, "127.0.0.1", 0, ssl=secure) as server:
        [listening, *_] = server.sockets
        gemini.url = f"https://127.0.0.1:{listening.getsockname()[1]}"
        yield gemini


def _spoken(turn: dict[str, Any]) -> str:
    """A turn's text, without the marks that livekit's plug-in puts around instructions."""
    text = "".join(part.get("text", "") for part in turn["parts"])
    return re.sub(r"</?[a-z_]+>\n?", "", text).strip()


def _camel(value: Any) -> Any:
    """Names as the documentation has them: Google takes them with underscores too, as its library sends some."""
    if isinstance(value, list):
        return [_camel(each) for each in value]
    if isinstance(value, dict):
        return {re.sub(r"_(.)", lambda m: m[1].upper(), key): _camel(each) for key, each in value.items()}
    return value


def _certified(folder: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "scripted")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    (folder / "ca.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "ca.pem", folder / "key.pem")
    return context
