"""A real LiveKit SFU for tests: `livekit-server` in a process of its own, on loopback and free ports.

Taken from `make livekit`, from the path, or from LIVEKIT_SERVER; TEST_SFU_URL=ws://key:secret@host:port names one that
runs already. Without any of them the tests that need it are skipped, and say so.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from pydantic import SecretStr

from vivavoce.settings.livekit import LiveKitSettings

BUILT = Path(__file__).parents[2] / ".setup" / "bin" / "livekit-server"
KEY, SECRET = "devkey", "a secret of the tests, and of 32 characters or more"
START_S = 30.0


def binary() -> str | None:
    """Where `livekit-server` is."""
    return os.environ.get("LIVEKIT_SERVER") or (
        str(BUILT) if BUILT.exists() else shutil.which("livekit-server")
    )


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    with socket.socket(socket.AF_INET, kind) as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@dataclass
class SfuProcess:
    """One SFU, to be stopped and started again on the same ports."""

    log: Path
    url: str = ""
    key: str = KEY
    secret: str = SECRET
    webhook: str | None = None
    _process: subprocess.Popen[bytes] | None = None
    _ports: tuple[int, int, int] = field(
        default_factory=lambda: (free_port(), free_port(), free_port(socket.SOCK_DGRAM))
    )

    @property
    def settings(self) -> LiveKitSettings:
        return LiveKitSettings(url=self.url, api_key=self.key, api_secret=SecretStr(self.secret))

    @property
    def environment(self) -> dict[str, str]:
        """Of a server or a worker on this SFU."""
        return {
            "VIVAVOCE_LIVEKIT__URL": self.url,
            "VIVAVOCE_LIVEKIT__API_KEY": self.key,
            "VIVAVOCE_LIVEKIT__API_SECRET": self.secret,
        }

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it and wait until it answers."""
        found = binary()
        assert found is not None
        port, tcp, udp = self._ports
        self.url = f"ws://127.0.0.1:{port}"
        config = f"""
port: {port}
bind_addresses: [127.0.0.1]
keys: {{"{self.key}": "{self.secret}"}}
rtc:
  tcp_port: {tcp}
  udp_port: {udp}
  use_external_ip: false
  node_ip: 127.0.0.1
  enable_loopback_candidate: true
  interfaces: {{includes: [lo]}}
logging: {{level: info}}
"""
        if self.webhook is not None:
            config += f"webhook: {{api_key: {self.key}, urls: ['{self.webhook}']}}\n"
        with self.log.open("ab") as out:
            self._process = subprocess.Popen([found, "--config-body", config], stdout=out, stderr=out)
        deadline = time.monotonic() + START_S
        while True:
            try:
                httpx.get(f"http://127.0.0.1:{port}", timeout=1).raise_for_status()
                return
            except httpx.HTTPError:
                assert self._process.poll() is None and time.monotonic() < deadline, self.log.read_text()[
                    -2000:
                ]
                time.sleep(0.05)

    async def restart(self, *, away_s: float) -> None:
        """SIGKILL it, and start it again after a while; it keeps nothing."""
        await asyncio.to_thread(self.stop)
        await asyncio.sleep(away_s)
        await asyncio.to_thread(self.start)

    def stop(self) -> None:
        """SIGKILL it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@contextmanager
def running_sfu(folder: Path, *, webhook: str | None = None) -> Generator[SfuProcess]:
    """An SFU while the context lasts; skips the test where there is none to be had."""
    if named := os.environ.get("TEST_SFU_URL"):
        url = urlsplit(named)
        yield SfuProcess(
            folder / "none",
            url=f"{url.scheme}://{url.hostname}:{url.port}",
            key=url.username or "",
            secret=url.password or "",
        )
        return
    if binary() is None:
        pytest.skip(
            "there is no livekit-server: `make livekit` builds one where Go is, or set LIVEKIT_SERVER"
        )
    sfu = SfuProcess(folder / "livekit-server.log", webhook=webhook)
    try:
        sfu.start()
        yield sfu
    finally:
        sfu.stop()
