"""`/v1/audio/stream`: several contexts on one socket, spoken at once; what the client says is read all the while."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from dataclasses import dataclass, field
from typing import cast

from pydantic import ValidationError

from vivavoce.speech.error_bodies import Failure, failure, invalid
from vivavoce.speech.errors import SpeechBusy, SpeechError, SpeechRejected
from vivavoce.speech.orders import OrderDesk
from vivavoce.speech.sockets.context import Context
from vivavoce.speech.sockets.frames import Close, ErrorContent, ErrorFrame, Ping, Pong, said_of
from vivavoce.speech.sockets.line import Code, Line, LineClosed
from vivavoce.speech.sockets.outbox import Outbox, OutboxFull
from vivavoce.speech.sockets.speech_frames import (
    CLIENT,
    MAIN,
    BareDone,
    BareText,
    Cancel,
    ClientFrame,
    Done,
    Flush,
    Start,
    Started,
    Text,
)
from vivavoce.speech.speaker import Speaker

FRAME_LIMIT = 1 << 16
"""Bytes of a text frame: 4096 characters, each escaped as JSON can, fit."""

CONTEXTS_LIMIT = 16
"""Open contexts on one socket."""

BARE_LIMIT = 8
"""Bare texts that may wait for the one before."""

GARBAGE_LIMIT = 32
"""Frames in a row that are none of ours; then the socket is closed."""

REMEMBERED = 64
"""Contexts that are over whose names are known: what the client still says to one may cross its `done`."""


@dataclass(slots=True)
class _Open:
    context: Context
    task: asyncio.Task[None] = field(repr=False)


class SpeakingSession:
    """One socket's session.

    Args:
        line: the client.
        desk: takes its orders.
        speaker: speaks.
    """

    def __init__(self, line: Line, desk: OrderDesk, speaker: Speaker) -> None:
        self._line = line
        self._desk = desk
        self._speaker = speaker
        self._outbox = Outbox(line)
        self._open: dict[str, _Open] = {}
        self._over: deque[str] = deque(maxlen=REMEMBERED)
        self._bare: deque[BareText] = deque()
        self._bare_task: asyncio.Task[None] | None = None
        self._garbage = 0

    async def run(self) -> None:
        """Serve the client until one of both ends it."""
        try:
            async with asyncio.TaskGroup() as self._group:
                writer = self._group.create_task(self._outbox.run(), name="stream.write")
                await self._read()
                await self._cancel_all(quietly=True)
                await writer
        except* LineClosed:
            pass
        except* OutboxFull:
            await self._line.close(Code.MISUSED, "nothing that was answered is read")

    async def _read(self) -> None:
        """Read until the end; then the outbox knows how to close."""
        while await self._take(await self._line.receive()):
            pass

    async def _take(self, message: str | bytes) -> bool:
        """Do what a message says; whether to read on."""
        if isinstance(message, bytes):
            self._report(invalid("This socket takes text frames only.", code="binary_unexpected"))
            self._outbox.close(Code.NOT_BINARY, "text frames only")
            return False
        if len(message) > FRAME_LIMIT:
            self._outbox.close(Code.TOO_LARGE, f"a frame has at most {FRAME_LIMIT} characters")
            return False
        try:
            frame = _read(message)
        except _Garbage as garbage:
            opens = garbage.opens if garbage.opens not in self._open else None
            self._report(invalid(garbage.what, code="frame_invalid", param=garbage.param), context=opens)
            self._garbage += 1
            if self._garbage >= GARBAGE_LIMIT:
                self._outbox.close(Code.MISUSED, f"{GARBAGE_LIMIT} frames in a row were none")
                return False
            return True
        self._garbage = 0
        if isinstance(frame, Close):
            self._outbox.close(Code.NORMAL)
            return False
        await self._do(frame)
        return True

    async def _do(self, frame: ClientFrame | BareText) -> None:
        match frame:
            case Start():
                self._start(frame)
            case Text():
                self._text(frame)
            case Flush():
                found = self._find(frame.context)
                if found is not None:
                    found.context.script.flush()
            case Cancel(context=None):
                await self._cancel_all(quietly=False)
            case Cancel(context=str(id)):
                if self._find(id) is not None:
                    await self._cancel(id)
            case Ping():
                self._outbox.post(Pong(n=frame.n).wire())
            case BareText():
                self._say(frame)
            case _:
                raise AssertionError(f"{frame!r} is handled before")

    def _start(self, frame: Start) -> None:
        if frame.context in self._open:
            # The one that is open goes on: it is not its fault.
            self._report(
                invalid(
                    f"The context {frame.context!r} is open already.", code="context_exists", param="context"
                )
            )
            return
        try:
            if len(self._open) >= CONTEXTS_LIMIT:
                raise SpeechRejected(
                    f"{CONTEXTS_LIMIT} contexts are open on this socket.",
                    next_step="End one, or use another socket.",
                    reason="too_many_contexts",
                    param="context",
                )
            order = self._desk.take(
                model=frame.model,
                voice=frame.voice,
                language=frame.language,
                fallback=frame.fallback,
                speed=frame.speed,
                priority=frame.priority,
                cache=frame.cache,
            )
            context = Context(frame.context, order, rate=frame.sample_rate, word_times=frame.word_times)
        except SpeechError as error:
            self._report(failure(error), context=frame.context)
            return
        self._outbox.post(
            Started(
                context=frame.context,
                model=order.engine.spec.name,
                voice=order.voice.id,
                language=order.spoken,
                sample_rate=context.rate,
            ).wire()
        )
        task = self._group.create_task(self._speak(frame.context, context), name="stream.context")
        self._open[frame.context] = _Open(context, task)

    def _text(self, frame: Text) -> None:
        found = self._find(frame.context)
        if found is None:
            return
        script = found.context.script
        if script.ended:
            self._report(
                invalid(
                    f"The text of the context {frame.context!r} has ended.",
                    code="text_ended",
                    param="context",
                )
            )
            return
        try:
            script.add(frame.text)
        except SpeechRejected as error:
            self._forget(frame.context).cancel()
            self._report(failure(error), context=frame.context)
            return
        if frame.end:
            script.end()

    def _find(self, id: str) -> _Open | None:
        """An open context; None for one that is not, and the client told, unless it has just ended."""
        found = self._open.get(id)
        if found is None and id not in self._over:
            self._report(
                invalid(f"No context {id!r} is open.", code="context_unknown", param="context"), context=id
            )
        return found

    def _forget(self, id: str) -> asyncio.Task[None]:
        self._over.append(id)
        return self._open.pop(id).task

    async def _speak(self, id: str, context: Context) -> None:
        try:
            await context.run(self._speaker, self._outbox)
        except SpeechError as error:
            self._forget(id)
            self._report(failure(error), context=id)
        else:
            self._forget(id)
            self._outbox.post(Done(context=id, audio_s=round(context.audio_s, 3)).wire())

    async def _cancel(self, id: str, *, quietly: bool = False) -> None:
        context = self._open[id].context
        await _ended(self._forget(id))
        if not quietly:
            self._outbox.post(Done(context=id, cancelled=True, audio_s=round(context.audio_s, 3)).wire())

    async def _cancel_all(self, *, quietly: bool) -> None:
        for id in list(self._open):
            await self._cancel(id, quietly=quietly)
        waiting = len(self._bare) + (self._bare_task is not None)
        self._bare.clear()
        if self._bare_task is not None:
            await _ended(self._bare_task)
            self._bare_task = None
        for _ in range(0 if quietly else waiting):
            self._outbox.post(BareDone().wire())

    def _say(self, frame: BareText) -> None:
        if len(self._bare) >= BARE_LIMIT:
            error = SpeechBusy(
                f"{BARE_LIMIT} texts wait to be spoken on this socket.",
                next_step="Wait for one to be done.",
            )
            self._report(failure(error))
            return
        self._bare.append(frame)
        if self._bare_task is None:
            self._bare_task = self._group.create_task(self._say_all(), name="stream.bare")

    async def _say_all(self) -> None:
        """Speak the bare texts, one after the other."""
        while self._bare:
            frame = self._bare.popleft()
            try:
                if not frame.text.strip():
                    raise SpeechRejected(
                        "There is no text to speak.",
                        next_step="Send some.",
                        reason="text_empty",
                        param="text",
                    )
                order = self._desk.take(
                    model=frame.model,
                    voice=frame.voice,
                    language=frame.language,
                    speed=frame.speed,
                    cache=frame.cache,
                )
                context = Context(None, order, rate=None, word_times=False)
                context.script.add(frame.text)
                context.script.end()
                await context.run(self._speaker, self._outbox)
            except SpeechError as error:
                self._report(failure(error))
            else:
                self._outbox.post(BareDone().wire())
        self._bare_task = None

    def _report(self, what: Failure, *, context: str | None = None) -> None:
        content = ErrorContent(message=what.message, type=what.type, param=what.param, code=what.code)
        frame = ErrorFrame(context=context, error=content, retry_after_s=what.retry_after_s)
        self._outbox.post(frame.wire())


class _Garbage(Exception):
    """A frame that is none: what does not fit, in which field, and the context that it would have opened."""

    def __init__(self, what: str, *, param: str | None = None, opens: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.param = param
        self.opens = opens


def _read(message: str) -> ClientFrame | BareText:
    try:
        content: object = json.loads(message)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise _Garbage("The frame is no JSON object.")
    fields = cast("dict[str, object]", content)
    try:
        if "type" not in fields and "text" in fields:
            return BareText.model_validate(fields)
        return CLIENT.validate_python(fields)
    except ValidationError as error:
        what, param = said_of(error)
        opens = fields.get("context", MAIN) if fields.get("type") == "start" else None
        raise _Garbage(what, param=param, opens=opens if isinstance(opens, str) else None) from None


async def _ended(task: asyncio.Task[None]) -> None:
    """Cancel a task, and see it end."""
    task.cancel()
    await asyncio.wait({task})
