"""Who looks after sessions here, and with which timers: the same for hosts, workers and servers that hold none."""

from __future__ import annotations

import os
import socket

from vivavoce.session.timers import HostTimers
from vivavoce.settings import HostSettings


def host_timers(settings: HostSettings) -> HostTimers:
    """The timers of whoever looks after sessions."""
    return HostTimers(
        heartbeat_s=settings.heartbeat_s,
        lease_s=settings.lease_s,
        sweep_s=settings.sweep_s,
        drain_s=settings.drain_s,
    )


def holder() -> str:
    """This process, as the holder of leases."""
    return f"{socket.gethostname()}:{os.getpid()}"
