"""A participant made of code: the page's end of a call, for tests and simulations.

async with WebSocketParticipant(api_url, session_id, token, microphone=mic, on_sound=hear) as participant:
    await participant.wait_closed()
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self
from urllib.parse import quote, urlsplit, urlunsplit

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.typing import Subprotocol

from vivavoce.errors import VivavoceError
from vivavoce.transport import opus
from vivavoce.transport.pacer import TICK_S, Pacer
from vivavoce.transport.peer import CONNECT_TIMEOUT_S, Peer
from vivavoce.transport.resample import Resampler
from vivavoce.transport.websocket import SEND_RATE

PING_EVERY_S = 2.0
"""Seconds between signs of life, as the page gives them."""

REQUEST_TIMEOUT_S = 15.0
"""Seconds for one call of the REST API."""

_MIC_RATE = 48_000
_TICK_SAMPLES = int(_MIC_RATE * TICK_S)


class CallRefused(VivavoceError):
    """The host did not take the call.

    Args:
        what: what it said.
        api_code: the error code in its answer, or empty.
        status: HTTP status, or WebSocket close code.
    """

    code = "call_refused"

    def __init__(self, what: str, *, api_code: str, status: int) -> None:
        super().__init__(what, next_step="See what the host says; its log has more.")
        self.api_code = api_code
        self.status = status


class Microphone(Protocol):
    """Where a participant's voice comes from."""

    def read(self, samples: int) -> bytes:
        """The next `samples`, s16le mono at 48 kHz; fewer are taken as followed by silence. Called every 20 ms."""
        ...


class Silence:
    """A microphone nobody speaks into."""

    def read(self, samples: int) -> bytes:
        """`samples` of silence."""
        return bytes(samples * 2)


SoundHandler = Callable[[bytes, int, float], None]
"""Takes sound that has just arrived: s16le mono, its rate in Hz, the monotonic second of its arrival."""

ServerMessage = dict[str, object]


@dataclass(frozen=True, slots=True)
class CallEnd:
    """How a call ended, as the participant sees it.

    Args:
        code: WebSocket close code; None over WebRTC.
        detail: what was said about it.
    """

    code: int | None
    detail: str


