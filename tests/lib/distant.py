"""A caller on a machine of their own: a process that can be put to sleep, as a laptop whose lid is closed.

Nothing of it is sent or answered meanwhile, and its connections learn of it only when it wakes.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
from pathlib import Path
from typing import Any, Literal, Self

from caller import Caller

from vivavoce.ops.simulate.ear import Phrase

CHILD = Path(__file__).with_name("distant_child.py")


class Distant(Caller):
    """See the module. What it hears and is told is passed on; `cut` is `sleep`."""

    def __init__(self, url: str, *, invitation: str, transport: Literal["websocket", "livekit"]) -> None:
        super().__init__(url, invitation=invitation)
        self._transport = transport
        self._process: asyncio.subprocess.Process | None = None
        self._speaking = self._gone = False
        self.codes: list[str] = []
        """Why it was not let in, so far."""

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(CHILD),
            self.urls[0],
            self._invitation,
            self._transport,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=2**20,
        )
        self._task = asyncio.create_task(self._listen(self._process), name="distant")
        await self.until(lambda: bool(self.session_id))
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._process is not None
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()
        await super().__aexit__()

    def sleep(self) -> None:
        """SIGSTOP."""
        self._send_signal(signal.SIGSTOP)

    def wake(self) -> None:
        """SIGCONT."""
        self._send_signal(signal.SIGCONT)

    @property
    def speaking(self) -> bool:
        return self._speaking

    @property
    def gone(self) -> bool:
        return self._gone

    def say(self, name: str) -> None:
        self.spoke.append((time.monotonic(), name))
        self._speaking = True
        self._tell(f"say {name}")

    def hush(self) -> None:
        self._tell("hush")

    async def leave(self) -> None:
        self._tell("leave")

    def _tell(self, command: str) -> None:
        assert self._process is not None and self._process.stdin is not None
        self._process.stdin.write(f"{command}\n".encode())

    def _send_signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        async for line in process.stdout:
            self._take(json.loads(line))

    def _take(self, told: dict[str, Any]) -> None:
        self.session_id = told["session_id"]
        self.calls = told["calls"]
        self.joins = told["joins"]
        self.codes = told["refusals"]
        self._speaking = told["speaking"]
        self._gone = told["gone"]
        for message in told["messages"]:
            self._on_message(message)
        self.ear._phrases = [Phrase(start, end) for start, end in told["phrases"]]
