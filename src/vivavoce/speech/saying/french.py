"""How French is said."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, Literal

from vivavoce.speech.saying.idiom import Abbreviations, Gender, Idiom, Money, Words, word_set

_LETTERS: Final = {
    "A": "a", "B": "bé", "C": "cé", "D": "dé", "E": "e", "F": "effe", "G": "gé", "H": "ache", "I": "i",
    "J": "ji", "K": "ka", "L": "elle", "M": "emme", "N": "enne", "O": "o", "P": "pé", "Q": "ku",
    "R": "erre", "S": "esse", "T": "té", "U": "u", "V": "vé", "W": "double vé", "X": "ixe", "Y": "i grec",
    "Z": "zède",
}  # fmt: skip

WORDS: Final = Words(
    minus="moins",
    plus="plus",
    point="point",
    comma="virgule",
    to="à",
    versus="à",
    per="par",
    out_of="sur",
    by="sur",
    version="version",
    percent="pour cent",
    permille="pour mille",
    at="arobase",
    dot="point",
    slash="barre oblique",
    dash="tiret",
    underscore="tiret bas",
    and_="et",
    equals="égale",
    times="fois",
    divided="divisé par",
    number="numéro",
    numbers="numéros",
    hashtag="hashtag",
    hash="dièse",
    section="paragraphe",
    sections="paragraphes",
    degree="degré",
    degrees="degrés",
    about="environ",
    less="inférieur à",
    more="supérieur à",
    at_most="au plus",
    at_least="au moins",
    unequal="différent de",
    plus_minus="plus ou moins",
    power="puissance",
    squared="au carré",
    cubed="au cube",
    feet="pieds",
    inches="pouces",
    letters=_LETTERS,
)

_CENTIME: Final = ("centime", "centimes")
MONEY: Final = {
    "$": Money("dollar", "dollars", "cent", "cents"),
    "€": Money("euro", "euros", *_CENTIME),
    "£": Money("livre", "livres", "penny", "pence", "f"),
    "¥": Money("yen", "yens"),
    "₹": Money("roupie", "roupies", "paisa", "paisas", "f"),
    "₽": Money("rouble", "roubles", "kopeck", "kopecks"),
    "₩": Money("won", "wons"),
    "₺": Money("livre turque", "livres turques", "kuruş", "kuruş", "f"),
    "₿": Money("bitcoin", "bitcoins"),
    "¢": Money("cent", "cents"),
    "CHF": Money("franc suisse", "francs suisses", *_CENTIME),
    "F": Money("franc", "francs", *_CENTIME),
}

ABBREVIATIONS: Final = Abbreviations(
    always={
        "p. ex.": "par exemple",
        "par ex.": "par exemple",
        "c.-à-d.": "c'est-à-dire",
        "c-à-d": "c'est-à-dire",
        "etc.": "et cetera",
        "env.": "environ",
        "cf.": "confer",
        "vs": "versus",
        "M. et": "Monsieur et",
        "Mme": "Madame",
        "Mmes": "Mesdames",
        "Mlle": "Mademoiselle",
        "Mlles": "Mesdemoiselles",
        "MM.": "Messieurs",
        "Mgr": "Monseigneur",
        "bd": "boulevard",
        "bd.": "boulevard",
        "boul.": "boulevard",
        "apr. J.-C.": "après Jésus-Christ",
        "av. J.-C.": "avant Jésus-Christ",
        "s.v.p.": "s'il vous plaît",
        "svp": "s'il vous plaît",
        "SVP": "s'il vous plaît",
        "rdv": "rendez-vous",
        "RDV": "rendez-vous",
        "qqn": "quelqu'un",
        "qqch": "quelque chose",
        "tél.": "téléphone",
        "max.": "maximum",
        "ap.": "après",
        "C++": "C plus plus",
        "C#": "C sharp",
    },
    before_name={
        "M.": "Monsieur",
        "Dr": "Docteur",
        "Dr.": "Docteur",
        "Pr": "Professeur",
        "Me": "Maître",
        "St": "Saint",
        "Ste": "Sainte",
        "av.": "avenue",
    },
    before_number={
        "n°": "numéro",
        "nº": "numéro",
        "no": "numéro",
        "nos": "numéros",
        "p.": "page",
        "pp.": "pages",
        "vol.": "volume",
        "chap.": "chapitre",
        "art.": "article",
        "fig.": "figure",
        "t.": "tome",
    },
    ending=frozenset({"etc.", "av. J.-C.", "apr. J.-C."}),
)

_FEMININE_ENDS: Final = (
    "tion", "sion", "xion", "té", "ette", "ance", "ence", "ure", "ade", "ée", "esse", "ille", "aine", "erie", "ière",
    "euse", "trice", "asse",
)  # fmt: skip
_FEMININE: Final = word_set(
    """
    personne fois heure minute seconde page question femme fille ville voiture maison étape équipe chose idée partie
    ligne table entreprise vie place main nuit langue phrase image note carte lettre bouteille tasse part règle liste
    sœur mère tonne année phase étude école classe chambre pièce rue porte photo vidéo
    """
)
_MASCULINE: Final = word_set(
    """
    musée lycée été côté comité trophée employé million village stade grade silence
    """
)
_NO_NOUN: Final = word_set(
    "de du des à au aux et ou en sur par pour dans le la les est sont a ont y qui que ne se plus moins pas"
)

SCALES: Final = {
    "k": ("mille", "mille"),
    "K": ("mille", "mille"),
    "M": ("million", "millions"),
    "Md": ("milliard", "milliards"),
    "Mds": ("milliard", "milliards"),
    "million": ("million", "millions"),
    "millions": ("million", "millions"),
    "milliard": ("milliard", "milliards"),
    "milliards": ("milliard", "milliards"),
}


class French(Idiom):
    """French."""

    full = True
    words = WORDS
    abbreviations = ABBREVIATIONS
    space_groups = True
    parts_of = frozenset({"m"})
    ordinal_suffix = re.compile(r"(?:ers?|res?|ères?|èmes?|emes?|es?|è|nde?s?|de?s?)\b")
    feminine_units = word_set(
        """
    duration-hour duration-minute duration-second duration-millisecond duration-week mass-tonne
    mass-ounce mass-pound energy-calorie energy-kilocalorie GBP SEK NOK DKK CZK INR TRY
    """
    )
    scales = SCALES

    @property
    def money(self) -> Mapping[str, Money]:
        """See `Idiom`."""
        return MONEY

    def cardinal(self, number: int, gender: Gender = "") -> str:
        """ "vingt et une heures"."""
        said = super().cardinal(number)
        return f"{said}e" if gender == "f" and (said == "un" or said.endswith((" un", "-un"))) else said

    def part(self, figures: str) -> str:
        """ "trois virgule quatorze"; after a zero figure by figure."""
        if len(figures) > 3 or figures[0] == "0":
            return self.digits(figures)
        return self.cardinal(int(figures))

    def counted_gender(self, after: str) -> Gender:
        """By a short list, then by the ending."""
        word = after.lower()
        if not word or word in _NO_NOUN:
            return ""
        if word in _MASCULINE:
            return "m"
        singular = word.removesuffix("s")
        feminine = word in _FEMININE or singular in _FEMININE or singular.endswith(_FEMININE_ENDS)
        return "f" if feminine else "m"

    def ordinal(self, number: int, suffix: str = "", before: tuple[str, ...] = (), after: str = "") -> str:
        """ "premier", "première", "seconde", "vingt et unième"."""
        if number == 1:
            return "première" if suffix.startswith(("re", "ère")) else "premier"
        if number == 2 and suffix.startswith(("nd", "d")):
            return "seconde" if "e" in suffix else "second"
        return super().ordinal(number)

    def fraction(self, above: int, below: int) -> str:
        """ "trois quarts", "deux tiers", "un demi"."""
        named = {2: "demi", 3: "tiers", 4: "quart"}.get(below) or super().ordinal(below)
        many = "" if above == 1 or named.endswith("s") else "s"
        return f"{self.cardinal(above)} {named}{many}"

    def fraction_of(self, above: int, below: int, gender: Gender, after: str) -> str:
        """ "une demi heure"."""
        gender = gender or self.counted_gender(after)
        return "une demi" if (above, below) == (1, 2) and gender == "f" else self.fraction(above, below)

    def mixed(self, whole: int, above: int, below: int) -> str:
        """ "deux et demi", "un trois quarts"."""
        if (above, below) == (1, 2):
            return f"{self.cardinal(whole)} et demi"
        return f"{self.cardinal(whole)} et {self.fraction(above, below)}"

    def date(
        self,
        day: int,
        month: int,
        year: int | None,
        before: tuple[str, ...],
        *,
        month_first: bool,
    ) -> str:
        """ "premier mars deux mille vingt-six"."""
        said = f"{'premier' if day == 1 else self.cardinal(day)} {self.month(month)}"
        return said if year is None else f"{said} {self.year(year)}"

    def days(self, first: int, last: int, month: int, before: tuple[str, ...], *, month_first: bool) -> str:
        """ "premier au cinq mars"."""
        start = "premier" if first == 1 else self.cardinal(first)
        return f"{start} au {self.cardinal(last)} {self.month(month)}"

    def time(
        self, hour: int, minute: int, second: int | None, half: Literal["", "am", "pm"], before: str
    ) -> str:
        """ "quatorze heures trente", "une heure"."""
        if half == "pm" and hour < 12:
            hour += 12
        said = f"{self.cardinal(hour, 'f')} {'heure' if hour < 2 else 'heures'}"
        if minute or second:
            said += f" {self.cardinal(minute, 'f')}"
        if second:
            minutes = " minute et" if minute == 1 else " minutes et"
            said += f"{minutes} {self.cardinal(second, 'f')} {'seconde' if second == 1 else 'secondes'}"
        return said

    def sum_of(self, units: int, hundredths: int, money: Money) -> str:
        """ "trois euros cinquante", "trois euros et cinq centimes"."""
        if hundredths >= 10:
            return f"{self.units(units, money)} {self.cardinal(hundredths)}"
        return f"{self.units(units, money)} et {self.hundredths(hundredths, money)}"

    def scale_joint(self, scale: str, counted: str) -> str:
        """ "deux millions de dollars", "deux millions d'euros", "deux mille euros"."""
        if scale == "mille":
            return ""
        return "d'" if counted[0] in "aeiouéh" else "de "

    def plural(self, count: int, *, decimal: bool = False) -> bool:
        """From two on."""
        return count >= 2
