"""Which way of saying things a language tag asks for."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from babel.core import Locale, UnknownLocaleError
from num2words import CONVERTER_CLASSES

from vivavoce.speech.saying.dutch import Dutch
from vivavoce.speech.saying.english import English
from vivavoce.speech.saying.french import French
from vivavoce.speech.saying.german import German
from vivavoce.speech.saying.idiom import Idiom
from vivavoce.speech.saying.italian import Italian
from vivavoce.speech.saying.portuguese import Portuguese
from vivavoce.speech.saying.spanish import Spanish

_IDIOMS: Final[Mapping[str, type[Idiom]]] = {
    "en": English,
    "de": German,
    "fr": French,
    "es": Spanish,
    "it": Italian,
    "pt": Portuguese,
    "nl": Dutch,
}


_BROKEN: Final = frozenset({"am"})
"""num2words 0.5.14 fails on 9999 in Amharic, and never returns from 9999999."""


@lru_cache(maxsize=64)
def idiom_of(language: str) -> Idiom:
    """How a language says things.

    Args:
        language: a BCP 47 tag; one of a language that nobody here knows is answered with one that changes no figures.
    """
    parts = language.replace("_", "-").split("-")
    code = parts[0].lower()
    region = next((part.upper() for part in parts[1:] if len(part) == 2), "")
    known = CONVERTER_CLASSES.keys() - _BROKEN
    numbers = next((name for name in (f"{code}_{region}", code) if name in known), None)
    # num2words' American countries differ from its Spanish in the names of currencies alone, which are ours.
    if code == "es":
        numbers = "es"
    if not _known(code):
        code = "en"
        return Idiom(code, "", numbers)
    return _IDIOMS.get(code, Idiom)(code, region, numbers)


def _known(code: str) -> bool:
    try:
        Locale.parse(code)
    except (UnknownLocaleError, ValueError):
        return False
    return True
