"""Piper (VITS): the first sound in about a tenth of a second.

`piper-tts` is GPL-3.0. It is an extra that Viva Voce neither needs nor brings, and only this module imports it, which
only a worker process imports: the rest of Viva Voce talks to that process over a socket.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vivavoce.speech.engines.alignment import MARKS, sentences
from vivavoce.speech.engines.base import Halt, Pcm, Stretch
from vivavoce.speech.engines.durations import word_times
from vivavoce.speech.engines.onnx_model import OnnxModel
from vivavoce.speech.engines.phonemes import Sound
from vivavoce.speech.engines.text import Piece, pieces
from vivavoce.speech.errors import EngineFailed, EngineNotInstalled, SpeechRejected
from vivavoce.speech.messages import EngineOptions, Voice
from vivavoce.speech.saying import tokens

try:
    from piper import PiperConfig, PiperVoice
except ModuleNotFoundError as error:
    raise EngineNotInstalled(
        "The engine piper needs the package piper-tts, which is not installed.",
        next_step="Install vivavoce[piper], or leave piper out of speech.engines.",
    ) from error

MODEL_PREFIX = "piper-"

WORDS_KEPT = 4096
"""Words whose phonemes are remembered."""

FIRST, MOST = 200, 400
"""Characters: it speaks twenty times faster than real time, so only the longest sentences are cut."""

_PAUSE_S: Final = 0.2
"""Silence put after a sentence."""

_DURATIONS: Final = "/Ceil_output_0"
"""The tensor with the frames of each phoneme id, as `piper.patch_voice_with_alignment` finds it."""

_BEGIN, _PAD, _END = "^", "_", "$"
"""Names, in a voice's configuration, of the ids around a sentence and after each phoneme."""


