"""One application on stand-ins: invitations, studies and a host without sound; the real in-memory session store."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from vivavoce.errors import VivavoceError
from vivavoce.protocol.study import Study
from vivavoce.session.clock import ManualClock
from vivavoce.session.memory import MemorySessionStore
from vivavoce.settings import WebSettings
from vivavoce.telemetry.metrics import Metrics
from vivavoce.web import tokens
from vivavoce.web.app import Rates, create_app
from vivavoce.web.gateway import AudioSocket
from vivavoce.web.guard import Allowance
from vivavoce.web.health import Check, CheckResult
from vivavoce.web.keys import Keys
from vivavoce.web.limits import Rate
from vivavoce.web.rooms import Rooms

INVITATION = "inv_0123456789abcdefghij"
ORIGIN = "http://interviews.test"


def _study(version: str = "2026-01") -> Study:
    def both(english: str, german: str) -> dict[str, str]:
        return {"en": english, "de": german}

    return Study.model_validate(
        {
            "id": "tea",
            "title": both("Tea at work", "Tee bei der Arbeit"),
            "about": both("How people drink tea.", "Wie man Tee trinkt."),
            "organisation": "Institute of Tea",
            "contact": "tea@example.org",
            "languages": ["en", "de"],
            "voices": {},
            "consent": {
                "version": version,
                "text": both("I agree — gladly.", "Ich stimme zu."),
                "disclosure": both("An AI speaks.", "Es spricht eine KI."),
            },
            "limits": {"hard_limit_minutes": 10, "join_s": 30},
            "turn_profiles": {},
            "lines": {},
            "opening": both("Hello.", "Hallo."),
            "closing": both("Goodbye.", "Tschüs."),
            "phases": [
                {
                    "id": "only",
                    "title": both("Tea", "Tee"),
                    "objective": "learn",
                    "min_minutes": 2,
                    "max_minutes": 4,
                    "turn_profile": "normal",
                    "questions": [],
                }
            ],
        }
    )


@dataclass(frozen=True)
class Invitation:
    """An invitation as a store would give it."""

    id: str = "i-1"
    study_id: str = "tea"
    participant_id: str = "P-0001"
    language: str | None = "de"
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    session_id: str | None = None


@dataclass
class Invitations:
    """The invitation store; `lost_race` is the session another process binds just before us."""

    by_token: dict[str, Invitation] = field(default_factory=dict[str, Invitation])
    lost_race: str | None = None
    asked: list[str] = field(default_factory=list[str])

    async def find(self, token: str, /) -> Invitation | None:
        self.asked.append(token)
        return self.by_token.get(token)

    async def bind_session(
        self, invitation_id: str, session_id: str, /, *, instead_of: str | None = None
    ) -> str:
        token, found = next((t, i) for t, i in self.by_token.items() if i.id == invitation_id)
        bound = found.session_id if found.session_id != instead_of else None
        winner = bound or self.lost_race or session_id
        self.by_token[token] = replace(found, session_id=winner)
        return winner


@dataclass(frozen=True)
class Published:
    study: Study
    content_hash: str


class Studies:
    """One study in all its published versions; `study` is the present one."""

    def __init__(self) -> None:
        self._versions: dict[str, Study] = {}
        self.study = _study()

    @property
    def study(self) -> Study:
        return self._study

    @study.setter
    def study(self, study: Study) -> None:
        self._study = study
        self._versions[study.content_hash] = study

    async def get(self, study_id: str, content_hash: str | None = None, /) -> Published:
        study = self.study if content_hash is None else self._versions[content_hash]
        assert study_id == study.id
        return Published(study, study.content_hash)


@dataclass(frozen=True)
class Places:
    slots: int = 4
    used: int = 1
    accepting: bool = True
    reason: str = ""
    draining: bool = False


@dataclass(frozen=True)
class SdpAnswer:
    sdp: str
    connection_id: str


Talk = Callable[[AudioSocket], Any]


@dataclass
class Gateway:
    """A host that answers as told and remembers what it was asked."""

    refusal: VivavoceError | Exception | None = None
    places: Places = Places()
    calls: list[tuple[str, str, dict[str, object]]] = field(
        default_factory=list[tuple[str, str, dict[str, object]]]
    )
    talk: Talk | None = None

    def capacity(self) -> Places:
        return self.places

    async def offer(
        self, session_id: str, /, *, sdp: str, take_over: bool, user_agent: str | None
    ) -> SdpAnswer:
        self._note("offer", session_id, sdp=sdp, take_over=take_over, user_agent=user_agent)
        return SdpAnswer("v=0 answer", "c-1")

    async def websocket(
        self, session_id: str, socket: AudioSocket, /, *, rate: int, take_over: bool, user_agent: str | None
    ) -> None:
        self._note("websocket", session_id, rate=rate, take_over=take_over, user_agent=user_agent)
        if self.talk is not None:
            await self.talk(socket)

    async def leave(self, session_id: str, /) -> None:
        self._note("leave", session_id)

    def _note(self, call: str, session_id: str, **arguments: object) -> None:
        self.calls.append((call, session_id, arguments))
        if self.refusal is not None:
            raise self.refusal


async def _well() -> CheckResult:
    return CheckResult(True, "well")


@dataclass
class House:
    """An application with everything it was joined to."""

    app: FastAPI
    client: httpx.AsyncClient
    clock: ManualClock
    invitations: Invitations
    studies: Studies
    sessions: MemorySessionStore
    gateway: Gateway
    keys: Keys
    metrics: Metrics
    static: Path

    def token(self, session_id: str, *, lifetime_s: float = 900) -> str:
        """A session token, as consent would give."""
        minted = tokens.mint(
            self.keys.session_token,
            session_id=session_id,
            now=self.clock.now(),
            nonce="n",
            lifetime=timedelta(seconds=lifetime_s),
        )
        return minted.text

    def bearer(self, session_id: str) -> dict[str, str]:
        """The header of an authorised call."""
        return {"Authorization": f"Bearer {self.token(session_id)}"}

    async def consent(self, *, language: str = "en", version: str = "2026-01") -> httpx.Response:
        """Consent with the one invitation."""
        return await self.client.post(
            f"/api/v1/invitations/{INVITATION}/consent",
            json={"language": language, "consent_version": version, "accepted": True},
        )

    async def session(self) -> str:
        """The id of a session that was consented to."""
        response = await self.consent()
        assert response.status_code in (200, 201), response.text
        return response.json()["session_id"]


MakeHouse = Callable[..., House]


@pytest.fixture
async def make_house(tmp_path: Path) -> AsyncIterator[MakeHouse]:
    clients: list[httpx.AsyncClient] = []

    def make(
        *,
        settings: WebSettings | None = None,
        checks: dict[str, Check] | None = None,
        rates: Rates | None = None,
        allowance: Allowance | None = None,
        address: str = "192.0.2.1",
        make_rooms: Callable[[ManualClock], Rooms] | None = None,
    ) -> House:
        clock = ManualClock()
        rooms = None if make_rooms is None else make_rooms(clock)
        keys = Keys.derive(bytes(32))
        invitations = Invitations({INVITATION: Invitation()})
        studies, sessions, gateway = Studies(), MemorySessionStore(clock), Gateway()
        metrics = Metrics(CollectorRegistry())
        ids = itertools.count(1)
        static = tmp_path / "static"
        app = create_app(
            invitations=invitations,
            studies=studies,
            sessions=sessions,
            gateway=rooms or gateway,
            rooms=rooms,
            settings=settings or WebSettings(),
            clock=clock,
            keys=keys,
            checks={"database": _well} if checks is None else checks,
            registry=metrics.registry,
            static=static,
            rates=rates or Rates(),
            allowance=allowance or Allowance(),
            new_session_id=lambda: f"s-{next(ids)}",
        )
        transport = httpx.ASGITransport(app, client=(address, 1234), raise_app_exceptions=False)
        client = httpx.AsyncClient(transport=transport, base_url=ORIGIN)
        clients.append(client)
        return House(app, client, clock, invitations, studies, sessions, gateway, keys, metrics, static)

    yield make
    for client in clients:
        await client.aclose()


@pytest.fixture
def house(make_house: MakeHouse) -> House:
    return make_house()


@pytest.fixture
def republished() -> Study:
    """The same study with a newer consent text."""
    return _study("2026-02")


@pytest.fixture
def strict() -> Rates:
    """Three calls and two guesses, then one every ten seconds."""
    return Rates(calls=Rate(per_s=0.1, burst=3), guesses=Rate(per_s=0.1, burst=2))
