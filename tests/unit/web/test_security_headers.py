"""What every answer carries, so that a page can do no more than it needs to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.web.headers import content_security_policy

if TYPE_CHECKING:
    from unit.web.conftest import House


@pytest.mark.parametrize("path", ["/", "/assets/none.js", "/healthz", "/readyz", "/metrics", "/api/v1/nothing",
                                  "/api/v1/openapi.json", "/api/v1/sessions/s-1", "/i/x"])  # fmt: skip
async def test_every_answer_carries_them(house: House, path: str) -> None:
    headers = (await house.client.get(path)).headers
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert (
        "microphone=(self)" in headers["permissions-policy"] and "camera=()" in headers["permissions-policy"]
    )
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert "cache-control" in headers
    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["worker-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["media-src"] == "'self' blob:"
    assert policy["connect-src"] == "'self' ws://interviews.test wss://interviews.test"


async def test_the_doorkeepers_refusals_carry_them_too(house: House) -> None:
    response = await house.client.get("/api/v1/sessions/s-1", headers={"Origin": "https://evil.test"})
    assert response.status_code == 403
    assert "content-security-policy" in response.headers


async def test_a_fault_of_ours_carries_them_too(house: House) -> None:
    session_id = await house.session()
    house.gateway.refusal = RuntimeError("broken")
    response = await house.client.post(
        f"/api/v1/sessions/{session_id}/leave", headers=house.bearer(session_id)
    )
    assert response.status_code == 500
    assert "content-security-policy" in response.headers and response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("host", ["a.test", "a.test:8080", "127.0.0.1:1", "[::1]", "[2001:db8::1]:8080"])
def test_a_host_is_named_for_sockets(host: str) -> None:
    assert f"connect-src 'self' ws://{host} wss://{host};" in content_security_policy(host)


@given(
    st.one_of(
        st.text(), st.sampled_from(["a; script-src *", "a *", "a,b", "*", "a'", "a\r\nX: y", "*.evil.test"])
    )
)
def test_no_host_widens_the_policy(host: str) -> None:
    policy = content_security_policy(host)
    assert policy.count(";") == 10
    assert "*" not in policy and "unsafe" not in policy and "\n" not in policy and "," not in policy
