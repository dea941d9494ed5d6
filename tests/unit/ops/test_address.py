"""The address that a server of ours listens on."""

from __future__ import annotations

import asyncio
import socket

from vivavoce.ops.address import bind


async def test_connections_send_small_writes_at_once() -> None:
    """Without TCP_NODELAY the second of two small writes waits 40 ms for the first one's acknowledgement."""
    connected: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    class Accepted(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            sock = transport.get_extra_info("socket")
            connected.set_result(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))

    sock = bind("127.0.0.1", 0, next_step="")
    server = await asyncio.get_running_loop().create_server(Accepted, sock=sock)
    _, writer = await asyncio.open_connection(*sock.getsockname())
    try:
        assert await connected == 1
    finally:
        writer.close()
        server.close()
