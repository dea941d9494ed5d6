"""Text to speech for livekit-agents: prepared wording first, our speech server for the rest.

Every frame that leaves is s16le mono at 48 kHz, what the transports play, and carries the times of its words, so that
captions, the log and the conversation agree on what was heard.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator

from livekit.agents import (
    APIConnectionError,
    APIConnectOptions,
    APIStatusError,
    APITimeoutError,
    tts,
    utils,
)
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS, TimedString

from vivavoce.speech.client import SpeechBusy, SpeechRejected, SpeechUnavailable
from vivavoce.voice.patience import Patience
from vivavoce.voice.rate import to_playout_rate
from vivavoce.voice.speakers import Sayer
from vivavoce.voice.wording import SAMPLE_RATE, TimedWord, Voice, WordingStore, spread

FRAME_MS = 100

LETTERS_A_SECOND = 15.0
"""How fast speech is, to give words a time before the sound's length is known (English, Kokoro at speed 1)."""

RETRY_AFTER_S = (0.2, 0.6, 1.5, 3.0, 6.0, 6.0, 6.0)
"""Waits before another try where no voice answers. Longer than the ear's: who is not understood can be asked to say it
again, but an interview without a voice is over."""

_SENTENCE = re.compile(r"(?<=[.!?…。!?])\s+")


def again(from_s: float, begins_s: float) -> TimedString:
    """Says, among the words of a segment, that those from `from_s` on are said anew from `begins_s` on.

    It is a blank: a caption shows nothing of it, and livekit would leave an empty text away.
    """
    return TimedString(" ", start_time=from_s, end_time=begins_s)


class ServerTTS(tts.TTS[str]):
    """livekit-agents' view of our voices.

    Args:
        client: says what is not prepared.
        wording: prepared sound; looked up by the whole text pushed at once, or sentence by sentence.
        voice: who speaks.
    """

    def __init__(self, client: Sayer, wording: WordingStore, voice: Voice) -> None:
        super().__init__(
            capabilities=tts.TTSCapabilities(streaming=True, aligned_transcript=True),
            sample_rate=SAMPLE_RATE,
            num_channels=1,
        )
        self.client = client
        self.wording = wording
        self.voice = voice

    @property
    def model(self) -> str:
        """The engine's name at the speech server."""
        return self.voice.engine

    @property
    def provider(self) -> str:
        """Who speaks."""
        return "vivavoce-speech"

    def synthesize(
        self, text: str, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> tts.ChunkedStream:
        """One text, whole."""
        return self._synthesize_with_stream(text, conn_options=conn_options)

    def stream(
        self, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> tts.SynthesizeStream:
        """Text in as it comes, sound out sentence by sentence."""
        return _SentenceStream(self, conn_options)


class _SentenceStream(tts.SynthesizeStream):
    def __init__(self, parent: ServerTTS, conn_options: APIConnectOptions) -> None:
        super().__init__(tts=parent, conn_options=conn_options)
        self._parent = parent
        self._position_s = 0.0
        """Where the sound is."""
        self._words_s = 0.0
        """Where the words of the sentence that is being said begin."""

    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        output_emitter.initialize(
            request_id=utils.shortuuid("tts_"),
            sample_rate=SAMPLE_RATE,
            num_channels=1,
            mime_type="audio/pcm",
            stream=True,
            frame_size_ms=FRAME_MS,
        )
        output_emitter.start_segment(segment_id=utils.shortuuid("seg_"))
        self._position_s = 0.0
        pending = ""
        async for item in self._input_ch:
            if isinstance(item, self._FlushSentinel):
                await self._say(pending, output_emitter)
                pending = ""
                continue
            pending += item
            if await asyncio.to_thread(self._parent.wording.has, pending.strip(), self._parent.voice):
                await self._say(pending, output_emitter)
                pending = ""
                continue
            *whole, pending = _SENTENCE.split(pending)
            for sentence in whole:
                await self._say(sentence + " ", output_emitter)
        await self._say(pending, output_emitter)
        output_emitter.end_segment()

    async def _say(self, text: str, emitter: tts.AudioEmitter) -> None:
        spoken = text.strip()
        if not spoken:
            return
        self._mark_started()
        prepared = await asyncio.to_thread(self._parent.wording.get, spoken, self._parent.voice)
        if prepared is not None:
            self._announce(prepared.words, emitter)
            emitter.push(prepared.pcm)
            self._position_s += prepared.duration_s
            return
        await self._synthesise(spoken, emitter)

    async def _synthesise(self, text: str, emitter: tts.AudioEmitter) -> None:
        """Say a sentence; where every voice fails it is waited for, and the sentence said anew, as a whole."""
        self._announce(spread(text, len(text) / LETTERS_A_SECOND), emitter)
        self._words_s = self._position_s
        patience = Patience(RETRY_AFTER_S)
        while True:
            try:
                await self._try(text, emitter)
                return
            except SpeechRejected as error:
                raise APIStatusError(str(error), status_code=400, retryable=False) from error
            except (SpeechBusy, SpeechUnavailable) as error:
                if not await patience.again():
                    raise APIConnectionError(str(error)) from error
            if self._position_s > self._words_s:
                self._anew(self._position_s, emitter)

    def _anew(self, begins_s: float, emitter: tts.AudioEmitter) -> None:
        """The sentence broke off, and its words are said again from there on."""
        emitter.push_timed_transcript(again(self._words_s, begins_s))
        self._words_s = begins_s

    async def _try(self, text: str, emitter: tts.AudioEmitter) -> None:
        """Say a sentence from where the sound is now; its words have been announced."""
        voice = self._parent.voice
        from_s, samples, begins_s = self._position_s, 0, 0.0
        try:
            async with self._parent.client.speak(
                text, model=voice.engine, voice=voice.voice, language=voice.language, speed=voice.speed
            ) as sound:
                convert = to_playout_rate(sound.sample_rate)
                pieces = aiter(sound)
                while (chunk := await self._next(pieces)) is not None:
                    if sound.begins_s > begins_s:
                        begins_s = sound.begins_s
                        self._anew(from_s + begins_s, emitter)
                    pcm = convert(chunk, False)
                    samples += len(pcm) // 2
                    emitter.push(pcm)
                tail = convert(b"", True)
                samples += len(tail) // 2
                emitter.push(tail)
        finally:
            self._position_s = from_s + samples / SAMPLE_RATE

    async def _next(self, pieces: AsyncIterator[bytes]) -> bytes | None:
        """The next piece of sound within the framework's patience; None at the end."""
        try:
            async with asyncio.timeout(self._conn_options.timeout):
                return await anext(pieces, None)
        except TimeoutError:
            raise APITimeoutError("The voice made no sound in time.") from None

    def _announce(self, words: tuple[TimedWord, ...], emitter: tts.AudioEmitter) -> None:
        emitter.push_timed_transcript(
            [
                TimedString(
                    word.text + " ",
                    start_time=self._position_s + word.start_s,
                    end_time=self._position_s + word.end_s,
                )
                for word in words
            ]
        )
