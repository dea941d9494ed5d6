"""Sound over a WebSocket: who gets through to the host, and how everybody else is told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from starlette.testclient import TestClient, WebSocketDenialResponse, WebSocketTestSession
from starlette.types import Message
from starlette.websockets import WebSocket, WebSocketDisconnect

from vivavoce.errors import VivavoceError
from vivavoce.session.errors import AlreadyConnected, BadFrame, HostFull, LeaseLost, SessionOver
from vivavoce.session.events import SessionEnded, SessionScheduled
from vivavoce.session.status import Reason, SessionStatus
from vivavoce.web.audio import MAX_BINARY_BYTES, MAX_TEXT_BYTES, FramedSocket

if TYPE_CHECKING:
    from unit.web.conftest import House, MakeHouse
    from vivavoce.web.app import Rates
    from vivavoce.web.gateway import AudioSocket

Connect = Callable[..., WebSocketTestSession]


@pytest.fixture
def browser(house: House) -> Iterator[TestClient]:
    with TestClient(house.app, base_url="http://interviews.test") as client:
        yield client


@pytest.fixture
def session_id(house: House) -> str:
    return asyncio.run(house.session())


@pytest.fixture
def connect(house: House, browser: TestClient, session_id: str) -> Connect:
    def open_socket(
        query: str = "?rate=16000&take_over=0",
        *,
        subprotocols: list[str] | None = None,
        headers: dict[str, str] | None = None,
    ) -> WebSocketTestSession:
        offered = (
            ["vivavoce.v1", f"bearer.{house.token(session_id)}"] if subprotocols is None else subprotocols
        )
        url = f"/api/v1/sessions/{session_id}/audio{query}"
        return browser.websocket_connect(url, subprotocols=offered, headers=headers or {})

    return open_socket


def _closed(socket: WebSocketTestSession) -> tuple[int, str]:
    with pytest.raises(WebSocketDisconnect) as caught:
        socket.receive_bytes()
    return caught.value.code, caught.value.reason


class TestConnecting:
    def test_frames_go_both_ways_until_the_page_closes(
        self, house: House, connect: Connect, session_id: str
    ) -> None:
        heard: list[bytes | str | None] = []

        async def talk(socket: AudioSocket) -> None:
            await socket.send_text('{"type":"hello"}')
            while (frame := await socket.receive()) is not None:
                heard.append(frame)
                await socket.send_bytes(b"\x01\x02")
            heard.append(None)
            await socket.send_bytes(b"to nobody")
            heard.append(await socket.receive())

        house.gateway.talk = talk
        with connect("?rate=44100&take_over=1", headers={"User-Agent": "Firefox"}) as socket:
            assert socket.accepted_subprotocol == "vivavoce.v1"
            assert socket.receive_text() == '{"type":"hello"}'
            socket.send_bytes(b"\x00\x00")
            assert socket.receive_bytes() == b"\x01\x02"
            socket.send_text('{"type":"mute","muted":true}')
            assert socket.receive_bytes() == b"\x01\x02"
        assert heard == [b"\x00\x00", '{"type":"mute","muted":true}', None, None]
        assert house.gateway.calls == [
            ("websocket", session_id, {"rate": 44100, "take_over": True, "user_agent": "Firefox"})
        ]

    def test_rate_and_take_over_have_defaults(self, house: House, connect: Connect) -> None:
        with connect("") as socket:
            assert _closed(socket) == (1000, "")
        assert house.gateway.calls[0][2] == {"rate": 16000, "take_over": False, "user_agent": "testclient"}

    def test_the_host_may_close_with_its_own_code(self, house: House, connect: Connect) -> None:
        async def talk(socket: AudioSocket) -> None:
            await socket.close(4409, "replaced — " + "ä" * 200)
            await socket.close(1000, "again")

        house.gateway.talk = talk
        with connect() as socket:
            code, reason = _closed(socket)
        assert code == 4409
        assert reason.startswith("replaced — ä") and len(reason.encode()) <= 123


class TestRefusing:
    @pytest.mark.parametrize(
        "subprotocols",
        [
            ["vivavoce.v1"],
            ["vivavoce.v1", "bearer."],
            ["vivavoce.v1", "bearer.vv1.a.b"],
            ["vivavoce.v1", "bearer.garbage"],
            ["bearer.garbage"],
            [],
        ],
    )
    def test_without_a_good_token(self, house: House, connect: Connect, subprotocols: list[str]) -> None:
        with connect(subprotocols=subprotocols) as socket:
            assert _closed(socket)[0] == 4401
        assert house.gateway.calls == []

    def test_with_the_token_of_another_session_or_an_old_one(
        self, house: House, connect: Connect, session_id: str
    ) -> None:
        for token in (house.token("s-other"), house.token(session_id, lifetime_s=0)):
            with connect(subprotocols=["vivavoce.v1", f"bearer.{token}"]) as socket:
                code, reason = _closed(socket)
            assert code == 4401
            assert token not in reason
        assert house.gateway.calls == []

    @pytest.mark.parametrize(
        "query",
        ["?rate=", "?rate=abc", "?rate=7999", "?rate=48001", "?rate=-16000", "?rate=16000.0", "?rate=99999999999",
         "?rate=%D9%A1%D9%A6%D9%A0%D9%A0%D9%A0", "?take_over=yes", "?take_over=2"],
    )  # fmt: skip
    def test_a_query_that_makes_no_sense(self, house: House, connect: Connect, query: str) -> None:
        with connect(query) as socket:
            assert _closed(socket)[0] == 4400
        assert house.gateway.calls == []

    def test_a_page_that_does_not_speak_our_protocol(
        self, house: House, connect: Connect, session_id: str
    ) -> None:
        with connect(subprotocols=[f"bearer.{house.token(session_id)}"]) as socket:
            assert _closed(socket)[0] == 4400
        assert house.gateway.calls == []

    def test_before_consent(self, house: House, browser: TestClient) -> None:
        scheduled = SessionScheduled(
            study_id="tea", study_hash="h", study_title="Tea", language="en", participant_id="P-1"
        )
        asyncio.run(house.sessions.create("s-9", scheduled, at=house.clock.now()))
        protocols = ["vivavoce.v1", f"bearer.{house.token('s-9')}"]
        with browser.websocket_connect("/api/v1/sessions/s-9/audio", subprotocols=protocols) as socket:
            assert _closed(socket)[0] == 4403
        assert house.gateway.calls == []

    def test_a_session_that_is_over_or_gone(
        self, house: House, browser: TestClient, connect: Connect, session_id: str
    ) -> None:
        async def end() -> None:
            lease = await house.sessions.claim(session_id, holder="test", ttl_s=5)
            ended = SessionEnded(status=SessionStatus.COMPLETED, reason=Reason.FINISHED, at_s=0)
            await house.sessions.append(lease, [ended], at=house.clock.now())

        asyncio.run(end())
        with connect() as socket:
            assert _closed(socket)[0] == 4410
        protocols = ["vivavoce.v1", f"bearer.{house.token('s-77')}"]
        with browser.websocket_connect("/api/v1/sessions/s-77/audio", subprotocols=protocols) as socket:
            assert _closed(socket)[0] == 4404
        assert house.gateway.calls == []

    @pytest.mark.parametrize(
        ("refusal", "code"),
        [
            (AlreadyConnected("s"), 4409),
            (SessionOver("s"), 4410),
            (LeaseLost("s", holder="host-7"), 1013),
            (BadFrame("Odd number of bytes."), 4400),
            (VivavoceError("hunter2", next_step="hunter2"), 1011),
        ],
    )
    def test_by_the_host(self, house: House, connect: Connect, refusal: VivavoceError, code: int) -> None:
        house.gateway.refusal = refusal
        with connect() as socket:
            found, reason = _closed(socket)
        assert found == code
        assert "hunter2" not in reason and "host-7" not in reason

    def test_a_full_host_tells_the_place_in_its_queue_first(self, house: House, connect: Connect) -> None:
        house.gateway.refusal = HostFull(4.5, place=3)
        with connect() as socket:
            assert socket.receive_json() == {"type": "queued", "place": 3, "retry_after_s": 5}
            assert _closed(socket)[0] == 1013

    def test_a_fault_of_ours_closes_the_socket_too(self, house: House, connect: Connect) -> None:
        house.gateway.refusal = RuntimeError("hunter2")
        with pytest.raises(RuntimeError, match="hunter2"), connect() as socket:
            assert _closed(socket) == (1011, "The server failed.")

    @pytest.mark.parametrize(
        "origin", ["https://evil.test", "http://testserver.evil.test", "null", "http://"]
    )
    def test_pages_of_another_site(self, house: House, connect: Connect, origin: str) -> None:
        with pytest.raises(WebSocketDenialResponse) as caught, connect(headers={"Origin": origin}):
            pass
        assert caught.value.status_code == 403
        assert caught.value.json()["error"]["code"] == "origin_refused"
        assert house.gateway.calls == []

    def test_too_many(self, make_house: MakeHouse, strict: Rates) -> None:
        house = make_house(rates=strict)
        client = TestClient(house.app, base_url="http://interviews.test")
        for _ in range(3):
            with client.websocket_connect("/api/v1/sessions/s/audio") as socket:
                assert _closed(socket)[0] == 4401
        with (
            pytest.raises(WebSocketDenialResponse) as caught,
            client.websocket_connect("/api/v1/sessions/s/audio"),
        ):
            pass
        assert (caught.value.status_code, caught.value.headers["retry-after"]) == (429, "10")


class TestFrames:
    @pytest.mark.parametrize(
        "frame",
        [b"\0" * (MAX_BINARY_BYTES + 1), "a" * (MAX_TEXT_BYTES + 1), "ä" * (MAX_TEXT_BYTES // 2 + 1)],
        ids=["binary", "text", "text by its bytes"],
    )
    def test_oversize_closes_and_never_reaches_the_host(
        self, house: House, connect: Connect, frame: bytes | str
    ) -> None:
        heard: list[bytes | str | None] = []

        async def talk(socket: AudioSocket) -> None:
            heard.append(await socket.receive())
            heard.append(await socket.receive())

        house.gateway.talk = talk
        with connect() as socket:
            if isinstance(frame, bytes):
                socket.send_bytes(frame)
            else:
                socket.send_text(frame)
            assert _closed(socket)[0] == 1009
        assert heard == [None, None]

    def test_the_largest_frame_passes(self, house: House, connect: Connect) -> None:
        sizes: list[int] = []

        async def talk(socket: AudioSocket) -> None:
            for _ in range(3):
                frame = await socket.receive()
                assert frame is not None
                sizes.append(len(frame))

        house.gateway.talk = talk
        with connect() as socket:
            socket.send_bytes(b"\0" * MAX_BINARY_BYTES)
            socket.send_text("a" * MAX_TEXT_BYTES)
            socket.send_bytes(b"")
            assert _closed(socket)[0] == 1000
        assert sizes == [MAX_BINARY_BYTES, MAX_TEXT_BYTES, 0]

    async def test_a_page_that_takes_nothing_is_let_go(self) -> None:
        async def receive() -> Message:
            return {"type": "websocket.connect"}

        async def send(message: Message) -> None:
            if message["type"] == "websocket.send":
                await asyncio.Event().wait()

        socket = await _accepted(receive, send, send_timeout_s=0.01)
        await socket.send_bytes(b"sound")
        assert await socket.receive() is None
        await socket.send_text("more")
        await socket.close(1000, "")

    async def test_a_page_that_goes_while_we_speak_is_no_error(self) -> None:
        async def receive() -> Message:
            return (
                {"type": "websocket.connect"}
                if not accepted
                else {"type": "websocket.disconnect", "code": 1006}
            )

        async def send(message: Message) -> None:
            if message["type"] == "websocket.send":
                raise OSError("gone")
            accepted.append(message)

        accepted: list[Message] = []
        socket = await _accepted(receive, send)
        await socket.send_bytes(b"sound")
        await socket.send_bytes(b"more")
        with pytest.raises(ConnectionError):
            await socket.receive()
        assert [message["type"] for message in accepted] == ["websocket.accept"]


async def _accepted(receive: Any, send: Any, *, send_timeout_s: float = 5.0) -> FramedSocket:
    websocket = WebSocket({"type": "websocket", "headers": [], "path": "/"}, receive, send)
    await websocket.accept()
    return FramedSocket(websocket, send_timeout_s=send_timeout_s)
