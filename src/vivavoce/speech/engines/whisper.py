"""Whisper by faster-whisper's parts and CTranslate2 (int8), with the window shortened to the utterance.

Whisper's encoder is trained on 30 s windows, and most of its time on a 3 s answer goes into 27 s of silence. Encoding
only what was said, with a little silence after it, takes about a third of the time and costs little accuracy, if loops
and other failures of the decoder are noticed and decoded again with the whole window (`benchmarks/stt.md`).
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias, cast

import ctranslate2
import numpy as np
from faster_whisper import WhisperModel
from faster_whisper.tokenizer import _LANGUAGE_CODES, Tokenizer  # pyright: ignore[reportPrivateUsage]  # its only list
from numpy.typing import NDArray

from vivavoce.speech.engines.activity import Detect as DetectActivity
from vivavoce.speech.engines.activity import Region, Silero, regions, windows
from vivavoce.speech.engines.base import RECOGNISER_RATE, Operation, Pcm, alone
from vivavoce.speech.errors import SpeechRejected
from vivavoce.speech.messages import EngineOptions
from vivavoce.speech.transcript import Segment, Transcript, Word

Encoding: TypeAlias = Any
"""CTranslate2's `StorageView`, which has no types: the encoder's output, opaque to us."""

MODEL = "whisper-base"

WHOLE_WINDOW_S = 30.0
"""What Whisper was trained on."""

PROMPT_TOKENS = 223
"""Half of the decoder's 448 positions, less one: what Whisper's own code gives to the prompt."""


@dataclass(frozen=True, slots=True)
class Tuning:
    """What the short window costs and saves. The defaults are the choice that `benchmarks/stt.md` shows.

    Attributes:
        window_least_s: never encode less.
        window_after_s: silence encoded after the speech.
        window_most_s: longer sound is decoded in pieces of at most this.
        pause_s: a pause that ends a piece.
        margin_s: silence kept around speech.
        beam: width of the search when greedy decoding is doubtful.
        doubt: mean log probability under which the search is widened.
        refuse: mean log probability under which the whole window is tried.
        silence: no-speech probability over which a doubtful text counts as nothing, as in Whisper's own code.
        tokens: decoded at most, beyond `tokens_a_second`; hitting the cap means a loop.
        repetition: text bytes over compressed bytes; above it the text is a loop.
    """

    window_least_s: float = 8.0
    window_after_s: float = 2.0
    window_most_s: float = 28.0
    pause_s: float = 3.0
    margin_s: float = 0.3
    beam: int = 5
    doubt: float = -0.25
    refuse: float = -0.9
    silence: float = 0.6
    tokens: int = 12
    repetition: float = 2.0

    def window_s(self, sound_s: float) -> float:
        """Seconds to encode for so many seconds of sound."""
        return min(WHOLE_WINDOW_S, max(self.window_least_s, sound_s + self.window_after_s))

    def cap(self, sound_s: float, language: str) -> int:
        """Tokens that a sound can hold: fast English has 6 a second, other languages take more tokens a word."""
        return self.tokens + int(sound_s * (7 if language == "en" else 14))


@dataclass(frozen=True, slots=True)
class Encode:
    """Encode a sound, float32 of full scale 1 at 16 kHz, in a window of so many seconds; gives an `Encoding`."""

    sound: NDArray[np.float32]
    window_s: float
    kind: str = field(default="encode", init=False)


@dataclass(frozen=True, slots=True)
class Detect:
    """Tell the language of an encoded sound; gives its code."""

    encoded: Encoding
    kind: str = field(default="detect", init=False)


@dataclass(frozen=True, slots=True)
class Decode:
    """Decode an encoded sound: at most `cap` tokens, a search of width `beam`; gives a `Decoded`."""

    encoded: Encoding
    language: str
    prompt: str | None
    cap: int
    beam: int

    @property
    def kind(self) -> str:
        """Searches of one width can be done together."""
        return f"decode-{self.beam}"


@dataclass(frozen=True, slots=True)
class Align:
    """Time the words of a decoded sound; gives words."""

    encoded: Encoding
    decoded: Decoded
    language: str
    sound_s: float
    kind: str = field(default="align", init=False)


@dataclass(frozen=True, slots=True)
class Decoded:
    """One try at a piece of sound. `score` is the mean log probability of its tokens."""

    text: str
    tokens: tuple[int, ...]
    score: float
    no_speech: float
    capped: bool


def doubtful(decoded: Decoded, tuning: Tuning) -> bool:
    """Whether a text looks like a failure of the decoder: a loop, cut off, unlikely, or nothing where speech is."""
    raw = decoded.text.encode()
    looping = len(raw) > 20 and len(raw) / len(zlib.compress(raw)) > tuning.repetition
    return decoded.capped or looping or decoded.score < tuning.refuse or not decoded.text


def unrepeated(text: str) -> str:
    """A text without the loop it ends in: a phrase said three times or more in a row is kept once."""
    words = text.split()
    for size in range(1, len(words) // 3 + 1):
        phrase = words[-size:]
        times = 1
        while words[-size * (times + 1) : -size * times] == phrase:
            times += 1
        if times >= 3:
            return " ".join(words[: len(words) - size * (times - 1)])
    return text


class Whisper:
    """The recogniser. Not safe for threads: the worker works on one thread."""

    model = MODEL
    together = 1

    def __init__(
        self, options: EngineOptions, *, detect: DetectActivity | None = None, tuning: Tuning | None = None
    ) -> None:
        self._tuning = tuning or Tuning()
        self._detect = detect or Silero()
        self._whisper = WhisperModel(
            str(options.folders[0]),
            device="cpu",
            compute_type="int8",
            cpu_threads=options.threads,
            num_workers=1,
        )
        token = self._whisper.hf_tokenizer.token_to_id
        # faster-whisper's list is that of the largest model; a smaller one has no token for some.
        self._languages = tuple(code for code in sorted(_LANGUAGE_CODES) if token(f"<|{code}|>") is not None)

    def languages(self) -> Sequence[str]:
        """All that Whisper was trained on; how well it does differs widely."""
        return self._languages

    def warm_up(self) -> None:
        """Encode and decode a second of noise: the detector would keep it from the decoder."""
        noise = np.random.default_rng(1).normal(0, 0.05, RECOGNISER_RATE).astype(np.float32)
        self._detect(noise)
        alone(self, self._decode_window(noise, "en", None, words=True))

    def perform(self, operations: Sequence[Operation]) -> Sequence[Any]:
        """See `TranscriptionEngine.perform`."""
        return [self._perform(operation) for operation in operations]

    def _perform(self, operation: Operation) -> Any:
        match operation:
            case Encode():
                return self._encode(operation.sound, operation.window_s)
            case Detect():
                return self._language(operation.encoded)
            case Decode():
                return self._decode(operation)
            case Align():
                return self._time(operation)
            case _:
                raise TypeError(f"{operation!r} is no operation of Whisper's")

    def transcribe(
        self, pcm: Pcm, language: str | None, prompt: str | None, words: bool
    ) -> Generator[Operation, Any, Transcript]:
        """See `TranscriptionEngine.transcribe`."""
        if language is not None and language not in self._languages:
            raise SpeechRejected(
                f"Whisper knows no language {language!r}.",
                next_step="Give an ISO 639-1 code such as en, or none to have it detected.",
                reason="language_unknown",
                param="language",
            )
        samples = pcm.astype(np.float32) / 32768.0
        pieces: list[tuple[Segment, tuple[Word, ...]]] = []
        spoken = language
        for window in self._windows(samples):
            sound = samples[window.start : window.end]
            spoken, segment, timed = yield from self._decode_window(sound, spoken, prompt, words=words)
            if segment is not None:
                pieces.append(_moved(segment, timed, window.start / RECOGNISER_RATE))
        return _join(pieces, spoken if pieces else language, len(samples) / RECOGNISER_RATE)

    def _windows(self, samples: NDArray[np.float32]) -> list[Region]:
        probabilities = self._detect(samples)
        return windows(
            regions(probabilities, len(samples)),
            probabilities,
            len(samples),
            longest_s=self._tuning.window_most_s,
            pause_s=self._tuning.pause_s,
            margin_s=self._tuning.margin_s,
        )

    def _decode_window(
        self, sound: NDArray[np.float32], language: str | None, prompt: str | None, *, words: bool
    ) -> Generator[Operation, Any, tuple[str, Segment | None, tuple[Word, ...]]]:
        """Decode at most 30 s. Gives the language, and the segment unless nothing was said; times from its start."""
        tuning = self._tuning
        sound_s = len(sound) / RECOGNISER_RATE
        window_s = tuning.window_s(sound_s)
        encoded: Encoding = yield Encode(sound, window_s)
        spoken: str = language or (yield Detect(encoded))
        cap = tuning.cap(sound_s, spoken)
        decoded: Decoded = yield Decode(encoded, spoken, prompt, cap, 1)
        if decoded.score < tuning.doubt or doubtful(decoded, tuning):
            decoded = yield Decode(encoded, spoken, prompt, cap, tuning.beam)
        if doubtful(decoded, tuning) and window_s < WHOLE_WINDOW_S:
            encoded = yield Encode(sound, WHOLE_WINDOW_S)
            spoken = language or (yield Detect(encoded))
            decoded = yield Decode(encoded, spoken, prompt, tuning.cap(sound_s, spoken), tuning.beam)
        if decoded.no_speech > tuning.silence and decoded.score < tuning.refuse:
            return spoken, None, ()
        if doubtful(decoded, tuning):
            decoded = replace(decoded, text=unrepeated(decoded.text))
        if not decoded.text:
            return spoken, None, ()
        timed: tuple[Word, ...] = (yield Align(encoded, decoded, spoken, sound_s)) if words else ()
        return spoken, Segment(decoded.text, 0.0, sound_s, math.exp(decoded.score)), timed

    def _encode(self, sound: NDArray[np.float32], window_s: float) -> Encoding:
        hop = self._whisper.feature_extractor.hop_length
        # A token of the encoder is two hops: the window must be a whole number of them.
        padded = np.zeros(int(window_s * RECOGNISER_RATE) // (2 * hop) * 2 * hop, np.float32)
        length = min(len(sound), len(padded))
        padded[:length] = sound[:length]
        features = self._whisper.feature_extractor(padded, padding=0)[:, : len(padded) // hop]
        return self._whisper.model.encode(
            ctranslate2.StorageView.from_array(np.ascontiguousarray(features[None], np.float32))
        )

    def _language(self, encoded: Encoding) -> str:
        best, _ = self._whisper.model.detect_language(encoded)[0][0]
        return str(best).strip("<|>")

    def _tokenizer(self, language: str) -> Tokenizer:
        return Tokenizer(self._whisper.hf_tokenizer, True, task="transcribe", language=language)

    def _decode(self, wanted: Decode) -> Decoded:
        tokenizer = self._tokenizer(wanted.language)
        start = [*tokenizer.sot_sequence, tokenizer.no_timestamps]
        if wanted.prompt:
            prompt = tokenizer.encode(" " + wanted.prompt.strip())[-PROMPT_TOKENS:]
            start = [tokenizer.sot_prev, *prompt, *start]
        limit = min(len(start) + wanted.cap, self._whisper.max_length)
        result = self._whisper.model.generate(
            wanted.encoded,
            [start],
            beam_size=wanted.beam,
            max_length=limit,
            return_scores=True,
            return_no_speech_prob=True,
        )[0]
        tokens = tuple(result.sequences_ids[0])
        return Decoded(
            text=tokenizer.decode(list(tokens)).strip(),
            tokens=tokens,
            score=result.scores[0],
            no_speech=result.no_speech_prob,
            capped=len(start) + len(tokens) >= limit - 1,
        )

    def _time(self, wanted: Align) -> tuple[Word, ...]:
        tokenizer = self._tokenizer(wanted.language)
        frames = int(wanted.sound_s * self._whisper.frames_per_second)
        tokens = [token for token in wanted.decoded.tokens if token < tokenizer.eot]
        # Its annotation says one list; it takes, and gives, one for each segment.
        found = self._whisper.find_alignment(tokenizer, cast("list[int]", [tokens]), wanted.encoded, frames)
        return joined_words(
            [
                Word(
                    str(word["word"]),
                    float(word["start"]),
                    min(float(word["end"]), wanted.sound_s),
                    float(word["probability"]),
                )
                for word in (found[0] if found else [])
            ]
        )


def joined_words(pieces: Sequence[Word]) -> tuple[Word, ...]:
    """Words from the aligner's pieces, which begin with a space where a word does and hold punctuation apart."""
    words: list[Word] = []
    for piece in pieces:
        text = piece.text.strip()
        if not text:
            continue
        mark = not any(letter.isalnum() for letter in text)
        if words and (mark or not piece.text.startswith(" ")) and not piece.text.startswith(" "):
            last = words[-1]
            # A mark lasts as long as the pause it stands for, which is not part of the word.
            words[-1] = replace(last, text=last.text + text, end_s=last.end_s if mark else piece.end_s)
        else:
            words.append(replace(piece, text=text))
    return tuple(words)


def _moved(segment: Segment, words: Sequence[Word], by_s: float) -> tuple[Segment, tuple[Word, ...]]:
    return (
        replace(segment, start_s=segment.start_s + by_s, end_s=segment.end_s + by_s),
        tuple(replace(word, start_s=word.start_s + by_s, end_s=word.end_s + by_s) for word in words),
    )


def _join(
    pieces: Sequence[tuple[Segment, tuple[Word, ...]]], language: str | None, duration_s: float
) -> Transcript:
    segments = tuple(segment for segment, _ in pieces)
    letters = sum(len(segment.text) for segment in segments)
    confidence = (
        math.exp(sum(math.log(part.confidence) * len(part.text) for part in segments) / letters)
        if letters
        else 0.0
    )
    return Transcript(
        text=" ".join(segment.text for segment in segments),
        language=language,
        confidence=confidence,
        duration_s=duration_s,
        words=tuple(word for _, words in pieces for word in words),
        segments=segments,
    )


def load(options: EngineOptions) -> Whisper:
    """The factory the worker calls."""
    return Whisper(options)
