"""Numbers with what they count: signs, ranges, ordinals, money, percent, units."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from vivavoce.speech.saying.context import Said, ends_sentence, word_after, word_before, words_before
from vivavoce.speech.saying.idiom import Idiom
from vivavoce.speech.saying.money import (
    SIGNS,
    currency_after,
    currency_before,
    currency_named,
    scale_gender,
    sum_said,
)
from vivavoce.speech.saying.numbers import SPACE, THIN, Amount, Number, number_at, said, slashed
from vivavoce.speech.saying.units import unit_at, unit_gender, unit_name

_SIGN: Final = frozenset("-−–+±~≈<>≤≥")
_AMOUNT_FOLLOWS: Final = re.compile(rf"{SPACE}?[-−]?[$€£]?[\d.,]")
_RANGE: Final = re.compile(rf"{SPACE}?[–—]{SPACE}?|-")
_APART: Final = re.compile(rf"{SPACE}([-−–]){SPACE}(?=\d)")
_MORE_HYPHENS: Final = re.compile(r"-\d")
_SCORE: Final = re.compile(r"([1-9]\d?|0):([1-9]|0|10)(?![\w:]|[.,]\d)")
_LAP: Final = re.compile(r"(\d{1,3}):(\d\d)(?![\w:])")
"""Minutes and seconds, where it is neither a time of day nor a score."""

_FEET: Final = re.compile(r"(\d{1,2})['′] ?(\d{1,2})(?:[\"″]|'')(?!\w)")
_SMALL_DECADE: Final = re.compile(r"['’](\d0)s(?!\w)")
_TIMES: Final = re.compile(rf"{SPACE}?[x×*]{SPACE}?(?=\d)")
_MULTIPLE: Final = re.compile(rf"{SPACE}?[x×](?!\w)")
_DIVIDED: Final = re.compile(rf"{SPACE}[/:]{SPACE}(?=\d)")
_SCIENTIFIC: Final = re.compile(r"[eE]([-+]?)(\d{1,3})(?!\w)")
_POWER: Final = re.compile(r"\^([-−]?)(\d{1,3})(?!\w)|([²³])")
_PERCENT: Final = re.compile(rf"{SPACE}?([%‰])")
_DEGREES: Final = re.compile(rf"{SPACE}?°|º(?!\w)")
_PER: Final = re.compile(r" ?/ ?([^\W\d_]{1,20})(?![\w/])")

_MANY_FOLLOW: Final = re.compile(r" [a-z]{2,20}s(?!\w)")

_PAIRS: Final = frozenset({("24", "7"), ("9", "11"), ("50", "50")})
"""Figures with a stroke between them that are said without it."""


def quantity(text: str, at: int, idiom: Idiom) -> Said | None:
    """A number that begins here, with its sign and what it counts."""
    start, sign = at, ""
    if text[at] in _SIGN:
        sign = _sign(text, at, idiom)
        if not sign:
            return None
        at += 1
        if text[start] in "~≈<>≤≥±" and text[at] in f" {THIN}":
            at += 1
    found = _special(text, at, idiom)
    if found is None:
        currency, at = currency_before(text, at)
        if currency and text[at] in "-−":
            sign, at = idiom.words.minus, at + 1
        number = number_at(text, at, idiom)
        if number is None:
            return None
        found = None if currency else _simple(text, start, number, idiom)
        found = found or _counted(text, start, _amount(text, number, currency, idiom), currency, idiom)
    return Said(start, found.end, f"{sign} {found.spoken}".lstrip())


def bare_number(text: str, at: int, idiom: Idiom) -> Said | None:
    """A number that begins here, and nothing of what it counts: for languages of which no more is known."""
    number = number_at(text, at, idiom) if text[at].isdecimal() else None
    if number is None or idiom.numbers is None or not number.is_whole:
        return None
    return Said(at, number.end, idiom.whole(number.whole))


def _sign(text: str, at: int, idiom: Idiom) -> str:
    """The word for a sign before a number; empty where it is a mark and no sign."""
    words = idiom.words
    before = text[at - 1] if at else " "
    after = text[at + 1] if at + 1 < len(text) else " "
    sign = text[at]
    if sign in "-−–+" and not (after.isdigit() or after in "$€£.,½¼¾"):
        return ""
    if sign in "-–" and (before.isalnum() or before in ")]%.,-"):
        return ""
    if sign == "–" and before.isspace() and text[:at].rstrip()[-1:].isdigit():
        return ""
    if sign in "<>≤≥~≈±" and not _AMOUNT_FOLLOWS.match(text, at + 1):
        return ""
    return {
        "-": words.minus, "−": words.minus, "–": words.minus, "+": words.plus, "±": words.plus_minus, "~": words.about,
        "≈": words.about, "<": words.less, ">": words.more, "≤": words.at_most, "≥": words.at_least,
    }[sign]  # fmt: skip


def _special(text: str, at: int, idiom: Idiom) -> Said | None:
    """Figures that are a score, a pair with a stroke between them, a height, or a decade: "3:1", "24/7", "'90s"."""
    words = idiom.words
    if match := _SCORE.match(text, at):
        return Said(at, match.end(), f"{idiom.whole(match[1])} {words.versus} {idiom.whole(match[2])}")
    if match := _LAP.match(text, at):
        return Said(at, match.end(), f"{idiom.whole(match[1])} {idiom.cardinal(int(match[2]))}")
    if pair := slashed(text, at):
        left, right, end = pair
        if (left, right) in _PAIRS or (len(left) == 4 and len(right) in (2, 4)):
            return Said(at, end, f"{idiom.bare(left, '')} {idiom.bare(right, '')}")
        joint = words.out_of if right in ("10", "20", "100") and int(left) <= int(right) else words.slash
        return Said(at, end, f"{idiom.whole(left)} {joint} {idiom.whole(right)}")
    if idiom.code == "en":
        if match := _FEET.match(text, at):
            return Said(at, match.end(), f"{idiom.whole(match[1])} {words.feet} {idiom.whole(match[2])}")
        if (match := _SMALL_DECADE.match(text, at)) and (decade := idiom.decade(match[1], "s")):
            return Said(at, match.end(), decade)
    return None


def _simple(text: str, start: int, number: Number, idiom: Idiom) -> Said | None:
    """What is joined to a number: the end of an ordinal or a decade, a power of ten."""
    words = idiom.words
    if match := _SCIENTIFIC.match(text, number.end):
        power = f"{words.minus} {idiom.whole(match[2])}" if match[1] == "-" else idiom.whole(match[2])
        return Said(
            0, match.end(), f"{said(number, idiom)} {words.times} {idiom.cardinal(10)} {words.power} {power}"
        )
    if not number.is_whole:
        return None
    match = idiom.decade_suffix.match(text, number.end)
    if match and (decade := idiom.decade(number.whole, match.group())):
        return Said(0, match.end(), decade)
    end = idiom.ordinal_end(text, start, number.end)
    value = int(number.whole)
    if end is None or not 0 < value < 10**9:
        return None
    suffix = text[number.end : end]
    spoken = idiom.ordinal(value, suffix, tuple(words_before(text, start, 3)), word_after(text, end))
    return Said(0, end, spoken)


def _amount(text: str, number: Number, currency: str, idiom: Idiom) -> Amount:
    """A number, or a range that begins with it: "10–20", "$5-$10"."""
    match = _RANGE.match(text, number.end)
    if match is None:
        return Amount(number)
    second, begins = currency_before(text, match.end())
    last = number_at(text, begins, idiom)
    if last is None or (second and second != currency):
        return Amount(number)
    # A hyphen joins two figures of a range, unless there are more of it, as in a code.
    if match.group() == "-" and _MORE_HYPHENS.match(text, last.end):
        return Amount(number)
    return Amount(number, last)


def _counted(text: str, start: int, amount: Amount, currency: str, idiom: Idiom) -> Said:
    """A number with what follows it."""
    words, before = idiom.words, word_before(text, start)
    scale, end = _scale(text, amount.end, idiom, money=bool(currency))
    if not currency:
        currency, end = currency_after(text, end)
    if not currency and not scale and len(amount.number.part) == 2:
        currency, end = currency_named(text, end, idiom)
    if currency:
        amount = replace(amount, attributive=idiom.attributive(before, word_after(text, end)))
        return _rate(text, end, sum_said(amount, scale, currency, idiom), idiom)
    if scale:
        name = scale[0] if amount.counted.is_one else scale[1]
        return Said(0, end, f"{amount.said(idiom, scale_gender(scale))} {name}")
    if match := _PERCENT.match(text, end):
        sign = words.percent if match[1] == "%" else words.permille
        return _rate(text, match.end(), f"{amount.said(idiom, idiom.percent_gender)} {sign}", idiom)
    if unit := unit_at(text, end, idiom):
        amount = replace(amount, attributive=idiom.attributive(before, word_after(text, unit[1])))
        return _measure(text, amount, *unit, idiom)
    if match := _DEGREES.match(text, end):
        name = words.degree if amount.is_singular(idiom) else words.degrees
        return Said(0, match.end(), f"{amount.said(idiom, 'm')} {name}")
    if found := _calculated(text, amount, idiom):
        return found
    return Said(0, end, amount.said(idiom, after=word_after(text, end)))


def _scale(text: str, end: int, idiom: Idiom, *, money: bool) -> tuple[tuple[str, str] | None, int]:
    """A scale after a number, "2.5 million", "£2m", and where it ends; a short one only with money, but for "5k"."""
    match = idiom.scale_pattern.match(text, end)
    if match is None:
        return None, end
    space, written = match.groups()
    short = len(written) <= 2 and (space or written != "k")
    # "1.5M views": with no money a capital is a scale only before many of something.
    if written in "MB" and not space and _MANY_FOLLOW.match(text, match.end()):
        short = False
    if short and not money and not currency_after(text, match.end())[0]:
        return None, end
    return idiom.scales[written], match.end()


def _measure(text: str, amount: Amount, written: str, end: int, idiom: Idiom) -> Said:
    """A number and its unit."""
    if written.endswith(".") and ends_sentence(text, end):
        end -= 1
    number = amount.number
    name = unit_name(written, 1 if amount.is_singular(idiom) else 2, idiom)
    gender = unit_gender(written, name or "", idiom)
    if (
        written in idiom.parts_of
        and amount.last is None
        and len(number.part) == 2
        and number.whole not in ("", "0")
    ):
        name = unit_name(written, 1 if number.whole == "1" else 2, idiom)
        return Said(0, end, f"{idiom.whole(number.whole, gender)} {name} {idiom.whole(number.part)}")
    return _rate(text, end, f"{amount.said(idiom, gender)} {name}", idiom)


def _rate(text: str, end: int, spoken: str, idiom: Idiom) -> Said:
    """What was counted, and per what: "5 € / month"."""
    match = _PER.match(text, end)
    if match is None:
        return Said(0, end, spoken)
    unit = idiom.rates.get(match[1]) or unit_name(match[1], 1, idiom) or match[1]
    return Said(0, match.end(), f"{spoken} {idiom.words.per} {unit}")


def _calculated(text: str, amount: Amount, idiom: Idiom) -> Said | None:
    """A number in a calculation: "10^6", "3 x 4", "3x", "5 - 3"."""
    words, number, end = idiom.words, amount.number, amount.end
    if amount.last is not None:
        return None
    spoken = said(number, idiom)
    if match := _POWER.match(text, end):
        if match[3]:
            return Said(0, match.end(), f"{spoken} {words.squared if match[3] == '²' else words.cubed}")
        minus = f"{words.minus} " if match[1] else ""
        return Said(0, match.end(), f"{spoken} {words.power} {minus}{idiom.whole(match[2])}")
    if match := _TIMES.match(text, end):
        return Said(0, match.end(), f"{spoken} {words.by if match.group() == 'x' else words.times} ")
    if match := _DIVIDED.match(text, end):
        return Said(0, match.end(), f"{spoken} {words.divided} ")
    if match := _MULTIPLE.match(text, end):
        return Said(0, match.end(), idiom.multiple(said(number, idiom, "f"), number.is_one))
    if match := _APART.match(text, end):
        last = number_at(text, match.end(), idiom)
        rising = last is not None and last.value > number.value
        # With a larger number after it, a hyphen between spaces is a range's.
        joint = words.to if rising and match[1] != "−" else words.minus if match[1] != "–" else words.to
        return Said(0, match.end(), f"{spoken} {joint} ")
    return None


def sign_of_money(text: str, at: int, idiom: Idiom) -> Said | None:
    """A currency's sign that no figure goes with: "in €"."""
    if text[at] not in SIGNS:
        return None
    money = idiom.money.get(text[at])
    return Said(at, at + 1, money.many if money else "")
