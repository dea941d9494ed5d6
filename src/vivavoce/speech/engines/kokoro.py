"""Kokoro-82M (Apache-2.0), int8, by ONNX Runtime: natural voices, at about half of real time on two cores."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from spacy.language import Language

from vivavoce.speech.engines import french_g2p
from vivavoce.speech.engines.base import Halt, Pcm, Stretch
from vivavoce.speech.engines.durations import word_times
from vivavoce.speech.engines.english_g2p import EnglishG2P, load_tagger
from vivavoce.speech.engines.french_g2p import french
from vivavoce.speech.engines.int8 import has_vnni, with_signed_activations
from vivavoce.speech.engines.onnx_file import output
from vivavoce.speech.engines.onnx_model import OnnxModel
from vivavoce.speech.engines.phonemes import G2P, Sound
from vivavoce.speech.engines.spanish_g2p import spanish
from vivavoce.speech.engines.spelling import SpellingModel
from vivavoce.speech.engines.text import Pause, Piece, pieces
from vivavoce.speech.errors import SpeechRejected
from vivavoce.speech.messages import EngineOptions, Voice
from vivavoce.speech.saying import tokens

MODEL = "kokoro-82m-int8"
SAMPLE_RATE = 24_000

PHONEMES_MOST = 510
"""What the model takes at once: its 512 positions less the two that mark the ends."""

_DURATIONS: Final = "/encoder/Clip_output_0"
_FRAME: Final = 600
"""The tensor with each phoneme's frames, the two ends' included, and a frame's samples."""

_EARLY: Final = 2
"""Frames, at the voice's own speed, by which a word is heard before the model's count says so: the median of
benchmarks/word_times.py. Kokoro's own `KPipeline.join_timestamps` takes three off the silence at the start, and half of
each space off the word after it: https://github.com/hexgrad/kokoro/blob/main/kokoro/pipeline.py."""

_LANGUAGES: Final = {"a": "en-US", "b": "en-GB", "e": "es", "f": "fr"}
"""By the first letter of a voice's name. Its Hindi, Italian, Japanese, Portuguese and Chinese voices are left out:
there is no pronunciation for them here."""

_GENDERS: Final[dict[str, Literal["female", "male"]]] = {"f": "female", "m": "male"}

_PAUSE_S: Final[dict[Pause, float]] = {"sentence": 0.32, "clause": 0.12, "phrase": 0.03, "none": 0.08}
"""Silence kept or put after a piece. A speaker's pause between sentences is 0.3 to 0.5 s."""

_LEAD_S = 0.02
_QUIET = 0.004
"""Full scale is 1; below this (-48 dB) a sample counts as silence. The model's own silence is below -60 dB."""


@dataclass(frozen=True, slots=True)
class _KokoroVoice:
    voice: Voice
    style: NDArray[np.float32]
    """Shape (510, 256): the row is chosen by the number of phonemes."""


