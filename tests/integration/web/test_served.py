"""What the outside sees of a real server: sockets, close codes, limits, and a stop that does not hang."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import TYPE_CHECKING

import httpx
import pytest
import websockets
from websockets.exceptions import ConnectionClosed, InvalidStatus

from vivavoce.web.audio import MAX_BINARY_BYTES

if TYPE_CHECKING:
    from integration.web.conftest import Served

V1 = websockets.Subprotocol("vivavoce.v1")


def _protocols(token: str) -> list[websockets.Subprotocol]:
    return [V1, websockets.Subprotocol(f"bearer.{token}")]


async def test_frames_travel_both_ways_and_a_closed_page_ends_the_line(served: Served) -> None:
    async with websockets.connect(served.audio_url, subprotocols=_protocols(served.token)) as page:
        assert page.subprotocol == "vivavoce.v1"
        for frame in (b"\0\1" * 320, '{"type":"ping","n":1}', b"\0" * MAX_BINARY_BYTES):
            await page.send(frame)
            assert await page.recv() == frame
    await asyncio.wait_for(served.gateway.ended.wait(), 5)
    assert served.gateway.frames == 3


async def test_a_page_that_vanishes_ends_the_line(served: Served) -> None:
    page = await websockets.connect(served.audio_url, subprotocols=_protocols(served.token))
    await page.send(b"\0\0")
    await page.recv()
    page.transport.abort()
    await asyncio.wait_for(served.gateway.ended.wait(), 5)


async def test_a_refusal_reaches_the_page_as_a_close_code(served: Served) -> None:
    async with websockets.connect(served.audio_url, subprotocols=_protocols("vv1.garbage.x")) as page:
        with pytest.raises(ConnectionClosed):
            await page.recv()
        assert (page.close_code, page.close_reason) == (
            4401,
            "The session token is not valid for this session.",
        )
    assert served.gateway.frames == 0


@pytest.mark.parametrize("size", [MAX_BINARY_BYTES + 1, 20 * MAX_BINARY_BYTES])
async def test_an_oversize_frame_is_refused_while_it_arrives(served: Served, size: int) -> None:
    async with websockets.connect(served.audio_url, subprotocols=_protocols(served.token)) as page:
        with pytest.raises(ConnectionClosed):
            await page.send(b"\0" * size)
            await page.recv()
        assert page.close_code == 1009
    await asyncio.wait_for(served.gateway.ended.wait(), 5)
    assert served.gateway.frames == 0


async def test_a_message_in_many_small_pieces_is_no_way_around_the_limit(served: Served) -> None:
    async with websockets.connect(served.audio_url, subprotocols=_protocols(served.token)) as page:
        with pytest.raises(ConnectionClosed):
            await page.send(b"\0" * 1024 for _ in range(100))
            await page.recv()
        assert page.close_code == 1009


async def test_garbage_on_an_open_socket_is_a_protocol_error(served: Served) -> None:
    page = await websockets.connect(served.audio_url, subprotocols=_protocols(served.token))
    page.transport.write(b"\xff\xff\xff\xff garbage, not a frame " * 10)
    with pytest.raises(ConnectionClosed):
        await page.recv()
    assert page.close_code == 1002
    await asyncio.wait_for(served.gateway.ended.wait(), 5)


async def test_a_page_of_another_site_is_refused_in_the_handshake(served: Served) -> None:
    with pytest.raises(InvalidStatus) as caught:
        await websockets.connect(
            served.audio_url,
            subprotocols=_protocols(served.token),
            origin=websockets.Origin("https://evil.test"),
        )
    assert caught.value.response.status_code == 403
    assert json.loads(caught.value.response.body or b"")["error"]["code"] == "origin_refused"


async def test_no_compression_is_agreed(served: Served) -> None:
    async with websockets.connect(
        served.audio_url, subprotocols=_protocols(served.token), compression="deflate"
    ) as page:
        assert page.response is not None
        assert "Sec-WebSocket-Extensions" not in page.response.headers


async def test_http_goes_over_the_wire_with_its_headers_and_limits(served: Served) -> None:
    async with httpx.AsyncClient(base_url=served.url) as client:
        health = await client.get("/healthz")
        assert health.text == "ok"
        assert "server" not in health.headers
        headers = {"Authorization": f"Bearer {served.token}"}
        session = await client.get("/api/v1/sessions/s-1", headers=headers)
        assert session.json()["status"] == "SCHEDULED"
        large = await client.post("/api/v1/sessions/s-1/webrtc", headers=headers, json={"sdp": "x" * 70_000})
        assert (large.status_code, large.json()["error"]["code"]) == (413, "body_too_large")
        assert (await client.get("/i/anything")).status_code == 503


@pytest.mark.parametrize(
    "request_text",
    [
        b"GARBAGE\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 300_000,
        b"POST /api/v1/x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"POST /api/v1/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n",
        b"GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n",
        bytes(range(256)) * 4,
    ],
    ids=["not http", "endless header", "two lengths", "bad chunk", "nul", "binary"],
)
async def test_what_is_not_http_is_refused_and_the_server_lives(served: Served, request_text: bytes) -> None:
    reader, writer = await asyncio.open_connection(served.host, served.port)
    writer.write(request_text)
    try:
        answer = await asyncio.wait_for(reader.read(), 5)
    except ConnectionResetError:
        answer = b""
    assert answer == b"" or answer.startswith(b"HTTP/1.1 4")
    assert b"Traceback" not in answer
    writer.close()
    async with httpx.AsyncClient(base_url=served.url) as client:
        assert (await client.get("/healthz")).text == "ok"


async def test_dots_in_a_raw_path_lead_nowhere(served: Served) -> None:
    assets = served.static / "assets"
    assets.mkdir(parents=True)
    (served.static.parent / "secret.key").write_text("hunter2")
    for path in (
        "/assets/../../secret.key",
        "/assets/%2e%2e/%2e%2e/secret.key",
        "/assets/..%2f..%2fsecret.key",
    ):
        reader, writer = await asyncio.open_connection(served.host, served.port)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
        answer = await asyncio.wait_for(reader.read(), 10)
        assert answer.startswith(b"HTTP/1.1 404") and b"hunter2" not in answer
        writer.close()


async def test_the_server_itself_logs_no_path(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        async with httpx.AsyncClient(base_url=served.url) as client:
            await client.get("/i/inv_0123456789abcdefghij")
            await client.get("/api/v1/invitations/inv_0123456789abcdefghij")
    assert "inv_0123456789abcdefghij" not in caplog.text
