"""Figures that count nothing: telephone numbers, versions, network addresses, account numbers and other identifiers."""

from __future__ import annotations

import itertools
import re
from typing import Final

from vivavoce.speech.saying.context import Said
from vivavoce.speech.saying.idiom import Idiom

_END: Final = r"(?![\w])(?![.,:/-]\d)"
_ABROAD: Final = re.compile(rf"\+\d{{1,3}}(?:[ \u00a0\u202f./-]{{0,2}}\(?\d{{1,5}}\)?){{2,7}}{_END}")
_AMERICAN: Final = re.compile(rf"(?:1[ .-])?(?:\(\d{{3}}\) ?|\d{{3}}[ .-])\d{{3}}[.-]\d{{4}}{_END}")
_NATIONAL: Final = re.compile(rf"\(?0\d{{1,4}}\)?(?:[ \u00a0\u202f/.-]{{1,3}}\d{{2,8}}){{1,5}}{_END}")
_SPANISH: Final = re.compile(
    rf"(?:\d{{2}} \d{{4}} \d{{4}}|[679]\d{{2}}(?: \d{{3}} \d{{3}}| \d{{2}} \d{{2}} \d{{2}})|"
    rf"[89]\d \d{{3}} \d{{2}} \d{{2}}){_END}"
)
_FRENCH: Final = re.compile(rf"0 ?8\d{{2}}(?: \d{{3}}){{2}}{_END}")
_NATIONAL_MORE: Final = {"es": (_SPANISH,), "fr": (_FRENCH,)}
_CARD: Final = re.compile(rf"\d{{4}}(?:[ -]\d{{4}}){{2,5}}{_END}")
_ACCOUNT: Final = re.compile(rf"[A-Z]{{2}}\d{{2}}(?: ?[A-Z0-9]{{4}}){{2,8}}(?: ?[A-Z0-9]{{1,4}})?{_END}")
_DOTTED: Final = re.compile(r"(?:\d{1,5}(?:\.\d{1,5}){2,5}|[vV]\.?\d{1,5}(?:\.\d{1,5}){0,5})(?![\w])(?!\.\d)")
_POSTCODE: Final = {
    "de": re.compile(r"\d{5}(?= [A-ZÄÖÜ][a-zäöü])"),
    "en": re.compile(r"\d{5}(?:-\d{4})?(?!\w)"),
}
_BEFORE_POSTCODE: Final = {"de": re.compile(r"(?:[,\n] ?|D-)$"), "en": re.compile(r"(?:^|[ ,])[A-Z]{2} $")}
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(?!\w)")
_MIXED: Final = re.compile(r"(?=[^\W_]*\d)(?=[^\W_]*[^\W\d_])[^\W_]+(?:[-_/][^\W_]+)*")
_RUNS: Final = re.compile(r"[^\W\d_]+|\d+|[-_/]")
_GROUPED: Final = re.compile(r"\d{1,3}(?:\.\d{3}){2,}$")

_FIGURES: Final = re.compile(r"\d+")
_PHONE_DIGITS: Final = range(7, 16)


def code(text: str, at: int, idiom: Idiom) -> Said | None:
    """An identifier that begins here."""
    for pattern in (_ABROAD, _CARD, _AMERICAN, _NATIONAL, *_NATIONAL_MORE.get(idiom.code, ())):
        match = pattern.match(text, at)
        if match and (pattern is _CARD or sum(map(str.isdecimal, match.group())) in _PHONE_DIGITS):
            return Said(at, match.end(), _groups(match.group(), idiom, pairs=pattern is not _CARD))
    if match := _UUID.match(text, at):
        return Said(at, match.end(), _spelt(match.group(), idiom))
    if match := _ACCOUNT.match(text, at):
        return Said(at, match.end(), _spelt(match.group(), idiom))
    if match := _postcode(text, at, idiom):
        return Said(at, match.end(), ", ".join(idiom.digits(part) for part in match.group().split("-")))
    if (match := _DOTTED.match(text, at)) and not _GROUPED.match(match.group()):
        return Said(at, match.end(), _dotted(match.group(), idiom))
    return None


def _postcode(text: str, at: int, idiom: Idiom) -> re.Match[str] | None:
    """In an address: after a comma and before a town, or after a state's letters."""
    if idiom.code not in _POSTCODE or not _BEFORE_POSTCODE[idiom.code].search(text[max(0, at - 4) : at]):
        return None
    return _POSTCODE[idiom.code].match(text, at)


def mixed(text: str, at: int, idiom: Idiom) -> Said | None:
    """Letters and figures in one, that begin here: "A4", "COVID-19", "X7Z9K2"."""
    match = _MIXED.match(text, at)
    if match is None:
        return None
    runs = _RUNS.findall(match.group())
    figures = [run for run in runs if run.isdecimal()]
    switches = sum(1 for left, right in itertools.pairwise(runs) if left.isdecimal() != right.isdecimal())
    if len(figures) >= 2 and switches >= 4 and len(match.group()) >= 6:
        return Said(at, match.end(), _spelt(match.group(), idiom))
    lettered = not runs[0].isdecimal() and not any(run in "-_/" for run in runs)
    said = " ".join(part for run in runs if (part := _part(run, idiom, lettered=lettered)))
    # Joined, since "A four" would be an article and a number.
    return Said(at, match.end(), said.replace("A ", "A-", 1) if runs[0] == "A" else said)


def _part(run: str, idiom: Idiom, *, lettered: bool) -> str:
    """A run of letters or figures; three or more figures after letters are a number that counts nothing."""
    if run in "-_/":
        return ""
    if not run.isdecimal():
        return run
    return idiom.digits(run) if len(run) > 4 or (lettered and len(run) > 2) else idiom.bare(run, "")


def _groups(written: str, idiom: Idiom, *, pairs: bool) -> str:
    """Figures by their groups, a comma's pause between them."""
    plus = f"{idiom.words.plus} " if written.startswith("+") else ""
    groups = re.findall(r"\d+", written)
    return plus + ", ".join(_group(group, idiom, pairs=pairs) for group in groups)


def _group(figures: str, idiom: Idiom, *, pairs: bool) -> str:
    # The French say their telephone numbers in pairs, each as one number.
    if pairs and idiom.code == "fr" and len(figures) == 2:
        return idiom.whole(figures)
    # A last figure is not left alone.
    cuts = [*range(0, max(1, len(figures) - 1), 3), len(figures)] if len(figures) > 4 else [0, len(figures)]
    return ", ".join(idiom.digits(figures[start:end]) for start, end in itertools.pairwise(cuts))


def _spelt(written: str, idiom: Idiom) -> str:
    """Letters and figures one by one, a pause between groups."""
    groups = re.findall(r"[^\W_]+", written)
    return ", ".join(
        " ".join(idiom.cardinal(int(char)) if char.isdecimal() else idiom.spelt(char) for char in group)
        for group in groups
    )


def _dotted(written: str, idiom: Idiom) -> str:
    network = written.count(".") == 3 and not written[0].isalpha()
    parts = written.lstrip("vV.").split(".")
    joint = idiom.words.dot if network else idiom.words.point
    said = f" {joint} ".join(
        idiom.digits(part) if network and len(part) > 2 else idiom.whole(part) for part in parts
    )
    return f"{idiom.words.version} {said}" if written[0].isalpha() else said


def leftover(text: str, at: int, idiom: Idiom) -> Said | None:
    """Figures that nothing else could read, a run at a time."""
    match = re.compile(r"\d+").match(text, at)
    return (
        None if match is None or idiom.numbers is None else Said(at, match.end(), idiom.whole(match.group()))
    )
