"""Dates and times of day."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, Literal, cast

from vivavoce.speech.saying.context import Said, ends_sentence, word_before, words_before
from vivavoce.speech.saying.idiom import Idiom

_ISO: Final = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[T ](?=\d{2}:)|(?![\w-]))")
_NUMERIC: Final = re.compile(
    r"(\d{1,2})([./-])[ \u00a0\u202f]?(\d{1,2})\2[ \u00a0\u202f]?(\d{4}|\d{2})(?![\w])(?![./-]\d)"
)
_GERMAN_SHORT: Final = re.compile(r"(\d{1,2})\.[ \u00a0\u202f]?(\d{1,2})\.(?![\w])(?! ?\d)")
_SHORT: Final = re.compile(r"(\d{1,2})/(0[1-9]|1[0-2])(?![\w/.,]|\d)")

_ENGLISH_SHORT: Final = re.compile(r"(\d{1,2})/(\d{1,2})(?![\w/.]|,\d)")

_GAP: Final = r"[ \u00a0\u202f]?"
_CLOCK: Final = re.compile(
    rf"(\d{{1,2}}):([0-5]\d)(?::([0-5]\d))?(?!\d|:\d)"
    rf"(?:{_GAP}(?P<half>[aApP])\.? ?[mM](?:\.|\b)|{_GAP}(?:Uhr|uur|hrs?|h)\b\.?|Z)?"
)
_TWELVE: Final = re.compile(rf"(\d{{1,2}})(?:\.([0-5]\d))?{_GAP}(?P<half>[aApP])(?:\.{_GAP}[mM]\.|[mM]\b\.?)")
_HOURS: Final = {
    "de": re.compile(
        rf"(\d{{1,2}})(?:[.:]([0-5]\d))?{_GAP}Uhr(?:[ \u00a0]([0-5]?\d)(?![\d.,:]|{_GAP}[\w%€$]))?(?!\w)"
    ),
    "fr": re.compile(
        rf"(\d{{1,2}}){_GAP}(?:[hH]|heures?){_GAP}([0-5]\d)(?:{_GAP}min\b)?(?!\w)|(\d{{1,2}}){_GAP}h(?!\w)"
    ),
    "es": re.compile(rf"(\d{{1,2}})[.:]([0-5]\d){_GAP}(?:h|hs|hrs)\b\.?"),
    "nl": re.compile(rf"(\d{{1,2}})[.:]([0-5]\d){_GAP}uur(?!\w)"),
}
_SPAN: Final = re.compile(
    rf"(\d{{1,2}})(?:[:.]([0-5]\d))?{_GAP}[–—-]{_GAP}"
    rf"(?=\d{{1,2}}(?:[:.][0-5]\d)?{_GAP}(?:[aApP]\.? ?[mM]\b|Uhr\b|uur\b))"
)
"""The first of two times, where the second says that they are ones."""

_JOINT: Final = re.compile(
    rf"{_GAP}[–—-]{_GAP}(?=\d{{1,2}}(?::[0-5]\d|{_GAP}[hH]\b|[hH]\d\d|{_GAP}[aApP]\.? ?[mM]\b))"
)
"""Between two times."""

_DATE_WORDS: Final = frozenset(
    {"le", "el", "du", "au", "del", "al", "on", "until", "since", "day", "fecha", "jour"}
)


def date(text: str, at: int, idiom: Idiom) -> Said | None:
    """A date that begins here."""
    return _numeric(text, at, idiom) or _named(text, at, idiom)


def _numeric(text: str, at: int, idiom: Idiom) -> Said | None:
    before = tuple(words_before(text, at, 3))
    if match := _ISO.match(text, at):
        year, month, day = (int(part) for part in match.groups())
        if _exists(day, month):
            said = idiom.date(day, month, year, before, month_first=idiom.month_first)
            return Said(at, match.end(), said)
    if match := _NUMERIC.match(text, at):
        first, second, written = int(match.group(1)), int(match.group(3)), match.group(4)
        day, month = (second, first) if idiom.month_first and match.group(2) != "." else (first, second)
        if not _exists(day, month):
            day, month = month, day
        if _exists(day, month) and (len(written) == 4 or match.group(2) != "-"):
            year = (
                int(written)
                if len(written) == 4
                else 2000 + int(written)
                if int(written) < 50
                else 1900 + int(written)
            )
            said = idiom.date(day, month, year, before, month_first=idiom.month_first)
            return Said(at, match.end(), said)
    if idiom.code == "de" and (match := _GERMAN_SHORT.match(text, at)):
        day, month = int(match.group(1)), int(match.group(2))
        if _exists(day, month):
            # At the end of a sentence the full stop is the sentence's as well.
            stop = "." if re.match(r"\s*(?:$|\n)", text[match.end() : match.end() + 8]) else ""
            said = idiom.date(day, month, None, before, month_first=False)
            return Said(at, match.end(), said + stop)
    if (
        idiom.code == "en"
        and before[:1]
        and before[0] in _DATE_WORDS
        and (match := _ENGLISH_SHORT.match(text, at))
    ):
        first, second = int(match.group(1)), int(match.group(2))
        day, month = (second, first) if idiom.month_first else (first, second)
        if _exists(day, month):
            said = idiom.date(day, month, None, before, month_first=idiom.month_first)
            return Said(at, match.end(), said)
    if idiom.code in ("fr", "es", "it", "pt") and (match := _SHORT.match(text, at)):
        day, month = int(match.group(1)), int(match.group(2))
        told = (match.group(2)[0] == "0" and len(match.group(1)) == 2) or (
            before[:1] and before[0] in _DATE_WORDS
        )
        if told and _exists(day, month):
            return Said(at, match.end(), idiom.date(day, month, None, before, month_first=False))
    return None


def _exists(day: int, month: int) -> bool:
    return 1 <= day <= 31 and 1 <= month <= 12


@lru_cache(maxsize=32)
def _patterns(code: str, names: tuple[str, ...]) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Day before month, and month before day, of a language."""
    month = "|".join(sorted((re.escape(name) for name in names), key=len, reverse=True))
    space = r"[ \u00a0\u202f]"
    year = rf"(?:,?{space}(?:de{space}|del{space})?(\d{{4}})(?!\w)(?![.,:/-]\d))?"
    of = {"en": r"(?:of )?", "es": r"(?:de )?", "pt": r"(?:de )?"}.get(code, "")
    mark = {
        "en": r"(?:st|nd|rd|th)?",
        "fr": r"(?:er)?",
        "de": r"\.",
        "es": r"(?:º|°|\.º)?",
        "it": r"º?",
        "pt": r"º?",
    }.get(code, "")
    joint = r"(?:-|–|—| bis | to | – | - )"
    first = re.compile(
        rf"(\d{{1,2}}){mark}(?:{joint}(\d{{1,2}}){mark})?{space}?{of}({month})(?!\w)\.?{year}", re.IGNORECASE
    )
    second = re.compile(
        rf"({month})\.?{space}(\d{{1,2}}){mark}(?:{joint}(\d{{1,2}}){mark})?(?![\w]|[:/.,]\d)(?!{space}?(?:%|percent)){year}",
        re.IGNORECASE,
    )
    return first, second


