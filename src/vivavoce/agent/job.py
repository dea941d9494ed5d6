"""One interview in a process of its own: what an agent worker runs for a session that was dispatched to it.

A worker warms processes before they are needed (`prewarm`); one that is given a job takes its seat in the session's
room (`hold`), and ends with it (`end`). The interview itself is held by a `Host`, as in the one-machine shape.
"""

from __future__ import annotations

import asyncio
import contextvars
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import structlog
from livekit.agents import AutoSubscribe, JobContext, JobProcess
from livekit.agents.utils import http_context

from vivavoce.agent.entry import MEASURED
from vivavoce.agent.hearing import Hearing
from vivavoce.agent.host import Host
from vivavoce.agent.purse import Purse
from vivavoce.agent.stall import StallWatch
from vivavoce.errors import VivavoceError
from vivavoce.session.clock import SystemClock
from vivavoce.session.errors import AlreadyConnected, HostFull
from vivavoce.settings import Settings, load
from vivavoce.speech.client import SpeechClient
from vivavoce.storage.open import open_storage
from vivavoce.telemetry.forwarding import ForwardedMetrics
from vivavoce.telemetry.logging import configure
from vivavoce.transport.livekit import LiveKitLine, Seat
from vivavoce.transport.sfu.api import Sfu
from vivavoce.transport.sfu.job import SessionJob
from vivavoce.voice.prices import PriceTable
from vivavoce.voice.wording import WordingStore

LEFT_S = 2.0
"""Seconds a session that is over leaves its room to the last message, before the room is closed."""

log = structlog.get_logger(__name__)


@dataclass
class _Warm:
    """What a process has before it has a job."""

    settings: Settings
    hearing: Hearing
    prices: PriceTable
    held: _Held | None = None


@dataclass
class _Held:
    """The job of this process."""

    host: Host | None = None
    sfu: Sfu | None = None
    unseated: bool = False
    """The agent has lost its place in the room: nobody there would hear a goodbye, and another agent may go on."""
    task: asyncio.Task[None] | None = None
    lines: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])


def prewarm(process: JobProcess, *, speech_url: str) -> None:
    """Read the settings, and load the models that hear; no model is loaded inside a session.

    Args:
        process: to be warmed.
        speech_url: of the speech server, which the worker may have started itself.

    Raises:
        VivavoceError: something of it cannot be had; the worker is told, and says so.
    """
    # As the worker has it; this process is not its child, but an older one's.
    http_context._set_default_cert_env()  # pyright: ignore[reportPrivateUsage]
    settings = load()
    settings = settings.model_copy(update={"speech": settings.speech.model_copy(update={"url": speech_url})})
    configure(level=settings.log.level, format=settings.log.format)
    hearing = Hearing(settings.turn.detector)
    asyncio.run(hearing.warm())
    process.userdata["warm"] = _Warm(settings, hearing, PriceTable.of(settings))


