"""What the page may say."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.session.errors import BadFrame
from vivavoce.transport.messages import MAX_TEXT_BYTES, Leave, Mute, Oversize, PageMessage, Ping, dump, parse


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"type":"mute","muted":true}', Mute(muted=True)),
        (b'{"type":"leave","because":"a newer page says more"}', Leave()),
        ('{"n": 7, "type": "ping"}', Ping(n=7)),
    ],
)
def test_what_the_page_says_is_understood(text: str | bytes, message: PageMessage) -> None:
    assert parse(text) == message


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "null",
        "[]",
        '"leave"',
        "{}",
        '{"type":"sing"}',
        '{"type":"mute"}',
        '{"type":"mute","muted":"yes"}',
        '{"type":"ping","n":-1}',
        '{"type":"ping","n":1e400}',
        b"\xff\xfe\x00",
        "\x00",
        "[" * 10_000,
        "\ud800",
    ],
)
def test_what_is_no_message_is_a_bad_frame(text: str | bytes) -> None:
    with pytest.raises(BadFrame):
        parse(text)


def test_a_message_that_is_too_long_is_not_even_read() -> None:
    with pytest.raises(Oversize, match=str(MAX_TEXT_BYTES)):
        parse('{"type":"leave","x":"' + "é" * (MAX_TEXT_BYTES // 2) + '"}')


@given(
    st.text() | st.binary() | st.recursive(st.none() | st.booleans() | st.text(), st.lists).map(json.dumps)
)
def test_nothing_else_ever_comes_out_of_the_parser(text: str | bytes) -> None:
    try:
        assert isinstance(parse(text), Mute | Leave | Ping)
    except BadFrame:
        pass


def test_a_message_to_the_page_needs_a_type() -> None:
    assert json.loads(dump({"type": "caption", "text": "¿Cómo está?"})) == {
        "type": "caption",
        "text": "¿Cómo está?",
    }
    with pytest.raises(ValueError, match="type"):
        dump({"text": "hello"})
