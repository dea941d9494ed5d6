"""Figures and signs as words, for languages whose pronunciation works on letters only."""

from __future__ import annotations

import re
from typing import Final, Literal

from num2words import num2words

_NUMBER: Final = re.compile(r"\d+(?:[.,]\d+)*")
_SIGNS: Final = {
    "es": {
        "%": "por ciento",
        "€": "euros",
        "$": "dólares",
        "&": "y",
        "+": "más",
        "=": "igual a",
        "@": "arroba",
    },
    "fr": {
        "%": "pour cent",
        "€": "euros",
        "$": "dollars",
        "&": "et",
        "+": "plus",
        "=": "égale",
        "@": "arobase",
    },
}

LONGEST = 15
"""Digits: a longer number is an identifier, and is said digit by digit."""


def spelt_out(text: str, language: Literal["es", "fr"]) -> str:
    """A text with its numbers and signs as words."""
    for sign, words in _SIGNS[language].items():
        text = text.replace(sign, f" {words} ")
    return _NUMBER.sub(lambda match: f" {_number(match.group(), language)} ", text)


def _number(figures: str, language: str) -> str:
    # Both languages write 1.234,5 or 1 234,5: a comma before one or two last digits is decimal, so is a lone point.
    whole, _, part = figures.replace(",", ".").rpartition(".")
    decimal = bool(whole) and len(part) != 3
    digits = "".join(letter for letter in (whole if decimal else figures) if letter.isdigit())
    if len(digits) > LONGEST or (len(digits) > 1 and digits.startswith("0")):
        said = " ".join(num2words(int(digit), lang=language) for digit in digits)
    else:
        said = num2words(int(digits), lang=language)
    if not decimal:
        return said
    return f"{said} {'coma' if language == 'es' else 'virgule'} " + " ".join(
        num2words(int(digit), lang=language) for digit in part
    )
