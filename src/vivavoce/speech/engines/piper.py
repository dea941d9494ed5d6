"""Piper (VITS): the first sound in about a tenth of a second.

`piper-tts` is GPL-3.0. It is an extra that Viva Voce neither needs nor brings, and only this module imports it, which
only a worker process imports: the rest of Viva Voce talks to that process over a socket.
"""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vivavoce.speech.engines import vits
from vivavoce.speech.engines.alignment import MARKS, sentences
from vivavoce.speech.engines.base import Halt, Stretch
from vivavoce.speech.engines.durations import between_words, windows, within, word_times
from vivavoce.speech.engines.onnx_model import Inputs
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

FIRST, MOST = 60, 220
"""Characters of the first piece, where a mark allows it, and of any."""

_PAUSE_S: Final = 0.2
"""Silence put after a sentence."""

_LEVEL: Final = 0.075
"""Loudness of speech, as the root of the mean square; full scale is 1. Kokoro's is the same."""

_FIRST_S, _MOST_S = 0.45, 2.0
"""Seconds of the first window of sound, and of any: memory grows with it, and each window costs some frames more."""

_BEGIN, _PAD, _END = "^", "_", "$"
"""Names, in a voice's configuration, of the ids around a sentence and after each phoneme."""

_WARM_UP: Final = "Good morning, it is very good to have you here today."


class Piper:
    """The engine, with the voices of its models' folders."""

    def __init__(self, options: EngineOptions) -> None:
        self.lanes = options.threads
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
        for voice in self._voices.values():
            voice.set_level()

    def synthesize(
        self, text: str, voice: str, language: str | None, speed: float, halt: Halt
    ) -> Iterator[Stretch | None]:
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
        first_s = _FIRST_S
        for piece in cut:
            for part, sounds in chosen.sentences(piece):
                pause_s = _PAUSE_S if piece.pause == "sentence" and part.pause == "sentence" else 0.0
                yield from chosen.say(part, sounds, speed, halt, first_s=first_s, pause_s=pause_s)
                first_s = _MOST_S

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
        some = [id for ids in self._config.phoneme_id_map.values() for id in ids][:80]
        self._model = vits.load(weights.read_bytes(), self._inputs(some, 1.0), threads=threads)
        self._piper = PiperVoice(session=self._model.prior.session, config=self._config)
        self._gain = 1.0
        self._one_at_a_time = threading.Lock()
        self._alone = lru_cache(maxsize=WORDS_KEPT)(self._phonemes_alone)

    @property
    def sample_rate(self) -> int:
        """Hz."""
        return self._config.sample_rate

    def set_level(self) -> None:
        """Speak a sentence to hear how loud the voice is, and have it at `_LEVEL` from now on.

        Piper itself brings each sentence's loudest sample to full scale, which is a matter of chance: sentences then
        differ by 1.4 dB (standard deviation), where the model makes them by 0.8 dB.
        """
        (piece,) = pieces(tokens(_WARM_UP, self.voice.language), self.voice.language, first=MOST, most=MOST)
        said = [
            stretch
            for part, sounds in self.sentences(piece)
            for stretch in self.say(part, sounds, 1.0, Halt())
            if stretch is not None
        ]
        pcm = np.concatenate([stretch.pcm for stretch in said]) / 32767.0
        self._gain *= _LEVEL / max(float(np.sqrt(np.mean(pcm**2))), 1e-3)

    def sentences(self, piece: Piece) -> list[tuple[Piece, list[Sound]]]:
        """A piece as the sentences that Piper finds in it, with a sound for each phoneme."""
        with self._one_at_a_time:
            # Brackets of two mark raw phonemes in Piper; in a text of ours they are only brackets.
            return sentences(piece, lambda text: self._piper.phonemize(text.replace("[[", "((")), self._alone)

    def say(
        self,
        piece: Piece,
        sounds: Sequence[Sound],
        speed: float,
        halt: Halt,
        *,
        first_s: float = _MOST_S,
        pause_s: float = 0.0,
    ) -> Iterator[Stretch | None]:
        """Speak a sentence, a window of its sound at a time.

        Args:
            piece, sounds: one of `sentences`.
            speed, halt: see `SpeechEngine.synthesize`.
            first_s: seconds of the first window.
            pause_s: of silence at the end.
        """
        rate, hop = self.sample_rate, self._model.hop
        ids = self._piper.phonemes_to_ids([sound.phonemes for sound in sounds])
        utterance = self._model.utter(self._inputs(ids, speed), halt)
        yield None
        at, ends = self._words(sounds), self._ends(utterance)
        told = len(at) == len(ends)
        times = word_times(piece, at, ends / rate, length_s=utterance.frames * hop / rate) if told else ()
        places = [int(end) // hop for end in ends[between_words(piece, at)]] if told else []
        start = 0
        for end in windows(
            places, utterance.frames, first=int(first_s * rate / hop), most=int(_MOST_S * rate / hop)
        ):
            sound = self._model.sound(utterance, start, end, halt)
            pcm = (np.clip(sound * self._gain, -1.0, 1.0) * 32767.0).astype(np.int16)
            last = end == utterance.frames
            pause = np.zeros(int(pause_s * rate) if last else 0, np.int16)
            words = within(times, start * hop / rate, math.inf if last else end * hop / rate)
            yield Stretch(np.concatenate([pcm, pause]), words)
            start = end

    def _phonemes_alone(self, word: str) -> str:
        found = self._piper.phonemize(word)
        return "".join(phoneme for sentence in found for phoneme in sentence if phoneme not in MARKS)

    def _inputs(self, ids: Sequence[int], speed: float) -> Inputs:
        config = self._config
        scales = [config.noise_scale, config.length_scale / speed, config.noise_w_scale]
        speaker = {"sid": np.array([config.default_speaker_id], np.int64)} if config.num_speakers > 1 else {}
        return {
            "input": np.array([ids], np.int64),
            "input_lengths": np.array([len(ids)], np.int64),
            "scales": np.array(scales, np.float32),
            **speaker,
        }

    def _ends(self, utterance: vits.Utterance) -> NDArray[np.float64]:
        """The sample at which each id ends; empty where the voice does not tell."""
        if utterance.durations is None:
            return np.zeros(0)
        return np.cumsum(utterance.durations, dtype=np.float64) * self._config.hop_length

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
