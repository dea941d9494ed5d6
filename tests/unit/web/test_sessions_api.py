"""A session by its token: nothing without one, nothing to be heard without consent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from vivavoce.errors import VivavoceError
from vivavoce.session.errors import AlreadyConnected, BadFrame, HostFull, LeaseHeld, SessionOver
from vivavoce.session.events import (
    ParticipantJoined,
    PhaseEntered,
    SessionEnded,
    SessionScheduled,
    SessionWaiting,
)
from vivavoce.session.status import Reason, SessionStatus

if TYPE_CHECKING:
    from unit.web.conftest import House

OFFER = {"sdp": "v=0", "type": "offer", "take_over": False}


def _error(response: Any) -> str:
    return response.json()["error"]["code"]


async def _begin(house: House, session_id: str) -> None:
    lease = await house.sessions.claim(session_id, holder="test", ttl_s=5)
    payloads = [
        SessionWaiting(transport="webrtc"),
        ParticipantJoined(transport="webrtc", connection_id="c-1"),
        PhaseEntered(phase_id="only", index=0, count=1, at_s=0, reason="began"),
    ]
    await house.sessions.append(lease, payloads, at=house.clock.now())
    await house.sessions.release(lease)


async def _end(house: House, session_id: str) -> None:
    lease = await house.sessions.claim(session_id, holder="test", ttl_s=5)
    ended = SessionEnded(status=SessionStatus.ABANDONED, reason=Reason.LEFT, at_s=30)
    await house.sessions.append(lease, [ended], at=house.clock.now())
    await house.sessions.release(lease)


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", ""), ("POST", "/webrtc"), ("POST", "/leave")],
    ids=["read", "webrtc", "leave"],
)
class TestAuthorisation:
    async def _call(self, house: House, method: str, path: str, headers: dict[str, str]) -> Any:
        session_id = await house.session()
        body = OFFER if path == "/webrtc" else None
        return await house.client.request(
            method, f"/api/v1/sessions/{session_id}{path}", headers=headers, json=body
        )

    async def test_no_token(self, house: House, method: str, path: str) -> None:
        response = await self._call(house, method, path, {})
        assert (response.status_code, _error(response)) == (401, "token_missing")
        assert response.headers["www-authenticate"] == "Bearer"
        assert house.gateway.calls == []

    @pytest.mark.parametrize(
        "value",
        ["Bearer", "Bearer ", "Bearer garbage", "Bearer vv1.a.b", "Basic dTpw", "vv1.a.b", "Bearer a b c", "Bearer é"],
    )  # fmt: skip
    async def test_a_header_that_is_no_token(self, house: House, method: str, path: str, value: str) -> None:
        response = await self._call(house, method, path, {"Authorization": value.encode("utf-8")})  # pyright: ignore[reportArgumentType]
        assert response.status_code == 401
        assert _error(response) in ("token_missing", "token_invalid")
        assert house.gateway.calls == []

    async def test_the_token_of_another_session(self, house: House, method: str, path: str) -> None:
        response = await self._call(house, method, path, house.bearer("s-other"))
        assert (response.status_code, _error(response)) == (401, "token_invalid")
        assert house.gateway.calls == []

    async def test_an_expired_token(self, house: House, method: str, path: str) -> None:
        session_id = await house.session()
        headers = house.bearer(session_id)
        house.clock.advance(15 * 60)
        response = await self._call(house, method, path, headers)
        assert (response.status_code, _error(response)) == (401, "token_expired")
        assert house.gateway.calls == []

    async def test_a_good_token_of_a_session_that_is_gone(self, house: House, method: str, path: str) -> None:
        body = OFFER if path == "/webrtc" else None
        url = f"/api/v1/sessions/s-77{path}"
        response = await house.client.request(method, url, headers=house.bearer("s-77"), json=body)
        assert (response.status_code, _error(response)) == (404, "session_unknown")


class TestRead:
    async def test_before_the_participant_joined(self, house: House) -> None:
        session_id = await house.session()
        response = await house.client.get(f"/api/v1/sessions/{session_id}", headers=house.bearer(session_id))
        assert response.json() == {
            "id": session_id,
            "status": "SCHEDULED",
            "reason": None,
            "language": "en",
            "progress": {"phase": None, "questions_asked": 0, "elapsed_s": 0.0},
        }

    async def test_under_way_and_over(self, house: House) -> None:
        session_id = await house.session()
        await _begin(house, session_id)
        house.clock.advance(30)
        url, headers = f"/api/v1/sessions/{session_id}", house.bearer(session_id)
        live = (await house.client.get(url, headers=headers)).json()
        assert live["status"] == "ACTIVE"
        assert live["progress"] == {
            "phase": {"id": "only", "index": 0, "count": 1},
            "questions_asked": 0,
            "elapsed_s": 30.0,
        }
        await _end(house, session_id)
        house.clock.advance(300)
        over = (await house.client.get(url, headers=headers)).json()
        assert (over["status"], over["reason"], over["progress"]["elapsed_s"]) == ("ABANDONED", "left", 30.0)


class TestOffer:
    async def test_the_host_is_asked_and_its_answer_given(self, house: House) -> None:
        session_id = await house.session()
        response = await house.client.post(
            f"/api/v1/sessions/{session_id}/webrtc",
            headers=house.bearer(session_id) | {"User-Agent": "Firefox"},
            json=OFFER | {"take_over": True},
        )
        assert response.status_code == 200
        assert response.json() == {"sdp": "v=0 answer", "type": "answer", "connection_id": "c-1"}
        assert house.gateway.calls == [
            ("offer", session_id, {"sdp": "v=0", "take_over": True, "user_agent": "Firefox"})
        ]

    async def test_nothing_is_heard_before_consent(self, house: House) -> None:
        scheduled = SessionScheduled(
            study_id="tea", study_hash="h", study_title="Tea", language="en", participant_id="P-1"
        )
        await house.sessions.create("s-9", scheduled, at=house.clock.now())
        response = await house.client.post(
            "/api/v1/sessions/s-9/webrtc", headers=house.bearer("s-9"), json=OFFER
        )
        assert (response.status_code, _error(response)) == (403, "consent_missing")
        assert house.gateway.calls == []

    async def test_a_session_that_is_over_takes_nobody(self, house: House) -> None:
        session_id = await house.session()
        await _end(house, session_id)
        response = await house.client.post(
            f"/api/v1/sessions/{session_id}/webrtc", headers=house.bearer(session_id), json=OFFER
        )
        assert (response.status_code, _error(response)) == (410, "session_over")
        assert house.gateway.calls == []

    @pytest.mark.parametrize(
        ("refusal", "status", "code"),
        [
            (AlreadyConnected("s"), 409, "already_connected"),
            (SessionOver("s"), 410, "session_over"),
            (HostFull(29.2, place=2), 503, "host_full"),
            (BadFrame("The offer has no audio."), 400, "bad_frame"),
        ],
    )
    async def test_what_the_host_refuses(
        self, house: House, refusal: VivavoceError, status: int, code: str
    ) -> None:
        session_id = await house.session()
        house.gateway.refusal = refusal
        response = await house.client.post(
            f"/api/v1/sessions/{session_id}/webrtc", headers=house.bearer(session_id), json=OFFER
        )
        assert (response.status_code, _error(response)) == (status, code)
        assert response.headers.get("retry-after") == ("30" if code == "host_full" else None)
        assert response.json()["error"].get("place") == (2 if code == "host_full" else None)

    async def test_what_concerns_only_us_is_not_told(self, house: House) -> None:
        session_id = await house.session()
        url, headers = f"/api/v1/sessions/{session_id}/webrtc", house.bearer(session_id)
        held = LeaseHeld(session_id, holder="host-7:4711", expires_at=house.clock.now())
        secret = VivavoceError("No table hunter2.", next_step="Ask hunter2.")
        for refusal, status, code in (
            (held, 503, "session_busy"),
            (secret, 500, "internal"),
            (RuntimeError("hunter2"), 500, "internal"),
            (TimeoutError("hunter2"), 503, "timed_out"),
        ):
            house.gateway.refusal = refusal
            response = await house.client.post(url, headers=headers, json=OFFER)
            assert (response.status_code, _error(response)) == (status, code)
            assert "hunter2" not in response.text and "host-7" not in response.text

    @pytest.mark.parametrize(
        "body",
        [{}, {"sdp": "", "type": "offer"}, {"sdp": "v=0", "type": "answer"}, {"sdp": 1, "type": "offer"},
         OFFER | {"take_over": "perhaps"}, OFFER | {"more": 1}, []],
    )  # fmt: skip
    async def test_what_is_no_offer(self, house: House, body: object) -> None:
        session_id = await house.session()
        response = await house.client.post(
            f"/api/v1/sessions/{session_id}/webrtc", headers=house.bearer(session_id), json=body
        )
        assert (response.status_code, _error(response)) == (422, "request_invalid")
        assert house.gateway.calls == []


class TestLeave:
    async def test_the_host_is_told(self, house: House) -> None:
        session_id = await house.session()
        response = await house.client.post(
            f"/api/v1/sessions/{session_id}/leave", headers=house.bearer(session_id)
        )
        assert (response.status_code, response.content) == (204, b"")
        assert house.gateway.calls == [("leave", session_id, {})]

    async def test_leaving_what_is_over_is_no_error(self, house: House) -> None:
        session_id = await house.session()
        url, headers = f"/api/v1/sessions/{session_id}/leave", house.bearer(session_id)
        house.gateway.refusal = SessionOver(session_id)
        assert (await house.client.post(url, headers=headers)).status_code == 204
        await _end(house, session_id)
        house.gateway.refusal = AssertionError("not asked again")
        assert (await house.client.post(url, headers=headers)).status_code == 204
