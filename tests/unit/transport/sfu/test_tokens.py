"""LiveKit's tokens and webhooks, as LiveKit's own library reads and makes them."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from livekit import api
from pydantic import SecretStr

from vivavoce.session.errors import BadFrame
from vivavoce.transport.sfu.job import SessionJob
from vivavoce.transport.sfu.tokens import (
    LEEWAY_S,
    PARTICIPANT,
    SfuKey,
    SignatureInvalid,
    admin_token,
    agent_token,
    join_token,
    verify_webhook,
)

KEY = SfuKey("devkey", SecretStr("a secret of 32 characters or more"))
OTHER = SfuKey("devkey", SecretStr("another secret of 32 characters, too"))
JOB = SessionJob(session_id="s-1", study_id="tea", study_hash="0" * 64, language="en")
BODY = b'{"event": "participant_left"}'
COLLECTED = datetime.now(UTC)
"""When tests were collected: a case made then may run minutes later."""


def now() -> datetime:
    return datetime.now(UTC)


def read(token: str) -> api.access_token.Claims:
    return api.TokenVerifier(KEY.name, KEY.secret.get_secret_value()).verify(token)


def test_livekit_reads_a_participants_token_as_we_mean_it() -> None:
    token = join_token(KEY, room="s-1", agent_name="ours", metadata=JOB.model_dump_json(), now=now())
    claims = read(token)
    assert claims.identity == PARTICIPANT
    assert claims.video is not None and claims.room_config is not None
    assert (claims.video.room, claims.video.room_join) == ("s-1", True)
    assert claims.video.can_publish_sources == ["microphone"]
    assert not claims.video.room_admin and not claims.video.agent
    [agent] = claims.room_config.agents
    assert agent.agent_name == "ours"
    assert SessionJob.read(agent.metadata) == JOB


def test_a_token_is_for_one_room_and_one_purpose() -> None:
    agent, admin = (
        read(agent_token(KEY, room="s-1", identity="a", now=now())),
        read(admin_token(KEY, room="s-1", now=now())),
    )
    assert agent.kind == "agent" and agent.video is not None and agent.video.agent
    assert admin.video is not None and admin.video.room_admin and not admin.video.room_join


def test_a_token_runs_out() -> None:
    stale = join_token(KEY, room="s-1", agent_name="ours", metadata="", now=now() - timedelta(hours=1))
    with pytest.raises(Exception, match="expired"):
        read(stale)


def test_the_secret_is_not_printed() -> None:
    assert KEY.secret.get_secret_value() not in repr(KEY)


def signed(body: bytes, *, key: SfuKey = KEY, at: datetime | None = None) -> str:
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
    return key.sign({"sha256": digest}, now=at or now(), lifetime=timedelta(minutes=5))


def test_a_webhook_that_livekit_signed_is_taken() -> None:
    digest = base64.b64encode(hashlib.sha256(BODY).digest()).decode()
    token = api.AccessToken(KEY.name, KEY.secret.get_secret_value()).with_sha256(digest).to_jwt()
    verify_webhook(KEY, BODY, token, now=now())
    verify_webhook(KEY, BODY, f"Bearer {token}", now=now())


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "nonsense",
        signed(b"another body", at=COLLECTED),
        signed(BODY, key=OTHER, at=COLLECTED),
        signed(BODY, at=COLLECTED - timedelta(minutes=5, seconds=LEEWAY_S + 5)),
        signed(BODY, at=COLLECTED + timedelta(seconds=LEEWAY_S + 30)),
        KEY.sign({}, now=COLLECTED, lifetime=timedelta(minutes=5)),
        KEY.sign({"sha256": 7}, now=COLLECTED, lifetime=timedelta(minutes=5)),
        SfuKey("nobody", KEY.secret).sign({"sha256": "x"}, now=COLLECTED, lifetime=timedelta(minutes=5)),
    ],
)
def test_any_other_webhook_is_refused(authorization: str | None) -> None:
    with pytest.raises(SignatureInvalid):
        verify_webhook(KEY, BODY, authorization, now=COLLECTED)


@given(st.text(max_size=200), st.binary(max_size=50))
def test_no_authorization_breaks_the_check(authorization: str, body: bytes) -> None:
    with pytest.raises(SignatureInvalid):
        verify_webhook(KEY, body, authorization, now=now())


@given(st.text(max_size=200))
def test_no_metadata_breaks_its_reading(metadata: str) -> None:
    with pytest.raises(BadFrame):
        SessionJob.read(metadata)
