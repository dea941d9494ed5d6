"""`/v1/audio/transcribe`: sound in as it is spoken, text out utterance by utterance."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field

from pydantic import ValidationError

from vivavoce.speech.detector import Detector, Stream
from vivavoce.speech.endpointing import Endpointer
from vivavoce.speech.error_bodies import Failure, failure, invalid
from vivavoce.speech.errors import (
    SpeechBusy,
    SpeechError,
    SpeechUnavailable,
)
from vivavoce.speech.messages import Priority
from vivavoce.speech.metrics import SpeechMetrics
from vivavoce.speech.roster import Engine, Roster
from vivavoce.speech.sockets.frames import Close, ErrorContent, Ping, Pong, said_of
from vivavoce.speech.sockets.hearing_frames import (
    CLIENT,
    Cancel,
    ClientFrame,
    End,
    EndUtterance,
    Final,
    HearingDone,
    HearingError,
    Listen,
    Listening,
    Partial,
    SpeechStarted,
    SpeechStopped,
)
from vivavoce.speech.sockets.line import Code, Line, LineClosed
from vivavoce.speech.sockets.outbox import Outbox, OutboxFull
from vivavoce.speech.sockets.utterances import Event, Opened, Recording, Utterance
from vivavoce.speech.sound import RECOGNISER_RATE, RateChange
from vivavoce.speech.transcript import Transcript, Word

FRAME_LIMIT = 1 << 16
"""Characters of a text frame."""

WAITING_LIMIT = 8
"""Utterances that may wait to be transcribed. When there are more, nothing is read from the client until one is."""

GARBAGE_LIMIT = 32
"""Frames in a row that are none of ours; then the socket is closed."""

PARTIAL_EVERY_S = 0.5
"""Seconds of an utterance from one partial to the next; fewer where the engine is slower."""

PARTIAL_LIMIT_S = 20.0
"""An utterance that lasts longer has no more partials: each one decodes all of it again."""

RETRY_S = (0.25, 0.5, 1.0, 2.0)
"""Pauses before an utterance is tried again, when the engine is full or being restarted: it cannot be said again."""


@dataclass(slots=True)
class _Sound:
    """A sound from its `start` to its `done`."""

    listen: Listen
    engine: Engine
    change: RateChange
    recording: Recording
    stream: Stream = field(default_factory=Stream)
    waiting: asyncio.Queue[Utterance | None] = field(default_factory=lambda: asyncio.Queue(WAITING_LIMIT))
    writer: asyncio.Task[None] | None = None
    partial: asyncio.Task[None] | None = None
    partial_at: int = 0
    odd: bytes = b""
    ending: asyncio.Task[None] | None = None


class HearingSession:
    """One socket's session.

    Args:
        line: the client.
        roster: the engines.
        detector: tells speech from silence.
        metrics: what is measured.
    """

    def __init__(self, line: Line, roster: Roster, detector: Detector, metrics: SpeechMetrics) -> None:
        self._line = line
        self._roster = roster
        self._detector = detector
        self._metrics = metrics
        self._outbox = Outbox(line)
        self._sound: _Sound | None = None
        self._garbage = 0

    async def run(self) -> None:
        """Serve the client until one of both ends it."""
        try:
            async with asyncio.TaskGroup() as self._group:
                writer = self._group.create_task(self._outbox.run(), name="transcribe.write")
                while await self._take(await self._line.receive()):
                    pass
                if self._sound is not None:
                    await self._drop(self._sound)
                await writer
        except* LineClosed:
            pass
        except* OutboxFull:
            await self._line.close(Code.MISUSED, "nothing that was answered is read")

    async def _take(self, message: str | bytes) -> bool:
        """Do what a message says; whether to read on."""
        if isinstance(message, bytes):
            if self._sound is None or self._sound.ending is not None:
                return self._refuse("Sound came before a start.", code="not_started")
            await self._hear(self._sound, message)
            return True
        if len(message) > FRAME_LIMIT:
            self._outbox.close(Code.TOO_LARGE, f"a text frame has at most {FRAME_LIMIT} characters")
            return False
        try:
            frame = CLIENT.validate_json(message)
        except ValidationError as error:
            what, param = said_of(error)
            return self._refuse(what, param=param)
        if isinstance(frame, Close):
            self._outbox.close(Code.NORMAL)
            return False
        return await self._do(frame)

    async def _do(self, frame: ClientFrame) -> bool:
        sound = self._sound
        match frame:
            case Ping():
                self._outbox.post(Pong(n=frame.n).wire())
            case Listen() if sound is None:
                await self._start(frame)
            case Listen():
                return self._refuse("A sound is under way: end it first.", code="already_started")
            case _ if sound is None or (sound.ending is not None and not isinstance(frame, Cancel)):
                return self._refuse(f"A {frame.type} came before a start.", code="not_started")
            case EndUtterance():
                await self._happened(sound, list(sound.recording.end()))
            case Cancel():
                await self._cancel(sound)
            case End():
                await self._end(sound)
            case _:
                raise AssertionError(f"{frame!r} is handled before")
        self._garbage = 0
        return True

    def _refuse(self, what: str, *, code: str = "frame_invalid", param: str | None = None) -> bool:
        """Tell the client that a message is none here; whether to read on."""
        self._report(invalid(what, code=code, param=param))
        self._garbage += 1
        if self._garbage >= GARBAGE_LIMIT:
            self._outbox.close(Code.MISUSED, f"{GARBAGE_LIMIT} frames in a row were none")
            return False
        return True

    async def _start(self, listen: Listen) -> None:
        server = listen.endpointing == "server"
        try:
            engine = self._roster.find(listen.model, "stt")
            if server:
                await self._detector.load()
        except SpeechError as error:
            self._report(failure(error))
            return
        self._sound = sound = _Sound(
            listen,
            engine,
            RateChange(listen.sample_rate, RECOGNISER_RATE),
            Recording(Endpointer(listen.silence_s) if server else None),
        )
        self._begin(sound)
        self._outbox.post(
            Listening(
                model=engine.spec.name,
                language=listen.language,
                sample_rate=listen.sample_rate,
                endpointing=listen.endpointing,
            ).wire()
        )

    def _begin(self, sound: _Sound) -> None:
        sound.waiting = asyncio.Queue(WAITING_LIMIT)
        sound.writer = self._group.create_task(self._write_down(sound), name="transcribe.finals")

    async def _drop(self, sound: _Sound) -> None:
        """Stop the work on a sound's utterances."""
        tasks = {task for task in (sound.writer, sound.partial) if task is not None}
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        sound.partial = None

    async def _cancel(self, sound: _Sound) -> None:
        await self._drop(sound)
        sound.recording.cancel()
        if sound.ending is None:
            self._begin(sound)

    async def _end(self, sound: _Sound) -> None:
        tail = await asyncio.to_thread(sound.change.feed, b"", last=True)
        await self._add(sound, tail)
        if sound.recording.lasting is not None:
            await self._happened(sound, list(sound.recording.end()))
        await sound.waiting.put(None)
        sound.ending = self._group.create_task(self._finish(sound), name="transcribe.end")

    async def _finish(self, sound: _Sound) -> None:
        assert sound.writer is not None
        await asyncio.wait({sound.writer})
        self._sound = None
        self._outbox.post(HearingDone(audio_s=_seconds(sound.recording.samples)).wire())

    async def _hear(self, sound: _Sound, data: bytes) -> None:
        data = sound.odd + data
        whole = len(data) & ~1
        sound.odd = data[whole:]
        pcm = data[:whole]
        if not sound.change.idle:
            pcm = await asyncio.to_thread(sound.change.feed, pcm)
        await self._add(sound, pcm)

    async def _add(self, sound: _Sound, pcm: bytes) -> None:
        judged: list[float] = []
        if sound.listen.endpointing == "server":
            judged = await self._detector.judge(sound.stream, pcm)
        await self._happened(sound, list(sound.recording.add(pcm, judged)))
        self._maybe_partial(sound)

    async def _happened(self, sound: _Sound, events: list[Event]) -> None:
        server = sound.listen.endpointing == "server"
        for event in events:
            if isinstance(event, Opened):
                sound.partial_at = event.start
                started = SpeechStarted(utterance=event.number, start_s=_seconds(event.start))
                self._outbox.post(started.wire())
                continue
            if sound.partial is not None:
                sound.partial.cancel()
            if server:
                self._outbox.post(SpeechStopped(utterance=event.number, end_s=_seconds(event.end)).wire())
            await sound.waiting.put(event)

    def _maybe_partial(self, sound: _Sound) -> None:
        lasting = sound.recording.lasting
        if lasting is None or not sound.listen.partials:
            return
        now = sound.recording.samples
        if sound.partial_at < lasting.start:
            sound.partial_at = lasting.start
        early = now - sound.partial_at < PARTIAL_EVERY_S * RECOGNISER_RATE
        late = now - lasting.start > PARTIAL_LIMIT_S * RECOGNISER_RATE
        if early or late or (sound.partial is not None and not sound.partial.done()):
            return
        sound.partial_at = now
        sound.partial = self._group.create_task(
            self._say_partial(sound, lasting, sound.recording.so_far(), now), name="transcribe.partial"
        )

    async def _say_partial(self, sound: _Sound, lasting: Opened, pcm: bytes, until: int) -> None:
        try:
            transcript = await self._transcript(sound, pcm, Priority.PARTIAL, words=False)
        except (SpeechBusy, SpeechUnavailable):
            return  # one that is late or missing harms nobody; the final has its own tries
        except SpeechError as error:
            # The final will fail of the same, and say so.
            self._metrics.ended(sound.engine.spec.name, error.code)
            return
        if transcript.text:
            partial = Partial(
                utterance=lasting.number,
                text=transcript.text,
                start_s=_seconds(lasting.start),
                end_s=_seconds(until),
            )
            self._outbox.post(partial.wire())

    async def _write_down(self, sound: _Sound) -> None:
        """Transcribe a sound's utterances, in their order."""
        while (utterance := await sound.waiting.get()) is not None:
            ended_at = time.perf_counter()
            try:
                transcript = await self._final(sound, utterance)
            except SpeechError as error:
                self._report(failure(error), utterance=utterance.number)
                continue
            self._metrics.transcribed(sound.engine.spec.name, time.perf_counter() - ended_at)
            await self._outbox.send(_final(utterance, transcript, words=sound.listen.words).wire())

    async def _final(self, sound: _Sound, utterance: Utterance) -> Transcript:
        for pause in (*RETRY_S, None):
            try:
                return await self._transcript(
                    sound, utterance.pcm, sound.listen.priority, words=sound.listen.words
                )
            except (SpeechBusy, SpeechUnavailable):
                if pause is None:
                    raise
                await asyncio.sleep(pause)
        raise AssertionError("unreachable: the last try returns or raises")

    async def _transcript(self, sound: _Sound, pcm: bytes, priority: Priority, *, words: bool) -> Transcript:
        name, outcome = sound.engine.spec.name, "gone"
        try:
            heard = await sound.engine.hear(
                pcm,
                language=sound.listen.language,
                prompt=sound.listen.prompt,
                words=words,
                priority=priority,
            )
            outcome = "ok"
            return heard.transcript
        except SpeechError as error:
            outcome = error.code
            raise
        finally:
            self._metrics.ended(name, outcome)

    def _report(self, what: Failure, *, utterance: int | None = None) -> None:
        frame = HearingError(
            utterance=utterance,
            error=ErrorContent(message=what.message, type=what.type, param=what.param, code=what.code),
            retry_after_s=what.retry_after_s,
        )
        self._outbox.post(frame.wire())


def _final(utterance: Utterance, transcript: Transcript, *, words: bool) -> Final:
    by_s = utterance.at / RECOGNISER_RATE
    return Final(
        utterance=utterance.number,
        text=transcript.text,
        start_s=_seconds(utterance.start),
        end_s=_seconds(utterance.end),
        reason=utterance.reason,
        language=transcript.language,
        confidence=transcript.confidence,
        words=tuple(
            Word(word.text, round(word.start_s + by_s, 3), round(word.end_s + by_s, 3), word.confidence)
            for word in transcript.words
        )
        if words
        else None,
    )


def _seconds(samples: int) -> float:
    return round(samples / RECOGNISER_RATE, 3)
