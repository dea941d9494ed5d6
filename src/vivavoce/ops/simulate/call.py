"""One simulated call: through the public API as the page goes, then on a line until the interview is over."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Protocol, TypeVar
from urllib.parse import urlsplit

import httpx
from pydantic import BaseModel, ValidationError

from vivavoce.errors import VivavoceError
from vivavoce.ops.simulate.ear import Ear
from vivavoce.ops.simulate.microphone import Microphone
from vivavoce.ops.simulate.participant import GaveUp, Manner, Participant, Repertoire, Script
from vivavoce.ops.simulate.report import Failure, Measured, Outcome
from vivavoce.session.events import Transport
from vivavoce.session.status import SessionStatus
from vivavoce.transport.client import CallRefused, ServerMessage, WebRtcParticipant, WebSocketParticipant
from vivavoce.transport.livekit_client import LiveKitParticipant

TICK_S = 0.02
"""Seconds between two looks of a participant: a packet's length."""

GRACE_S = 30.0
"""Seconds beyond the study's hard limit after which a session has hung."""

REQUEST_TIMEOUT_S = 15.0

GAVE_UP: Mapping[GaveUp, str] = {
    "no_voice": "The agent was not heard after joining.",
    "no_response": "The agent did not answer several turns in a row.",
}


class Line(Protocol):
    """A participant's end of a call; see `transport.client`."""

    async def send(self, message: Mapping[str, object]) -> None:
        """Send a message to the server."""
        ...

    async def wait_closed(self) -> object:
        """Wait until the call has ended, by whichever side."""
        ...


class Connect(Protocol):
    """Joins a call."""

    def __call__(
        self,
        api_url: str,
        session_id: str,
        token: str,
        *,
        microphone: Microphone,
        on_sound: Callable[[bytes, int, float], None],
        on_message: Callable[[ServerMessage], None],
    ) -> AbstractAsyncContextManager[Line]:
        """The call, joined while the context lasts."""
        ...


LINES: Mapping[Transport, Connect] = {
    "webrtc": WebRtcParticipant,
    "websocket": WebSocketParticipant,
    "livekit": LiveKitParticipant,
}


class BadLink(VivavoceError):
    """That is no invitation link."""

    code = "simulate_bad_link"


