"""A child that does not outlive its parent, however the parent ends."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1  # <linux/prctl.h>


def orphaned(parent: int) -> bool:
    """Whether the process that started us is gone: then another one has adopted us."""
    return os.getppid() != parent


def die_with(parent: int) -> None:
    """Have the kernel kill this process when its parent ends (Linux), at once and without clean-up.

    Elsewhere nothing happens; a worker then ends when its socket does.
    """
    if sys.platform != "linux":
        return
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    if orphaned(parent):
        # It ended before we asked.
        os._exit(1)


async def parent_gone(parent: int) -> None:
    """Return when the parent has ended, also when it was killed. Linux: it waits on the process itself."""
    try:
        process = os.pidfd_open(parent)
    except ProcessLookupError:
        return
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    loop.add_reader(process, ended.set)
    try:
        # Between our start and `pidfd_open` it may have ended, and its number been given to another process.
        if not orphaned(parent):
            await ended.wait()
    finally:
        loop.remove_reader(process)
        os.close(process)
