"""Every refusal has a code, a status, and words for whoever meets it."""

from __future__ import annotations

from http import HTTPStatus

import pytest

from vivavoce.session import errors as session_errors
from vivavoce.session.errors import SessionError
from vivavoce.web import errors
from vivavoce.web.audio import CLOSE_CODES
from vivavoce.web.errors import WebError, public, respond, status_of

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, WebError)]
REFUSALS = [kind for kind in KINDS if kind is not WebError]


def test_codes_are_unique() -> None:
    codes = [kind.code for kind in REFUSALS]
    assert len(codes) == len(set(codes)) == 22


@pytest.mark.parametrize("kind", REFUSALS)
def test_each_says_what_happened_and_what_to_do(kind: type[WebError]) -> None:
    error = kind()
    assert error.what.endswith(".") and error.next_step.endswith(".")
    assert status_of(error) >= HTTPStatus.BAD_REQUEST
    assert public(error) is error


SESSION_ERRORS = {
    name: kind
    for name, kind in vars(session_errors).items()
    if isinstance(kind, type) and issubclass(kind, SessionError)
}


@pytest.mark.parametrize("name", SESSION_ERRORS)
def test_every_error_of_a_session_has_a_public_face(name: str) -> None:
    kind = SESSION_ERRORS[name]
    error = kind.__new__(kind)
    Exception.__init__(error, "hunter2")
    error.what, error.next_step = "Something.", "Do something."
    code = public(error).code
    # These never reach a participant unless we made a mistake.
    ours = name in ("SessionError", "SessionExists", "IllegalTransition", "LogUnreadable")
    assert (code == "internal") is ours


def test_asking_again_is_said_in_whole_seconds() -> None:
    assert respond(errors.TooManyRequests(retry_after_s=0.2)).headers["retry-after"] == "1"
    assert respond(errors.TooManyRequests(retry_after_s=9.1)).headers["retry-after"] == "10"
    assert "retry-after" in respond(errors.Unavailable()).headers
    assert "retry-after" not in respond(errors.ConsentChanged()).headers


def test_close_codes_are_ones_a_page_can_see() -> None:
    assert all(code in (1009, 1011, 1013) or 4400 <= code < 4500 for code in CLOSE_CODES.values())
