"""A written text without its decoration: no Markdown, no pictures, and of every character where it came from."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

KEPT_SYMBOLS: Final = frozenset("°©®™№℃℉^+<=>±×÷−≈≤≥≠|~¬‰℅´`¨")
"""Symbols that are no decoration: something is said for them, or they part words."""

_SEPARATORS: Final = "\x1c\x1d\x1e\x1f\x85\u2028\u2029"

_FENCE: Final = re.compile(r"^[ \t]{0,3}(?:```|~~~).*$", re.MULTILINE)
_RULE: Final = re.compile(
    r"^[ \t]*(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,}|={3,}[ \t]*|\|?[ \t:|-]*-{3}[ \t:|-]*)$",
    re.MULTILINE,
)
_HEADING: Final = re.compile(r"^[ \t]{0,3}#{1,6}[ \t]+|(?<=\S)[ \t]+#+[ \t]*$", re.MULTILINE)
_QUOTE: Final = re.compile(r"^[ \t]{0,3}(?:>(?![ \t]?[\d$€£])[ \t]?)+", re.MULTILINE)
_BULLET: Final = re.compile(r"^[ \t]*(?:[-*+•‣◦▪▸►·–—][ \t]+)(?:\[[ xX]\][ \t]+)?(?=\S)", re.MULTILINE)
_LINK: Final = re.compile(r"!?\[([^\[\]\n]{0,300})\]\(([^()\s]{0,2000})(?:[ \t]+\"[^\"\n]{0,300}\")?\)")
_TAG: Final = re.compile(
    r"</?(?:b|i|em|strong|u|s|br|p|div|span|code|pre|sub|sup|ul|ol|li|h[1-6]|hr|a)(?:\s[^<>\n]{0,300})?/?>",
    re.IGNORECASE,
)
_MARKS: Final = re.compile(r"\*+|_+|~~+|`+")
_ESCAPE: Final = re.compile(r"\\(?=[\\`*_{}\[\]()#+.!|>~-])")

_LINE_END: Final = re.compile(
    r"\n(?=[ \t]*\n)|\n(?=[ \t]{0,3}(?:#{1,6}[ \t]|[-*+•‣◦▪▸►·][ \t]|\d{1,3}[.)][ \t]))"
)


@dataclass(frozen=True, slots=True)
class Plain:
    """A text without decoration.

    Attributes:
        text: composed (NFC); decoration is gone, and pictures are spaces.
        starts: for each character of `text`, where in the original it begins.
        ends: and where it ends.
        breaks: indexes in `text` of line ends that end a sentence even without a full stop.
        gone: indexes in `text` of spaces that stand for pictures.
    """

    text: str
    starts: list[int]
    ends: list[int]
    breaks: frozenset[int]
    gone: frozenset[int]


def plain(text: str) -> Plain:
    """A text without its decoration. Takes anything."""
    dropped, line_ends = _decoration(text)
    chars: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    breaks: set[int] = set()
    gone: set[int] = set()
    index = 0
    while index < len(text):
        end = index + 1
        if index in dropped:
            index = end
            continue
        while end < len(text) and end not in dropped and unicodedata.combining(text[end]):
            end += 1
        cluster = text[index:end]
        shown = _shown(cluster)
        if index in line_ends:
            breaks.add(len(chars))
        if shown == " " and not cluster[0].isspace():
            gone.add(len(chars))
        for char in shown:
            chars.append(char)
            starts.append(index)
            ends.append(end)
        index = end
    return Plain("".join(chars), starts, ends, frozenset(breaks), frozenset(gone))


def _shown(cluster: str) -> str:
    """One character with its combining marks, composed; nothing or a space for what is not said."""
    char = cluster[0]
    if char < "\x7f":
        if char < " " and not char.isspace():
            return ""
        return char if len(cluster) == 1 else unicodedata.normalize("NFC", cluster)
    if char in _SEPARATORS:
        return "\n"
    category = unicodedata.category(char)
    if category in ("Cc", "Cf", "Cs", "Co", "Cn", "Me") or (
        category == "Mn" and 0xFE00 <= ord(char) <= 0xFE0F
    ):
        return ""
    if category in ("So", "Sk", "Sm") and char not in KEPT_SYMBOLS:
        decomposed = unicodedata.normalize("NFKC", char)
        return decomposed if decomposed.isascii() and decomposed.strip().isalnum() else " "
    if (
        category in ("Nd", "No", "Nl", "Lm")
        or "WIDE" in unicodedata.decomposition(char)[:8].upper()
        or _is_styled(char)
    ):
        return _figures(char, category)
    return unicodedata.normalize("NFC", cluster)


def _is_styled(char: str) -> bool:
    """Letters drawn in a style, as on social media: they are plain letters to a reader."""
    return 0x1D400 <= ord(char) <= 0x1D7FF or 0xFB00 <= ord(char) <= 0xFB06


def _figures(char: str, category: str) -> str:
    """A figure of any script as 0 to 9. Superscripts and fractions are signs of their own and stay."""
    if char in "²³¹" or "⁰" <= char <= "₉" or category == "Lm":
        return char
    if category == "Nd":
        return str(unicodedata.decimal(char))
    if unicodedata.decomposition(char).startswith("<fraction>"):
        return char
    return str(unicodedata.digit(char)) if char.isdigit() else unicodedata.normalize("NFKC", char)


def _decoration(text: str) -> tuple[set[int], set[int]]:
    """Indexes of Markdown's marks, and of the line ends that end a sentence."""
    dropped: set[int] = set()
    line_ends = {match.start() for match in _LINE_END.finditer(text)} if "\n" in text else set[int]()
    if not any(mark in text for mark in "*_~`#>[<\\-=+•|–—‣◦▪▸►·"):
        return dropped, line_ends
    for pattern in (_FENCE, _RULE, _HEADING, _QUOTE, _BULLET, _TAG, _ESCAPE):
        for match in pattern.finditer(text):
            dropped.update(range(match.start(), match.end()))
            if pattern in (_HEADING, _BULLET):
                after = text.find("\n", match.end())
                if after >= 0:
                    line_ends.add(after)
    for match in _LINK.finditer(text):
        kept = range(*match.span(1)) if match.group(1).strip() else range(*match.span(2))
        dropped.update(index for index in range(match.start(), match.end()) if index not in kept)
    for match in _MARKS.finditer(text):
        if _is_emphasis(text, match):
            dropped.update(range(match.start(), match.end()))
    return dropped, line_ends


def _is_emphasis(text: str, match: re.Match[str]) -> bool:
    """Whether `*`, `_`, `~~` or a back tick decorates: it joins no two letters or figures, nor stands alone."""
    before = text[match.start() - 1 : match.start()] if match.start() else ""
    after = text[match.end() : match.end() + 1]
    if match.group()[0] == "`" or match.group().startswith("~~"):
        return True
    if match.group()[0] == "_":
        return not (before.isalnum() and after.isalnum())
    # "3*4" and "a * b" multiply, and "Schüler*innen" parts a word.
    return not (before.isalnum() and after.isalnum() and len(match.group()) == 1) and not (
        before == after == " "
    )
