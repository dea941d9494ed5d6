"""Any server that speaks OpenAI's audio API: OpenAI, a hosted API that follows it, or another speech server of ours.

Wire format: openai-python 3.54 (`types/audio/speech_create_params.py`, `transcription_create_params.py`) and
https://platform.openai.com/docs/api-reference/audio. What to know of it:

- `pcm` is 24 kHz s16le without a header, but only at OpenAI: servers of other models send theirs at the model's rate.
  So `wav` is asked for, whose header says the rate; OpenAI's streams too, with 0xFFFFFFFF for its lengths
  (speaches-ai/speaches issue 493). `response_format = "pcm"` is for servers that hold a wav back until it is whole.
- `stream_format: "audio"` is the default there and not known to older servers, so it is not sent.
- A voice of one's own is an object, `{"id": "voice_1234"}`, and not a name.
- There is no language in a request to speak: the text is the only sign of it.
- `verbose_json` and word times are whisper-1's; the later models know `json` only. Their refusal is remembered.
- The language of a transcript is a name (`english`); how sure it is stands as a log-probability with each segment.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import Any, Literal

from pydantic import ValidationError

from vivavoce.breaker import BreakerState
from vivavoce.speech.errors import SpeechRejected
from vivavoce.speech.messages import Voice
from vivavoce.speech.transcript import Transcript
from vivavoce.speech.upstream.base import Reference
from vivavoce.speech.upstream.endpoint import Endpoint
from vivavoce.speech.upstream.listing import ANY_LANGUAGE, listed_voices
from vivavoce.speech.upstream.transcripts import read_transcript
from vivavoce.speech.upstream.wav import wav

RATE = 24_000
"""Hz of OpenAI's `pcm`."""

VOICES = (
    "alloy", "ash", "ballad", "cedar", "coral", "echo", "fable", "marin", "nova", "onyx", "sage", "shimmer", "verse",
)  # fmt: skip
"""OpenAI's own (openai-python 3.54, `speech_create_params.py`); they speak any language."""

_HEARD_RATE = 16_000


class OpenAIUpstream:
    """An OpenAI-compatible server.

    Args:
        endpoint: where it is.
        model: that speaks, and that writes down.
        voices: what it has, where the settings say so; empty: ask the server, and take OpenAI's where it has no list.
        sample_rate: Hz of the sound given.
        response_format: what to ask for.
    """

    imitates = False

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        model: str,
        voices: Sequence[Voice] = (),
        sample_rate: int = RATE,
        response_format: Literal["wav", "pcm"] = "wav",
    ) -> None:
        self.sample_rate = sample_rate
        self._endpoint = endpoint
        self._model = model
        self._voices = tuple(voices)
        self._format = response_format
        self._verbose = True

    @property
    def breaker(self) -> BreakerState:
        """Whether requests go through."""
        return self._endpoint.breaker

    async def voices(self) -> Sequence[Voice]:
        """The settings' voices; else those that the server lists, which few do; else OpenAI's."""
        if self._voices:
            return self._voices
        try:
            answer = await self._endpoint.fetch(lambda: self._endpoint.request("GET", "/v1/audio/voices"))
        except SpeechRejected as error:
            if error.reason == "upstream_key":
                raise
            return _openai_voices()
        return listed_voices(answer.content) or _openai_voices()

    def speak(
        self, text: str, *, voice: str, language: str | None, speed: float, reference: Reference | None
    ) -> AsyncGenerator[bytes]:
        """Speak a text; see `base.Upstream`."""
        if reference is not None:
            raise SpeechRejected(
                f"The upstream {self._endpoint.name} cannot imitate a clip: OpenAI's API has no request for it.",
                next_step="Use one of its voices, or an engine that imitates.",
                reason="voice_not_imitated",
                param="voice",
            )
        body: dict[str, Any] = {
            "model": self._model,
            "input": text,
            "voice": {"id": voice} if voice.startswith("voice_") else voice,
            "response_format": self._format,
        }
        if speed != 1.0:
            body["speed"] = speed
        return self._endpoint.sound(
            lambda: self._endpoint.request("POST", "/v1/audio/speech", json=body),
            to_rate=self.sample_rate,
            rate=RATE if self._format == "pcm" else self.sample_rate,
        )

    async def transcribe(
        self, pcm: bytes, *, language: str | None, prompt: str | None, words: bool
    ) -> Transcript:
        """Write down a sound; see `base.Hearing`."""
        fields: dict[str, Any] = {"model": self._model}
        if language:
            fields["language"] = language
        if prompt:
            fields["prompt"] = prompt
        duration_s = len(pcm) / 2 / _HEARD_RATE
        if self._verbose:
            detail = {
                "response_format": "verbose_json",
                "timestamp_granularities[]": ["segment", "word"] if words else ["segment"],
            }
            try:
                return await self._heard(pcm, {**fields, **detail}, language, duration_s)
            except SpeechRejected as error:
                if error.param != "response_format":
                    raise
                self._verbose = False
        if words:
            raise SpeechRejected(
                f"The model {self._model} of the upstream {self._endpoint.name} does not time its words.",
                next_step="Ask without word times, or use another model.",
                reason="words_untimed",
                param="timestamp_granularities",
            )
        return await self._heard(pcm, {**fields, "response_format": "json"}, language, duration_s)

    async def _heard(
        self, pcm: bytes, fields: dict[str, Any], language: str | None, duration_s: float
    ) -> Transcript:
        file = ("speech.wav", wav(pcm, _HEARD_RATE), "audio/wav")
        answer = await self._endpoint.fetch(
            lambda: self._endpoint.request(
                "POST", "/v1/audio/transcriptions", data=fields, files={"file": file}
            ),
            extra_s=duration_s,
        )
        try:
            return read_transcript(answer.content, language=language, duration_s=duration_s)
        except ValidationError as error:
            raise self._endpoint.trouble("sent something that is no transcript") from error

    async def probe(self) -> None:
        """`GET /v1/models`, which all of them have."""
        await self._endpoint.probe("/v1/models")

    async def forget(self, reference_id: str) -> None:
        """Nothing was given to it."""

    async def aclose(self) -> None:
        """Close all connections."""
        await self._endpoint.aclose()


def _openai_voices() -> list[Voice]:
    return [Voice(id=name, language=ANY_LANGUAGE) for name in VOICES]
