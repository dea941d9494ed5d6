"""Whole simulated calls against a fake API and a fake line, on virtual time."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import httpx
import pytest

from vivavoce.ops.simulate.call import GRACE_S, BadLink, Plan, api_of, call
from vivavoce.ops.simulate.participant import Manner, Repertoire
from vivavoce.ops.simulate.report import Outcome
from vivavoce.ops.simulate.run import simulate
from vivavoce.transport.client import CallRefused

if TYPE_CHECKING:
    from .conftest import FakeWorld

LINK = "http://host.example/i/abc"


class Api:
    """The invitation's calls; answers may be replaced."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, object]] = []
        self.state: dict[str, object] = {"id": "s1", "status": "ACTIVE", "reason": None}
        self.consent: httpx.Response | None = None

    def __call__(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content) if request.content else None
        self.asked.append((request.method, request.url.path, body))
        match request.method, request.url.path.rsplit("/", 1)[-1]:
            case "GET", "abc":
                return httpx.Response(
                    200, json={"language": "en", "consent": {"version": "3"}, "status": "open"}
                )
            case "POST", "consent":
                return self.consent or httpx.Response(201, json={"session_id": "s1", "token": "t1"})
            case "GET", "s1":
                assert request.headers["Authorization"] == "Bearer t1"
                return httpx.Response(200, json=self.state)
            case _:
                return httpx.Response(404, json={"error": {"code": "not_found", "message": "no"}})


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
def plan(world: FakeWorld, repertoire: Repertoire) -> Plan:
    return Plan(
        connect=world.connect,
        repertoire=repertoire,
        manner=Manner(barge_in=0.0, patience_s=5.0, first_patience_s=5.0),
        language=None,
        limit_s=60.0,
        seed=1,
        clock=world.time.clock,
        sleep=world.time.sleep,
    )


async def _call(plan: Plan, api: Api) -> Outcome:
    async with httpx.AsyncClient(transport=httpx.MockTransport(api)) as http:
        return await call(0, LINK, plan, http)


async def test_a_whole_interview_through_the_public_api(plan: Plan, api: Api, world: FakeWorld) -> None:
    outcome = await _call(plan, api)
    assert outcome.failure is None
    assert outcome.session_id == "s1"
    assert outcome.measured.turns == world.agent.turns - 1
    assert outcome.measured.ttfv_s == pytest.approx(world.agent.first_s, abs=0.05)
    assert api.asked == [
        ("GET", "/api/v1/invitations/abc", None),
        (
            "POST",
            "/api/v1/invitations/abc/consent",
            {"language": "en", "consent_version": "3", "accepted": True},
        ),
    ]


async def test_the_language_asked_for_is_agreed_to(plan: Plan, api: Api) -> None:
    await _call(replace(plan, language="es"), api)
    assert api.asked[1][2] == {"language": "es", "consent_version": "3", "accepted": True}


async def test_a_line_that_closes_without_a_word_is_looked_up(plan: Plan, api: Api, world: FakeWorld) -> None:
    world.says_ended = False
    api.state = {"id": "s1", "status": "COMPLETED", "reason": "finished"}
    assert (await _call(plan, api)).failure is None


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ({"status": "DISCONNECTED", "reason": None}, "connection_lost"),
        ({"status": "FAILED", "reason": "crash"}, "ended_crash"),
    ],
)
async def test_a_lost_line_is_a_failure(
    plan: Plan, api: Api, world: FakeWorld, state: dict[str, object], reason: str
) -> None:
    world.closes_at_s = 4.0
    api.state = state
    outcome = await _call(plan, api)
    assert outcome.failure is not None
    assert outcome.failure.reason == reason
    assert outcome.measured.ttfv_s is not None


async def test_an_interview_that_ends_otherwise_is_a_failure(plan: Plan, api: Api, world: FakeWorld) -> None:
    world.status, world.reason = "INTERRUPTED", "hard_limit"
    outcome = await _call(plan, api)
    assert outcome.failure is not None
    assert outcome.failure.reason == "ended_hard_limit"


async def test_a_mute_agent_is_left(plan: Plan, api: Api, world: FakeWorld) -> None:
    world.agent.first_s = 1e9
    outcome = await _call(plan, api)
    assert outcome.failure is not None
    assert outcome.failure.reason == "no_voice"
    assert world.lines[0].sent == [{"type": "leave"}]


async def test_an_agent_that_never_comes_to_an_end_has_hung(plan: Plan, api: Api, world: FakeWorld) -> None:
    world.agent.turns = 10_000
    outcome = await _call(plan, api)
    assert outcome.failure is not None
    assert outcome.failure.reason == "hung"
    assert outcome.duration_s == pytest.approx(plan.limit_s + GRACE_S, abs=0.1)
    assert world.lines[0].sent == [{"type": "leave"}]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (
            httpx.Response(410, json={"error": {"code": "invitation_expired", "message": "over"}}),
            "invitation_expired",
        ),
        (httpx.Response(502, text="<html>"), "bad_answer"),
        (httpx.Response(201, json={"token": "t1"}), "bad_answer"),
    ],
)
async def test_a_refusal_is_named_by_its_code(
    plan: Plan, api: Api, answer: httpx.Response, reason: str
) -> None:
    api.consent = answer
    outcome = await _call(plan, api)
    assert outcome.failure is not None
    assert (outcome.failure.reason, outcome.session_id) == (reason, None)


async def test_a_full_host_is_named(plan: Plan, api: Api) -> None:
    def refuse(*_: object, **__: object) -> object:
        raise CallRefused("full", api_code="host_full", status=503)

    outcome = await _call(replace(plan, connect=refuse), api)  # pyright: ignore[reportArgumentType]
    assert outcome.failure is not None
    assert outcome.failure.reason == "host_full"


async def test_an_unreachable_host_is_named(plan: Plan) -> None:
    def fail(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no route to host")

    async with httpx.AsyncClient(transport=httpx.MockTransport(fail)) as http:
        outcome = await call(0, LINK, plan, http)
    assert outcome.failure is not None
    assert outcome.failure.reason == "unreachable"


@pytest.mark.parametrize(
    "link", ["", "abc", "ftp://h/i/abc", "http://h/i/", "http://h/x/abc", "http://h/i/a/b"]
)
def test_what_is_no_invitation_link_is_refused(link: str) -> None:
    with pytest.raises(BadLink):
        api_of(link)


def test_a_host_below_a_path_keeps_it() -> None:
    assert api_of("https://h:8/study/i/abc?x=1") == ("https://h:8/study/api/v1", "abc")


async def test_a_bad_link_stops_everything_before_it_begins(plan: Plan) -> None:
    with pytest.raises(BadLink):
        await simulate([LINK, "nonsense"], plan, study="demo", transport="webrtc")
