"""What a voice cannot say: a text without words, letters of another script, control characters."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final

from vivavoce.speech.errors import SpeechRejected
from vivavoce.speech.saying.plain import plain
from vivavoce.speech.saying.tokens import tokens

_SCRIPTS: Final[Mapping[str, frozenset[str]]] = {
    code: frozenset(scripts.split())
    for codes, scripts in {
        "af az bs ca cs cy da de en eo es et eu fi fil fr ga gl hr hu id is it lb lt lv ms mt nb nl nn no oc pl pt ro "
        "sk sl sq sv sw tl tr vi": "LATIN",
        "be bg mk ru uk kk ky mn tg": "CYRILLIC LATIN",
        "sr": "CYRILLIC LATIN",
        "el": "GREEK LATIN",
        "ar fa ur": "ARABIC LATIN",
        "he yi": "HEBREW LATIN",
        "hi mr ne": "DEVANAGARI LATIN",
        "bn": "BENGALI LATIN",
        "ta": "TAMIL LATIN",
        "te": "TELUGU LATIN",
        "th": "THAI LATIN",
        "ka": "GEORGIAN LATIN",
        "hy": "ARMENIAN LATIN",
        "ja": "CJK HIRAGANA KATAKANA KATAKANA-HIRAGANA HALFWIDTH IDEOGRAPHIC LATIN",
        "zh yue cmn": "CJK BOPOMOFO IDEOGRAPHIC LATIN",
        "ko": "HANGUL CJK LATIN",
    }.items()
    for code in codes.split()
}
"""Language → the first words of its letters' Unicode names. A language that is not here is taken to say anything."""

_NAMES: Final = {
    "CJK": "Chinese characters",
    "HIRAGANA": "Hiragana",
    "KATAKANA": "Katakana",
    "CYRILLIC": "Cyrillic letters",
    "GREEK": "Greek letters",
    "ARABIC": "Arabic letters",
    "HEBREW": "Hebrew letters",
    "HANGUL": "Korean letters",
    "DEVANAGARI": "Devanagari letters",
    "THAI": "Thai letters",
}
_SHOWN: Final = 5
"""Characters that an error names."""

_ALLOWED_CONTROLS: Final = frozenset("\t\n\v\f\r\x85\x1c\x1d\x1e\x1f")


def refuse(text: str, language: str | None) -> None:
    """Refuse a text that a voice cannot say.

    Args:
        text: as it was written.
        language: the voice's, a BCP 47 tag; None for one that says any script.

    Raises:
        SpeechRejected: `text_unsupported` for control characters and letters of a script that the language is not
            written in, `text_unspeakable` for a text without words; the message names the first characters and where
            they are.
    """
    for at, char in enumerate(text):
        control = char < " " or "\x7f" <= char <= "\x9f" or "\ud800" <= char <= "\udfff"
        if control and char not in _ALLOWED_CONTROLS:
            raise _unsupported(
                f"The text holds the control character U+{ord(char):04X}",
                at,
                "Send it without control characters.",
            )
    if language is not None and not text.isascii():
        _refuse_scripts(text, language)
    if not _has_words(text, language):
        shown = " ".join(text.split())[:20]
        raise SpeechRejected(
            f"There is nothing in the text {shown!r} that can be spoken."
            if shown
            else "There is no text to speak.",
            next_step="Send words or figures.",
            reason="text_unspeakable",
            param="input",
        )


def _unsupported(what: str, at: int, next_step: str) -> SpeechRejected:
    return SpeechRejected(
        f"{what}, at character {at + 1}.", next_step=next_step, reason="text_unsupported", param="input"
    )


def _refuse_scripts(text: str, language: str) -> None:
    code = language.replace("_", "-").split("-")[0].lower()
    scripts = _SCRIPTS.get(code)
    if scripts is None:
        return
    for at, script in _foreign(text, scripts):
        run = text[at : at + _SHOWN].split()[0]
        name = _NAMES.get(script, f"{script.capitalize()} letters")
        raise _unsupported(
            f"A voice of the language {code!r} cannot say {name}: {run!r}",
            at,
            "Choose a voice of the text's language: GET /v1/audio/voices lists them.",
        )


def _foreign(text: str, scripts: frozenset[str]) -> Iterator[tuple[int, str]]:
    """The letters of other scripts: where, and which."""
    for at, char in enumerate(text):
        if char < "\u0250" or not char.isalpha():
            continue
        script = _script(char)
        if script in scripts or (script == "GREEK" and _is_symbol(text, at)):
            continue
        yield at, script


_DRAWN: Final = frozenset(
    (
        "MATHEMATICAL",
        "FULLWIDTH",
        "HALFWIDTH",
        "MODIFIER",
        "SCRIPT",
        "DOUBLE-STRUCK",
        "BLACK-LETTER",
        "ANGSTROM",
        "KELVIN",
    )
)
"""First words of names of letters that are drawn in a style."""


@lru_cache(maxsize=4096)
def _script(char: str) -> str:
    """The first word of a letter's name; letters in a style count as what they show."""
    name = unicodedata.name(char, "")
    first = name.split(" ")[0]
    if first in _DRAWN:
        plain = unicodedata.normalize("NFKC", char)
        return "LATIN" if plain[:1].isascii() else _script(plain[0]) if plain[0] != char else "LATIN"
    if first in ("FEMININE", "MASCULINE", "MICRO", "OHM", "INFORMATION"):
        return "LATIN"
    return first


def _is_symbol(text: str, at: int) -> bool:
    """A Greek letter alone is a symbol: "π", "α-helix", "5 Ω"."""
    return (
        not text[at - 1 : at].isalpha() and not text[at + 1 : at + 2].isalpha()
        if at
        else not text[1:2].isalpha()
    )


def _has_words(text: str, language: str | None) -> bool:
    if any(char.isalpha() or char.isdecimal() for char in plain(text).text):
        return True
    # A sign alone may have a name: "%", "½".
    return bool(tokens(text, language or "und"))
