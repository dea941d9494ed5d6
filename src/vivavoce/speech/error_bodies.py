"""Errors as OpenAI's API shapes them, for HTTP answers, events and frames alike."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.responses import JSONResponse

from vivavoce.errors import VivavoceError
from vivavoce.speech.clips import ClipUnknown
from vivavoce.speech.errors import (
    ModelUnknown,
    SpeechBusy,
    SpeechDropped,
    SpeechRejected,
    SpeechUnavailable,
)

UNAVAILABLE_RETRY_S = 1.0
"""An engine that died is back after 0.2 s and its loading, some seconds."""


class UploadTooLarge(VivavoceError):
    """A request body or its sound is over the limit."""

    code = "upload_too_large"


@dataclass(frozen=True, slots=True)
class Failure:
    """An error as callers see it.

    Attributes:
        status: of an HTTP answer.
        type: OpenAI's class of errors.
        code: ours, snake_case, stable.
        message: what happened, and the next step.
        param: the part of the request that is at fault, if one is.
        retry_after_s: seconds after which the same request may succeed; None where it makes no sense to try again.
    """

    status: int
    type: str
    code: str
    message: str
    param: str | None = None
    retry_after_s: float | None = None

    @property
    def content(self) -> dict[str, Any]:
        """The body."""
        return {"error": {"message": self.message, "type": self.type, "param": self.param, "code": self.code}}

    def response(self, *, headers: Mapping[str, str] | None = None) -> JSONResponse:
        """The HTTP answer."""
        sent = dict(headers or {})
        if self.retry_after_s is not None:
            sent["Retry-After"] = str(max(1, math.ceil(self.retry_after_s)))
        return JSONResponse(self.content, self.status, headers=sent)


def failure(error: VivavoceError) -> Failure:
    """One of our errors."""
    message = f"{error.what} {error.next_step}".strip()
    match error:
        case SpeechRejected():
            # OpenAI's status for a voice that is not there, as for a model.
            status = 404 if error.reason == "voice_unknown" else 400
            return Failure(status, "invalid_request_error", error.reason, message, error.param)
        case ClipUnknown():
            return Failure(404, "invalid_request_error", error.code, message)
        case ModelUnknown():
            return Failure(404, "invalid_request_error", error.code, message, "model")
        case UploadTooLarge():
            return Failure(413, "invalid_request_error", error.code, message)
        case SpeechDropped():
            return Failure(409, "invalid_request_error", error.code, message)
        case SpeechBusy():
            return Failure(429, "rate_limit_error", error.code, message, retry_after_s=error.retry_after_s)
        case SpeechUnavailable():
            return Failure(503, "server_error", error.code, message, retry_after_s=UNAVAILABLE_RETRY_S)
        case _:
            return Failure(500, "server_error", error.code, message)


def invalid(
    message: str, *, status: int = 400, code: str = "invalid_request", param: str | None = None
) -> Failure:
    """A request that is not as it should be."""
    return Failure(status, "invalid_request_error", code, message, param)


INTERNAL = Failure(
    500, "server_error", "internal_error", "The server failed on this request. Its log has the details."
)
"""A fault of ours."""
