"""The LiveKit line: a participant of a room on an SFU, heard and spoken to by the agent who sits in the same room.

The agent's `Seat` outlives the lines: a participant who comes back is a new line at the same desk. Sound is WebRTC's,
carried by the SFU; line messages are reliable data packets of the topic `vivavoce`, in order. A page speaks first: its
first message says that it is subscribed to the agent's voice, so nothing is said that it cannot hear.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import ClassVar

from livekit import rtc
from livekit.rtc._ffi_client import FfiClient
from livekit.rtc.participant import PublishDataError

from vivavoce.errors import VivavoceError
from vivavoce.session.events import Transport
from vivavoce.transport import playout
from vivavoce.transport.desk import Desk
from vivavoce.transport.line import (
    LOST_AFTER_S,
    MAX_PENDING,
    EndReason,
    LineEnd,
    MessageHandler,
    QueuedLine,
)
from vivavoce.transport.messages import dump
from vivavoce.transport.pacer import TICK_S, Pacer
from vivavoce.transport.sfu.tokens import PARTICIPANT

TOPIC = "vivavoce"
"""Of the data packets that carry line messages."""

CLIENT_DELAY_S = 0.15
"""Seconds from pull to ear: the direct line's (see `transport.line`), and 50 ms for the SFU and libwebrtc's jitter
buffer."""

JOIN_TIMEOUT_S = 15.0
"""Seconds from a participant's coming into the room until its page has spoken first."""

SEND_TIMEOUT_S = 3.0
"""Seconds a message or 20 ms of sound may take to leave."""

HANG_UP_S = 1.0
"""Seconds a page that was told to hang up may take."""

MAKE_WAY_S = 0.5
"""Seconds between an old connection's going and a newer one's coming, where the one replaced the other."""

STATS_EVERY_S = 0.25
"""Seconds between two looks at how many packets have come. The decoder goes on by itself where none do, so that frames
of sound are no sign of life."""

UNHEARD_S = 5.0
"""Seconds from a line's beginning within which the page's sound must have come. After an SFU has started afresh, a
track that is published again is now and then not announced, and so not subscribed to (livekit/client-sdk-js#2074)."""

UNHEARD_LINES = 2
"""Lines in a row that may be ended for it: a page that sends no sound at all is left in peace after that."""

_TICK_SAMPLES = int(playout.SAMPLE_RATE * TICK_S)
_FRAME_SAMPLES = playout.SAMPLE_RATE // 100

HangUp = Callable[[], Awaitable[None]]
"""Has the participant leave the room, by the SFU's API."""


def make_voice() -> rtc.AudioSource:
    """A voice for a track. It has no queue: what is given leaves at once, so that the playout clock is the only one."""
    return rtc.AudioSource(playout.SAMPLE_RATE, 1, queue_size_ms=0)


async def publish(room: rtc.Room, voice: rtc.AudioSource, name: str) -> None:
    """Publish `voice` in `room`. No DTX: a pause is sent as what it is, and the other side needs no guess at it."""
    await room.local_participant.publish_track(
        rtc.LocalAudioTrack.create_audio_track(name, voice),
        rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE, dtx=False, red=False),
    )


async def speak(voice: rtc.AudioSource, pcm: bytes) -> None:
    """Give `pcm` (48 kHz s16le mono) to `voice`, in the pieces of 10 ms that libwebrtc takes without a queue."""
    for begin in range(0, len(pcm), _FRAME_SAMPLES * 2):
        piece = pcm[begin : begin + _FRAME_SAMPLES * 2]
        await voice.capture_frame(rtc.AudioFrame(piece, playout.SAMPLE_RATE, 1, _FRAME_SAMPLES))


def listen(track: rtc.Track) -> rtc.AudioStream | None:
    """The sound of a track, in frames of 20 ms; None where the track is gone and we have yet to be told.

    That is so where the SFU has started afresh: a track may be replaced before anybody has listened to it.
    """
    try:
        return rtc.AudioStream.from_track(
            track=track, sample_rate=playout.SAMPLE_RATE, num_channels=1, frame_size_ms=20
        )
    except AssertionError:
        # livekit 1.1 has no other error for the handle of a track that its native part has let go of.
        return None


