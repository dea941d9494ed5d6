"""The frames between the server and an engine's process: a head (JSON) and a body (bytes), each with its length.

    | head bytes, u32 big-endian | body bytes, u32 big-endian | head | body |

No I/O here: `encode` gives bytes to send, a `FrameDecoder` takes bytes as they arrive.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

HEAD_LIMIT = 1 << 20
"""Bytes. A transcript of an hour with word times is the largest head there is: about 0.7 MB."""

BODY_LIMIT = 1 << 27
"""Bytes: an hour of s16le at 16 kHz is 115 MB."""

_LENGTHS = struct.Struct(">II")


class FrameError(ValueError):
    """The bytes are no frame of ours. The connection they came over is of no further use."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame."""

    head: bytes
    body: bytes = b""


def encode(frame: Frame) -> bytes:
    """The bytes of one frame.

    Raises:
        FrameError: a part is over its limit.
    """
    _check(len(frame.head), len(frame.body))
    return _LENGTHS.pack(len(frame.head), len(frame.body)) + frame.head + frame.body


class FrameDecoder:
    """Puts frames together from bytes that arrive in any pieces."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    @property
    def pending(self) -> int:
        """Bytes of a frame that is not whole yet."""
        return len(self._buffer)

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Take bytes; gives every frame that is whole now.

        Raises:
            FrameError: a length is over its limit; nothing after it can be trusted.
        """
        self._buffer += data
        while len(self._buffer) >= _LENGTHS.size:
            head, body = _LENGTHS.unpack_from(self._buffer)
            _check(head, body)
            end = _LENGTHS.size + head + body
            if len(self._buffer) < end:
                return
            with memoryview(self._buffer) as view:
                frame = Frame(
                    bytes(view[_LENGTHS.size : _LENGTHS.size + head]),
                    bytes(view[_LENGTHS.size + head : end]),
                )
            del self._buffer[:end]
            yield frame


def _check(head: int, body: int) -> None:
    if head > HEAD_LIMIT:
        raise FrameError(f"a head of {head} bytes is over the limit of {HEAD_LIMIT}")
    if body > BODY_LIMIT:
        raise FrameError(f"a body of {body} bytes is over the limit of {BODY_LIMIT}")
