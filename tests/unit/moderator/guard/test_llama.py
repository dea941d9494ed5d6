"""The verdict of Llama Guard 3, read to the letter."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.moderator.guard.llama import read_verdict
from vivavoce.protocol.guard import HAZARDS


@pytest.mark.parametrize("text", ["safe", "\n\nsafe", "safe\n", " safe "])
def test_safe(text: str) -> None:
    assert read_verdict(text) == ()


@given(st.lists(st.sampled_from(list(HAZARDS)), min_size=1), st.sampled_from([",", ", ", " ,"]))
def test_hazards_come_out_as_they_went_in(hazards: list[str], between: str) -> None:
    assert read_verdict("\n\nunsafe\n" + between.join(hazards)) == tuple(dict.fromkeys(hazards))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Safe",
        "SAFE",
        "safe.",
        "safe safe",
        "safe\nS1",
        "unsafe",
        "unsafe S1",
        "unsafe\n",
        "unsafe\nS0",
        "unsafe\nS14",
        "unsafe\nS1 S2",
        "unsafe\nS1,",
        "unsafe\ns1",
        "unsafe\nS1\nsafe",
        "not safe",
        "The reply is safe",
        "safe\0",
        "unsafe\nS١",
    ],
)
def test_anything_else_is_no_verdict(text: str) -> None:
    with pytest.raises(ValueError):
        read_verdict(text)


@given(st.text() | st.text(alphabet="unsafe \nS123,"))
def test_nothing_is_safe_but_safe(text: str) -> None:
    try:
        hazards = read_verdict(text)
    except ValueError:
        return
    assert hazards or re.fullmatch(r"\s*safe\s*", text)
