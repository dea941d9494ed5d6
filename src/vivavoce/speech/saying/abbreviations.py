"""Abbreviations in full."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from vivavoce.speech.saying.context import Said, ends_sentence, word_before
from vivavoce.speech.saying.idiom import Idiom

_NAME_FOLLOWS: Final = re.compile(r"[ \u00a0\u202f]?[^\W\d_]")
_NUMBER_FOLLOWS: Final = re.compile(r"[ \u00a0\u202f]?\d")
_STREET: Final = re.compile(r"([A-ZÄÖÜ][a-zäöüß]{1,40})str\.")
_NUMBER_PRECEDES: Final = re.compile(r"\d[ \u00a0\u202f]?(?:[A-Z]\w+ )?$")


def abbreviation(text: str, at: int, idiom: Idiom) -> Said | None:
    """An abbreviation that begins here."""
    short = idiom.abbreviations
    if idiom.code == "de" and (street := _STREET.match(text, at)):
        return Said(at, street.end(), f"{street[1]}straße")
    match = _pattern(type(idiom)).match(text, at)
    if match is None:
        return None
    end = match.end()
    written = _key(match.group(), type(idiom))
    if (spoken := short.before_number.get(written)) and _NUMBER_FOLLOWS.match(text, end):
        return Said(at, end, spoken)
    following = _NAME_FOLLOWS.match(text, end)
    if (spoken := short.before_name.get(written)) and following and following.group()[-1].isupper():
        return Said(at, end, spoken)
    spoken = short.after_name.get(written)
    if spoken and word_before(text, at)[:1].isupper() and not (following and following.group()[-1].isupper()):
        return Said(at, end, spoken + _stop(text, end, written))
    if (spoken := short.after_number.get(written)) and _NUMBER_PRECEDES.search(text[max(0, at - 40) : at]):
        return Said(at, end, spoken + _stop(text, end, written))
    if spoken := short.always.get(written):
        last = written in short.ending and ends_sentence(text, end)
        return Said(at, end, spoken + ("." if last and written.endswith(".") else ""))
    return None


_LONGEST_FORM: Final = 16
"""Characters back from its full stop in which an abbreviation begins."""

_BEGINS: Final = re.compile(r"(?<!\w)\w")


def abbreviated(text: str, end: int, idiom: Idiom) -> bool:
    """Whether the full stop before `end` belongs to an abbreviation, and ends no sentence.

    What follows in the text is looked at, as far as it is there.
    """
    for begin in _BEGINS.finditer(text, max(0, end - _LONGEST_FORM), end):
        said = abbreviation(text, begin.start(), idiom)
        if said is not None and said.end >= end:
            return said.end > end or not said.spoken.endswith(".")
    return False


def _stop(text: str, end: int, written: str) -> str:
    return "." if written.endswith(".") and ends_sentence(text, end) else ""


def _keys(idiom: type[Idiom]) -> list[str]:
    short = idiom.abbreviations
    return [*short.always, *short.before_name, *short.after_name, *short.before_number, *short.after_number]


@lru_cache(maxsize=32)
def _forms(idiom: type[Idiom]) -> dict[str, str]:
    """As it may be written, without spaces → the table's key."""
    forms: dict[str, str] = {}
    for key in _keys(idiom):
        bare = key.replace(" ", "")
        forms.setdefault(bare, key)
        forms.setdefault(bare[0].upper() + bare[1:], key)
    return forms


def _key(written: str, idiom: type[Idiom]) -> str:
    bare = "".join(written.split())
    return _forms(idiom).get(bare, written)


@lru_cache(maxsize=32)
def _pattern(idiom: type[Idiom]) -> re.Pattern[str]:
    parts: list[str] = []
    for key in sorted(set(_keys(idiom)), key=len, reverse=True):
        first, rest = key[0], key[1:]
        letters = f"[{re.escape(first)}{re.escape(first.upper())}]" if first.islower() else re.escape(first)
        parts.append(letters + r"[ \u00a0\u202f]?".join(re.escape(piece) for piece in rest.split(" ")))
    if not parts:
        return re.compile(r"(?!)")
    # A full stop ends an abbreviation, and needs no space behind it: "No.5".
    return re.compile(rf"(?:{'|'.join(parts)})(?:(?<=[.°º])(?![^\W\d_])|(?!\w))")
