"""Piper (VITS): English, the first sound in about a tenth of a second.

`piper-tts` is GPL-3.0. It is an extra that Viva Voce neither needs nor brings, and only this module imports it, which
only a worker process imports: the rest of Viva Voce talks to that process over a socket.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import onnxruntime

from vivavoce.speech.engines.base import Pcm
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
    """The engine, with the one voice that is in its model's folder. Not safe for threads."""

    def __init__(self, options: EngineOptions) -> None:
        weights = _weights(options.folder)
        config = PiperConfig.from_dict(json.loads(Path(f"{weights}.json").read_text(encoding="utf-8")))
        settings = onnxruntime.SessionOptions()
        settings.intra_op_num_threads = options.threads
        settings.inter_op_num_threads = 1
        settings.add_session_config_entry("session.intra_op.allow_spinning", "0")
        session = onnxruntime.InferenceSession(str(weights), settings, providers=["CPUExecutionProvider"])
        self._engine = PiperVoice(session=session, config=config)
        # Piper names its voices language_REGION-name-quality.
        self._voice = Voice(id=weights.stem, language=weights.stem.split("-")[0].replace("_", "-"))
        self.model = MODEL_PREFIX + weights.stem
        self.sample_rate = config.sample_rate

    def voices(self) -> Sequence[Voice]:
        """The one there is."""
        return [self._voice]

    def warm_up(self) -> None:
        """Speak a sentence."""
        for _ in self.synthesize("Good morning, how are you?", self._voice.id, None, 1.0):
            pass

    def synthesize(self, text: str, voice: str, language: str | None, speed: float) -> Iterator[Pcm]:
        """See `SpeechEngine.synthesize`."""
        self._check(voice, language)
        if not any(letter.isalnum() for letter in text):
            raise SpeechRejected(
                "There is nothing in this text that can be spoken.",
                next_step="Send words.",
                reason="text_unspeakable",
                param="input",
            )
        settings = SynthesisConfig(length_scale=1.0 / speed)
        for piece in pieces(text, first=FIRST, most=MOST):
            try:
                # Brackets of two mark raw phonemes in Piper; in a text of ours they are only brackets.
                for chunk in self._engine.synthesize(piece.text.replace("[[", "[ ["), settings):
                    yield chunk.audio_int16_array
            except RuntimeError as error:
                raise EngineFailed(f"Piper failed: {error}.", next_step="Try other words.") from error
            if piece.pause == "sentence":
                yield np.zeros(int(0.2 * self.sample_rate), np.int16)

    def _check(self, voice: str, language: str | None) -> None:
        if voice != self._voice.id:
            raise SpeechRejected(
                f"Piper has no voice {voice!r} here.",
                next_step=f"Use {self._voice.id}.",
                reason="voice_unknown",
                param="voice",
            )
        spoken = self._voice.language.split("-")[0]
        if language is not None and language != spoken:
            raise SpeechRejected(
                f"The voice {voice!r} speaks {spoken}, not {language!r}.",
                next_step="Choose a voice of that language: GET /v1/audio/voices lists them.",
                reason="voice_language",
                param="language",
            )


def _weights(folder: Path) -> Path:
    found = sorted(folder.glob("*.onnx"))
    if len(found) != 1:
        raise EngineFailed(
            f"The folder {folder} holds {len(found)} Piper voices; one is needed.",
            next_step="Run `vivavoce models verify`.",
        )
    return found[0]


def load(options: EngineOptions) -> Piper:
    """The factory the worker calls."""
    return Piper(options)
