"""Twelve interviews in three languages, held without anybody speaking, and one of half an hour, to be reported on.

The study is `studies/remote-work.yaml`. The moderator, the log with its fold and its timers are the real ones, on a
clock that jumps (`ops.rehearse.interview`); participants say `report_answers.toml` with Kokoro's voices, and that sound
is in their recordings. Moderators have no voice here: their words are known anyway.
"""

from __future__ import annotations

import asyncio
import itertools
import tempfile
import tomllib
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from made import ROOT
from vivavoce.moderator.guard.chain import Chain
from vivavoce.ops.rehearse.interview import Act, Interview, Lose, Quiet, Say
from vivavoce.pipeline.codes import Code
from vivavoce.protocol.outline import WORDS_A_SECOND
from vivavoce.protocol.study import Study
from vivavoce.session.events import (
    ParticipantJoined,
    Payload,
    RecordingClosed,
    RecordingStarted,
    SessionScheduled,
    Utterance,
)
from vivavoce.speech.client import SpeechClient
from vivavoce.storage.open import Storage
from vivavoce.transport.recording import Recorder
from vivavoce.voice.wording import Prepared, RecognisedWord, Voice, WordingStore, prepare

STUDY = ROOT / "studies" / "remote-work.yaml"
ANSWERS = ROOT / "benchmarks" / "report_answers.toml"
VOICES = {
    "en": Voice("kokoro", "am_michael", "en"),
    "es": Voice("kokoro", "em_alex", "es"),
    "fr": Voice("kokoro", "ff_siwis", "fr"),
}
RATE = 48_000
PAUSE_S = 0.6
"""Between two stretches of one answer."""

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LANGUAGES = ("en", "en", "en", "en", "es", "es", "es", "es", "fr", "fr", "fr", "fr")


CODES = (
    Code(
        id="alone",
        name="Being alone",
        definition="Misses other people, or is not noticed, on a day at home.",
        examples=("I was alone for days", "me sentí muy sola", "je me suis sentie seule"),
    ),
    Code(
        id="costs",
        name="Own costs",
        definition="Pays for something that the employer would pay for in an office.",
        examples=("really expensive", "muy caras", "coûte cher"),
    ),
    Code(
        id="undisturbed",
        name="Undisturbed work",
        definition="Gets more done because nobody interrupts.",
        examples=("wonderfully quiet", "sin que nadie me interrumpiera", "sans être dérangée"),
    ),
)
"""The study's codes: without any there is no QDC, and nothing is coded."""


