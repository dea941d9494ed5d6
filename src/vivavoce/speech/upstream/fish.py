"""A Fish Speech server (OpenAudio S1-mini, S2-Pro): fishaudio/fish-speech, `tools/api_server.py`. Or Fish Audio's own.

Wire format: fishaudio/fish-speech, `fish_speech/utils/schema.py` (ServeTTSRequest), `tools/server/views.py`,
`tools/server/api_utils.py`, `fish_speech/inference_engine/`. Fish Audio's hosted API is the same request with a `model`
header (https://docs.fish.audio/api-reference/endpoint/openapi-v1/text-to-speech): give `model` to talk to that. What to
know of it:

- The body is MessagePack, `Content-Type: application/msgpack`; JSON would carry a clip as base64.
- `streaming: true` wants `format: "wav"`, and what comes is **no wav**: the header is made as a numpy array and
  `inference_async` lets only `bytes` pass, so bare s16le at 44.1 kHz arrives under `audio/wav`. Forks have mended that
  in different ways, so a header is taken where there is one (its lengths are 0).
- A failure after the status line breaks the connection off: the generator raises.
- The text is cut into chunks of about `chunk_length` bytes (at least 100), and each is sent when it is whole: first
  sound waits for the first chunk, so the shortest is asked for.
- No field for speed or language. The hosted API has `prosody.speed`, 0.5 to 2.0.
- A `reference_id` that the server does not have is **spoken in some other voice**, not refused, and leaves an empty
  folder behind that blocks adding it (`load_by_id` makes it). So only ids that it lists are sent.
- A clip goes inline with every request (`references`), and `use_memory_cache: "on"` keeps its encoding by the sha256 of
  the sound (`load_by_hash`): encoded once for each process of the server, and nothing goes wrong when that restarts.
  `/v1/references/add` would save the bytes, but after a loss of its folder the server would go on in another voice.
  The cache ignores a changed transcript of the same sound.
- It works on one request at a time, and its event loop stands still meanwhile: `/v1/health` answers late. A request
  that is left goes on to its end on the GPU, and the next may begin with a broken sentence (issue 909).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any

import ormsgpack

from vivavoce.breaker import BreakerState
from vivavoce.speech.errors import SpeechRejected
from vivavoce.speech.messages import Voice
from vivavoce.speech.upstream.base import Reference
from vivavoce.speech.upstream.endpoint import Endpoint
from vivavoce.speech.upstream.listing import ANY_LANGUAGE, listed_references

RATE = 44_100
"""Hz of the model."""

DEFAULT_VOICE = "default"
"""No reference at all: the model picks a voice, and not always the same one."""

_CHUNK_BYTES = 100


class FishUpstream:
    """A Fish Speech server, or the hosted API when a model is named.

    Args:
        endpoint: where it is; with the header `model` for the hosted API.
        hosted: whether it is that.
        voices: ids of references (hosted: of voice models), where the settings say so; empty: ask the server.
        sample_rate: Hz of the sound given.
    """

    imitates = True

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        hosted: bool = False,
        voices: Sequence[Voice] = (),
        sample_rate: int = RATE,
    ) -> None:
        self.sample_rate = sample_rate
        self._endpoint = endpoint
        self._hosted = hosted
        self._voices = tuple(voices)
        self._listed: tuple[Voice, ...] = ()

    @property
    def breaker(self) -> BreakerState:
        """Whether requests go through."""
        return self._endpoint.breaker

    async def voices(self) -> Sequence[Voice]:
        """`default`, and the settings' voices or else the references that the server lists."""
        if not self._voices and not self._hosted:
            self._listed = tuple(Voice(id=id, language=ANY_LANGUAGE) for id in await self._references())
        return (Voice(id=DEFAULT_VOICE, language=ANY_LANGUAGE), *(self._voices or self._listed))

    async def _references(self) -> Sequence[str]:
        # Without the header the answer is MessagePack.
        headers = {"Accept": "application/json"}
        try:
            answer = await self._endpoint.fetch(
                lambda: self._endpoint.request("GET", "/v1/references/list", headers=headers)
            )
        except SpeechRejected as error:
            if error.reason != "upstream_unknown":
                raise
            # Servers before September 2025 have no such route (pull request 1099).
            return ()
        return listed_references(answer.content)

    async def speak(
        self, text: str, *, voice: str, language: str | None, speed: float, reference: Reference | None
    ) -> AsyncGenerator[bytes]:
        """Speak a text; see `base.Upstream`."""
        if speed != 1.0 and not self._hosted:
            raise SpeechRejected(
                f"The upstream {self._endpoint.name} speaks at its own speed only: Fish Speech has no setting for it.",
                next_step="Ask for speed 1.0, or use another engine.",
                reason="speed_fixed",
                param="speed",
            )
        body: dict[str, Any] = {
            "text": text,
            "format": "wav",
            "streaming": True,
            "chunk_length": _CHUNK_BYTES,
            "use_memory_cache": "on",
        }
        if reference is not None:
            body["references"] = [{"audio": reference.wav, "text": reference.transcript}]
        elif voice != DEFAULT_VOICE:
            await self._must_have(voice)
            body["reference_id"] = voice
        if speed != 1.0:
            body["prosody"] = {"speed": min(2.0, max(0.5, speed))}
        packed = ormsgpack.packb(body)
        headers = {"Content-Type": "application/msgpack"}
        sound = self._endpoint.sound(
            lambda: self._endpoint.request("POST", "/v1/tts", content=packed, headers=headers),
            to_rate=self.sample_rate,
            rate=RATE,
        )
        async with aclosing(sound) as pieces:
            async for piece in pieces:
                yield piece

    async def _must_have(self, voice: str) -> None:
        """Raises:
        SpeechRejected: the server has no such reference, and would speak in some other voice.
        """
        if self._hosted or any(one.id == voice for one in (*self._voices, *self._listed)):
            return
        names = [one.id for one in await self.voices()]
        if voice not in names:
            raise SpeechRejected(
                f"The upstream {self._endpoint.name} has no voice {voice!r}.",
                next_step=f"Use one of: {', '.join(names)}.",
                reason="voice_unknown",
                param="voice",
            )

    async def probe(self) -> None:
        """`GET /v1/health`; the hosted API has no such thing, and is asked for a page of its list of models."""
        await self._endpoint.probe("/model?page_size=1" if self._hosted else "/v1/health")

    async def forget(self, reference_id: str) -> None:
        """Nothing can be done: what it was given is in its memory until it restarts, and nowhere else."""

    async def aclose(self) -> None:
        """Close all connections."""
        await self._endpoint.aclose()
