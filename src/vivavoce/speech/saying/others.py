"""Languages that are said with the common rules and a table of their own words: Italian, Portuguese, Dutch."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, Literal

from vivavoce.speech.saying.idiom import Abbreviations, Idiom, Money, Words, word_set

ITALIAN: Final = Words(
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
PORTUGUESE: Final = Words(
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
DUTCH: Final = Words(
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


_ITALIAN_MONEY: Final = {
    "€": Money("euro", "euro", "centesimo", "centesimi"),
    "$": Money("dollaro", "dollari", "centesimo", "centesimi"),
    "£": Money("sterlina", "sterline", "penny", "pence", "f"),
}
_ITALIAN_ABBREVIATIONS: Final = Abbreviations(
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
_ITALIAN_SCALES: Final = {
    "k": ("mila", "mila"),
    "milione": ("milione", "milioni"),
    "milioni": ("milione", "milioni"),
    "miliardi": ("miliardo", "miliardi"),
}


class Italian(Idiom):
    """Italian."""

    full = True
    words = ITALIAN
    abbreviations = _ITALIAN_ABBREVIATIONS
    ordinal_suffix = re.compile(r"[ºª°](?!\w)")
    feminine_units = word_set(
        """
    duration-hour mass-tonne mass-ounce mass-pound energy-calorie GBP SEK
    """
    )
    scales = _ITALIAN_SCALES

    @property
    def money(self) -> Mapping[str, Money]:
        """See `Idiom`."""
        return _ITALIAN_MONEY

    def cardinal(self, number: int, gender: Literal["", "m", "f", "n"] = "") -> str:
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


_PORTUGUESE_MONEY: Final = {
    "€": Money("euro", "euros", "cêntimo", "cêntimos"),
    "$": Money("dólar", "dólares", "centavo", "centavos"),
    "R$": Money("real", "reais", "centavo", "centavos"),
    "£": Money("libra", "libras", "péni", "pence", "f"),
}
_PORTUGUESE_ABBREVIATIONS: Final = Abbreviations(
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
_PORTUGUESE_SCALES: Final = {
    "mil": ("mil", "mil"),
    "milhão": ("milhão", "milhões"),
    "milhões": ("milhão", "milhões"),
}


class Portuguese(Idiom):
    """Portuguese."""

    full = True
    words = PORTUGUESE
    abbreviations = _PORTUGUESE_ABBREVIATIONS
    ordinal_suffix = re.compile(r"(?:\.?[ºª°])(?!\w)")
    feminine_units = word_set(
        """
    duration-hour mass-tonne mass-ounce mass-pound energy-calorie length-mile GBP SEK
    """
    )
    scales = _PORTUGUESE_SCALES

    @property
    def money(self) -> Mapping[str, Money]:
        """See `Idiom`."""
        return _PORTUGUESE_MONEY

    def cardinal(self, number: int, gender: Literal["", "m", "f", "n"] = "") -> str:
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
        named: bool,
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


_DUTCH_MONEY: Final = {
    "€": Money("euro", "euro", "cent", "cent"),
    "$": Money("dollar", "dollar", "cent", "cent"),
    "£": Money("pond", "pond", "penny", "pence"),
}
_DUTCH_ABBREVIATIONS: Final = Abbreviations(
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
_DUTCH_SCALES: Final = {
    "miljoen": ("miljoen", "miljoen"),
    "miljard": ("miljard", "miljard"),
    "duizend": ("duizend", "duizend"),
}


class Dutch(Idiom):
    """Dutch."""

    full = True
    words = DUTCH
    abbreviations = _DUTCH_ABBREVIATIONS
    ordinal_suffix = re.compile(r"(?:ste|de|e)\b")
    scales = _DUTCH_SCALES

    @property
    def money(self) -> Mapping[str, Money]:
        """See `Idiom`."""
        return _DUTCH_MONEY

    def cardinal(self, number: int, gender: Literal["", "m", "f", "n"] = "") -> str:
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
