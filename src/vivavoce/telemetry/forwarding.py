"""Measurements of processes that nobody scrapes, handed to one that is.

The sessions of an agent worker run in processes that end with them. What each measures goes, as it happens, as a
datagram to a Unix socket in the worker's data folder, and is counted there: a process that dies takes nothing with it,
and no files are left behind, as Prometheus' multi-process mode leaves them.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import structlog
from prometheus_client import CollectorRegistry

from vivavoce.telemetry.metrics import Metrics, SpeechStage

LONGEST_PATH = 107
"""Bytes of a Unix socket's name, unix(7) without the byte at its end."""

log = structlog.get_logger(__name__)


class ForwardedMetrics(Metrics):
    """Metrics of a session's process, of which the worker keeps count.

    Sending never blocks: what the worker cannot take at the moment is lost, and said in the log once.

    Args:
        path: where the worker listens, see `received`.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(CollectorRegistry())
        self._path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._lossy = False

    def close(self) -> None:
        """Let go of the socket."""
        self._socket.close()

    def session_started(self) -> None:
        """See `Metrics`, as for all of these."""
        self._send("session_started")

    def session_ended(self, *, status: str, reason: str) -> None:
        """A session reached a terminal status."""
        self._send("session_ended", status, reason)

    def response(self, seconds: float) -> None:
        """One answer of the moderator."""
        self._send("response", seconds)

    def first_voice(self, seconds: float) -> None:
        """One join, to the moderator's first sample."""
        self._send("first_voice", seconds)

    def barge_in(self, seconds: float) -> None:
        """One interruption."""
        self._send("barge_in", seconds)

    def speech_fault(self, stage: SpeechStage) -> None:
        """Hearing, speaking or wording failed once."""
        self._send("speech_fault", stage)

    def cost(self, usd: float, *, part: str, provider: str) -> None:
        """Something a session used, in dollars."""
        self._send("cost", usd, part, provider)

    def study_alert(self, percent: int) -> None:
        """A study was seen to have spent so much of its money."""
        self._send("study_alert", percent)

    def _send(self, name: str, *values: str | float) -> None:
        try:
            self._socket.sendto(json.dumps([name, *values]).encode(), str(self._path))
        except OSError as error:
            if not self._lossy:
                self._lossy = True
                log.warning("measurements lost", path=str(self._path), error=str(error))


def count(datagram: bytes, metrics: Metrics) -> None:
    """Count what a process has measured; what is no measurement of ours is said in the log, and not counted."""
    try:
        measured = json.loads(datagram)
    except ValueError:
        measured = None
    match measured:
        case ["session_started"]:
            metrics.session_started()
        case ["session_ended", str(status), str(reason)]:
            metrics.session_ended(status=status, reason=reason)
        case ["response", float(seconds)]:
            metrics.response(seconds)
        case ["first_voice", float(seconds)]:
            metrics.first_voice(seconds)
        case ["barge_in", float(seconds)]:
            metrics.barge_in(seconds)
        case ["speech_fault", ("stt" | "tts" | "llm" | "realtime") as stage]:
            metrics.speech_fault(stage)
        case ["cost", float(usd), str(part), str(provider)]:
            metrics.cost(usd, part=part, provider=provider)
        case ["study_alert", int(percent)]:
            metrics.study_alert(percent)
        case _:
            log.warning("measurement not understood", datagram=datagram[:200])


@asynccontextmanager
async def received(path: Path, metrics: Metrics) -> AsyncGenerator[None]:
    """Count what `ForwardedMetrics` send to `path`, which is made and removed, while the context lasts."""
    if len(os.fsencode(path)) > LONGEST_PATH:
        log.warning("sessions are not measured: the data folder's name is too long", path=str(path))
        yield
        return
    await asyncio.to_thread(path.unlink, missing_ok=True)
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: _Counter(metrics), local_addr=str(path), family=socket.AF_UNIX
    )
    try:
        yield
    finally:
        transport.close()
        await asyncio.to_thread(path.unlink, missing_ok=True)


class _Counter(asyncio.DatagramProtocol):
    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def datagram_received(self, data: bytes, addr: object) -> None:
        count(data, self._metrics)
