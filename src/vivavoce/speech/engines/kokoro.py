"""Kokoro-82M (Apache-2.0), int8, by ONNX Runtime: natural voices, at about half of real time on two cores."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from spacy.language import Language

from vivavoce.speech.engines import french_g2p
from vivavoce.speech.engines.base import Halt, Pcm, Stretch
from vivavoce.speech.engines.english_g2p import EnglishG2P, load_tagger
from vivavoce.speech.engines.french_g2p import french
from vivavoce.speech.engines.spanish_g2p import spanish
from vivavoce.speech.engines.spelling import SpellingModel
from vivavoce.speech.engines.text import Pause, pieces
from vivavoce.speech.errors import SpeechRejected
from vivavoce.speech.messages import EngineOptions, Voice

MODEL = "kokoro-82m-int8"
SAMPLE_RATE = 24_000

TOKENS_MOST = 510
"""Phonemes the model takes at once: its 512 positions less the two that mark the ends."""

G2P: TypeAlias = Callable[[str], str]

_LANGUAGES: Final = {"a": "en-US", "b": "en-GB", "e": "es", "f": "fr"}
"""By the first letter of a voice's name. Its Hindi, Italian, Japanese, Portuguese and Chinese voices are left out:
there is no pronunciation for them here."""

_GENDERS: Final[dict[str, Literal["female", "male"]]] = {"f": "female", "m": "male"}

_PAUSE_S: Final[dict[Pause, float]] = {"sentence": 0.32, "clause": 0.12, "none": 0.08}
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
    """The engine. Not safe for threads: the worker works on one thread."""

    model = MODEL
    sample_rate = SAMPLE_RATE
    lanes = 1

    def __init__(self, options: EngineOptions) -> None:
        settings = onnxruntime.SessionOptions()
        settings.intra_op_num_threads = options.threads
        settings.inter_op_num_threads = 1
        # Threads that spin while they wait take the processor from the other engines and the conversations.
        settings.add_session_config_entry("session.intra_op.allow_spinning", "0")
        folder = options.folders[0]
        self._session = onnxruntime.InferenceSession(
            str(folder / "model.onnx"), settings, providers=["CPUExecutionProvider"]
        )
        vocabulary = json.loads((folder / "vocab.json").read_text(encoding="utf-8"))
        self._tokens: dict[str, int] = vocabulary["vocab"]
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
        phonemes = self._pronunciation.of(chosen.voice.language)
        said = False
        for piece in pieces(text):
            tokens = [self._tokens[sound] for sound in phonemes(piece.text) if sound in self._tokens]
            if not any(token > _LAST_MARK for token in tokens):
                continue
            for start in range(0, len(tokens), TOKENS_MOST):
                said = True
                sound = self._run(tokens[start : start + TOKENS_MOST], chosen.style, speed, halt)
                last = start + TOKENS_MOST >= len(tokens)
                yield Stretch(
                    trimmed(sound, lead_s=_LEAD_S, tail_s=_PAUSE_S[piece.pause if last else "clause"])
                )
        if not said:
            raise SpeechRejected(
                "There is nothing in this text that can be spoken.",
                next_step=f"Send words in {chosen.voice.language}.",
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

    def _run(
        self, tokens: Sequence[int], style: NDArray[np.float32], speed: float, halt: Halt
    ) -> NDArray[np.float32]:
        running = onnxruntime.RunOptions()
        # A long sentence would go on for seconds.
        halt.watch(lambda: setattr(running, "terminate", True))
        inputs = {
            "tokens": np.array([[0, *tokens, 0]], np.int64),
            "style": style[len(tokens) - 1][None],
            "speed": np.array([speed], np.float32),
        }
        sound = self._session.run(None, inputs, running)[0]
        return np.asarray(sound, np.float32).reshape(-1)


_LAST_MARK = 16
"""Tokens up to this are punctuation and the space."""


def _load_voices(folder: Path) -> Iterator[_KokoroVoice]:
    for path in sorted(folder.glob("*.bin")):
        language = _LANGUAGES.get(path.stem[0])
        if language is not None:
            voice = Voice(id=path.stem, language=language, gender=_GENDERS.get(path.stem[1], "unknown"))
            yield _KokoroVoice(voice, np.fromfile(path, "<f4").reshape(TOKENS_MOST, 256))


class Pronunciation:
    """How texts are said, by language; each is loaded when it is first asked for."""

    def __init__(self) -> None:
        self._loaded: dict[str, G2P] = {}
        self._tagger: Language | None = None

    def of(self, language: str) -> G2P:
        """Text to phonemes in one of `_LANGUAGES`."""
        if language not in self._loaded:
            self._loaded[language] = self._load(language)
        return self._loaded[language]

    def _load(self, language: str) -> G2P:
        if language == "es":
            return spanish
        if language == "fr":
            lookup = french_g2p.load_lookup()
            return lambda text: french(text, lookup)
        self._tagger = self._tagger or load_tagger()
        return EnglishG2P(self._tagger, SpellingModel(), british=language == "en-GB").phonemes


def trimmed(sound: NDArray[np.float32], *, lead_s: float, tail_s: float) -> Pcm:
    """A sound as s16 with so much silence before and after it, whatever the model gave.

    Args:
        sound: samples of full scale 1.
        lead_s: seconds before the first sample that is heard.
        tail_s: seconds after the last one.
    """
    loud = np.flatnonzero(np.abs(sound) > _QUIET)
    if not len(loud):
        return np.zeros(0, np.int16)
    lead, tail = int(lead_s * SAMPLE_RATE), int(tail_s * SAMPLE_RATE)
    start, end = max(0, int(loud[0]) - lead), min(len(sound), int(loud[-1]) + 1 + tail)
    kept = np.clip(sound[start:end], -1.0, 1.0) * 32767.0
    missing = int(loud[-1]) + 1 + tail - end
    return np.concatenate([kept, np.zeros(missing, np.float32)]).astype(np.int16)


def load(options: EngineOptions) -> Kokoro:
    """The factory the worker calls."""
    return Kokoro(options)