class Kokoro:
    """The engine."""

    model = MODEL
    sample_rate = SAMPLE_RATE
    lanes = 1

    def __init__(self, options: EngineOptions) -> None:
        folder = options.folders[0]
        model = (folder / "model.onnx").read_bytes() + output(_DURATIONS)
        self._model = OnnxModel(
            with_signed_activations(model) if has_vnni() else model, threads=options.threads
        )
        vocabulary = json.loads((folder / "vocab.json").read_text(encoding="utf-8"))
        self._ids: dict[str, int] = vocabulary["vocab"]
        self._voices = {voice.voice.id: voice for voice in _load_voices(folder / "voices")}
        self._pronunciation = Pronunciation()

    def voices(self) -> Sequence[Voice]:
        """The voices in whose language a text can be turned into phonemes here."""
        return [voice.voice for voice in self._voices.values()]

    def warm_up(self) -> None:
        """Speak a sentence of American English, the default. Other languages are loaded when they are first spoken."""
        voice = next(v for v in self._voices.values() if v.voice.language == "en-US")
        for _ in self.synthesize("Good morning, how are you?", voice.voice.id, None, 1.0, Halt()):
            pass

    def synthesize(
        self, text: str, voice: str, language: str | None, speed: float, halt: Halt
    ) -> Iterator[Stretch]:
        """See `SpeechEngine.synthesize`."""
        chosen = self._voice(voice, language)
        spoken = chosen.voice.language
        said = False
        for piece in pieces(tokens(text, spoken), spoken):
            for part, sounds in self._parts(piece, spoken):
                if any(sound.at is not None for sound in sounds):
                    said = True
                    yield self._say(part, sounds, chosen.style, speed, halt)
        if not said:
            raise SpeechRejected(
                "There is nothing in this text that can be spoken.",
                next_step=f"Send words in {spoken}.",
                reason="text_unspeakable",
                param="input",
            )

    def _voice(self, voice: str, language: str | None) -> _KokoroVoice:
        chosen = self._voices.get(voice)
        if chosen is None:
            raise SpeechRejected(
                f"Kokoro has no voice {voice!r}.",
                next_step="GET /v1/audio/voices lists them.",
                reason="voice_unknown",
                param="voice",
            )
        spoken = chosen.voice.language.split("-")[0]
        if language is not None and language != spoken:
            raise SpeechRejected(
                f"The voice {voice!r} speaks {spoken}, not {language!r}.",
                next_step="Choose a voice of that language: GET /v1/audio/voices lists them.",
                reason="voice_language",
                param="language",
            )
        return chosen

    def _parts(self, piece: Piece, language: str) -> Iterator[tuple[Piece, list[Sound]]]:
        """A piece in parts that the model can take, with a sound for each phoneme that it knows."""
        sounds = [
            Sound(phoneme, None if self._ids[phoneme] <= _LAST_MARK else sound.at)
            for sound in self._pronunciation.of(piece.text, language)
            for phoneme in sound.phonemes
            if phoneme in self._ids
        ]
        if len(sounds) <= PHONEMES_MOST:
            yield piece, sounds
            return
        middle = len(piece.text) // 2
        space = piece.text.rfind(" ", 0, middle)
        for part in piece.parted(space + 1 or middle):
            yield from self._parts(part, language)

    def _say(
        self, piece: Piece, sounds: Sequence[Sound], style: NDArray[np.float32], speed: float, halt: Halt
    ) -> Stretch:
        inputs = {
            "tokens": np.array([[0, *(self._ids[sound.phonemes] for sound in sounds), 0]], np.int64),
            "style": style[len(sounds) - 1][None],
            "speed": np.array([speed], np.float32),
        }
        sound, durations = self._model.run(inputs, halt)
        cut, pcm = trimmed(sound.reshape(-1), lead_s=_LEAD_S, tail_s=_PAUSE_S[piece.pause])
        frames = np.cumsum(durations.reshape(-1), dtype=np.float64) - _EARLY / speed
        ends_s = (frames * _FRAME - cut) / SAMPLE_RATE
        at = [None, *(sound.at for sound in sounds), None]
        return Stretch(pcm, word_times(piece, at, ends_s, length_s=len(pcm) / SAMPLE_RATE))


_LAST_MARK: Final = 16
"""Ids up to this are punctuation and the space."""


def _load_voices(folder: Path) -> Iterator[_KokoroVoice]:
    for path in sorted(folder.glob("*.bin")):
        language = _LANGUAGES.get(path.stem[0])
        if language is not None:
            voice = Voice(id=path.stem, language=language, gender=_GENDERS.get(path.stem[1], "unknown"))
            yield _KokoroVoice(voice, np.fromfile(path, "<f4").reshape(PHONEMES_MOST, 256))


class Pronunciation:
    """How texts are said, by language; each is loaded when it is first asked for. Safe for threads."""

    def __init__(self) -> None:
        self._loaded: dict[str, G2P] = {}
        self._tagger: Language | None = None
        self._one_at_a_time = threading.Lock()

    def of(self, text: str, language: str) -> list[Sound]:
        """A text's sounds in one of `_LANGUAGES`."""
        with self._one_at_a_time:
            if language not in self._loaded:
                self._loaded[language] = self._load(language)
            return self._loaded[language](text)

    def _load(self, language: str) -> G2P:
        if language == "es":
            return spanish
        if language == "fr":
            lookup = french_g2p.load_lookup()
            return lambda text: french(text, lookup)
        self._tagger = self._tagger or load_tagger()
        return EnglishG2P(self._tagger, SpellingModel(), british=language == "en-GB").sounds


def trimmed(sound: NDArray[np.float32], *, lead_s: float, tail_s: float) -> tuple[int, Pcm]:
    """A sound as s16 with so much silence before and after it, whatever the model gave.

    Args:
        sound: samples of full scale 1.
        lead_s: seconds before the first sample that is heard.
        tail_s: seconds after the last one.

    Returns:
        How many samples were taken off its start, and the rest.
    """
    loud = np.flatnonzero(np.abs(sound) > _QUIET)
    if not len(loud):
        return len(sound), np.zeros(0, np.int16)
    lead, tail = int(lead_s * SAMPLE_RATE), int(tail_s * SAMPLE_RATE)
    start, end = max(0, int(loud[0]) - lead), min(len(sound), int(loud[-1]) + 1 + tail)
    kept = np.clip(sound[start:end], -1.0, 1.0) * 32767.0
    missing = int(loud[-1]) + 1 + tail - end
    return start, np.concatenate([kept, np.zeros(missing, np.float32)]).astype(np.int16)


def load(options: EngineOptions) -> Kokoro:
    """The factory the worker calls."""
    return Kokoro(options)
