"""Which way of saying things a language tag asks for."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from babel.core import Locale, UnknownLocaleError
from num2words import CONVERTER_CLASSES

from vivavoce.speech.saying.english import English
from vivavoce.speech.saying.french import French
from vivavoce.speech.saying.german import German
from vivavoce.speech.saying.idiom import Idiom
from vivavoce.speech.saying.others import Dutch, Italian, Portuguese
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


@lru_cache(maxsize=64)
def idiom_of(language: str) -> Idiom:
    """How a language says things.

    Args:
        language: a BCP 47 tag; one of a language that nobody here knows is answered with one that changes no figures.
    """
    parts = language.replace("_", "-").split("-")
    code = parts[0].lower()
    region = next((part.upper() for part in parts[1:] if len(part) == 2), "")
    numbers = next((name for name in (f"{code}_{region}", code) if name in CONVERTER_CLASSES), None)
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
