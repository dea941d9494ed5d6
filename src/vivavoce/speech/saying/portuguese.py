"""How Portuguese is said: with the common rules and a table of its own words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, Literal

from vivavoce.speech.saying.idiom import Abbreviations, Gender, Idiom, Money, Words, word_set

WORDS: Final = Words(
    minus="menos",
    plus="mais",
    point="ponto",
    comma="vírgula",
    to="a",
    versus="a",
    per="por",
    out_of="em",
    by="por",
    version="versão",
    percent="por cento",
    permille="por mil",
    at="arroba",
    dot="ponto",
    slash="barra",
    dash="hífen",
    underscore="sublinhado",
    and_="e",
    equals="igual a",
    times="vezes",
    divided="dividido por",
    number="número",
    numbers="números",
    hashtag="hashtag",
    hash="cardinal",
    section="parágrafo",
    sections="parágrafos",
    degree="grau",
    degrees="graus",
    about="cerca de",
    less="menor que",
    more="maior que",
    at_most="no máximo",
    at_least="no mínimo",
    unequal="diferente de",
    plus_minus="mais ou menos",
    power="elevado a",
    squared="ao quadrado",
    cubed="ao cubo",
    feet="pés",
    inches="polegadas",
)

MONEY: Final = {
    "€": Money("euro", "euros", "cêntimo", "cêntimos"),
    "$": Money("dólar", "dólares", "centavo", "centavos"),
    "R$": Money("real", "reais", "centavo", "centavos"),
    "£": Money("libra", "libras", "péni", "pence", "f"),
}

ABBREVIATIONS: Final = Abbreviations(
    {
        "Sr.": "Senhor",
        "Sra.": "Senhora",
        "Dr.": "Doutor",
        "Dra.": "Doutora",
        "etc.": "et cetera",
        "p. ex.": "por exemplo",
    },
    before_number={"n.º": "número", "nº": "número", "n°": "número", "pág.": "página", "p.": "página"},
    ending=frozenset({"etc."}),
)

SCALES: Final = {
    "mil": ("mil", "mil"),
    "milhão": ("milhão", "milhões"),
    "milhões": ("milhão", "milhões"),
}


class Portuguese(Idiom):
    """Portuguese."""

    full = True
    words = WORDS
    abbreviations = ABBREVIATIONS
    ordinal_suffix = re.compile(r"(?:\.?[ºª°])(?!\w)")
    feminine_units = word_set(
        """
    duration-hour mass-tonne mass-ounce mass-pound energy-calorie length-mile GBP SEK
    """
    )
    scales = SCALES

    @property
    def money(self) -> Mapping[str, Money]:
        """See `Idiom`."""
        return MONEY

    def cardinal(self, number: int, gender: Gender = "") -> str:
        """ "uma hora", "duas libras"."""
        said = super().cardinal(number)
        if gender != "f":
            return said
        said = said.replace("entos", "entas")
        if said.endswith("dois"):
            return f"{said.removesuffix('dois')}duas"
        return f"{said}a" if said == "um" or said.endswith(" um") else said

    def ordinal(self, number: int, suffix: str = "", before: tuple[str, ...] = (), after: str = "") -> str:
        """ "terceiro", "terceira"."""
        said = super().ordinal(number)
        if not suffix.endswith("ª"):
            return said
        return " ".join(word[:-1] + "a" if word.endswith("o") else word for word in said.split())

    def fraction(self, above: int, below: int) -> str:
        """ "três quartos"."""
        named = {2: "meio", 3: "terço"}.get(below)
        if named is None:
            named = super().ordinal(below) if below <= 10 else f"{self.cardinal(below)} avo"
        return f"{self.cardinal(above)} {named}{'' if above == 1 else 's'}"

    def mixed(self, whole: int, above: int, below: int) -> str:
        """ "dois e meio"."""
        return (
            f"{self.cardinal(whole)} e {'meio' if (above, below) == (1, 2) else self.fraction(above, below)}"
        )

    def date(
        self,
        day: int,
        month: int,
        year: int | None,
        before: tuple[str, ...],
        *,
        month_first: bool,
    ) -> str:
        """ "três de março de dois mil e vinte e seis"."""
        said = f"{'primeiro' if day == 1 else self.cardinal(day)} de {self.month(month)}"
        return said if year is None else f"{said} de {self.year(year)}"

    def time(
        self, hour: int, minute: int, second: int | None, half: Literal["", "am", "pm"], before: str
    ) -> str:
        """ "catorze e trinta"."""
        if half == "pm" and hour < 12:
            hour += 12
        said = f"{self.cardinal(hour, 'f')} {'hora' if hour == 1 else 'horas'}"
        said += f" e {self.cardinal(minute)}" if minute or second else ""
        return f"{said} e {self.cardinal(second)} segundos" if second else said

    def sum_of(self, units: int, hundredths: int, money: Money) -> str:
        """ "três euros e cinquenta cêntimos"."""
        return f"{self.units(units, money)} e {self.hundredths(hundredths, money)}"

    def scale_joint(self, scale: str, counted: str) -> str:
        """ "dois milhões de euros"."""
        return "" if scale == "mil" else "de "
