"""The recording: both voices of a session in one Ogg/Opus file, written as they are spoken.

Left is the participant, right the moderator. The file runs on the session clock: a position in it is a `start_s` of the
log. A process that is killed loses at most `HOLD_S`, `encoding.PAGE_S` and what the encoder has under way: under 4 s. A
session that is taken up again goes on in a new file that says itself where on the session clock it begins.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import os
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import av.error
import numpy as np

from vivavoce.errors import VivavoceError
from vivavoce.transport.encoding import Encoder
from vivavoce.transport.stereo import SAMPLE_RATE, Voice

HOLD_S = 2.5
"""Seconds a piece may come late and still find its place: longer than a line lets a page be behind real time (2 s)."""

QUEUE_S = 20.0
"""Seconds of sound that may wait for the encoder, e.g. for a disk that hangs."""

CLOSE_TIMEOUT_S = 30.0
"""Seconds the encoder has to write what waits when a recording is closed."""

_BLOCK = SAMPLE_RATE // 5
_PIECES_PER_S = 100  # two voices in pieces of 20 ms


class RecordingFailed(VivavoceError):
    """The recording cannot be written any further; the session goes on without."""

    code = "recording_failed"

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            f"The recording {path.name} cannot be written: {why}.",
            next_step=f"Make room in {path.parent}, or see to its permissions, before the next session.",
        )
        self.path = path


class RecordingOverflow(VivavoceError):
    """The encoder could not keep up; sound is missing from the recording."""

    code = "recording_overflow"

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"The recording {path.name} has a gap: the disk or the processor could not keep up.",
            next_step="Run fewer sessions on this host, or give it a faster disk.",
        )
        self.path = path


@dataclass(frozen=True, slots=True)
class RecordingInfo:
    """A finished recording.

    Args:
        path: the file.
        start_s: where on the session clock it begins.
        duration_s: seconds of sound in it.
        bytes: its length.
        sha256: its hash, hexadecimal.
        late_s: seconds of sound that came too late to be kept.
        overflow_s: seconds of sound lost because the encoder could not keep up.
        error: what stopped the recording early, if something did.
    """

    path: Path
    start_s: float
    duration_s: float
    bytes: int
    sha256: str
    late_s: float
    overflow_s: float
    error: RecordingFailed | None


FaultHandler = Callable[[VivavoceError], None]
"""Told on the event loop, once for each incident: `RecordingFailed` or `RecordingOverflow`."""


class Recorder:
    """Records a session. Never blocks the event loop: encoding and writing happen on a thread of its own.

    Create it on the event loop; `participant` and `moderator` are called there too.

    Args:
        path: the file to create; its folder exists.
        start_s: where on the session clock the recording begins; not 0 when a session is taken up again.
        on_fault: told when the recording fails or has a gap.
        hold_s: seconds a piece may come late.

    Raises:
        RecordingFailed: the file cannot be created; nothing is ever written over.
    """

    def __init__(
        self,
        path: Path,
        *,
        start_s: float = 0.0,
        on_fault: FaultHandler | None = None,
        hold_s: float = HOLD_S,
    ) -> None:
        self.path = path
        self.start_s = start_s
        self._loop = asyncio.get_running_loop()
        self._on_fault = on_fault
        self._overflow_samples = 0
        self._overflowing = False
        self._closed: RecordingInfo | None = None
        # None: nothing more comes.
        self._queue: queue.Queue[tuple[bool, float, bytes] | None] = queue.Queue(int(QUEUE_S * _PIECES_PER_S))
        try:
            file = path.open("xb", buffering=0)
        except OSError as error:
            raise RecordingFailed(path, error.strerror or str(error)) from error
        self._writer = _Writer(
            path, file, start=round(start_s * SAMPLE_RATE), hold=round(hold_s * SAMPLE_RATE)
        )
        self._thread = threading.Thread(target=self._work, name=f"recorder.{path.stem}", daemon=True)
        self._thread.start()

    def participant(self, pcm: bytes, at_s: float) -> None:
        """The participant's sound, s16le mono at 48 kHz, that begins at `at_s` of the session clock."""
        self._put(True, pcm, at_s)

    def moderator(self, pcm: bytes, at_s: float) -> None:
        """The moderator's sound, s16le mono at 48 kHz, that begins at `at_s` of the session clock."""
        self._put(False, pcm, at_s)

    @property
    def waiting_s(self) -> float:
        """Seconds of sound, of both voices, that wait for the encoder; exact for pieces of 20 ms."""
        return self._queue.qsize() / _PIECES_PER_S

    async def close(self) -> RecordingInfo:
        """Write what is left and close the file. Closing again returns the same.

        Raises:
            RecordingFailed: the encoder did not come to an end within `CLOSE_TIMEOUT_S`.
        """
        if self._closed is None:
            await asyncio.to_thread(self._finish)
            writer = self._writer
            self._closed = RecordingInfo(
                path=self.path,
                start_s=self.start_s,
                duration_s=writer.samples / SAMPLE_RATE,
                bytes=writer.output.written,
                sha256=writer.output.hash.hexdigest(),
                late_s=writer.late / SAMPLE_RATE,
                overflow_s=self._overflow_samples / SAMPLE_RATE,
                error=writer.error,
            )
        return self._closed

    def _put(self, participant: bool, pcm: bytes, at_s: float) -> None:
        try:
            self._queue.put_nowait((participant, at_s, pcm))
            self._overflowing = False
        except queue.Full:
            self._overflow_samples += len(pcm) // 2
            if not self._overflowing:
                self._overflowing = True
                self._report(RecordingOverflow(self.path))

    def _report(self, fault: VivavoceError) -> None:
        if self._on_fault is not None:
            self._on_fault(fault)

    def _finish(self) -> None:
        try:
            self._queue.put(None, timeout=CLOSE_TIMEOUT_S)
        except queue.Full:
            raise RecordingFailed(self.path, "the disk does not answer") from None
        self._thread.join(CLOSE_TIMEOUT_S)
        if self._thread.is_alive():
            raise RecordingFailed(self.path, "the disk does not answer")

    def _work(self) -> None:
        """The thread."""
        reported = False
        while (item := self._queue.get()) is not None:
            self._writer.add(*item)
            if self._writer.error is not None and not reported:
                reported = True
                self._loop.call_soon_threadsafe(self._report, self._writer.error)
        self._writer.close()
        if self._writer.error is not None and not reported:
            self._loop.call_soon_threadsafe(self._report, self._writer.error)


