"""A participant made of code who behaves as the page does: speaks, hears, and comes back when the line breaks."""

from __future__ import annotations

import asyncio
import contextlib
import time
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import httpx
import numpy as np
import soxr

from vivavoce.ops.simulate.ear import Ear
from vivavoce.transport.client import CallRefused, Participant, WebSocketParticipant
from vivavoce.transport.livekit_client import LiveKitParticipant

SPEECH = Path(__file__).parents[1] / "data" / "speech"

BACKOFF_S = (0.5, 1.0, 2.0, 3.0)
"""As `web/src/call/backoff.ts`."""
GHOST_S = 30.0
"""As long after a break the page takes over unasked."""

BEAT_S = 1.5
MISSES = 4
"""As `web/src/call/heartbeat.ts`: unanswered pings after which the line is lost."""

Samples = np.ndarray


def speech(name: str) -> Samples:
    """A fixture, int16 at 48 kHz."""
    with wave.open(str(SPEECH / f"{name}.wav")) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype=np.int16)
    return np.asarray(soxr.resample(samples, 16_000, 48_000), dtype=np.int16)


class Caller:
    """Calls, by WebSocket unless told otherwise.

    Args:
        urls: of the servers; each try goes to the next, as behind a balancer.
        invitation: the token of the link.
        come_back: whether to connect again after a break; while it is False it waits.
        participant: how sound travels.
        beats: whether it notices, as the page does, that nobody answers any more.
    """

    def __init__(
        self,
        *urls: str,
        invitation: str,
        come_back: bool = True,
        participant: type[Participant] = WebSocketParticipant,
        beats: bool = False,
    ) -> None:
        self.urls = list(urls)
        self.come_back = come_back
        self.take_over = False
        """Whether the first connection takes over from another page, as after a «continue here»."""
        self.ear = Ear()
        self.captions: list[str] = []
        """What the moderator has said, as the page shows it when it has been said."""
        self.captioned_at = 0.0
        """Monotonic seconds at which the last of them came."""
        self.spoke: list[tuple[float, str]] = []
        """When it began to say what."""
        self.hushed: float | None = None
        """When it last broke off."""
        self.messages: list[dict[str, Any]] = []
        self.calls: list[float] = []
        """Monotonic seconds at which it asked for a line."""
        self.joins: list[float] = []
        """Monotonic seconds at which a line came up."""
        self.refusals: list[CallRefused] = []
        self.ended: dict[str, Any] | None = None
        self.session_id = ""
        self._token = ""
        self._invitation = invitation
        self._voice = np.zeros(0, dtype=np.int16)
        self._participant = participant
        self._beats = beats
        self._pong = 0
        self._silent = False
        """Nobody answered on the last line, though it was up: the SFU is there, and the agent is not."""
        self._line: Participant | None = None
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self.consent()
        self._task = asyncio.create_task(self._call(), name="caller")
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._hang_up()

    async def _hang_up(self) -> None:
        assert self._task is not None
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    async def consent(self) -> None:
        async with httpx.AsyncClient(base_url=f"{self.urls[0]}/api/v1", timeout=15) as api:
            view = (await api.get(f"/invitations/{self._invitation}")).raise_for_status().json()
            consent = {"language": "en", "consent_version": view["consent"]["version"], "accepted": True}
            answer = await api.post(f"/invitations/{self._invitation}/consent", json=consent)
        body = answer.raise_for_status().json()
        self.session_id, self._token = body["session_id"], body["token"]

    # -- the microphone

    def say(self, name: str) -> None:
        """Speak a fixture from now on."""
        self.spoke.append((time.monotonic(), name))
        self._voice = speech(name)

    def hush(self) -> None:
        """Break off."""
        if self.speaking:
            self.hushed = time.monotonic()
        self._voice = self._voice[:0]

    @property
    def speaking(self) -> bool:
        return len(self._voice) > 0

    @property
    def gone(self) -> bool:
        """Whether it calls no more: the interview has ended, or goes on in another tab. Raises what it failed with."""
        if self._task is None or not self._task.done():
            return self.ended is not None
        self._task.result()
        return True

    def read(self, samples: int) -> bytes:
        """The microphone, as a line reads it."""
        taken, self._voice = self._voice[:samples], self._voice[samples:]
        return np.pad(taken, (0, samples - len(taken))).astype(np.int16).tobytes()

    # -- what is heard

    async def heard(self, words: str, *, within_s: float = 40, since: int = 0) -> float:
        """Wait until the moderator has said words with these at their end; the monotonic second of it."""
        return await self.until(
            lambda: any(c.endswith(words) for c in self.captions[since:]), within_s=within_s
        )

    async def audible(self, *, after: float, within_s: float = 40) -> float:
        """Wait until a voice that began after that moment is heard; the moment it began."""
        await self.until(lambda: self.ear.onset_after(after) is not None, within_s=within_s)
        onset = self.ear.onset_after(after)
        assert onset is not None
        return onset

    async def until(self, true: Callable[[], bool], *, within_s: float = 40) -> float:
        """Wait until something is so."""
        try:
            async with asyncio.timeout(within_s):
                while not true():
                    assert self._task is not None
                    if self._task.done() and not self._task.cancelled() and (error := self._task.exception()):
                        raise error
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise AssertionError(
                f"after {within_s} s: {self.captions=} {self.messages[-3:]=} {self.ended=}"
            ) from None
        return time.monotonic()

    async def goodbye(self, *, within_s: float = 40) -> dict[str, Any]:
        """Wait for the page's last word; what it says of the end."""
        await self.until(lambda: self.ended is not None, within_s=within_s)
        assert self.ended is not None
        return self.ended

    def notices(self) -> list[str]:
        return [m["code"] for m in self.messages if m["type"] == "notice"]

    # -- the line

    async def cut(self) -> None:
        """The network is gone: nothing is said, the connection is no more. It comes back if `come_back`."""
        assert isinstance(self._line, WebSocketParticipant)
        socket = self._line._socket
        assert socket is not None
        socket.transport.abort()

    async def reload(self) -> None:
        """As a page that is loaded anew: it hangs up, and takes over from itself."""
        await self._hang_up()
        self.take_over = True
        self._task = asyncio.create_task(self._call(), name="caller")

    async def leave(self) -> None:
        assert self._line is not None
        await self._line.send({"type": "leave"})

    async def _call(self) -> None:
        lost_at: float | None = None
        tries = 0
        while self.ended is None:
            url = self.urls[len(self.calls) % len(self.urls)]
            take_over = self.take_over or (lost_at is not None and time.monotonic() - lost_at < GHOST_S)
            line = self._participant(
                f"{url}/api/v1",
                self.session_id,
                self._token,
                microphone=self,
                on_sound=self.ear.hear,
                on_message=self._on_message,
                take_over=take_over,
            )
            if isinstance(line, LiveKitParticipant):
                line.unanswered = self._silent
            self._silent = False
            self.calls.append(time.monotonic())
            try:
                async with line as self._line:
                    self.joins.append(time.monotonic())
                    lost_at, tries = None, 0
                    code = await self._stay(line)
                if code == 4409 or self.notices()[-1:] == ["replaced"]:
                    return
            except CallRefused as error:
                self.refusals.append(error)
                self._silent = error.status == 0
                if error.status in (4409, 4410) or error.api_code == "session_over":
                    return
            if lost_at is None:
                lost_at = time.monotonic()
            else:
                tries += 1
            await asyncio.sleep(BACKOFF_S[min(tries, len(BACKOFF_S) - 1)])
            while not self.come_back and self.ended is None:
                await asyncio.sleep(0.05)

    async def _stay(self, line: Participant) -> int | None:
        """Until the line has ended, or nobody answers on it any more; the code it was closed with, if there is one."""
        closed = asyncio.create_task(line.wait_closed())
        try:
            sent = self._pong = 0
            while not closed.done():
                await asyncio.wait((closed,), timeout=BEAT_S if self._beats else None)
                if closed.done():
                    break
                if sent - self._pong >= MISSES:
                    self._silent = isinstance(line, LiveKitParticipant) and line.in_room
                    return None
                sent += 1
                await line.send({"type": "ping", "n": sent})
            return (await closed).code
        finally:
            closed.cancel()

    def _on_message(self, message: dict[str, Any]) -> None:
        self.messages.append(message)
        if message["type"] == "pong":
            self._pong = max(self._pong, message["n"])
        elif message["type"] == "ended":
            self.ended = message
        elif message["type"] == "flush":
            self.ear.drop(time.monotonic())
        elif message["type"] == "caption" and message["speaker"] == "moderator" and message["final"]:
            self.captions.append(message["text"])
            self.captioned_at = time.monotonic()
