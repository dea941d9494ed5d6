"""Sums of money: the signs and codes of currencies, and their names."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from babel.numbers import get_currency_name

from vivavoce.speech.saying.context import word_after
from vivavoce.speech.saying.idiom import Gender, Idiom, Money
from vivavoce.speech.saying.numbers import SPACE, Amount

SIGNS: Final = "$€£¥₹₽₩₺₿¢"
_ISO: Final = (
    "USD|EUR|GBP|CHF|JPY|CNY|INR|AUD|CAD|NZD|SEK|NOK|DKK|PLN|CZK|HUF|BRL|MXN|ARS|CLP|COP|ZAR|TRY|RUB|KRW|SGD|HKD|ILS|"
    "AED|UAH"
)
_BEFORE: Final = re.compile(
    rf"(?:(?P<country>US|CA|AU|NZ|C|A|R)?(?P<sign>[{SIGNS}])|(?P<iso>{_ISO})|(?P<franc>Fr\.)){SPACE}?(?=[-−]?[\d.,])"
)
_AFTER: Final = re.compile(rf"{SPACE}?(?:([{SIGNS}])|({_ISO})(?!\w))")
_COUNTRIES: Final = {"US": "USD", "CA": "CAD", "AU": "AUD", "NZ": "NZD", "C": "CAD", "A": "AUD", "R": "R$"}
_CODES: Final = {
    "$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR", "₽": "RUB", "₩": "KRW", "₺": "TRY", "Fr.": "CHF",
    "R$": "BRL", "¢": "USD",
}  # fmt: skip
_HUNDREDTHS: Final = {
    "EUR": "€", "CHF": "€", "GBP": "£", "USD": "$", "AUD": "$", "CAD": "$", "NZD": "$", "MXN": "$", "BRL": "$",
}  # fmt: skip
"""Currencies whose hundredth has the name of another one's."""


def currency_before(text: str, at: int) -> tuple[str, int]:
    """The sign or code of a currency that stands before a figure, and where the figure begins; empty for none."""
    match = _BEFORE.match(text, at)
    if match is None:
        return "", at
    country = match["country"]
    if country and match["sign"] == "$":
        return _COUNTRIES[country], match.end()
    return match["sign"] or match["iso"] or match["franc"], match.end()


def currency_after(text: str, at: int) -> tuple[str, int]:
    """The sign or code of a currency that stands after a figure, and where it ends; empty for none."""
    match = _AFTER.match(text, at)
    return ("", at) if match is None else (match.group(1) or match.group(2), match.end())


def currency_named(text: str, at: int, idiom: Idiom) -> tuple[str, int]:
    """The sign of a currency whose name stands after a figure, and where it ends; empty for none."""
    word = word_after(text, at)
    for sign, money in idiom.money.items():
        if word and word in (money.one, money.many) and money.small_many:
            return sign, text.index(word, at) + len(word)
    return "", at


def sum_said(amount: Amount, scale: tuple[str, str] | None, currency: str, idiom: Idiom) -> str:
    """A sum in words; `scale` is "million, millions" and the like."""
    money = money_of(currency, idiom)
    if scale:
        name = scale[0] if amount.counted.is_one else scale[1]
        counted = money.one if amount.attributive else money.many
        return f"{amount.said(idiom, scale_gender(scale))} {name} {idiom.scale_joint(name, counted)}{counted}"
    number = amount.number
    if amount.last is None and len(number.part) == 2 and money.small_many and len(number.whole) <= 15:
        units, hundredths = int(number.whole or 0), int(number.part)
        if units and hundredths:
            return idiom.sum_of(units, hundredths, money)
        if hundredths:
            return idiom.hundredths(hundredths, money)
        return (
            f"{idiom.cardinal(units, money.gender)} {money.one}"
            if amount.attributive
            else idiom.units(units, money)
        )
    return f"{amount.said(idiom, money.gender)} {money.one if amount.is_singular(idiom) else money.many}"


def scale_gender(scale: tuple[str, str]) -> Gender:
    """German millions are feminine, those of the Romance languages masculine; thousands bend nothing."""
    if scale[0] == scale[1]:
        return ""
    return "f" if scale[0][0].isupper() else "m"


def money_of(currency: str, idiom: Idiom) -> Money:
    """A currency's words: of a sign by our table, of a code by Babel."""
    known = idiom.money.get(currency)
    return known if known is not None else _by_babel(_CODES.get(currency, currency), idiom)


@lru_cache(maxsize=512)
def _by_babel(code: str, idiom: Idiom) -> Money:
    one, many = (get_currency_name(code, count=count, locale=idiom.locale) for count in (1, 2))
    gender: Gender = "f" if code in idiom.feminine_units else "n" if one.endswith("Pfund") else "m"
    small = idiom.money.get(_HUNDREDTHS.get(code, ""))
    if small is None:
        return Money(one, many, gender=gender)
    return Money(one, many, small.small_one, small.small_many, gender, small.small_gender)
