"""Transcripts as the formats and the events of `POST /v1/audio/transcriptions`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from vivavoce.speech.error_bodies import failure
from vivavoce.speech.errors import SpeechError
from vivavoce.speech.messages import Heard, Part
from vivavoce.speech.replies import EVENTS, CallerGone, body, event, start, while_connected, write
from vivavoce.speech.requests import TranscriptionRequest
from vivavoce.speech.shapes import log_probabilities, transcription_body, verbose_body
from vivavoce.speech.subtitles import srt, vtt
from vivavoce.speech.transcript import Transcript, Word


def transcription(transcript: Transcript, fields: TranscriptionRequest) -> Response:
    """A transcript in the format that was asked for."""
    match fields.response_format:
        case "text":
            return PlainTextResponse(transcript.text + "\n")
        case "srt":
            return PlainTextResponse(srt(transcript))
        case "vtt":
            return PlainTextResponse(vtt(transcript), media_type="text/vtt")
        case "json":
            content = transcription_body(transcript, logprobs=fields.logprobs)
        case "verbose_json":
            content = verbose_body(transcript, words="word" in fields.timestamp_granularities)
    return JSONResponse(content.model_dump(exclude_none=True))


class TranscriptionStream(Response):
    """Sends a transcript as OpenAI's events: the text of each part when it is written, and the whole at the end.

    The status line waits for the first part, so that a sound that cannot be transcribed is an error. What fails later
    is an event.

    Args:
        heard: the parts, and last of all the whole.
        logprobs: whether to say how sure each word is.
        ended: is called with how it ended: ok, or the code of the error, or gone.
    """

    def __init__(
        self,
        heard: AbstractAsyncContextManager[AsyncIterator[Part | Heard]],
        *,
        logprobs: bool,
        ended: Callable[[str], None],
    ) -> None:
        super().__init__()
        self._heard = heard
        self._logprobs = logprobs
        self._ended = ended
        self._started = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer."""
        try:
            await while_connected(receive, self._answer(send))
        except CallerGone:
            self._ended("gone")
        except SpeechError as error:
            self._ended(error.code)
            raise

    async def _answer(self, send: Send) -> None:
        try:
            await self._stream(send)
        except SpeechError as error:
            if not self._started:
                raise
            self._ended(error.code)
            await write(send, body(event(failure(error).content), more=False))
        else:
            self._ended("ok")

    async def _stream(self, send: Send) -> None:
        said = False
        async with self._heard as parts:
            async for part in parts:
                if isinstance(part, Part):
                    text = f" {part.segment.text}" if said else part.segment.text
                    said = True
                    await self._event(send, self._delta(text, part.words))
                    continue
                if part.transcript.text and not said:
                    # An upstream that gives all of it at once.
                    await self._event(send, self._delta(part.transcript.text, part.transcript.words))
                await self._event(send, self._done(part.transcript))
        await write(send, body(b"", more=False))

    def _delta(self, text: str, words: tuple[Word, ...]) -> dict[str, Any]:
        content: dict[str, Any] = {"type": "transcript.text.delta", "delta": text}
        return {**content, **self._sureness(words)}

    def _done(self, transcript: Transcript) -> dict[str, Any]:
        content: dict[str, Any] = {"type": "transcript.text.done", "text": transcript.text}
        return {**content, **self._sureness(transcript.words)}

    def _sureness(self, words: tuple[Word, ...]) -> dict[str, Any]:
        if not self._logprobs:
            return {}
        return {"logprobs": [one.model_dump() for one in log_probabilities(words)]}

    async def _event(self, send: Send, content: dict[str, Any]) -> None:
        if not self._started:
            self._started = True
            await write(send, start({"content-type": EVENTS, "cache-control": "no-store"}))
        await write(send, body(event(content), more=True))
