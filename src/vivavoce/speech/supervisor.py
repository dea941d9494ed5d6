"""Keeps an engine's process alive and gives it work: the server's half of the border whose other half is `worker`.

A process that dies takes only the requests it had with it: they get an error, a new process is started after a pause
that grows, and other engines never notice.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import os
import socket
import sys
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum

from pydantic import ValidationError

from vivavoce.speech.engines import EngineSpec
from vivavoce.speech.errors import EngineNotReady
from vivavoce.speech.frames import FrameDecoder, FrameError, encode
from vivavoce.speech.messages import (
    Cancel,
    Chunk,
    Condition,
    EngineOptions,
    Forget,
    Heard,
    Load,
    Loaded,
    LoadFailed,
    Part,
    Priority,
    RelayOptions,
    Reply,
    Request,
    Spoken,
    Synthesise,
    Taken,
    Transcribe,
    WordTime,
    frame,
    read_reply,
)
from vivavoce.speech.tickets import Ticket, Tickets

log = logging.getLogger(__name__)

READ_BYTES = 1 << 18


@dataclass(frozen=True, slots=True)
class Limits:
    """What an engine's process is allowed.

    Attributes:
        live: requests at work above which even a live one is refused.
        other: requests at work above which partial and batch ones are refused, so that live ones have room.
        held: requests in hand above which any is refused, those included whose caller is slow to take its sound: an
            engine does not work on these, but each holds up to `UNTAKEN_LIMIT` chunks.
        load_s: seconds to load and warm up.
        stall_s: seconds without a sign of life while there is work; then it is killed. The longest step is a 30 s
            window, a second or two.
        stop_s: seconds to end by itself.
        backoff_s: pauses before the restarts; the last one repeats. A life of a minute starts them anew.
    """

    live: int = 32
    other: int = 16
    held: int = 128
    load_s: float = 120.0
    stall_s: float = 60.0
    stop_s: float = 2.0
    backoff_s: tuple[float, ...] = (0.2, 0.5, 1.0, 2.0, 5.0, 15.0, 30.0)


class State(StrEnum):
    """An engine's process, as callers need to know it."""

    LOADING = "loading"
    READY = "ready"
    UNREACHABLE = "unreachable"
    """A relay works, and its upstream does not."""
    RESTARTING = "restarting"
    FAILED = "failed"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Speech:
    """A stretch of speech.

    Attributes:
        pcm: s16le mono at the engine's rate.
        words: when its words are said, from its start; empty where the engine does not know.
    """

    pcm: bytes
    words: tuple[WordTime, ...] = ()


