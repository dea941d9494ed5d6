"""What in a plain text is no plain word, and what is said for it: the readers, in the order in which they are asked."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Final

from vivavoce.speech.saying.abbreviations import abbreviation
from vivavoce.speech.saying.addresses import address
from vivavoce.speech.saying.calendar import date, month, time
from vivavoce.speech.saying.codes import code, leftover, mixed
from vivavoce.speech.saying.context import Said
from vivavoce.speech.saying.idiom import Idiom
from vivavoce.speech.saying.quantities import bare_number, quantity, sign_of_money
from vivavoce.speech.saying.roman import roman
from vivavoce.speech.saying.signs import decoration, letter, sign, superscript

Reader = Callable[[str, int, Idiom], Said | None]

_AT_LETTERS: Final[tuple[Reader, ...]] = (address, abbreviation, month, roman, code, quantity, mixed, letter)
_AT_FIGURES: Final[tuple[Reader, ...]] = (address, date, time, code, quantity, mixed, leftover)
_AT_SIGNS: Final[tuple[Reader, ...]] = (superscript, address, code, quantity, sign_of_money, sign)
_OF_FEW_WORDS: Final[tuple[Reader, ...]] = (bare_number, decoration)
"""For languages of which nothing but numbers is known."""


def read(text: str, idiom: Idiom) -> list[Said]:
    """All stretches of a text for which something else is said, in order and apart."""
    found: list[Said] = []
    at = 0
    while at < len(text):
        char = text[at]
        if char.isspace():
            at += 1
            continue
        said = next(
            (one for reader in _readers(char, idiom) if (one := reader(text, at, idiom)) and one.end > at),
            None,
        )
        if said is not None:
            found.append(Said(at, said.end, _in_letters(said.spoken, idiom)))
            at = said.end
            continue
        at += 1
        if char.isalpha():
            while at < len(text) and (text[at].isalpha() or unicodedata.combining(text[at])):
                at += 1
    return found


def _in_letters(spoken: str, idiom: Idiom) -> str:
    """What is said, without small figures that stood inside a word or an address."""
    if not any(char.isdigit() for char in spoken):
        return spoken
    return "".join(
        f" {idiom.cardinal(unicodedata.digit(char))} " if char.isdigit() else char for char in spoken
    )


def _readers(char: str, idiom: Idiom) -> tuple[Reader, ...]:
    if not idiom.full:
        return _OF_FEW_WORDS
    if char.isdecimal():
        return _AT_FIGURES
    if char.isalpha():
        return _AT_LETTERS
    return _AT_SIGNS
