"""What a participant made of code is told by a host that does not take the call."""

from __future__ import annotations

import json

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.typing import Subprotocol

from vivavoce.transport.client import CallRefused, WebSocketParticipant


async def test_a_full_host_refuses_after_it_has_told_the_place_in_the_queue() -> None:
    async def full(socket: ServerConnection) -> None:
        await socket.send(json.dumps({"type": "queued", "place": 2, "retry_after_s": 5}))
        await socket.close(1013, "All places are taken.")

    async with serve(full, "127.0.0.1", 0, subprotocols=[Subprotocol("vivavoce.v1")]) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        caller = WebSocketParticipant(f"http://127.0.0.1:{port}/api/v1", "s1", "token")
        with pytest.raises(CallRefused, match="All places are taken") as refused:
            async with caller:
                pass
    assert refused.value.status == 1013
