"""Nothing that opens a door, and nothing a participant said, reaches a log."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from vivavoce.telemetry.redaction import REDACTED, redact, redact_entry, redact_text

TOKENS = st.text(st.sampled_from("abcXYZ019_-"), min_size=20, max_size=64)


@pytest.mark.parametrize(
    "key",
    ["token", "session_token", "Authorization", "api_key", "apikey", "db_password", "passwd", "Set-Cookie",
     "client_secret", "credential", "database_url", "invitation", "user_transcript", "heard_text", "utterance"],
)  # fmt: skip
def test_fields_with_secret_names_are_gone(key: str) -> None:
    assert redact_entry(key, "hunter2") == REDACTED
    assert redact({"outer": [{key: ["hunter2"]}]}) == {"outer": [{key: REDACTED}]}


@pytest.mark.parametrize(
    ("key", "value"),
    [("prompt_tokens", 12), ("token_valid", True), ("token", None), ("invitation_id", "inv-1")],
)
def test_counts_flags_and_ids_stay(key: str, value: object) -> None:
    assert redact_entry(key, value) == value


@given(TOKENS, st.sampled_from(["/i/", "/api/v1/invitations/", "http://host:1/i/", "Bearer ", "bearer."]))
def test_tokens_are_cut_out_of_any_text(token: str, before: str) -> None:
    cleaned = redact_text(f"GET {before}{token} HTTP/1.1 -> 200")
    assert token not in cleaned
    assert cleaned.startswith("GET ") and cleaned.endswith(" HTTP/1.1 -> 200")


@given(TOKENS)
def test_what_follows_an_invitation_in_the_path_stays(token: str) -> None:
    assert redact_text(f"/api/v1/invitations/{token}/consent") == f"/api/v1/invitations/{REDACTED}/consent"


def test_passwords_in_urls_and_session_tokens_are_cut_out() -> None:
    assert redact_text("at postgresql://me:pw@db/x") == f"at postgresql://{REDACTED}@db/x"
    assert redact_text("got vv1.eyJhIjoxfQ.c2ln!") == f"got {REDACTED}!"


def test_ordinary_text_is_left_alone() -> None:
    text = "session 3f2a ended: finished after 182.4 s, see docs/architecture.md and https://host/path"
    assert redact_text(text) == text


def test_other_objects_become_clean_strings() -> None:
    assert redact(Path("/i/abcdef")) == f"/i/{REDACTED}"
    assert "hunter2" not in str(redact([SecretStr("hunter2")]))
    assert redact(ValueError("Bearer abc.def")) == f"Bearer {REDACTED}"
    assert redact(b"sound") == "<5 bytes>"


def test_nesting_without_end_is_cut_off() -> None:
    loop: dict[str, object] = {}
    loop["self"] = loop
    assert "…" in str(redact(loop))
