"""How German is said. Its ordinals and its "one" bend to the noun after them and the little word before."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, Literal

from vivavoce.speech.saying.german_endings import gender_of, ordinal_end, ordinal_ending
from vivavoce.speech.saying.idiom import Abbreviations, Gender, Idiom, Money, Words, word_set

WORDS: Final = Words(
    minus="minus",
    plus="plus",
    point="Punkt",
    comma="Komma",
    to="bis",
    versus="zu",
    per="pro",
    out_of="von",
    by="mal",
    version="Version",
    percent="Prozent",
    permille="Promille",
    at="ät",
    dot="Punkt",
    slash="Schrägstrich",
    dash="Bindestrich",
    underscore="Unterstrich",
    and_="und",
    equals="gleich",
    times="mal",
    divided="geteilt durch",
    number="Nummer",
    numbers="Nummern",
    hashtag="Hashtag",
    hash="Raute",
    section="Paragraf",
    sections="Paragrafen",
    degree="Grad",
    degrees="Grad",
    about="etwa",
    less="kleiner als",
    more="größer als",
    at_most="höchstens",
    at_least="mindestens",
    unequal="ungleich",
    plus_minus="plus minus",
    power="hoch",
    squared="Quadrat",
    cubed="hoch drei",
    feet="Fuß",
    inches="Zoll",
)

_CENT: Final = ("Cent", "Cent")
MONEY: Final = {
    "$": Money("Dollar", "Dollar", *_CENT),
    "€": Money("Euro", "Euro", *_CENT),
    "£": Money("Pfund", "Pfund", "Penny", "Pence", "n"),
    "¥": Money("Yen", "Yen"),
    "₹": Money("Rupie", "Rupien", "Paisa", "Paise", "f"),
    "₽": Money("Rubel", "Rubel", "Kopeke", "Kopeken", "m", "f"),
    "₩": Money("Won", "Won"),
    "₺": Money("Lira", "Lira", "Kuruş", "Kuruş", "f"),
    "₿": Money("Bitcoin", "Bitcoin"),
    "¢": Money("Cent", "Cent"),
    "CHF": Money("Franken", "Franken", "Rappen", "Rappen"),
    "Fr.": Money("Franken", "Franken", "Rappen", "Rappen"),
}

ABBREVIATIONS: Final = Abbreviations(
    always={
        "z. B.": "zum Beispiel",
        "d. h.": "das heißt",
        "u. a.": "unter anderem",
        "u. U.": "unter Umständen",
        "i. d. R.": "in der Regel",
        "o. Ä.": "oder Ähnliches",
        "o. ä.": "oder ähnlich",
        "u. Ä.": "und Ähnliches",
        "v. a.": "vor allem",
        "z. T.": "zum Teil",
        "s. o.": "siehe oben",
        "s. u.": "siehe unten",
        "m. E.": "meines Erachtens",
        "n. Chr.": "nach Christus",
        "v. Chr.": "vor Christus",
        "i. A.": "im Auftrag",
        "z. Hd.": "zu Händen",
        "a. D.": "außer Dienst",
        "u. v. m.": "und vieles mehr",
        "u. a. m.": "und andere mehr",
        "u.": "und",
        "o. g.": "oben genannt",
        "etc. pp.": "et cetera",
        "MwSt.": "Mehrwertsteuer",
        "MwSt": "Mehrwertsteuer",
        "USt.": "Umsatzsteuer",
        "EG": "Erdgeschoss",
        "OG": "Obergeschoss",
        "UG": "Untergeschoss",
        "Str.": "Straße",
        "bzw.": "beziehungsweise",
        "usw.": "und so weiter",
        "etc.": "et cetera",
        "ca.": "circa",
        "evtl.": "eventuell",
        "ggf.": "gegebenenfalls",
        "inkl.": "inklusive",
        "exkl.": "exklusive",
        "zzgl.": "zuzüglich",
        "abzgl.": "abzüglich",
        "max.": "maximal",
        "min.": "minimal",
        "mind.": "mindestens",
        "vgl.": "vergleiche",
        "sog.": "sogenannt",
        "bspw.": "beispielsweise",
        "allg.": "allgemein",
        "bzgl.": "bezüglich",
        "geb.": "geboren",
        "gest.": "gestorben",
        "verh.": "verheiratet",
        "Abb.": "Abbildung",
        "Tel.": "Telefon",
        "Hr.": "Herr",
        "Fr.": "Frau",
        "Dr.": "Doktor",
        "Prof.": "Professor",
        "Dipl.-Ing.": "Diplomingenieur",
        "Hbf.": "Hauptbahnhof",
        "Jh.": "Jahrhundert",
        "Jhd.": "Jahrhundert",
        "C++": "C plus plus",
        "C#": "C sharp",
        "Hbf": "Hauptbahnhof",
        "GmbH": "G M B H",
    },
    before_name={"St.": "Sankt"},
    before_number={
        "Nr.": "Nummer",
        "Nrn.": "Nummern",
        "S.": "Seite",
        "Bd.": "Band",
        "Kap.": "Kapitel",
        "Tab.": "Tabelle",
        "Art.": "Artikel",
        "Abs.": "Absatz",
        "Ziff.": "Ziffer",
        "Jg.": "Jahrgang",
    },
    after_number={
        "J.": "Jahre",
        "Tsd.": "Tausend",
        "Mo.": "Monate",
        "Stk.": "Stück",
        "f.": "folgende",
        "ff.": "folgende",
    },
    ending=frozenset(
        {
            "usw.",
            "etc.",
            "Jh.",
            "Jhd.",
            "o. Ä.",
            "u. Ä.",
            "o. ä.",
            "s. o.",
            "s. u.",
            "u. v. m.",
            "n. Chr.",
            "v. Chr.",
        }
    ),
)

_NEUTER_UNITS: Final = (
    "gramm",
    "pfund",
    "byte",
    "bit",
    "watt",
    "volt",
    "ohm",
    "hertz",
    "joule",
    "hektar",
    "prozent",
)

SCALES: Final = {
    "Tsd.": ("tausend", "tausend"),
    "Tsd": ("tausend", "tausend"),
    "tausend": ("tausend", "tausend"),
    "Bio.": ("Billion", "Billionen"),
    "Bio": ("Billion", "Billionen"),
    "Mio.": ("Million", "Millionen"),
    "Mio": ("Million", "Millionen"),
    "Million": ("Million", "Millionen"),
    "Millionen": ("Million", "Millionen"),
    "Mrd.": ("Milliarde", "Milliarden"),
    "Mrd": ("Milliarde", "Milliarden"),
    "Milliarde": ("Milliarde", "Milliarden"),
    "Milliarden": ("Milliarde", "Milliarden"),
    "Billion": ("Billion", "Billionen"),
    "Billionen": ("Billion", "Billionen"),
    "k": ("tausend", "tausend"),
    "K": ("tausend", "tausend"),
    "M": ("Million", "Millionen"),
}
MONTHS: Final = {"jänner": 1, "feber": 2, "mrz": 3, "mär": 3, "jun": 6, "jul": 7, "sept": 9}


class German(Idiom):
    """German."""

    full = True
    words = WORDS
    abbreviations = ABBREVIATIONS
    space_groups = True
    percent_gender = "n"
    decade_suffix = re.compile(r"ern?(?!\w)")
    parts_of = frozenset({"m"})
    months_more = MONTHS
    feminine_units = word_set(
        """
    duration-hour duration-minute duration-second duration-millisecond duration-week mass-tonne
    mass-ounce length-mile energy-calorie energy-kilocalorie energy-kilowatt-hour SEK NOK DKK CZK INR
    TRY
    """
    )
    scales = SCALES

    @property
    def money(self) -> Mapping[str, Money]:
        """See `Idiom`."""
        return MONEY

    def cardinal(self, number: int, gender: Gender = "") -> str:
        """ "eins", "ein Euro", "eine Stunde"; "hundert", not "einhundert"."""
        if number == 1 and gender:
            return "eine" if gender == "f" else "ein"
        said = super().cardinal(number)
        for hundred in ("hundert", "tausend"):
            if said.startswith(f"ein{hundred}"):
                return said.removeprefix("ein")
        return said

    def year(self, number: int) -> str:
        """ "neunzehnhundertneunundneunzig"."""
        if 1100 <= number < 2000:
            century, rest = divmod(number, 100)
            return f"{self.cardinal(century)}hundert{self.cardinal(rest) if rest else ''}"
        return self.cardinal(number)

    def bare(self, figures: str, after: str) -> str:
        """Four figures are read as a year is: "fünfzehnhundert Leute" is said too."""
        if len(figures) == 4 and 1100 <= int(figures) < 2000:
            return self.year(int(figures))
        noun = after if after[:1].isupper() and not after.isupper() else ""
        return self.whole(figures, gender_of(noun))

    def ordinal(self, number: int, suffix: str = "", before: tuple[str, ...] = (), after: str = "") -> str:
        """ "am dritten", "der dritte", "ein drittes Mal"."""
        stem = super().ordinal(number).removesuffix("e")
        if stem.startswith(("einhundert", "eintausend")):
            stem = stem.removeprefix("ein")
        return stem + ordinal_ending(before, after)

    def fraction(self, above: int, below: int) -> str:
        """ "drei Viertel", "ein halb"."""
        if below == 2:
            return "ein halb" if above == 1 else f"{self.cardinal(above)} Halbe"
        part = f"{super().ordinal(below)}l"
        return f"{self.cardinal(above, 'n')} {part[0].upper()}{part[1:]}"

    def fraction_of(self, above: int, below: int, gender: Gender, after: str) -> str:
        """ "ein halber Liter", "eine halbe Stunde", "ein halbes Kilogramm"."""
        gender = gender or gender_of(after if after[:1].isupper() else "")
        if (above, below) == (1, 2) and gender:
            return {"f": "eine halbe", "n": "ein halbes"}.get(gender, "ein halber")
        return self.fraction(above, below)

    def unit_gender(self, unit: str, name: str) -> Gender:
        """Most are masculine."""
        return "n" if name.lower().endswith(_NEUTER_UNITS) else super().unit_gender(unit, name)

    def mixed(self, whole: int, above: int, below: int) -> str:
        """ "zweieinhalb", "eindreiviertel"."""
        said = self.fraction(above, below).replace(" ", "").lower()
        return f"{self.cardinal(whole, 'n')}{said}"

    def decade(self, figures: str, suffix: str) -> str | None:
        """ "neunziger", "in den neunzehnhundertneunzigern", "vierer"."""
        return f"{self.year(int(figures))}{suffix}" if len(figures) <= 4 else None

    def date(
        self,
        day: int,
        month: int,
        year: int | None,
        before: tuple[str, ...],
        *,
        month_first: bool,
    ) -> str:
        """ "am zwölften März", "zwölfter März zweitausendsechsundzwanzig"."""
        said = f"{self.ordinal(day, before=before)} {self.month(month)}"
        return said if year is None else f"{said} {self.year(year)}"

    def days(self, first: int, last: int, month: int, before: tuple[str, ...], *, month_first: bool) -> str:
        """ "dritter bis fünfter März", "vom dritten bis fünften März"."""
        ending = ordinal_ending(before, "")
        start, end = (super(German, self).ordinal(day).removesuffix("e") + ending for day in (first, last))
        return f"{start} bis {end} {self.month(month)}"

    def time(
        self, hour: int, minute: int, second: int | None, half: Literal["", "am", "pm"], before: str
    ) -> str:
        """ "vierzehn Uhr dreißig"."""
        if half == "pm" and hour < 12:
            hour += 12
        said = f"{self.cardinal(hour, 'n')} Uhr"
        if minute or second:
            said += f" {self.cardinal(minute)}"
        if second:
            said += f" und {self.cardinal(second, 'f')} {'Sekunde' if second == 1 else 'Sekunden'}"
        return said

    def sum_of(self, units: int, hundredths: int, money: Money) -> str:
        """ "drei Euro fünfzig", "drei Euro und fünf Cent"."""
        if hundredths >= 10:
            return f"{self.units(units, money)} {self.cardinal(hundredths)}"
        return f"{self.units(units, money)} und {self.hundredths(hundredths, money)}"

    def apart(self, gender: Gender) -> Gender:
        """ "eins bis zwei Kilometer"."""
        return ""

    def multiple(self, count: str, single: bool) -> str:
        """ "dreimal"."""
        return "einmal" if single else f"{count}mal"

    def ordinal_end(self, text: str, start: int, end: int) -> int | None:
        """A full stop makes an ordinal, or ends a sentence."""
        return ordinal_end(text, start, end)
