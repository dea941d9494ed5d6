"""Cutting a text into pieces to speak: a sentence at a time, the first piece short so that it is heard soon.

An engine makes the whole of a piece before any of it can be played. What is cut too small loses its melody, so a cut
falls at the end of a sentence, or else at a mark inside it, or, when there is none for very long, between words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

LEAST = 24
"""Characters: a shorter piece is joined to its neighbour, since voices say single words badly."""

FIRST = 60
"""Characters of the first piece, where a mark allows it: about 3.5 s of speech."""

GROWTH = 2
"""Each piece may be so many times as long as the one before: it is made while that one plays, at about half of real
time."""

MOST = 220
"""Characters of any piece: about 13 s of speech, and well within Kokoro's 510 phonemes."""

_ABBREVIATIONS = frozenset(
    {
        "mr", "mrs", "ms", "dr", "prof", "sr", "jr", "st", "vs", "etc", "e.g", "i.e", "cf", "approx", "vol", "fig",
        "dept", "sra", "srta", "ud", "uds", "pág", "núm",
        "m", "mme", "mlle", "av", "p.ex",
        "z.b", "d.h", "bzw", "ca", "nr", "usw",
    }
)  # fmt: skip
"""In English, Spanish, French and German. "No." is left out: it is a sentence more often than a number."""

_BREAK = re.compile(r"([.!?…]+[\"'”’»)\]]*|[。！？]+[」』”]*)(?=\s|$)|(?<=[。！？])|\n{2,}")
_MARK = re.compile(r"[,;:，；：、](?=\s|$)|\s[—–-](?=\s)|(?<=[，；：、])")

Pause = Literal["sentence", "clause", "none"]


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of text, and what kind of pause follows it."""

    text: str
    pause: Pause


def pieces(text: str, *, first: int = FIRST, most: int = MOST, least: int = LEAST) -> list[Piece]:
    """A text as pieces in order; together they hold all its words. Empty for a text without any.

    Args:
        text: anything.
        first: characters the first piece should have at most.
        most: characters any piece has at most.
        least: characters a piece should have at least.
    """
    found: list[Piece] = []
    for sentence in _joined(sentences(text), least=least, most=min(first, most)):
        limit = max(first, GROWTH * len(found[-1].text)) if found else first
        parts = list(_clauses(sentence, limit=min(limit, most), most=most, least=least))
        found += [Piece(part, "clause") for part in parts[:-1]]
        found.append(Piece(parts[-1], "sentence"))
    if found:
        found[-1] = Piece(found[-1].text, "none")
    return found


def sentences(text: str) -> list[str]:
    """A text as sentences. An abbreviation's or an initial's full stop ends none."""
    found: list[str] = []
    start = 0
    for match in _BREAK.finditer(text):
        if match.group() == "." and _abbreviated(text[start : match.start()]):
            continue
        found.append(text[start : match.end()])
        start = match.end()
    found.append(text[start:])
    return [clean for part in found if (clean := " ".join(part.split()))]


def _abbreviated(before: str) -> bool:
    word = before.rsplit(None, 1)[-1].lstrip("(\"'“‘«") if before.strip() else ""
    initial = len(word) == 1 and word.isupper() and word != "I"
    return initial or word.lower() in _ABBREVIATIONS


def _joined(parts: list[str], *, least: int, most: int) -> list[str]:
    """Short sentences together with a neighbour, as long as they stay short."""
    joined: list[str] = []
    for part in parts:
        short = joined and (len(joined[-1]) < least or len(part) < least)
        if short and len(joined[-1]) + 1 + len(part) <= most:
            joined[-1] = f"{joined[-1]} {part}"
        else:
            joined.append(part)
    return joined


def _clauses(sentence: str, *, limit: int, most: int, least: int) -> Iterator[str]:
    """A sentence in parts of at most `most` characters, the first of at most `limit` if a mark allows."""
    rest = sentence
    while len(rest) > limit:
        cut = _cut(rest, limit=limit, most=most, least=least)
        if cut is None:
            break
        part = rest[:cut].strip()
        yield part
        rest = rest[cut:].strip()
        limit = min(most, max(limit, GROWTH * len(part)))
    yield rest


def _cut(text: str, *, limit: int, most: int, least: int) -> int | None:
    """Where to cut a text that is over the limit; None to leave it whole."""
    marks = [match.end() for match in _MARK.finditer(text) if least <= match.end() <= len(text) - least]
    within = [end for end in marks if end <= limit]
    if within:
        return within[-1]
    beyond = [end for end in marks if end <= most]
    if beyond:
        return beyond[0]
    if len(text) <= most:
        return None
    space = text.rfind(" ", least, most)
    return space if space > 0 else most
