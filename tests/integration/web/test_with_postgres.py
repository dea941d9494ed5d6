"""The way in on real storage: PostgreSQL keeps invitations, studies and logs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from prometheus_client import CollectorRegistry

from vivavoce.session.clock import SystemClock
from vivavoce.session.events import ConsentGiven, SessionScheduled
from vivavoce.settings import Settings, WebSettings
from vivavoce.storage.engine import make_engine
from vivavoce.storage.invitations import InvitationStore
from vivavoce.storage.open import Storage, open_storage
from vivavoce.storage.sessions import PostgresSessionStore
from vivavoce.storage.studies import StudyStore
from vivavoce.web.app import create_app
from vivavoce.web.health import CheckResult
from vivavoce.web.keys import Keys

if TYPE_CHECKING:
    from integration.web.conftest import Echo

STUDY = Path(__file__).parents[3] / "studies" / "demo.yaml"


@pytest.fixture
async def storage(tmp_path: Path) -> AsyncIterator[Storage]:
    async with open_storage(Settings(data_dir=tmp_path / "data"), exclusive=True) as opened:
        yield opened


def _client(
    sessions: PostgresSessionStore, invitations: InvitationStore, studies: StudyStore, gateway: Echo
) -> httpx.AsyncClient:
    async def database() -> CheckResult:
        await sessions.list(limit=1)
        return CheckResult(True, "answers")

    app = create_app(
        invitations=invitations,
        studies=studies,
        sessions=sessions,
        gateway=gateway,
        settings=WebSettings(),
        clock=SystemClock(),
        keys=Keys.derive(bytes(32)),
        checks={"database": database},
        registry=CollectorRegistry(),
    )
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://interviews.test")


async def test_from_invitation_to_session_and_no_further_than_the_end(storage: Storage, echo: Echo) -> None:
    record = await storage.studies.publish(STUDY.read_text(encoding="utf-8"))
    clock = SystemClock()
    expires = clock.now() + timedelta(days=1)
    (token,) = await storage.invitations.create(record.id, 1, expires_at=expires)
    async with _client(storage.sessions, storage.invitations, storage.studies, echo) as page:
        view = (await page.get(f"/api/v1/invitations/{token}")).json()
        assert view["status"] == "open"
        language = view["language"]
        consent = {"language": language, "consent_version": view["consent"]["version"], "accepted": True}

        # Many clicks and pages at once: one session, one consent.
        answers = await asyncio.gather(
            *(page.post(f"/api/v1/invitations/{token}/consent", json=consent) for _ in range(4))
        )
        assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 201]
        session_id = answers[0].json()["session_id"]
        assert {answer.json()["session_id"] for answer in answers} == {session_id}
        scheduled, given = [event.payload for event in await storage.sessions.read(session_id)]
        assert isinstance(scheduled, SessionScheduled) and isinstance(given, ConsentGiven)
        assert scheduled.study_hash == record.content_hash
        assert scheduled.timers.hard_limit_s == record.study.limits.hard_limit_s

        bearer = {"Authorization": f"Bearer {answers[0].json()['token']}"}
        session = (await page.get(f"/api/v1/sessions/{session_id}", headers=bearer)).json()
        assert session["status"] == "SCHEDULED"
        view = (await page.get(f"/api/v1/invitations/{token}")).json()
        assert (view["status"], view["session"]["id"]) == ("in_progress", session_id)

        # The log is free for the host the moment consent is recorded.
        lease = await storage.sessions.claim(session_id, holder="host", ttl_s=5)
        again = await page.post(f"/api/v1/invitations/{token}/consent", json=consent)
        assert again.status_code == 200
        await storage.sessions.release(lease)

        for stranger in ("x" * 27, token[:-1] + ("A" if token[-1] != "A" else "B"), token.swapcase()):
            assert (await page.get(f"/api/v1/invitations/{stranger}")).status_code == 404


async def test_two_servers_on_one_database_begin_one_interview(storage: Storage, echo: Echo) -> None:
    record = await storage.studies.publish(STUDY.read_text(encoding="utf-8"))
    (token,) = await storage.invitations.create(record.id, 1)
    language = record.study.languages[0]
    consent = {"language": language, "consent_version": record.study.consent.version, "accepted": True}
    one, other = (_client(storage.sessions, storage.invitations, storage.studies, echo) for _ in range(2))
    async with one, other:
        url = f"/api/v1/invitations/{token}/consent"
        answers = await asyncio.gather(one.post(url, json=consent), other.post(url, json=consent))
        # One of them records the consent; the other finds it there, or is asked to try again.
        codes = sorted(answer.status_code for answer in answers)
        assert codes in ([200, 201], [201, 503])
        after = [await server.post(url, json=consent) for server in (one, other)]
        assert [answer.status_code for answer in after] == [200, 200]
        ids = {answer.json()["session_id"] for answer in after}
        assert len(ids) == 1
        events = await storage.sessions.read(ids.pop())
        assert [event.payload.kind for event in events] == ["session.scheduled", "consent.given"]


async def test_a_database_that_does_not_answer_is_said_and_lived_through(echo: Echo) -> None:
    engine = make_engine("postgresql://nobody@127.0.0.1:1/nothing")
    async with _client(
        PostgresSessionStore(engine), InvitationStore(engine), StudyStore(engine), echo
    ) as page:
        response = await page.get(f"/api/v1/invitations/{'x' * 27}")
        assert response.status_code == 503
        assert response.json()["error"]["code"] == "unavailable"
        assert int(response.headers["retry-after"]) >= 1
        assert "127.0.0.1" not in response.text
        ready = await page.get("/readyz")
        assert (ready.status_code, ready.json()["checks"]["database"]["ok"]) == (503, False)
        assert (await page.get("/healthz")).status_code == 200
    await engine.dispose()
