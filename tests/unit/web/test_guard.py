"""The doorkeeper: origins, sizes, types, times and rates."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from vivavoce.settings import WebSettings
from vivavoce.web.guard import Allowance, same_origin

if TYPE_CHECKING:
    from unit.web.conftest import House, MakeHouse
    from vivavoce.web.app import Rates

INVITATION = "inv_0123456789abcdefghij"
CONSENT = f"/api/v1/invitations/{INVITATION}/consent"
YES = {"language": "en", "consent_version": "2026-01", "accepted": True}


def _error(response: httpx.Response) -> str:
    return response.json()["error"]["code"]


class TestOrigin:
    @pytest.mark.parametrize(
        ("origin", "host", "public_url", "allowed"),
        [
            (None, "a.test", None, True),
            (None, "a.test", "https://b.test", True),
            ("http://a.test", "a.test", None, True),
            ("http://a.test:80", "a.test", None, True),
            ("https://a.test", "a.test", None, True),
            ("http://A.test", "a.TEST", None, True),
            ("http://[::1]:8080", "[::1]:8080", None, True),
            ("http://a.test:8080", "a.test", None, False),
            ("http://a.test", "a.test:8080", None, False),
            ("https://a.test", "a.test", "https://a.test", True),
            ("https://a.test", "inner:8080", "https://a.test", True),
            ("https://a.test:443", "inner", "https://a.test", True),
            ("http://a.test", "a.test", "https://a.test", False),
            ("http://inner:8080", "inner:8080", "https://a.test", False),
            ("null", "a.test", None, False),
            ("", "", None, False),
            ("http://", "", None, False),
            ("http://a.test/path", "a.test", None, False),
            ("http://a.test:99999", "a.test:99999", None, False),
            ("http://[bad", "[bad", None, False),
            ("file://a.test", "a.test", None, False),
            ("http://a.test.evil.test", "a.test", None, False),
            ("http://a.test@evil.test", "a.test", None, False),
        ],
    )
    def test_only_pages_of_this_site(
        self, origin: str | None, host: str, public_url: str | None, allowed: bool
    ) -> None:
        assert same_origin(origin, host=host, public_url=public_url) is allowed

    async def test_a_call_from_elsewhere_changes_nothing(self, make_house: MakeHouse) -> None:
        house = make_house(settings=WebSettings(public_url="https://interviews.example"))
        refused = await house.client.post(CONSENT, json=YES, headers={"Origin": "https://evil.test"})
        assert (refused.status_code, _error(refused)) == (403, "origin_refused")
        assert await house.sessions.list() == []
        right = await house.client.post(CONSENT, json=YES, headers={"Origin": "https://interviews.example"})
        assert right.status_code == 201
        assert "access-control-allow-origin" not in right.headers


class TestBodies:
    @pytest.mark.parametrize(
        ("path", "limit"),
        [(CONSENT, 16 * 1024), ("/api/v1/sessions/s-1/webrtc", 64 * 1024)],
        ids=["json", "sdp"],
    )
    async def test_the_largest_passes_and_one_byte_more_does_not(
        self, house: House, path: str, limit: int
    ) -> None:
        for size, refused in ((limit, False), (limit + 1, True)):
            body = b'{"a": "' + b"x" * (size - 9) + b'"}'
            response = await house.client.post(
                path, content=body, headers={"Content-Type": "application/json"}
            )
            assert (response.status_code == 413) is refused
            assert (_error(response) == "body_too_large") is refused

    async def test_a_body_of_unknown_length_is_counted_as_it_comes(self, house: House) -> None:
        sent = 0

        async def endless() -> AsyncIterator[bytes]:
            nonlocal sent
            while True:
                sent += 1024
                yield b"x" * 1024

        response = await house.client.post(
            CONSENT, content=endless(), headers={"Content-Type": "application/json"}
        )
        assert response.status_code == 413
        assert sent <= 18 * 1024

    async def test_a_length_that_lies_is_not_believed(self, house: House) -> None:
        for length in ("99999999999999999999", "-5", "1e3", "²"):
            response = await _raw(
                house, {"content-length": length, "content-type": "application/json"}, b"{}"
            )
            assert response[0] in (413, 422)

    @pytest.mark.parametrize(
        "headers",
        [
            {"Content-Type": "text/plain"},
            {"Content-Type": "application/x-www-form-urlencoded"},
            {"Content-Type": "multipart/form-data; boundary=x"},
            {"Content-Type": "application/json-patch+json"},
            {"Content-Type": ""},
            {"Content-Type": "application/json", "Content-Encoding": "gzip"},
        ],
    )
    async def test_only_plain_json_is_taken(self, house: House, headers: dict[str, str]) -> None:
        response = await house.client.post(CONSENT, content=json.dumps(YES), headers=headers)
        assert (response.status_code, _error(response)) == (415, "content_type_unknown")
        assert await house.sessions.list() == []

    async def test_json_with_a_charset_is_json(self, house: House) -> None:
        headers = {"Content-Type": "Application/JSON; charset=utf-8"}
        assert (await house.client.post(CONSENT, content=json.dumps(YES), headers=headers)).status_code == 201

    @pytest.mark.parametrize(
        "body",
        [
            b"{",
            b"\xff\xfe",
            b"[" * 16_000,
            b'{"language": "\\ud800"}',
            b"NaN",
            b"1" * 16_000,
            b"\0",
            b'{"a":1}x',
        ],
    )
    async def test_broken_json_is_refused_and_not_quoted(self, house: House, body: bytes) -> None:
        response = await house.client.post(
            CONSENT, content=body, headers={"Content-Type": "application/json"}
        )
        assert (response.status_code, _error(response)) == (422, "request_invalid")
        assert len(response.content) < 1000
        assert await house.sessions.list() == []

    async def test_a_body_that_does_not_come_is_not_waited_for(self, make_house: MakeHouse) -> None:
        house = make_house(allowance=Allowance(body_timeout_s=0.01))

        async def never() -> AsyncIterator[bytes]:
            yield b"{"
            await asyncio.Event().wait()

        response = await house.client.post(
            CONSENT, content=never(), headers={"Content-Type": "application/json"}
        )
        assert (response.status_code, _error(response)) == (408, "body_too_slow")

    async def test_a_client_that_goes_half_way_changes_nothing(self, house: House) -> None:
        status, _ = await _raw(
            house, {"content-type": "application/json"}, json.dumps(YES).encode(), whole=False
        )
        assert status is None
        assert await house.sessions.list() == []


class TestTimesAndRates:
    async def test_an_answer_that_does_not_come_is_not_waited_for(self, make_house: MakeHouse) -> None:
        house = make_house(allowance=Allowance(answer_timeout_s=0.01))

        async def find(_token: str) -> None:
            await asyncio.Event().wait()

        house.invitations.find = find
        response = await house.client.get(f"/api/v1/invitations/{INVITATION}")
        assert (response.status_code, _error(response)) == (503, "timed_out")
        assert int(response.headers["retry-after"]) >= 1

    async def test_calls_of_one_address_are_limited_and_pages_are_not(
        self, make_house: MakeHouse, strict: Rates
    ) -> None:
        house = make_house(rates=strict)
        url = f"/api/v1/invitations/{INVITATION}"
        assert [(await house.client.get(url)).status_code for _ in range(4)] == [200, 200, 200, 429]
        assert (await house.client.get("/healthz")).status_code == 200
        other = httpx.ASGITransport(house.app, client=("192.0.2.2", 1))
        async with httpx.AsyncClient(transport=other, base_url="http://interviews.test") as neighbour:
            assert (await neighbour.get(url)).status_code == 200
        house.clock.advance(10)
        assert (await house.client.get(url)).status_code == 200


class TestPaths:
    @pytest.mark.parametrize(
        ("method", "path", "status"),
        [
            ("GET", "/api/v1/nothing", 404),
            ("GET", "/api/v1/invitations", 404),
            ("GET", "/api/v1/invitations/", 404),
            ("GET", "/api/v1/sessions//webrtc", 404),
            ("GET", "/api/v1/../../etc/passwd", 404),
            ("GET", "/api/v1/%2e%2e/%2e%2e/etc/passwd", 404),
            ("GET", "/docs", 404),
            ("DELETE", f"/api/v1/invitations/{INVITATION}", 405),
            ("GET", CONSENT, 405),
            ("PUT", CONSENT, 405),
            ("OPTIONS", CONSENT, 405),
            ("TRACE", CONSENT, 405),
            ("POST", "/healthz", 405),
            ("POST", "/i/x", 405),
        ],
    )
    async def test_what_is_not_there_answers_in_our_shape(
        self, house: House, method: str, path: str, status: int
    ) -> None:
        response = await house.client.request(method, path)
        assert response.status_code == status
        assert _error(response) == {404: "not_found", 405: "method_not_allowed"}[status]
        assert response.headers["x-content-type-options"] == "nosniff"


async def _raw(house: House, headers: dict[str, str], body: bytes, *, whole: bool = True) -> tuple[Any, Any]:
    """Call the application as a server would, past httpx, which corrects what it sends."""
    sent: list[Any] = []
    messages = [{"type": "http.request", "body": body, "more_body": not whole}, {"type": "http.disconnect"}]

    async def receive() -> Any:
        return messages.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http", "method": "POST", "path": CONSENT, "raw_path": CONSENT.encode(), "query_string": b"",
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers.items()],
        "client": ("192.0.2.1", 1), "server": ("interviews.test", 80), "scheme": "http", "http_version": "1.1",
        "root_path": "",
    }  # fmt: skip
    await house.app(scope, receive, send)
    return (sent[0]["status"], sent[1]["body"]) if sent else (None, None)
