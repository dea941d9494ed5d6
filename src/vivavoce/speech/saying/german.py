"""How German is said. Its ordinals and its "one" bend to the noun after them and the little word before."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, Literal

from vivavoce.speech.saying.context import ends_sentence, words_before
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

_WEAK: Final = word_set(
    """
    am vom zum zur beim im dem den des bis ab seit diesem diesen jedem jeden einem einen einer keinem
    keinen meinem meinen meiner seinem seinen seiner ihrem ihren ihrer unserem unseren unserer deinem
    deinen
    """
)
"""After these an ordinal ends in -en."""

_DEFINITE: Final = word_set(
    """
    der die das jede jeder jedes diese dieser dieses eine keine meine seine ihre unsere deine
    """
)
"""After these it ends in -e, but after "der" of the dative."""

_DATIVE: Final = word_set(
    """
    in mit von zu bei aus nach seit an auf vor unter ab während wegen trotz nahe
    """
)
_INDEFINITE: Final = word_set(
    """
    ein kein mein dein sein ihr unser euer
    """
)
_WEEKDAYS: Final = word_set(
    """
    montag dienstag mittwoch donnerstag freitag samstag sonnabend sonntag mo di mi do fr sa so
    """
)

_FEMININE_ENDS: Final = (
    "ung",
    "heit",
    "keit",
    "schaft",
    "ion",
    "tät",
    "ei",
    "ie",
    "ik",
    "ur",
    "enz",
    "anz",
    "ette",
    "ade",
    "age",
    "ine",
)
_FEMININE: Final = word_set(
    """
    frau person klasse etage runde woche stunde minute sekunde seite frage liga stufe phase ebene reihe
    zeile spalte hälfte auflage chance stadt nacht hand tasse flasche tüte dose schwester tochter mutter
    katze idee sache aufgabe nummer welle staffel folge schule gruppe wohnung reise karte mail stelle
    antwort generation
    """
)
_NEUTER: Final = word_set(
    """
    og eg ug mal jahr kapitel quartal semester buch kind haus jahrhundert lebensjahr bier glas halbjahr viertel
    drittel stück auto tor spiel team bild beispiel wort thema ziel interview gespräch gebot geschoss
    obergeschoss ende zimmer mädchen tier foto video
    """
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
_MASCULINE: Final = word_set(
    """
    name junge kollege kunde gedanke käse experte nachbar schritt platz tag monat mann
    """
)

_ORDERING: Final = word_set(
    """
    am vom zum zur beim im dem den des der die das jeden jede jeder jedes jedem ein eine einen einem einer kein keine
    mein meine meinem meinen sein seine ihr ihre ihrem ihren unser unsere unserem diesem diesen dieser diese seit bis ab
    und oder
    """
)
"""Between these and a noun "3." is an ordinal."""

_JOINED: Final = re.compile(r"\.(?=[^\S\n]+[a-zäöü]|[^\S\n]*[,–-])")
_ORDERED: Final = re.compile(
    r"[ \u00a0\u202f](?:Platz|Klasse|Mal|Stock|Etage|Kapitel|Jahrhundert|Quartal|Semester|Weltkrieg|Bezirk|Lebensjahr|"
    r"Auflage|Liga|Runde|Tag|Woche|Monat|Jahr|Gang|Geburtstag|Stufe|Phase|Schritt|Teil|Stelle|Rang|Halbjahr|Halbzeit|"
    r"Obergeschoss|OG|Generation|Staffel|Folge|Spieltag|Person|Versuch|Advent|Reihe|Akt|Satz|Sitzung|Frage|Jhd?\.)"
    r"(?:e[sn]?|s|n)?(?!\w)"
)
"""Before these it is one in any case."""

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
        return self.whole(figures, self.gender_of(noun))

    def gender_of(self, noun: str) -> Gender:
        """By a short list, then by the ending."""
        word = noun.lower()
        if word in _MASCULINE:
            return "m"
        if word in _NEUTER or word.endswith(("chen", "lein", "ment", "um", "jahrhundert")):
            return "n"
        if word in _FEMININE or word.endswith(_FEMININE_ENDS):
            return "f"
        return "m" if noun else ""

    def ordinal(self, number: int, suffix: str = "", before: tuple[str, ...] = (), after: str = "") -> str:
        """ "am dritten", "der dritte", "ein drittes Mal"."""
        stem = super().ordinal(number).removesuffix("e")
        if stem.startswith(("einhundert", "eintausend")):
            stem = stem.removeprefix("ein")
        return stem + self._ending(before, after)

    def _ending(self, before: tuple[str, ...], after: str) -> str:
        if before[:1] and before[0] in ("und", "oder", "bis") and len(before) > 1:
            before = before[1:]
        nearest, *further = (*before, "", "")[:3]
        if nearest in _WEEKDAYS:
            nearest, further = (further[0], ["", ""])
            return "en" if nearest in _WEAK else "er"
        if nearest in _WEAK or (nearest == "der" and further[0] in _DATIVE):
            return "en"
        if nearest in _DEFINITE:
            return "e"
        gender = self.gender_of(after)
        if nearest in _INDEFINITE:
            return "es" if gender == "n" else "er"
        return {"f": "e", "n": "es"}.get(gender, "er")

    def fraction(self, above: int, below: int) -> str:
        """ "drei Viertel", "ein halb"."""
        if below == 2:
            return "ein halb" if above == 1 else f"{self.cardinal(above)} Halbe"
        part = f"{super().ordinal(below)}l"
        return f"{self.cardinal(above, 'n')} {part[0].upper()}{part[1:]}"

    def fraction_of(self, above: int, below: int, gender: Gender, after: str) -> str:
        """ "ein halber Liter", "eine halbe Stunde", "ein halbes Kilogramm"."""
        gender = gender or self.gender_of(after if after[:1].isupper() else "")
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
        named: bool,
        month_first: bool,
    ) -> str:
        """ "am zwölften März", "zwölfter März zweitausendsechsundzwanzig"."""
        said = f"{self.ordinal(day, before=before)} {self.month(month)}"
        return said if year is None else f"{said} {self.year(year)}"

    def days(self, first: int, last: int, month: int, before: tuple[str, ...], *, month_first: bool) -> str:
        """ "dritter bis fünfter März", "vom dritten bis fünften März"."""
        ending = self._ending(before, "")
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
        """A full stop makes an ordinal, or ends a sentence: the words around it tell."""
        if text[end : end + 1] != "." or end - start > 3:
            return None
        if _JOINED.match(text, end) or _ORDERED.match(text, end + 1):
            return end + 1
        if not text[:start].rstrip()[-1:].isalpha():
            return None
        nearest = words_before(text, start, 1)[0]
        if nearest in ("am", "vom", "zum") and ends_sentence(text, end + 1):
            # At the end of all the full stop is the sentence's as well, and stays.
            return end if not text[end + 1 :].strip() else end + 1
        capital = re.match(r"[ \u00a0\u202f][A-ZÄÖÜ]", text[end + 1 : end + 3])
        return end + 1 if nearest in _ORDERING and capital else None
