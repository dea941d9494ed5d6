"""Whisper by ONNX Runtime in 8 bits, with the window shortened to the utterance.

Whisper's encoder is trained on 30 s windows, and most of its time on a 3 s answer goes into 27 s of silence. Encoding
only what was said, with a little silence after it, takes a tenth of the time and costs little accuracy, if loops and
other failures of the decoder are noticed and decoded again with the whole window. Utterances that end together are
decoded together (`docs/decisions/0008-recogniser.md`, `benchmarks/stt.md`).
"""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from vivavoce.speech.engines.activity import Detect as DetectActivity
from vivavoce.speech.engines.activity import Probabilities, Region, Silero, regions, windows
from vivavoce.speech.engines.base import RECOGNISER_RATE, Operation, Pcm, WrittenPart, alone
from vivavoce.speech.engines.whisper_features import Features
from vivavoce.speech.engines.whisper_guards import WHOLE_WINDOW_S, Decoded, Tuning, doubtful, unrepeated
from vivavoce.speech.engines.whisper_languages import candidates, likeliest
from vivavoce.speech.engines.whisper_network import Encoded, Network
from vivavoce.speech.engines.whisper_search import Marks, Search, Written
from vivavoce.speech.engines.whisper_tokens import UNSPACED, Tokens
from vivavoce.speech.engines.whisper_words import PLACE_S, Piece, joined, token_starts
from vivavoce.speech.messages import EngineOptions
from vivavoce.speech.transcript import Segment, Transcript, Word

MODEL = "whisper-base"

STRIDE = 8
"""Tokens of a text that are decoded at a time, 30 to 60 ms: so long somebody more urgent waits."""

OperationT = TypeVar("OperationT")


@dataclass(frozen=True, slots=True)
class FindSpeech:
    """Tell how likely speech is in each frame of a sound, float32 of full scale 1 at 16 kHz; gives `Probabilities`."""

    sound: NDArray[np.float32]
    kind: str = field(default="find-speech", init=False)


@dataclass(frozen=True, slots=True)
class Encode:
    """Encode a sound, float32 of full scale 1 at 16 kHz, in a window of so many seconds; gives an `Encoded`."""

    sound: NDArray[np.float32]
    window_s: float
    kind: str = field(default="encode", init=False)


@dataclass(frozen=True, slots=True)
class Detect:
    """Tell the language of an encoded sound among those, the expected one first; gives its code. None: any."""

    encoded: Encoded
    among: tuple[str, ...]
    sound_s: float
    kind: str = field(default="detect", init=False)


@dataclass(frozen=True, slots=True)
class Decode:
    """Begin to decode an encoded sound: at most `cap` tokens after `start`, a search of width `beam`.

    Gives a `Written`, or the `GoOn` that goes on with it.
    """

    encoded: Encoded
    start: tuple[int, ...]
    cap: int
    beam: int

    @property
    def kind(self) -> str:
        """Searches of one width can be done together if they begin equally long."""
        return f"decode-{self.beam}-{len(self.start)}"


@dataclass(frozen=True, slots=True)
class GoOn:
    """Go on with the search for one of its texts; gives as `Decode` does."""

    search: Search
    index: int

    @property
    def kind(self) -> str:
        """What began together goes on together."""
        return f"go-on-{id(self.search)}"


@dataclass(frozen=True, slots=True)
class Align:
    """Time the words of a decoded sound; gives words."""

    encoded: Encoded
    decoded: Decoded
    language: str
    sound_s: float
    kind: str = field(default="align", init=False)


_Window: TypeAlias = tuple[str, Segment | None, tuple[Word, ...]]


