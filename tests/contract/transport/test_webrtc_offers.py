"""What may come as a WebRTC offer, and must not do harm."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiortc import RTCPeerConnection
from hypothesis import given, settings
from hypothesis import strategies as st

from vivavoce.session.errors import BadFrame
from vivavoce.transport.desk import Desk
from vivavoce.transport.line import EndReason
from vivavoce.transport.peer import MAX_SDP_BYTES, Peer
from vivavoce.transport.webrtc import WebRtcLine


def peer() -> Peer:
    return Peer(lambda samples: (bytes(samples * 2), False), lambda pcm: None, lambda text: None)


async def good_offer() -> str:
    page = peer()
    try:
        return await page.offer()
    finally:
        await page.close()


@pytest.fixture
async def offer() -> AsyncIterator[str]:
    yield await good_offer()


async def offer_of(*kinds: str) -> str:
    connection = RTCPeerConnection()
    for kind in kinds:
        if kind == "data":
            connection.createDataChannel("vivavoce")
        else:
            connection.addTransceiver(kind)
    sdp = (await connection.createOffer()).sdp
    await connection.close()
    return sdp


async def answered(sdp: str) -> str:
    """Answer and close; the answer, or the error."""
    line, answer = await WebRtcLine.answer(sdp)
    line.close(EndReason.CLOSED)
    await line.run(Desk(), lambda message: None)
    return answer


async def test_a_good_offer_is_answered_with_opus_and_candidates(offer: str) -> None:
    answer = await answered(offer)
    assert "opus/48000/2" in answer
    assert "PCMU" not in answer
    assert "a=candidate:" in answer
    assert "a=sendrecv" in answer


@pytest.mark.parametrize(
    "kinds",
    [
        ("data",),
        ("audio",),
        ("video",),
        ("audio", "video", "data"),
        ("audio", "audio", "data"),
        ("video", "data"),
    ],
    ids="+".join,
)
async def test_an_offer_of_something_else_is_a_bad_frame(kinds: tuple[str, ...]) -> None:
    with pytest.raises(BadFrame, match="one audio section and one data channel"):
        await answered(await offer_of(*kinds))


async def test_an_offer_without_opus_is_a_bad_frame(offer: str) -> None:
    with pytest.raises(BadFrame, match="Opus"):
        await answered(offer.replace("opus/48000/2", "speex/16000"))


async def test_an_offer_of_two_transports_is_a_bad_frame(offer: str) -> None:
    for broken in (
        offer.replace("a=group:BUNDLE 0 1", "a=group:BUNDLE 0"),
        offer.replace("BUNDLE 0 1", "BUNDLE 7 1"),
    ):
        assert broken != offer
        with pytest.raises(BadFrame, match="bundle"):
            await answered(broken)


@pytest.mark.parametrize(
    "sdp", ["", "v=0", "hello", "\x00\xff", "v=0\r\n" * 2000, "m=audio\r\nm=application\r\n", "é" * 100]
)
async def test_what_is_no_session_description_is_a_bad_frame(sdp: str) -> None:
    with pytest.raises(BadFrame):
        await answered(sdp)


async def test_a_huge_offer_is_not_even_read(offer: str) -> None:
    with pytest.raises(BadFrame, match=str(MAX_SDP_BYTES)):
        await answered(offer + "a=x\r\n" * MAX_SDP_BYTES)


async def test_hidden_addresses_are_not_looked_up(offer: str) -> None:
    """A browser without microphone permission offers mDNS names only; answering them must not take a look-up."""
    lines = [line for line in offer.splitlines() if not line.startswith("a=candidate")]
    at = next(i for i, line in enumerate(lines) if line.startswith("a=ice-ufrag"))
    name = "a=candidate:1 1 udp 2113937151 9b36eaac-bb2e-49bb-bb78-21c41c499900.local 50000 typ host"
    async with asyncio.timeout(2):
        assert "a=candidate:" in await answered("\r\n".join([*lines[:at], name, *lines[at:]]) + "\r\n")


async def test_a_page_that_never_connects_is_lost(offer: str) -> None:
    line, _ = await WebRtcLine.answer(offer, connect_timeout_s=0.3)
    desk = Desk()
    end = await asyncio.wait_for(line.run(desk, lambda message: None), 10)
    assert end.reason is EndReason.LOST
    assert "within 0.3 s" in end.detail
    assert desk.line is None


OFFER = asyncio.run(good_offer())
"""One for all examples: what is drawn must not depend on how many addresses the machine has at the time."""


@given(data=st.data())
@settings(deadline=None, max_examples=40)
def test_a_mangled_offer_is_answered_or_refused_and_leaves_nothing_behind(data: st.DataObject) -> None:
    async def play() -> None:
        lines = OFFER.splitlines()
        for _ in range(data.draw(st.integers(1, 5))):
            at = data.draw(st.integers(0, len(lines) - 1))
            match data.draw(st.sampled_from(["drop", "twice", "cut", "replace", "insert"])):
                case "drop" if len(lines) > 1:
                    del lines[at]
                case "twice":
                    lines.insert(at, lines[at])
                case "cut":
                    lines[at] = lines[at][: data.draw(st.integers(0, len(lines[at])))]
                case "replace":
                    lines[at] = lines[at].replace(
                        *data.draw(st.sampled_from([("0", "-1"), (":", ""), (" ", "  ")]))
                    )
                case _:
                    lines.insert(at, data.draw(st.text(max_size=20)))
        try:
            await answered("\r\n".join(lines) + "\r\n")
        except BadFrame as error:
            assert error.next_step
        await asyncio.sleep(0)
        left = [t for t in asyncio.all_tasks() if t is not asyncio.current_task()]
        if left:
            await asyncio.wait(left, timeout=2)
        assert all(t.done() for t in left)

    asyncio.run(play())


async def test_refused_offers_leave_no_sockets(offer: str) -> None:
    def sockets() -> int:
        gc.collect()
        return sum(1 for _ in Path("/proc/self/fd").iterdir())

    async def refuse() -> None:
        for sdp in (
            offer.replace("opus/48000/2", "speex/16000"),
            offer.replace("a=fingerprint", "a=footprint"),
            "v=0",
        ):
            try:
                await answered(sdp)
            except BadFrame:
                pass

    await refuse()
    before = sockets()
    for _ in range(10):
        await refuse()
    await asyncio.sleep(0.1)
    assert sockets() == before
