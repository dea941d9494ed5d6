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
from vivavoce.speech.errors import (
    EngineDied,
    EngineFailed,
    EngineNotReady,
    SpeechBusy,
    SpeechDropped,
    SpeechError,
    SpeechRejected,
    SpeechUnavailable,
)
from vivavoce.speech.frames import FrameDecoder, FrameError, encode
from vivavoce.speech.messages import (
    Busy,
    Cancel,
    Cancelled,
    Chunk,
    Condition,
    Dropped,
    EngineOptions,
    Failed,
    Forget,
    Heard,
    Load,
    Loaded,
    LoadFailed,
    Part,
    Priority,
    Refused,
    RelayOptions,
    Reply,
    Request,
    Spoken,
    Synthesise,
    Taken,
    Transcribe,
    Unavailable,
    WordTime,
    Working,
    frame,
    read_reply,
)
from vivavoce.speech.pace import Pace
from vivavoce.speech.schedule import UNTAKEN_LIMIT

log = logging.getLogger(__name__)

READ_BYTES = 1 << 18

PARTS_LIMIT = 2048
"""Parts of one transcript. A pause of 3 s parts two, so an hour has about a thousand at most."""


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


@dataclass(slots=True, eq=False)
class _Ticket:
    """A request in hand. `over` once its last reply has come; until then the engine may be at work on it.

    `untaken` counts the chunks that the caller has not done with.
    """

    id: int
    replies: asyncio.Queue[tuple[Reply, bytes] | EngineDied]
    over: bool = False
    given_up: bool = False
    untaken: int = 0

    @property
    def waits_for_caller(self) -> bool:
        """Whether the engine rests until the caller takes something."""
        return not self.given_up and self.untaken >= UNTAKEN_LIMIT


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
        self._tickets: dict[int, _Ticket] = {}
        self._writer: asyncio.StreamWriter | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._heard_at = 0.0
        self._pace = Pace()

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
            reply, _ = await self._next(ticket)
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

    async def _parts(self, ticket: _Ticket) -> AsyncGenerator[Part | Heard]:
        while True:
            reply, _ = await self._next(ticket)
            assert isinstance(reply, Part | Heard)
            yield reply
            if isinstance(reply, Heard):
                return

    async def _chunks(self, ticket: _Ticket) -> AsyncGenerator[Speech | Spoken]:
        while True:
            reply, body = await self._next(ticket)
            if isinstance(reply, Spoken):
                yield reply
                return
            assert isinstance(reply, Chunk)
            yield Speech(body, reply.words)
            ticket.untaken -= 1
            self._send(Taken(id=ticket.id))

    async def _next(self, ticket: _Ticket) -> tuple[Reply, bytes]:
        item = await ticket.replies.get()
        if isinstance(item, EngineDied):
            raise item
        reply, body = item
        error = _error(reply)
        if error is not None:
            raise error
        return reply, body

    @asynccontextmanager
    async def _ticket(
        self, request: Synthesise | Transcribe, body: bytes, *, admitted: bool = False
    ) -> AsyncGenerator[_Ticket]:
        self._must_be_ready()
        if not admitted:
            self._admit(request.priority)
        # Room for what the worker may send unasked: its untaken chunks, or all parts of an hour, and one ending.
        room = UNTAKEN_LIMIT if isinstance(request, Synthesise) else PARTS_LIMIT
        ticket = _Ticket(request.id, asyncio.Queue(room + 2))
        self._tickets[ticket.id] = ticket
        if len(self._tickets) == 1:
            self._heard_at = now = time.monotonic()
            self._pace.began(now=now)
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

    def _admit(self, priority: Priority) -> None:
        limit = self._limits.live if priority is Priority.LIVE else self._limits.other
        at_work = sum(not ticket.waits_for_caller for ticket in self._tickets.values())
        over = max(at_work - limit, len(self._tickets) - self._limits.held)
        if over >= 0:
            raise SpeechBusy(
                f"The engine {self.spec.name} has {len(self._tickets)} requests in hand already.",
                next_step="Try again shortly, or run more speech servers.",
                retry_after_s=self._pace.wait_s(over + 1),
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
            self._bereave(code)
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
        # A caller that takes nothing stops its own job; that is not the engine's fault.
        owed = any(not ticket.waits_for_caller for ticket in self._tickets.values())
        return owed and now - self._heard_at > self._limits.stall_s

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
        ticket = self._tickets.get(reply.id)
        if ticket is None:
            return
        if isinstance(reply, Working):
            return
        if not isinstance(reply, Chunk | Part):
            ticket.over = True
            del self._tickets[ticket.id]
            self._pace.ended(now=time.monotonic())
        elif isinstance(reply, Chunk):
            ticket.untaken += 1
        if not ticket.given_up:
            ticket.replies.put_nowait((reply, body))

    def _bereave(self, code: int) -> None:
        """Tell everybody whose request died with the process."""
        tickets, self._tickets = self._tickets, {}
        for ticket in tickets.values():
            ticket.over = True
            if not ticket.given_up:
                ticket.replies.put_nowait(
                    EngineDied(
                        f"The engine {self.spec.name} ended (code {code}) while it worked on this.",
                        next_step="It is being restarted; send the request again.",
                    )
                )

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


def _error(reply: Reply) -> SpeechError | None:
    """What a reply means for the caller, if it is bad news."""
    if isinstance(reply, Refused):
        return SpeechRejected(reply.what, next_step=reply.next_step, reason=reply.reason, param=reply.param)
    if isinstance(reply, Dropped):
        return SpeechDropped(
            f"This partial transcription waited {reply.waited_s:.1f} s and is of no use any more.",
            next_step="Send the sound as it is now.",
        )
    if isinstance(reply, Failed):
        return EngineFailed(reply.what, next_step=reply.next_step)
    if isinstance(reply, Unavailable):
        return SpeechUnavailable(reply.what, next_step=reply.next_step)
    if isinstance(reply, Busy):
        return SpeechBusy(reply.what, next_step=reply.next_step, retry_after_s=reply.retry_after_s)
    if isinstance(reply, Cancelled):
        return EngineFailed("The work was stopped.", next_step="Send the request again.")
    return None
