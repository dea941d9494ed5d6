"""Speech that was made before, on disk: content-addressed, bounded, shared by all callers and by several servers.

    root/ab/abcd….speech     "VVS1" | SHA-256 of the rest | bytes of the head, u32 big-endian | head (JSON) | s16le mono

The name is a SHA-256 over everything that makes the sound what it is. A file appears by rename and is never changed;
its modification time is when it was last of use. When the files together are over the limit, those that were of no use
for longest go. Any file may vanish at any time.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import struct
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vivavoce.speech.messages import WordTime

log = logging.getLogger(__name__)

SUFFIX = ".speech"
_MAGIC = b"VVS1"
_PREFIX = struct.Struct(">4s32s")
_LENGTH = struct.Struct(">I")

ROOM = 0.9
"""Of the limit: what is kept when something must go, so that not every write has to look for the oldest."""

LOOK_EVERY = 8
"""The folder is looked through when an eighth of the limit was written, since others may write there too."""

LARGEST = 16
"""One piece of speech may take a sixteenth of the limit."""

ABANDONED_S = 3600.0
"""Seconds after which an unfinished file is nobody's any more."""


class Recipe(BaseModel):
    """All that makes a piece of speech what it is.

    Attributes:
        engine: its name.
        weights: id of the weights that it loaded.
        address: of the upstream where they are; "" for this machine.
        voice: the engine's id for it.
        language: what the text is taken to be in; None: the voice's own.
        speed: 1.0 is the voice's own.
        text: as it was written.
        rules: version of the code that turns text into speech.
    """

    model_config = ConfigDict(frozen=True)

    engine: str
    weights: str
    address: str
    voice: str
    language: str | None
    speed: float
    text: str
    rules: str

    @property
    def key(self) -> str:
        """64 hexadecimal digits."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Kept:
    """A piece of speech as it was made.

    Attributes:
        pcm: s16le mono.
        sample_rate: Hz.
        words: when its words are said, from its start, and where they stand in the recipe's text.
    """

    pcm: bytes
    sample_rate: int
    words: tuple[WordTime, ...] = ()


class _Head(BaseModel):
    model_config = ConfigDict(frozen=True)

    sample_rate: int = Field(ge=1)
    words: tuple[WordTime, ...]


@dataclass(frozen=True, slots=True)
class Tally:
    """What a cache has done since it was opened; `bytes` is what its folder holds."""

    bytes: int
    damaged: int
    evicted: int


class SpeechCache:
    """One folder of speech. Safe between threads; its methods read and write files.

    Args:
        root: the folder; made when first needed.
        limit: bytes that the files may take together.
    """

    def __init__(self, root: Path, *, limit: int) -> None:
        self.root = root
        self._limit = limit
        self._lock = threading.Lock()
        self._bytes = 0
        self._unseen: int | None = None
        self._damaged = self._evicted = 0
        self._broken = False

    @property
    def tally(self) -> Tally:
        """The figures so far."""
        return Tally(self._bytes, self._damaged, self._evicted)

    def get(self, recipe: Recipe) -> Kept | None:
        """What was made by a recipe; None when it is not here. A damaged file is dropped."""
        path = self._path(recipe)
        try:
            data = path.read_bytes()
        except OSError:
            return None
        kept = _read(data)
        if kept is None:
            log.warning("a piece of cached speech is damaged and was dropped: %s", path.name)
            self._damaged += 1
            path.unlink(missing_ok=True)
            return None
        with contextlib.suppress(OSError):
            os.utime(path)
        return kept

    def put(self, recipe: Recipe, kept: Kept) -> None:
        """Keep a piece of speech, unless it is too large. A folder that cannot be written is reported once."""
        data = _written(kept)
        if len(data) * LARGEST > self._limit:
            return
        try:
            self._write(self._path(recipe), data)
            self._count(len(data))
        except OSError as error:
            if not self._broken:
                log.error("speech cannot be cached in %s: %s", self.root, error)
            self._broken = True
        else:
            self._broken = False

    def _path(self, recipe: Recipe) -> Path:
        key = recipe.key
        return self.root / key[:2] / (key + SUFFIX)

    def _write(self, path: Path, data: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".tmp")
        temporary = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise

    def _count(self, written: int) -> None:
        with self._lock:
            self._bytes += written
            self._unseen = None if self._unseen is None else self._unseen + written
            if self._unseen is None or self._unseen * LOOK_EVERY > self._limit or self._bytes > self._limit:
                self._bytes = self._tidy()
                self._unseen = 0

    def _tidy(self) -> int:
        """Look through the folder, and let the oldest go where there is too much; the bytes that are left."""
        files: list[tuple[float, int, Path]] = []
        for path in self.root.glob("??/*"):
            try:
                found = path.stat()
            except OSError:
                continue
            if path.suffix == SUFFIX:
                files.append((found.st_mtime, found.st_size, path))
            elif path.name.startswith(".") and time.time() - found.st_mtime > ABANDONED_S:
                path.unlink(missing_ok=True)
        total = sum(size for _, size, _ in files)
        if total <= self._limit:
            return total
        for _, size, path in sorted(files):
            if total <= self._limit * ROOM:
                break
            path.unlink(missing_ok=True)
            total -= size
            self._evicted += 1
        return total


def _written(kept: Kept) -> bytes:
    head = _Head(sample_rate=kept.sample_rate, words=kept.words).model_dump_json().encode()
    body = _LENGTH.pack(len(head)) + head + kept.pcm
    return _PREFIX.pack(_MAGIC, hashlib.sha256(body).digest()) + body


def _read(data: bytes) -> Kept | None:
    if len(data) < _PREFIX.size + _LENGTH.size:
        return None
    magic, digest = _PREFIX.unpack_from(data)
    body = data[_PREFIX.size :]
    if magic != _MAGIC or hashlib.sha256(body).digest() != digest:
        return None
    start = _LENGTH.size + _LENGTH.unpack_from(body)[0]
    try:
        head = _Head.model_validate_json(body[_LENGTH.size : start])
    except ValidationError:
        # Whole, but of another version of this.
        return None
    return Kept(body[start:], head.sample_rate, head.words)
