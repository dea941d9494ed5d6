"""A WebRTC peer with one voice each way and one channel for messages. The only module that touches aiortc.

aiortc 1.16's receive jitter buffer is replaced by ours, per receiver (`_VoiceReceiver`), which also decodes: no hop to
a decoder thread, and holes keep their length. A contract test holds that seam. Its sender is given packets we encoded,
which its tracks may do, so nothing runs on executor threads.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol

import av
import av.error
from aiortc import (
    RTCConfiguration,
    RTCDataChannel,
    RTCIceServer,
    RTCPeerConnection,
    RTCRtpCodecCapability,
    RTCRtpReceiver,
    RTCRtpTransceiver,
    RTCSessionDescription,
    sdp,
)
from aiortc.exceptions import InternalError, InvalidAccessError, InvalidStateError, OperationError
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack

from vivavoce.session.errors import BadFrame
from vivavoce.transport.jitter import JitterBuffer, RtpVoice
from vivavoce.transport.opus import PACKET_SAMPLES, TIME_BASE, OpusDecoder, OpusEncoder
from vivavoce.transport.pacer import Pacer

_log = logging.getLogger(__name__)

CHANNEL = "vivavoce"
"""Label of the data channel that carries line messages."""

CONNECT_TIMEOUT_S = 15.0
"""Seconds from the answer until sound must be able to flow."""

CLOSE_TIMEOUT_S = 5.0
"""Seconds for saying goodbye to the other side."""

DRAIN_S = 0.5
"""Seconds the last messages have to leave before a connection is closed from here."""

MAX_SDP_BYTES = 64 * 1024
"""Bytes of a session description; a browser's offer has about 5,000."""

MAX_PENDING_BYTES = 256 * 1024
"""Bytes of messages that may wait for the other side before it is taken for lost."""

MAX_GAP_S = 3.0
"""Seconds of missing sound that are filled with silence; after a longer gap the stream is placed anew."""

_OPUS = [RTCRtpCodecCapability(mimeType="audio/opus", clockRate=48000, channels=2)]
_UNREADABLE = (
    ValueError, KeyError, IndexError, AssertionError, AttributeError, TypeError, OverflowError,
    InternalError, InvalidAccessError, InvalidStateError, OperationError, StopIteration,
)  # fmt: skip
"""What aiortc raises on a session description it cannot use; its parser is written with assertions and indexing."""


class VoiceSource(Protocol):
    """Where the sound to send comes from."""

    def __call__(self, samples: int) -> tuple[bytes, bool]:
        """The next `samples` (48 kHz s16le mono) and whether they are more than silence."""
        ...


@dataclass(slots=True)
class PeerCounters:
    """What a peer met so far.

    Args:
        packets: voice packets used.
        lost: voice packets that never came, or too late.
        discarded: voice packets that came twice or too late.
        undecodable: voice packets that were no Opus.
        concealed_s: seconds of silence put where sound was missing.
        skipped_ticks: 20 ms ticks our sender missed because the process was busy.
    """

    packets: int = 0
    lost: int = 0
    discarded: int = 0
    undecodable: int = 0
    concealed_s: float = 0.0
    skipped_ticks: int = 0


