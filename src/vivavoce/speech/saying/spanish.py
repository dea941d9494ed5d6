"""How Spanish is said: Spain's way by default."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, Literal

from vivavoce.speech.saying.idiom import Abbreviations, Gender, Idiom, Money, Words, word_set

_LETTERS: Final = {
    "A": "a", "B": "be", "C": "ce", "D": "de", "E": "e", "F": "efe", "G": "ge", "H": "hache", "I": "i",
    "J": "jota", "K": "ka", "L": "ele", "M": "eme", "N": "ene", "O": "o", "P": "pe", "Q": "cu",
    "R": "erre", "S": "ese", "T": "te", "U": "u", "V": "uve", "W": "uve doble", "X": "equis",
    "Y": "i griega", "Z": "zeta", "Ñ": "eñe",
}  # fmt: skip

WORDS: Final = Words(
    minus="menos",
    plus="más",
    point="punto",
    comma="coma",
    to="a",
    versus="a",
    per="por",
    out_of="sobre",
    by="por",
    version="versión",
    percent="por ciento",
    permille="por mil",
    at="arroba",
    dot="punto",
    slash="barra",
    dash="guion",
    underscore="guion bajo",
    and_="y",
    equals="igual a",
    times="por",
    divided="entre",
    number="número",
    numbers="números",
    hashtag="hashtag",
    hash="almohadilla",
    section="párrafo",
    sections="párrafos",
    degree="grado",
    degrees="grados",
    about="aproximadamente",
    less="menor que",
    more="mayor que",
    at_most="como máximo",
    at_least="como mínimo",
    unequal="distinto de",
    plus_minus="más menos",
    power="elevado a",
    squared="al cuadrado",
    cubed="al cubo",
    feet="pies",
    inches="pulgadas",
    letters=_LETTERS,
)

_CENTAVO: Final = ("centavo", "centavos")
_CENTIMO: Final = ("céntimo", "céntimos")
MONEY: Final = {
    "$": Money("dólar", "dólares", *_CENTAVO),
    "€": Money("euro", "euros", *_CENTIMO),
    "£": Money("libra", "libras", "penique", "peniques", "f"),
    "¥": Money("yen", "yenes"),
    "₹": Money("rupia", "rupias", "paisa", "paisas", "f", "f"),
    "₽": Money("rublo", "rublos", "kopek", "kopeks"),
    "₩": Money("won", "wones"),
    "₺": Money("lira", "liras", "kuruş", "kuruş", "f"),
    "₿": Money("bitcóin", "bitcoines"),
    "¢": Money("centavo", "centavos"),
}
_PESO: Final = Money("peso", "pesos", *_CENTAVO)
_PESO_MONEY: Final = {**MONEY, "$": _PESO}
_PESO_REGIONS: Final = frozenset({"MX", "AR", "CL", "CO", "UY", "CU", "DO"})

ABBREVIATIONS: Final = Abbreviations(
    always={
        "p. ej.": "por ejemplo",
        "p.ej.": "por ejemplo",
        "etc.": "etcétera",
        "aprox.": "aproximadamente",
        "Sr.": "Señor",
        "Sra.": "Señora",
        "Sres.": "Señores",
        "Srta.": "Señorita",
        "Ud.": "usted",
        "Uds.": "ustedes",
        "Vd.": "usted",
        "Vds.": "ustedes",
        "Dr.": "Doctor",
        "Dra.": "Doctora",
        "Prof.": "Profesor",
        "Profa.": "Profesora",
        "Lic.": "Licenciado",
        "Ing.": "Ingeniero",
        "EE. UU.": "Estados Unidos",
        "EE.UU.": "Estados Unidos",
        "EEUU": "Estados Unidos",
        "a. C.": "antes de Cristo",
        "d. C.": "después de Cristo",
        "c/u": "cada uno",
        "L-V": "lunes a viernes",
        "izq.": "izquierda",
        "dcha.": "derecha",
        "incl.": "incluido",
        "vs.": "versus",
        "vs": "versus",
        "Avda.": "Avenida",
        "Av.": "Avenida",
        "C/": "calle",
        "tel.": "teléfono",
        "teléf.": "teléfono",
        "dpto.": "departamento",
        "depto.": "departamento",
        "admón.": "administración",
        "máx.": "máximo",
        "mín.": "mínimo",
        "cf.": "confróntese",
        "C++": "C más más",
        "C#": "C sharp",
        "q. e. p. d.": "que en paz descanse",
        "S. A.": "sociedad anónima",
        "S.A.": "sociedad anónima",
    },
    before_name={"s.": "siglo", "D.": "Don", "Dña.": "Doña", "Sto.": "Santo", "Sta.": "Santa", "S.": "San"},
    before_number={
        "n.º": "número",
        "nº": "número",
        "n°": "número",
        "núm.": "número",
        "núms.": "números",
        "pág.": "página",
        "págs.": "páginas",
        "p.": "página",
        "pp.": "páginas",
        "vol.": "volumen",
        "cap.": "capítulo",
        "art.": "artículo",
        "fig.": "figura",
    },
    ending=frozenset({"etc.", "EE. UU.", "EE.UU.", "a. C.", "d. C.", "S. A.", "S.A.", "Ud.", "Uds."}),
)

_MASCULINE_A: Final = word_set(
    """
    día problema mapa programa sistema tema idioma clima planeta poema drama sofá diploma esquema
    síntoma cura tranvía panorama dilema carisma
    """
)
_FEMININE: Final = word_set(
    """
    mano foto moto vez parte gente noche tarde clase frase mujer calle llave ley luz voz flor red sal
    fase madre imagen serie base
    """
)
_FEMININE_ENDS: Final = ("a", "ción", "sión", "dad", "tad", "tud", "umbre", "xión", "ie", "triz")
_NO_NOUN: Final = word_set(
    """
    de del y e o u a al en con por para es son el la los las que más menos como si no sin se le lo fue
    era hasta desde cuando está ha
    """
)

SCALES: Final = {
    "k": ("mil", "mil"),
    "K": ("mil", "mil"),
    "M": ("millón", "millones"),
    "mil": ("mil", "mil"),
    "millón": ("millón", "millones"),
    "millones": ("millón", "millones"),
    "mdp": ("millón de pesos", "millones de pesos"),
    "billón": ("billón", "billones"),
    "billones": ("billón", "billones"),
}
MONTHS: Final = {"set": 9, "setiembre": 9, "sept": 9}


class Spanish(Idiom):
    """Spanish."""

    full = True
    words = WORDS
    abbreviations = ABBREVIATIONS
    space_groups = True
    parts_of = frozenset({"m"})
    ordinal_suffix = re.compile(r"(?:\.?[ºª°]|\.ᵉʳ|\.?er|ro|ra|do|da|to|ta|mo|ma|vo|va|no|na)(?!\w)")
    months_more = MONTHS
    feminine_units = word_set(
        """
    duration-hour duration-week mass-tonne mass-ounce mass-pound length-mile length-inch energy-calorie
    energy-kilocalorie GBP SEK NOK DKK CZK INR TRY
    """
    )
    scales = SCALES

    @property
    def money(self) -> Mapping[str, Money]:
        """ "$" is a peso in most of America."""
        return _PESO_MONEY if self.region in _PESO_REGIONS else MONEY

    def cardinal(self, number: int, gender: Gender = "") -> str:
        """ "uno", "veintiún años", "doscientas una personas"."""
        # num2words leaves "uno" whole before thousands and millions.
        said = _BEFORE_SCALE.sub(lambda match: _apocopated(match.group()), super().cardinal(number))
        if gender == "m":
            return _apocopated(said)
        if gender == "f":
            head, millions, rest = said.rpartition("millones ") if "millones " in said else ("", "", said)
            rest = rest.replace("ientos", "ientas").replace("quinientos", "quinientas")
            rest = re.sub(r"veintiún(?= mil)", "veintiuna", rest).replace("y un mil", "y una mil")
            return head + millions + (rest[:-1] + "a" if rest.endswith("uno") else rest)
        return said

    def part(self, figures: str) -> str:
        """ "tres coma catorce"; after a zero figure by figure."""
        if len(figures) > 3 or figures[0] == "0":
            return self.digits(figures)
        return self.cardinal(int(figures))

    def counted_gender(self, after: str) -> Gender:
        """By a short list, then by the ending."""
        word = after.lower()
        if not word or word in _NO_NOUN or after[0].isupper():
            return ""
        singular = (
            word.removesuffix("es")
            if word.endswith(("ces", "nes", "des", "res", "les"))
            else word.removesuffix("s")
        )
        forms = {word, singular, word.removesuffix("s"), singular.removesuffix("c") + "z"}
        if forms & _MASCULINE_A or word.endswith(("ema", "emas", "ista", "istas")):
            return "m"
        if (
            forms & _FEMININE
            or singular.endswith(_FEMININE_ENDS)
            or word.endswith(("ciones", "siones", "dades", "tades"))
        ):
            return "f"
        return "m"

    def bare(self, figures: str, after: str) -> str:
        """A year bends to nothing."""
        if len(figures) == 4 and 1100 <= int(figures) < 2100 and figures[-1] != "0":
            return self.whole(figures)
        return super().bare(figures, after)

    def ordinal(self, number: int, suffix: str = "", before: tuple[str, ...] = (), after: str = "") -> str:
        """ "primero", "primer piso", "tercera planta"."""
        said = super().ordinal(number)
        if suffix.endswith(("ª", "ra", "da", "ta", "ma", "va", "na")):
            return " ".join(f"{word[:-1]}a" if word.endswith("o") else word for word in said.split())
        short = suffix.endswith(("er", "ᵉʳ")) or self.counted_gender(after) == "m"
        return said[:-1] if short and said.endswith(("primero", "tercero")) else said

    def fraction(self, above: int, below: int) -> str:
        """ "tres cuartos", "un medio", "dos onceavos"."""
        named = {2: "medio", 3: "tercio"}.get(below)
        if named is None:
            named = (
                super().ordinal(below) if below <= 10 else f"{self.cardinal(below).replace(' y ', 'i')}avo"
            )
        return f"{self.cardinal(above, 'm')} {named}{'' if above == 1 else 's'}"

    def fraction_of(self, above: int, below: int, gender: Gender, after: str) -> str:
        """ "medio litro", "media hora"."""
        gender = gender or self.counted_gender(after)
        if (above, below) == (1, 2) and gender:
            return "media" if gender == "f" else "medio"
        return self.fraction(above, below)

    def mixed_of(self, whole: int, above: int, below: int, gender: Gender, after: str) -> str:
        """ "una y media"."""
        gender = gender or self.counted_gender(after)
        if (above, below) == (1, 2) and gender == "f":
            return f"{self.cardinal(whole, 'f')} y media"
        return self.mixed(whole, above, below)

    def mixed(self, whole: int, above: int, below: int) -> str:
        """ "dos y medio"."""
        if (above, below) == (1, 2):
            return f"{self.cardinal(whole)} y medio"
        return f"{self.cardinal(whole)} y {self.fraction(above, below)}"

    def date(
        self,
        day: int,
        month: int,
        year: int | None,
        before: tuple[str, ...],
        *,
        month_first: bool,
    ) -> str:
        """ "tres de marzo de dos mil veintiséis"."""
        first = "uno" if self.region in ("", "ES") else "primero"
        said = f"{first if day == 1 else self.cardinal(day)} de {self.month(month)}"
        return said if year is None else f"{said} de {self.year(year)}"

    def days(self, first: int, last: int, month: int, before: tuple[str, ...], *, month_first: bool) -> str:
        """ "tres al cinco de marzo"."""
        return f"{self.cardinal(first)} al {self.cardinal(last)} de {self.month(month)}"

    def time(
        self, hour: int, minute: int, second: int | None, half: Literal["", "am", "pm"], before: str
    ) -> str:
        """ "las catorce treinta", "las dos de la tarde"."""
        article = "" if before in ("las", "la") else "la " if hour == 1 else "las "
        said = article + ("una" if hour == 1 else self.cardinal(hour, "f"))
        if minute or second:
            said += f" {self.cardinal(minute)}"
        elif not half and (hour > 12 or hour == 0):
            said += " horas"
        if second:
            said += f" y {self.cardinal(second, 'm')} {'segundo' if second == 1 else 'segundos'}"
        if half == "am":
            return f"{said} de la mañana"
        if half == "pm":
            return f"{said} {'del mediodía' if hour == 12 else 'de la tarde' if hour < 8 else 'de la noche'}"
        return said

    def sum_of(self, units: int, hundredths: int, money: Money) -> str:
        """ "tres euros con cincuenta céntimos"."""
        return f"{self.units(units, money)} con {self.hundredths(hundredths, money)}"

    def scale_joint(self, scale: str, counted: str) -> str:
        """ "dos millones de euros", "dos mil euros"."""
        return "" if scale == "mil" else "de "

    def joined(self, after: str) -> str:
        """ "e" before the same sound."""
        low = after.lower()
        return "e" if low.startswith(("i", "hi")) and not low.startswith(("hie", "ie")) else "y"

    def multiple(self, count: str, single: bool) -> str:
        """ "tres veces"."""
        return f"{count} {'vez' if single else 'veces'}"


_BEFORE_SCALE: Final = re.compile(r"\b(?:veinti)?uno(?= (?:mil|millones|billones)\b)")


def _apocopated(said: str) -> str:
    """As before a noun: "uno" is "un" there, "veintiuno" is "veintiún"."""
    if said.endswith("veintiuno"):
        return f"{said.removesuffix('uno')}ún"
    return f"{said.removesuffix('uno')}un" if said.endswith("uno") else said
