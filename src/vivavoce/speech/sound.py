"""Sound in and out of the server: compressed formats by FFmpeg's libraries, in memory, streaming."""

from __future__ import annotations

import io
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias, cast

import av
import numpy as np
import soxr
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.error import FFmpegError
from numpy.typing import NDArray

from vivavoce.speech.errors import SpeechRejected

SoundFormat: TypeAlias = Literal["pcm", "wav", "flac", "mp3", "opus", "aac"]

RECOGNISER_RATE = 16_000
"""Hz, of all sound that is transcribed."""

SOUND_LIMIT_S = 3600.0
"""Seconds of sound that one transcription takes. Compressed uploads are small, so bytes alone are no bound."""

OPUS_RATE = 48_000

# FFmpeg also reads playlists, which name other files and addresses to open: only plain containers may be tried.
_CONTAINERS = "aac,flac,matroska,mov,mp3,ogg,wav,webm"

# Encoders whose headers would be mended by a seek when the stream ends are told not to count on it.
_MUXERS: dict[SoundFormat, tuple[str, str, dict[str, str]]] = {
    "flac": ("flac", "flac", {}),
    "mp3": ("mp3", "mp3", {"write_xing": "0"}),
    # Pages of 20 ms: a page is sent when it is full, and the first words must not wait for a second of sound.
    "opus": ("ogg", "libopus", {"page_duration": "20000"}),
    "aac": ("adts", "aac", {}),
}

MEDIA_TYPES: dict[SoundFormat, str] = {
    "pcm": "audio/pcm",
    "wav": "audio/wav",
    "flac": "audio/flac",
    "mp3": "audio/mpeg",
    "opus": "audio/ogg",
    "aac": "audio/aac",
}


@dataclass(frozen=True, slots=True)
class SoundTooLong(Exception):
    """More sound than `limit_s` seconds."""

    limit_s: float


class Encoder:
    """Turns s16le mono into one of the formats, piece by piece; every piece gives what can be sent by then.

    Safe between threads: whoever leaves may close it while a piece is still being encoded.

    Args:
        format: the format.
        sample_rate: of what comes in, Hz.
    """

    def __init__(self, format: SoundFormat, sample_rate: int) -> None:
        self.media_type = MEDIA_TYPES[format]
        self.sample_rate = OPUS_RATE if format == "opus" else sample_rate
        if format == "pcm":
            self.media_type = f"audio/pcm;rate={sample_rate}"
        self._rate = sample_rate
        self._header = _wav_header(sample_rate) if format == "wav" else b""
        self._muxed = None if format in ("pcm", "wav") else _Muxed(format, self.sample_rate)
        self._lock = threading.Lock()

    def encode(self, pcm: bytes) -> bytes:
        """Take samples; gives the bytes that are ready, perhaps none."""
        with self._lock:
            header, self._header = self._header, b""
            return header + (pcm if self._muxed is None else self._muxed.encode(pcm, self._rate))

    def finish(self) -> bytes:
        """The end of the stream; the encoder is of no further use."""
        with self._lock:
            header, self._header = self._header, b""
            return header + (b"" if self._muxed is None else self._muxed.finish())

    def close(self) -> None:
        """Free what it holds, also before its end: FLAC's encoder is some megabytes, and who gives it up in the middle
        of a stream may leave references to it that Python does not collect for long."""
        with self._lock:
            if self._muxed is not None:
                self._muxed.close()
            self._muxed = None


class _Muxed:
    def __init__(self, format: SoundFormat, sample_rate: int) -> None:
        container, codec, options = _MUXERS[format]
        self._sink = _Sink()
        self._container: OutputContainer = av.open(
            self._sink, "w", format=container, options={"flush_packets": "1", **options}
        )
        self._stream = cast(AudioStream, self._container.add_stream(codec, rate=sample_rate, layout="mono"))
        self._resampler = AudioResampler(format=self._stream.format, layout="mono", rate=sample_rate)

    def encode(self, pcm: bytes, rate: int) -> bytes:
        samples = np.frombuffer(pcm, "<i2").astype(np.int16)
        if len(samples):
            frame = AudioFrame.from_ndarray(samples[None], format="s16", layout="mono")
            frame.sample_rate = rate
            self._mux(frame)
        return self._sink.take()

    def finish(self) -> bytes:
        self._mux(None)
        self._container.mux(self._stream.encode(None))
        self.close()
        return self._sink.take()

    def close(self) -> None:
        self._container.close()

    def _mux(self, frame: AudioFrame | None) -> None:
        for part in self._resampler.resample(frame):
            self._container.mux(self._stream.encode(part))


