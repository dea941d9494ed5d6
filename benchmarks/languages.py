"""Measures how surely the recogniser tells a study's languages apart: is another one offered where it should be?

    .venv/bin/python benchmarks/languages.py > benchmarks/languages.md

Sentences are spoken by Kokoro's voices (English, Spanish, French; there are no recordings of people in the last two),
and English ones by people (`tests/data/speech/real_libri_*`). Each is heard whole and cut to its first 1 and 2 s, in a
session whose language is each of the three in turn.
"""

from __future__ import annotations

import wave
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soxr
from numpy.typing import NDArray

from made import made
from vivavoce.settings import load
from vivavoce.speech.engines import base
from vivavoce.speech.engines.base import alone
from vivavoce.speech.engines.kokoro import Kokoro
from vivavoce.speech.engines.whisper import Whisper
from vivavoce.speech.messages import EngineOptions
from vivavoce.speech.store import ModelStore

LANGUAGES = ("en", "es", "fr")
VOICES = {"en": ("af_heart", "am_michael", "bf_emma"), "es": ("ef_dora", "em_alex"), "fr": ("ff_siwis",)}
SENTENCES = {
    "en": ("I work from home three days a week and two in the office.", "I am a nurse in a small hospital.",
           "My sister came with me, as she does every Saturday."),
    "es": ("Trabajo tres días a la semana desde casa y dos en la oficina.", "Soy profesora en un colegio de primaria.",
           "Mi hermana vino conmigo, como todos los sábados."),
    "fr": ("Je travaille à la maison trois jours par semaine.", "Je suis infirmière dans un hôpital de Lyon.",
           "Ma sœur est venue avec moi, comme tous les samedis."),
}  # fmt: skip
SHORT = {"en": ("Yes.", "No, thank you."), "es": ("Sí.", "No, gracias."), "fr": ("Oui.", "Non merci, ça va.")}
SPEECH = Path(__file__).parents[1] / "tests" / "data" / "speech"
RATE = 16_000

Sound = NDArray[np.int16]


def spoken(kokoro: Kokoro) -> Iterator[tuple[str, str, Sound]]:
    """(kind, language, sound) of everything that is said."""
    for language, voices in VOICES.items():
        for voice in voices:
            for kind, texts in (("sentence", SENTENCES[language]), ("a word or two", SHORT[language])):
                for text in texts:
                    pcm = np.concatenate([each.pcm for each in base.spoken(kokoro, text, voice, language)])
                    sound = soxr.resample(pcm.astype(np.float32), kokoro.sample_rate, RATE).astype(np.int16)
                    yield kind, language, sound
    for file in sorted(SPEECH.glob("real_libri_*.wav")):
        with wave.open(str(file)) as wav:
            yield "sentence, a person's", "en", np.frombuffer(wav.readframes(wav.getnframes()), np.int16)


def cuts(kind: str, sound: Sound) -> Iterator[tuple[str, Sound]]:
    """The sound whole, and sentences cut short."""
    yield kind, sound
    for seconds in (1, 2) if kind != "a word or two" else ():
        if len(sound) > seconds * RATE * 1.1:
            yield f"{kind}, its first {seconds} s", sound[: seconds * RATE]


def main() -> None:
    """Print the table."""
    began = made("benchmarks/languages.py", "onnxruntime")
    settings = load()
    store = ModelStore(settings.models_dir)
    whisper = Whisper(EngineOptions(folders=(store.path("whisper-base"),)))
    kokoro = Kokoro(EngineOptions(folders=(store.path("kokoro-82m-int8"),)))
    own: Counter[tuple[str, str]] = Counter()
    taken: Counter[tuple[str, str]] = Counter()
    false: Counter[tuple[str, str]] = Counter()
    for kind, language, whole in spoken(kokoro):
        for name, sound in cuts(kind, whole):
            own[name, language] += 1
            for expected in LANGUAGES:
                among = (expected, *(other for other in LANGUAGES if other != expected))
                found = alone(whisper, whisper.transcribe(sound, ",".join(among), None, words=False)).language
                if expected != language:
                    taken[name, language] += found == language
                    false[name, language] += found not in (language, expected)
                else:
                    false[name, language] += found != language
    print("# Telling languages apart\n")
    print(began)
    print("\nWhisper base; the session's language is expected, and two others are listened for.\n")
    print("| sound | language | sounds | taken for its own in a session of another | taken for a wrong one |")
    print("|---|---|---|---|---|")
    for (name, language), count in sorted(own.items()):
        print(
            f"| {name} | {language} | {count} | {taken[name, language]} of {2 * count} "
            f"| {false[name, language]} of {3 * count} |"
        )


if __name__ == "__main__":
    main()
