"""The process of an engine that is elsewhere: `python -m vivavoce.speech.relay ENGINE --socket FD --parent PID`.

It says the same frames as a worker, and passes the work on. Up to `concurrency` requests are with the upstream at once,
taken up in the order that `schedule` says; each goes on as fast as its caller takes the sound, and no faster. In the
background it asks the upstream how it is, so that the server knows without trying it on a caller.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

from pydantic import ValidationError

from vivavoce.breaker import BreakerState
from vivavoce.errors import VivavoceError
from vivavoce.speech.clips import ClipStore
from vivavoce.speech.errors import SpeechError, SpeechRejected
from vivavoce.speech.frames import FrameError, encode
from vivavoce.speech.messages import (
    Cancel,
    Cancelled,
    Chunk,
    Condition,
    Dropped,
    Forget,
    Heard,
    Load,
    Loaded,
    RelayOptions,
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
from vivavoce.speech.schedule import UNTAKEN_LIMIT, Schedule, Turn
from vivavoce.speech.transcript import Transcript
from vivavoce.speech.upstream.base import Hearing, Reference, Upstream
from vivavoce.speech.upstream.kinds import concurrency, open_upstream
from vivavoce.speech.upstream.listing import ANY_LANGUAGE

log = logging.getLogger(__name__)

PROBE_EVERY_S = 10.0
"""Seconds between two questions to an upstream that is well."""

ILL_PROBE_EVERY_S = 2.0
"""Seconds between two questions to one that is not."""

VOICES_EVERY_S = 60.0
"""Seconds after which its voices are asked for again."""

TICK_S = 0.25
"""Seconds between two looks at what changes with time alone."""


@dataclass(slots=True)
class _Job:
    """A request: what to do, and the task that does it."""

    request: Synthesise | Transcribe
    body: bytes
    work: asyncio.Task[Reply] | None = None
    cancelled: bool = False
    room: asyncio.Event = field(default_factory=asyncio.Event)
    audio_s: float = 0.0


class Relay:
    """Stands for one upstream.

    Args:
        upstream: the client.
        options: what it was made of.
        arriving: what the server sends; its end is the server's.
        writer: to the server.
    """

    def __init__(
        self,
        upstream: Upstream,
        options: RelayOptions,
        arriving: AsyncGenerator[tuple[Request, bytes]],
        writer: asyncio.StreamWriter,
    ) -> None:
        self._upstream = upstream
        self._options = options
        self._arriving = arriving
        self._writer = writer
        self._clips = ClipStore(options.clips)
        self._schedule: Schedule[_Job] = Schedule()
        self._running: dict[int, _Job] = {}
        self._room = concurrency(options)
        self._wake = asyncio.Event()
        self._loaded: Loaded | None = None
        self._condition: Condition | None = None
        self._problem: str | None = "not asked yet"
        self._sent_at = self._sounded_at = 0.0

    async def run(self) -> None:
        """Work until the task is cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._read(group), name="relay.read")
            group.create_task(self._dispatch(group), name="relay.dispatch")
            group.create_task(self._watch(), name="relay.watch")
            group.create_task(self._tick(), name="relay.tick")

    async def _read(self, group: asyncio.TaskGroup) -> None:
        async for request, body in self._arriving:
            if isinstance(request, Forget):
                group.create_task(self._forget(request.clip), name="relay.forget")
            else:
                await self._take(request, body)
        # The server is gone, and nobody wants what is under way.
        exit_now(0)

    async def _take(self, request: Request, body: bytes) -> None:
        if isinstance(request, Cancel):
            await self._cancel(request.id)
        elif isinstance(request, Taken):
            self._schedule.taken(request.id)
            if (job := self._running.get(request.id)) is not None:
                job.room.set()
        elif isinstance(request, Synthesise | Transcribe):
            self._schedule.add(request.id, _Job(request, body), request.priority, now=time.monotonic())
            self._wake.set()

    async def _cancel(self, id: int) -> None:
        if (job := self._running.get(id)) is not None:
            job.cancelled = True
            if job.work is not None:
                job.work.cancel()
        elif self._schedule.remove(id) is not None:
            await self._send(Cancelled(id=id))

    async def _dispatch(self, group: asyncio.TaskGroup) -> None:
        """Start work while there is room for it."""
        while True:
            self._wake.clear()
            for late in self._schedule.late(now=time.monotonic()):
                self._schedule.remove(late.id)
                await self._send(Dropped(id=late.id, waited_s=time.monotonic() - late.arrived_s))
            while len(self._running) < self._room and (turn := self._schedule.next()) is not None:
                turn.began = turn.running = True
                self._running[turn.id] = turn.job
                group.create_task(self._attend(turn), name="relay.request")
            await self._wake.wait()

    async def _attend(self, turn: Turn[_Job]) -> None:
        """See one request to its end, whatever that is."""
        job = turn.job
        work = self._speak(turn, job.request) if isinstance(job.request, Synthesise) else self._hear(job)
        job.work = asyncio.create_task(work, name="relay.work")
        if job.cancelled:
            job.work.cancel()
        try:
            await asyncio.wait([job.work])
        finally:
            job.work.cancel()
        if job.work.cancelled():
            reply: Reply = Cancelled(id=turn.id)
        elif (error := job.work.exception()) is not None:
            reply = failure(turn.id, error)
        else:
            reply = job.work.result()
        del self._running[turn.id]
        self._schedule.remove(turn.id)
        self._wake.set()
        await self._send(reply)
        await self._tell()

    async def _speak(self, turn: Turn[_Job], request: Synthesise) -> Reply:
        start = time.monotonic()
        waited_s = 0.0
        reference = await self._reference(request)
        rate = self._upstream.sample_rate
        pieces = self._upstream.speak(
            request.text,
            voice=request.voice,
            language=request.language,
            speed=request.speed,
            reference=reference,
        )
        job = turn.job
        async with aclosing(pieces):
            async for piece in pieces:
                self._sounded_at = time.monotonic()
                audio_s = len(piece) / 2 / rate
                job.audio_s += audio_s
                self._schedule.gave(turn.id, audio_s, now=self._sounded_at)
                await self._send(Chunk(id=turn.id), piece)
                while turn.untaken >= UNTAKEN_LIMIT:
                    job.room.clear()
                    await job.room.wait()
                waited_s += time.monotonic() - self._sounded_at
        return Spoken(id=turn.id, audio_s=job.audio_s, work_s=time.monotonic() - start - waited_s)

    async def _reference(self, request: Synthesise) -> Reference | None:
        """The clip that a request's voice names, if it names one.

        Raises:
            SpeechRejected.
        """
        self._check_language(request)
        clip = await asyncio.to_thread(self._clips.get, request.voice)
        if clip is None:
            return None
        try:
            wav = await asyncio.to_thread(self._clips.wav, clip)
        except VivavoceError as error:
            raise SpeechRejected(
                error.what, next_step=error.next_step, reason="voice_unknown", param="voice"
            ) from error
        return Reference(clip.id, wav, clip.transcript, clip.consent)

    def _check_language(self, request: Synthesise) -> None:
        languages = self._options.languages
        if request.language is None or not languages or request.language in languages:
            return
        raise SpeechRejected(
            f"{self._options.name} is not to speak {request.language!r}, but {', '.join(languages)}.",
            next_step="Use another engine, or change its languages in the settings.",
            reason="voice_language",
            param="language",
        )

    async def _hear(self, job: _Job) -> Reply:
        request = job.request
        assert isinstance(request, Transcribe)
        start = time.monotonic()
        among = request.language.split(",") if request.language else []
        transcript = await self._heard(job.body, among[0] if len(among) == 1 else None, request)
        if len(among) > 1 and transcript.text and transcript.language not in among:
            # No upstream chooses among several: one that hears yet another language is told the expected one.
            transcript = await self._heard(job.body, among[0], request)
        self._sounded_at = time.monotonic()
        return Heard(id=request.id, transcript=transcript, work_s=self._sounded_at - start)

    async def _heard(self, pcm: bytes, language: str | None, request: Transcribe) -> Transcript:
        assert isinstance(self._upstream, Hearing)
        return await self._upstream.transcribe(
            pcm, language=language, prompt=request.prompt, words=request.words
        )

    async def _forget(self, clip: str) -> None:
        try:
            await self._upstream.forget(clip)
        except SpeechError as error:
            log.error("the clip %s may still be with the upstream: %s", clip, error)

    async def _watch(self) -> None:
        """Ask the upstream how it is, again and again."""
        voices_at = -VOICES_EVERY_S
        failures = 0
        while True:
            began = time.monotonic()
            problem = await self._ask(voices=began - voices_at >= VOICES_EVERY_S)
            if problem is None:
                failures = 0
                if began - voices_at >= VOICES_EVERY_S:
                    voices_at = began
            elif self._sounded_at < began:
                # Some cannot answer while they work; but then there is sound.
                failures += 1
            # A single lost answer is no illness, where it has been well.
            if problem is None or failures > 1 or self._loaded is None:
                self._problem = problem
            await self._tell()
            await asyncio.sleep(PROBE_EVERY_S if problem is None else ILL_PROBE_EVERY_S)

    async def _ask(self, *, voices: bool) -> str | None:
        """What is wrong with the upstream, if anything is."""
        try:
            await self._upstream.probe()
            if voices:
                await self._introduce()
        except SpeechError as error:
            return error.what
        return None

    async def _introduce(self) -> None:
        """Say what the upstream can do, when that is new."""
        speaks = self._options.role == "tts"
        start = time.monotonic()
        voices = tuple(await self._upstream.voices()) if speaks else ()
        tags = [voice.language.split("-")[0] for voice in voices if voice.language != ANY_LANGUAGE]
        loaded = Loaded(
            model=self._options.model or self._options.kind,
            sample_rate=self._upstream.sample_rate if speaks else None,
            voices=voices,
            languages=self._options.languages or tuple(dict.fromkeys(tags)),
            load_s=time.monotonic() - start,
            warm_up_s=0.0,
            address=self._options.url,
        )
        if self._loaded is None or self._loaded.voices != loaded.voices:
            self._loaded = loaded
            await self._send(loaded)

    async def _tell(self) -> None:
        """Say how the upstream is, when that is new."""
        breaker = self._upstream.breaker
        problem = self._problem
        if problem is None and breaker is BreakerState.OPEN:
            problem = f"The upstream {self._options.name} failed several times in a row and is left alone for a while."
        condition = Condition(ready=problem is None, detail=problem or "ready", breaker=breaker.value)
        if condition != self._condition:
            self._condition = condition
            await self._send(condition)

    async def _tick(self) -> None:
        """Notice what changes with time alone: the breaker, what is late, and that we are still at work."""
        while True:
            await asyncio.sleep(TICK_S)
            self._wake.set()
            await self._tell()
            if self._running and time.monotonic() - self._sent_at > WORKING_EVERY_S:
                await self._send(Working(id=next(iter(self._running))))

    async def _send(self, reply: Reply, body: bytes = b"") -> None:
        self._sent_at = time.monotonic()
        self._writer.write(encode(frame(reply, body)))
        await self._writer.drain()


async def serve(connection: socket.socket) -> None:
    """Learn from the first request what to stand for, and do it."""
    reader, writer = await asyncio.open_connection(sock=connection, limit=READ_BYTES)
    arriving = requests(reader)
    try:
        first, _ = await anext(arriving)
    except StopAsyncIteration:
        return
    assert isinstance(first, Load), "the server's first request says what to stand for"
    assert isinstance(first.options, RelayOptions), "a worker has a module of its own"
    upstream = open_upstream(first.options)
    try:
        await Relay(upstream, first.options, arriving, writer).run()
    except* (ConnectionError, FrameError, ValidationError) as group:
        log.error("the server's end of the socket broke: %s", group.exceptions[0])
        exit_now(1)


def main(argv: Sequence[str] | None = None) -> None:
    """Run a relay; only the supervisor calls this."""
    arguments = read_arguments("vivavoce-speech-relay", argv)
    asyncio.run(serve(take_over(arguments)))


if __name__ == "__main__":
    main()