@dataclass
class Speaker:
    """A participant.

    Attributes:
        name: the pseudonym.
        language: spoken.
        answers: by the question's id; `more` are to be said where the moderator asks on.
        way: which of the answers to each question.
        long_s: seconds that an answer takes at least: other answers are said after the first one.
        gone: after so many answers: the line breaks for good, or nothing is said any more.
    """

    name: str
    language: str
    answers: dict[str, list[str]]
    way: int
    sounds: dict[str, Prepared]
    long_s: float = 0.0
    gone: tuple[int, Act] | None = None
    said: list[tuple[str, ...]] = field(default_factory=list[tuple[str, ...]])
    _asked: set[str] = field(default_factory=set[str])
    _more: Iterator[str] = field(default_factory=lambda: iter(()))

    def __post_init__(self) -> None:
        more = self.answers["more"]
        self._more = itertools.cycle([*more[self.way :], *more[: self.way]])

    def act(self, interview: Interview) -> Act:
        """What is said next."""
        if self.gone is not None and len(self.said) >= self.gone[0]:
            return self.gone[1]
        texts = [self._next(interview)]
        while self._length_s(texts) < self.long_s:
            texts.append(next(self._more))
        self.said.append(tuple(texts))
        return Say(" ".join(texts), self._length_s(texts))

    def sound(self, texts: Sequence[str]) -> bytes:
        """s16le mono at `RATE`."""
        return (b"\0\0" * round(PAUSE_S * RATE)).join(self.sounds[text].pcm for text in texts)

    def _length_s(self, texts: Sequence[str]) -> float:
        return sum(self.sounds[text].duration_s for text in texts) + PAUSE_S * (len(texts) - 1)

    def _next(self, interview: Interview) -> str:
        question = interview.state.progress.question
        if question is None or question.question_id in self._asked:
            return next(self._more)
        self._asked.add(question.question_id)
        ways = self.answers[question.question_id]
        return ways[(self.way + len(self._asked) * self.way // 2) % len(ways)]


def twelve(sounds: dict[str, dict[str, Prepared]]) -> list[Speaker]:
    """The participants: one whose line breaks, one who falls silent, ten who stay to the end."""
    answers = tomllib.loads(ANSWERS.read_text(encoding="utf-8"))
    gone = {3: (5, Lose(600.0)), 7: (9, Quiet(600.0))}
    return [
        Speaker(f"p-{n + 1:02}", language, answers[language], n % 4, sounds[language], gone=gone.get(n))
        for n, language in enumerate(LANGUAGES)
    ]


def half_an_hour(sounds: dict[str, dict[str, Prepared]], *, long_s: float) -> Speaker:
    """One who tells a lot."""
    answers = tomllib.loads(ANSWERS.read_text(encoding="utf-8"))["en"]
    every = [text for ways in answers.values() for text in ways]
    return Speaker("p-long", "en", {**answers, "more": every}, 0, sounds["en"], long_s=long_s)


async def spoken(client: SpeechClient, store: WordingStore) -> dict[str, dict[str, Prepared]]:
    """The sound of every answer, by language and text; what was made before is used again."""
    return {
        language: await sounds(client, store, [text for ways in answers.values() for text in ways], language)
        for language, answers in tomllib.loads(ANSWERS.read_text(encoding="utf-8")).items()
    }


async def sounds(
    client: SpeechClient, store: WordingStore, texts: Sequence[str], language: str
) -> dict[str, Prepared]:
    """The sound of these texts in the participants' voice."""

    async def synthesise(text: str, voice: Voice) -> AsyncIterator[tuple[bytes, int]]:
        async with client.speak(
            text, model=voice.engine, voice=voice.voice, language=voice.language, priority="batch"
        ) as sound:
            async for chunk in sound:
                yield chunk, sound.sample_rate

    async def recognise(pcm: bytes, language: str) -> Sequence[RecognisedWord]:
        return ()  # nobody asks when a participant says which word

    voice = VOICES[language]
    await prepare(store, texts, voice, synthesise=synthesise, recognise=recognise)
    return {text: one for text in texts if (one := store.get(text, voice)) is not None}


def unspoken() -> dict[str, dict[str, Prepared]]:
    """Silence as long as the answers, where no recordings are wanted."""
    answers = tomllib.loads(ANSWERS.read_text(encoding="utf-8"))
    return {
        language: {
            text: Prepared(b"\0\0" * round(RATE * len(text.split()) / WORDS_A_SECOND), ())
            for ways in of.values()
            for text in ways
        }
        for language, of in answers.items()
    }


async def hold(
    storage: Storage, study: Study, speaker: Speaker, session_id: str, *, at: datetime, recorded: bool = True
) -> float:
    """Hold an interview, and keep its log and, if it is `recorded`, its recording; returns its length in seconds."""
    interview = Interview(
        study,
        speaker.language,
        models=None,
        judges=Chain((), study.guard),
        act=speaker.act,
        cut=lambda _: None,
    )
    await interview.hold()
    assert interview.state.status.terminal, f"{speaker.name} never came to an end"
    utterances = [event.payload for event in interview.events if isinstance(event.payload, Utterance)]
    key = f"{session_id}/a.ogg"
    closed = None
    if recorded:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "a.ogg"
            closed = await record(path, key, speaker, utterances)
            await storage.recordings.keep(key, path)
    first, *others = interview.events
    assert isinstance(first.payload, SessionScheduled)
    begins = at - first.at
    scheduled = first.payload.model_copy(update={"participant_id": speaker.name})
    await storage.sessions.create(session_id, scheduled, at=at)
    lease = await storage.sessions.claim(session_id, holder="benchmark", ttl_s=600)
    for event in others:
        payloads: list[Payload] = [event.payload]
        if closed is not None and isinstance(event.payload, ParticipantJoined) and not event.payload.rejoined:
            payloads.append(RecordingStarted(key=key, sample_rate=RATE, channels=2, codec="opus"))
        if closed is not None and event is others[-1]:
            payloads.append(closed)
        await storage.sessions.append(lease, payloads, at=event.at + begins)
    await storage.sessions.release(lease)
    return interview.at_s


async def record(path: Path, key: str, speaker: Speaker, utterances: Sequence[Utterance]) -> RecordingClosed:
    """Write the participant's words where the log has them."""
    recorder = Recorder(path)
    step = RATE // 5
    for utterance, texts in zip(
        utterances, speaker.said, strict=False
    ):  # the last one may not have been heard out
        sound = speaker.sound(texts)
        for begin in range(0, len(sound), 2 * step):
            while recorder.waiting_s > 5:  # a disk needs no more
                await asyncio.sleep(0.005)
            recorder.participant(sound[begin : begin + 2 * step], utterance.start_s + begin / 2 / RATE)
    info = await recorder.close()
    return RecordingClosed(key=key, duration_s=info.duration_s, bytes=info.bytes, sha256=info.sha256)


def day(number: int) -> datetime:
    """When the interview of that number began: three a day."""
    return AT + timedelta(days=number // 3, hours=2 * (number % 3))
