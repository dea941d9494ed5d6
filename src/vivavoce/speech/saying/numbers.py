"""Numbers as they are written, by what their marks can mean, and as they are said."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

from vivavoce.speech.saying.idiom import LONGEST, Gender, Idiom

THIN: Final = "\u00a0\u202f\u2009"
"""Spaces that part thousands."""

SPACE: Final = f"[ {THIN}]"

_REST: Final = r"(?!\d)(?:[.,]\d+)?|\d+(?:[.,]\d+){0,12}|(?<![\d.])[.,]\d+"
_PLAIN: Final = re.compile(rf"\d{{1,3}}(?:(?:[{THIN}'’]\d{{3}}| 000)+|(?: \d{{3}}){{2,}}){_REST}")
_SPACED: Final = re.compile(rf"\d{{1,3}}(?:[ {THIN}'’]\d{{3}})+{_REST}")
_NO_CENTS: Final = re.compile(r",[-–—]{1,2}(?!\d)")
""" "3,-": no hundredths."""

_APOSTROPHE: Final = re.compile(r"(\d+)['’](\d{1,2})(?![\d'’])")
_FRACTION: Final = re.compile(r"(\d{1,4})[/⁄](\d{1,4})(?![\w/]|[.,]\d)")
_MIXED: Final = re.compile(rf"{SPACE}(\d{{1,2}})[/⁄](\d{{1,3}})(?![\w/]|[.,]\d)")
_VULGAR: Final = {
    "½": (1, 2), "⅓": (1, 3), "⅔": (2, 3), "¼": (1, 4), "¾": (3, 4), "⅕": (1, 5), "⅖": (2, 5), "⅗": (3, 5), "⅘": (4, 5),
    "⅙": (1, 6), "⅚": (5, 6), "⅐": (1, 7), "⅛": (1, 8), "⅜": (3, 8), "⅝": (5, 8), "⅞": (7, 8),
    "⅑": (1, 9), "⅒": (1, 10),
}  # fmt: skip

_LONGEST_GROUPED: Final = 18
"""Figures of a number with marks between its thousands: a longer one has no name that people know."""


@dataclass(frozen=True, slots=True)
class Number:
    """A number as written.

    Attributes:
        end: where it ends in the text.
        whole: its figures before the decimal sign, without what groups them.
        part: those after it.
        sign: the decimal sign as written.
        fraction: above and below the line, for "1/2" and "2 ½".
        grouped: whether marks or spaces grouped its thousands.
    """

    end: int
    whole: str
    part: str = ""
    sign: str = ""
    fraction: tuple[int, int] | None = None
    grouped: bool = False

    @property
    def value(self) -> float:
        """About how much it is."""
        above, below = self.fraction or (0, 1)
        return float(f"{self.whole[:_LONGEST_GROUPED] or 0}.{self.part or 0}") + above / below

    @property
    def is_whole(self) -> bool:
        """Nothing but figures, and so few that they count something."""
        return bool(self.whole) and not self.part and self.fraction is None and len(self.whole) <= LONGEST

    @property
    def is_one(self) -> bool:
        """Exactly one."""
        return self.whole == "1" and not self.part and self.fraction is None


def number_at(text: str, at: int, idiom: Idiom) -> Number | None:
    """The number written at a place; None where there is none, or its marks mean no one number."""
    if at >= len(text):
        return None
    if (vulgar := _VULGAR.get(text[at])) is not None:
        return Number(at + 1, "", fraction=vulgar)
    if match := _FRACTION.match(text, at):
        above, below = int(match.group(1)), int(match.group(2))
        return Number(match.end(), "", fraction=(above, below)) if is_fraction(above, below) else None
    if idiom.code == "es" and (match := _APOSTROPHE.match(text, at)):
        return Number(match.end(), match[1], match[2], ",")
    match = (_SPACED if idiom.space_groups else _PLAIN).match(text, at)
    number = None if match is None else _parsed(match.group(), match.end(), idiom.decimal_sign)
    if number is None or number.part:
        return number
    if match := _NO_CENTS.match(text, number.end):
        return replace(number, end=match.end())
    return _with_fraction(text, number) or number


def _with_fraction(text: str, number: Number) -> Number | None:
    """A whole number and the fraction after it: "2½", "2 1/2"."""
    end = number.end + 1 if text[number.end : number.end + 1] in (" ", *THIN) else number.end
    if (vulgar := _VULGAR.get(text[end : end + 1])) is not None:
        return Number(end + 1, number.whole, fraction=vulgar)
    if match := _MIXED.match(text, number.end):
        above, below = int(match.group(1)), int(match.group(2))
        if above < below and is_fraction(above, below):
            return Number(match.end(), number.whole, fraction=(above, below))
    return None


def slashed(text: str, at: int) -> tuple[str, str, int] | None:
    """Two figures with a stroke between them that are no fraction, and where they end."""
    match = _FRACTION.match(text, at)
    if match is None or is_fraction(int(match.group(1)), int(match.group(2))):
        return None
    return match.group(1), match.group(2), match.end()


def is_fraction(above: int, below: int) -> bool:
    """Whether two figures look like a fraction; of 10, 20 or 100 they are points."""
    return above > 0 and 2 <= below <= 16 and below != 10 and (above < below or below <= 4)


def _parsed(written: str, end: int, decimal: str) -> Number | None:
    bare = re.sub(rf"[ {THIN}'’]", "", written)
    spaced = bare != written
    marks = [mark for mark in bare if mark in ".,"]
    if not marks:
        return Number(end, bare, grouped=spaced)
    first, *groups = re.split(r"[.,]", bare)
    last = marks[-1]
    thousands = len(first) <= 3 and first not in ("", "0")
    if len(set(marks)) == 1 and not spaced:
        if thousands and all(len(group) == 3 for group in groups) and (len(marks) > 1 or last != decimal):
            return Number(end, first + "".join(groups), grouped=True)
        return Number(end, first, groups[0], last) if len(marks) == 1 else None
    *groups, part = groups
    if marks.count(last) == 1 and (spaced or (thousands and all(len(group) == 3 for group in groups))):
        return Number(end, first + "".join(groups), part, last, grouped=True)
    return None


def said(number: Number, idiom: Idiom, gender: Gender = "", after: str = "") -> str:
    """A number in words.

    Args:
        number: as written.
        idiom: the language's.
        gender: of what it counts, where that is known.
        after: the word after it, where it is not.
    """
    if number.fraction is not None:
        whole = int(number.whole or 0)
        return (
            idiom.mixed_of(whole, *number.fraction, gender, after)
            if whole
            else idiom.fraction_of(*number.fraction, gender, after)
        )
    if number.part:
        whole_said = idiom.whole(number.whole) if number.whole else idiom.cardinal(0)
        mark = idiom.words.comma if number.sign == "," else idiom.words.point
        return f"{whole_said} {mark} {idiom.part(number.part)}"
    if number.grouped and len(number.whole) <= _LONGEST_GROUPED:
        return idiom.cardinal(int(number.whole), gender or idiom.counted_gender(after))
    return idiom.whole(number.whole, gender) if gender else idiom.bare(number.whole, after)


@dataclass(frozen=True, slots=True)
class Amount:
    """A number, or two that are a range; `attributive` where it describes a noun."""

    number: Number
    last: Number | None = None
    attributive: bool = False

    @property
    def counted(self) -> Number:
        """The one next to what is counted."""
        return self.last or self.number

    @property
    def end(self) -> int:
        """Where it ends in the text."""
        return self.counted.end

    def said(self, idiom: Idiom, gender: Gender = "", after: str = "") -> str:
        """In words; takes what `said` does."""
        if self.last is None:
            return said(self.number, idiom, gender, after)
        # A score falls: "3-1".
        rising = self.last.value >= self.number.value or len(self.number.whole) > 2
        joint = idiom.words.to if rising else idiom.words.versus
        first = said(self.number, idiom, idiom.apart(gender))
        return f"{first} {joint} {said(self.last, idiom, gender, after)}"

    def is_singular(self, idiom: Idiom) -> bool:
        """Whether what is counted is in the singular."""
        number = self.counted
        if self.attributive:
            return True
        if number.fraction is not None:
            return not number.whole
        return number.is_one or not idiom.plural(int(number.whole[:LONGEST] or 0), decimal=bool(number.part))
