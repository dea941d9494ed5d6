"""vLLM-Omni's WebSocket, `/v1/audio/speech/stream`: says the rate of its sound, and why a text broke off.

Protocol: vllm-project/vllm-omni, `serving_speech_stream.py` beside its HTTP routes, and docs/serving/speech_api.md.

    we: session.config {voice, model, response_format: pcm, stream_audio: true} · input.text {text} · input.done
    it: audio.start {sample_rate, channels} · binary: samples · audio.done {error} · session.done · error {message}

What to know of it:

- What `input.text` brings is spoken when `input.done` comes (v0.26 on; before, at the end of each sentence), so pieces
  of text gain nothing here: the whole text is sent in one. Splitting is opt-in from v0.29 (`split_granularity`) and
  makes one request a sentence, whose timbre differs audibly (pull request 4731).
- `session.done` ends the socket in older versions and one utterance in newer ones: a socket is used for one text.
- `sample_rate` is missing in older versions: then it is the model's own.
- An `error` before the sound is a refusal when it names what is invalid; after it, the text broke off.
- There is no message for cancel (issue 1480). Closing the socket aborts the request.
- A server without the route, and one that wants another key, answers the handshake with 403.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from typing import Any, cast

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from vivavoce.speech.errors import SpeechRejected
from vivavoce.speech.upstream.endpoint import Endpoint
from vivavoce.speech.upstream.sound import SoundStream
from vivavoce.speech.upstream.wav import RATES, WavError

FRAME_LIMIT = 1 << 22
"""Bytes of one message: a frame of samples is some seconds of them at most."""


class SocketAbsent(Exception):
    """The server has no such socket."""


class SpeechSocket:
    """Speaks texts over the socket, each over one of its own.

    Args:
        endpoint: the server.
        to_rate: Hz of the sound given.
        rate: Hz of the model, for servers that do not say it.
    """

    def __init__(self, endpoint: Endpoint, *, to_rate: int, rate: int) -> None:
        self._endpoint = endpoint
        self._to_rate = to_rate
        self._rate = rate

    async def speak(self, text: str, fields: dict[str, Any]) -> AsyncGenerator[bytes]:
        """Speak a text; `fields` go into the session's configuration. Closing the iterator closes the socket at once.

        Raises:
            SocketAbsent: before anything was sent.
            SpeechRejected: before the first sound.
            SpeechUnavailable: at any time.
        """
        with self._endpoint.guarded() as works:
            socket = await self._connect()
            whole = False
            try:
                config = {"type": "session.config", "response_format": "pcm", "stream_audio": True, **fields}
                for message in (config, {"type": "input.text", "text": text}, {"type": "input.done"}):
                    await socket.send(json.dumps(message))
                async for piece in self._sound(socket):
                    works()
                    yield piece
                whole = True
            except ConnectionClosed as error:
                raise self._endpoint.trouble(f"closed its socket: {error}") from error
            finally:
                if whole:
                    await socket.close()
                else:
                    # A proper close waits for the other side, which is busy with what nobody wants any more.
                    socket.transport.abort()

    async def _connect(self) -> ClientConnection:
        url = "ws" + self._endpoint.url.removeprefix("http") + "/v1/audio/speech/stream"
        patience = self._endpoint.patience
        try:
            return await connect(
                url,
                additional_headers=self._endpoint.credentials(),
                open_timeout=patience.connect_s,
                close_timeout=1,
                max_size=FRAME_LIMIT,
                # As for requests: only what is encrypted goes through a proxy of the environment.
                proxy=True if url.startswith("wss:") else None,
            )
        except InvalidStatus as error:
            if error.response.status_code in (403, 404, 405):
                raise SocketAbsent from error
            raise self._endpoint.trouble(f"refused its socket ({error.response.status_code})") from error
        except (OSError, InvalidHandshake, TimeoutError) as error:
            raise self._endpoint.trouble(f"cannot be reached: {error or type(error).__name__}") from error

    async def _sound(self, socket: ClientConnection) -> AsyncGenerator[bytes]:
        patience = self._endpoint.patience
        now = asyncio.get_running_loop().time
        deadline = now() + patience.whole_s
        by = min(deadline, now() + patience.first_byte_s)
        stream = SoundStream(to_rate=self._to_rate, rate=self._rate)
        began = False
        while True:
            try:
                async with asyncio.timeout_at(by):
                    message = await socket.recv()
            except TimeoutError as error:
                raise self._endpoint.trouble(
                    "sent no more sound" if began else "gave no sound in time"
                ) from error
            try:
                if isinstance(message, bytes):
                    piece = stream.feed(message)
                elif (said := _read(message)).get("type") == "session.done":
                    piece = stream.finish()
                    if piece:
                        began = True
                        yield piece
                    break
                else:
                    self._heed(said, began=began)
                    if said.get("type") == "audio.start" and not began:
                        stream = SoundStream(to_rate=self._to_rate, rate=self._announced(said))
                    continue
            except (WavError, ValueError) as error:
                raise self._endpoint.trouble(f"sent {error}") from error
            if piece:
                began = True
                given = now()
                yield piece
                # What the caller takes its time for is not the server's fault.
                deadline += now() - given
            by = min(deadline, now() + patience.between_s) if began else by
        if not began:
            raise self._endpoint.trouble("answered without any sound")

    def _heed(self, said: dict[str, Any], *, began: bool) -> None:
        """Raise what a message says of a failure."""
        if said.get("type") == "error":
            words = str(said.get("message", ""))
            if not began and ("nvalid" in words or "nknown" in words or "does not exist" in words):
                raise SpeechRejected(
                    f"The upstream {self._endpoint.name} refused this: {words.rstrip('.')}.",
                    next_step=f"Change the request, or the settings under speech.upstreams.{self._endpoint.name}.",
                    reason="upstream_refused",
                )
            raise self._endpoint.trouble(f"failed: {words}")
        if said.get("type") == "audio.done" and said.get("error") is True:
            raise self._endpoint.trouble("failed on this text")

    def _announced(self, said: dict[str, Any]) -> int:
        channels, rate = said.get("channels", 1), said.get("sample_rate", self._rate)
        if channels != 1 or not isinstance(rate, int) or rate not in RATES:
            raise self._endpoint.trouble(f"announced {channels} channels at {rate} Hz")
        return rate


def _read(message: str) -> dict[str, Any]:
    content = json.loads(message)
    if not isinstance(content, dict):
        raise ValueError("a message that is no object")
    return cast("dict[str, Any]", content)
