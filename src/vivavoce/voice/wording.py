"""Prepared wording: sentences whose sound is made before anyone waits for it.

A structured interview's wording is known when its study is published. Each text is synthesised once per voice and kept
under a name made of everything that shapes its sound, with the time of every word, so that saying it costs nothing in
the call and what was heard of it is known to the word.
"""

from __future__ import annotations

import asyncio
import difflib
import hashlib
import json
import os
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import soxr
from numpy.typing import NDArray

from vivavoce.errors import VivavoceError

SAMPLE_RATE = 48_000
"""Hz, of all prepared sound: what the transports play, so nothing is resampled in the call."""

RECOGNISER_RATE = 16_000
"""Hz, what the speech server transcribes."""

LAYOUT = 1
"""Version of the files below; part of every key, so that an old layout is made anew."""


class WordingFailed(VivavoceError):
    """A text could not be prepared."""

    code = "wording_failed"


@dataclass(frozen=True)
class Voice:
    """Everything that shapes how a text sounds."""

    engine: str
    voice: str
    language: str
    speed: float = 1.0


@dataclass(frozen=True)
class TimedWord:
    """One word of a text as written, and when it is said: seconds from the start of the sound."""

    text: str
    start_s: float
    end_s: float


@dataclass(frozen=True)
class Prepared:
    """A text's sound: s16le mono at `SAMPLE_RATE`, and its words in order."""

    pcm: bytes
    words: tuple[TimedWord, ...]

    @property
    def duration_s(self) -> float:
        """Seconds."""
        return len(self.pcm) / 2 / SAMPLE_RATE


class RecognisedWord(Protocol):
    """A word as the speech server heard it, seconds from the start of the sound."""

    @property
    def text(self) -> str:
        """The word, with whatever marks the recogniser gave it."""
        ...

    @property
    def start_s(self) -> float:
        """Seconds."""
        ...

    @property
    def end_s(self) -> float:
        """Seconds."""
        ...


Synthesise = Callable[[str, Voice], AsyncIterator[tuple[bytes, int]]]
"""(text, voice) → chunks of (s16le mono, sample rate in Hz)."""

Recognise = Callable[[bytes, str], Awaitable[Sequence[RecognisedWord]]]
"""(s16le mono at `RECOGNISER_RATE`, language) → its words, with times."""


