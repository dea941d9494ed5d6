"""The bodies of the API. Their names are the schema's names in OpenAPI."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from vivavoce.session.events import Transport
from vivavoce.session.status import Reason, SessionStatus

Language = Annotated[str, Field(min_length=2, max_length=35, description="BCP 47 language code")]


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True)


class _Request(_Body):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Problem(_Body):
    """What went wrong, and what to do."""

    code: str = Field(description="stable, snake_case")
    message: str
    next_step: str
    place: int | None = Field(
        default=None, description="with `host_full`: in the queue; 1: the next place that falls free is yours"
    )


class ErrorBody(_Body):
    """Every answer that is not a success."""

    error: Problem


class LanguageView(_Body):
    """A language of the study."""

    code: str
    name: str = Field(description="the language's own name for itself")
    dir: Literal["ltr", "rtl"]


class StudyView(_Body):
    """What a participant is told about the study, in the language of the view."""

    title: str
    about: str
    organisation: str
    contact: str
    minutes: int = Field(description="about how long the interview takes")
    resumable: bool = Field(
        description="an interview that breaks off may be gone on with later, by the same link"
    )


class ConsentView(_Body):
    """The text to agree to, by language."""

    version: str
    text: dict[str, str]


class SessionRef(_Body):
    """The invitation's session."""

    id: str
    status: SessionStatus


InvitationStatus = Literal["open", "in_progress", "finished", "expired", "revoked"]


class InvitationView(_Body):
    """An invitation, as its holder sees it."""

    status: InvitationStatus
    study: StudyView
    languages: list[LanguageView]
    language: str = Field(description="the language of the view, and of the session once there is one")
    disclosure: dict[str, str] = Field(
        description="the sentence that says an AI leads the interview, by language"
    )
    consent: ConsentView
    session: SessionRef | None = None


class ConsentRequest(_Request):
    """The participant agrees to the consent text of that version in that language."""

    language: Language
    consent_version: Annotated[str, Field(min_length=1, max_length=200)]
    accepted: Literal[True]


class IceServer(_Body):
    """A STUN or TURN server, in the shape of the browser's RTCIceServer."""

    urls: list[str]


class ConsentAnswer(_Body):
    """The right to the session. Ask again, with the same consent, when the token has expired."""

    session_id: str
    token: str
    expires_at: datetime
    transports: list[Transport]
    ice_servers: list[IceServer]


class PhaseView(_Body):
    """The phase the interview is in; `index` starts at 0."""

    id: str
    index: int
    count: int


class ProgressView(_Body):
    """How far the interview has come."""

    phase: PhaseView | None
    questions_asked: int
    elapsed_s: float = Field(description="seconds since the participant first joined")


class SessionView(_Body):
    """Where a session stands."""

    id: str
    status: SessionStatus
    reason: Reason | None
    language: str
    progress: ProgressView


class OfferRequest(_Request):
    """A WebRTC offer. `take_over` replaces a connection from another tab or device."""

    sdp: Annotated[str, Field(min_length=1)]
    type: Literal["offer"]
    take_over: bool = False


class OfferAnswer(_Body):
    """The answer to a WebRTC offer."""

    sdp: str
    type: Literal["answer"] = "answer"
    connection_id: str


class RoomRequest(_Request):
    """The wish to join the session's room. `take_over` replaces a connection from another tab or device."""

    take_over: bool = False
    unanswered: bool = Field(
        default=False, description="the agent in the room does not answer any more: send another one"
    )


class RoomAnswer(_Body):
    """Where the session's room is, and the right to join it."""

    url: str
    token: str


class CheckView(_Body):
    """One thing the server needs."""

    ok: bool
    detail: str


class ReadinessView(_Body):
    """Whether the server can hold interviews."""

    ready: bool
    checks: dict[str, CheckView]
