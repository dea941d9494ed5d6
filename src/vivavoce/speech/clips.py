"""Reference clips: short recordings of a voice that an engine may imitate, with their words and the speaker's consent.

    root/<clip id>.wav     s16 mono, at the recording's own rate up to 48 kHz
    root/<clip id>.json    transcript, language, consent, sha256 …; a clip is there when this file is

An id is made of the sound and its transcript, so adding the same clip again is no second one, and whoever caches by the
id never has the wrong one. Files appear by rename; many processes may read while one writes.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import logging
import os
import tempfile
from collections.abc import Generator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from vivavoce.errors import VivavoceError
from vivavoce.speech.errors import SpeechRejected

log = logging.getLogger(__name__)

ID_PREFIX = "clip-"

LANGUAGE_PATTERN = r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$"
"""BCP 47, as far as it is of interest here."""

TRANSCRIPT_LIMIT = 2000
"""Characters: a minute of fast speech is about 1200."""

CLIPS_LIMIT = 200
"""Clips in one store: at most about 1.2 GB."""


class ClipStoreBroken(VivavoceError):
    """The clips' folder cannot be written."""

    code = "clip_store"


class ClipUnknown(VivavoceError):
    """No clip of that id is here."""

    code = "voice_not_found"


class Clip(BaseModel):
    """What is known of a clip.

    Attributes:
        id: names the sound and its transcript.
        name: for people.
        transcript: what is said in it.
        language: BCP 47.
        consent: how the speaker's consent is known: a note, or the id of a record of it.
        sha256: of the wav file, lower-case hex.
        sample_rate: Hz.
        duration_s: seconds.
        created_at: when it was added.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    name: str = Field(min_length=1, max_length=100)
    transcript: str = Field(min_length=1, max_length=TRANSCRIPT_LIMIT)
    language: str = Field(pattern=LANGUAGE_PATTERN)
    consent: str = Field(min_length=1, max_length=1000)
    sha256: str
    sample_rate: int
    duration_s: float
    created_at: AwareDatetime


@dataclass(frozen=True, slots=True)
class ClipSound:
    """The sound of a clip, as it is kept.

    Attributes:
        wav: a wav file, s16 mono.
        sample_rate: Hz.
        duration_s: seconds.
    """

    wav: bytes
    sample_rate: int
    duration_s: float


class ClipStore:
    """The clips in one folder.

    Args:
        root: the folder; made when the first clip is added.
        limit: clips that it holds at most.
    """

    def __init__(self, root: Path, *, limit: int = CLIPS_LIMIT) -> None:
        self.root = root
        self._limit = limit

    def list(self) -> list[Clip]:
        """All clips, the oldest first. One that cannot be read is logged and left out."""
        clips = [clip for file in sorted(self.root.glob(f"{ID_PREFIX}*.json")) if (clip := _read(file))]
        return sorted(clips, key=lambda clip: (clip.created_at, clip.id))

    def get(self, id: str) -> Clip | None:
        """One clip; None when it is not here."""
        return _read(self.root / f"{id}.json") if _is_id(id) else None

    def wav(self, clip: Clip) -> bytes:
        """The sound of a clip, as a wav file.

        Raises:
            ClipUnknown: it is gone, or it is not the sound that was added.
        """
        try:
            data = (self.root / f"{clip.id}.wav").read_bytes()
        except OSError:
            data = b""
        if hashlib.sha256(data).hexdigest() != clip.sha256:
            raise ClipUnknown(
                f"The sound of the clip {clip.id} is gone or damaged.", next_step="Add the clip again."
            )
        return data

    def add(
        self, sound: ClipSound, *, name: str, transcript: str, language: str, consent: str, now: datetime
    ) -> Clip:
        """Keep a clip. The same clip with the same transcript replaces itself.

        Args:
            sound: as `clip_sound` makes it.
            name, transcript, language, consent: see `Clip`.
            now: aware.

        Raises:
            SpeechRejected: something said of it does not fit, or the store is full.
            ClipStoreBroken: the folder cannot be written.
        """
        text = " ".join(transcript.split())
        id = ID_PREFIX + hashlib.sha256(sound.wav + b"\0" + text.encode()).hexdigest()[:16]
        try:
            clip = Clip(
                id=id,
                name=name.strip(),
                transcript=text,
                language=language.strip(),
                consent=consent.strip(),
                sha256=hashlib.sha256(sound.wav).hexdigest(),
                sample_rate=sound.sample_rate,
                duration_s=sound.duration_s,
                created_at=now,
            )
        except ValidationError as error:
            field = str(error.errors()[0]["loc"][0])
            raise SpeechRejected(
                f"The clip's {field} does not fit: {error.errors()[0]['msg']}.",
                next_step="Send name, transcript, language (such as de-DE) and consent with the sound.",
                reason="clip_invalid",
                param=field,
            ) from None
        with self._writing():
            if not self.get(id) and len(self.list()) >= self._limit:
                raise SpeechRejected(
                    f"There are {self._limit} clips already, which is the most.",
                    next_step="Delete one that is not needed any more.",
                    reason="clips_full",
                )
            self._place(f"{id}.wav", sound.wav)
            self._place(f"{id}.json", clip.model_dump_json(indent=2).encode())
        return clip

    def delete(self, id: str) -> bool:
        """Delete a clip; whether there was one.

        Raises:
            ClipStoreBroken: the folder cannot be written.
        """
        if not _is_id(id) or not self.root.is_dir():
            return False
        with self._writing():
            there = (self.root / f"{id}.json").exists()
            # The sound too when only it is left of a write that was cut short.
            (self.root / f"{id}.json").unlink(missing_ok=True)
            (self.root / f"{id}.wav").unlink(missing_ok=True)
        return there

    @contextlib.contextmanager
    def _writing(self) -> Generator[None]:
        """Hold the right to change the store; other processes wait. The folder is for this user only."""
        try:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(self.root / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise self._broken(error) from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        except OSError as error:
            raise self._broken(error) from error
        finally:
            os.close(handle)

    def _place(self, name: str, data: bytes) -> None:
        handle, path = tempfile.mkstemp(prefix=".new-", dir=self.root)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(path).rename(self.root / name)
        except OSError:
            Path(path).unlink(missing_ok=True)
            raise

    def _broken(self, error: OSError) -> ClipStoreBroken:
        return ClipStoreBroken(
            f"The clips' folder {self.root} cannot be written: {error.strerror}.",
            next_step="Give this user the right and the room to write there, or set VIVAVOCE_DATA_DIR elsewhere.",
        )


def _is_id(id: str) -> bool:
    tail = id.removeprefix(ID_PREFIX)
    return tail != id and len(tail) == 16 and all(letter in "0123456789abcdef" for letter in tail)


def _read(file: Path) -> Clip | None:
    try:
        return Clip.model_validate_json(file.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError):
        log.warning("the clip %s cannot be read and is left out", file)
        return None
