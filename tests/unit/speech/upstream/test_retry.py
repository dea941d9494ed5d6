"""Whether, and when, a request is tried again."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.speech.upstream.retry import RetryRules, retry_after_s

NOW = datetime(2026, 9, 30, 12, 0, tzinfo=UTC)
RULES = RetryRules(attempts=4, first_wait_s=0.5, longest_wait_s=1.5, jitter=0.2)


def test_waits_double_up_to_a_bound_and_then_it_gives_up() -> None:
    waits = [RULES.wait_s(attempt, retry_after_s=None, chance=0.0) for attempt in (1, 2, 3, 4)]
    assert waits == [0.5, 1.0, 1.5, None]


def test_chance_only_shortens() -> None:
    assert RULES.wait_s(1, retry_after_s=None, chance=1.0) == pytest.approx(0.4)


def test_the_server_s_word_goes_first_when_it_is_short() -> None:
    assert RULES.wait_s(1, retry_after_s=1.2, chance=0.5) == 1.2
    assert RULES.wait_s(1, retry_after_s=0.0, chance=0.5) == 0.0
    assert RULES.wait_s(1, retry_after_s=30.0, chance=0.5) is None
    assert RULES.wait_s(4, retry_after_s=0.1, chance=0.5) is None


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "250", "retry-after": "7"}, 0.25),
        ({"retry-after": "Wed, 30 Sep 2026 12:00:09 GMT"}, 9.0),
        ({"retry-after": "Wed, 30 Sep 2026 11:00:00 GMT"}, 0.0),
        ({"retry-after": "Wed, 30 Sep 2026 12:00:09 -0000"}, 9.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "nan"}, None),
    ],
)
def test_what_a_server_asks_for(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_s(headers, now=NOW) == seconds


@given(st.text())
def test_no_header_breaks_it(value: str) -> None:
    seconds = retry_after_s({"retry-after": value}, now=NOW)
    assert seconds is None or seconds >= 0