class Participant:
    """What both kinds of participant share.

    Args:
        api_url: where the REST API is, e.g. ``http://127.0.0.1:8080/api/v1``.
        session_id: the session to join.
        token: its session token.
        microphone: read every 20 ms; silence by default.
        on_sound: takes what arrives of the agent's voice.
        on_message: takes the messages from the server.
        take_over: join although the session is open elsewhere.
    """

    def __init__(
        self,
        api_url: str,
        session_id: str,
        token: str,
        *,
        microphone: Microphone | None = None,
        on_sound: SoundHandler | None = None,
        on_message: Callable[[ServerMessage], None] | None = None,
        take_over: bool = False,
    ) -> None:
        self._session_url = f"{api_url.rstrip('/')}/sessions/{quote(session_id)}"
        self._token = token
        self._microphone: Microphone = microphone or Silence()
        self._on_sound = on_sound
        self._on_message = on_message
        self._take_over = take_over
        self._closed = asyncio.Event()
        self._end: CallEnd | None = None
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        """Join the call; returns when sound can flow.

        Raises:
            CallRefused: the host did not take it.
        """
        try:
            await self._join()
        except BaseException:
            await self._leave()
            raise
        self._start(self._ping(), "ping")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Hang up."""
        await self._leave()

    async def send(self, message: Mapping[str, object]) -> None:
        """Send a message to the server."""
        raise NotImplementedError

    async def send_raw(self, frame: bytes | str) -> None:
        """Send a frame as it is, right or wrong: for tests of the host."""
        raise NotImplementedError

    async def wait_closed(self) -> CallEnd:
        """Wait until the call has ended, by whichever side.

        Raises:
            BaseExceptionGroup: what went wrong in our own handlers, if something did.
        """
        await self._closed.wait()
        assert self._end is not None
        return self._end

    @property
    def closed(self) -> bool:
        """Whether the call has ended."""
        return self._closed.is_set()

    async def _join(self) -> None:
        raise NotImplementedError

    async def _leave(self) -> None:
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        failures = [r for r in results if isinstance(r, Exception)]
        if failures:
            raise ExceptionGroup("a participant's own code failed", failures)

    def _start(self, work: Coroutine[object, object, None], name: str) -> None:
        task = asyncio.create_task(work, name=f"participant.{name}")
        task.add_done_callback(self._task_done)
        self._tasks.append(task)

    def _task_done(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._ended(CallEnd(None, f"the participant's own code failed: {error!r}"))

    def _ended(self, end: CallEnd) -> None:
        if self._end is None:
            self._end = end
            self._closed.set()

    def _read(self) -> bytes:
        pcm = self._microphone.read(_TICK_SAMPLES)
        return pcm + bytes(_TICK_SAMPLES * 2 - len(pcm))

    def _take(self, text: str | bytes) -> None:
        message = json.loads(text)
        if self._on_message is not None:
            self._on_message(message)

    async def _ping(self) -> None:
        n = 0
        while not self._closed.is_set():
            await self.send({"type": "ping", "n": n})
            n += 1
            await asyncio.sleep(PING_EVERY_S)


class WebRtcParticipant(Participant):
    """A participant on WebRTC."""

    async def _join(self) -> None:
        self._peer = Peer(self._source, self._hear, self._take)
        offer = {"sdp": await self._peer.offer(), "type": "offer", "take_over": self._take_over}
        async with httpx.AsyncClient(timeout=REQUEST_TIMEOUT_S) as http:
            response = await http.post(
                f"{self._session_url}/webrtc", json=offer, headers={"Authorization": f"Bearer {self._token}"}
            )
        if response.status_code != 200:
            raise refused(response)
        await self._peer.accept(response.json()["sdp"])
        opened = asyncio.gather(self._peer.connected.wait(), self._peer.channel_open.wait())
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await opened
        except TimeoutError:
            raise CallRefused(
                f"No WebRTC connection came about within {CONNECT_TIMEOUT_S:g} s.", api_code="", status=0
            ) from None
        self._start(self._watch(), "watch")

    async def send(self, message: Mapping[str, object]) -> None:
        """Send a message to the server."""
        if not self.closed:
            self._peer.send(json.dumps(message))

    async def send_raw(self, frame: bytes | str) -> None:
        """Send a message as it is; see `Participant.send_raw`."""
        if not self.closed:
            self._peer.send(frame)

    async def _leave(self) -> None:
        if hasattr(self, "_peer"):
            await self._peer.close()
        self._ended(CallEnd(None, "closed here"))
        await super()._leave()

    async def _watch(self) -> None:
        self._ended(CallEnd(None, await asyncio.shield(self._peer.ended)))

    def _source(self, samples: int) -> tuple[bytes, bool]:
        pcm = self._read()
        return pcm, any(pcm)

    def _hear(self, pcm: bytes) -> None:
        if self._on_sound is not None:
            self._on_sound(pcm, opus.SAMPLE_RATE, time.monotonic())


def _queued(frame: bytes | str) -> bool:
    return isinstance(frame, str) and json.loads(frame).get("type") == "queued"


class WebSocketParticipant(Participant):
    """A participant on a WebSocket.

    Args:
        rate: Hz to send at; the microphone is resampled to it.
        Others: see `Participant`.
    """

    def __init__(
        self,
        api_url: str,
        session_id: str,
        token: str,
        *,
        microphone: Microphone | None = None,
        on_sound: SoundHandler | None = None,
        on_message: Callable[[ServerMessage], None] | None = None,
        take_over: bool = False,
        rate: int = 16_000,
    ) -> None:
        super().__init__(
            api_url,
            session_id,
            token,
            microphone=microphone,
            on_sound=on_sound,
            on_message=on_message,
            take_over=take_over,
        )
        self._rate = rate
        self._socket: ClientConnection | None = None

    async def _join(self) -> None:
        url = urlsplit(f"{self._session_url}/audio")
        scheme = "wss" if url.scheme == "https" else "ws"
        query = f"rate={self._rate}&take_over={int(self._take_over)}"
        try:
            self._socket = await connect(
                urlunsplit((scheme, url.netloc, url.path, query, "")),
                subprotocols=[
                    Subprotocol("vivavoce.v1"),
                    Subprotocol(f"bearer.{self._token}"),
                ],
                compression=None,
                open_timeout=REQUEST_TIMEOUT_S,
                close_timeout=2,
                max_size=2**20,
                proxy=None,
            )
        except InvalidStatus as error:
            raise CallRefused(
                f"The host answered {error.response.status_code} to the WebSocket.",
                api_code="",
                status=error.response.status_code,
            ) from error
        except (InvalidHandshake, OSError, TimeoutError) as error:
            raise CallRefused(f"No WebSocket came about: {error}.", api_code="", status=0) from error
        # The host accepts before it judges, so the first frame tells whether it took the call. One that is full says
        # when to ask again, and hangs up.
        try:
            async with asyncio.timeout(REQUEST_TIMEOUT_S):
                while _queued(first := await self._socket.recv()):
                    pass
        except ConnectionClosed as error:
            code = error.rcvd.code if error.rcvd else 0
            reason = error.rcvd.reason if error.rcvd else "the connection broke"
            raise CallRefused(
                f"The host closed the WebSocket: {reason}.", api_code="", status=code
            ) from error
        except TimeoutError:
            raise CallRefused("The host said nothing.", api_code="", status=0) from None
        self._arrived(first)
        self._start(self._listen(self._socket), "listen")
        self._start(self._speak(self._socket), "speak")

    async def send(self, message: Mapping[str, object]) -> None:
        """Send a message to the server."""
        if self._socket is not None:
            with contextlib.suppress(ConnectionClosed):  # the listener reports the end
                await self._socket.send(json.dumps(message))

    async def send_raw(self, frame: bytes | str) -> None:
        """Send a frame as it is; see `Participant.send_raw`."""
        assert self._socket is not None
        with contextlib.suppress(ConnectionClosed):
            await self._socket.send(frame)

    async def _leave(self) -> None:
        if self._socket is not None:
            await self._socket.close()
        self._ended(CallEnd(1000, "closed here"))
        await super()._leave()

    async def _listen(self, socket: ClientConnection) -> None:
        try:
            while True:
                self._arrived(await socket.recv())
        except ConnectionClosed as error:
            received = error.rcvd
            self._ended(CallEnd(received.code if received else 1006, received.reason if received else "lost"))

    def _arrived(self, frame: str | bytes) -> None:
        if isinstance(frame, str):
            self._take(frame)
        elif self._on_sound is not None:
            self._on_sound(frame, SEND_RATE, time.monotonic())

    async def _speak(self, socket: ClientConnection) -> None:
        pacer = Pacer()
        resampler = Resampler(_MIC_RATE, self._rate)
        with contextlib.suppress(ConnectionClosed):  # the listener reports the end
            while True:
                await pacer.tick()
                await socket.send(resampler.push(self._read()))


def refused(response: httpx.Response) -> CallRefused:
    """The error that an answer of the REST API is."""
    try:
        error = response.json()["error"]
        return CallRefused(str(error["message"]), api_code=str(error["code"]), status=response.status_code)
    except (ValueError, KeyError, TypeError):
        return CallRefused(
            f"The host answered {response.status_code}.", api_code="", status=response.status_code
        )
