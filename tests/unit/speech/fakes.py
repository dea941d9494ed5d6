"""An engine and a client in this process, in virtual time: nothing sleeps and nothing is sent."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from vivavoce.speech.engines import EngineSpec
from vivavoce.speech.errors import SpeechError
from vivavoce.speech.messages import Heard, Loaded, Part, Priority, Spoken, Voice, WordTime
from vivavoce.speech.sockets.line import Code, LineClosed
from vivavoce.speech.supervisor import Speech, State
from vivavoce.speech.transcript import Segment, Transcript, Word

RATE = 24_000
WORD_S = 0.4


def tone(seconds: float) -> bytes:
    return np.full(int(seconds * RATE), 8000, "<i2").tobytes()


@dataclass
class Asked:
    """What an engine was asked."""

    text: str = ""
    voice: str = ""
    language: str | None = None
    speed: float = 1.0
    priority: Priority = Priority.LIVE
    lead_s: float = 0.0
    admitted: bool = False
    samples: int = 0


@dataclass
class FakeEngine:
    """Speaks `WORD_S` of a tone for each word, a stretch a word; hears one word for each second.

    Args:
        gate: each stretch waits until it is set.
        fails: raised in the place of a stretch for a word, or of what is heard.
    """

    spec: EngineSpec = field(default_factory=lambda: EngineSpec("fake", "tts", "", "weights", ("tts-1",)))
    gate: asyncio.Event | None = None
    fails: dict[str, SpeechError] = field(default_factory=dict[str, SpeechError])
    state: State = State.READY
    detail: str = "ready"
    restarts: int = 0
    asked: list[Asked] = field(default_factory=list[Asked])
    at_work: int = 0
    given: int = 0

    @property
    def loaded(self) -> Loaded:
        voices = (Voice(id="tone", language="en-US"), Voice(id="ton", language="de-DE"))
        return Loaded(model="weights", sample_rate=RATE, voices=voices, load_s=0.0, warm_up_s=0.0)

    @property
    def condition(self) -> None:
        return None

    @property
    def in_flight(self) -> int:
        return self.at_work

    @property
    def voices(self) -> tuple[Voice, ...]:
        return self.loaded.voices

    def forget(self, clip: str) -> None:
        raise AssertionError("this one imitates nobody")

    async def run(self) -> None:
        await asyncio.Event().wait()

    @asynccontextmanager
    async def speak(
        self,
        text: str,
        *,
        voice: str,
        language: str | None,
        speed: float,
        priority: Priority,
        lead_s: float = 0.0,
        admitted: bool = False,
    ) -> AsyncGenerator[AsyncIterator[Speech | Spoken]]:
        self.asked.append(Asked(text, voice, language, speed, priority, lead_s, admitted))
        self.at_work += 1
        try:
            yield self._stretches(text)
        finally:
            self.at_work -= 1

    async def _stretches(self, text: str) -> AsyncGenerator[Speech | Spoken]:
        at = 0
        for word in text.split():
            start = text.index(word, at)
            at = start + len(word)
            if self.gate is not None:
                await self.gate.wait()
            if word in self.fails:
                raise self.fails[word]
            self.given += 1
            yield Speech(tone(WORD_S), (WordTime(text=word, start=start, end=at, start_s=0.0, end_s=WORD_S),))
        yield Spoken(id=1, audio_s=1.0, work_s=0.1)

    async def hear(
        self, pcm: bytes, *, language: str | None, prompt: str | None, words: bool, priority: Priority
    ) -> Heard:
        self.asked.append(Asked(language=language, priority=priority, samples=len(pcm) // 2))
        self.at_work += 1
        try:
            if self.gate is not None:
                await self.gate.wait()
            if "hear" in self.fails:
                raise self.fails["hear"]
        finally:
            self.at_work -= 1
        seconds = len(pcm) // 32_000
        said = tuple(Word("word", second, second + 0.5, 0.9) for second in range(seconds))
        text = " ".join(word.text for word in said)
        return Heard(
            id=1,
            transcript=Transcript(text, language or "en", 0.9, seconds, said if words else ()),
            work_s=0.1,
        )

    @asynccontextmanager
    async def follow(
        self, pcm: bytes, *, language: str | None, prompt: str | None, words: bool, priority: Priority
    ) -> AsyncGenerator[AsyncIterator[Part | Heard]]:
        async def parts() -> AsyncGenerator[Part | Heard]:
            heard = await self.hear(pcm, language=language, prompt=prompt, words=words, priority=priority)
            yield Part(id=1, segment=Segment(heard.transcript.text, 0.0, 1.0, 0.9))
            yield heard

        yield parts()


class FakeLine:
    """A client that sends when it is told to, and reads everything unless it is `slow`."""

    def __init__(self, *, slow: bool = False) -> None:
        self.sent: list[Any] = []
        self.closed: tuple[Code, str] | None = None
        self._coming: asyncio.Queue[str | bytes | None] = asyncio.Queue()
        self._reads = asyncio.Event()
        if not slow:
            self._reads.set()

    def say(self, *messages: Mapping[str, object] | str | bytes) -> None:
        """Have the server receive these."""
        for message in messages:
            self._coming.put_nowait(message if isinstance(message, str | bytes) else json.dumps(message))

    def leave(self) -> None:
        """Be gone."""
        self._coming.put_nowait(None)

    def read_on(self) -> None:
        """Be slow no more."""
        self._reads.set()

    async def receive(self) -> str | bytes:
        if self.closed is not None:
            raise LineClosed
        message = await self._coming.get()
        if message is None:
            raise LineClosed
        return message

    async def send(self, message: str | bytes) -> None:
        await self._reads.wait()
        if self.closed is not None:
            raise LineClosed
        self.sent.append(json.loads(message) if isinstance(message, str) else message)

    async def close(self, code: Code, reason: str) -> None:
        self.closed = (code, reason)

    def frames(self, type: str) -> list[dict[str, Any]]:
        """The JSON frames of a type that came."""
        return [one for one in self.sent if isinstance(one, dict) and one.get("type") == type]

    def sound(self, context: str | None = None) -> bytes:
        """The sound that came: of one context, or all that no frame announced."""
        heard = b""
        for before, message in zip([None, *self.sent], self.sent, strict=False):
            if isinstance(message, bytes):
                of = before.get("context") if isinstance(before, dict) else None
                if of == context:
                    heard += message
        return heard

    async def until(self, *types: str, count: int = 1) -> None:
        """Wait until so many frames of these types have come."""
        await until(lambda: sum(len(self.frames(type)) for type in types) >= count)


async def until(condition: Callable[[], bool]) -> None:
    """Wait until it holds."""
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.001)


async def settled(times: int = 50) -> None:
    """Let all tasks get as far as they can."""
    for _ in range(times):
        await asyncio.sleep(0)


def codes(frames: Sequence[dict[str, Any]]) -> list[str]:
    """The codes of error frames."""
    return [frame["error"]["code"] for frame in frames]
