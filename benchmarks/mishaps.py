"""What is done to an interview: each mishap brings it to its moment, strikes, and undoes what undoes itself."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import psutil
from caller import Caller
from distant import Distant
from false_clock import set_by
from strikes import full_disk, no_database
from two_questions import FIRST, answering, being_asked, between, finish

from shapes import SHAPES, Embedded, Shape, ThroughSfu

DRAIN_S = 12
"""What workers and servers are told of `host.drain_s`, so that a long interview need not be very long."""
HOUR_S = 3600
ASKED_S = 2.5
AWARE_S = 8.0
"""Seconds after which a clock that was set has been looked at by everybody: a lease is renewed every 5 s."""


@dataclass
class Scene:
    """An interview under way.

    Attributes:
        callers: its participant; who comes in another tab is another one.
        undone: the monotonic second at which things were as before, where that had to be waited for.
        ending: waits for the process that was told to end.
    """

    shape: Shape
    invitation: str
    stack: AsyncExitStack
    callers: list[Caller] = field(default_factory=list[Caller])
    undone: float | None = None
    ending: Callable[[], Awaitable[int]] | None = None

    @property
    def caller(self) -> Caller:
        """Who takes part now."""
        return self.callers[-1]

    async def enter(self, caller: Caller) -> None:
        """Let somebody take part."""
        self.callers.append(await self.stack.enter_async_context(caller))


@dataclass(frozen=True)
class Mishap:
    """Something that happens to an interview.

    Attributes:
        name: for people.
        moment: brings the interview to where it happens.
        strike: does it.
        stops: whether the interview stands still until somebody goes on with it; else the participant goes on talking.
        far: whether the participant is on a machine of their own.
        alone: whether it happens to other interviews, too.
        clock: whether it needs a machine of its own, whose clock can be set.
    """

    key: str
    name: str
    moment: Callable[[Caller], Awaitable[None]]
    strike: Callable[[Scene], Awaitable[None]]
    stops: bool = True
    far: bool = False
    alone: bool = True
    clock: bool = False
    shapes: tuple[str, ...] = SHAPES


async def first_asked(caller: Caller) -> None:
    """Until the first question has been asked."""
    await caller.heard(FIRST)


async def asking(caller: Caller) -> None:
    """Until the middle of the first question, which the moderator's first words come before."""
    await being_asked(caller)
    await asyncio.sleep(ASKED_S)


async def nothing(scene: Scene) -> None:
    """What the figures are when nothing happens."""


async def kill(scene: Scene) -> None:
    """SIGKILL of whoever holds the interview. A server alone is started again, as its supervisor does."""
    shape = scene.shape
    if isinstance(shape, ThroughSfu):
        await asyncio.to_thread((await shape.rooms.holding()).kill)
        return
    shape.server.kill()
    scene.caller.hush()
    await shape.server.start()
    scene.undone = time.monotonic()


async def terminate(scene: Scene) -> None:
    """SIGTERM of whoever holds the interview."""
    shape = scene.shape
    holder = await shape.rooms.holding() if isinstance(shape, ThroughSfu) else shape.server
    scene.ending = lambda: holder.ended(within_s=DRAIN_S + 90)
    holder.running.send_signal(signal.SIGTERM)


async def terminate_and_wait(scene: Scene) -> None:
    """SIGTERM, and a participant who says nothing more until the goodbye."""
    await terminate(scene)
    await scene.caller.goodbye(within_s=DRAIN_S + 60)


async def kill_web(scene: Scene) -> None:
    """SIGKILL of the server that holds no interview."""
    scene.shape.web.kill()
    await scene.shape.web.start()


async def stop_database(scene: Scene) -> None:
    """No PostgreSQL for ten seconds; the participant answers meanwhile."""
    async with no_database(scene.shape.data_dir):
        scene.caller.say("kokoro_s05")
        await asyncio.sleep(10)


