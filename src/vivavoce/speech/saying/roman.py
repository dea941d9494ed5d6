"""Roman numerals, where the word beside them says that they are ones."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from vivavoce.speech.saying.context import Said, ends_sentence, word_before
from vivavoce.speech.saying.idiom import Idiom, word_set

_NUMERAL: Final = re.compile(r"(?=[IVXL])(X{0,4})(IX|IV|V?I{0,3})(?P<suffix>er|e|ème)?(?![\w])")
_CENTURY: Final = re.compile(r"[ \u00a0\u202f](siècles?|s\.)(?!\w)")
_VALUES: Final = {"I": 1, "V": 5, "X": 10}

_COUNTED: Final[Mapping[str, frozenset[str]]] = {
    "en": word_set(
    """
    war phase part chapter volume act scene level type stage tier book title section appendix mark
    """
),
    "de": word_set(
    """
    phase teil kapitel band akt typ stufe abschnitt buch hartz
    """
),
    "fr": word_set(
    """
    phase partie chapitre tome acte scène niveau type livre section
    """
),
    "es": word_set(
    """
    s siglo siglos fase parte capítulo tomo acto escena nivel tipo libro título sección
    """
),
}  # fmt: skip
"""A numeral after these counts."""

_REIGNS: Final[Mapping[str, frozenset[str]]] = {
    "en": word_set(
    """
    henry edward richard george william james charles elizabeth louis pius paul benedict francis leo
    alexander catherine nicholas philip frederick napoleon gregory
    """
),
    "de": word_set(
    """
    ludwig friedrich wilhelm heinrich karl otto elisabeth paul benedikt franz leo alexander katharina
    nikolaus philipp napoleon pius georg gregor
    """
),
    "fr": word_set(
    """
    louis henri charles napoléon françois philippe paul benoît pie léon alexandre catherine nicolas
    georges élisabeth édouard guillaume grégoire albert
    """
),
    "es": word_set(
    """
    carlos felipe fernando alfonso isabel juan pablo benedicto pío león alejandro catalina nicolás jorge
    luis enrique napoleón francisco gregorio
    """
),
}  # fmt: skip
"""A numeral after these is a reign's."""

_FEMININE: Final = frozenset({"elisabeth", "katharina", "isabel", "catalina"})


def roman(text: str, at: int, idiom: Idiom) -> Said | None:
    """A Roman numeral that begins here."""
    match = _NUMERAL.match(text, at)
    if match is None:
        return None
    letters = match.group(1) + match.group(2)
    if not letters:
        return None
    number = _value(letters)
    before = word_before(text, at)
    if suffix := match.group("suffix"):
        return _suffixed(text, match, number, suffix, idiom) if idiom.code == "fr" else None
    if before.lower() in _COUNTED.get(idiom.code, frozenset()):
        return Said(at, match.end(), idiom.cardinal(number))
    if before[:1].isupper() and before.lower() in _REIGNS.get(idiom.code, frozenset()):
        return _reign(text, match, number, before.lower(), idiom)
    return None


def _suffixed(text: str, match: re.Match[str], number: int, suffix: str, idiom: Idiom) -> Said | None:
    """ "François Ier", "XIXe siècle", "XIXe s."."""
    if suffix == "er":
        return Said(match.start(), match.end(), idiom.ordinal(1)) if number == 1 else None
    century = _CENTURY.match(text, match.end())
    if century is None:
        return None
    stop = "." if century[1] == "s." and ends_sentence(text, century.end()) else ""
    name = "siècle" if century[1] == "s." else century[1]
    return Said(match.start(), century.end(), f"{idiom.ordinal(number, suffix)} {name}{stop}")


def _reign(text: str, match: re.Match[str], number: int, name: str, idiom: Idiom) -> Said | None:
    start, end = match.span()
    if idiom.code == "en":
        return (
            None
            if match.group() == "I" and not _closed(text, end)
            else Said(start, end, f"the {idiom.ordinal(number)}")
        )
    if idiom.code == "de":
        if text[end : end + 1] != ".":
            return None
        article = "die" if name in _FEMININE else "der"
        stop = "." if re.match(r"\s*$", text[end + 1 : end + 9]) else ""
        return Said(
            start, end + 1, f"{article} {idiom.ordinal(number, before=(article,)).capitalize()}{stop}"
        )
    if idiom.code == "fr":
        return Said(start, end, idiom.ordinal(1) if number == 1 else idiom.cardinal(number))
    if number > 10:
        return Said(start, end, idiom.cardinal(number))
    return Said(start, end, idiom.ordinal(number, "ª" if name in _FEMININE else "º"))


def _closed(text: str, end: int) -> bool:
    """ "Charles I said" may be either; before a mark it is the king."""
    return not text[end : end + 1] or text[end] in ",.;:!?)'’"


def _value(letters: str) -> int:
    values = [_VALUES[letter] for letter in letters]
    return sum(-one if one < after else one for one, after in zip(values, [*values[1:], 0], strict=True))
