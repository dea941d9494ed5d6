"""What the API refuses, and how it says so: an error of ours becomes a status, a code and a body."""

from __future__ import annotations

import math
from collections.abc import Mapping
from http import HTTPStatus
from typing import ClassVar

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from vivavoce.errors import VivavoceError
from vivavoce.protocol.study import UnknownLanguage
from vivavoce.session.errors import (
    AlreadyConnected,
    BadFrame,
    ContentErased,
    HostFull,
    LeaseHeld,
    LeaseLost,
    SessionOver,
    SessionUnknown,
    StorageUnavailable,
    StudySpent,
)
from vivavoce.transport.sfu.api import SfuUnavailable
from vivavoce.web.headers import dress
from vivavoce.web.models import ErrorBody, Problem

log = structlog.stdlib.get_logger(__name__)


class WebError(VivavoceError):
    """An error with an HTTP status of its own. `what` and `how` are what it says unless told otherwise."""

    code = "error"
    status: ClassVar[HTTPStatus] = HTTPStatus.BAD_REQUEST
    what_: ClassVar[str] = "The request was refused."
    next_: ClassVar[str] = "Check the request."

    def __init__(
        self, what: str | None = None, *, next_step: str | None = None, retry_after_s: float | None = None
    ) -> None:
        super().__init__(what or self.what_, next_step=next_step or self.next_)
        self.retry_after_s = retry_after_s


class InvitationUnknown(WebError):
    """No invitation has this token."""

    code = "invitation_unknown"
    status = HTTPStatus.NOT_FOUND
    what_ = "There is no such invitation."
    next_ = "Check that the link is complete, or ask whoever sent it for a new one."


class InvitationExpired(WebError):
    """The invitation was not used in time."""

    code = "invitation_expired"
    status = HTTPStatus.GONE
    what_ = "This invitation has expired."
    next_ = "Ask whoever sent it for a new one."


class InvitationRevoked(WebError):
    """The invitation was taken back."""

    code = "invitation_revoked"
    status = HTTPStatus.GONE
    what_ = "This invitation was withdrawn."
    next_ = "Ask whoever sent it if you think that is a mistake."


class InterviewFinished(WebError):
    """The invitation's interview is over."""

    code = "interview_finished"
    status = HTTPStatus.CONFLICT
    what_ = "The interview of this invitation is over."
    next_ = "Nothing more is needed; ask for a new invitation for another interview."


class ConsentChanged(WebError):
    """The consent text has a newer version than the one accepted."""

    code = "consent_changed"
    status = HTTPStatus.CONFLICT
    what_ = "The consent text has changed since this page was opened."
    next_ = "Read the new text and decide again."


class LanguageFixed(WebError):
    """The session was scheduled in another language."""

    code = "language_fixed"
    status = HTTPStatus.CONFLICT
    what_ = "This interview was begun in another language."
    next_ = "Go on in that language."


class ConsentMissing(WebError):
    """There is no consent yet, so nothing may be heard."""

    code = "consent_missing"
    status = HTTPStatus.FORBIDDEN
    what_ = "There is no consent for this interview yet."
    next_ = "Give consent first."


class TokenMissing(WebError):
    """The call carries no session token."""

    code = "token_missing"
    status = HTTPStatus.UNAUTHORIZED
    what_ = "The call carries no session token."
    next_ = "Send Authorization: Bearer and the token that consent gave."


class TokenInvalid(WebError):
    """The token is not one of ours, or is for another session."""

    code = "token_invalid"
    status = HTTPStatus.UNAUTHORIZED
    what_ = "The session token is not valid for this session."
    next_ = "Consent again to get a token."


class TokenExpired(WebError):
    """The token has run out."""

    code = "token_expired"
    status = HTTPStatus.UNAUTHORIZED
    what_ = "The session token has expired."
    next_ = "Consent again to get a fresh one."


class OriginRefused(WebError):
    """A page from somewhere else made the call."""

    code = "origin_refused"
    status = HTTPStatus.FORBIDDEN
    what_ = "Calls from pages of another site are refused."
    next_ = "Open the interview by its own link; behind a proxy, set VIVAVOCE_WEB__PUBLIC_URL to the public address."


class TooManyRequests(WebError):
    """This address asks too often."""

    code = "too_many_requests"
    status = HTTPStatus.TOO_MANY_REQUESTS
    what_ = "Too many requests came from this address."
    next_ = "Wait for the time in Retry-After, then try again."


class BodyTooLarge(WebError):
    """The body is longer than this call takes."""

    code = "body_too_large"
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    what_ = "The body is too large."
    next_ = "Send a smaller one."


class BodyTooSlow(WebError):
    """The body did not arrive in time."""

    code = "body_too_slow"
    status = HTTPStatus.REQUEST_TIMEOUT
    what_ = "The body did not arrive in time."
    next_ = "Try again."


class ContentTypeUnknown(WebError):
    """The body is not JSON."""

    code = "content_type_unknown"
    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    what_ = "The body's type is not one this call takes."
    next_ = "Send plain JSON as application/json."


class RequestInvalid(WebError):
    """A field is missing or does not fit."""

    code = "request_invalid"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    next_ = "Send what the reference of the API says."


class SessionBusy(WebError):
    """Somebody else is writing the session's log this very moment."""

    code = "session_busy"
    status = HTTPStatus.SERVICE_UNAVAILABLE
    what_ = "This interview is being worked on elsewhere."
    next_ = "Try again in a few seconds."