class _Output:
    """The file, as PyAV writes to it: hashed and counted on the way. It has no `seek`, so nothing is written twice."""

    def __init__(self, file: io.FileIO) -> None:
        self.written = 0
        self.hash = hashlib.sha256()
        self._file = file

    def write(self, data: bytes) -> int:
        """All of `data`, or an `OSError`."""
        view = memoryview(bytes(data))
        done = 0
        while done < len(view):
            done += self._file.write(view[done:])
        self.written += done
        self.hash.update(view)
        return done

    def close(self) -> None:
        """Make sure that it is on the disk."""
        try:
            os.fsync(self._file.fileno())
        finally:
            self._file.close()


class _Writer:
    """Puts the voices together and encodes them. Used by the recorder's thread only."""

    def __init__(self, path: Path, file: io.FileIO, *, start: int, hold: int) -> None:
        self.error: RecordingFailed | None = None
        self.output = _Output(file)
        self._path = path
        self._hold = hold
        self._start = start
        self._participant, self._moderator = Voice(start), Voice(start)
        self._encoder = Encoder(self.output, start=start)

    @property
    def samples(self) -> int:
        """Samples of each voice encoded so far."""
        return self._encoder.position - self._start

    @property
    def late(self) -> int:
        """Samples that came too late."""
        return self._participant.late + self._moderator.late

    def add(self, participant: bool, at_s: float, pcm: bytes) -> None:
        """Place a piece, and encode what nothing can come before any more."""
        if self.error is not None:
            return
        voice = self._participant if participant else self._moderator
        voice.place(at_s, np.frombuffer(pcm, dtype=np.int16))
        horizon = max(self._participant.end, self._moderator.end) - self._hold
        try:
            while horizon - self._encoder.position >= _BLOCK:
                self._encode(_BLOCK)
        except (OSError, av.error.FFmpegError) as error:
            self._fail(error)

    def close(self) -> None:
        """Encode the rest and close the file."""
        try:
            if self.error is None:
                while (rest := max(self._participant.end, self._moderator.end) - self._encoder.position) > 0:
                    self._encode(min(rest, _BLOCK))
                self._encoder.flush()
        except (OSError, av.error.FFmpegError) as error:
            self._fail(error)
        try:
            self._encoder.close()
        except (OSError, av.error.FFmpegError) as error:
            self._fail(error)
        try:
            self.output.close()
        except OSError as error:
            self._fail(error)

    def _encode(self, samples: int) -> None:
        end = self._encoder.position + samples
        self._encoder.encode(np.stack((self._participant.take(end), self._moderator.take(end)), axis=1))

    def _fail(self, error: Exception) -> None:
        if self.error is None:
            self.error = RecordingFailed(self._path, getattr(error, "strerror", None) or str(error))
