"""A stream of sound as servers send it, wav or bare samples, read into samples as it arrives. No I/O.

What is met in the wild, and what is done about it:

- Lengths that are not true: 0 (Python's `wave` before it is closed), 0xFFFFFFFF (OpenAI, vLLM-Omni), 0x7FFFFFFF. The
  end of the stream is the end of the sound.
- `audio/wav` without a header (Fish Speech, which drops its own: see `fish`): bare samples at the expected rate.
- A header before every sentence (one wav after the other), and metadata behind the samples (roryeckel/wyoming_openai
  issue 73): neither is sound.
- Stereo: both channels are mixed to one.
- A chunk of the network that ends inside a sample.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np

HEADER_LIMIT = 1 << 16
"""Bytes before the first sample. Headers have 44, and some hundred with metadata."""

RATES = range(4_000, 192_001)
"""Hz that are believed."""

_PCM, _EXTENSIBLE = 1, 0xFFFE
_TRAILERS = (
    b"LIST",
    b"INFO",
    b"C2PA",
    b"id3 ",
    b"ID3 ",
    b"fact",
    b"cue ",
    b"bext",
    b"iXML",
    b"JUNK",
    b"PAD ",
)

_OTHERS = {
    b"OggS": "Ogg",
    b"fLaC": "FLAC",
    b"ID3\x03": "MP3",
    b"ID3\x04": "MP3",
    b"\x1aE\xdf\xa3": "WebM",
    b"RIFF": "a RIFF file that is no wav",
}


class WavError(ValueError):
    """The bytes are no sound that can be read; the message says what they are instead."""


@dataclass(frozen=True, slots=True)
class _Format:
    rate: int
    channels: int


def wav(pcm: bytes, rate: int) -> bytes:
    """S16le mono as a wav file, with lengths that are true."""
    header = struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF", 36 + len(pcm), b"WAVE", b"fmt ", 16, _PCM, 1, rate, 2 * rate, 2, 16, b"data", len(pcm),
    )  # fmt: skip
    return header + pcm


class WavReader:
    """Takes bytes, gives s16le mono.

    Args:
        rate: Hz, of bare samples: what the server is known, or says, to send. A header's word goes before it.
    """

    def __init__(self, rate: int) -> None:
        self.rate = rate
        """Hz of the samples given; settled when the first ones are."""
        self._buffer = bytearray()
        self._format: _Format | None = None
        self._left: int | None = None
        self._in_sound = False
        self._began = False
        self._over = False

    def feed(self, data: bytes) -> bytes:
        """Take bytes; gives the whole samples that are known by now.

        Raises:
            WavError: this is something else than sound.
        """
        self._buffer += data
        out = bytearray()
        while self._step(out, last=False):
            pass
        return bytes(out)

    def finish(self) -> bytes:
        """The stream has ended; what is left of it. Half a sample at the end is dropped.

        Raises:
            WavError: it ended inside its header.
        """
        out = bytearray()
        while self._step(out, last=True):
            pass
        if self._buffer and not self._in_sound and not self._over:
            raise WavError("a wav that ends inside its header")
        return bytes(out)

    def _step(self, out: bytearray, *, last: bool) -> bool:
        """Go one step on; whether there may be another."""
        if self._over:
            self._buffer.clear()
            return False
        if not self._in_sound:
            return self._open(last=last)
        if self._left == 0:
            return self._after(last=last)
        return self._samples(out)

    def _open(self, *, last: bool) -> bool:
        """At the start of a stream: a header, or bare samples."""
        buffer = self._buffer
        if len(buffer) < 12 and not (last and buffer and not buffer.startswith(b"RI")):
            return False
        if _is_wav(buffer):
            return self._header()
        other = _OTHERS.get(bytes(buffer[:4])) or ("text" if _printable(bytes(buffer[:12])) else None)
        if other is not None:
            raise WavError(f"{other}, not wav or bare samples")
        self._format, self._left, self._in_sound = _Format(self.rate, 1), None, True
        return True

    def _header(self) -> bool:
        """Read the chunks before the samples; nothing is taken until all of them are here."""
        at, format = 12, None
        while len(self._buffer) >= at + 8:
            name, size = struct.unpack_from("<4sI", self._buffer, at)
            if name == b"data":
                if format is None:
                    raise WavError("a wav without a format")
                if self._began and format.rate != self.rate:
                    raise WavError(f"a wav whose rate changes from {self.rate} to {format.rate} Hz")
                self.rate, self._format, self._in_sound = format.rate, format, True
                # Placeholders of 2 GiB and more are never reached.
                self._left = size or None
                del self._buffer[: at + 8]
                return True
            if name == b"fmt " and len(self._buffer) >= at + 8 + min(size, 16):
                format = _read_format(bytes(self._buffer[at + 8 : at + 8 + size]))
            at += 8 + size + size % 2
            if at > HEADER_LIMIT:
                raise WavError("a wav without samples")
        return False

    def _samples(self, out: bytearray) -> bool:
        assert self._format is not None
        frame = 2 * self._format.channels
        take = len(self._buffer) if self._left is None else min(len(self._buffer), self._left)
        take -= take % frame
        if take == 0:
            if self._left is not None and self._left < frame:
                # Not a whole number of samples: the length is not true.
                self._left = None
                return len(self._buffer) >= frame
            return False
        out += _mono(bytes(self._buffer[:take]), self._format.channels)
        self._began = True
        del self._buffer[:take]
        if self._left is not None:
            self._left -= take
        return bool(self._buffer)

    def _after(self, *, last: bool) -> bool:
        """Where the length says that the sound ends: another wav, metadata, or sound and the length was not true."""
        if len(self._buffer) < 12 and not last:
            return False
        if _is_wav(self._buffer):
            self._in_sound = False
            return True
        if bytes(self._buffer[:4]) in _TRAILERS or not self._buffer:
            self._over = True
            return True
        self._left = None
        return True


def _is_wav(buffer: bytearray) -> bool:
    return buffer.startswith(b"RIFF") and bytes(buffer[8:12]) == b"WAVE"


def _printable(data: bytes) -> bool:
    # Six samples that all happen to be letters are louder and steadier than any beginning of speech.
    return len(data) >= 12 and all(32 <= byte < 127 or byte in b"\r\n\t" for byte in data)


def _read_format(chunk: bytes) -> _Format:
    if len(chunk) < 16:
        raise WavError("a wav with half a format")
    code, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", chunk)
    if code not in (_PCM, _EXTENSIBLE) or bits != 16:
        raise WavError(f"a wav of {bits} bits in coding {code}, where 16-bit PCM is needed")
    if channels not in (1, 2):
        raise WavError(f"a wav of {channels} channels")
    if rate not in RATES:
        raise WavError(f"a wav of {rate} Hz")
    return _Format(rate, channels)


def _mono(data: bytes, channels: int) -> bytes:
    if channels == 1:
        return data
    frames = np.frombuffer(data, "<i2").reshape(-1, channels)
    return frames.mean(axis=1).astype("<i2").tobytes()
