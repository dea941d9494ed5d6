"""An engine's own process: `python -m vivavoce.speech.worker ENGINE --factory … --options … --socket FD --parent PID`.

It takes requests from the server over a socket, works on them a step at a time in the order that `schedule` says, and
sends what comes out. It ends when the socket does.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import socket
import time
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Never

import numpy as np
from pydantic import ValidationError

from vivavoce.errors import VivavoceError
from vivavoce.speech import lifeline
from vivavoce.speech.engines import factory
from vivavoce.speech.engines.base import Engine, Pcm, SpeechEngine, TranscriptionEngine
from vivavoce.speech.errors import EngineFailed, SpeechRejected
from vivavoce.speech.frames import FrameDecoder, FrameError, encode
from vivavoce.speech.messages import (
    Cancel,
    Cancelled,
    Chunk,
    Dropped,
    EngineOptions,
    Failed,
    Heard,
    Loaded,
    LoadFailed,
    Refused,
    Reply,
    Spoken,
    Synthesise,
    Taken,
    Transcribe,
    Working,
    frame,
    read_request,
)
from vivavoce.speech.schedule import Schedule, Turn
from vivavoce.speech.transcript import Transcript

log = logging.getLogger(__name__)

READ_BYTES = 1 << 18

WORKING_EVERY_S = 2.0
"""Seconds of silence after which a worker that is at work says so: an hour of sound gives one answer, at its end."""


@dataclass(slots=True)
class Job:
    """A request being worked on. `work_s` is the engine's time on it so far."""

    request: Synthesise | Transcribe
    steps: Iterator[Pcm] | Generator[None, None, Transcript]
    work_s: float = 0.0
    audio_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Step:
    """What one step of a job gave: a chunk, or its end with a transcript, or neither (a pause)."""

    chunk: Pcm | None = None
    ended: bool = False
    transcript: Transcript | None = None
    took_s: float = 0.0


