"""The way in: what an invitation shows, and consent before anything else."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from vivavoce.session.events import (
    ConsentGiven,
    ParticipantJoined,
    Payload,
    PhaseEntered,
    SessionEnded,
    SessionScheduled,
    SessionWaiting,
)
from vivavoce.session.status import Reason, SessionStatus
from vivavoce.session.timers import Timers
from vivavoce.web import tokens

if TYPE_CHECKING:
    from unit.web.conftest import House, MakeHouse
    from vivavoce.protocol.study import Study
    from vivavoce.web.app import Rates

INVITATION = "inv_0123456789abcdefghij"
URL = f"/api/v1/invitations/{INVITATION}"


def _error(response: Any) -> str:
    body = response.json()
    assert set(body) == {"error"} and set(body["error"]) == {"code", "message", "next_step"}
    assert body["error"]["message"] and body["error"]["next_step"]
    return body["error"]["code"]


def _change(house: House, **changes: object) -> None:
    found = house.invitations.by_token[INVITATION]
    house.invitations.by_token[INVITATION] = replace(found, **changes)  # pyright: ignore[reportArgumentType]


async def _append(house: House, session_id: str, *payloads: Payload) -> None:
    lease = await house.sessions.claim(session_id, holder="test", ttl_s=5)
    await house.sessions.append(lease, list(payloads), at=house.clock.now())
    await house.sessions.release(lease)


async def _end(house: House, session_id: str) -> None:
    ended = SessionEnded(status=SessionStatus.COMPLETED, reason=Reason.FINISHED, at_s=0)
    await _append(house, session_id, ended)


class TestView:
    async def test_it_shows_study_languages_disclosure_and_consent(self, house: House) -> None:
        response = await house.client.get(URL)
        assert response.status_code == 200
        assert response.headers["cache-control"] == "no-store"
        assert response.json() == {
            "status": "open",
            "study": {
                "title": "Tee bei der Arbeit",
                "about": "Wie man Tee trinkt.",
                "organisation": "Institute of Tea",
                "contact": "tea@example.org",
                "minutes": 3,
                "resumable": False,
            },
            "languages": [
                {"code": "en", "name": "English", "dir": "ltr"},
                {"code": "de", "name": "Deutsch", "dir": "ltr"},
            ],
            "language": "de",
            "disclosure": {"en": "An AI speaks.", "de": "Es spricht eine KI."},
            "consent": {
                "version": "2026-01",
                "text": {"en": "I agree — gladly.", "de": "Ich stimme zu."},
            },
            "session": None,
        }

    async def test_the_study_can_be_read_in_another_of_its_languages(self, house: House) -> None:
        english = (await house.client.get(URL, params={"language": "en"})).json()
        assert (english["language"], english["study"]["title"]) == ("en", "Tea at work")
        refused = await house.client.get(URL, params={"language": "fr"})
        assert (refused.status_code, _error(refused)) == (422, "language_unknown")

    @pytest.mark.parametrize("language", [None, "fr"])
    async def test_a_language_the_study_lacks_falls_back_to_its_first(
        self, house: House, language: str | None
    ) -> None:
        _change(house, language=language)
        assert (await house.client.get(URL)).json()["language"] == "en"

    async def test_the_status_follows_the_session(self, house: House) -> None:
        session_id = await house.session()
        view = (await house.client.get(URL)).json()
        assert view["status"] == "in_progress"
        assert view["session"] == {"id": session_id, "status": "SCHEDULED"}
        assert view["language"] == "en"
        await _end(house, session_id)
        view = (await house.client.get(URL)).json()
        assert (view["status"], view["session"]["status"]) == ("finished", "COMPLETED")

    async def test_expired_and_revoked_are_said(self, house: House) -> None:
        _change(house, expires_at=house.clock.now())
        assert (await house.client.get(URL)).json()["status"] == "expired"
        _change(house, expires_at=None, revoked_at=house.clock.now())
        assert (await house.client.get(URL)).json()["status"] == "revoked"

    async def test_an_interview_begun_in_time_outlives_its_invitation(self, house: House) -> None:
        _change(house, expires_at=house.clock.now() + timedelta(minutes=1))
        await house.session()
        house.clock.advance(120)
        assert (await house.client.get(URL)).json()["status"] == "in_progress"
        assert (await house.consent()).status_code == 200

    @pytest.mark.parametrize(
        "token",
        ["x", "inv_0123456789abcdefghik", "a" * 129, "a" * 5000, "%00" * 8, "..%2f..%2fsecret.key", "%F0%9F%98%80" * 8,
         "inv_0123456789abcdefghij%20", "' OR 1=1 --xxxxxxxxxxxx"],
    )  # fmt: skip
    async def test_what_is_no_invitation_is_unknown(self, house: House, token: str) -> None:
        for response in (
            await house.client.get(f"/api/v1/invitations/{token}"),
            await house.client.post(
                f"/api/v1/invitations/{token}/consent",
                json={"language": "en", "consent_version": "2026-01", "accepted": True},
            ),
        ):
            assert response.status_code == 404
            assert _error(response) in ("invitation_unknown", "not_found")
        # What cannot be a token is not even looked up.
        assert set(house.invitations.asked) <= {"inv_0123456789abcdefghik"}

    async def test_searching_for_invitations_is_slowed_down(
        self, make_house: MakeHouse, strict: Rates
    ) -> None:
        house = make_house(rates=replace(strict, calls=replace(strict.calls, burst=100)))
        codes = [
            (await house.client.get(f"/api/v1/invitations/inv_{number:020}")).status_code
            for number in range(4)
        ]
        assert codes == [404, 404, 429, 429]
        # Whoever searched is not told any more which invitation is a real one.
        refused = await house.client.get(URL)
        assert (refused.status_code, _error(refused)) == (429, "too_many_requests")
        assert refused.headers["retry-after"] == "10"
        house.clock.advance(10)
        assert (await house.client.get(URL)).status_code == 200


class TestConsent:
    async def test_it_creates_the_session_and_records_the_very_words(self, house: House) -> None:
        response = await house.consent(language="en")
        assert response.status_code == 201
        answer = response.json()
        session_id = answer["session_id"]
        scheduled, consent = [event.payload for event in await house.sessions.read(session_id)]
        study = house.studies.study
        assert scheduled == SessionScheduled(
            study_id="tea",
            study_hash=study.content_hash,
            study_title="Tea at work",
            language="en",
            participant_id="P-0001",
            invitation_id="i-1",
            timers=Timers.resolve(hard_limit_s=600, wrap_up_s=480, join_s=30),
        )
        assert consent == ConsentGiven(
            version="2026-01",
            text_sha256=hashlib.sha256("I agree — gladly.".encode()).hexdigest(),
            language="en",
            disclosure_sha256=hashlib.sha256(b"An AI speaks.").hexdigest(),
        )
        assert house.invitations.by_token[INVITATION].session_id == session_id

    async def test_it_answers_with_a_token_for_that_session_and_the_ways_to_connect(
        self, make_house: MakeHouse
    ) -> None:
        from vivavoce.settings import WebSettings

        house = make_house(settings=WebSettings(ice_servers=("stun:stun.example:3478",)))
        response = await house.consent()
        answer = response.json()
        assert response.headers["cache-control"] == "no-store"
        assert answer["transports"] == ["webrtc", "websocket"]
        assert answer["ice_servers"] == [{"urls": ["stun:stun.example:3478"]}]
        assert answer["expires_at"] == "2030-01-01T09:15:00Z"
        claims = tokens.verify(
            house.keys.session_token, answer["token"], session_id=answer["session_id"], now=house.clock.now()
        )
        assert claims.s == answer["session_id"]

    async def test_the_lease_is_given_back(self, house: House) -> None:
        session_id = await house.session()
        await house.sessions.claim(session_id, holder="host", ttl_s=15)

    async def test_again_gives_a_fresh_token_and_changes_nothing(self, house: House) -> None:
        first = (await house.consent()).json()
        house.clock.advance(60)
        again = await house.consent(language="de")
        assert again.status_code == 200
        assert again.json()["session_id"] == first["session_id"]
        assert again.json()["token"] != first["token"]
        assert again.json()["expires_at"] == "2030-01-01T09:16:00Z"
        assert len(await house.sessions.read(first["session_id"])) == 2

    async def test_again_while_a_host_holds_the_session(self, house: House) -> None:
        session_id = await house.session()
        await house.sessions.claim(session_id, holder="host", ttl_s=15)
        assert (await house.consent()).status_code == 200

    async def test_two_clicks_at_once_are_one_consent(self, house: House) -> None:
        answers = await asyncio.gather(*(house.consent() for _ in range(5)))
        assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 200, 201]
        assert len({answer.json()["session_id"] for answer in answers}) == 1
        assert len(await house.sessions.list()) == 1

    async def test_two_servers_at_once_lead_to_one_session(self, house: House) -> None:
        # Another server bound s-9 and recorded consent between our look and our bind.
        await house.sessions.create("s-9", await _scheduled(house), at=house.clock.now())
        given = ConsentGiven(
            version="2026-01", text_sha256="0" * 64, language="en", disclosure_sha256="0" * 64
        )
        await _append(house, "s-9", given)
        house.invitations.lost_race = "s-9"
        response = await house.consent()
        assert (response.status_code, response.json()["session_id"]) == (200, "s-9")
        assert len(await house.sessions.read("s-9")) == 2

    async def test_another_server_writing_this_very_moment_is_waited_for_by_the_page(
        self, house: House
    ) -> None:
        await house.sessions.create("s-9", await _scheduled(house), at=house.clock.now())
        _change(house, session_id="s-9")
        await house.sessions.claim("s-9", holder="web", ttl_s=5)
        response = await house.consent()
        assert (response.status_code, _error(response)) == (503, "session_busy")
        assert int(response.headers["retry-after"]) >= 1
        house.clock.advance(5)
        assert (await house.consent()).status_code == 201

    async def test_a_session_left_without_consent_is_taken_up(self, house: House) -> None:
        await house.sessions.create("s-9", await _scheduled(house), at=house.clock.now())
        _change(house, session_id="s-9")
        assert (await house.client.get(URL)).json()["status"] == "open"
        other = await house.consent(language="de")
        assert (other.status_code, _error(other)) == (409, "language_fixed")
        response = await house.consent(language="en")
        assert (response.status_code, response.json()["session_id"]) == (201, "s-9")
        assert (await house.sessions.state("s-9")).consent is not None

    async def test_a_stale_text_is_refused_and_nothing_is_begun(
        self, house: House, republished: Study
    ) -> None:
        house.studies.study = republished
        response = await house.consent(version="2026-01")
        assert (response.status_code, _error(response)) == (409, "consent_changed")
        assert await house.sessions.list() == []
        assert (await house.consent(version="2026-02")).status_code == 201

    async def test_a_session_keeps_the_version_it_began_with(self, house: House, republished: Study) -> None:
        session_id = await house.session()
        house.studies.study = republished
        view = (await house.client.get(URL)).json()
        assert (view["status"], view["consent"]["version"]) == ("in_progress", "2026-01")
        response = await house.consent(version="2026-01")
        assert (response.status_code, response.json()["session_id"]) == (200, session_id)
        other = await house.consent(version="2026-02")
        assert (other.status_code, _error(other)) == (409, "consent_changed")

    async def test_a_finished_interview_is_finished(self, house: House) -> None:
        await _end(house, await house.session())
        response = await house.consent()
        assert (response.status_code, _error(response)) == (409, "interview_finished")

    async def test_an_interview_that_broke_off_is_gone_on_with_where_the_study_has_it(
        self, house: House
    ) -> None:
        limits = house.studies.study.limits.model_copy(update={"sittings": 2})
        house.studies.study = house.studies.study.model_copy(update={"limits": limits})
        first = await house.session()
        view = (await house.client.get(URL)).json()
        assert view["study"]["resumable"] is True
        await _append(
            house,
            first,
            SessionWaiting(transport="webrtc"),
            ParticipantJoined(transport="webrtc", connection_id="c1"),
            PhaseEntered(phase_id="only", index=0, count=1, at_s=2, reason="began"),
            SessionEnded(status=SessionStatus.ABANDONED, reason=Reason.LEFT, at_s=30),
        )
        view = (await house.client.get(URL)).json()
        assert (view["status"], view["session"]) == ("in_progress", None)
        other = await house.consent(language="de")
        assert (other.status_code, _error(other)) == (409, "language_fixed")
        answers = await asyncio.gather(*(house.consent() for _ in range(3)))
        [second] = {answer.json()["session_id"] for answer in answers}
        assert second != first and sorted(answer.status_code for answer in answers) == [200, 200, 201]
        state = await house.sessions.state(second)
        assert (state.sitting, state.status, state.participant_id) == (2, SessionStatus.SCHEDULED, "P-0001")
        assert (state.progress.phase_id, state.progress.phase_entered_s) == ("only", 0.0)
        scheduled = (await house.sessions.read(second))[0].payload
        assert isinstance(scheduled, SessionScheduled) and scheduled.continues == first
        await _append(
            house, second, SessionEnded(status=SessionStatus.ABANDONED, reason=Reason.LEFT, at_s=30)
        )
        view = (await house.client.get(URL)).json()
        assert (view["status"], view["study"]["resumable"]) == ("finished", False)
        over = await house.consent()
        assert (over.status_code, _error(over)) == (409, "interview_finished")

    async def test_who_stopped_the_interview_is_not_asked_again(self, house: House) -> None:
        limits = house.studies.study.limits.model_copy(update={"sittings": 2})
        house.studies.study = house.studies.study.model_copy(update={"limits": limits})
        ended = SessionEnded(status=SessionStatus.INTERRUPTED, reason=Reason.WITHDRAWN, at_s=0)
        await _append(house, await house.session(), ended)
        assert (await house.client.get(URL)).json()["status"] == "finished"

    @pytest.mark.parametrize("field", ["expires_at", "revoked_at"])
    async def test_an_invitation_that_is_gone_is_gone(self, house: House, field: str) -> None:
        _change(house, **{field: house.clock.now()})
        response = await house.consent()
        assert response.status_code == 410
        assert (
            _error(response)
            == {"expires_at": "invitation_expired", "revoked_at": "invitation_revoked"}[field]
        )
        assert await house.sessions.list() == []

    async def test_a_revoked_invitation_gives_no_more_tokens(self, house: House) -> None:
        await house.session()
        _change(house, revoked_at=house.clock.now())
        assert _error(await house.consent()) == "invitation_revoked"

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"language": "en", "consent_version": "2026-01"},
            {"language": "en", "consent_version": "2026-01", "accepted": False},
            {"language": "en", "consent_version": "2026-01", "accepted": "true"},
            {"language": "en", "consent_version": "", "accepted": True},
            {"language": 7, "consent_version": "2026-01", "accepted": True},
            {"language": "en", "consent_version": "2026-01", "accepted": True, "session_id": "s-7"},
            [],
            "yes",
            None,
        ],
    )
    async def test_anything_but_a_plain_yes_is_no_consent(self, house: House, body: object) -> None:
        response = await house.client.post(f"{URL}/consent", json=body)
        assert (response.status_code, _error(response)) == (422, "request_invalid")
        assert await house.sessions.list() == []

    async def test_a_language_the_study_lacks_is_refused(self, house: House) -> None:
        response = await house.consent(language="fr")
        assert (response.status_code, _error(response)) == (422, "language_unknown")
        assert await house.sessions.list() == []


async def _scheduled(house: House) -> SessionScheduled:
    return SessionScheduled(
        study_id="tea",
        study_hash=house.studies.study.content_hash,
        study_title="Tea at work",
        language="en",
        participant_id="P-0001",
        invitation_id="i-1",
    )