async def follow(tracks: asyncio.Queue[rtc.Track | None], take: Callable[[rtc.AudioFrame], None]) -> None:
    """Give `take` the sound of whichever track came last, until cancelled; None: there is none for now.

    A track that has been replaced need not end: after an SFU has started afresh, the old one may just fall silent.
    """
    try:
        async with asyncio.TaskGroup() as group:
            hearing: asyncio.Task[None] | None = None
            while True:
                track = await tracks.get()
                if hearing is not None:
                    hearing.cancel()
                hearing = None if track is None else group.create_task(_hear(track, take), name="hear")
    except BaseExceptionGroup as failed:
        # One is heard at a time: what failed is what `take` raised.
        raise failed.exceptions[0] from None


async def _hear(track: rtc.Track, take: Callable[[rtc.AudioFrame], None]) -> None:
    stream = listen(track)
    if stream is None:
        return
    try:
        async for event in stream:
            take(event.frame)
    finally:
        await stream.aclose()


async def leave(room: rtc.Room) -> None:
    """Leave a room, and let go of it."""
    await room.disconnect()
    # livekit 1.1 lets go only of a room that we left first; one that the SFU closed would go on taking every event.
    FfiClient.instance.queue.unsubscribe(room._ffi_queue)  # pyright: ignore[reportPrivateUsage]