class Piper:
    """The engine, with the voices of its models' folders."""

    lanes = 1

    def __init__(self, options: EngineOptions) -> None:
        self._voices = {
            voice.voice.id: voice for voice in (_load(folder, options) for folder in options.folders)
        }
        first = next(iter(self._voices.values()))
        self.model = MODEL_PREFIX + first.voice.id
        self.sample_rate = first.sample_rate
        odd = [v.voice.id for v in self._voices.values() if v.sample_rate != self.sample_rate]
        if odd:
            raise EngineFailed(
                f"The voice {odd[0]} is not at {self.sample_rate} Hz as {first.voice.id} is.",
                next_step="Keep voices of one quality; another speech server can have the others.",
            )

    def voices(self) -> Sequence[Voice]:
        """One for each model."""
        return [voice.voice for voice in self._voices.values()]

    def warm_up(self) -> None:
        """Speak a sentence with each voice."""
        for voice in self._voices:
            for _ in self.synthesize("Good morning, how are you?", voice, None, 1.0, Halt()):
                pass

    def synthesize(
        self, text: str, voice: str, language: str | None, speed: float, halt: Halt
    ) -> Iterator[Stretch]:
        """See `SpeechEngine.synthesize`."""
        chosen = self._voice(voice, language)
        spoken = chosen.voice.language
        cut = pieces(tokens(text, spoken), spoken, first=FIRST, most=MOST)
        if not cut:
            raise SpeechRejected(
                "There is nothing in this text that can be spoken.",
                next_step=f"Send words in {spoken}.",
                reason="text_unspeakable",
                param="input",
            )
        for piece in cut:
            yield from chosen.say(piece, speed, halt)

    def _voice(self, voice: str, language: str | None) -> _PiperVoice:
        chosen = self._voices.get(voice)
        if chosen is None:
            raise SpeechRejected(
                f"Piper has no voice {voice!r} here.",
                next_step=f"It has {', '.join(self._voices)}; `vivavoce models list` shows what else there is.",
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


class _PiperVoice:
    """A voice. Safe for threads.

    Args:
        weights: its ONNX file, named language_REGION-name-quality, with its configuration beside it.
        threads: for one run.
    """

    def __init__(self, weights: Path, *, threads: int) -> None:
        config = json.loads(Path(f"{weights}.json").read_text(encoding="utf-8"))
        self.voice = Voice(id=weights.stem, language=weights.stem.split("-")[0].replace("_", "-"))
        self._config = PiperConfig.from_dict(config)
        self._model = OnnxModel(weights, threads=threads, inner=_DURATIONS)
        self._piper = PiperVoice(session=self._model.session, config=self._config)
        self._one_at_a_time = threading.Lock()
        self._alone = lru_cache(maxsize=WORDS_KEPT)(self._phonemes_alone)

    @property
    def sample_rate(self) -> int:
        """Hz."""
        return self._config.sample_rate

    def say(self, piece: Piece, speed: float, halt: Halt) -> Iterator[Stretch]:
        """Speak a piece, a stretch for each sentence that Piper finds in it."""
        with self._one_at_a_time:
            # Brackets of two mark raw phonemes in Piper; in a text of ours they are only brackets.
            found = sentences(
                piece, lambda text: self._piper.phonemize(text.replace("[[", "((")), self._alone
            )
        for index, (part, sounds) in enumerate(found):
            pcm, ends, at = self._run(sounds, speed, halt)
            times = word_times(part, at, ends / self.sample_rate, length_s=len(pcm) / self.sample_rate)
            ends_sentence = piece.pause == "sentence" and index == len(found) - 1
            pause = np.zeros(int(_PAUSE_S * self.sample_rate) if ends_sentence else 0, np.int16)
            yield Stretch(np.concatenate([pcm, pause]), times if len(ends) else ())

    def _phonemes_alone(self, word: str) -> str:
        found = self._piper.phonemize(word)
        return "".join(phoneme for sentence in found for phoneme in sentence if phoneme not in MARKS)

    def _run(
        self, sounds: Sequence[Sound], speed: float, halt: Halt
    ) -> tuple[Pcm, NDArray[np.float64], list[int | None]]:
        """A sentence's sound, the sample at which that of each id ends, and the word of each id.

        The latter two are empty where the voice does not tell.
        """
        config = self._config
        ids = self._piper.phonemes_to_ids([sound.phonemes for sound in sounds])
        inputs: dict[str, NDArray[np.int64] | NDArray[np.float32]] = {
            "input": np.array([ids], np.int64),
            "input_lengths": np.array([len(ids)], np.int64),
            "scales": np.array(
                [config.noise_scale, config.length_scale / speed, config.noise_w_scale], np.float32
            ),
        }
        if config.num_speakers > 1:
            inputs["sid"] = np.array([config.default_speaker_id], np.int64)
        sound, *durations = self._model.run(inputs, halt)
        # Piper brings every sentence to full scale.
        sound = sound.reshape(-1) / max(float(np.abs(sound).max()), 1e-8)
        pcm = (sound * 32767.0).astype(np.int16)
        at = self._words(sounds)
        if not durations or durations[0].size != len(at):
            return pcm, np.zeros(0), []
        return pcm, np.cumsum(durations[0].reshape(-1), dtype=np.float64) * config.hop_length, at

    def _words(self, sounds: Sequence[Sound]) -> list[int | None]:
        """The word of each id, as `piper.phoneme_ids` makes them of phonemes."""
        ids = self._config.phoneme_id_map
        pad = len(ids.get(_PAD, ()))
        inner = [
            sound.at
            for sound in sounds
            if sound.phonemes in ids
            for _ in range(len(ids[sound.phonemes]) + pad)
        ]
        return [None] * (len(ids.get(_BEGIN, ())) + pad) + inner + [None] * len(ids.get(_END, ()))


def _load(folder: Path, options: EngineOptions) -> _PiperVoice:
    found = sorted(folder.glob("*.onnx"))
    if len(found) != 1:
        raise EngineFailed(
            f"The folder {folder} holds {len(found)} Piper voices; one is needed.",
            next_step="Run `vivavoce models verify`.",
        )
    return _PiperVoice(found[0], threads=options.threads)


def load(options: EngineOptions) -> Piper:
    """The factory the worker calls."""
    return Piper(options)