class _Sink(io.RawIOBase):
    """Where FFmpeg writes; a pipe, so it never seeks."""

    def __init__(self) -> None:
        super().__init__()
        self._bytes = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # pyright: ignore[reportIncompatibleMethodOverride]  # PyAV passes bytes
        self._bytes += data
        return len(data)

    def take(self) -> bytes:
        taken = bytes(self._bytes)
        self._bytes.clear()
        return taken


def _wav_header(sample_rate: int) -> bytes:
    """Of s16le mono whose length is not known yet: all ones, as streaming writers do and readers accept."""
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF", 0xFFFFFFFF, b"WAVE", b"fmt ", 16, 1, 1, sample_rate, sample_rate * 2, 2, 16, b"data", 0xFFFFFFFF,
    )  # fmt: skip


def decode(data: bytes, *, limit_s: float = SOUND_LIMIT_S) -> bytes:
    """A sound file (wav, flac, ogg, mp3, webm, m4a, aac) as s16le mono at `RECOGNISER_RATE`.

    Raises:
        SpeechRejected: no sound in it that FFmpeg can read.
        SoundTooLong: more than `limit_s` seconds; the rest was not decoded.
    """
    return _decode(data, RECOGNISER_RATE, limit_s)[0]


def decode_at_own_rate(data: bytes, *, limit_s: float) -> tuple[NDArray[np.int16], int]:
    """A sound file as mono samples, and their rate in Hz: the file's own, up to `OPUS_RATE`.

    Raises:
        SpeechRejected: no sound in it that FFmpeg can read.
        SoundTooLong: more than `limit_s` seconds; the rest was not decoded.
    """
    pcm, rate = _decode(data, None, limit_s)
    return np.frombuffer(pcm, "<i2").astype(np.int16), rate


def _decode(data: bytes, rate: int | None, limit_s: float) -> tuple[bytes, int]:
    """S16le mono at `rate`, or at the file's own rate, and the rate."""
    pcm = bytearray()
    try:
        with av.open(io.BytesIO(data), "r", options={"format_whitelist": _CONTAINERS}) as container:
            if not container.streams.audio:
                raise _unreadable()
            stream = container.streams.audio[0]
            to_rate = rate or min(stream.rate, OPUS_RATE)
            for samples in _samples(container, stream, to_rate):
                pcm += samples
                if len(pcm) > int(limit_s * to_rate) * 2:
                    raise SoundTooLong(limit_s)
    except (FFmpegError, EOFError) as error:
        raise _unreadable() from error
    return bytes(pcm), to_rate


def _samples(container: InputContainer, stream: AudioStream, rate: int) -> Iterator[bytes]:
    resampler = AudioResampler(format="s16", layout="mono", rate=rate)
    for frame in container.decode(stream):
        for part in resampler.resample(frame):
            yield part.to_ndarray().astype("<i2").tobytes()
    for part in resampler.resample(None):
        yield part.to_ndarray().astype("<i2").tobytes()


def _unreadable() -> SpeechRejected:
    return SpeechRejected(
        "The file holds no sound that can be read.",
        next_step="Send wav, flac, ogg, mp3, m4a or webm.",
        reason="sound_unreadable",
        param="file",
    )


def at_recogniser_rate(pcm: bytes, rate: int) -> bytes:
    """Raw s16le mono at any rate, as s16le mono at `RECOGNISER_RATE`.

    Raises:
        SpeechRejected: an odd number of bytes.
    """
    if len(pcm) % 2:
        raise SpeechRejected(
            f"The sound has {len(pcm)} bytes, which is no whole number of 16-bit samples.",
            next_step="Send s16le mono.",
            reason="sound_unreadable",
            param="file",
        )
    if rate == RECOGNISER_RATE:
        return pcm
    resampled = soxr.resample(np.frombuffer(pcm, "<i2").astype(np.int16), rate, RECOGNISER_RATE)
    return np.asarray(resampled).astype("<i2").tobytes()


class RateChange:
    """Changes the rate of s16le mono that comes in pieces.

    Args:
        rate: of what comes, Hz.
        to_rate: of what is given, Hz.
    """

    def __init__(self, rate: int, to_rate: int) -> None:
        same = rate == to_rate
        self._stream = None if same else soxr.ResampleStream(rate, to_rate, 1, dtype="int16")

    @property
    def idle(self) -> bool:
        """Whether it gives what it takes."""
        return self._stream is None

    def feed(self, pcm: bytes, *, last: bool = False) -> bytes:
        """Take whole samples; gives what is ready, and with `last` all there is."""
        if self._stream is None:
            return pcm
        samples = np.frombuffer(pcm, "<i2").astype(np.int16)
        return self._stream.resample_chunk(samples, last=last).astype("<i2").tobytes()
