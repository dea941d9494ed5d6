"""What the routes of one application share, and how they get it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Path
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.requests import HTTPConnection

from vivavoce.session.clock import Clock
from vivavoce.session.errors import SessionOver
from vivavoce.session.events import Transport
from vivavoce.session.state import SessionState
from vivavoce.session.store import SessionStore
from vivavoce.web import tokens
from vivavoce.web.errors import (
    ConsentMissing,
    InvitationUnknown,
    TokenMissing,
    TooManyRequests,
    TransportAbsent,
)
from vivavoce.web.gateway import SessionGateway
from vivavoce.web.keys import Keys
from vivavoce.web.limits import RateLimiter, client_key
from vivavoce.web.models import IceServer
from vivavoce.web.reception import Reception
from vivavoce.web.rooms import Rooms


@dataclass(frozen=True)
class WebContext:
    """Everything the routes need, made once by `create_app`."""

    reception: Reception
    sessions: SessionStore
    gateway: SessionGateway
    clock: Clock
    keys: Keys
    guesses: RateLimiter
    ice_servers: tuple[IceServer, ...]
    rooms: Rooms | None
    """Where sound goes through an SFU."""

    @property
    def transports(self) -> list[Transport]:
        """How sound travels here, the best way first."""
        return ["webrtc", "websocket"] if self.rooms is None else ["livekit"]

    def rooms_or_refuse(self) -> Rooms:
        """The rooms, or `TransportAbsent` raised where sound does not go through an SFU."""
        if self.rooms is None:
            raise TransportAbsent
        return self.rooms

    def verify(self, token: str, *, session_id: str) -> None:
        """Refuse a token that is not good for this session. Raises TokenInvalid, TokenExpired."""
        tokens.verify(self.keys.session_token, token, session_id=session_id, now=self.clock.now())

    async def audible(self, session_id: str) -> SessionState:
        """The state of a session whose participant may be heard.

        Raises:
            SessionUnknown, SessionOver, ConsentMissing.
        """
        state = await self.sessions.state(session_id)
        if state.consent is None:
            raise ConsentMissing
        if state.status.terminal:
            raise SessionOver(session_id)
        return state


def context(connection: HTTPConnection) -> WebContext:
    """The application's context."""
    return cast("WebContext", connection.app.state.web)


Context = Annotated[WebContext, Depends(context)]

_bearer = HTTPBearer(
    auto_error=False, scheme_name="session_token", description="The token that consent gave, for its session."
)


def authorised(
    session_id: Annotated[str, Path(max_length=200)],
    web: Context,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> str:
    """The session id of the path, once the call's token has been found good for it."""
    if credentials is None:
        raise TokenMissing
    web.verify(credentials.credentials, session_id=session_id)
    return session_id


AuthorisedSession = Annotated[str, Depends(authorised)]


class Guesses:
    """Counts the unknown invitations an address asks for, and stops it when they are too many."""

    def __init__(self, connection: HTTPConnection, web: Context) -> None:
        self._limiter = web.guesses
        self._clock = web.clock
        self._key = client_key(connection.client.host if connection.client is not None else None)

    def __enter__(self) -> None:
        wait = self._limiter.wait(self._key, now=self._clock.monotonic())
        if wait > 0:
            raise TooManyRequests(retry_after_s=wait)

    def __exit__(self, _kind: object, error: object, _traceback: object) -> None:
        if isinstance(error, InvitationUnknown):
            self._limiter.take(self._key, now=self._clock.monotonic())


GuessGuard = Annotated[Guesses, Depends(Guesses)]
