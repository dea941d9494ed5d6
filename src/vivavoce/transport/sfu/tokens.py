"""LiveKit's tokens, made and checked: JSON Web Tokens signed with the key's secret. Pure.

Claims as LiveKit documents them (docs.livekit.io/home/get-started/authentication); a contract test holds them against
`livekit-api`, which the web room must not import. Webhooks are signed in the same way, with the body's SHA-256.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import jwt
from pydantic import SecretStr

from vivavoce.errors import VivavoceError

PARTICIPANT = "participant"
"""The identity of a session's participant. There is one: a second connection replaces the first, at the SFU."""

LIFETIME = timedelta(minutes=10)
"""For joining; who has joined stays, and whoever comes back asks for a fresh one."""

CALL_LIFETIME = timedelta(minutes=1)
"""For one call of the SFU's API."""

LEEWAY_S = 60
"""Seconds by which the clocks of SFU and server may differ."""

EMPTY_TIMEOUT_S = 120
"""Seconds that a room waits for whoever comes first, and back: as long as the rejoin window."""


class SignatureInvalid(VivavoceError):
    """A call that should come from the SFU does not carry its signature."""

    code = "signature_invalid"

    def __init__(self) -> None:
        super().__init__(
            "The call is not signed with the SFU's key.",
            next_step="Check that livekit.api_key and livekit.api_secret are those of the SFU's webhooks.",
        )


@dataclass(frozen=True)
class SfuKey:
    """The key that an SFU and its servers share."""

    name: str
    secret: SecretStr

    def sign(self, claims: Mapping[str, object], *, now: datetime, lifetime: timedelta) -> str:
        """A token with `claims` that holds from now (aware UTC) for `lifetime`."""
        begins = int(now.timestamp())
        timed = {"iss": self.name, "nbf": begins, "exp": begins + int(lifetime.total_seconds())}
        return jwt.encode({**claims, **timed}, self.secret.get_secret_value(), algorithm="HS256")


def join_token(
    key: SfuKey, *, room: str, agent_name: str, metadata: str, now: datetime, lifetime: timedelta = LIFETIME
) -> str:
    """A participant's right to one room: a microphone, the agent's voice and messages.

    Whoever is first makes the room, and has `agent_name` dispatched to it with `metadata`.
    """
    grant = {
        "room": room,
        "roomJoin": True,
        "canPublish": True,
        "canPublishSources": ["microphone"],
        "canSubscribe": True,
        "canPublishData": True,
        "canUpdateOwnMetadata": False,
    }
    config = {
        "emptyTimeout": EMPTY_TIMEOUT_S,
        "departureTimeout": EMPTY_TIMEOUT_S,
        "agents": [{"agentName": agent_name, "metadata": metadata}],
    }
    claims = {"sub": PARTICIPANT, "name": PARTICIPANT, "video": grant, "roomConfig": config}
    return key.sign(claims, now=now, lifetime=lifetime)


def agent_token(key: SfuKey, *, room: str, identity: str, now: datetime) -> str:
    """The right to sit in a room as its agent, for an agent that no dispatch brought there."""
    grant = {"room": room, "roomJoin": True, "canPublish": True, "canSubscribe": True, "agent": True}
    return key.sign(
        {"sub": identity, "kind": "agent", "video": grant | {"canPublishData": True}},
        now=now,
        lifetime=LIFETIME,
    )


def admin_token(key: SfuKey, *, room: str, now: datetime) -> str:
    """The right to call the SFU's API about one room."""
    grant = {"room": room, "roomAdmin": True, "roomCreate": True, "roomList": True}
    return key.sign({"video": grant}, now=now, lifetime=CALL_LIFETIME)


def verify_webhook(key: SfuKey, body: bytes, authorization: str | None, *, now: datetime) -> None:
    """See that a webhook's body is what the SFU signed.

    Raises:
        SignatureInvalid: it is not, or no longer.
    """
    try:
        claims = jwt.decode(
            (authorization or "").removeprefix("Bearer "),
            key.secret.get_secret_value(),
            algorithms=["HS256"],
            issuer=key.name,
            # The time is passed in; what PyJWT would take for it is the machine's.
            options={"verify_exp": False, "verify_nbf": False, "verify_iat": False, "require": ["exp"]},
        )
    except jwt.PyJWTError:
        raise SignatureInvalid from None
    at = now.timestamp()
    begins, ends, digest = claims.get("nbf", 0), claims["exp"], claims.get("sha256")
    if not isinstance(ends, int) or not isinstance(begins, int) or not isinstance(digest, str):
        raise SignatureInvalid
    expected = base64.b64encode(hashlib.sha256(body).digest()).decode()
    if not begins - LEEWAY_S <= at <= ends + LEEWAY_S or not hmac.compare_digest(
        digest.encode(), expected.encode()
    ):
        raise SignatureInvalid
