"""What was heard of a text, by its words' times; and when another voice said it again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from livekit.agents.types import USERDATA_TIMED_TRANSCRIPT, TimedString

from vivavoce.agent.speech import SpokenText
from vivavoce.breaker import Breaker
from vivavoce.speech.client import SpeechUnavailable
from vivavoce.voice.failover import RULES, Link
from vivavoce.voice.speakers import Speaker, Speakers
from vivavoce.voice.tts import ServerTTS, again
from vivavoce.voice.wording import SAMPLE_RATE, Voice, WordingStore

WORDS = ("One", "two", "three.", "Four", "five.")


async def spoken(*texts: TimedString) -> SpokenText:
    text = SpokenText()
    for each in texts:
        await text.capture_text(each)
    return text


def word(text: str, start_s: float) -> TimedString:
    return TimedString(f"{text} ", start_time=start_s, end_time=start_s + 1.0)


async def test_words_are_heard_one_by_one() -> None:
    text = await spoken(*(word(each, float(at)) for at, each in enumerate(WORDS)))
    assert [text.heard(at) for at in (0.4, 0.6, 2.6, 9.0)] == ["", "One", "One two three.", " ".join(WORDS)]
    assert text.caption(0.5) == "One two three."


async def test_what_is_said_again_is_heard_once_and_the_rest_when_it_is_said() -> None:
    # The first sentence was said; the voice of the second broke off at 4.6 s, and the other one began there.
    before = [word(each, float(at)) for at, each in enumerate(WORDS)]
    text = await spoken(*before, again(3.0, 3.6), word("Six.", 5.6))
    assert text.whole() == "One two three. Four five. Six."
    assert text.heard(3.7) == "One two three. Four", "that much was heard the first time"
    assert text.heard(4.7) == "One two three. Four"
    assert text.heard(5.2) == "One two three. Four five.", "the rest when the other voice comes to it"
    assert text.caption(4.0) == "One two three. Four five."
    assert text.heard(6.2) == text.whole()


@dataclass(frozen=True)
class Tone:
    """So many seconds of sound, which may break off."""

    seconds: float
    breaks: bool
    sample_rate: int = SAMPLE_RATE

    async def __aiter__(self) -> AsyncGenerator[bytes]:
        for _ in range(round(self.seconds * 10)):
            yield bytes(SAMPLE_RATE // 10 * 2)
        if self.breaks:
            raise SpeechUnavailable("It broke off.", next_step="")


@dataclass(frozen=True)
class TonalSpeaker:
    tone: Tone

    @asynccontextmanager
    async def speak(
        self, text: str, *, model: str, voice: str, language: str | None = None, speed: float = 1.0
    ) -> AsyncGenerator[Tone]:
        yield self.tone


async def test_a_voice_that_breaks_off_leaves_the_words_at_the_time_of_their_sound(tmp_path: Path) -> None:
    broken, whole = TonalSpeaker(Tone(1.0, breaks=True)), TonalSpeaker(Tone(2.0, breaks=False))
    parts: dict[str, Speaker] = {"broken": broken, "whole": whole}
    loop = asyncio.get_running_loop()
    speakers = Speakers(
        [Link(name, part, Breaker(RULES)) for name, part in parts.items()],
        now=loop.time,
        switch_s=5,
        switched=lambda switch: None,
    )
    voice = ServerTTS(speakers, WordingStore(tmp_path), Voice("kokoro", "af_heart", "en"))
    text, seconds = SpokenText(), 0.0
    first, second = "We spoke of your daily walking.", "What was it like, then?"
    async with voice.stream() as stream:
        stream.push_text(f"{first} {second} ")
        stream.end_input()
        async for said in stream:
            seconds += said.frame.duration
            for each in said.frame.userdata.get(USERDATA_TIMED_TRANSCRIPT, []):
                await text.capture_text(each)
    assert round(seconds, 2) == 2 * (1.0 + 2.0), "each was begun by one and said by the other"
    assert text.whole() == f"{first} {second}"
    begun = text.heard(1.0)
    assert first.startswith(begun) and 0 < len(begun) < len(first)
    assert text.heard(1.2) == begun, "what is said again is not heard further"
    assert text.heard(3.0) == first, "the next sentence begins where the sound of this one ends"
    assert text.heard(4.0) == text.heard(4.2) == f"{first} What was it like,", "and breaks off as well"
    assert text.heard(6.0) == text.whole()


class Restarted:
    """The only voice: it breaks off, is away for a while, breaks off once more, and is well."""

    def __init__(self) -> None:
        self.tones = [Tone(1.0, breaks=True), None, None, Tone(0.5, breaks=True), Tone(2.0, breaks=False)]

    @asynccontextmanager
    async def speak(
        self, text: str, *, model: str, voice: str, language: str | None = None, speed: float = 1.0
    ) -> AsyncGenerator[Tone]:
        tone = self.tones.pop(0) if self.tones else Tone(2.0, breaks=False)
        if tone is None:
            raise SpeechUnavailable("It is away.", next_step="")
        yield tone


async def test_a_voice_that_is_alone_and_away_is_waited_for_and_says_the_sentence_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vivavoce.voice.tts.RETRY_AFTER_S", (0.01,) * 5)
    speakers = Speakers(
        [Link("restarted", Restarted(), Breaker(RULES))],
        now=asyncio.get_running_loop().time,
        switch_s=5,
        switched=lambda switch: None,
    )
    voice = ServerTTS(speakers, WordingStore(tmp_path), Voice("kokoro", "af_heart", "en"))
    errors: list[object] = []
    voice.on("error", errors.append)
    text, seconds = SpokenText(), 0.0
    async with voice.stream() as stream:
        stream.push_text("We spoke of your daily walking. ")
        stream.end_input()
        async for said in stream:
            seconds += said.frame.duration
            for each in said.frame.userdata.get(USERDATA_TIMED_TRANSCRIPT, []):
                await text.capture_text(each)
    assert errors == [], "for the framework the voice is well: an error would end the session"
    assert round(seconds, 2) == 1.0 + 0.5 + 2.0
    assert text.whole() == "We spoke of your daily walking."
    begun = text.heard(1.0)
    assert text.whole().startswith(begun) and 0 < len(begun) < len(text.whole())
    assert text.heard(1.4) == begun, "what is said again is not heard further"
    assert text.heard(3.5) == text.whole()
