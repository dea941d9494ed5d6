"""How English is said: American order of dates by default, British where the region asks for it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, Literal

from vivavoce.speech.saying.idiom import Abbreviations, Idiom, Money, Words, word_set

WORDS: Final = Words(
    minus="minus",
    plus="plus",
    point="point",
    comma="point",
    to="to",
    versus="to",
    per="per",
    out_of="out of",
    by="by",
    version="version",
    percent="percent",
    permille="per mille",
    at="at",
    dot="dot",
    slash="slash",
    dash="dash",
    underscore="underscore",
    and_="and",
    equals="equals",
    times="times",
    divided="divided by",
    number="number",
    numbers="numbers",
    hashtag="hashtag",
    hash="hash",
    section="section",
    sections="sections",
    degree="degree",
    degrees="degrees",
    about="about",
    less="less than",
    more="more than",
    at_most="at most",
    at_least="at least",
    unequal="is not equal to",
    plus_minus="plus or minus",
    power="to the power of",
    squared="squared",
    cubed="cubed",
    feet="foot",
    inches="",
    letters={"A": "eh"},
)

_CENT: Final = ("cent", "cents")
MONEY: Final = {
    "$": Money("dollar", "dollars", *_CENT),
    "€": Money("euro", "euros", *_CENT),
    "£": Money("pound", "pounds", "penny", "pence"),
    "¥": Money("yen", "yen"),
    "₹": Money("rupee", "rupees", "paisa", "paise"),
    "₽": Money("rouble", "roubles", "kopeck", "kopecks"),
    "₩": Money("won", "won"),
    "₺": Money("lira", "lira", "kuruş", "kuruş"),
    "₿": Money("bitcoin", "bitcoins"),
    "¢": Money("cent", "cents"),
}

ABBREVIATIONS: Final = Abbreviations(
    always={
        "e.g.": "for example",
        "i.e.": "that is",
        "etc.": "et cetera",
        "vs.": "versus",
        "vs": "versus",
        "cf.": "compare",
        "approx.": "approximately",
        "dept.": "department",
        "govt.": "government",
        "est.": "established",
        "misc.": "miscellaneous",
        "incl.": "including",
        "excl.": "excluding",
        "w/o": "without",
        "w/": "with",
        "tsp": "teaspoon",
        "tbsp": "tablespoon",
        "Mr.": "Mister",
        "Mr": "Mister",
        "Mrs.": "Missus",
        "Mrs": "Missus",
        "Ms.": "Miz",
        "Ms": "Miz",
        "Messrs.": "Messieurs",
        "Jr.": "Junior",
        "Sr.": "Senior",
        "Inc.": "Incorporated",
        "Ltd.": "Limited",
        "Corp.": "Corporation",
        "Co.": "Company",
        "Bros.": "Brothers",
        "Ave.": "Avenue",
        "Blvd.": "Boulevard",
        "Rd.": "Road",
        "Mt.": "Mount",
        "Ft.": "Fort",
        "Ph.D.": "P H D",
        "PhD": "P H D",
        "a.k.a.": "also known as",
        "aka": "also known as",
        "R.S.V.P.": "R S V P",
        "P.S.": "P S",
        "FAQs": "F A Q s",
        "C++": "C plus plus",
        "C#": "C sharp",
    },
    before_name={
        "Dr.": "Doctor",
        "Dr": "Doctor",
        "Prof.": "Professor",
        "Prof": "Professor",
        "St.": "Saint",
        "St": "Saint",
        "Rev.": "Reverend",
        "Hon.": "Honorable",
        "Gen.": "General",
        "Col.": "Colonel",
        "Capt.": "Captain",
        "Lt.": "Lieutenant",
        "Sgt.": "Sergeant",
        "Gov.": "Governor",
        "Sen.": "Senator",
        "Rep.": "Representative",
        "Pres.": "President",
    },
    before_number={
        "No.": "number",
        "Nos.": "numbers",
        "p.": "page",
        "pp.": "pages",
        "vol.": "volume",
        "ch.": "chapter",
        "sec.": "section",
        "fig.": "figure",
        "eq.": "equation",
        "art.": "article",
        "ext.": "extension",
        "tel.": "telephone",
        "ca.": "about",
        "c.": "about",
        "v.": "version",
        "v": "version",
    },
    after_number={
        "St.": "Street",
        "Dr.": "Drive",
        "hrs.": "hours",
        "hrs": "hours",
        "hr.": "hours",
        "hr": "hours",
        "mins": "minutes",
        "secs": "seconds",
        "yrs": "years",
        "yr": "years",
        "pts": "points",
        "pcs": "pieces",
    },
    after_name={
        "St.": "Street",
        "Dr.": "Drive",
        "Ct.": "Court",
        "Sq.": "Square",
        "Ln.": "Lane",
        "Pl.": "Place",
    },
    ending=word_set(
        """
    etc. Jr. Sr. Inc. Ltd. Corp. Co. Bros. Ave. Blvd. Rd. Ph.D.
    """
    ),
)

_HALVES: Final = {2: ("half", "halves"), 4: ("quarter", "quarters")}

_PLAIN_AFTER: Final = word_set(
    "a an per and or to of for in on at is was each the than from by as if but with"
)
"""What stands after an amount and is no noun that it describes."""

_RATES: Final = {
    "mo": "month",
    "yr": "year",
    "hr": "hour",
    "wk": "week",
    "min": "minute",
    "sec": "second",
}

SCALES: Final = {
    "k": ("thousand", "thousand"),
    "K": ("thousand", "thousand"),
    "m": ("million", "million"),
    "M": ("million", "million"),
    "mn": ("million", "million"),
    "b": ("billion", "billion"),
    "B": ("billion", "billion"),
    "bn": ("billion", "billion"),
    "T": ("trillion", "trillion"),
    "tn": ("trillion", "trillion"),
    "thousand": ("thousand", "thousand"),
    "million": ("million", "million"),
    "billion": ("billion", "billion"),
    "trillion": ("trillion", "trillion"),
}
MONTHS: Final = {"sept": 9}


class English(Idiom):
    """English."""

    full = True
    words = WORDS
    abbreviations = ABBREVIATIONS
    decade_suffix = re.compile(r"['’]?s(?!\w)")
    ordinal_suffix = re.compile(r"(?:st|nd|rd|th)\b", re.IGNORECASE)
    months_more = MONTHS
    scales = SCALES
    rates = _RATES

    @property
    def money(self) -> Mapping[str, Money]:
        """See `Idiom`."""
        return MONEY

    @property
    def month_first(self) -> bool:
        """America's order; Canada and the rest write the day first."""
        return self.region in ("", "US", "PH")

    def year(self, number: int) -> str:
        """ "nineteen ninety-nine", "two thousand and five", "twenty twenty-six"."""
        century, rest = divmod(number, 100)
        if not 1000 < number < 2100 or 2000 <= number < 2010:
            return self.cardinal(number)
        if not rest:
            return f"{self.cardinal(century)} hundred"
        return f"{self.cardinal(century)} {'oh ' if rest < 10 else ''}{self.cardinal(rest)}"

    def bare(self, figures: str, after: str) -> str:
        """Four figures are read as a year is: "fifteen hundred people" is said too."""
        if figures == "911":
            return self.digits(figures)
        if len(figures) == 4 and 1010 <= int(figures) < 2100:
            return self.year(int(figures))
        return self.whole(figures)

    def ordinal(self, number: int, suffix: str = "", before: tuple[str, ...] = (), after: str = "") -> str:
        """See `Idiom`."""
        return super().ordinal(number).removeprefix("one ")

    def fraction(self, above: int, below: int) -> str:
        """ "three quarters", "one half", "five over a hundred"."""
        one, many = _HALVES.get(below) or (self.ordinal(below), f"{self.ordinal(below)}s")
        return f"{self.cardinal(above)} {one if above == 1 else many}"

    def mixed(self, whole: int, above: int, below: int) -> str:
        """ "two and a half"."""
        said = self.fraction(above, below)
        if above == 1:
            said = said.replace("one ", "an " if below in (8, 11, 18) else "a ", 1)
        return f"{self.cardinal(whole)} and {said}"

    def decade(self, figures: str, suffix: str) -> str | None:
        """ "nineteen nineties"."""
        number = int(figures)
        if number % 10 or len(figures) not in (2, 4) or (len(figures) == 2 and number == 0):
            return None
        said = self.year(number) if len(figures) == 4 else self.cardinal(number)
        if said.endswith("ty"):
            return said[:-1] + "ies"
        return said + "s"

    def date(
        self,
        day: int,
        month: int,
        year: int | None,
        before: tuple[str, ...],
        *,
        month_first: bool,
    ) -> str:
        """ "March third, twenty twenty-six", "the third of March, twenty twenty-six"."""
        if month_first:
            said = f"{self.month(month)} {self.ordinal(day)}"
        else:
            the = "" if before[:1] == ("the",) else "the "
            said = f"{the}{self.ordinal(day)} of {self.month(month)}"
        return said if year is None else f"{said}, {self.year(year)}"

    def days(self, first: int, last: int, month: int, before: tuple[str, ...], *, month_first: bool) -> str:
        """ "March third to fifth"."""
        span = f"{self.ordinal(first)} to {self.ordinal(last)}"
        return f"{self.month(month)} {span}" if month_first else f"the {span} of {self.month(month)}"

    def time(
        self, hour: int, minute: int, second: int | None, half: Literal["", "am", "pm"], before: str
    ) -> str:
        """ "two thirty p.m", "fourteen oh five", "nine o'clock".

        The last full stop is left out: it would end the sentence, and it changes no sound.
        """
        suffix = {"": "", "am": " a.m", "pm": " p.m"}[half]
        if not half and not minute and not second:
            if hour in (0, 24):
                return "midnight"
            return f"{self.cardinal(hour)} o'clock" if hour <= 12 else f"{self.cardinal(hour)} hundred hours"
        said = self.cardinal(hour)
        if minute or second or hour == 0:
            said += f" {'oh ' if minute < 10 else ''}{self.cardinal(minute)}"
        if second:
            said += f" and {self.cardinal(second)} {'second' if second == 1 else 'seconds'}"
        return said + suffix

    def attributive(self, before: str, after: str) -> bool:
        """ "a ten dollar note", "a five kilometer run"."""
        return before.lower() in ("a", "an") and bool(after) and after.lower() not in _PLAIN_AFTER

    def sum_of(self, units: int, hundredths: int, money: Money) -> str:
        """ "three dollars and fifty cents"."""
        return f"{self.units(units, money)} and {self.hundredths(hundredths, money)}"