class WordingStore:
    """Prepared wording in a folder: `<key>.pcm` and `<key>.json`, written whole or not at all."""

    def __init__(self, root: Path) -> None:
        self._root = root

    @staticmethod
    def key(text: str, voice: Voice) -> str:
        """The name of a text's sound: a sha256 over everything that shapes it."""
        shape = [LAYOUT, SAMPLE_RATE, voice.engine, voice.voice, voice.language, voice.speed, text]
        return hashlib.sha256(json.dumps(shape, ensure_ascii=False).encode()).hexdigest()

    def has(self, text: str, voice: Voice) -> bool:
        """Whether this text is prepared in this voice."""
        return self._path(self.key(text, voice), ".json").is_file()

    def get(self, text: str, voice: Voice) -> Prepared | None:
        """The sound of a text, or None if it is not prepared."""
        key = self.key(text, voice)
        try:
            words = json.loads(self._path(key, ".json").read_text(encoding="utf-8"))
            pcm = self._path(key, ".pcm").read_bytes()
        except FileNotFoundError:
            return None
        return Prepared(pcm=pcm, words=tuple(TimedWord(*word) for word in words))

    def put(self, text: str, voice: Voice, prepared: Prepared) -> None:
        """Keep a text's sound. The words are written last: they are what says that it is there."""
        key = self.key(text, voice)
        words = [[word.text, round(word.start_s, 3), round(word.end_s, 3)] for word in prepared.words]
        self._write(self._path(key, ".pcm"), prepared.pcm)
        self._write(self._path(key, ".json"), json.dumps(words, ensure_ascii=False).encode())

    def _path(self, key: str, suffix: str) -> Path:
        return self._root / key[:2] / f"{key}{suffix}"

    @staticmethod
    def _write(path: Path, content: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{path.name}.{os.getpid()}.part")
        part.write_bytes(content)
        part.replace(path)


async def prepare(
    store: WordingStore,
    texts: Iterable[str],
    voice: Voice,
    *,
    synthesise: Synthesise,
    recognise: Recognise,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> int:
    """Make the sound of every text that has none yet.

    Args:
        store: where it is kept.
        texts: what will be said, as written.
        voice: in which voice.
        synthesise: makes the sound.
        recognise: hears the words in it, for their times.
        on_progress: called with (done, total) after each text, those already there included.

    Returns:
        how many were made now.

    Raises:
        WordingFailed: the engine gave no sound for a text.
    """
    wanted = list(dict.fromkeys(texts))
    made = 0
    for done, text in enumerate(wanted, start=1):
        if not await asyncio.to_thread(store.has, text, voice):
            prepared = await _prepare_one(text, voice, synthesise=synthesise, recognise=recognise)
            await asyncio.to_thread(store.put, text, voice, prepared)
            made += 1
        on_progress(done, len(wanted))
    return made


async def _prepare_one(
    text: str,
    voice: Voice,
    *,
    synthesise: Synthesise,
    recognise: Recognise,
) -> Prepared:
    chunks: list[bytes] = []
    rate = SAMPLE_RATE
    async for chunk, chunk_rate in synthesise(text, voice):
        chunks.append(chunk)
        rate = chunk_rate
    sound = np.frombuffer(b"".join(chunks), dtype=np.int16)
    if not len(sound):
        raise WordingFailed(
            f"The voice {voice.engine}/{voice.voice} gave no sound for {text!r}.",
            next_step="Reword the text, or choose another voice in the study's `voices`.",
        )
    full, small = await asyncio.to_thread(_at_both_rates, sound, rate)
    recognised = await recognise(small.tobytes(), voice.language)
    return Prepared(pcm=full.tobytes(), words=align(text, recognised, len(full) / SAMPLE_RATE))


def _at_both_rates(sound: NDArray[np.int16], rate: int) -> tuple[NDArray[np.int16], NDArray[np.int16]]:
    full = sound if rate == SAMPLE_RATE else soxr.resample(sound, rate, SAMPLE_RATE)
    return np.asarray(full, dtype=np.int16), np.asarray(
        soxr.resample(sound, rate, RECOGNISER_RATE), dtype=np.int16
    )


_WORD = re.compile(r"\S+")
_PAUSE = {",": 2.0, ";": 3.0, ":": 3.0, "–": 2.0, "—": 2.0, ".": 5.0, "!": 5.0, "?": 5.0, "…": 5.0}
"""How long a mark is, in letters: a comma's pause is about two letters long in Kokoro and Piper, a full stop's five."""


def spread(text: str, duration_s: float, *, offset_s: float = 0.0) -> tuple[TimedWord, ...]:
    """Guess the time of every word from its length and the marks after it.

    Args:
        text: as written; words are its runs of non-space characters.
        duration_s: how long the sound is.
        offset_s: when it starts.
    """
    words = _WORD.findall(text)
    if not words:
        return ()
    lengths = [len(word) + 1.0 for word in words]
    pauses = [_PAUSE.get(word[-1], 0.0) for word in words[:-1]] + [0.0]
    unit = duration_s / (sum(lengths) + sum(pauses))
    timed: list[TimedWord] = []
    at, last = offset_s, offset_s + duration_s
    for word, length, pause in zip(words, lengths, pauses, strict=True):
        timed.append(TimedWord(word, min(at, last), min(at + length * unit, last)))
        at += (length + pause) * unit
    return tuple(timed)


def align(text: str, recognised: Sequence[RecognisedWord], duration_s: float) -> tuple[TimedWord, ...]:
    """Give the words of a text as written the times at which a recogniser heard them.

    Words that it heard otherwise are spread over the gap between their neighbours, so the result is always the whole
    text, in order, inside the sound.
    """
    words = _WORD.findall(text)
    matcher = difflib.SequenceMatcher(
        a=[_plain(word) for word in words], b=[_plain(word.text) for word in recognised], autojunk=False
    )
    known: dict[int, tuple[float, float]] = {}
    for block in matcher.get_matching_blocks():
        for step in range(block.size):
            word = recognised[block.b + step]
            known[block.a + step] = (min(word.start_s, duration_s), min(word.end_s, duration_s))
    timed: list[TimedWord] = []
    index, at = 0, 0.0
    while index < len(words):
        if index in known:
            start, end = known[index]
            start = max(start, at)
            timed.append(TimedWord(words[index], start, max(start, end)))
            at = timed[-1].end_s
            index += 1
            continue
        until = next((later for later in range(index, len(words)) if later in known), len(words))
        gap_end = max(at, known[until][0]) if until in known else duration_s
        timed.extend(spread(" ".join(words[index:until]), gap_end - at, offset_s=at))
        at = gap_end
        index = until
    return tuple(timed)


def _plain(word: str) -> str:
    return re.sub(r"\W", "", word).casefold()


def heard_until(words: Sequence[TimedWord], position_s: float) -> str:
    """What of a text was heard when its sound stopped at `position_s`: the words more than half said."""
    return " ".join(word.text for word in words if (word.start_s + word.end_s) / 2 <= position_s)
