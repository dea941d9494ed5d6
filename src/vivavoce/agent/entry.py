"""What a worker has the processes of its sessions do, by name: it needs none of the libraries that they need.

Those processes are made of one that loads their libraries once (a fork server). It begins before the worker loads its
own libraries, so that both are loaded at the same time.
"""

from __future__ import annotations

from multiprocessing import forkserver
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from livekit.agents import JobContext, JobProcess

LIBRARIES = ["vivavoce.agent.job"]
"""What all sessions need."""

LIVEKITS = ["livekit.agents.ipc._preload", "livekit.agents.ipc._preload_freeze"]
"""What livekit has such a process load after that (1.8: `AgentServer.run`), where it starts it itself."""

MEASURED = "measured.sock"
"""In the data folder: where the worker hears what its sessions have measured."""


def begin_loading() -> None:
    """Start the process that sessions' processes are made of. It has the environment of this moment."""
    forkserver.set_forkserver_preload([*LIBRARIES, *LIVEKITS])
    forkserver.ensure_running()


def prewarm(process: JobProcess, *, speech_url: str) -> None:
    """See `job.prewarm`."""
    from vivavoce.agent import job

    job.prewarm(process, speech_url=speech_url)


async def hold(ctx: JobContext) -> None:
    """See `job.hold`."""
    from vivavoce.agent import job

    await job.hold(ctx)


async def end(ctx: JobContext) -> None:
    """See `job.end`."""
    from vivavoce.agent import job

    await job.end(ctx)
