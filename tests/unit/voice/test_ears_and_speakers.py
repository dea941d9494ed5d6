"""What one session's ears and speakers do when one of them fails: who is asked, with what, and what comes out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from vivavoce.breaker import Breaker
from vivavoce.session.usage import Use, unmetered
from vivavoce.settings.voice import SPEECH
from vivavoce.speech.client import (
    SpeechBusy,
    SpeechDropped,
    SpeechError,
    SpeechRejected,
    SpeechUnavailable,
    Transcript,
)
from vivavoce.voice.ears import Ear, Ears
from vivavoce.voice.failover import RULES, Link, Switch
from vivavoce.voice.speakers import Speaker, Speakers
from vivavoce.voice.wording import SAMPLE_RATE

PCM = bytes(32_000)
AWAY = SpeechUnavailable("Away.", next_step="")
BUSY = SpeechBusy("Busy.", next_step="", retry_after_s=1.0)
UNKNOWN = SpeechRejected("Unknown.", next_step="", reason="language", param=None)


@dataclass
class ScriptedEar:
    """An ear that hears what it is told, or fails."""

    text: str
    fails: SpeechError | float | None = None
    asked: list[tuple[str, Any, str | None]] = field(default_factory=list[tuple[str, Any, str | None]])

    async def transcribe(
        self,
        pcm: bytes,
        *,
        sample_rate: int = 16000,
        language: Any = None,
        priority: Any = "live",
        model: str | None = None,
    ) -> Transcript:
        self.asked.append((priority, language, model))
        if isinstance(self.fails, int | float):
            await asyncio.sleep(self.fails)
        elif self.fails is not None:
            raise self.fails
        return Transcript(self.text, "en", 0.9, 1.0)


@dataclass
class Hearing:
    main: ScriptedEar = field(default_factory=lambda: ScriptedEar("main"))
    spare: ScriptedEar = field(default_factory=lambda: ScriptedEar("spare"))
    switches: list[Switch] = field(default_factory=list[Switch])

    def __post_init__(self) -> None:
        parts: dict[str, Ear] = {"main": self.main, "spare": self.spare}
        links: list[Link[Ear]] = [Link(name, part, Breaker(RULES)) for name, part in parts.items()]
        self.links = links
        loop = asyncio.get_running_loop()
        self.ears = Ears(
            lambda language: links[::-1] if language == "ja" else links,
            now=loop.time,
            switch_s=0.1,
            switched=self.switches.append,
        )

    async def hear(self, language: Any = "en", priority: Any = "live") -> str:
        return (await self.ears.transcribe(PCM, language=language, priority=priority, model="whisper")).text


@pytest.mark.parametrize("fails", [AWAY, BUSY, UNKNOWN, 5.0])
async def test_what_one_cannot_hear_another_is_given(fails: SpeechError | float) -> None:
    hearing = Hearing()
    hearing.main.fails = fails
    assert await hearing.hear() == "spare"
    assert [(switch.before, switch.after) for switch in hearing.switches] == [("main", "spare")]
    assert hearing.spare.asked == [("live", "en", "whisper")]


async def test_a_refused_language_is_no_fault_of_the_ear() -> None:
    hearing = Hearing()
    hearing.main.fails = UNKNOWN
    for _ in range(RULES.failures + 1):
        await hearing.hear()
    assert len(hearing.main.asked) == RULES.failures + 1, "it is asked every time"


async def test_captions_are_asked_of_whoever_hears_and_fail_nobody() -> None:
    hearing = Hearing()
    hearing.main.fails = SpeechDropped("Late.", next_step="")
    for _ in range(RULES.failures):
        with pytest.raises(SpeechDropped):
            await hearing.hear(priority="partial")
    assert hearing.spare.asked == [] and hearing.switches == []
    hearing.main.fails = AWAY
    assert await hearing.hear() == "spare"
    assert await hearing.hear(priority="partial") == "spare"


async def test_a_language_may_be_heard_by_another_first_and_the_likeliest_decides() -> None:
    hearing = Hearing()
    assert await hearing.hear(["ja", "en"]) == "spare"
    assert await hearing.hear(["en", "ja"]) == "main"
    assert hearing.switches == []


async def test_where_nobody_hears_the_last_failure_is_told_and_all_are_asked_again_next_time() -> None:
    hearing = Hearing()
    hearing.main.fails = hearing.spare.fails = AWAY
    for _ in range(RULES.failures + 2):
        with pytest.raises(SpeechUnavailable):
            await hearing.hear()
    assert len(hearing.main.asked) == len(hearing.spare.asked) == RULES.failures + 2
    hearing.spare.fails = None
    assert await hearing.hear() == "spare"


class TestWhoWasSentHowMuch:
    """Sound is counted for whoever was given it, as they count it."""

    @staticmethod
    async def hear(hearing: Hearing, priority: Any = "live") -> dict[str, float]:
        sent: dict[str, float] = {}

        def note(name: str, seconds: float) -> None:
            sent[name] = sent.get(name, 0.0) + seconds

        await hearing.ears.transcribe(
            PCM[:16_000], language="en", priority=priority, model="whisper", sent=note
        )
        return sent

    @pytest.mark.parametrize("fails", [AWAY, BUSY, UNKNOWN])
    async def test_who_did_not_take_it_is_owed_nothing(self, fails: SpeechError) -> None:
        hearing = Hearing()
        hearing.main.fails = fails
        assert await self.hear(hearing) == {"main": 0.0, "spare": 1.0}
        hearing.main.fails = None
        assert await self.hear(hearing) == {"main": 1.0}

    async def test_who_was_too_slow_took_it(self) -> None:
        hearing = Hearing()
        hearing.main.fails = 5.0
        assert await self.hear(hearing) == {"main": 0.5, "spare": 1.0}

    async def test_captions_are_paid_for_too(self) -> None:
        hearing = Hearing()
        assert await self.hear(hearing, "partial") == {"main": 1.0}

    async def test_the_speech_server_is_paid_by_its_model(self) -> None:
        hearing = Hearing()
        hearing.links[0] = Link(SPEECH, hearing.main, Breaker(RULES))
        assert await self.hear(hearing) == {"whisper": 1.0}


@dataclass(frozen=True)
class Pieces:
    pieces: tuple[bytes, ...]
    fails: SpeechError | float | None
    sample_rate: int

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            yield piece
        if isinstance(self.fails, int | float):
            await asyncio.sleep(self.fails)
        elif self.fails is not None:
            raise self.fails


@dataclass
class ScriptedSpeaker:
    """A speaker that makes so much sound, and then ends or fails."""

    pieces: tuple[bytes, ...]
    fails: SpeechError | float | None = None
    sample_rate: int = SAMPLE_RATE
    said: list[str] = field(default_factory=list[str])
    left: int = 0

    @asynccontextmanager
    async def speak(
        self, text: str, *, model: str, voice: str, language: str | None = None, speed: float = 1.0
    ) -> AsyncGenerator[Pieces]:
        self.said.append(text)
        try:
            yield Pieces(self.pieces, self.fails, self.sample_rate)
        finally:
            self.left += 1


async def say(*speakers: Speaker, uses: list[Use] | None = None) -> tuple[bytes, list[Switch], float]:
    switches: list[Switch] = []
    links = [Link(f"s{number}", speaker, Breaker(RULES)) for number, speaker in enumerate(speakers)]
    loop = asyncio.get_running_loop()
    voices = Speakers(
        links,
        now=loop.time,
        switch_s=0.1,
        switched=switches.append,
        used=unmetered if uses is None else uses.append,
    )
    async with voices.speak("One two.", model="kokoro", voice="af_heart", language="en") as sound:
        assert sound.sample_rate == SAMPLE_RATE
        return b"".join([piece async for piece in sound]), switches, sound.begins_s


@pytest.mark.parametrize("fails", [AWAY, BUSY, UNKNOWN, 5.0])
@pytest.mark.parametrize("pieces", [(), (b"\1\0" * 480,)])
async def test_a_sentence_that_fails_is_said_again_whole_by_another(
    fails: SpeechError | float, pieces: tuple[bytes, ...]
) -> None:
    main, spare = ScriptedSpeaker(pieces, fails), ScriptedSpeaker((b"\2\0" * 480, b"\3\0" * 480))
    uses: list[Use] = []
    sound, switches, begins_s = await say(main, spare, uses=uses)
    assert sound == b"".join(pieces) + b"\2\0" * 480 + b"\3\0" * 480
    assert (main.said, spare.said, main.left, spare.left) == (["One two."], ["One two."], 1, 1)
    spent = [Use("tts", "s0", characters=8, seconds=0.01, counted_by="us")] if pieces else []
    assert uses == [*spent, Use("tts", "s1", characters=8, seconds=0.02, counted_by="us")]
    assert begins_s == (0.01 if pieces else 0.0), "where the text began for the last time"
    assert [(switch.before, switch.after) for switch in switches] == [("s0", "s1")]


async def test_a_speaker_without_any_sound_has_failed() -> None:
    silent, spare = ScriptedSpeaker(()), ScriptedSpeaker((b"\2\0" * 480,))
    assert (await say(silent, spare))[0] == b"\2\0" * 480
    with pytest.raises(SpeechUnavailable, match="no sound at all"):
        await say(ScriptedSpeaker(()))


async def test_sound_at_another_rate_is_brought_to_the_one_that_is_played() -> None:
    sound, _, _ = await say(ScriptedSpeaker((bytes(4800), bytes(4800)), sample_rate=24_000))
    assert len(sound) == pytest.approx(2 * 9600, abs=200)
    assert len(sound) % 2 == 0


async def test_the_last_one_is_waited_for() -> None:
    sound, switches, _ = await say(ScriptedSpeaker((b"\1\0" * 480,), 0.3))
    assert sound == b"\1\0" * 480 and switches == []


async def test_the_speech_servers_voice_is_paid_by_its_engine_and_what_was_left_as_far_as_it_came() -> None:
    uses: list[Use] = []
    link: Link[Speaker] = Link(SPEECH, ScriptedSpeaker((b"\1\0" * 480,) * 3), Breaker(RULES))
    loop = asyncio.get_running_loop()
    voices = Speakers([link], now=loop.time, switch_s=0.1, switched=lambda switch: None, used=uses.append)
    async with voices.speak("One two.", model="kokoro", voice="af_heart") as sound:
        await anext(aiter(sound))
    assert uses == [Use("tts", "kokoro", characters=8, seconds=0.01, counted_by="us")]