class LiveKitLine(QueuedLine):
    """One participant's presence in a room. Made by `Seat`.

    Args:
        room: where both sit.
        participant: theirs.
        voice: the agent's, as it is published in the room.
        hang_up: has them leave.
        client_delay_s: seconds from pull to ear.
        lost_after_s: seconds of nothing at all after which the page is lost.
        unheard_after_s: seconds without a first packet of sound after which it is to come again; None: it may stay.
    """

    transport: ClassVar[Transport] = "livekit"

    def __init__(
        self,
        room: rtc.Room,
        participant: rtc.RemoteParticipant,
        voice: rtc.AudioSource,
        hang_up: HangUp,
        *,
        client_delay_s: float = CLIENT_DELAY_S,
        lost_after_s: float = LOST_AFTER_S,
        unheard_after_s: float | None = UNHEARD_S,
    ) -> None:
        super().__init__(
            connection_id=participant.sid, client_delay_s=client_delay_s, lost_after_s=lost_after_s
        )
        self._room = room
        self._voice = voice
        self._hang_up = hang_up
        self._unheard_after_s = unheard_after_s
        self.unheard = False
        """Whether it has ended because no sound of the page came."""
        self._spoke = asyncio.Event()
        self._arrived: asyncio.Queue[bytes] = asyncio.Queue(MAX_PENDING)
        self._leaving = asyncio.Event()
        self._track: rtc.Track | None = None
        self._tracks: asyncio.Queue[rtc.Track | None] = asyncio.Queue(8)
        self._signs = 0
        self._sign_at = time.monotonic()

    # -- the seat's side

    def lose_track(self, track: rtc.Track) -> None:
        """A microphone of the participant's is gone; the news may come after that of its successor."""
        if track is self._track:
            self.take_track(None)

    def take_track(self, track: rtc.Track | None) -> None:
        """The participant's microphone from now on; None: there is none."""
        self._track = track
        try:
            self._tracks.put_nowait(track)
        except asyncio.QueueFull:
            self._lose("the page changes its microphone faster than it can be listened to")

    def take_data(self, data: bytes) -> None:
        """A message from the page."""
        self._spoke.set()
        try:
            self._arrived.put_nowait(data)
        except asyncio.QueueFull:
            self._lose("the page sends messages faster than they can be read")

    def gone(self, reason: rtc.DisconnectReason.ValueType | None) -> None:
        """The participant is not in the room any more; `reason` as the SFU says it."""
        match reason:
            case rtc.DisconnectReason.CLIENT_INITIATED:
                self._finish(LineEnd(EndReason.CLOSED, "the page closed the connection"))
            case rtc.DisconnectReason.DUPLICATE_IDENTITY:
                self._finish(LineEnd(EndReason.REPLACED, "a newer connection took its place"))
            case _:
                self._lose_now(f"the SFU has lost the page: {reason}")

    def room_lost(self) -> None:
        """The agent itself is not in the room any more."""
        self._lose_now("the connection to the SFU is lost")

    # -- the line

    async def run(self, desk: Desk, on_message: MessageHandler) -> LineEnd:
        """Carry sound and messages between the participant and `desk` until the line ends; see `Line.run`."""
        self._on_message = on_message
        silent_s = 0.0
        end = LineEnd(EndReason.CLOSED, "closed here")

        try:
            silence = f"the page said nothing for {JOIN_TIMEOUT_S:g} s"
            if await self._comes(self._spoke, within_s=JOIN_TIMEOUT_S, otherwise=silence):
                desk.attach(self)
                self._start(self._receive(), "receive")
                self._start(self._hear(desk), "hear")
                self._start(self._speak(desk), "speak")
                self._start(self._send_pending(), "send")
                self._start(self._count_packets(), "count")
                self._start(self._watch(lambda: self._signs), "watch")
            end = await self._ended()
            silent_s = end.silent_s
        finally:
            desk.detach(self, silent_s=silent_s)
            await self._stop()
            await self._part(end)
        if self._fault is not None:
            raise self._fault
        return end

    # -- from the page

    async def _receive(self) -> None:
        while True:
            data = await self._arrived.get()
            self._sign()
            self._take_message(data)

    async def _hear(self, desk: Desk) -> None:
        def take(frame: rtc.AudioFrame) -> None:
            if desk.line is self and not self._end.done():
                desk.hear(bytes(frame.data), frame.sample_rate)

        await follow(self._tracks, take)

    async def _count_packets(self) -> None:
        """Packets that came are signs of life. A page that lives, and is not heard from the first, is to come again."""
        seen = 0
        began = time.monotonic()
        while True:
            await asyncio.sleep(STATS_EVERY_S)
            packets = await self._packets()
            if packets not in (0, seen):
                seen = packets
                self._sign()
            elif not seen and self._unheard_after_s is not None:
                unheard_s = time.monotonic() - began
                if unheard_s > self._unheard_after_s:
                    self.unheard = True
                    self._lose("the SFU brings nothing of the page's sound", silent_s=unheard_s)
                    return

    async def _packets(self) -> int:
        """Packets of the track that is listened to, so far."""
        if (track := self._track) is None:
            return 0
        stats = await track.get_stats()
        return sum(one.inbound_rtp.received.packets_received for one in stats if one.HasField("inbound_rtp"))

    def _sign(self) -> None:
        self._signs += 1
        self._sign_at = time.monotonic()

    def _lose_now(self, detail: str) -> None:
        self._lose(detail, silent_s=time.monotonic() - self._sign_at)

    # -- to the page

    async def _speak(self, desk: Desk) -> None:
        pacer = Pacer()
        while True:
            await pacer.tick()
            if desk.line is not self:
                continue
            pcm = desk.pull(_TICK_SAMPLES)
            try:
                async with asyncio.timeout(SEND_TIMEOUT_S):
                    await speak(self._voice, pcm)
            except TimeoutError:
                self._lose(f"the SFU took no sound for {SEND_TIMEOUT_S:g} s", silent_s=SEND_TIMEOUT_S)
                return

    async def _send_pending(self) -> None:
        pacer = Pacer()
        while True:
            await pacer.tick()
            try:
                while self._pending:
                    # It is on its way when we begin to wait, so being cancelled loses nothing.
                    await self._publish(self._pending.popleft())
            except (TimeoutError, PublishDataError) as error:
                self._lose(f"the SFU takes no messages: {error}")
                return

    async def _publish(self, text: str) -> None:
        async with asyncio.timeout(SEND_TIMEOUT_S):
            await self._room.local_participant.publish_data(
                text, reliable=True, destination_identities=[PARTICIPANT], topic=TOPIC
            )

    # -- the end

    def left(self) -> None:
        """The seat has seen the participant leave."""
        self._leaving.set()

    async def _part(self, end: LineEnd) -> None:
        """Say the last words, and have the page leave: it does so when it is told.

        Where it was lost, or does not behave, the SFU sees to it. Not otherwise: another agent may have the session by
        now, and the page with it, whose identity is the same.
        """
        if end.reason is EndReason.REPLACED or self._leaving.is_set():
            return
        try:
            if end.reason is not EndReason.LOST:
                while self._pending:
                    await self._publish(self._pending.popleft())
                await self._publish(dump({"type": "hang_up"}))
                async with asyncio.timeout(HANG_UP_S):
                    await self._leaving.wait()
                return
        except (TimeoutError, PublishDataError):
            if end.error_code is None:
                return
        try:
            await self._hang_up()
        except VivavoceError:
            return  # the SFU is gone, and the page's connection with it


