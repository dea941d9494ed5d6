"""What stands around a place in a text: the words on both sides, on which the sound of a number may hang."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_BEFORE: Final = re.compile(r"([^\W\d_]+)['’.]?[^\S\n]*$")
_AFTER: Final = re.compile(r"[^\S\n]*-?([^\W\d_]+)")
_REACH: Final = 60
"""Characters looked at on each side."""


@dataclass(frozen=True, slots=True)
class Said:
    """A stretch [start, end) of a text, and the words for it; none where it is decoration."""

    start: int
    end: int
    spoken: str


def word_before(text: str, at: int) -> str:
    """The word that ends just before `at`, as written; empty where there is none or a mark lies between."""
    match = _BEFORE.search(text[max(0, at - _REACH) : at])
    return match.group(1) if match else ""


def words_before(text: str, at: int, count: int = 2) -> list[str]:
    """Up to `count` words before `at` in lower case, the nearest first; commas between them do not matter."""
    words = re.findall(r"[^\W\d_]+", text[max(0, at - _REACH) : at])
    return [word.lower() for word in reversed(words[-count:])]


def word_after(text: str, at: int) -> str:
    """The word that begins just after `at`, as written; empty where there is none or a mark lies between."""
    match = _AFTER.match(text[at : at + _REACH])
    return match.group(1) if match else ""


def ends_sentence(text: str, at: int) -> bool:
    """Whether what follows `at` looks like the end of a sentence: nothing, a new line, or a capital."""
    rest = text[at : at + _REACH]
    bare = rest.lstrip(" \t\u00a0\"'”’»)")
    return not bare or bare[0] == "\n" or (rest[:1].isspace() and bare[0].isupper())
