"""A vLLM-Omni server that serves Voxtral TTS, or another of its speech models.

Wire format: vllm-project/vllm-omni, docs/serving/speech_api.md and `vllm_omni/entrypoints/openai` (`serving_speech.py`,
`protocol/audio.py`), read at several commits from v0.16 to v0.29. What to know of it:

- Streaming has to be asked for, and how has changed: v0.16 streams bytes for `stream: true`; later ones send
  server-sent events for it and bytes for `stream_format: "audio"`. Both fields together give bytes everywhere.
- The first versions stream `pcm` only (issue 1676), which has no header and whose content type, `audio/pcm`, says no
  rate: it is the model's own, 24 kHz for Voxtral and 44.1 kHz for Fish S2-Pro. Set `sample_rate` for another model.
- Nothing but `speed` 1.0 can be streamed ("Streaming is not supported with speed adjustment"). At another speed the
  whole text is asked for at once, and the first sound comes when all of it has been made.
- Errors are OpenAI's body with the status as `code`; v0.16 sent them with status 200 (`api_server.py`).
- Leaving a request aborts it in the engine (`with_cancellation`).
- `language` is a name ("German") and only Qwen3-TTS reads it, so it is not sent. Voxtral's voices have a language of
  their own: `de_female`; those without one, such as `casual_male`, are English.
- Clips: uploaded once (`POST /v1/audio/voices`, form `audio_sample`, `consent`, `name`, `ref_text`), then a voice like
  others. Names are compared in lower case; an upload overwrites its namesake; 1 to 30 s; 10 MB; kept over restarts.
- **The public Voxtral checkpoint cannot imitate**: it lacks the encoder for clips (pull request 3498), and a server
  takes the upload and then refuses the voice ("Unknown voice", issue 2479). Qwen3-TTS Base and others can.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any

import httpx

from vivavoce.breaker import BreakerState
from vivavoce.speech.errors import SpeechRejected
from vivavoce.speech.messages import Voice
from vivavoce.speech.upstream.base import Reference
from vivavoce.speech.upstream.endpoint import Endpoint
from vivavoce.speech.upstream.listing import listed_voices, uploaded_names
from vivavoce.speech.upstream.voxtral_socket import SocketAbsent, SpeechSocket

RATE = 24_000
"""Hz of Voxtral TTS."""

CLIP_PREFIX = "vivavoce-"
"""Begins the names of the clips that were uploaded from here."""


class VoxtralUpstream:
    """A vLLM-Omni server.

    Args:
        endpoint: where it is.
        model: that it serves; None: whatever that is.
        voices: what it has, where the settings say so; empty: ask the server.
        sample_rate: Hz of the model, and of the sound given.
        socket: talk over its WebSocket where it has one.
    """

    imitates = True

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        model: str | None = None,
        voices: Sequence[Voice] = (),
        sample_rate: int = RATE,
        socket: bool = False,
    ) -> None:
        self.sample_rate = sample_rate
        self._endpoint = endpoint
        self._model = model
        self._voices = tuple(voices)
        self._socket = SpeechSocket(endpoint, to_rate=sample_rate, rate=sample_rate) if socket else None
        self._uploaded: set[str] = set()
        self._uploading = asyncio.Lock()

    @property
    def breaker(self) -> BreakerState:
        """Whether requests go through."""
        return self._endpoint.breaker

    async def voices(self) -> Sequence[Voice]:
        """The settings' voices, else those that the server lists; never the clips uploaded from here."""
        if self._voices:
            return self._voices
        answer = await self._endpoint.fetch(self._list)
        return [v for v in listed_voices(answer.content) if not v.id.lower().startswith(CLIP_PREFIX)]

    def speak(
        self, text: str, *, voice: str, language: str | None, speed: float, reference: Reference | None
    ) -> AsyncGenerator[bytes]:
        """Speak a text; see `base.Upstream`."""
        if reference is None:
            return self._spoken(text, voice, speed)
        return self._imitated(text, reference, speed)

    async def _imitated(self, text: str, clip: Reference, speed: float) -> AsyncGenerator[bytes]:
        """Speak with the voice of a clip."""
        name = CLIP_PREFIX + clip.id.lower()
        known = name in self._uploaded
        await self._upload(clip, name)
        try:
            async with aclosing(self._spoken(text, name, speed)) as pieces:
                async for piece in pieces:
                    yield piece
            return
        except SpeechRejected:
            self._uploaded.discard(name)
            if not known:
                raise
        # It had the clip once; it may have been started anew without it.
        await self._upload(clip, name)
        async with aclosing(self._spoken(text, name, speed)) as pieces:
            async for piece in pieces:
                yield piece

    async def _spoken(self, text: str, voice: str, speed: float) -> AsyncGenerator[bytes]:
        fields: dict[str, Any] = {"voice": voice}
        if self._model:
            fields["model"] = self._model
        if self._socket is not None and speed == 1.0:
            try:
                async with aclosing(self._socket.speak(text, fields)) as pieces:
                    async for piece in pieces:
                        yield piece
                return
            except SocketAbsent:
                self._socket = None
        body = {**fields, "input": text}
        if speed == 1.0:
            body |= {"response_format": "pcm", "stream": True, "stream_format": "audio"}
        else:
            body |= {"response_format": "wav", "speed": speed}
        sound = self._endpoint.sound(
            lambda: self._endpoint.request("POST", "/v1/audio/speech", json=body),
            to_rate=self.sample_rate,
            rate=self.sample_rate,
        )
        async with aclosing(sound) as pieces:
            async for piece in pieces:
                yield piece

    async def _upload(self, clip: Reference, name: str) -> None:
        """See to it that the server has a clip."""
        async with self._uploading:
            if name in self._uploaded:
                return
            listed = await self._endpoint.fetch(self._list)
            if name not in uploaded_names(listed.content):
                await self._endpoint.fetch(
                    lambda: self._endpoint.request(
                        "POST",
                        "/v1/audio/voices",
                        data={"name": name, "consent": clip.consent, "ref_text": clip.transcript},
                        files={"audio_sample": (f"{name}.wav", clip.wav, "audio/wav")},
                    )
                )
            self._uploaded.add(name)

    def _list(self) -> httpx.Request:
        return self._endpoint.request("GET", "/v1/audio/voices")

    async def probe(self) -> None:
        """`GET /health`, vLLM's: 200 while its engine lives."""
        await self._endpoint.probe("/health")

    async def forget(self, reference_id: str) -> None:
        """Have it delete a clip."""
        name = CLIP_PREFIX + reference_id.lower()
        self._uploaded.discard(name)
        try:
            await self._endpoint.fetch(lambda: self._endpoint.request("DELETE", f"/v1/audio/voices/{name}"))
        except SpeechRejected as error:
            if error.reason != "upstream_unknown":
                raise

    async def aclose(self) -> None:
        """Close all connections."""
        await self._endpoint.aclose()