OnLine = Callable[[LiveKitLine], None]
"""Told, on the event loop, of every line that comes up; must not block. Whoever is told runs it."""


class Seat:
    """The agent's place in a room: publishes its voice, and makes a line of whoever comes as the participant.

    Args:
        room: connected, or about to be.
        hang_up: has the participant leave, by the SFU's API.
        on_line: takes the lines.
        client_delay_s: see `LiveKitLine`.
        lost_after_s: see `LiveKitLine`.
    """

    def __init__(
        self,
        room: rtc.Room,
        hang_up: HangUp,
        on_line: OnLine,
        *,
        client_delay_s: float = CLIENT_DELAY_S,
        lost_after_s: float = LOST_AFTER_S,
    ) -> None:
        self._room = room
        self._hang_up = hang_up
        self._on_line = on_line
        self._client_delay_s = client_delay_s
        self._lost_after_s = lost_after_s
        self._lines: dict[str, LiveKitLine] = {}
        self._voice = make_voice()
        self._taken = False
        self._last: LiveKitLine | None = None
        self._unheard = 0
        """Lines in a row that ended because nothing of the page's sound came."""
        self._parting: list[LiveKitLine] = []
        room.on("participant_connected", self._came)
        room.on("participant_disconnected", self._went)
        room.on("track_subscribed", self._subscribed)
        room.on("track_unsubscribed", self._unsubscribed)
        room.on("data_received", self._data)
        room.on("disconnected", self._room_lost)

    async def take(self) -> None:
        """Publish the agent's voice, and look who is there already. The room is connected."""
        await publish(self._room, self._voice, "moderator")
        self._taken = True
        for participant in self._room.remote_participants.values():
            self._came(participant)

    def _came(self, participant: rtc.RemoteParticipant) -> None:
        if not self._taken or participant.identity != PARTICIPANT or participant.sid in self._lines:
            return
        self._unheard = self._unheard + 1 if self._last is not None and self._last.unheard else 0
        self._last = line = LiveKitLine(
            self._room,
            participant,
            self._voice,
            self._hang_up,
            client_delay_s=self._client_delay_s,
            lost_after_s=self._lost_after_s,
            unheard_after_s=UNHEARD_S if self._unheard < UNHEARD_LINES else None,
        )
        # The SFU lets nobody in twice.
        for other in (*self._lines.values(), *self._parting):
            other.left()
            other.gone(rtc.DisconnectReason.DUPLICATE_IDENTITY)
        self._lines.clear()
        self._parting.clear()
        self._lines[participant.sid] = line
        for publication in participant.track_publications.values():
            if publication.track is not None:
                line.take_track(publication.track)
        self._on_line(line)

    def _went(self, participant: rtc.RemoteParticipant) -> None:
        line = self._lines.pop(participant.sid, None)
        if line is None:
            return
        line.left()
        if participant.disconnect_reason is not None:
            line.gone(participant.disconnect_reason)
            return
        # The SFU (1.13) does not say that somebody had to make way for a newer connection, who is just behind.
        self._parting.append(line)
        asyncio.get_running_loop().call_later(MAKE_WAY_S, self._gone, line)

    def _gone(self, line: LiveKitLine) -> None:
        if line in self._parting:
            self._parting.remove(line)
            line.gone(None)

    def _subscribed(
        self, track: rtc.Track, _: rtc.RemoteTrackPublication, participant: rtc.RemoteParticipant
    ) -> None:
        if (line := self._lines.get(participant.sid)) is not None:
            line.take_track(track)

    def _unsubscribed(
        self, track: rtc.Track, _: rtc.RemoteTrackPublication, participant: rtc.RemoteParticipant
    ) -> None:
        if (line := self._lines.get(participant.sid)) is not None:
            line.lose_track(track)

    def _data(self, packet: rtc.DataPacket) -> None:
        if packet.participant is None or packet.topic != TOPIC:
            return
        if (line := self._lines.get(packet.participant.sid)) is not None:
            line.take_data(packet.data)

    def _room_lost(self) -> None:
        for line in self._lines.values():
            line.left()
            line.room_lost()
        self._lines.clear()
