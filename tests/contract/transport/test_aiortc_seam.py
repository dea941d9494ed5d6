"""The places where we reach into aiortc. If one of these fails after an update, read `transport/peer.py` first."""

from __future__ import annotations

import inspect
from importlib.metadata import version

import aiortc
import pytest
from aiortc import RTCPeerConnection, rtcrtpreceiver
from aiortc.jitterbuffer import JitterBuffer as StockBuffer

from vivavoce.transport.peer import Peer

BUFFER = "_RTCRtpReceiver__jitter_buffer"


def test_it_is_the_version_we_know() -> None:
    assert version("aiortc") == aiortc.__version__ == "1.16.0"


async def test_a_receiver_has_its_buffer_where_we_replace_it() -> None:
    connection = RTCPeerConnection()
    receiver = connection.addTransceiver("audio").receiver
    assert isinstance(getattr(receiver, BUFFER), StockBuffer)
    await connection.close()


async def test_a_peer_has_our_buffer_there() -> None:
    peer = Peer(lambda samples: (bytes(samples * 2), False), lambda pcm: None, lambda text: None)
    receiver = peer._transceiver.receiver
    assert getattr(receiver, BUFFER) is peer._receiver
    await peer.close()


async def test_a_receiver_without_it_is_refused_loudly() -> None:
    peer = Peer(lambda samples: (bytes(samples * 2), False), lambda pcm: None, lambda text: None)
    with pytest.raises(AssertionError, match=r"transport/peer\.py"):
        peer._receiver.take_over(object())  # pyright: ignore[reportArgumentType] - that is the point
    await peer.close()


def test_the_buffer_is_asked_the_way_we_answer() -> None:
    """`add(packet)` gives (picture lost, frame or None), and no frame means that nothing is decoded."""
    source = inspect.getsource(rtcrtpreceiver.RTCRtpReceiver._handle_rtp_packet)
    assert "pli_flag, encoded_frame = self.__jitter_buffer.add(packet)" in source
    assert "if encoded_frame is not None and self.__decoder_thread:" in source
    assert "self.__jitter_buffer" not in source.replace("self.__jitter_buffer.add(packet)", "")


def test_a_track_may_give_packets_that_are_sent_as_they_are() -> None:
    source = inspect.getsource(aiortc.RTCRtpSender._next_encoded_frame)
    assert "payloads, timestamp = self.__encoder.pack(data)" in source
