"""Stopping: open lines are told, requests under way finish, and nothing hangs."""

from __future__ import annotations

import asyncio
import socket

import httpx
import pytest
import websockets
from fastapi import FastAPI, WebSocket
from websockets.exceptions import ConnectionClosed

from vivavoce.web.server import serving


def _app(begun: asyncio.Event, go_on: asyncio.Event) -> FastAPI:
    app = FastAPI()

    @app.get("/slow")
    async def slow() -> str:  # pyright: ignore[reportUnusedFunction]
        begun.set()
        await go_on.wait()
        return "done"

    @app.websocket("/line")
    async def line(websocket: WebSocket) -> None:  # pyright: ignore[reportUnusedFunction]
        await websocket.accept()
        begun.set()
        while (await websocket.receive())["type"] != "websocket.disconnect":
            pass

    return app


async def test_an_open_line_is_closed_with_service_restart() -> None:
    begun = asyncio.Event()
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port = sock.getsockname()[1]
        async with serving(_app(begun, asyncio.Event()), sock, graceful_s=1):
            page = await websockets.connect(f"ws://127.0.0.1:{port}/line")
            await begun.wait()
        with pytest.raises(ConnectionClosed):
            await asyncio.wait_for(page.recv(), 5)
    assert page.close_code == 1012


async def test_a_request_under_way_finishes() -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()
    with socket.create_server(("127.0.0.1", 0)) as sock:
        url = f"http://127.0.0.1:{sock.getsockname()[1]}/slow"
        async with httpx.AsyncClient() as client:
            async with serving(_app(begun, go_on), sock, graceful_s=5):
                answer = asyncio.create_task(client.get(url))
                await begun.wait()
                asyncio.get_running_loop().call_later(0.3, go_on.set)
            assert (await answer).json() == "done"


async def test_what_never_finishes_is_cut_off() -> None:
    begun = asyncio.Event()
    with socket.create_server(("127.0.0.1", 0)) as sock:
        url = f"http://127.0.0.1:{sock.getsockname()[1]}/slow"
        async with httpx.AsyncClient() as client:
            async with serving(_app(begun, asyncio.Event()), sock, graceful_s=1):
                answer = asyncio.create_task(client.get(url))
                await begun.wait()
            outcome = (await asyncio.gather(answer, return_exceptions=True))[0]
    assert isinstance(outcome, httpx.TransportError) or outcome.status_code == 500  # pyright: ignore[reportAttributeAccessIssue]
