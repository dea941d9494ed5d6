"""Where sound goes through an SFU: who gets into a session's room, and who is sent for."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx
import jwt
import pytest
from pydantic import SecretStr

from vivavoce.session.clock import ManualClock
from vivavoce.session.events import ParticipantJoined, ParticipantLeft, SessionWaiting
from vivavoce.settings.livekit import LiveKitSettings
from vivavoce.transport.sfu.api import Sfu
from vivavoce.transport.sfu.job import SessionJob
from vivavoce.web.rooms import Rooms

if TYPE_CHECKING:
    from unit.web.conftest import House, MakeHouse

SECRET = "a secret of 32 characters or more"
SETTINGS = LiveKitSettings(
    url="ws://sfu.test:7880", public_url="wss://sfu.example", api_key="key", api_secret=SecretStr(SECRET)
)


@dataclass
class FakeSfu:
    """An SFU's API: which agents sit in its rooms, and what was asked of it."""

    agents: int = 1
    away: bool = False
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list[tuple[str, dict[str, Any]]])
    ended: list[str] = field(default_factory=list[str])
    hints: int = 0

    def answer(self, request: httpx.Request) -> httpx.Response:
        if self.away:
            raise httpx.ConnectError("refused")
        method, body = request.url.path.rsplit("/", 1)[1], json.loads(request.content)
        grants = jwt.decode(
            request.headers["authorization"].removeprefix("Bearer "),
            SECRET,
            algorithms=["HS256"],
            options={"verify_exp": False, "verify_nbf": False},
        )
        assert grants["video"]["roomAdmin"] and grants["video"]["room"] == body.get("room", "")
        self.calls.append((method, body))
        people = [{"identity": "participant"}, *({"kind": "AGENT"} for _ in range(self.agents))]
        return httpx.Response(200, json={"participants": people} if method == "ListParticipants" else {})

    def rooms(self, clock: ManualClock) -> Rooms:
        async def end(session_id: str) -> None:
            self.ended.append(session_id)

        def hinted() -> None:
            self.hints += 1

        return Rooms(
            Sfu(SETTINGS, clock, transport=httpx.MockTransport(self.answer)), clock, end=end, hinted=hinted
        )

    @property
    def sent_for(self) -> list[SessionJob]:
        return [
            SessionJob.read(body["metadata"]) for method, body in self.calls if method == "CreateDispatch"
        ]


@pytest.fixture
def sfu() -> FakeSfu:
    return FakeSfu()


@pytest.fixture
def house(sfu: FakeSfu, make_house: MakeHouse) -> House:
    return make_house(make_rooms=sfu.rooms)


async def _join(house: House, session_id: str, **body: object) -> httpx.Response:
    return await house.client.post(
        f"/api/v1/sessions/{session_id}/livekit", json=body, headers=house.bearer(session_id)
    )


async def _joined(house: House, *, left: bool = False) -> str:
    session_id = await house.session()
    lease = await house.sessions.claim(session_id, holder="test", ttl_s=5)
    payloads: list[Any] = [
        SessionWaiting(transport="livekit"),
        ParticipantJoined(transport="livekit", connection_id="c-1", rejoined=False),
    ]
    if left:
        payloads.append(ParticipantLeft(connection_id="c-1", reason="lost", at_s=1))
    await house.sessions.append(lease, payloads, at=house.clock.now())
    return session_id


def _code(response: httpx.Response) -> str:
    return response.json()["error"]["code"]


async def test_consent_names_the_one_transport(house: House) -> None:
    assert (await house.consent()).json()["transports"] == ["livekit"]


async def test_the_first_to_come_brings_an_agent_by_their_token(house: House, sfu: FakeSfu) -> None:
    session_id = await house.session()
    answer = (await _join(house, session_id)).json()
    assert answer["url"] == "wss://sfu.example"
    claims = jwt.decode(
        answer["token"], SECRET, algorithms=["HS256"], options={"verify_exp": False, "verify_nbf": False}
    )
    assert claims["video"]["room"] == session_id
    [agent] = claims["roomConfig"]["agents"]
    job = SessionJob.read(agent["metadata"])
    assert (job.session_id, job.study_id, job.language, job.seize) == (session_id, "tea", "en", False)
    assert claims["exp"] - house.clock.now().timestamp() <= timedelta(minutes=10).total_seconds()
    assert not sfu.sent_for