class Whisper:
    """The recogniser. Not safe for threads: the worker works on one thread."""

    model = MODEL
    together = 8

    def __init__(
        self, options: EngineOptions, *, detect: DetectActivity | None = None, tuning: Tuning | None = None
    ) -> None:
        folder = options.folders[0]
        self._tuning = tuning or Tuning()
        self._detect = detect or Silero()
        self._tokens = Tokens(folder)
        self._network = Network(folder, options.threads)
        self._features = Features(self._network.bands)
        self._side_by_side = ThreadPoolExecutor(options.threads, "whisper")
        self._marks = Marks(self._tokens.end, self._tokens.begin, self._tokens.no_speech)

    def languages(self) -> Sequence[str]:
        """All that Whisper was trained on; how well it does differs widely."""
        return sorted(self._tokens.languages)

    def warm_up(self) -> None:
        """Encode and decode a second of noise: the detector would keep it from the decoder."""
        noise = np.random.default_rng(1).normal(0, 0.05, RECOGNISER_RATE).astype(np.float32)
        self._detect(noise)
        alone(self, self._decode_window(noise, "en", None, words=True))

    def perform(self, operations: Sequence[Operation]) -> Sequence[Any]:
        """See `TranscriptionEngine.perform`."""
        match operations[0]:
            case FindSpeech():
                sounds = [one.sound for one in _all(FindSpeech, operations)]
                return list(self._side_by_side.map(self._detect, sounds))
            case Encode(sound, window_s) if len(operations) == 1:
                return [self._network.encode(self._features(sound, window_s))]
            case Encode():
                # The encoder computes hundreds of places at once already: sounds in one run would gain nothing. But its
                # threads wait for each other after every layer: with a sound on each of them they need not.
                return list(self._side_by_side.map(self._encode_beside, _all(Encode, operations)))
            case Detect():
                return [self._language(one) for one in _all(Detect, operations)]
            case Decode():
                return self._decode(_all(Decode, operations))
            case GoOn():
                return self._go_on(_all(GoOn, operations))
            case Align():
                return [self._time(one) for one in _all(Align, operations)]
            case other:
                raise TypeError(f"{other!r} is no operation of Whisper's")

    def _encode_beside(self, wanted: Encode) -> Encoded:
        return self._network.encode_beside(self._features(wanted.sound, wanted.window_s))

    def transcribe(
        self, pcm: Pcm, language: str | None, prompt: str | None, words: bool
    ) -> Generator[Operation | WrittenPart, Any, Transcript]:
        """See `TranscriptionEngine.transcribe`."""
        among = candidates(language, self._tokens.languages)
        samples = pcm.astype(np.float32) / 32768.0
        pieces: list[tuple[Segment, tuple[Word, ...]]] = []
        # One language is what is spoken; of several the first window tells.
        spoken = among[0] if len(among) == 1 else None
        probabilities: Probabilities = yield FindSpeech(samples)
        for window in self._windows(probabilities, len(samples)):
            sound = samples[window.start : window.end]
            spoken, segment, timed = yield from self._decode_window(
                sound, spoken, prompt, among=among, words=words
            )
            if segment is not None:
                pieces.append(_moved(segment, timed, window.start / RECOGNISER_RATE))
                yield WrittenPart(*pieces[-1])
        return _join(pieces, spoken if pieces else next(iter(among), None), len(samples) / RECOGNISER_RATE)

    def _windows(self, probabilities: Probabilities, samples: int) -> list[Region]:
        return windows(
            regions(probabilities, samples),
            probabilities,
            samples,
            longest_s=self._tuning.window_most_s,
            pause_s=self._tuning.pause_s,
            margin_s=self._tuning.margin_s,
        )

    def _decode_window(
        self,
        sound: NDArray[np.float32],
        language: str | None,
        prompt: str | None,
        *,
        among: tuple[str, ...] = (),
        words: bool,
    ) -> Generator[Operation, Any, _Window]:
        """Decode at most 30 s. Gives the language, and the segment unless nothing was said; times from its start."""
        tuning = self._tuning
        sound_s = len(sound) / RECOGNISER_RATE
        window_s = tuning.window_s(sound_s)
        encoded: Encoded = yield Encode(sound, window_s)
        spoken: str = language or (yield Detect(encoded, among, sound_s))
        start, cap = self._tokens.start(spoken, prompt), tuning.cap(sound_s, spoken)
        decoded = yield from self._try(Decode(encoded, start, cap, 1))
        if decoded.score < tuning.doubt or doubtful(decoded, tuning):
            decoded = yield from self._try(Decode(encoded, start, cap, tuning.beam))
        if doubtful(decoded, tuning) and window_s < WHOLE_WINDOW_S:
            encoded = yield Encode(sound, WHOLE_WINDOW_S)
            spoken = language or (yield Detect(encoded, among, sound_s))
            start, cap = self._tokens.start(spoken, prompt), tuning.cap(sound_s, spoken)
            decoded = yield from self._try(Decode(encoded, start, cap, tuning.beam))
        if decoded.no_speech > tuning.silence and decoded.score < tuning.refuse:
            return spoken, None, ()
        if doubtful(decoded, tuning):
            decoded = replace(decoded, text=unrepeated(decoded.text))
        if not decoded.text:
            return spoken, None, ()
        timed: tuple[Word, ...] = (yield Align(encoded, decoded, spoken, sound_s)) if words else ()
        return spoken, Segment(decoded.text, 0.0, sound_s, math.exp(decoded.score)), timed

    def _try(self, begin: Decode) -> Generator[Operation, Any, Decoded]:
        found: Written | GoOn = yield begin
        while isinstance(found, GoOn):
            found = yield found
        return Decoded(
            self._tokens.text(found.tokens).strip(), found.tokens, found.score, found.no_speech, found.capped
        )

    def _decode(self, wanted: Sequence[Decode]) -> list[Written | GoOn]:
        search = Search(
            self._network,
            self._marks,
            [one.encoded for one in wanted],
            [one.start for one in wanted],
            [one.cap for one in wanted],
            wanted[0].beam,
        )
        return self._go_on([GoOn(search, index) for index in range(len(wanted))])

    def _go_on(self, wanted: Sequence[GoOn]) -> list[Written | GoOn]:
        # One of them may have come to its end while another one's turn was worked.
        if any(one.search.written(one.index) is None for one in wanted):
            wanted[0].search.advance(STRIDE)
        return [one.search.written(one.index) or one for one in wanted]

    def _language(self, wanted: Detect) -> str:
        begin = np.array([[self._tokens.begin]], np.int64)
        logits, _ = self._network.step(wanted.encoded, self._network.nothing_yet(1), begin, [0])
        scores = {code: float(logits[0, 0, token]) for code, token in self._tokens.languages.items()}
        return likeliest(scores, wanted.among, sound_s=wanted.sound_s)

    def _time(self, wanted: Align) -> tuple[Word, ...]:
        start, tokens = self._tokens.start(wanted.language, None), wanted.decoded.tokens
        places = max(1, min(wanted.encoded.places[0], math.ceil(wanted.sound_s / PLACE_S)))
        attention, logits = self._network.looked(wanted.encoded, [*start, *tokens, self._tokens.end], places)
        # What a token's row looks at is the token after it: the last mark's row is that of the first word.
        first = len(start) - 1
        begins = token_starts(attention[:, first:-1])
        likely = [_probability(logits[first + index], token) for index, token in enumerate(tokens)]
        pieces: list[Piece] = []
        at = 0
        for text, count in self._tokens.pieces(tokens):
            start_s, end_s = (min(float(begins[index]), wanted.sound_s) for index in (at, at + count))
            pieces.append(Piece(text, start_s, end_s, min(likely[at : at + count])))
            at += count
        return joined(pieces, spaced=wanted.language not in UNSPACED)


def _all(kind: type[OperationT], operations: Sequence[Operation]) -> list[OperationT]:
    """Operations as what they are known to be: those that are done together are of one kind."""
    return [one for one in operations if isinstance(one, kind)]


def _probability(logits: NDArray[np.float32], token: int) -> float:
    return float(1 / np.exp(logits - logits[token]).sum())


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
