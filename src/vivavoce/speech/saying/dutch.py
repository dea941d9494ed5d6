"""How Dutch is said: with the common rules and a table of its own words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, Literal

from vivavoce.speech.saying.idiom import Abbreviations, Gender, Idiom, Money, Words

WORDS: Final = Words(
    minus="min",
    plus="plus",
    point="punt",
    comma="komma",
    to="tot",
    versus="tegen",
    per="per",
    out_of="van de",
    by="bij",
    version="versie",
    percent="procent",
    permille="promille",
    at="apenstaartje",
    dot="punt",
    slash="schuine streep",
    dash="streepje",
    underscore="liggend streepje",
    and_="en",
    equals="is",
    times="keer",
    divided="gedeeld door",
    number="nummer",
    numbers="nummers",
    hashtag="hashtag",
    hash="hekje",
    section="paragraaf",
    sections="paragrafen",
    degree="graad",
    degrees="graden",
    about="ongeveer",
    less="kleiner dan",
    more="groter dan",
    at_most="hooguit",
    at_least="minstens",
    unequal="ongelijk aan",
    plus_minus="plus of min",
    power="tot de macht",
    squared="kwadraat",
    cubed="tot de derde",
    feet="voet",
    inches="inch",
)

MONEY: Final = {
    "€": Money("euro", "euro", "cent", "cent"),
    "$": Money("dollar", "dollar", "cent", "cent"),
    "£": Money("pond", "pond", "penny", "pence"),
}

ABBREVIATIONS: Final = Abbreviations(
    {
        "bijv.": "bijvoorbeeld",
        "d.w.z.": "dat wil zeggen",
        "enz.": "enzovoort",
        "o.a.": "onder andere",
        "dhr.": "de heer",
        "mevr.": "mevrouw",
        "dr.": "dokter",
        "m.b.t.": "met betrekking tot",
        "i.p.v.": "in plaats van",
    },
    before_number={"nr.": "nummer", "blz.": "bladzijde", "p.": "pagina"},
    ending=frozenset({"enz."}),
)

SCALES: Final = {
    "miljoen": ("miljoen", "miljoen"),
    "miljard": ("miljard", "miljard"),
    "duizend": ("duizend", "duizend"),
}


class Dutch(Idiom):
    """Dutch."""

    full = True
    words = WORDS
    abbreviations = ABBREVIATIONS
    ordinal_suffix = re.compile(r"(?:ste|de|e)\b")
    scales = SCALES

    @property
    def money(self) -> Mapping[str, Money]:
        """See `Idiom`."""
        return MONEY

    def cardinal(self, number: int, gender: Gender = "") -> str:
        """ "één"."""
        return super().cardinal(number)

    def year(self, number: int) -> str:
        """ "negentien negenennegentig"."""
        century, rest = divmod(number, 100)
        if 1100 <= number < 2000 and rest:
            return f"{self.cardinal(century)}{self.cardinal(rest)}"
        return f"{self.cardinal(century)}honderd" if 1100 <= number < 2000 else self.cardinal(number)

    def bare(self, figures: str, after: str) -> str:
        """Four figures are read as a year is."""
        return (
            self.year(int(figures))
            if len(figures) == 4 and 1100 <= int(figures) < 2000
            else self.whole(figures)
        )

    def fraction(self, above: int, below: int) -> str:
        """ "drie kwart"."""
        named = {2: "half", 4: "kwart"}.get(below) or super().ordinal(below)
        return f"{'een' if above == 1 else self.cardinal(above)} {named}"

    def mixed(self, whole: int, above: int, below: int) -> str:
        """ "tweeënhalf"."""
        if (above, below) == (1, 2):
            return "anderhalf" if whole == 1 else f"{self.cardinal(whole)} en een half"
        return f"{self.cardinal(whole)} en {self.fraction(above, below)}"

    def time(
        self, hour: int, minute: int, second: int | None, half: Literal["", "am", "pm"], before: str
    ) -> str:
        """ "veertien uur dertig"."""
        if half == "pm" and hour < 12:
            hour += 12
        said = f"{self.cardinal(hour)} uur" + (f" {self.cardinal(minute)}" if minute or second else "")
        return f"{said} en {self.cardinal(second)} seconden" if second else said

    def sum_of(self, units: int, hundredths: int, money: Money) -> str:
        """ "drie euro vijftig", "drie euro en vijf cent"."""
        if hundredths >= 10:
            return f"{self.units(units, money)} {self.cardinal(hundredths)}"
        return f"{self.units(units, money)} en {self.hundredths(hundredths, money)}"
