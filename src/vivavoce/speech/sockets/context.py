"""One context of `/v1/audio/stream`: a text that arrives bit by bit, and the speech that is made of it meanwhile."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import aclosing

from vivavoce.speech.errors import SpeechRejected
from vivavoce.speech.messages import WordTime
from vivavoce.speech.orders import Order
from vivavoce.speech.passages import Cutter, Passage
from vivavoce.speech.requests import TEXT_LIMIT
from vivavoce.speech.sockets.outbox import Outbox
from vivavoce.speech.sockets.speech_frames import Audio, Words
from vivavoce.speech.sound import RateChange
from vivavoce.speech.speaker import Speaker

SETTLE_S = 0.5
"""Seconds without more text after which a short sentence is not held for the next one: a model pauses, for a tool."""

FRAME_S = 0.5
"""Seconds of sound in a binary frame: 24 kB at 24 kHz, so that a cancel need not wait for a long one."""

SCRAP = 0.25
"""By so much of it a frame may be longer."""


class Script:
    """A text as it arrives, in a language given as BCP 47."""

    def __init__(self, language: str) -> None:
        self._cutter = Cutter(language)
        self._ready: deque[Passage] = deque()
        self._ended = False
        self._news = asyncio.Event()

    @property
    def ended(self) -> bool:
        """Whether its end has come."""
        return self._ended

    def add(self, text: str) -> None:
        """More of it.

        Raises:
            SpeechRejected: too much of it is not spoken yet.
        """
        waiting = self._cutter.waiting + sum(len(passage.text) for passage in self._ready)
        if waiting + len(text) > TEXT_LIMIT:
            raise SpeechRejected(
                f"{waiting + len(text)} characters of this text wait to be spoken; {TEXT_LIMIT} may.",
                next_step="Send the rest when some of it has been spoken.",
                reason="text_too_long",
                param="text",
            )
        self._put(self._cutter.take(text))

    def flush(self) -> None:
        """Nothing more belongs to what is there."""
        self._put(self._cutter.flush())

    def end(self) -> None:
        """That was all."""
        self._ended = True
        self.flush()

    def _put(self, passages: list[Passage]) -> None:
        self._ready.extend(passages)
        self._news.set()

    async def passages(self) -> AsyncGenerator[Passage]:
        """What can be spoken, as soon as it can, until the end."""
        settled = False
        while True:
            if self._ready:
                yield self._ready.popleft()
            elif self._ended:
                return
            elif await self._wait(SETTLE_S if self._cutter.waiting and not settled else None):
                settled = False
            else:
                settled = True
                self._ready.extend(self._cutter.settle())

    async def _wait(self, seconds: float | None) -> bool:
        """Wait for news; whether there is any."""
        self._news.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._news.wait()
        except TimeoutError:
            return False
        return True


class Context:
    """A text being spoken.

    Args:
        id: its name; None for a bare text, whose sound goes out without any frames.
        order: how it is spoken.
        rate: Hz of what goes out; None: the engine's own.
        word_times: whether to say when words are said.
    """

    def __init__(self, id: str | None, order: Order, *, rate: int | None, word_times: bool) -> None:
        self.id = id
        self.order = order
        self.rate = rate or order.sample_rate
        self.script = Script(order.spoken or "und")
        self.audio_s = 0.0
        self._word_times = word_times
        self._change = RateChange(order.sample_rate, self.rate)
        self._spoken_s = 0.0

    async def run(self, speaker: Speaker, outbox: Outbox) -> None:
        """Speak the text as it arrives, until its end.

        Raises:
            SpeechRejected, SpeechBusy, EngineNotReady, EngineDied, EngineFailed.
        """
        made = self.order.sample_rate
        async with aclosing(speaker.speak(self.order, self.script.passages())) as stretches:
            async for stretch in stretches:
                words = self._words(stretch.words)
                self._spoken_s += len(stretch.pcm) / 2 / made
                await self._send(outbox, await self._at_rate(stretch.pcm, last=False), words)
        await self._send(outbox, await self._at_rate(b"", last=True), None)

    async def _at_rate(self, pcm: bytes, *, last: bool) -> bytes:
        if self._change.idle:
            return pcm
        return await asyncio.to_thread(self._change.feed, pcm, last=last)

    def _words(self, words: tuple[WordTime, ...]) -> Words | None:
        if not words or not self._word_times or self.id is None:
            return None
        by_s = self._spoken_s
        moved = tuple(
            word.model_copy(
                update={"start_s": round(word.start_s + by_s, 3), "end_s": round(word.end_s + by_s, 3)}
            )
            for word in words
        )
        return Words(context=self.id, words=moved)

    async def _send(self, outbox: Outbox, pcm: bytes, words: Words | None) -> None:
        if words is not None:
            await outbox.send(words.wire())
        samples = len(pcm) // 2
        # In equal parts: no scrap is left over for a frame of its own.
        parts = math.ceil(samples / self.rate / FRAME_S - SCRAP) or 1
        size = 2 * math.ceil(samples / parts)
        for start in range(0, len(pcm), size or 1):
            piece = pcm[start : start + size]
            if self.id is None:
                await outbox.send(piece)
            else:
                audio = Audio(context=self.id, start_s=round(self.audio_s, 3), samples=len(piece) // 2)
                await outbox.send(audio.wire(), piece)
            self.audio_s += len(piece) / 2 / self.rate
