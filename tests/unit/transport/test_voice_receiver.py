"""Sound out of RTP packets: in order, decoded, and as long as it was spoken."""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np
import pytest

from vivavoce.transport.jitter import HOLD
from vivavoce.transport.opus import OpusEncoder
from vivavoce.transport.peer import MAX_GAP_S, PeerCounters, _VoiceReceiver

RATE = 48_000
PACKET = 960
CLICK_EVERY = 25  # packets: 0.5 s


@dataclass
class Rtp:
    sequence_number: int
    timestamp: int
    payload: bytes
    ssrc: int = 1


def packets(count: int, *, start: int = 65_500) -> list[Rtp]:
    """A stream with 20 ms of tone each half second; sequence numbers and timestamps wrap on the way."""
    encoder = OpusEncoder()
    click = (12_000 * np.sin(2 * np.pi * 1000 * np.arange(PACKET) / RATE)).astype(np.int16).tobytes()
    out: list[Rtp] = []
    for i in range(count):
        pcm = click if i % CLICK_EVERY == 0 else bytes(PACKET * 2)
        timestamp = (2**32 - 50 * PACKET + i * PACKET) % 2**32
        out.append(Rtp((start + i) % 2**16, timestamp, encoder.encode(pcm)))
    return out


class Heard:
    def __init__(self) -> None:
        self.counters = PeerCounters()
        self.pcm = bytearray()
        self.receiver = _VoiceReceiver(self.counters, self.pcm.extend)

    def take(self, stream: list[Rtp]) -> Heard:
        for packet in stream:
            assert self.receiver.add(packet) == (False, None)
        return self

    @property
    def sound(self) -> np.ndarray:
        return np.frombuffer(bytes(self.pcm), np.int16).astype(np.int32)

    def clicks(self) -> list[int]:
        """Packets at which a click begins."""
        levels = np.abs(self.sound.reshape(-1, PACKET)).max(axis=1)
        loud = np.flatnonzero(levels > 6000)
        return loud[np.flatnonzero(np.diff(loud, prepend=-100) > CLICK_EVERY // 2)].tolist()


def test_a_whole_stream_is_decoded_in_its_length() -> None:
    heard = Heard().take(packets(250))
    assert len(heard.sound) == 250 * PACKET
    assert heard.clicks() == list(range(0, 250, CLICK_EVERY))
    assert (heard.counters.packets, heard.counters.lost, heard.counters.concealed_s) == (250, 0, 0)


@pytest.mark.parametrize("loss", [0.02, 0.05, 0.2])
def test_lost_packets_leave_holes_of_their_length(loss: float) -> None:
    chance = random.Random(3)
    stream = packets(1000)
    kept = [stream[0], *(p for p in stream[1:] if chance.random() >= loss)]
    kept += stream[-HOLD - 1 :] if kept[-1] is not stream[-1] else []
    heard = Heard().take(kept)

    missing = 1000 - len({p.sequence_number for p in kept})
    assert len(heard.sound) == pytest.approx(1000 * PACKET, abs=HOLD * PACKET)
    assert heard.counters.lost == missing
    assert heard.counters.concealed_s == pytest.approx(missing * 0.02)
    came = {p.sequence_number for p in kept}
    expected = [i for i in range(0, 1000, CLICK_EVERY) if (65_500 + i) % 2**16 in came]
    # A decoder that lost the packet before may ring a little late: one packet of grace.
    assert [
        c for c in heard.clicks() if c - c % CLICK_EVERY in expected and c % CLICK_EVERY <= 1
    ] == heard.clicks()
    assert len(heard.clicks()) >= 0.9 * len(expected)


def test_a_pause_of_the_sender_is_silence_of_its_length() -> None:
    stream = packets(200)
    later = [Rtp(p.sequence_number, (p.timestamp + RATE) % 2**32, p.payload) for p in stream[100:]]
    heard = Heard().take([*stream[:100], *later])
    assert len(heard.sound) == 250 * PACKET
    assert heard.clicks() == [0, 25, 50, 75, 150, 175, 200, 225]
    assert heard.counters.lost == 0


@pytest.mark.parametrize("jump_s", [MAX_GAP_S + 1, -10.0])
def test_after_a_long_pause_or_a_step_back_the_stream_just_goes_on(jump_s: float) -> None:
    stream = packets(200)
    later = [
        Rtp(p.sequence_number, int(p.timestamp + jump_s * RATE) % 2**32, p.payload) for p in stream[100:]
    ]
    heard = Heard().take([*stream[:100], *later])
    assert len(heard.sound) == 200 * PACKET


def test_another_source_is_followed_from_its_first_packet() -> None:
    first, second = packets(50), packets(50, start=7)
    heard = Heard().take(first).take([Rtp(p.sequence_number, p.timestamp + 77, p.payload, 2) for p in second])
    assert len(heard.sound) == 100 * PACKET


def test_what_is_no_opus_is_counted_and_passed_over() -> None:
    stream = packets(100)
    for i in (10, 11, 40):
        stream[i] = Rtp(stream[i].sequence_number, stream[i].timestamp, b"\xff" * 7)
    stream[60] = Rtp(stream[60].sequence_number, stream[60].timestamp, b"")
    heard = Heard().take(stream)
    assert heard.counters.undecodable == 3
    assert len(heard.sound) == 100 * PACKET
    assert heard.clicks() == [0, 25, 50, 75]
