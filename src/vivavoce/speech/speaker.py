"""Speaks texts for all surfaces alike: from the cache, or else by an engine, passage by passage."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterable, Iterable, Mapping
from contextlib import aclosing

import numpy as np

from vivavoce.speech.cache import Kept, Recipe, SpeechCache
from vivavoce.speech.engines.text import Pause
from vivavoce.speech.errors import SpeechError, SpeechRejected
from vivavoce.speech.messages import Spoken, WordTime
from vivavoce.speech.metrics import SpeechMetrics
from vivavoce.speech.orders import Order
from vivavoce.speech.passages import Passage
from vivavoce.speech.saying import refuse
from vivavoce.speech.supervisor import Speech

PAUSE_S: Mapping[Pause, float] = {"sentence": 0.3, "clause": 0.12, "phrase": 0.03, "none": 0.0}
"""Silence between two passages, what they have of their own included. A speaker's pause between sentences is 0.3 to
0.5 s."""

QUIET = 131
"""Samples up to this count as silence: -48 dB of full scale."""


class Speaker:
    """Speaks.

    Args:
        metrics: what is measured.
        cache: of speech made before; None: there is none.
        rules: version of the code that turns text into speech.
    """

    def __init__(self, metrics: SpeechMetrics, cache: SpeechCache | None = None, *, rules: str = "") -> None:
        self._metrics = metrics
        self._cache = cache
        self._rules = rules

    async def speak(self, order: Order, passages: AsyncIterable[Passage]) -> AsyncGenerator[Speech]:
        """Speak passages of one text as they come, with a speaker's pauses between them.

        Closing the generator stops the engine. A passage is begun when the one before was taken.

        Args:
            order: how.
            passages: of the text, in order.

        Yields:
            Stretches at the order's rate; the words' places are those in the whole text.

        Raises:
            SpeechRejected, SpeechBusy, EngineNotReady, EngineDied, EngineFailed.
        """
        name = order.engine.spec.name
        recital = _Recital(order.sample_rate)
        outcome = "gone"
        unspeakable: SpeechRejected | None = None
        try:
            async for passage in passages:
                try:
                    async with aclosing(self._passage(order, passage, recital)) as stretches:
                        async for speech in stretches:
                            yield recital.given(speech, passage)
                except SpeechRejected as error:
                    # A picture or a dash between two sentences is passed over.
                    if error.reason != "text_unspeakable":
                        raise
                    unspeakable = error
                    continue
                recital.pause = passage.pause
            if unspeakable is not None and not recital.began:
                raise unspeakable
            outcome = "ok"
        except SpeechError as error:
            outcome = error.code
            raise
        finally:
            self._metrics.ended(name, outcome)

    async def _passage(self, order: Order, passage: Passage, recital: _Recital) -> AsyncGenerator[Speech]:
        await asyncio.to_thread(refuse, passage.text, order.spoken)
        recipe = self._recipe(order, passage.text)
        kept = await self._kept(recipe, recital.rate)
        if kept is not None:
            yield Speech(kept.pcm, kept.words)
            return
        made: list[Speech] = []
        async with aclosing(self._made(order, passage.text, recital)) as stretches:
            async for speech in stretches:
                if recipe is not None:
                    made.append(speech)
                yield speech
        if recipe is not None and self._cache is not None:
            await asyncio.to_thread(self._cache.put, recipe, _joined(made, recital.rate))

    async def _made(self, order: Order, text: str, recital: _Recital) -> AsyncGenerator[Speech]:
        name = order.engine.spec.name
        arrived = time.perf_counter()
        waiting = True
        async with order.engine.speak(
            text,
            voice=order.voice.id,
            language=order.language,
            speed=order.speed,
            priority=order.priority,
            lead_s=recital.lead_s,
            admitted=recital.admitted,
        ) as chunks:
            recital.admitted = True
            async for chunk in chunks:
                if isinstance(chunk, Spoken):
                    self._metrics.spoken(name, audio_s=chunk.audio_s, work_s=chunk.work_s)
                    continue
                if waiting:
                    waiting = False
                    self._metrics.first_sound(name, time.perf_counter() - arrived)
                yield chunk

    def _recipe(self, order: Order, text: str) -> Recipe | None:
        if not order.cache or self._cache is None or order.engine.loaded is None:
            return None
        return Recipe(
            engine=order.engine.spec.name,
            weights=order.engine.loaded.model,
            address=order.engine.loaded.address,
            voice=order.voice.id,
            language=order.language,
            speed=order.speed,
            text=text,
            rules=self._rules,
        )

    async def _kept(self, recipe: Recipe | None, rate: int) -> Kept | None:
        if recipe is None or self._cache is None:
            return None
        kept = await asyncio.to_thread(self._cache.get, recipe)
        found = kept is not None and kept.sample_rate == rate
        self._metrics.looked_up(recipe.engine, hit=found, bytes=len(kept.pcm) if kept and found else 0)
        return kept if found else None


class _Recital:
    """How far the speaking of one text has come."""

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self.admitted = False
        self.began = False
        self.pause: Pause = "none"
        self._due = 0.0
        self._tail = b""

    @property
    def lead_s(self) -> float:
        """Seconds of sound that the listener has left to play, who plays as soon as there is some."""
        return max(0.0, self._due - time.monotonic())

    def given(self, speech: Speech, passage: Passage) -> Speech:
        """A stretch as it is given: after the pause that it lacks, and with its words' places in the whole text."""
        silence = self._missing() * b"\0\0"
        self.pause = "none"
        self.began = True
        self._tail = speech.pcm[-2 * int(self.rate * max(PAUSE_S.values())) :]
        pcm = silence + speech.pcm
        self._due = max(self._due, time.monotonic()) + len(pcm) / 2 / self.rate
        by_s = len(silence) / 2 / self.rate
        return Speech(pcm, tuple(_moved(word, passage.start, by_s) for word in speech.words))

    def _missing(self) -> int:
        """Samples of silence that the pause before the next stretch lacks."""
        wanted = int(PAUSE_S[self.pause] * self.rate)
        loud = np.flatnonzero(np.abs(np.frombuffer(self._tail, "<i2").astype(np.int32)) > QUIET)
        quiet = len(self._tail) // 2 - (int(loud[-1]) + 1 if len(loud) else 0)
        return max(0, wanted - quiet)


async def at_hand(passages: Iterable[Passage]) -> AsyncGenerator[Passage]:
    """Passages that are all there."""
    for passage in passages:
        yield passage


def _joined(made: list[Speech], rate: int) -> Kept:
    words: list[WordTime] = []
    samples = 0
    for speech in made:
        words += [_moved(word, 0, samples / rate) for word in speech.words]
        samples += len(speech.pcm) // 2
    return Kept(b"".join(speech.pcm for speech in made), rate, tuple(words))


def _moved(word: WordTime, characters: int, by_s: float) -> WordTime:
    return word.model_copy(
        update={
            "start": word.start + characters,
            "end": word.end + characters,
            "start_s": word.start_s + by_s,
            "end_s": word.end_s + by_s,
        }
    )
