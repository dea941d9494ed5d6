"""A language's way of saying things: its numbers by num2words, its names by Babel, and how the two are put together.

`Idiom` says what most languages have in common; a language that we say well is a class of its own beside this module.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar, Final, Literal

from babel.core import Locale, UnknownLocaleError
from num2words import num2words

Gender = Literal["", "m", "f", "n"]
"""Of what is counted; empty where nothing is, as in "eins, zwei, drei"."""

LONGEST = 15
"""Digits: a longer number is an identifier, and is said digit by digit."""


@dataclass(frozen=True, slots=True)
class Words:
    """What a language says for signs; nothing where it is empty.

    Attributes:
        point, comma: inside a number.
        to: of a range; `versus` of a score.
        per: of a rate, "5 € per month".
        out_of: of points, "8/10".
        by: of measures, "3 m x 4 m".
        at, dot, slash, dash, underscore: inside an address.
        letters: names of single letters, where engines would take one for a word or know no names.
    """

    minus: str = ""
    plus: str = ""
    point: str = ""
    comma: str = ""
    to: str = ""
    versus: str = ""
    per: str = ""
    out_of: str = ""
    by: str = ""
    version: str = ""
    percent: str = ""
    permille: str = ""
    at: str = ""
    dot: str = ""
    slash: str = ""
    dash: str = ""
    underscore: str = ""
    and_: str = ""
    equals: str = ""
    times: str = ""
    divided: str = ""
    number: str = ""
    numbers: str = ""
    hashtag: str = ""
    hash: str = ""
    section: str = ""
    sections: str = ""
    degree: str = ""
    degrees: str = ""
    about: str = ""
    less: str = ""
    more: str = ""
    at_most: str = ""
    at_least: str = ""
    unequal: str = ""
    plus_minus: str = ""
    power: str = ""
    squared: str = ""
    cubed: str = ""
    feet: str = ""
    inches: str = ""
    letters: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Money:
    """How a currency's sign is said: "$" is "dollars", where "USD" is "US dollars".

    Attributes:
        one, many: the unit.
        small_one, small_many: its hundredth, where it has one.
        gender: of the unit.
        small_gender: of its hundredth.
    """

    one: str
    many: str
    small_one: str = ""
    small_many: str = ""
    gender: Gender = "m"
    small_gender: Gender = "m"


@dataclass(frozen=True, slots=True)
class Abbreviations:
    """Written short forms and what is said for them. A space in a key may be left out; so may a capital at its front.

    Attributes:
        always: wherever they stand.
        before_name: only before a word with a capital.
        after_name: only after one, and with no other behind.
        before_number: only before a figure.
        after_number: only after a figure.
        ending: of `always`, those that may end a sentence, whose full stop stays.
    """

    always: Mapping[str, str]
    before_name: Mapping[str, str] = field(default_factory=dict[str, str])
    after_name: Mapping[str, str] = field(default_factory=dict[str, str])
    before_number: Mapping[str, str] = field(default_factory=dict[str, str])
    after_number: Mapping[str, str] = field(default_factory=dict[str, str])
    ending: frozenset[str] = frozenset()


_NO_NAME: Final = (OverflowError, NotImplementedError, LookupError, TypeError, ValueError)
"""What num2words raises, by language, for a number that it has no name for."""

_NEVER: Final = re.compile(r"(?!)")


class Idiom:
    """How a language says things. This one: what num2words and Babel know of it, in the plainest order.

    Args:
        code: ISO 639-1.
        region: ISO 3166-1 in capitals, or empty.
        numbers: the language as num2words names it; None: it does not know it, and figures are left as they are.

    Attributes:
        full: whether all is said; else only whole numbers are, and all else is left as it is.
        words: for its signs.
        money: for its currencies' signs.
        space_groups: whether a plain space may part thousands, "10 000".
        feminine_units: CLDR's ids of units, and ISO codes of currencies, that are feminine.
        scales: a written scale → what is said with one, and with many: "m" → million, million.
        months_more: names of months that Babel lacks.
        ordinal_suffix: what makes figures an ordinal: "st", "e", "º".
        decade_suffix: what makes them a decade.
        percent_gender: what "percent" is counted as.
        parts_of: units that are said between a number and its hundredths: "un mètre quatre-vingts".
        rates: short forms of what something is counted per: "mo" is a month.
    """

    full: ClassVar[bool] = False
    words: ClassVar[Words] = Words()
    abbreviations: ClassVar[Abbreviations] = Abbreviations({})
    space_groups: ClassVar[bool] = False
    feminine_units: ClassVar[frozenset[str]] = frozenset()
    scales: ClassVar[Mapping[str, tuple[str, str]]] = {}
    months_more: ClassVar[Mapping[str, int]] = {}
    ordinal_suffix: ClassVar[re.Pattern[str]] = _NEVER
    decade_suffix: ClassVar[re.Pattern[str]] = _NEVER
    percent_gender: ClassVar[Gender] = ""
    parts_of: ClassVar[frozenset[str]] = frozenset()
    rates: ClassVar[Mapping[str, str]] = {}

    def __init__(self, code: str, region: str, numbers: str | None) -> None:
        self.code = code
        self.region = region
        self.numbers = numbers

    @property
    def money(self) -> Mapping[str, Money]:
        """What is said for currencies' signs."""
        return {}

    @property
    def month_first(self) -> bool:
        """Whether "3/4" is the fourth of March."""
        return False

    @cached_property
    def scale_pattern(self) -> re.Pattern[str]:
        """A space or none, and a scale."""
        names = "|".join(sorted((re.escape(name) for name in self.scales), key=len, reverse=True))
        return re.compile(rf"([ \u00a0\u202f\u2009]?)({names})(?!\w)") if names else _NEVER

    @cached_property
    def locale(self) -> Locale:
        """Babel's, of the region where it knows that, else of the language."""
        try:
            return Locale.parse(f"{self.code}_{self.region}" if self.region else self.code)
        except UnknownLocaleError:
            return Locale.parse(self.code)

    @cached_property
    def decimal_sign(self) -> str:
        """`.` or `,`."""
        symbols = self.locale.number_symbols
        sign: str = symbols.get("latn", symbols).get("decimal", ".")
        return sign if sign in ".," else "."

    @cached_property
    def months(self) -> dict[str, int]:
        """Names and short names of the months in lower case, without full stops → 1 to 12."""
        names = dict(self.months_more)
        for width in ("wide", "abbreviated"):
            for number, name in self.locale.months["format"][width].items():
                names[name.lower().rstrip(".")] = number
        return names

    def month(self, number: int) -> str:
        """A month's name, of 1 to 12."""
        return str(self.locale.months["format"]["wide"][number])

    # Numbers

    def cardinal(self, number: int, gender: Gender = "") -> str:
        """A whole number, not negative; figure by figure where it has no name."""
        if self.numbers is None:
            return str(number)
        try:
            return str(num2words(number, lang=self.numbers)).replace(",", "")
        except _NO_NAME:
            return self.digits(str(number)) if number > 9 else str(number)

    def digits(self, figures: str) -> str:
        """Figures one by one."""
        return " ".join(self.cardinal(int(figure)) for figure in figures)

    def spelt(self, letters: str) -> str:
        """Letters one by one."""
        names = self.words.letters
        return " ".join(names.get(letter, letter) for letter in letters.upper())

    def whole(self, figures: str, gender: Gender = "") -> str:
        """A whole number as written: one that begins with 0 or is very long is said figure by figure."""
        if len(figures) > LONGEST:
            return ", ".join(self.digits(figures[start : start + 4]) for start in range(0, len(figures), 4))
        if len(figures) > 1 and figures[0] == "0":
            return self.digits(figures)
        return self.cardinal(int(figures), gender)

    def part(self, figures: str) -> str:
        """What stands after the decimal sign."""
        return self.digits(figures)

    def year(self, number: int) -> str:
        """A year."""
        return self.cardinal(number)

    def bare(self, figures: str, after: str) -> str:
        """A whole number with nothing around it that says what it is, before the word `after`."""
        return self.whole(figures, self.counted_gender(after))

    def counted_gender(self, after: str) -> Gender:
        """What the word after a number asks of it; empty where it is no noun, or its gender changes nothing."""
        return ""

    def ordinal_end(self, text: str, start: int, end: int) -> int | None:
        """Where an ordinal ends whose figures are `text[start:end]`; None where it is none."""
        match = self.ordinal_suffix.match(text, end)
        return None if match is None else match.end()

    def ordinal(self, number: int, suffix: str = "", before: tuple[str, ...] = (), after: str = "") -> str:
        """A number in order.

        Args:
            number: more than 0.
            suffix: what was written after the figures.
            before: the words before it in lower case, the nearest first.
            after: the word after it.
        """
        if self.numbers is None:
            return f"{number}{suffix}"
        return str(num2words(number, lang=self.numbers, to="ordinal")).replace(",", "")

    def fraction(self, above: int, below: int) -> str:
        """A fraction less than one."""
        return f"{self.cardinal(above)} / {self.cardinal(below)}"

    def fraction_of(self, above: int, below: int, gender: Gender, after: str) -> str:
        """A fraction less than one of something: "ein halber Liter"; the word after it may be empty."""
        return self.fraction(above, below)

    def mixed_of(self, whole: int, above: int, below: int, gender: Gender, after: str) -> str:
        """A whole number and a fraction of something."""
        return self.mixed(whole, above, below)

    def mixed(self, whole: int, above: int, below: int) -> str:
        """A whole number and a fraction."""
        return f"{self.cardinal(whole)} {self.fraction(above, below)}"

    def decade(self, figures: str, suffix: str) -> str | None:
        """The decade of "1990s" or "90s"; None where the language has no such form."""
        return None

    # Dates and times

    def date(
        self,
        day: int,
        month: int,
        year: int | None,
        before: tuple[str, ...],
        *,
        month_first: bool,
    ) -> str:
        """A day.

        Args:
            day: 1 to 31.
            month: 1 to 12.
            year: as written, if it was.
            before: the words before it in lower case, the nearest first.
            month_first: whether it was written, or is said, before the day.
        """
        said = f"{self.cardinal(day)} {self.month(month)}"
        return said if year is None else f"{said} {self.year(year)}"

    def days(self, first: int, last: int, month: int, before: tuple[str, ...], *, month_first: bool) -> str:
        """Days of one month, from and to."""
        return f"{self.cardinal(first)} {self.words.to} {self.cardinal(last)} {self.month(month)}"

    def time(
        self, hour: int, minute: int, second: int | None, half: Literal["", "am", "pm"], before: str
    ) -> str:
        """A time of day.

        Args:
            hour: 0 to 24, as written.
            minute: 0 to 59.
            second: 0 to 59, if it was written.
            half: of the day, where it was written.
            before: the word before it in lower case.
        """
        said = self.cardinal(hour) if not minute else f"{self.cardinal(hour)} {self.cardinal(minute)}"
        return said if not second else f"{said} {self.cardinal(second)}"

    # Money and other things that are counted

    def units(self, count: int, money: Money) -> str:
        """A sum without hundredths."""
        return f"{self.cardinal(count, money.gender)} {money.many if count != 1 and self.plural(count) else money.one}"

    def hundredths(self, count: int, money: Money) -> str:
        """Hundredths alone."""
        return f"{self.cardinal(count, money.small_gender)} {money.small_one if count == 1 else money.small_many}"

    def sum_of(self, units: int, hundredths: int, money: Money) -> str:
        """A sum with hundredths, both not 0."""
        return f"{self.units(units, money)} {self.hundredths(hundredths, money)}"

    def scale_joint(self, scale: str, counted: str) -> str:
        """Between a scale and what is counted: "dos millones DE euros"; with its space."""
        return ""

    def unit_gender(self, unit: str, name: str) -> Gender:
        """Of a unit, by CLDR's id and its name."""
        return "f" if unit in self.feminine_units else "m"

    def plural(self, count: int, *, decimal: bool = False) -> bool:
        """Whether so many, not exactly one, take the plural; `decimal` where there are figures after the sign."""
        return True

    def apart(self, gender: Gender) -> Gender:
        """The gender of a range's first number, which stands apart from what is counted."""
        return gender

    def joined(self, after: str) -> str:
        """ "&" before a word."""
        return self.words.and_

    def attributive(self, before: str, after: str) -> bool:
        """Whether what is counted describes a noun, and so is in the singular: "a ten dollar note"."""
        return False

    def multiple(self, count: str, single: bool) -> str:
        """ "three times" of "3x"."""
        return f"{count} {self.words.times}"


def word_set(words: str) -> frozenset[str]:
    """Words that are parted by white space, as a set."""
    return frozenset(words.split())