class Peer:
    """One WebRTC connection. Use `answer`, or `offer` and `accept`; wait for `ended`; always `close`.

    Args:
        source: gives the sound to send, every 20 ms.
        on_sound: takes the sound received, s16le mono at 48 kHz, in order, missing parts as silence.
        on_text: takes a message (text or bytes, as sent) from the data channel.
        ice_servers: STUN and TURN servers, as URLs.
    """

    def __init__(
        self,
        source: VoiceSource,
        on_sound: Callable[[bytes], None],
        on_text: Callable[[str | bytes], None],
        *,
        ice_servers: Sequence[str] = (),
    ) -> None:
        self.counters = PeerCounters()
        self._closed = False
        self.connected = asyncio.Event()
        self.channel_open = asyncio.Event()
        self.signs = 0
        """Signs of life from the other side so far: packets of sound, and messages."""
        loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[str] = loop.create_future()
        """Done when the connection ends by itself: ``closed`` by the other side, or ``lost``. Fails with what one of
        our handlers raised, which ends the connection too."""
        self._source = source
        self._on_sound = on_sound
        self._on_text = on_text
        self._channel: RTCDataChannel | None = None
        self._pending: list[str | bytes] = []
        self._pending_bytes = 0
        self._receiver = _VoiceReceiver(self.counters, self._take_sound)
        self._track = _VoiceTrack(self._give_sound, self.counters)
        self._pc = RTCPeerConnection(RTCConfiguration(iceServers=[RTCIceServer(urls=u) for u in ice_servers]))
        self._pc.on("connectionstatechange", self._state_changed)
        self._pc.on("datachannel", self._adopt)
        self._transceiver: RTCRtpTransceiver = self._pc.addTransceiver(self._track, "sendrecv")
        self._transceiver.setCodecPreferences(_OPUS)
        self._receiver.take_over(self._transceiver.receiver)

    async def answer(self, sdp: str) -> str:
        """Answer an offer.

        Returns:
            the answer's session description, candidates included.

        Raises:
            BadFrame: the offer is unreadable, or is not for one Opus voice and one data channel.
        """
        _check_offer(sdp)
        await self._negotiate(
            self._pc.setRemoteDescription(RTCSessionDescription(_without_names(sdp), "offer"))
        )
        await self._negotiate(self._pc.setLocalDescription())
        return self._pc.localDescription.sdp

    async def offer(self) -> str:
        """Offer a connection; `accept` its answer."""
        self._adopt(self._pc.createDataChannel(CHANNEL, ordered=True))
        await self._pc.setLocalDescription()
        return self._pc.localDescription.sdp

    async def accept(self, sdp: str) -> None:
        """Take the answer to our offer.

        Raises:
            BadFrame: it is unreadable.
        """
        await self._negotiate(
            self._pc.setRemoteDescription(RTCSessionDescription(_without_names(sdp), "answer"))
        )

    def send(self, text: str | bytes) -> bool:
        """Send a message, in order; before the channel is open it waits. False when too much waits already.

        After the end it does nothing.
        """
        if self._closed or self.ended.done():
            return True
        size = len(text.encode() if isinstance(text, str) else text)
        channel = self._channel
        if channel is None or channel.readyState == "connecting":
            if self._pending_bytes + size > MAX_PENDING_BYTES:
                return False
            self._pending.append(text)
            self._pending_bytes += size
            return True
        if channel.readyState != "open" or channel.bufferedAmount + size > MAX_PENDING_BYTES:
            return False
        channel.send(text)
        return True

    async def close(self) -> None:
        """Say goodbye and let go of sockets, threads and tasks. Closing twice is fine."""
        if self._closed:
            return
        self._closed = True
        if not self.ended.done():
            await self._drain()
        self._track.stop()
        try:
            await asyncio.wait_for(self._pc.close(), CLOSE_TIMEOUT_S)
        except TimeoutError:
            _log.warning(
                "a WebRTC peer did not close within %s s; its sockets go with the process", CLOSE_TIMEOUT_S
            )
        if not self.ended.done():
            self.ended.set_result("closed")

    # -- inside

    async def _negotiate(self, step: Coroutine[Any, Any, None]) -> None:
        try:
            await step
        except _UNREADABLE as error:
            raise _unusable(error) from error

    async def _drain(self) -> None:
        """Let the last messages out."""
        for _ in range(int(DRAIN_S / 0.02)):
            if (
                self._channel is None
                or self._channel.readyState != "open"
                or not self._channel.bufferedAmount
            ):
                return
            await asyncio.sleep(0.02)

    def _state_changed(self) -> None:
        state = self._pc.connectionState
        if state == "connected" and not self.connected.is_set():
            self.connected.set()
        elif state in ("failed", "closed"):
            # Consent that ran out closes the DTLS transport too, and then the connection says no more than "closed".
            ice_state = self._transceiver.receiver.transport.transport.state
            self._end("lost" if "failed" in (state, ice_state) else "closed")

    def _end(self, how: str) -> None:
        if not self.ended.done() and not self._closed:
            self.ended.set_result(how)

    def _adopt(self, channel: RTCDataChannel) -> None:
        if channel.label != CHANNEL or self._channel is not None:
            channel.close()
            return
        self._channel = channel
        channel.on("message", self._message)
        channel.on("open", self._flush_pending)
        if channel.readyState == "open":
            self._flush_pending()

    def _give_sound(self, samples: int) -> tuple[bytes, bool]:
        with _Guard(self._failed):
            return self._source(samples)
        raise MediaStreamError

    def _take_sound(self, pcm: bytes) -> None:
        self.signs += 1
        if pcm and not self.ended.done():
            with _Guard(self._failed):
                self._on_sound(pcm)

    def _message(self, message: str | bytes) -> None:
        self.signs += 1
        if not self.ended.done():
            with _Guard(self._failed):
                self._on_text(message)

    def _failed(self, error: Exception) -> None:
        if not self.ended.done():
            self.ended.set_exception(error)

    def _flush_pending(self) -> None:
        assert self._channel is not None
        self.channel_open.set()
        pending, self._pending, self._pending_bytes = self._pending, [], 0
        for text in pending:
            self._channel.send(text)


class _Guard:
    """Keeps what a handler raises from aiortc, which would log it and leave the connection half alive."""

    def __init__(self, failed: Callable[[Exception], None]) -> None:
        self._failed = failed

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        if isinstance(error, Exception):
            self._failed(error)
            return True
        return False


class _RtpPacket(Protocol):
    """The fields of aiortc's RtpPacket that we use."""

    sequence_number: int
    timestamp: int
    ssrc: int
    payload: bytes