def _named(text: str, at: int, idiom: Idiom) -> Said | None:
    day_first, month_first = _patterns(idiom.code, tuple(idiom.months))
    before = tuple(words_before(text, at, 3))
    if match := day_first.match(text, at):
        day, last, name, year = match.groups()
        written = name
    elif idiom.code == "en" and text[at].isalpha() and (match := month_first.match(text, at)):
        name, day, last, year = match.groups()
        written = name
    else:
        return None
    month = idiom.months[written.lower()]
    # English has months that are words too: "may", "march".
    if idiom.code in ("en", "de") and not written[0].isupper():
        return None
    first = match.re is month_first
    if not _exists(int(day), month) or (last and not _exists(int(last), month)):
        return None
    end = match.end()
    if last:
        said = idiom.days(int(day), int(last), month, before, month_first=first)
        said += f" {idiom.year(int(year))}" if year else ""
    else:
        said = idiom.date(int(day), month, int(year) if year else None, before, month_first=first)
    # A short name's full stop may be the sentence's.
    if not year and text[end - 1] == "." and re.match(r"\s*(?:$|\n)", text[end : end + 8]):
        end -= 1
    return Said(at, end, said)


@lru_cache(maxsize=32)
def _short_month(code: str, names: tuple[str, ...]) -> re.Pattern[str]:
    """A month before a year."""
    of = {"es": "(?:de )?", "pt": "(?:de )?"}.get(code, "")
    month = "|".join(sorted((re.escape(name) for name in names), key=len, reverse=True))
    return re.compile(rf"({month})\.?(?=[ \u00a0\u202f]{of}(?:19|20)\d\d(?!\w))", re.IGNORECASE)