class Supervisor:
    """One engine's process, kept running by whoever runs `run`."""

    def __init__(
        self, spec: EngineSpec, options: EngineOptions | RelayOptions, *, limits: Limits | None = None
    ) -> None:
        self.spec = spec
        self.restarts = 0
        self.state = State.STOPPED
        self.detail = "not started"
        self._options = options
        self._limits = limits or Limits()
        self._loaded: Loaded | None = None
        self._condition: Condition | None = None
        self._ids = itertools.count(1)
        self._tickets = Tickets(
            spec.name, live=self._limits.live, other=self._limits.other, held=self._limits.held
        )
        self._writer: asyncio.StreamWriter | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._heard_at = 0.0

    @property
    def in_flight(self) -> int:
        """Requests that the engine has not finished with, those included that nobody waits for any more."""
        return len(self._tickets)

    @property
    def pid(self) -> int | None:
        """Of the process, if there is one."""
        return None if self._process is None else self._process.pid

    @property
    def loaded(self) -> Loaded | None:
        """What the engine said of itself when it last was ready."""
        return self._loaded

    @property
    def condition(self) -> Condition | None:
        """What a relay last said of its upstream; None for other engines."""
        return self._condition

    def forget(self, clip: str) -> None:
        """Have a relay's upstream delete a clip, as soon as may be; a failure is logged by the relay."""
        self._send(Forget(clip=clip))

    async def run(self) -> None:
        """Start the process and start it again when it ends, until cancelled."""
        deaths = 0
        try:
            while True:
                self._become(State.RESTARTING if deaths else State.LOADING, "loading the model")
                born = time.monotonic()
                await self._live()
                deaths = 1 if time.monotonic() - born > 60 else deaths + 1
                waits = self._limits.backoff_s
                pause = waits[-1] if self.state is State.FAILED else waits[min(deaths, len(waits)) - 1]
                log.warning("engine %s: %s; again in %.1f s", self.spec.name, self.detail, pause)
                await asyncio.sleep(pause)
                self.restarts += 1
        finally:
            self._become(State.STOPPED, "stopped")

    @asynccontextmanager
    async def speak(
        self,
        text: str,
        *,
        voice: str,
        language: str | None,
        speed: float,
        priority: Priority,
        lead_s: float = 0.0,
        admitted: bool = False,
    ) -> AsyncGenerator[AsyncIterator[Speech | Spoken]]:
        """Speak a text: the context gives an iterator of stretches of speech, and last of all a `Spoken`.

        Leaving the context stops the engine's work on it.

        Args:
            text: not empty.
            voice: id of one of the engine's voices.
            language: what the text is in; None: the voice's language.
            speed: 0.25 to 4.0.
            priority: see `Priority`.
            lead_s: seconds of sound that the listener has left to play.
            admitted: whether it goes on with a speech that was let in: what has begun is not refused for being too
                much.

        Raises:
            SpeechRejected, SpeechBusy, SpeechUnavailable, EngineFailed: from the context or the iterator.
        """
        request = Synthesise(
            id=next(self._ids),
            text=text,
            voice=voice,
            language=language,
            speed=speed,
            priority=priority,
            lead_s=lead_s,
        )
        async with self._ticket(request, b"", admitted=admitted) as ticket:
            yield self._chunks(ticket)

    async def hear(
        self,
        pcm: bytes,
        *,
        language: str | None,
        prompt: str | None,
        words: bool,
        priority: Priority,
    ) -> Heard:
        """Write down a sound, s16le mono at 16 kHz. Cancelling the task stops the engine's work on it.

        Raises:
            SpeechRejected, SpeechBusy, SpeechDropped, SpeechUnavailable, EngineFailed.
        """
        request = Transcribe(
            id=next(self._ids), language=language, prompt=prompt, words=words, priority=priority
        )
        async with self._ticket(request, pcm) as ticket:
            reply, _ = await ticket.next()
            assert isinstance(reply, Heard)
            return reply

    @asynccontextmanager
    async def follow(
        self,
        pcm: bytes,
        *,
        language: str | None,
        prompt: str | None,
        words: bool,
        priority: Priority,
    ) -> AsyncGenerator[AsyncIterator[Part | Heard]]:
        """Write down a sound as `hear` does: the context gives each part when it is written, and last of all a `Heard`.

        Leaving the context stops the engine's work on it. Raises what `hear` does, from the context or the iterator.
        """
        request = Transcribe(
            id=next(self._ids), language=language, prompt=prompt, words=words, priority=priority, parts=True
        )
        async with self._ticket(request, pcm) as ticket:
            yield self._parts(ticket)

    async def _parts(self, ticket: Ticket) -> AsyncGenerator[Part | Heard]:
        while True:
            reply, _ = await ticket.next()
            assert isinstance(reply, Part | Heard)
            yield reply
            if isinstance(reply, Heard):
                return

    async def _chunks(self, ticket: Ticket) -> AsyncGenerator[Speech | Spoken]:
        while True:
            reply, body = await ticket.next()
            if isinstance(reply, Spoken):
                yield reply
                return
            assert isinstance(reply, Chunk)
            yield Speech(body, reply.words)
            ticket.untaken -= 1
            self._send(Taken(id=ticket.id))

    @asynccontextmanager
    async def _ticket(
        self, request: Synthesise | Transcribe, body: bytes, *, admitted: bool = False
    ) -> AsyncGenerator[Ticket]:
        self._must_be_ready()
        if not admitted:
            self._tickets.admit(request.priority)
        now = time.monotonic()
        if not self._tickets:
            self._heard_at = now
        ticket = self._tickets.issue(request, now=now)
        try:
            self._send(request, body)
            yield ticket
        finally:
            if not ticket.over:
                # The engine may be in a step: the place is free when it says so.
                ticket.given_up = True
                self._send(Cancel(id=ticket.id))

    def _must_be_ready(self) -> None:
        if self.state is not State.READY:
            raise EngineNotReady(
                f"The engine {self.spec.name} is not ready: {self.detail}.",
                next_step="Try again when /readyz answers 200.",
            )

    def _send(self, request: Request, body: bytes = b"") -> None:
        # What does not fit the socket's buffer waits in the transport's: at most `Limits.live` requests.
        if self._writer is not None and not self._writer.is_closing():
            self._writer.write(encode(frame(request, body)))

    async def _live(self) -> None:
        """One process, from its start to its end."""
        self._condition = None
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = process = await asyncio.create_subprocess_exec(
                *self._command(theirs.fileno()),
                stdin=asyncio.subprocess.DEVNULL,
                # Standard output is the server's: it says READY there.
                stdout=sys.__stderr__.fileno() if sys.__stderr__ else asyncio.subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                env=_environment(self._options),
            )
        reader, self._writer = await asyncio.open_connection(sock=ours, limit=READ_BYTES)
        self._send(Load(options=self._options))
        failed = False
        try:
            failed = await self._attend(reader)
        finally:
            if not failed:
                self._become(State.RESTARTING, "its process is ending")
            self._writer.close()
            self._writer = None
            code = await self._reap(process)
            self._tickets.bereave(code)
            if not failed:
                self._become(State.RESTARTING, f"its process ended with code {code}")

    async def _attend(self, reader: asyncio.StreamReader) -> bool:
        """Read what the process says until it says no more; whether it said that it cannot be loaded."""
        decoder = FrameDecoder()
        deadline = time.monotonic() + self._limits.load_s
        while True:
            try:
                async with asyncio.timeout(1.0):
                    data = await reader.read(READ_BYTES)
            except TimeoutError:
                if self._stalled(deadline):
                    log.error("engine %s gives no sign of life; killing it", self.spec.name)
                    return False
                continue
            except ConnectionError:
                return False
            if not data:
                return self.state is State.FAILED
            self._heard_at = time.monotonic()
            try:
                for part in decoder.feed(data):
                    self._take(read_reply(part.head), part.body)
            except (FrameError, ValidationError, asyncio.QueueFull) as error:
                log.error("engine %s broke the protocol; killing it", self.spec.name, exc_info=error)
                return False

    def _stalled(self, load_deadline: float) -> bool:
        now = time.monotonic()
        if self.state not in (State.READY, State.UNREACHABLE):
            return now > load_deadline
        return self._tickets.owed and now - self._heard_at > self._limits.stall_s

    def _take(self, reply: Reply, body: bytes) -> None:
        if isinstance(reply, Loaded):
            self._loaded = reply
            self._become(State.READY, "ready")
            return
        if isinstance(reply, LoadFailed):
            self._become(State.FAILED, f"{reply.what} {reply.next_step}")
            return
        if isinstance(reply, Condition):
            self._condition = reply
            self._become(State.READY if reply.ready else State.UNREACHABLE, reply.detail)
            return
        self._tickets.take(reply, body, now=time.monotonic())

    async def _reap(self, process: asyncio.subprocess.Process) -> int:
        try:
            async with asyncio.timeout(self._limits.stop_s):
                return await process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            return await process.wait()

    def _become(self, state: State, detail: str) -> None:
        self.state, self.detail = state, detail

    def _command(self, fd: int) -> list[str]:
        return [
            sys.executable,
            "-m",
            self.spec.worker,
            self.spec.name,
            *([f"--factory={self.spec.factory}"] if self.spec.factory else []),
            f"--socket={fd}",
            f"--parent={os.getpid()}",
        ]


def _environment(options: EngineOptions | RelayOptions) -> Mapping[str, str]:
    # Without the settings, keys among them, which an engine has no use for. With what libraries take their threads
    # from, and which keeps them from looking for models on a hub.
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("VIVAVOCE_")},
        "OMP_NUM_THREADS": str(options.threads if isinstance(options, EngineOptions) else 1),
        # NumPy's own threads would only wait for a processor: its matrices here are small.
        "OPENBLAS_NUM_THREADS": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "HF_HUB_OFFLINE": "1",
    }
