"""A participant made of code who calls through a LiveKit SFU, as the page does."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Mapping

import httpx
from livekit import rtc
from livekit.rtc.participant import PublishDataError

from vivavoce.transport.client import REQUEST_TIMEOUT_S, CallEnd, CallRefused, Participant, refused
from vivavoce.transport.line import MAX_PENDING
from vivavoce.transport.livekit import TOPIC, follow, leave, make_voice, publish, speak
from vivavoce.transport.pacer import Pacer
from vivavoce.transport.peer import CONNECT_TIMEOUT_S

FIRST_PING_S = 0.25
"""Seconds between two first messages to the agent, until it answers."""

VOICELESS_S = 5.0
"""As `web/src/call/liveKitLine.ts`: for how long an agent may answer without a voice."""


class LiveKitParticipant(Participant):
    """A participant in a LiveKit room. `unanswered` (settable) is what it says of the agent when it joins."""

    unanswered = False

    @property
    def in_room(self) -> bool:
        """Whether the SFU is there, and we with it."""
        return self._room.isconnected()

    async def _join(self) -> None:
        self._arrived: asyncio.Queue[rtc.DataPacket] = asyncio.Queue(MAX_PENDING)
        self._voices: asyncio.Queue[rtc.Track | None] = asyncio.Queue(8)
        self._voiced = asyncio.Event()
        self._answered = asyncio.Event()
        self._voice: rtc.Track | None = None
        self._voiceless_since = 0.0
        async with httpx.AsyncClient(timeout=REQUEST_TIMEOUT_S) as http:
            response = await http.post(
                f"{self._session_url}/livekit",
                json={"take_over": self._take_over, "unanswered": self.unanswered},
                headers={"Authorization": f"Bearer {self._token}"},
            )
        if response.status_code != 200:
            raise refused(response)
        access = response.json()
        self._room = rtc.Room()
        self._room.on("track_subscribed", self._subscribed)
        self._room.on("track_unsubscribed", self._unsubscribed)
        self._room.on("data_received", self._data)
        self._room.on("disconnected", self._disconnected)
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await self._room.connect(access["url"], access["token"], rtc.RoomOptions(auto_subscribe=True))
                own = make_voice()
                await publish(self._room, own, "microphone")
                self._start(self._speak(own), "speak")
                self._start(follow(self._voices, self._hear), "hear")
                self._start(self._receive(), "receive")
                await self._voiced.wait()
                # What we say first tells the agent that we can hear it; it may overtake the news that we are there.
                while not self._answered.is_set():
                    await self.send({"type": "ping", "n": 0})
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(self._answered.wait(), FIRST_PING_S)
        except (TimeoutError, rtc.ConnectError) as error:
            raise CallRefused(
                f"No call came about through the SFU within {CONNECT_TIMEOUT_S:g} s. {error}",
                api_code="",
                status=0,
            ) from error

    async def send(self, message: Mapping[str, object]) -> None:
        """Send a message to the server."""
        await self.send_raw(json.dumps(message))

    async def send_raw(self, frame: bytes | str) -> None:
        """Send a message as it is; see `Participant.send_raw`."""
        if not self.closed:
            with contextlib.suppress(PublishDataError):  # the room reports the end
                await self._room.local_participant.publish_data(frame, reliable=True, topic=TOPIC)

    async def _leave(self) -> None:
        if hasattr(self, "_room"):
            await leave(self._room)
        self._ended(CallEnd(None, "closed here"))
        await super()._leave()

    def _subscribed(self, track: rtc.Track) -> None:
        if track.kind == rtc.TrackKind.KIND_AUDIO:
            self._voice = track
            self._voices.put_nowait(track)
            self._voiced.set()

    def _unsubscribed(self, track: rtc.Track) -> None:
        if track is self._voice:
            self._voice, self._voiceless_since = None, time.monotonic()

    def _data(self, packet: rtc.DataPacket) -> None:
        if packet.topic == TOPIC:
            self._answered.set()
            self._arrived.put_nowait(packet)

    def _disconnected(self, reason: rtc.DisconnectReason.ValueType) -> None:
        self._ended(CallEnd(None, f"disconnected: {rtc.DisconnectReason.Name(reason)}"))

    async def _receive(self) -> None:
        agent: str | None = None
        """Who greeted us last: the agent we talk to."""
        while True:
            packet = await self._arrived.get()
            sender = packet.participant.identity if packet.participant is not None else None
            kind = json.loads(packet.data).get("type")
            if kind == "hello" or agent is None:
                agent = sender
            voiceless = self._voice is None and time.monotonic() - self._voiceless_since > VOICELESS_S
            if kind == "pong" and voiceless:
                self._ended(CallEnd(None, "the agent answers, and its voice does not come"))
                await self._room.disconnect()
                return
            if kind != "hang_up":
                self._take(packet.data)
            elif sender == agent:
                self._ended(CallEnd(None, "the agent hung up"))
                await self._room.disconnect()
                return
            # One who lost the session to another agent has nothing to say about it any more.

    def _hear(self, frame: rtc.AudioFrame) -> None:
        if self._on_sound is not None:
            self._on_sound(bytes(frame.data), frame.sample_rate, time.monotonic())

    async def _speak(self, own: rtc.AudioSource) -> None:
        pacer = Pacer()
        while True:
            await pacer.tick()
            await speak(own, self._read())
