"""Quotes put back where they were said: whoever quotes may change spaces, capitals and the look of marks, nothing else.

A language model gives a quote as a text; here it becomes the exact stretch of the source, or it is refused. Pure.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from vivavoce.pipeline.transcript import Segment

_LOOKALIKES = str.maketrans(
    {
        **dict.fromkeys("‘’‚‛`´ʼ′", "'"),
        **dict.fromkeys("“”„‟«»″", '"'),
        **dict.fromkeys("‐‑‒–—―−", "-"),
    }
)
"""Marks that keyboards, recognisers and models write differently for the same thing."""

_WRAPPING = re.compile(r"^[\s\"'\[(]*(?:\.\.\.|…)?\s*|\s*(?:\.\.\.|…)?[\s\"'\])]*$")
"""What is put around a quote and is not of it: quotation marks, brackets, dots for what was left out."""

_SENTENCE = re.compile(r"[^.!?。！？…]+(?:[.!?。！？…]+[\"'”’»)]*|$)")

_UNSPACED = (
    (0x0E00, 0x0EFF),
    (0x1000, 0x109F),
    (0x1780, 0x17FF),
    (0x3040, 0x30FF),
    (0x3400, 0x9FFF),
    (0xF900, 0xFAFF),
)
"""Scripts that put no space between words: Thai, Lao, Burmese, Khmer, Japanese, Chinese (Unicode block ranges)."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Characters `start` to `end` of a text; `end` is the first that is not in it."""

    start: int
    end: int

    def of(self, text: str) -> str:
        """The characters themselves."""
        return text[self.start : self.end]


def normal(text: str) -> str:
    """A text as it is compared: one space for each run of them, no capitals, one look for each mark."""
    return _normal(text)[0].strip()


def find(quote: str, text: str) -> Stretch | None:
    """Where a quote stands in a text, whole words of it; None: nowhere, so it is no quote.

    Args:
        quote: as somebody gives it, with marks around it or without.
        text: the source. The first of several places counts.
    """
    wanted = normal(_WRAPPING.sub("", quote.translate(_LOOKALIKES)))
    if not any(char.isalnum() for char in wanted):
        return None
    haystack, places = _normal(text)
    at = haystack.find(wanted)
    while at >= 0:
        end = at + len(wanted)
        # A character that became several when folded is quoted whole or not at all.
        whole = (at == 0 or places[at - 1] != places[at]) and (
            end == len(places) or places[end] != places[end - 1]
        )
        if whole and not _within_word(haystack, at) and not _within_word(haystack, end):
            return Stretch(places[at], places[end - 1] + 1)
        at = haystack.find(wanted, at + 1)
    return None


def sentences(text: str) -> list[Stretch]:
    """The sentences of a text, without the spaces around them, in order."""
    found: list[Stretch] = []
    for match in _SENTENCE.finditer(text):
        said = match.group()
        start = match.start() + len(said) - len(said.lstrip())
        end = match.end() - (len(said) - len(said.rstrip()))
        if end > start:
            found.append(Stretch(start, end))
    return found


def words(text: str) -> list[str]:
    """The words of a text, small letters, without marks. A script without spaces gives a word a character."""
    return list(_words(normal(text)))


def when(segment: Segment, stretch: Stretch) -> tuple[float, float]:
    """Seconds on the session clock from which to which a stretch of a segment's text is to be heard.

    By the times of its words; the segment's own where they have none, or are not the words of the text.
    """
    heard: list[tuple[float, float]] = []
    cursor = 0
    for word in segment.words:
        at = segment.text.find(word.text, cursor)
        if at < 0:
            return segment.start_s, segment.end_s
        cursor = at + len(word.text)
        if at < stretch.end and cursor > stretch.start:
            heard.append((word.start_s, word.end_s))
    if not heard:
        return segment.start_s, segment.end_s
    return heard[0][0], max(end for _, end in heard)


def _normal(text: str) -> tuple[str, list[int]]:
    """The text as it is compared, and for each of its characters the place in the text that it is from."""
    made: list[str] = []
    places: list[int] = []
    for place, char in enumerate(text):
        folded = " " if char.isspace() else char.translate(_LOOKALIKES).casefold()
        if folded == " " and (not made or made[-1] == " "):
            continue
        for part in folded:
            made.append(part)
            places.append(place)
    return "".join(made), places


def _within_word(text: str, place: int) -> bool:
    """Whether a place between two characters is in the middle of a word."""
    if place in (0, len(text)):
        return False
    before, after = text[place - 1], text[place]
    joined = _of_word(before) and _of_word(after)
    return joined and not (_unspaced(before) or _unspaced(after))


def _of_word(char: str) -> bool:
    return char.isalnum() or unicodedata.category(char).startswith("M")


def _unspaced(char: str) -> bool:
    # Asked of every letter there is: those of most writings are before all of these.
    return ord(char) >= _UNSPACED[0][0] and any(first <= ord(char) <= last for first, last in _UNSPACED)


def _words(text: str) -> Iterator[str]:
    word = ""
    for char in text:
        if _unspaced(char):
            if word:
                yield word
            word = ""
            if char.isalnum():
                yield char
        elif _of_word(char) or (char == "'" and word):
            word += char
        else:
            if word:
                yield word.rstrip("'")
            word = ""
    if word:
        yield word.rstrip("'")
