"""Session tokens: a short-lived right to one session, carried by the participant's page.

`vv1.<claims>.<signature>`, both in URL-safe base64 without padding; the claims are a small JSON object, the signature
is HMAC-SHA256 over everything before it. The characters are those a WebSocket subprotocol may have. Pure: the key, the
time and the chance come in as arguments.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vivavoce.web.errors import TokenExpired, TokenInvalid

LIFETIME = timedelta(minutes=15)
"""A page fetches a new one by consenting again, which changes nothing else."""

MAX_CHARS = 1024
_VERSION = "vv1"


class Claims(BaseModel):
    """What a token says. `e` is the expiry in whole seconds since 1970; `n` makes two tokens of one second differ."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    s: str = Field(min_length=1, max_length=200)
    e: int = Field(ge=0, lt=2**40)
    n: str = Field(max_length=64)


@dataclass(frozen=True)
class SessionToken:
    """A token as it is handed out; `expires_at` is aware UTC."""

    text: str
    expires_at: datetime

    def __repr__(self) -> str:
        """Without the token itself."""
        return f"SessionToken(expires_at={self.expires_at.isoformat()})"


def mint(
    key: bytes, *, session_id: str, now: datetime, nonce: str, lifetime: timedelta = LIFETIME
) -> SessionToken:
    """A token for `session_id` that holds until `now + lifetime`, rounded down to a second."""
    expires = int((now + lifetime).timestamp())
    claims = Claims(s=session_id, e=expires, n=nonce)
    signed = f"{_VERSION}.{_encode(claims.model_dump_json().encode())}"
    return SessionToken(f"{signed}.{_sign(key, signed)}", datetime.fromtimestamp(expires, UTC))


def verify(key: bytes, text: str, *, session_id: str, now: datetime) -> Claims:
    """The claims of a token that is ours, is for this session, and still holds.

    Raises:
        TokenInvalid: it is not one of ours, or it is for another session.
        TokenExpired: it was good once.
    """
    if len(text) > MAX_CHARS or not text.isascii():
        raise TokenInvalid
    signed, _, signature = text.rpartition(".")
    version, _, encoded = signed.partition(".")
    # The signature is compared as text: a second spelling of the same bytes is not the same token.
    if version != _VERSION or not hmac.compare_digest(_sign(key, signed), signature):
        raise TokenInvalid
    try:
        claims = Claims.model_validate_json(_decode(encoded))
    except (binascii.Error, ValidationError):
        # Signed with our key, yet not of our shape: another version's.
        raise TokenInvalid from None
    if not hmac.compare_digest(claims.s.encode(), session_id.encode()):
        raise TokenInvalid
    if now.timestamp() >= claims.e:
        raise TokenExpired
    return claims


def _sign(key: bytes, signed: str) -> str:
    return _encode(hmac.new(key, signed.encode(), hashlib.sha256).digest())


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
