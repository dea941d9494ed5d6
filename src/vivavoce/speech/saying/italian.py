"""How Italian is said: with the common rules and a table of its own words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, Literal

from vivavoce.speech.saying.idiom import Abbreviations, Gender, Idiom, Money, Words, word_set

WORDS: Final = Words(
    minus="meno",
    plus="più",
    point="punto",
    comma="virgola",
    to="a",
    versus="a",
    per="al",
    out_of="su",
    by="per",
    version="versione",
    percent="per cento",
    permille="per mille",
    at="chiocciola",
    dot="punto",
    slash="barra",
    dash="trattino",
    underscore="trattino basso",
    and_="e",
    equals="uguale a",
    times="per",
    divided="diviso",
    number="numero",
    numbers="numeri",
    hashtag="hashtag",
    hash="cancelletto",
    section="paragrafo",
    sections="paragrafi",
    degree="grado",
    degrees="gradi",
    about="circa",
    less="minore di",
    more="maggiore di",
    at_most="al massimo",
    at_least="almeno",
    unequal="diverso da",
    plus_minus="più o meno",
    power="alla",
    squared="al quadrato",
    cubed="al cubo",
    feet="piedi",
    inches="pollici",
)

MONEY: Final = {
    "€": Money("euro", "euro", "centesimo", "centesimi"),
    "$": Money("dollaro", "dollari", "centesimo", "centesimi"),
    "£": Money("sterlina", "sterline", "penny", "pence", "f"),
}

ABBREVIATIONS: Final = Abbreviations(
    {
        "ecc.": "eccetera",
        "Sig.": "Signor",
        "Sig.ra": "Signora",
        "Dott.": "Dottor",
        "Dr.": "Dottor",
        "p. es.": "per esempio",
        "ad es.": "ad esempio",
    },
    before_number={"n.": "numero", "pag.": "pagina", "n°": "numero", "nº": "numero"},
    ending=frozenset({"ecc."}),
)

SCALES: Final = {
    "k": ("mila", "mila"),
    "milione": ("milione", "milioni"),
    "milioni": ("milione", "milioni"),
    "miliardi": ("miliardo", "miliardi"),
}


class Italian(Idiom):
    """Italian."""

    full = True
    words = WORDS
    abbreviations = ABBREVIATIONS
    ordinal_suffix = re.compile(r"[ºª°](?!\w)")
    feminine_units = word_set(
        """
    duration-hour mass-tonne mass-ounce mass-pound energy-calorie GBP SEK
    """
    )
    scales = SCALES

    @property
    def money(self) -> Mapping[str, Money]:
        """See `Idiom`."""
        return MONEY

    def cardinal(self, number: int, gender: Gender = "") -> str:
        """ "un euro", "una lira"."""
        said = super().cardinal(number)
        if number == 1 and gender:
            return "una" if gender == "f" else "un"
        return said

    def ordinal(self, number: int, suffix: str = "", before: tuple[str, ...] = (), after: str = "") -> str:
        """ "terzo", "terza"."""
        said = super().ordinal(number)
        return said[:-1] + "a" if suffix == "ª" and said.endswith("o") else said

    def fraction(self, above: int, below: int) -> str:
        """ "tre quarti"."""
        named = "mezzo" if below == 2 else super().ordinal(below)
        return f"{self.cardinal(above, 'm')} {named if above == 1 else named[:-1] + 'i'}"

    def mixed(self, whole: int, above: int, below: int) -> str:
        """ "due e mezzo"."""
        return (
            f"{self.cardinal(whole)} e {'mezzo' if (above, below) == (1, 2) else self.fraction(above, below)}"
        )

    def time(
        self, hour: int, minute: int, second: int | None, half: Literal["", "am", "pm"], before: str
    ) -> str:
        """ "quattordici e trenta"."""
        if half == "pm" and hour < 12:
            hour += 12
        said = self.cardinal(hour) + (f" e {self.cardinal(minute)}" if minute or second else "")
        return f"{said} e {self.cardinal(second)} secondi" if second else said

    def sum_of(self, units: int, hundredths: int, money: Money) -> str:
        """ "tre euro e cinquanta"."""
        return f"{self.units(units, money)} e {self.cardinal(hundredths)}"

    def scale_joint(self, scale: str, counted: str) -> str:
        """ "due milioni di euro"."""
        return "" if scale == "mila" else "di "
