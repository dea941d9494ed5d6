"""What the process of an engine begins and ends with, be it a worker or a relay."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import socket
from collections.abc import AsyncGenerator, Sequence
from typing import Never

from vivavoce import lifeline
from vivavoce.speech.errors import EngineFailed, SpeechBusy, SpeechRejected, SpeechUnavailable
from vivavoce.speech.frames import FrameDecoder
from vivavoce.speech.messages import Busy, Failed, Refused, Request, Unavailable, read_request

log = logging.getLogger(__name__)

READ_BYTES = 1 << 18

WORKING_EVERY_S = 2.0
"""Seconds of silence after which a process that is at work says so: an hour of sound gives one answer, at its end."""


def read_arguments(program: str, argv: Sequence[str] | None, *, factory: bool = False) -> argparse.Namespace:
    """The command line, as the supervisor makes it."""
    parser = argparse.ArgumentParser(prog=program)
    parser.add_argument("engine", help="its name, to be seen in the process list")
    if factory:
        parser.add_argument("--factory", required=True)
    parser.add_argument("--socket", type=int, required=True)
    parser.add_argument("--parent", type=int, required=True)
    return parser.parse_args(argv)


def take_over(arguments: argparse.Namespace) -> socket.socket:
    """Tie this process to its parent, and open its socket to it."""
    lifeline.die_with(arguments.parent)
    # Ctrl-C reaches the whole process group; the server is the one to act on it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.basicConfig(level=logging.WARNING, format=f"speech engine {arguments.engine}: %(message)s")
    return socket.socket(fileno=arguments.socket)


async def requests(reader: asyncio.StreamReader) -> AsyncGenerator[tuple[Request, bytes]]:
    """What the server sends, until its end of the socket closes.

    Raises:
        FrameError, pydantic.ValidationError: it sent no request of ours.
    """
    decoder = FrameDecoder()
    while data := await reader.read(READ_BYTES):
        for part in decoder.feed(data):
            yield read_request(part.head), part.body


def failure(id: int, error: BaseException) -> Refused | Busy | Unavailable | Failed:
    """The last word on a request that came to nothing; an error that no engine should raise is logged whole."""
    if isinstance(error, SpeechRejected):
        return Refused(
            id=id, reason=error.reason, param=error.param, what=error.what, next_step=error.next_step
        )
    if isinstance(error, SpeechBusy):
        return Busy(id=id, what=error.what, next_step=error.next_step, retry_after_s=error.retry_after_s)
    if isinstance(error, SpeechUnavailable):
        return Unavailable(id=id, what=error.what, next_step=error.next_step)
    if isinstance(error, EngineFailed):
        return Failed(id=id, what=error.what, next_step=error.next_step)
    log.error("the engine failed on a request", exc_info=error)
    return Failed(
        id=id,
        what=f"The engine failed on this request: {type(error).__name__}.",
        next_step="The speech server's log has the details; try other words or another engine.",
    )


def exit_now(code: int) -> Never:
    """End at once: the interpreter's own way out waits for threads."""
    os._exit(code)