async def test_without_a_good_token_nobody_joins(house: House, sfu: FakeSfu) -> None:
    session_id = await house.session()
    path = f"/api/v1/sessions/{session_id}/livekit"
    for headers, code in (
        ({}, "token_missing"),
        ({"Authorization": "Bearer nonsense"}, "token_invalid"),
        ({"Authorization": f"Bearer {house.token('another')}"}, "token_invalid"),
        ({"Authorization": f"Bearer {house.token(session_id, lifetime_s=-1)}"}, "token_expired"),
    ):
        response = await house.client.post(path, json={}, headers=headers)
        assert (response.status_code, _code(response)) == (401, code)
    assert not sfu.calls


async def test_a_second_page_is_refused_or_takes_over(house: House, sfu: FakeSfu) -> None:
    session_id = await _joined(house)
    refused = await _join(house, session_id)
    assert (refused.status_code, _code(refused)) == (409, "already_connected")
    assert (await _join(house, session_id, take_over=True)).status_code == 200
    assert not sfu.sent_for, "the agent in the room goes on"


@pytest.mark.parametrize("left", [True, False])
async def test_an_agent_is_sent_for_where_there_is_none_any_more(
    house: House, sfu: FakeSfu, left: bool
) -> None:
    session_id = await _joined(house, left=left)
    sfu.agents = 0
    assert (await _join(house, session_id, take_over=True)).status_code == 200
    assert [(job.session_id, job.seize) for job in sfu.sent_for] == [(session_id, False)]


async def test_an_agent_who_does_not_answer_is_replaced(house: House, sfu: FakeSfu) -> None:
    session_id = await _joined(house)
    assert (await _join(house, session_id, take_over=True, unanswered=True)).status_code == 200
    assert [(job.session_id, job.seize) for job in sfu.sent_for] == [(session_id, True)]


async def test_an_sfu_that_is_away_is_no_fault_of_the_page(house: House, sfu: FakeSfu) -> None:
    session_id = await _joined(house, left=True)
    sfu.away = True
    response = await _join(house, session_id)
    assert (response.status_code, _code(response)) == (503, "unavailable")


async def test_sound_does_not_come_here(house: House) -> None:
    session_id = await house.session()
    offer = {"sdp": "v=0", "type": "offer"}
    response = await house.client.post(
        f"/api/v1/sessions/{session_id}/webrtc", json=offer, headers=house.bearer(session_id)
    )
    assert (response.status_code, _code(response)) == (409, "transport_absent")


async def test_nor_to_a_room_where_there_is_no_sfu(make_house: MakeHouse) -> None:
    house = make_house()
    session_id = await house.session()
    response = await _join(house, session_id)
    assert (response.status_code, _code(response)) == (409, "transport_absent")


async def test_leaving_ends_the_session_whoever_holds_it(house: House, sfu: FakeSfu) -> None:
    session_id = await _joined(house)
    response = await house.client.post(
        f"/api/v1/sessions/{session_id}/leave", headers=house.bearer(session_id)
    )
    assert response.status_code == 204
    assert sfu.ended == [session_id]


async def test_the_page_may_talk_to_the_sfu(house: House) -> None:
    policy = (await house.client.get("/healthz")).headers["content-security-policy"]
    connect = next(part for part in policy.split("; ") if part.startswith("connect-src"))
    assert connect.endswith("wss://sfu.example https://sfu.example")


async def test_a_webhook_is_a_hint_if_it_is_signed(house: House, sfu: FakeSfu) -> None:
    rooms = house.app.state.web.rooms
    body = b'{"event": "participant_left", "room": {"name": "s-1"}}'
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
    token = rooms.sfu.key.sign({"sha256": digest}, now=house.clock.now(), lifetime=timedelta(minutes=5))
    for content, authorization, status, hints in (
        (body, token, 204, 1),
        (body + b" ", token, 401, 1),
        (body, "nonsense", 401, 1),
        (body, None, 401, 1),
    ):
        headers = {"Content-Type": "application/webhook+json"}
        if authorization is not None:
            headers["Authorization"] = authorization
        response = await house.client.post("/api/v1/livekit/webhook", content=content, headers=headers)
        assert (response.status_code, sfu.hints) == (status, hints)