class InterviewErased(WebError):
    """What was said in the session is erased."""

    code = "interview_erased"
    status = HTTPStatus.GONE
    what_ = "What was said in this interview was erased."
    next_ = "There is nothing more to do."


class TransportAbsent(WebError):
    """Sound does not travel in this way here."""

    code = "transport_absent"
    status = HTTPStatus.CONFLICT
    what_ = "Sound does not travel in this way here."
    next_ = "Use one of the transports that consent names."


class TimedOut(WebError):
    """The answer took too long."""

    code = "timed_out"
    status = HTTPStatus.SERVICE_UNAVAILABLE
    what_ = "The server did not finish in time."
    next_ = "Try again in a few seconds."


class Unavailable(WebError):
    """Something the call needs is out of order."""

    code = "unavailable"
    status = HTTPStatus.SERVICE_UNAVAILABLE
    what_ = "A part of the server is out of order."
    next_ = "Try again in a minute; if it stays, tell whoever sent the invitation."


class Internal(WebError):
    """A fault of ours."""

    code = "internal"
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    what_ = "The server failed to do this."
    next_ = "Try again; if it stays, tell whoever sent the invitation."


_STATUS: Mapping[type[VivavoceError], HTTPStatus] = {
    SessionUnknown: HTTPStatus.NOT_FOUND,
    SessionOver: HTTPStatus.GONE,
    AlreadyConnected: HTTPStatus.CONFLICT,
    HostFull: HTTPStatus.SERVICE_UNAVAILABLE,
    StudySpent: HTTPStatus.CONFLICT,
    BadFrame: HTTPStatus.BAD_REQUEST,
    UnknownLanguage: HTTPStatus.UNPROCESSABLE_ENTITY,
}

_RETRY_S = 2.0
"""For 503s that do not know better."""


def public(error: VivavoceError) -> VivavoceError:
    """The error as outsiders may see it: what speaks of hosts, files or tables is replaced by something plain."""
    if isinstance(error, WebError) or type(error) in _STATUS:
        return error
    if isinstance(error, LeaseHeld | LeaseLost):
        return SessionBusy()
    if isinstance(error, ContentErased):
        return InterviewErased()
    if isinstance(error, StorageUnavailable | SfuUnavailable):
        return Unavailable()
    return Internal()


def status_of(error: VivavoceError) -> HTTPStatus:
    """The HTTP status of an error that `public` let through."""
    return status_of_kind(type(error))


def status_of_kind(kind: type[VivavoceError]) -> HTTPStatus:
    """The HTTP status of a kind of error that `public` lets through."""
    return kind.status if issubclass(kind, WebError) else _STATUS[kind]


def respond(error: VivavoceError) -> JSONResponse:
    """The response for an error; one that is our fault is logged."""
    shown = public(error)
    status = status_of(shown)
    if isinstance(shown, Internal | Unavailable) and shown is not error:
        log.error("request failed", code=error.code, error=str(error))
    headers: dict[str, str] = {}
    if status is HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    retry_after_s = getattr(shown, "retry_after_s", None)
    if retry_after_s is None and status is HTTPStatus.SERVICE_UNAVAILABLE:
        retry_after_s = _RETRY_S
    if retry_after_s is not None:
        headers["Retry-After"] = str(max(1, math.ceil(retry_after_s)))
    place = shown.place if isinstance(shown, HostFull) else None
    problem = Problem(code=shown.code, message=shown.what, next_step=shown.next_step, place=place)
    return JSONResponse(ErrorBody(error=problem).model_dump(exclude_none=True), status, headers)


def install(app: FastAPI) -> None:
    """Make every error of `app` answer in the one shape."""

    @app.exception_handler(VivavoceError)
    async def _ours(_request: Request, error: VivavoceError) -> JSONResponse:  # pyright: ignore[reportUnusedFunction]
        return respond(error)

    @app.exception_handler(RequestValidationError)
    async def _invalid(_request: Request, error: RequestValidationError) -> JSONResponse:  # pyright: ignore[reportUnusedFunction]
        return respond(RequestInvalid(_said(error)))

    @app.exception_handler(HTTPException)
    async def _http(_request: Request, error: HTTPException) -> JSONResponse:  # pyright: ignore[reportUnusedFunction]
        if error.status_code == HTTPStatus.BAD_REQUEST:
            return respond(RequestInvalid("The body cannot be read."))
        return _plain(error.status_code, error.headers)

    @app.exception_handler(Exception)
    async def _unexpected(request: Request, _error: Exception) -> JSONResponse:  # pyright: ignore[reportUnusedFunction]
        # Logged, with its traceback, by the server that runs the application. Answered outside all middleware.
        response = respond(Internal())
        dress(response.headers, host=request.headers.get("host", ""))
        return response


def _said(error: RequestValidationError) -> str:
    problems: list[str] = []
    for item in error.errors()[:5]:
        # Never the value: it may be a credential, or a megabyte.
        where = ".".join(str(step) for step in item["loc"][1:]) or str(item["loc"][0])
        problems.append(f"{where}: {item['msg']}.")
    return " ".join(problems)


def _plain(status: int, headers: Mapping[str, str] | None) -> JSONResponse:
    phrase = HTTPStatus(status).phrase
    problem = Problem(
        code=phrase.lower().replace(" ", "_").replace("-", "_"),
        message=f"{phrase}.",
        next_step="Check the address and the method against the reference of the API.",
    )
    return JSONResponse(ErrorBody(error=problem).model_dump(exclude_none=True), status, headers)
