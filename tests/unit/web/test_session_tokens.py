"""Session tokens: what is ours is known again, and nothing else is."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.web.errors import TokenExpired, TokenInvalid
from vivavoce.web.tokens import LIFETIME, MAX_CHARS, mint, verify

KEY = bytes(range(32))
NOW = datetime(2030, 1, 1, 9, 0, tzinfo=UTC)
SUBPROTOCOL_CHARACTERS = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~")


def _mint(session_id: str = "s-1", *, key: bytes = KEY, nonce: str = "n") -> str:
    return mint(key, session_id=session_id, now=NOW, nonce=nonce).text


def _signed(claims: object) -> str:
    encoded = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    text = f"vv1.{encoded}"
    signature = base64.urlsafe_b64encode(hmac.new(KEY, text.encode(), hashlib.sha256).digest())
    return f"{text}.{signature.rstrip(b'=').decode()}"


def test_a_token_holds_for_its_session_and_lifetime() -> None:
    token = mint(KEY, session_id="s-1", now=NOW, nonce="n")
    assert token.expires_at == NOW + LIFETIME
    almost = token.expires_at - timedelta(microseconds=1)
    assert verify(KEY, token.text, session_id="s-1", now=almost).s == "s-1"
    with pytest.raises(TokenExpired):
        verify(KEY, token.text, session_id="s-1", now=token.expires_at)


def test_another_session_or_another_key_is_refused() -> None:
    with pytest.raises(TokenInvalid):
        verify(KEY, _mint("s-1"), session_id="s-2", now=NOW)
    with pytest.raises(TokenInvalid):
        verify(KEY, _mint(key=bytes(32)), session_id="s-1", now=NOW)


def test_an_expired_token_of_another_session_says_nothing_of_its_expiry() -> None:
    with pytest.raises(TokenInvalid):
        verify(KEY, _mint("s-1"), session_id="s-2", now=NOW + timedelta(days=1))


@given(st.text(max_size=200), st.text(max_size=32))
def test_any_session_id_makes_the_journey_in_characters_a_subprotocol_may_have(
    session: str, nonce: str
) -> None:
    session = "".join(c for c in session if c.isprintable()) or "s"
    text = _mint(session, nonce=nonce.encode("ascii", "ignore").decode())
    assert set(text) <= SUBPROTOCOL_CHARACTERS
    if len(text) <= MAX_CHARS:
        assert verify(KEY, text, session_id=session, now=NOW).s == session


@given(st.one_of(st.text(max_size=300), st.binary(max_size=200).map(lambda b: b.decode("latin-1"))))
def test_garbage_is_refused(text: str) -> None:
    for candidate in (text, f"vv1.{text}", f"vv1.{text}.{text}", f"{_mint()}{text or '.'}"):
        with pytest.raises(TokenInvalid):
            verify(KEY, candidate, session_id="s-1", now=NOW)


@given(st.data())
def test_changing_any_one_character_breaks_it(data: st.DataObject) -> None:
    text = _mint()
    place = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.characters(codec="utf-8").filter(lambda c: c != text[place]))
    with pytest.raises(TokenInvalid):
        verify(KEY, text[:place] + other + text[place + 1 :], session_id="s-1", now=NOW)


@pytest.mark.parametrize(
    "claims",
    [
        [],
        {"s": "s-1", "e": 4_000_000_000},
        {"s": "s-1", "e": "4000000000", "n": ""},
        {"s": "s-1", "e": 4_000_000_000.5, "n": ""},
        {"s": "s-1", "e": True, "n": ""},
        {"s": "s-1", "e": -1, "n": ""},
        {"s": "s-1", "e": 4_000_000_000, "n": "", "more": 1},
    ],
)
def test_claims_of_another_shape_are_refused_even_with_our_signature(claims: object) -> None:
    with pytest.raises(TokenInvalid):
        verify(KEY, _signed(claims), session_id="s-1", now=NOW)
    assert verify(KEY, _signed({"s": "s-1", "e": 4_000_000_000, "n": ""}), session_id="s-1", now=NOW)


def test_neither_error_nor_repr_shows_the_token() -> None:
    token = mint(KEY, session_id="s-1", now=NOW, nonce="n")
    assert token.text not in repr(token)
    with pytest.raises(TokenInvalid) as caught:
        verify(KEY, token.text, session_id="s-2", now=NOW)
    assert token.text not in str(caught.value)
