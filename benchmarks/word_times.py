"""Measures how well the local engines know when each word is said.

    .venv/bin/python benchmarks/word_times.py > benchmarks/word_times.md        about two minutes

What is true is known where a word follows a silence: it begins where the sound does. So the voices say rows of words
with commas between them, words of voiced sounds, which begin at once and have no silence inside. Whisper's times of
ordinary sentences are a second, coarser witness (its steps are 20 ms), and what a caller would have without times, the
length of the whole shared out by letters, shows what they are worth.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import jiwer
import numpy as np
import soxr
from numpy.typing import NDArray

from made import made
from vivavoce.settings import load
from vivavoce.speech.engines import base
from vivavoce.speech.engines.base import RECOGNISER_RATE, Pcm, SpeechEngine, alone
from vivavoce.speech.engines.kokoro import Kokoro
from vivavoce.speech.engines.piper import Piper
from vivavoce.speech.engines.whisper import Whisper
from vivavoce.speech.messages import EngineOptions, WordTime
from vivavoce.speech.store import ModelStore

ROWS = (
    "Mango, minor, river, lemon, yellow, orange, money, valley, ocean, woman, loyal, jury.",
    "Early, around, maybe, never, really, always, area, likely, wider, leader, running, urban.",
    "Under, island, union, answer, early, image, evening, owner, anyone, idea, enemy, allow.",
    "Marina, noun, wedding, lion, liver, learner, ruler, major, journey, yawn, virgin, moral.",
)
SENTENCES = (
    "Thank you for joining me today, it is very good to have you here.",
    "I would like to hear about your colleagues, and about how you keep in touch with them.",
    "Could you tell me about a time when working from home was difficult for you and for your family?",
    "We moved the meeting to the morning because nobody in the team could think after lunch.",
    "There are no right or wrong answers, so please take all the time that you need.",
    "What would you change if you could change one thing about the way in which you work?",
    "In the end we decided to share the garden with our neighbours, who had more time than we did.",
    "She could have asked for help at any moment, but it never came to her mind that she might.",
)
VOICES = (
    ("piper", "en_US-joe-medium"),
    ("kokoro", "af_heart"),
    ("kokoro", "am_michael"),
    ("kokoro", "bf_emma"),
)

QUIET = 0.01
"""Of full scale: -40 dB. Below it nothing is heard."""
FRAME_S = 0.005
SILENCE_FRAMES = 12
"""What a pause has at least, 60 ms; a stop consonant holds the sound for less."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """A spoken text: samples of full scale 1 at `rate` Hz, and when its words are said."""

    sound: NDArray[np.float64]
    rate: int
    words: Sequence[WordTime]

    @property
    def length_s(self) -> float:
        """Seconds."""
        return len(self.sound) / self.rate


def spoken(engine: SpeechEngine, voice: str, texts: Sequence[str]) -> Iterator[Spoken]:
    """Some texts, each whole: a stretch may begin in the middle of a sound."""
    for text in texts:
        sounds: list[Pcm] = []
        words: list[WordTime] = []
        length_s = 0.0
        for stretch in base.spoken(engine, text, voice):
            sounds.append(stretch.pcm)
            words += [
                word.model_copy(update={"start_s": word.start_s + length_s, "end_s": word.end_s + length_s})
                for word in stretch.words
            ]
            length_s += len(stretch.pcm) / engine.sample_rate
        yield Spoken(np.concatenate(sounds) / 32768, engine.sample_rate, words)


def onsets(said: Spoken) -> list[float]:
    """Seconds at which the sound begins after a silence."""
    size = int(said.rate * FRAME_S)
    frames = np.abs(said.sound[: len(said.sound) // size * size]).reshape(-1, size).max(axis=1)
    found: list[float] = []
    # The start counts as the end of a silence.
    quiet = SILENCE_FRAMES
    for index, level in enumerate(frames):
        if level < QUIET:
            quiet += 1
            continue
        if quiet >= SILENCE_FRAMES:
            found.append(index * FRAME_S)
        quiet = 0
    return found


def errors(said: Sequence[Spoken]) -> list[float]:
    """For each onset, seconds by which the word that begins nearest is late; early ones are negative."""
    return [
        min((word.start_s - onset for word in one.words), key=abs)
        for one in said
        for onset in onsets(one)
        if one.words
    ]


def shared_by_letters(said: Spoken) -> list[float]:
    """When each word would begin if every letter took as long."""
    lengths = np.array([len(word.text) + 1 for word in said.words])
    return list((np.cumsum(lengths) - lengths) / lengths.sum() * said.length_s)


def against(whisper: Whisper, said: Sequence[Spoken]) -> tuple[list[float], list[float]]:
    """Seconds between Whisper's word starts and ours, and between Whisper's and those shared by letters."""
    ours: list[float] = []
    letters: list[float] = []
    for one in said:
        heard = alone(whisper, whisper.transcribe(heard_as(one), "en", None, True)).words
        bare = [[_bare(word.text) for word in words] for words in (one.words, heard)]
        aligned = jiwer.process_words(" ".join(bare[0]), " ".join(bare[1])).alignments[0]
        estimated = shared_by_letters(one)
        for chunk in aligned:
            if chunk.type == "equal":
                for mine, theirs in zip(
                    range(chunk.ref_start_idx, chunk.ref_end_idx),
                    range(chunk.hyp_start_idx, chunk.hyp_end_idx),
                    strict=True,
                ):
                    ours.append(one.words[mine].start_s - heard[theirs].start_s)
                    letters.append(estimated[mine] - heard[theirs].start_s)
    return ours, letters


def _bare(word: str) -> str:
    return "".join(letter for letter in word.lower() if letter.isalnum()) or "-"


def heard_as(said: Spoken) -> Pcm:
    """The sound as the recogniser takes it."""
    return np.asarray(soxr.resample(said.sound, said.rate, RECOGNISER_RATE) * 32767).astype(np.int16)


def figures(seconds: Sequence[float]) -> str:
    """How many, the middle, and how far off they are: three cells in milliseconds."""
    found = np.array(seconds) * 1000
    middle, off, most = np.median(found), np.median(np.abs(found)), np.percentile(np.abs(found), 95)
    return f"{len(found)} | {middle:+.0f} | {off:.0f} | {most:.0f}"


def main() -> None:
    """Print the tables."""
    introduction = INTRODUCTION.format(
        made=made("python benchmarks/word_times.py", "onnxruntime", "piper-tts", "misaki", "faster-whisper")
    )
    models = ModelStore(load().models_dir)

    def options(model: str) -> EngineOptions:
        return EngineOptions(folders=(Path(models.path(model)),))

    engines: dict[str, SpeechEngine] = {
        "piper": Piper(options("piper-en_US-joe-medium")),
        "kokoro": Kokoro(options("kokoro-82m-int8")),
    }
    whisper = Whisper(options("whisper-base"))
    print(introduction)
    print("| voice | words after a silence | median, ms | median of the error, ms | 95 % within, ms |")
    print("|---|---|---|---|---|")
    for engine, voice in VOICES:
        found = errors(list(spoken(engines[engine], voice, ROWS)))
        print(f"| {engine} {voice} | {figures(found)} |")
    print("\nThe words of whole sentences, against Whisper's times:\n")
    print("| voice | times from | words | median, ms | median of the difference, ms | 95 % within, ms |")
    print("|---|---|---|---|---|---|")
    for engine, voice in VOICES:
        ours, letters = against(whisper, list(spoken(engines[engine], voice, SENTENCES)))
        print(f"| {engine} {voice} | the model | {figures(ours)} |")
        print(f"| {engine} {voice} | letters | {figures(letters)} |")


INTRODUCTION = """# When words are said

{made}

When a word begins, by the engine, less when it is heard to begin; negative is early.
"""

if __name__ == "__main__":
    main()