@lru_cache(maxsize=32)
def _weekdays(locale: str, idiom: Idiom) -> dict[str, int]:
    return {
        name.lower().rstrip("."): number
        for number, name in idiom.locale.days["format"]["abbreviated"].items()
    }


@lru_cache(maxsize=32)
def _day_patterns(locale: str, idiom: Idiom) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """A short name of a day, without its full stop, before something; and two of them."""
    names = "|".join(re.escape(name) for name in _weekdays(locale, idiom))
    case = f"(?:{names}|{names.title()})" if idiom.code not in ("en", "de") else f"(?:{names.title()})"
    return (
        re.compile(rf"({case})(?:\.,?|,)?[ \u00a0\u202f](?=\d|[^\W\d_]+\.? \d)"),
        re.compile(rf"({case})\.? ?[-–—] ?({case})(?!\w)\.?(?=[ \u00a0\u202f,:;)]|$)"),
    )


def month(text: str, at: int, idiom: Idiom) -> Said | None:
    """A date that begins with a letter: "March 3", "Mon, 5 Oct", "Sept. 2026"."""
    if found := _named(text, at, idiom):
        return found
    if match := _short_month(idiom.code, tuple(idiom.months)).match(text, at):
        name = match.group(1)
        if name[0].isupper() or idiom.code not in ("en", "de"):
            return Said(at, match.end(), idiom.month(idiom.months[name.lower()]))
    return _weekday(text, at, idiom)


def _weekday(text: str, at: int, idiom: Idiom) -> Said | None:
    """Short names of days of the week: two with a hyphen between them, or one before a date or a time."""
    names = _weekdays(str(idiom.locale), idiom)
    wide = idiom.locale.days["format"]["wide"]
    single, span = _day_patterns(str(idiom.locale), idiom)
    if match := span.match(text, at):
        first, last = (wide[names[name.lower()]] for name in match.groups())
        return Said(at, match.end(), f"{first} {idiom.words.to} {last}")
    if (match := single.match(text, at)) and (
        date(text, match.end(), idiom) or time(text, match.end(), idiom)
    ):
        comma = "," if match.group().rstrip().endswith(",") else ""
        return Said(at, match.end() - 1, wide[names[match[1].lower()]] + comma)
    return None


def time(text: str, at: int, idiom: Idiom) -> Said | None:
    """A time of day that begins here."""
    before = word_before(text, at).lower()
    if match := _CLOCK.match(text, at):
        hour, minute, second = (None if part is None else int(part) for part in match.group(1, 2, 3))
        assert hour is not None and minute is not None
        return _said(text, match, hour, minute, second, idiom, before)
    if match := _TWELVE.match(text, at):
        hour = int(match.group(1))
        if 1 <= hour <= 12:
            return _said(text, match, hour, int(match.group(2) or 0), None, idiom, before)
    if match := _SPAN.match(text, at):
        hour, minute = int(match.group(1)), int(match.group(2) or 0)
        if hour <= 24:
            said = idiom.cardinal(hour, "f" if idiom.code in ("fr", "es") else "")
            return Said(
                at, match.end(), f"{said}{f' {idiom.cardinal(minute)}' if minute else ''} {idiom.words.to} "
            )
    pattern = _HOURS.get(idiom.code)
    if pattern and (match := pattern.match(text, at)):
        figures = [part for part in match.groups() if part is not None]
        hour, minute = int(figures[0]), int(figures[1]) if len(figures) > 1 else 0
        if minute < 60:
            return _said(text, match, hour, minute, None, idiom, before)
    return None


def _said(
    text: str, match: re.Match[str], hour: int, minute: int, second: int | None, idiom: Idiom, before: str
) -> Said | None:
    if hour > 24:
        return None
    letter = match.groupdict().get("half")
    half = cast("Literal['', 'am', 'pm']", f"{letter.lower()}m" if letter else "")
    end = match.end()
    while text[end - 1].isspace():
        end -= 1
    if text[end - 1] == "." and ends_sentence(text, end):
        end -= 1
    said = idiom.time(hour, minute, second, half, before)
    if joint := _JOINT.match(text, end):
        return Said(match.start(), joint.end(), f"{said} {idiom.words.to} ")
    return Said(match.start(), end, said)