async def hold(ctx: JobContext) -> None:
    """Begin to hold the session of the job; returns while it goes on."""
    warm: _Warm = ctx.proc.userdata["warm"]
    job = SessionJob.read(ctx.job.metadata)
    held = warm.held = _Held()
    # Apart from livekit's job: an AgentSession that finds one is closed before it could say goodbye.
    held.task = asyncio.create_task(
        _hold(ctx, job, warm, held), name=f"job {job.session_id}", context=contextvars.Context()
    )

    def done(task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            known = isinstance(error, VivavoceError)
            say = log.info if isinstance(error, AlreadyConnected | HostFull) else log.error
            say("session not held", session_id=job.session_id, error=str(error), exc_info=not known and error)
        ctx.shutdown("the session is over")

    held.task.add_done_callback(done)


async def end(ctx: JobContext) -> None:
    """Say goodbye if the interview still runs, and put everything away. livekit calls it while the room stands.

    Or when the agent has no place in the room any more: it was thrown out, or was away for too long. Then the
    interview is handed on.
    """
    warm: _Warm = ctx.proc.userdata["warm"]
    held = warm.held
    if held is None or held.task is None or held.task.done():
        return
    if held.host is not None and held.sfu is not None:
        held.unseated = not await _seated(ctx, held.sfu)
        await held.host.end_sessions(heard=not held.unseated)
    else:
        held.task.cancel()
    await asyncio.wait((held.task,))


async def _seated(ctx: JobContext, sfu: Sfu) -> bool:
    """Whether the agent sits in its room, by what the SFU says.

    Its own connection may not know better yet: of an agent that left, or was removed, the SFU (1.13) has the worker
    end the job by another way (`RemoveParticipant` in its pkg/rtc/room.go).
    """
    if not ctx.room.isconnected():
        return False
    try:
        return await sfu.sits(ctx.job.room.name, ctx.local_participant_identity)
    except VivavoceError as error:
        log.warning("the SFU does not say who is in the room", room=ctx.job.room.name, error=str(error))
        return False


async def _hold(ctx: JobContext, job: SessionJob, warm: _Warm, held: _Held) -> None:
    settings, clock = warm.settings, SystemClock()
    assert settings.speech.url is not None
    async with AsyncExitStack() as stack:
        storage = await stack.enter_async_context(open_storage(settings, exclusive=False))
        client = SpeechClient(settings.speech.url)
        stack.push_async_callback(client.aclose)
        sfu = Sfu(settings.livekit, clock)
        stack.push_async_callback(sfu.aclose)
        metrics = ForwardedMetrics(settings.data_dir / MEASURED)
        stack.callback(metrics.close)
        host = Host(
            store=storage.sessions,
            studies=storage.studies,
            client=client,
            wording=WordingStore(settings.wording_dir),
            hearing=warm.hearing,
            archive=storage.recordings,
            settings=settings,
            clock=clock,
            spool=settings.data_dir / "spool",
            metrics=metrics,
            prices=warm.prices,
            purse=Purse(storage.ledger, settings.money, metrics=metrics),
        )
        stack.push_async_callback(host.aclose)
        runner = await host.admit(job.session_id, "livekit", take_over=job.seize)
        held.host, held.sfu = host, sfu
        watches = [
            asyncio.create_task(host.watch_loop(), name="host.loop"),
            asyncio.create_task(StallWatch().run(), name="host.stall"),
        ]
        for watch in watches:
            stack.callback(watch.cancel)

        async def serve(line: LiveKitLine) -> None:
            # Who came in has taken over from whoever was there: the SFU lets nobody in twice.
            await (await runner.attach(line, user_agent=None, take_over=True))

        def on_line(line: LiveKitLine) -> None:
            task = asyncio.create_task(serve(line), name="line")
            held.lines.add(task)
            task.add_done_callback(_line_done)
            task.add_done_callback(held.lines.discard)

        seat = Seat(ctx.room, lambda: sfu.hang_up(job.session_id), on_line)
        await ctx.connect(auto_subscribe=AutoSubscribe.AUDIO_ONLY)
        await seat.take()
        log.info("session held", session_id=job.session_id, holder=host.holder)
        await host.finished()
        if held.lines:
            await asyncio.wait(held.lines, timeout=LEFT_S)
        if (await storage.sessions.state(job.session_id)).status.terminal:
            await sfu.close_room(job.session_id)
        elif held.unseated:
            await _send_another(sfu, job)


async def _send_another(sfu: Sfu, job: SessionJob) -> None:
    """Have another agent go on with the session, which nobody holds now."""
    try:
        await sfu.dispatch(job.model_copy(update={"seize": False}))
        log.warning("place in the room lost, another agent sent for", session_id=job.session_id)
    except VivavoceError as error:
        # A sweeper finds the session, and sends for one.
        log.warning("no other agent could be sent for", session_id=job.session_id, error=str(error))


def _line_done(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("line failed", error=repr(error))