class _VoiceReceiver:
    """Stands where aiortc's receiver has its jitter buffer: orders, decodes, fills holes, hands on."""

    def __init__(self, counters: PeerCounters, on_sound: Callable[[bytes], None]) -> None:
        self._counters = counters
        self._on_sound = on_sound
        self._jitter = JitterBuffer()
        self._decoder = OpusDecoder()
        self._ssrc: int | None = None
        self._expected: int | None = None

    def take_over(self, receiver: RTCRtpReceiver) -> None:
        """Replace `receiver`'s jitter buffer by this."""
        if not hasattr(receiver, _JITTER_BUFFER):
            raise AssertionError(
                "aiortc's receiver has no jitter buffer where 1.16 has it: adapt transport/peer.py"
            )
        setattr(receiver, _JITTER_BUFFER, self)

    def add(self, packet: _RtpPacket) -> tuple[bool, None]:
        """aiortc's seam: a packet has arrived. We deliver ourselves, so there is never a frame for it to decode."""
        if packet.ssrc != self._ssrc:
            self._ssrc = packet.ssrc
            self._jitter = JitterBuffer()
            self._expected = None
        for voice in self._jitter.push(RtpVoice(packet.sequence_number, packet.timestamp, packet.payload)):
            self._deliver(voice)
        self._counters.lost, self._counters.discarded = self._jitter.lost, self._jitter.discarded
        return False, None

    def _deliver(self, voice: RtpVoice) -> None:
        try:
            pcm = self._decoder.decode(voice.payload)
        except av.error.FFmpegError:
            self._counters.undecodable += 1
            return
        self._counters.packets += 1
        if self._expected is not None:
            missing = (voice.timestamp - self._expected) & 0xFFFFFFFF
            if 0 < missing <= MAX_GAP_S / TIME_BASE:
                self._counters.concealed_s += float(missing * TIME_BASE)
                self._on_sound(bytes(missing * 2))
        self._expected = (voice.timestamp + len(pcm) // 2) & 0xFFFFFFFF
        self._on_sound(pcm)


_JITTER_BUFFER = "_RTCRtpReceiver__jitter_buffer"


class _VoiceTrack(MediaStreamTrack):
    """Gives aiortc's sender an Opus packet every 20 ms."""

    kind = "audio"

    def __init__(self, source: VoiceSource, counters: PeerCounters) -> None:
        super().__init__()
        self._source = source
        self._counters = counters
        self._encoder = OpusEncoder()
        self._pacer = Pacer()
        self._pts = 0

    async def recv(self) -> av.Packet[Any]:
        """The next packet, when it is due."""
        skipped = await self._pacer.tick()
        if self.readyState != "live":
            raise MediaStreamError
        self._counters.skipped_ticks += skipped
        self._pts += skipped * PACKET_SAMPLES
        pcm, sounding = self._source(PACKET_SAMPLES)
        packet: av.Packet[Any] = av.Packet(self._encoder.encode(pcm, silent=not sounding))
        packet.pts = self._pts
        packet.time_base = TIME_BASE
        self._pts += PACKET_SAMPLES
        return packet


def _check_offer(text: str) -> None:
    """Refuse what aiortc would take and then fail on in a task of its own.

    Raises:
        BadFrame: the offer is unreadable, or not for one Opus voice and one data channel on one transport.
    """
    if len(text) > MAX_SDP_BYTES:
        raise BadFrame(f"A WebRTC offer of {len(text)} characters is longer than {MAX_SDP_BYTES}.")
    try:
        offer = sdp.SessionDescription.parse(text)
    except _UNREADABLE as error:
        raise _unusable(error) from error
    kinds = [media.kind for media in offer.media]
    if sorted(kinds) != ["application", "audio"]:
        raise BadFrame(
            "A WebRTC offer must have one audio section and one data channel; "
            f"this one has {', '.join(kinds) or 'no sections'}."
        )
    if not any(c.mimeType.lower() == "audio/opus" for media in offer.media for c in media.rtp.codecs):
        raise BadFrame("A WebRTC offer must offer Opus for its audio; this one does not.")
    bundles = [sorted(group.items) for group in offer.group if group.semantic == "BUNDLE"]
    # A section that lost its name has None for it.
    if bundles != [sorted(str(media.rtp.muxId) for media in offer.media)]:
        raise BadFrame("A WebRTC offer must bundle its audio and its data channel; this one does not.")
    for media in offer.media:
        if media.ice is None or media.dtls is None or not media.dtls.fingerprints:
            raise BadFrame(f"The {media.kind} section of the WebRTC offer has no ICE or DTLS parameters.")


def _unusable(error: BaseException) -> BadFrame:
    return BadFrame(f"The WebRTC session description cannot be used: {error or type(error).__name__}.")


def _without_names(sdp: str) -> str:
    """`sdp` without candidates that are host names, and without saying that there are no more candidates.

    A browser hides its addresses behind mDNS names until the microphone is allowed. They need not be resolved: its own
    checks reach us, and show the address. Left in, they cost a multicast look-up that may take seconds.
    """
    kept = [
        line
        for line in sdp.splitlines()
        if not (line.startswith("a=candidate:") and ".local" in line) and line != "a=end-of-candidates"
    ]
    return "\r\n".join(kept) + "\r\n"
