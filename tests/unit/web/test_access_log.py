"""The access log tells what happened and opens no door."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect
from structlog.testing import capture_logs

if TYPE_CHECKING:
    from unit.web.conftest import House

INVITATION = "inv_0123456789abcdefghij"


def _requests(entries: list[Any]) -> list[Any]:
    return [entry for entry in entries if entry["event"] in ("request", "websocket closed")]


@pytest.mark.parametrize(
    "path",
    [
        f"/i/{INVITATION}",
        f"/I/{INVITATION}",
        f"/{INVITATION}",
        f"/i/{INVITATION}/more",
        f"/api/v1/invitations/{INVITATION}",
        f"/api/v1/invitations/{INVITATION}/nothing",
        f"/assets/{INVITATION}",
        f"/?i={INVITATION}",
    ],
)
async def test_no_invitation_and_no_address_is_logged(house: House, path: str) -> None:
    with capture_logs() as entries:
        response = await house.client.get(path, headers={"Authorization": "Bearer hunter2"})
    (entry,) = _requests(entries)
    assert entry["status"] == response.status_code
    assert entry["method"] == "GET"
    assert not [word for word in (INVITATION, "192.0.2.1", "hunter2") if word in str(entries)]


async def test_the_route_the_session_and_the_time_are(house: House) -> None:
    session_id = await house.session()
    with capture_logs() as entries:
        await house.client.get(f"/api/v1/sessions/{session_id}", headers=house.bearer(session_id))
        await house.client.get("/nowhere")
        await house.client.get(f"/i/{INVITATION}")
    first, second, third = _requests(entries)
    assert first["route"].endswith("/sessions/{session_id}")
    assert (first["session_id"], first["seconds"], first["log_level"]) == (session_id, 0.0, "info")
    assert (second["route"], second["status"]) == ("-", 404)
    assert third["route"] == "/i/{invitation}"


async def test_routine_questions_are_for_debugging(house: House) -> None:
    with capture_logs() as entries:
        await house.client.get("/healthz")
    assert [entry["log_level"] for entry in _requests(entries)] == ["debug"]


async def test_a_fault_of_ours_is_logged_as_one(house: House) -> None:
    session_id = await house.session()
    house.gateway.refusal = RuntimeError("broken")
    with capture_logs() as entries:
        await house.client.post(f"/api/v1/sessions/{session_id}/leave", headers=house.bearer(session_id))
    assert [entry["status"] for entry in _requests(entries)] == [500]


def test_a_socket_is_logged_when_it_closes(house: House) -> None:
    with capture_logs() as entries, TestClient(house.app) as client:
        with client.websocket_connect("/api/v1/sessions/s-1/audio?rate=16000") as socket:
            socket.receive()
        with pytest.raises(WebSocketDisconnect), client.websocket_connect("/api/v1/nothing"):
            pass
    first, second = _requests(entries)
    assert (first["method"], first["status"], first["close_code"]) == ("WS", 101, 4401)
    assert "rate" not in str(first)
    assert (second["route"], second["close_code"]) == ("-", 1000)