async def kill_speech(scene: Scene) -> None:
    """SIGKILL of the speech server while the participant answers; its supervisor starts it again."""
    scene.caller.say("kokoro_s05")
    await asyncio.sleep(2)
    if isinstance(scene.shape, ThroughSfu):
        scene.shape.rooms.speech.kill()
        scene.shape.rooms.speech.start()
        return
    [server] = [
        child
        for child in psutil.Process(scene.shape.server.running.pid).children()
        # One that has ended, and has not been seen to yet, has no command line.
        if child.status() != psutil.STATUS_ZOMBIE and {"vivavoce.cli", "speech"} <= set(child.cmdline())
    ]
    server.kill()


async def restart_sfu(scene: Scene) -> None:
    """The SFU is killed, and is back after two seconds."""
    assert isinstance(scene.shape, ThroughSfu)
    await scene.shape.rooms.sfu.restart(away_s=2)
    scene.undone = time.monotonic()


async def throw_out(scene: Scene) -> None:
    """The agent is removed from its room, as an operator may, or an SFU that has lost it."""
    assert isinstance(scene.shape, ThroughSfu)
    await scene.shape.rooms.throw_out(scene.caller.session_id)


def cut(for_s: float) -> Callable[[Scene], Awaitable[None]]:
    """Nothing goes to or comes from the participant's machine for so long."""

    async def strike(scene: Scene) -> None:
        assert isinstance(scene.caller, Distant)
        scene.caller.sleep()
        await asyncio.sleep(for_s)
        scene.caller.wake()
        scene.undone = time.monotonic()

    return strike


async def reload(scene: Scene) -> None:
    """The page is loaded anew."""
    await scene.caller.reload()


async def second_tab(scene: Scene) -> None:
    """The interview is opened in another tab, and continued there."""
    other = scene.shape.caller(scene.invitation)
    other.take_over = True
    await scene.enter(other)


def set_clock(by_s: int) -> Callable[[Scene], Awaitable[None]]:
    """The clock of the machine that has everything in it is set, forwards or back."""

    async def strike(scene: Scene) -> None:
        assert isinstance(scene.shape, Embedded)
        set_by(scene.shape.clock, by_s)
        await asyncio.sleep(AWARE_S)

    return strike


async def fill_disk(scene: Scene) -> None:
    """Nothing more can be written of the recording, until the interview is over."""
    shape = scene.shape
    holder = await shape.rooms.holding() if isinstance(shape, ThroughSfu) else shape.server
    writing: list[Any] = [psutil.Process(holder.running.pid)]
    if isinstance(shape, ThroughSfu):
        writing = writing[0].children(recursive=True)
    with contextlib.ExitStack() as stack:
        for process in writing:
            stack.enter_context(full_disk(process.pid))
        await finish(scene.caller)


MISHAPS = (
    Mishap("nothing", "nothing", first_asked, nothing, stops=False),
    Mishap("kill-asking", "SIGKILL while the moderator asks", asking, kill),
    Mishap("kill-answering", "SIGKILL while the participant answers", answering, kill),
    Mishap("kill-between", "SIGKILL in between", between, kill),
    Mishap("term-short", "SIGTERM, a short interview", between, terminate, stops=False),
    Mishap("term-long", "SIGTERM, a long interview", first_asked, terminate_and_wait, stops=False),
    Mishap("web", "SIGKILL of the web server, restart", between, kill_web, stops=False, shapes=("livekit",)),
    Mishap("database", "no PostgreSQL for 10 s", first_asked, stop_database, stops=False),
    Mishap("speech", "SIGKILL of the speech server", first_asked, kill_speech, stops=False),
    Mishap("sfu", "the SFU starts afresh", between, restart_sfu, shapes=("livekit",)),
    Mishap("removed", "the agent is removed from its room", between, throw_out, shapes=("livekit",)),
    Mishap("disk", "no disk for the recording", asking, fill_disk, stops=False),
    Mishap("reload", "the page is loaded anew", between, reload, alone=False),
    Mishap("tabs", "continued in a second tab", between, second_tab, alone=False),
    *(
        Mishap(
            f"clock-{where}",
            f"the clock is set {where} by an hour",
            between,
            set_clock(by_s),
            stops=False,
            clock=True,
            shapes=("embedded",),
        )
        for where, by_s in (("forwards", HOUR_S), ("back", -HOUR_S))
    ),
    *(
        Mishap(f"cut-{s}", f"no network for {s} s", between, cut(s), far=True, alone=False)
        for s in (5, 60, 130)
    ),
)
