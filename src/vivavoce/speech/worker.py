"""An engine's own process: `python -m vivavoce.speech.worker ENGINE --factory … --socket FD --parent PID`.

It takes requests from the server over a socket, works on them a step at a time in the order that `schedule` says, and
sends what comes out. It ends when the socket does.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections.abc import AsyncGenerator, Sequence
from concurrent.futures import ThreadPoolExecutor

from pydantic import ValidationError

from vivavoce.errors import VivavoceError
from vivavoce.speech.engines import factory
from vivavoce.speech.engines.base import Engine, SpeechEngine
from vivavoce.speech.frames import FrameError, encode
from vivavoce.speech.jobs import Job, Outcome, begin, step
from vivavoce.speech.messages import (
    Cancel,
    Cancelled,
    Chunk,
    Dropped,
    EngineOptions,
    Heard,
    Load,
    Loaded,
    LoadFailed,
    Part,
    Reply,
    Request,
    Spoken,
    Synthesise,
    Taken,
    Transcribe,
    Working,
    frame,
)
from vivavoce.speech.process import (
    READ_BYTES,
    WORKING_EVERY_S,
    exit_now,
    failure,
    read_arguments,
    requests,
    take_over,
)
from vivavoce.speech.schedule import Schedule, Turn
from vivavoce.speech.transcript import Transcript

log = logging.getLogger(__name__)


class Worker:
    """Runs one engine.

    Args:
        engine: loaded and warm.
        requests: what the server sends; its end is the server's.
        writer: to the server.
    """

    def __init__(
        self, engine: Engine, requests: AsyncGenerator[tuple[Request, bytes]], writer: asyncio.StreamWriter
    ) -> None:
        self._engine = engine
        self._requests = requests
        self._writer = writer
        self._schedule: Schedule[Job] = Schedule()
        self._cancelled: set[int] = set()
        self._busy = 0
        self._sent_at = 0.0
        self._wake = asyncio.Event()
        self._lanes, self._together = (
            (engine.lanes, 1) if isinstance(engine, SpeechEngine) else (1, engine.together)
        )
        # All of an engine's work is done on these threads, so that it never has more at once than it can take.
        self._threads = ThreadPoolExecutor(self._lanes, thread_name_prefix="engine")

    async def run(self) -> None:
        """Work until the task is cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._read(), name="worker.read")
            group.create_task(self._work(group), name="worker.work")

    async def _read(self) -> None:
        async for request, body in self._requests:
            self._take(request, body)
            self._wake.set()
        # The server is gone. A native call may hold the engine's thread for long, and nobody wants its result.
        exit_now(0)

    def _take(self, request: Request, body: bytes) -> None:
        if isinstance(request, Cancel):
            turn = self._schedule.get(request.id)
            if turn is not None:
                self._cancelled.add(request.id)
                turn.job.halt.ask()
        elif isinstance(request, Taken):
            self._schedule.taken(request.id)
        elif isinstance(request, Synthesise | Transcribe):
            job = begin(self._engine, request, body)
            lead_s = request.lead_s if isinstance(request, Synthesise) else 0.0
            self._schedule.add(request.id, job, request.priority, now=time.monotonic(), lead_s=lead_s)

    async def _work(self, group: asyncio.TaskGroup) -> None:
        while True:
            self._wake.clear()
            await self._sweep()
            while self._busy < self._lanes and (turns := self._schedule.group(self._together)):
                self._busy += 1
                for turn in turns:
                    turn.began = turn.running = True
                group.create_task(self._advance(turns), name="worker.step")
            await self._wake.wait()

    async def _sweep(self) -> None:
        """Close what was cancelled and what is late."""
        for id in list(self._cancelled):
            turn = self._schedule.get(id)
            if turn is not None and turn.running:
                continue
            self._cancelled.discard(id)
            if turn is not None:
                self._schedule.remove(id)
                turn.job.close()
                await self._send(Cancelled(id=id))
        now = time.monotonic()
        for turn in self._schedule.late(now=now):
            self._schedule.remove(turn.id)
            await self._send(Dropped(id=turn.id, waited_s=now - turn.arrived_s))

    async def _advance(self, turns: Sequence[Turn[Job]]) -> None:
        jobs = [turn.job for turn in turns]
        outcomes = await asyncio.get_running_loop().run_in_executor(self._threads, step, self._engine, jobs)
        # The hand is free before its work is sent: the next step need not wait for the socket.
        self._busy -= 1
        for turn, outcome in zip(turns, outcomes, strict=True):
            turn.running = False
            self._note(turn, outcome)
        self._wake.set()
        for turn, outcome in zip(turns, outcomes, strict=True):
            await self._report(turn, outcome)

    def _note(self, turn: Turn[Job], outcome: Outcome) -> None:
        """Keep the schedule true."""
        if turn.id in self._cancelled:
            # The sweep says the last word, whatever the step gave.
            return
        if outcome.error is not None or outcome.ended:
            self._schedule.remove(turn.id)
        elif outcome.stretch is not None:
            assert isinstance(self._engine, SpeechEngine)
            audio_s = len(outcome.stretch.pcm) / self._engine.sample_rate
            turn.job.audio_s += audio_s
            self._schedule.gave(turn.id, audio_s, now=time.monotonic())
        elif isinstance(self._engine, SpeechEngine):
            self._schedule.worked(turn.id)

    async def _report(self, turn: Turn[Job], outcome: Outcome) -> None:
        if turn.id in self._cancelled:
            return
        request = turn.job.request
        if isinstance(request, Transcribe) and request.parts:
            for part in outcome.written:
                await self._send(Part(id=turn.id, segment=part.segment, words=part.words))
        if outcome.error is not None:
            await self._send(failure(turn.id, outcome.error))
        elif outcome.ended:
            await self._send(ending(turn.id, turn.job, outcome.transcript))
        elif outcome.stretch is not None:
            pcm = outcome.stretch.pcm.astype("<i2", copy=False).tobytes()
            await self._send(Chunk(id=turn.id, words=outcome.stretch.words), pcm)
        elif time.monotonic() - self._sent_at > WORKING_EVERY_S:
            await self._send(Working(id=turn.id))

    async def _send(self, reply: Reply, body: bytes = b"") -> None:
        self._sent_at = time.monotonic()
        self._writer.write(encode(frame(reply, body)))
        await self._writer.drain()


