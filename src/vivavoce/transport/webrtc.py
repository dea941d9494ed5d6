"""The WebRTC line: Opus both ways and a data channel, straight from the browser to this process."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import ClassVar, Self

from vivavoce.session.events import Transport
from vivavoce.transport import opus
from vivavoce.transport.desk import Desk
from vivavoce.transport.line import (
    CLIENT_DELAY_S,
    LOST_AFTER_S,
    EndReason,
    LineBase,
    LineEnd,
    MessageHandler,
)
from vivavoce.transport.messages import Message, dump
from vivavoce.transport.peer import CONNECT_TIMEOUT_S, Peer, PeerCounters


class WebRtcLine(LineBase):
    """One WebRTC connection with a participant's page. Made by `answer`; must be `run` (or closed and run)."""

    transport: ClassVar[Transport] = "webrtc"

    def __init__(
        self,
        *,
        ice_servers: Sequence[str] = (),
        connection_id: str | None = None,
        client_delay_s: float = CLIENT_DELAY_S,
        lost_after_s: float = LOST_AFTER_S,
        connect_timeout_s: float = CONNECT_TIMEOUT_S,
    ) -> None:
        super().__init__(
            connection_id=connection_id, client_delay_s=client_delay_s, lost_after_s=lost_after_s
        )
        self._connect_timeout_s = connect_timeout_s
        self._desk: Desk | None = None
        self._peer = Peer(self._pull, self._hear, self._take_message, ice_servers=ice_servers)

    @classmethod
    async def answer(
        cls,
        offer_sdp: str,
        *,
        ice_servers: Sequence[str] = (),
        connection_id: str | None = None,
        client_delay_s: float = CLIENT_DELAY_S,
        lost_after_s: float = LOST_AFTER_S,
        connect_timeout_s: float = CONNECT_TIMEOUT_S,
    ) -> tuple[Self, str]:
        """Answer a page's offer.

        Args:
            offer_sdp: its session description: one audio section with Opus, one data channel.
            ice_servers: URLs of STUN and TURN servers we should use.
            connection_id: names the connection in the log; made up by default.
            client_delay_s: seconds from pull to ear.
            lost_after_s: seconds of nothing at all after which the page is lost.
            connect_timeout_s: seconds within which sound must be able to flow.

        Returns:
            the line, to be run, and the answer's session description.

        Raises:
            BadFrame: the offer cannot be used.
        """
        line = cls(
            ice_servers=ice_servers,
            connection_id=connection_id,
            client_delay_s=client_delay_s,
            lost_after_s=lost_after_s,
            connect_timeout_s=connect_timeout_s,
        )
        try:
            return line, await line._peer.answer(offer_sdp)
        except BaseException:
            await line._peer.close()
            raise

    @property
    def counters(self) -> PeerCounters:
        """What the connection met so far."""
        return self._peer.counters

    async def run(self, desk: Desk, on_message: MessageHandler) -> LineEnd:
        """Carry sound and messages between the page and `desk` until the line ends; see `Line.run`."""
        self._on_message = on_message
        self._peer.ended.add_done_callback(self._peer_ended)
        silent_s = 0.0
        within_s = self._connect_timeout_s
        silence = f"no WebRTC connection came about within {within_s:g} s"
        try:
            # Until sound can flow.
            if await self._comes(self._peer.connected, within_s=within_s, otherwise=silence):
                self._desk = desk
                desk.attach(self)
                self._start(self._watch(lambda: self._peer.signs), "watch")
            end = await self._ended()
            silent_s = end.silent_s
        finally:
            self._desk = None
            desk.detach(self, silent_s=silent_s)
            await self._stop()
            await self._peer.close()
        if self._fault is not None:
            raise self._fault
        return end

    def send(self, message: Message) -> None:
        """Send a message to the page; see `Line.send`."""
        if not self._end.done() and not self._peer.send(dump(message)):
            self._lose("the page does not take its messages")

    def _peer_ended(self, ended: asyncio.Future[str]) -> None:
        if ended.cancelled():
            return
        if (error := ended.exception()) is not None:
            self._break(error)
        elif ended.result() == "lost":
            self._lose("the page no longer answers ICE consent checks")
        else:
            self._finish(LineEnd(EndReason.CLOSED, "the page closed the connection"))

    def _hear(self, pcm: bytes) -> None:
        if self._desk is not None and not self._end.done():
            self._desk.hear(pcm, opus.SAMPLE_RATE)

    def _pull(self, samples: int) -> tuple[bytes, bool]:
        desk = self._desk
        if desk is None or desk.line is not self:
            return bytes(samples * 2), False
        pcm = desk.pull(samples)
        return pcm, desk.sounding