class _Refused(Exception):
    """The API said no; `reason` is its code."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


class Seat(BaseModel):
    """A session that may be joined."""

    session_id: str
    token: str


@dataclass(frozen=True)
class Plan:
    """What is the same for every call of a simulation.

    Attributes:
        connect: joins a call.
        repertoire: what participants can say.
        manner: how they behave.
        language: of the interview; None takes the invitation's.
        limit_s: the study's hard limit, in seconds.
        seed: makes every run alike; each call adds its number.
        clock: monotonic seconds.
        sleep: waits on that clock.
    """

    connect: Connect
    repertoire: Repertoire
    manner: Manner
    language: str | None
    limit_s: float
    seed: int
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


def api_of(link: str) -> tuple[str, str]:
    """The API's address and the invitation's token, from an invitation link.

    Raises:
        BadLink: it does not look like `http(s)://host/i/TOKEN`.
    """
    where = urlsplit(link)
    before, found, token = where.path.rpartition("/i/")
    if where.scheme not in ("http", "https") or not found or not token or "/" in token:
        raise BadLink(
            f"{link!r} is not an invitation link.",
            next_step="It looks like http://host/i/TOKEN; `vivavoce invite` makes them.",
        )
    return f"{where.scheme}://{where.netloc}{before}/api/v1", token


async def call(number: int, link: str, plan: Plan, http: httpx.AsyncClient) -> Outcome:
    """Hold one interview, from the invitation to its end. What goes wrong is in the outcome.

    Raises:
        BadLink: see `api_of`.
    """
    api_url, invitation = api_of(link)
    began = plan.clock()
    seat: Seat | None = None
    measured = Measured()
    failure: Failure | None = None
    try:
        seat = await _consent(http, api_url, invitation, plan.language)
        failure = await _Conversation(number, api_url, seat, plan, http).hold(measured)
    except _Refused as error:
        failure = Failure(number, error.reason, str(error))
    except CallRefused as error:
        failure = Failure(number, error.api_code or "call_refused", error.what)
    except httpx.HTTPError as error:
        failure = Failure(number, "unreachable", f"{type(error).__name__}: {error}")
    return Outcome(number, seat.session_id if seat else None, measured, plan.clock() - began, failure)


class _Consent(BaseModel):
    version: str


class _Invitation(BaseModel):
    language: str
    consent: _Consent


class _State(BaseModel):
    status: str
    reason: str | None = None


class _Error(BaseModel):
    code: str
    message: str


class _ErrorBody(BaseModel):
    error: _Error


_Body = TypeVar("_Body", bound=BaseModel)


def _read(kind: type[_Body], answer: httpx.Response) -> _Body:
    """Raises _Refused."""
    try:
        if answer.is_success:
            return kind.model_validate_json(answer.content)
        error = _ErrorBody.model_validate_json(answer.content).error
    except ValidationError as problem:
        detail = f"{answer.request.method} {answer.request.url.path} was answered {answer.status_code}, unreadably."
        raise _Refused("bad_answer", detail) from problem
    raise _Refused(error.code, error.message)


async def _consent(http: httpx.AsyncClient, api_url: str, invitation: str, language: str | None) -> Seat:
    """Look at the invitation and agree, as the page does."""
    seen = _read(_Invitation, await http.get(f"{api_url}/invitations/{invitation}"))
    agreed = {
        "language": language or seen.language,
        "consent_version": seen.consent.version,
        "accepted": True,
    }
    return _read(Seat, await http.post(f"{api_url}/invitations/{invitation}/consent", json=agreed))


@dataclass
class _Conversation:
    number: int
    api_url: str
    seat: Seat
    plan: Plan
    http: httpx.AsyncClient
    ear: Ear = field(default_factory=Ear, init=False)
    ended: _State | None = field(default=None, init=False)

    async def hold(self, measured: Measured) -> Failure | None:
        """Join, talk until it is over. `measured` is filled as it goes."""
        plan, ear = self.plan, self.ear
        microphone = Microphone(plan.clock)
        script = Script(plan.repertoire, plan.manner, plan.seed + self.number)
        joined_at = plan.clock()
        participant = Participant(ear, microphone, script, plan.manner, measured, joined_at=joined_at)
        line = plan.connect(
            self.api_url,
            self.seat.session_id,
            self.seat.token,
            microphone=microphone,
            on_sound=ear.hear,
            on_message=self._message,
        )
        async with line as joined:
            closed = asyncio.create_task(joined.wait_closed(), name=f"simulate.{self.number}.closed")
            try:
                hung = False
                while self.ended is None and participant.gave_up is None and not closed.done() and not hung:
                    now = plan.clock()
                    participant.tick(now)
                    hung = now - joined_at > plan.limit_s + GRACE_S
                    await plan.sleep(TICK_S)
                if self.ended is not None:
                    participant.over()
                if closed.done():
                    await closed  # raises what went wrong in our own handlers
                elif self.ended is None:
                    await joined.send({"type": "leave"})
            finally:
                closed.cancel()
                await asyncio.gather(closed, return_exceptions=True)
        if hung:
            return Failure(self.number, "hung", f"Not over {GRACE_S:.0f} s after the study's hard limit.")
        if participant.gave_up is not None:
            return Failure(self.number, participant.gave_up, GAVE_UP[participant.gave_up])
        return await self._judge()

    def _message(self, message: ServerMessage) -> None:
        if message.get("type") == "ended":
            self.ended = _State.model_validate(message)
        elif message.get("type") == "flush":
            self.ear.drop(self.plan.clock())

    async def _judge(self) -> Failure | None:
        """How the session ended; asks the API where the line closed without a word."""
        state = self.ended
        if state is None:
            url = f"{self.api_url}/sessions/{self.seat.session_id}"
            token = {"Authorization": f"Bearer {self.seat.token}"}
            state = _read(_State, await self.http.get(url, headers=token))
        if state.status == SessionStatus.COMPLETED:
            return None
        if state.reason is not None:
            detail = f"The session ended as {state.status}, {state.reason}."
            return Failure(self.number, f"ended_{state.reason}", detail)
        return Failure(
            self.number, "connection_lost", f"The line closed while the session was {state.status}."
        )
