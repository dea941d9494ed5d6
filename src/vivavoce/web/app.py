"""The application: routes, doorkeeper and pages, joined to the ports they are given."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from fastapi import APIRouter, FastAPI
from prometheus_client import CollectorRegistry

from vivavoce import __version__
from vivavoce.session.clock import Clock
from vivavoce.session.store import SessionStore
from vivavoce.settings import WebSettings
from vivavoce.web import audio, errors, health, invitations, livekit, pages, sessions
from vivavoce.web.access import AccessLog
from vivavoce.web.context import WebContext
from vivavoce.web.gateway import SessionGateway
from vivavoce.web.guard import Allowance, Guard
from vivavoce.web.headers import SecurityHeaders
from vivavoce.web.health import Check, Readiness
from vivavoce.web.keys import Keys
from vivavoce.web.limits import CALLS, GUESSES, Rate, RateLimiter
from vivavoce.web.models import IceServer
from vivavoce.web.ports import Admits, InvitationStore, StudyStore, always
from vivavoce.web.reception import Reception
from vivavoce.web.rooms import Rooms
from vivavoce.web.studies import StudyReader

API_PREFIX = "/api/v1"

_DESCRIPTION = """\
What a participant's page asks of the server. Errors are `{"error": {"code", "message", "next_step"}}`; the codes a call
may answer with stand beside each status. Session calls carry the session token that consent gave, as a bearer token.

Sound goes by WebRTC (`offer_webrtc`) or over a WebSocket at `/api/v1/sessions/{session_id}/audio`, which OpenAPI cannot
describe; the reference of the HTTP API does.
"""


@dataclass(frozen=True)
class Rates:
    """How often one address may ask, and how often it may ask for an invitation that is not there."""

    calls: Rate = CALLS
    guesses: Rate = GUESSES


USUAL_RATES = Rates()
USUAL_ALLOWANCE = Allowance()


def bare_app(readiness: Readiness, registry: CollectorRegistry) -> FastAPI:
    """The routes alone, as OpenAPI describes them; they serve nothing before `create_app` joins them to ports."""
    app = FastAPI(
        title="Viva Voce",
        version=__version__,
        description=_DESCRIPTION,
        openapi_url=f"{API_PREFIX}/openapi.json",
        # Their pages load scripts from elsewhere, which our policy refuses.
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    api = APIRouter(prefix=API_PREFIX)
    for part in (invitations, sessions, audio, livekit):
        api.include_router(part.router)
    app.include_router(api)
    app.include_router(health.router(readiness, registry))
    errors.install(app)
    return app


def create_app(
    *,
    invitations: InvitationStore,
    studies: StudyStore,
    sessions: SessionStore,
    gateway: SessionGateway,
    settings: WebSettings,
    clock: Clock,
    keys: Keys,
    checks: Mapping[str, Check],
    registry: CollectorRegistry,
    admits: Admits = always,
    rooms: Rooms | None = None,
    static: Path = pages.STATIC,
    rates: Rates = USUAL_RATES,
    allowance: Allowance = USUAL_ALLOWANCE,
    new_session_id: Callable[[], str] = lambda: str(uuid.uuid4()),
) -> FastAPI:
    """The whole application.

    Args:
        invitations: see `vivavoce.web.ports`.
        studies: see `vivavoce.web.ports`.
        sessions: the sessions' logs; shared with the host.
        gateway: the host.
        settings: the `web` group.
        clock: of tokens, expiries and rates.
        keys: from `vivavoce.web.keys.load_or_create`.
        checks: what `/readyz` asks, by name.
        registry: what `/metrics` gives.
        admits: see `vivavoce.web.ports`.
        rooms: the same as `gateway`, where sound goes through an SFU.
        static: the built pages.
        rates: limits by address.
        allowance: limits by request.
        new_session_id: ids that cannot be guessed.
    """
    app = bare_app(Readiness(checks, clock), registry)
    pages.install(app, static)
    app.state.web = WebContext(
        reception=Reception(
            invitations=invitations,
            studies=StudyReader(studies),
            sessions=sessions,
            clock=clock,
            keys=keys,
            admits=admits,
            new_session_id=new_session_id,
        ),
        sessions=sessions,
        gateway=gateway,
        clock=clock,
        keys=keys,
        guesses=RateLimiter(rates.guesses),
        ice_servers=tuple(IceServer(urls=[url]) for url in settings.ice_servers),
        rooms=rooms,
    )
    # The last one added is the first one asked.
    app.add_middleware(
        Guard,
        calls=RateLimiter(rates.calls),
        clock=clock,
        public_url=settings.public_url,
        allowance=allowance,
    )
    app.add_middleware(SecurityHeaders, sfu=None if rooms is None else rooms.sfu.public_url)
    app.add_middleware(AccessLog, clock=clock)
    return app