def ending(id: int, job: Job, transcript: Transcript | None) -> Spoken | Heard:
    """The last word on a job that went well."""
    if transcript is not None:
        return Heard(id=id, transcript=transcript, work_s=job.work_s)
    return Spoken(id=id, audio_s=job.audio_s, work_s=job.work_s)


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


async def serve(path: str, connection: socket.socket) -> None:
    """Load the engine as the first request says, say so, and work."""
    reader, writer = await asyncio.open_connection(sock=connection, limit=READ_BYTES)
    arriving = requests(reader)
    try:
        first, _ = await anext(arriving)
    except StopAsyncIteration:
        return
    assert isinstance(first, Load), "the server's first request says how to load the engine"
    assert isinstance(first.options, EngineOptions), "a relay has a module of its own"
    # Loading blocks this thread: only the server's end of the socket could want something, and it waits.
    try:
        engine, loaded = load(path, first.options)
    except VivavoceError as error:
        writer.write(encode(frame(LoadFailed(code=error.code, what=error.what, next_step=error.next_step))))
        await writer.drain()
        writer.close()
        return
    writer.write(encode(frame(loaded)))
    try:
        await Worker(engine, arriving, writer).run()
    except* (ConnectionError, FrameError, ValidationError) as group:
        log.error("the server's end of the socket broke: %s", group.exceptions[0])
        exit_now(1)


def main(argv: Sequence[str] | None = None) -> None:
    """Run a worker; only the supervisor calls this."""
    arguments = read_arguments("vivavoce-speech-worker", argv, factory=True)
    asyncio.run(serve(arguments.factory, take_over(arguments)))


if __name__ == "__main__":
    main()
