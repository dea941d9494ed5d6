"""Signs that stand alone or between words."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from vivavoce.speech.saying.context import Said, word_after
from vivavoce.speech.saying.idiom import Idiom

_DROPPED: Final = frozenset("[]{}<>^~`´¨_*|\\©®™‰℅#°¬")
"""Said by nobody, where nothing else has read them."""

_NUMBER_SIGN: Final = re.compile(r"#[ ]?(?=\d)|№[ ]?(?=\d)")
_SECTION: Final = re.compile(r"§{1,2}")


def sign(text: str, at: int, idiom: Idiom) -> Said | None:
    """A sign at this place; None where it is punctuation and stays."""
    words = idiom.words
    char = text[at]
    before, after = text[at - 1 : at] if at else "", text[at + 1 : at + 2]
    if match := _NUMBER_SIGN.match(text, at):
        return Said(at, match.end(), words.number)
    if match := _SECTION.match(text, at):
        return Said(at, match.end(), words.section if len(match.group()) == 1 else words.sections)
    if char == "|":
        return Said(
            at, at + 1, "," if text[:at].rstrip(" |")[-1:].isalnum() and text[at + 1 :].strip(" |\n") else ""
        )
    if char == "/":
        return Said(at, at + 1, _slash(text, at, before, after, words.slash))
    if char in "+=×÷" and not _between(before, after):
        return Said(at, at + 1, "")
    spoken = {
        "&": idiom.joined(word_after(text, at + 1)),
        "+": words.plus,
        "=": words.equals,
        "%": words.percent,
        "‰": words.permille,
        "@": words.at,
        "§": words.section,
        "×": words.times,
        "÷": words.divided,
        "≠": words.unequal,
        "≈": words.about,
        "≤": words.at_most,
        "≥": words.at_least,
        "±": words.plus_minus,
        "−": words.minus,
        "*": words.times if before.isdigit() or (before == " " and after == " ") else "",
        "<": words.less if before == " " and after == " " else "",
        ">": words.more if before == " " and after == " " else "",
    }.get(char)
    if spoken is not None:
        return Said(at, at + 1, spoken)
    return decoration(text, at, idiom)


def decoration(text: str, at: int, idiom: Idiom) -> Said | None:
    """A sign that nobody says, where nothing else has read it."""
    char = text[at]
    dropped = char in _DROPPED or unicodedata.category(char) in ("Sm", "So", "Sk", "Sc")
    return Said(at, at + 1, "") if dropped else None


def superscript(text: str, at: int, idiom: Idiom) -> Said | None:
    """A small figure after a letter: "x²"; after a word it is the number of a note, and is not said."""
    figure = _SMALL.get(text[at])
    if figure is None:
        return None
    if not at or not text[at - 1].isalpha() or text[at - 2 : at - 1].isalpha():
        return Said(at, at + 1, "")
    power = {"²": idiom.words.squared, "³": idiom.words.cubed}.get(text[at])
    return Said(at, at + 1, power or idiom.cardinal(figure))


_SMALL: Final = {char: figure for row in ("⁰¹²³⁴⁵⁶⁷⁸⁹", "₀₁₂₃₄₅₆₇₈₉") for figure, char in enumerate(row)}


def letter(text: str, at: int, idiom: Idiom) -> Said | None:
    """Letters that are signs: an "x" between measures, a Greek one, capitals that engines cannot spell."""
    if text[at] == "x" and _MEASURES.match(text, max(0, at - 2)):
        return Said(at, at + 1, idiom.words.by)
    run = _CAPITALS.match(text, at)
    if run and len(idiom.words.letters) > 1 and not set(run.group()) & _VOWELS:
        return Said(at, run.end(), idiom.spelt(run.group()))
    if not "\u0370" <= text[at] <= "\u03ff" or text[at + 1 : at + 2].isalpha():
        return None
    name = unicodedata.name(text[at], "").split()
    return Said(at, at + 1, name[-1].lower()) if name[:1] == ["GREEK"] and "LETTER" in name else None


_MEASURES: Final = re.compile(r"[\w.²³] x \d")
_CAPITALS: Final = re.compile(r"[A-Z]{2,6}(?![^\W_]|[-'’]\w)")
_VOWELS: Final = frozenset("AEIOUY")


def _between(before: str, after: str) -> bool:
    """Whether a sign joins what is on both sides."""
    return bool(before) and bool(after) and (before.isspace() == after.isspace() or before.isalnum())


def _slash(text: str, at: int, before: str, after: str, slash: str) -> str:
    """ "and/or" is said without it, and so are joined capitals: "TCP/IP"."""
    if not before.isalnum() or not after.isalnum():
        return "," if before.isspace() and after.isspace() else ""
    left = re.search(r"\w+$", text[max(0, at - 40) : at])
    right = re.match(r"\w+", text[at + 1 : at + 41])
    assert left is not None and right is not None
    pair = (left.group().lower(), right.group().lower())
    joined = left.group().isupper() and right.group().isupper()
    return "" if joined or pair in _AND_OR else slash


_AND_OR: Final = frozenset(
    {("and", "or"), ("und", "oder"), ("et", "ou"), ("y", "o"), ("e", "o"), ("e", "ou"), ("en", "of")}
)