class Worker:
    """Runs one engine.

    Args:
        engine: loaded and warm.
        reader, writer: the server's end.
    """

    def __init__(self, engine: Engine, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._engine = engine
        self._reader = reader
        self._writer = writer
        self._schedule: Schedule[Job] = Schedule()
        self._cancelled: set[int] = set()
        self._running: int | None = None
        self._sent_at = 0.0
        self._wake = asyncio.Event()
        # Engines are not safe for threads: this one does all of an engine's work.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="engine")

    async def run(self) -> None:
        """Work until the task is cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._read(), name="worker.read")
            group.create_task(self._work(), name="worker.work")

    async def _read(self) -> None:
        decoder = FrameDecoder()
        while data := await self._reader.read(READ_BYTES):
            for part in decoder.feed(data):
                self._take(read_request(part.head), part.body)
                self._wake.set()
        # The server is gone. A native call may hold the engine's thread for long, and nobody wants its result.
        _exit(0)

    def _take(self, request: Synthesise | Transcribe | Cancel | Taken, body: bytes) -> None:
        if isinstance(request, Cancel):
            self._cancelled.add(request.id)
            if request.id == self._running and isinstance(self._engine, SpeechEngine):
                self._engine.interrupt()
        elif isinstance(request, Taken):
            self._schedule.taken(request.id)
        else:
            job = Job(request, begin(self._engine, request, body))
            self._schedule.add(request.id, job, request.priority, now=time.monotonic())

    async def _work(self) -> None:
        while True:
            await self._sweep()
            turn = self._schedule.next()
            if turn is None:
                self._wake.clear()
                await self._wake.wait()
                continue
            turn.began = True
            await self._advance(turn)

    async def _sweep(self) -> None:
        """Close what was cancelled and what is late."""
        loop = asyncio.get_running_loop()
        while self._cancelled:
            id = self._cancelled.pop()
            job = self._schedule.remove(id)
            if job is not None:
                if isinstance(job.steps, Generator):
                    await loop.run_in_executor(self._thread, job.steps.close)
                await self._send(Cancelled(id=id))
        now = time.monotonic()
        for turn in self._schedule.late(now=now):
            self._schedule.remove(turn.id)
            await self._send(Dropped(id=turn.id, waited_s=now - turn.arrived_s))

    async def _advance(self, turn: Turn[Job]) -> None:
        job = turn.job
        future = asyncio.get_running_loop().run_in_executor(self._thread, step, job)
        self._running = turn.id
        await asyncio.wait([future])
        self._running = None
        error = future.exception()
        if error is not None and turn.id in self._cancelled:
            # It was interrupted, on our word; the sweep says so.
            return
        if error is not None:
            self._schedule.remove(turn.id)
            await self._send(failure(turn.id, error))
            return
        done = future.result()
        job.work_s += done.took_s
        if done.chunk is not None and len(done.chunk):
            assert isinstance(self._engine, SpeechEngine)
            audio_s = len(done.chunk) / self._engine.sample_rate
            job.audio_s += audio_s
            self._schedule.gave(turn.id, audio_s, now=time.monotonic())
            if turn.id not in self._cancelled:
                await self._send(Chunk(id=turn.id), done.chunk.astype("<i2", copy=False).tobytes())
        if done.ended:
            self._schedule.remove(turn.id)
            await self._send(ending(turn.id, job, done))
        elif time.monotonic() - self._sent_at > WORKING_EVERY_S:
            await self._send(Working(id=turn.id))

    async def _send(self, reply: Reply, body: bytes = b"") -> None:
        self._sent_at = time.monotonic()
        self._writer.write(encode(frame(reply, body)))
        await self._writer.drain()


def begin(
    engine: Engine, request: Synthesise | Transcribe, body: bytes
) -> Iterator[Pcm] | Generator[None, None, Transcript]:
    """A request as steps; nothing is worked yet.

    Errors of a request that the engine cannot take come with the first step.
    """
    if isinstance(request, Synthesise):
        assert isinstance(engine, SpeechEngine)
        return _spoken(engine, request)
    assert isinstance(engine, TranscriptionEngine)
    return engine.transcribe(np.frombuffer(body, "<i2"), request.language, request.prompt, request.words)


def _spoken(engine: SpeechEngine, request: Synthesise) -> Generator[Pcm]:
    yield from engine.synthesize(request.text, request.voice, request.language, request.speed)


def step(job: Job) -> Step:
    """One step, on the engine's thread."""
    start = time.perf_counter()
    try:
        chunk = next(job.steps)
    except StopIteration as stop:
        return Step(ended=True, transcript=stop.value, took_s=time.perf_counter() - start)
    return Step(chunk=chunk, took_s=time.perf_counter() - start)


def ending(id: int, job: Job, done: Step) -> Spoken | Heard:
    """The last word on a job that went well."""
    if done.transcript is not None:
        return Heard(id=id, transcript=done.transcript, work_s=job.work_s)
    return Spoken(id=id, audio_s=job.audio_s, work_s=job.work_s)


def failure(id: int, error: BaseException) -> Refused | Failed:
    """The last word on a job that did not; an error that no engine should raise is logged whole."""
    if isinstance(error, SpeechRejected):
        return Refused(
            id=id, reason=error.reason, param=error.param, what=error.what, next_step=error.next_step
        )
    if isinstance(error, EngineFailed):
        return Failed(id=id, what=error.what, next_step=error.next_step)
    log.error("the engine failed on a request", exc_info=error)
    return Failed(
        id=id,
        what=f"The engine failed on this request: {type(error).__name__}.",
        next_step="The speech server's log has the details; try other words or another engine.",
    )


def load(path: str, options: EngineOptions) -> tuple[Engine, Loaded]:
    """The engine, warm, and what there is to say of it."""
    start = time.perf_counter()
    engine = factory(path)(options)
    loaded = time.perf_counter()
    engine.warm_up()
    warm = time.perf_counter()
    speaks = isinstance(engine, SpeechEngine)
    voices = tuple(engine.voices()) if speaks else ()
    return engine, Loaded(
        model=engine.model,
        sample_rate=engine.sample_rate if speaks else None,
        voices=voices,
        languages=tuple(dict.fromkeys(voice.language.split("-")[0] for voice in voices))
        if speaks
        else tuple(engine.languages()),
        load_s=loaded - start,
        warm_up_s=warm - loaded,
    )


async def serve(path: str, options: EngineOptions, connection: socket.socket) -> None:
    """Load the engine, say so, and work."""
    reader, writer = await asyncio.open_connection(sock=connection, limit=READ_BYTES)
    # Loading blocks this thread: only the server's end of the socket could want something, and it waits.
    try:
        engine, loaded = load(path, options)
    except VivavoceError as error:
        writer.write(encode(frame(LoadFailed(code=error.code, what=error.what, next_step=error.next_step))))
        await writer.drain()
        writer.close()
        return
    writer.write(encode(frame(loaded)))
    try:
        await Worker(engine, reader, writer).run()
    except* (ConnectionError, FrameError, ValidationError) as group:
        log.error("the server's end of the socket broke: %s", group.exceptions[0])
        _exit(1)


def _exit(code: int) -> Never:
    """End now: the interpreter's own way out waits for the engine's thread."""
    os._exit(code)


def main(argv: Sequence[str] | None = None) -> None:
    """Run a worker; only the supervisor calls this."""
    parser = argparse.ArgumentParser(prog="vivavoce-speech-worker")
    parser.add_argument("engine", help="its name, to be seen in the process list")
    parser.add_argument("--factory", required=True)
    parser.add_argument("--options", required=True, help="EngineOptions as JSON")
    parser.add_argument("--socket", type=int, required=True)
    parser.add_argument("--parent", type=int, required=True)
    arguments = parser.parse_args(argv)
    lifeline.die_with(arguments.parent)
    # Ctrl-C reaches the whole process group; the server is the one to act on it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.basicConfig(level=logging.WARNING, format=f"speech worker {arguments.engine}: %(message)s")
    connection = socket.socket(fileno=arguments.socket)
    asyncio.run(serve(arguments.factory, EngineOptions.model_validate_json(arguments.options), connection))


if __name__ == "__main__":
    main()
