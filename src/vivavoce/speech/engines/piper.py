"""Piper (VITS): the first sound in about a tenth of a second.

`piper-tts` is GPL-3.0. It is an extra that Viva Voce neither needs nor brings, and only this module imports it, which
only a worker process imports: the rest of Viva Voce talks to that process over a socket.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime

from vivavoce.speech.engines.base import Halt, Stretch
from vivavoce.speech.engines.text import pieces
from vivavoce.speech.errors import EngineFailed, EngineNotInstalled, SpeechRejected
from vivavoce.speech.messages import EngineOptions, Voice

try:
    from piper import PiperConfig, PiperVoice, SynthesisConfig
except ModuleNotFoundError as error:
    raise EngineNotInstalled(
        "The engine piper needs the package piper-tts, which is not installed.",
        next_step="Install vivavoce[piper], or leave piper out of speech.engines.",
    ) from error

MODEL_PREFIX = "piper-"

FIRST, MOST = 200, 400
"""Characters: it speaks twenty times faster than real time, so only the longest sentences are cut."""


class Piper:
    """The engine, with the voices of its models' folders. Not safe for threads."""

    lanes = 1

    def __init__(self, options: EngineOptions) -> None:
        self._voices = {
            voice.voice.id: voice for voice in (_load(folder, options) for folder in options.folders)
        }
        first = next(iter(self._voices.values()))
        self.model = MODEL_PREFIX + first.voice.id
        self.sample_rate = first.engine.config.sample_rate
        odd = [v.voice.id for v in self._voices.values() if v.engine.config.sample_rate != self.sample_rate]
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
        engine = self._voice(voice, language).engine
        if not any(letter.isalnum() for letter in text):
            raise SpeechRejected(
                "There is nothing in this text that can be spoken.",
                next_step="Send words.",
                reason="text_unspeakable",
                param="input",
            )
        settings = SynthesisConfig(length_scale=1.0 / speed)
        for piece in pieces(text, first=FIRST, most=MOST):
            # Brackets of two mark raw phonemes in Piper; in a text of ours they are only brackets.
            for chunk in engine.synthesize(piece.text.replace("[[", "[ ["), settings):
                yield Stretch(chunk.audio_int16_array)
            if piece.pause == "sentence":
                yield Stretch(np.zeros(int(0.2 * self.sample_rate), np.int16))

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


@dataclass(frozen=True, slots=True)
class _PiperVoice:
    voice: Voice
    engine: PiperVoice


def _load(folder: Path, options: EngineOptions) -> _PiperVoice:
    found = sorted(folder.glob("*.onnx"))
    if len(found) != 1:
        raise EngineFailed(
            f"The folder {folder} holds {len(found)} Piper voices; one is needed.",
            next_step="Run `vivavoce models verify`.",
        )
    weights = found[0]
    config = PiperConfig.from_dict(json.loads(Path(f"{weights}.json").read_text(encoding="utf-8")))
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = options.threads
    settings.inter_op_num_threads = 1
    settings.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(str(weights), settings, providers=["CPUExecutionProvider"])
    # Piper names its voices language_REGION-name-quality.
    language = weights.stem.split("-")[0].replace("_", "-")
    return _PiperVoice(Voice(id=weights.stem, language=language), PiperVoice(session=session, config=config))


def load(options: EngineOptions) -> Piper:
    """The factory the worker calls."""
    return Piper(options)
