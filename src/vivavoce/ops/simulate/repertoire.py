"""Making the sound of what a participant says, before any call begins: from a voice, or from recordings."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

from vivavoce.errors import VivavoceError
from vivavoce.ops.simulate.answers import BANKS, PAUSE, PAUSE_S
from vivavoce.ops.simulate.participant import Length, Repertoire
from vivavoce.ops.simulate.sound import Clip, clip, read_wav
from vivavoce.speech.client import SpeechClient
from vivavoce.voice.wording import SAMPLE_RATE, RecognisedWord, Voice, WordingStore, prepare

VOICES = {"en": ("am_michael", "bf_emma"), "es": ("em_alex", "ef_dora"), "fr": ("ff_siwis",)}
"""Kokoro's voices for participants, by preference: one that the moderator does not have is taken."""

SHORT_S, MEDIUM_S = 2.5, 6.0
"""Recordings up to these many seconds are short and medium answers."""

INTERRUPTION_PREFIX = "interrupt"
"""Recordings whose names begin so are said to interrupt, and are no answers."""


class NoAnswers(VivavoceError):
    """A simulated participant has nothing to say."""

    code = "simulate_no_answers"


def choose_voice(language: str, *, moderator: str) -> Voice:
    """A participant's voice in a language, another than the moderator's where there is one.

    Raises:
        NoAnswers: there are no built-in answers in it.
    """
    base = language.split("-")[0].lower()
    if base not in BANKS:
        raise NoAnswers(
            f"There are no built-in answers in {language!r}; there are in {', '.join(BANKS)}.",
            next_step="Record some and give their folder with --answers, or choose another --language.",
        )
    voices = VOICES[base]
    return Voice("kokoro", next((voice for voice in voices if voice != moderator), voices[0]), base)


async def spoken(
    voice: Voice,
    *,
    client: SpeechClient,
    store: WordingStore,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> Repertoire:
    """The built-in answers in a voice. What was synthesised once is kept in `store`.

    Raises:
        WordingFailed, SpeechUnavailable, SpeechRejected: a sound could not be made.
    """

    async def synthesise(text: str, voice: Voice) -> AsyncIterator[tuple[bytes, int]]:
        async with client.speak(
            text,
            model=voice.engine,
            voice=voice.voice,
            language=voice.language,
            speed=voice.speed,
            priority="batch",
        ) as sound:
            async for chunk in sound:
                yield chunk, sound.sample_rate

    async def recognise(pcm: bytes, language: str) -> Sequence[RecognisedWord]:
        return ()  # nobody asks when a participant says which word

    bank = BANKS[voice.language]
    await prepare(
        store, bank.texts(), voice, synthesise=synthesise, recognise=recognise, on_progress=on_progress
    )
    return _repertoire(voice, store)


def kept(voice: Voice, *, store: WordingStore) -> Repertoire | None:
    """The built-in answers in a voice, if every one has been synthesised before."""
    if all(store.has(text, voice) for text in BANKS[voice.language].texts()):
        return _repertoire(voice, store)
    return None


def recorded(folder: Path) -> Repertoire:
    """Answers from wav files; their lengths are those of the recordings.

    Raises:
        NoAnswers: there is no wav file.
        BadClip: one cannot be used.
    """
    files = sorted(folder.glob("*.wav"))
    clips = {file: read_wav(file) for file in files}
    interruptions = [sound for file, sound in clips.items() if file.stem.startswith(INTERRUPTION_PREFIX)]
    answers = [sound for file, sound in clips.items() if not file.stem.startswith(INTERRUPTION_PREFIX)]
    if not answers:
        raise NoAnswers(
            f"There are no answers (*.wav) in {folder}.", next_step="Check the path given to --answers."
        )
    by_length: dict[Length, tuple[Clip, ...]] = {
        "short": tuple(sound for sound in answers if sound.duration_s <= SHORT_S),
        "medium": tuple(sound for sound in answers if SHORT_S < sound.duration_s <= MEDIUM_S),
        "long": tuple(sound for sound in answers if sound.duration_s > MEDIUM_S),
    }
    shortest = min(answers, key=lambda sound: sound.duration_s)
    return Repertoire(by_length, tuple(interruptions) or (shortest,))


def _repertoire(voice: Voice, store: WordingStore) -> Repertoire:
    bank = BANKS[voice.language]
    answers: dict[Length, tuple[Clip, ...]] = {
        "short": tuple(_clip(text, voice, store) for text in bank.short),
        "medium": tuple(_clip(text, voice, store) for text in bank.medium),
        "long": tuple(_clip(text, voice, store) for text in bank.long),
    }
    return Repertoire(answers, tuple(_clip(text, voice, store) for text in bank.interruptions))


def _clip(text: str, voice: Voice, store: WordingStore) -> Clip:
    whole: Clip | None = None
    for part in text.split(PAUSE):
        prepared = store.get(part.strip(), voice)
        assert prepared is not None, "every text of the bank is prepared before"
        sound = clip(prepared.pcm, rate=SAMPLE_RATE, text=part.strip())
        whole = sound if whole is None else whole.then(sound, pause_s=PAUSE_S)
    assert whole is not None
    return whole
