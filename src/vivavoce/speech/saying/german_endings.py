"""How German words end: the gender of a noun by its look, and what an ordinal becomes between its neighbours."""

from __future__ import annotations

import re
from typing import Final

from vivavoce.speech.saying.context import ends_sentence, word_before
from vivavoce.speech.saying.idiom import Gender, word_set

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


def gender_of(noun: str) -> Gender:
    """Of a noun, by a short list, then by the ending; empty for no word."""
    word = noun.lower()
    if word in _MASCULINE:
        return "m"
    if word in _NEUTER or word.endswith(("chen", "lein", "ment", "um", "jahrhundert")):
        return "n"
    if word in _FEMININE or word.endswith(_FEMININE_ENDS):
        return "f"
    return "m" if noun else ""


def ordinal_ending(before: tuple[str, ...], after: str) -> str:
    """What an ordinal ends in.

    Args:
        before: the words before it in lower case, the nearest first.
        after: the word after it.
    """
    if before[:1] and before[0] in ("und", "oder", "bis") and len(before) > 1:
        before = before[1:]
    nearest, next_to_it = (*before, "", "")[:2]
    if nearest in _WEEKDAYS:
        return "en" if next_to_it in _WEAK else "er"
    if nearest in _WEAK or (nearest == "der" and next_to_it in _DATIVE):
        return "en"
    if nearest in _DEFINITE:
        return "e"
    gender = gender_of(after)
    if nearest in _INDEFINITE:
        return "es" if gender == "n" else "er"
    return {"f": "e", "n": "es"}.get(gender, "er")


def ordinal_end(text: str, start: int, end: int) -> int | None:
    """Where "3." ends if it is an ordinal and no end of a sentence: the words around it tell.

    Args:
        text: the whole text.
        start: of the figures.
        end: of the figures.
    """
    if text[end : end + 1] != "." or end - start > 3:
        return None
    if _JOINED.match(text, end) or _ORDERED.match(text, end + 1):
        return end + 1
    nearest = word_before(text, start).lower()
    if nearest in ("am", "vom", "zum") and ends_sentence(text, end + 1):
        # At the end of all the full stop is the sentence's as well, and stays.
        return end if not text[end + 1 :].strip() else end + 1
    return end + 1 if nearest in _ORDERING and _CAPITAL.match(text, end + 1) else None


_CAPITAL: Final = re.compile(r"[ \u00a0\u202f][A-ZÄÖÜ]")
