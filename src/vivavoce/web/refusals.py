"""The refusals a call may answer with, for its OpenAPI description."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from vivavoce.protocol.study import UnknownLanguage
from vivavoce.session.errors import (
    AlreadyConnected,
    BadFrame,
    HostFull,
    SessionOver,
    SessionUnknown,
    StudySpent,
)
from vivavoce.web import errors
from vivavoce.web.models import ErrorBody

_EVERY = (errors.OriginRefused, errors.TooManyRequests, errors.Internal, errors.TimedOut, errors.Unavailable)
_POST = (errors.BodyTooLarge, errors.BodyTooSlow, errors.ContentTypeUnknown)
_OTHERS = (
    errors.RequestInvalid,
    errors.InvitationUnknown,
    errors.InvitationExpired,
    errors.InvitationRevoked,
    errors.InterviewFinished,
    errors.ConsentChanged,
    errors.ConsentMissing,
    errors.LanguageFixed,
    errors.SessionBusy,
    errors.TransportAbsent,
    errors.TokenMissing,
    errors.TokenInvalid,
    errors.TokenExpired,
    SessionUnknown,
    SessionOver,
    AlreadyConnected,
    HostFull,
    StudySpent,
    BadFrame,
    UnknownLanguage,
)
_BY_CODE = {kind.code: kind for kind in (*_EVERY, *_POST, *_OTHERS)}


def refusals(*codes: str, post: bool = False, token: bool = False) -> dict[int | str, dict[str, Any]]:
    """FastAPI's `responses` for these codes and those every call may answer with.

    Args:
        codes: of this call alone.
        post: the call is a POST, whose body is looked at before anything else.
        token: the call takes a session token.
    """
    always = [kind.code for kind in (*_EVERY, *(_POST if post else ()))]
    if token:
        always += ["token_missing", "token_invalid", "token_expired", "session_unknown", "request_invalid"]
    by_status: defaultdict[int, list[str]] = defaultdict(list)
    for code in dict.fromkeys((*codes, *always)):
        by_status[errors.status_of_kind(_BY_CODE[code])].append(code)
    return {
        status: {"model": ErrorBody, "description": ", ".join(f"`{code}`" for code in found)}
        for status, found in sorted(by_status.items())
    }
