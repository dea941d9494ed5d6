"""Cutting text that arrives bit by bit into passages to speak, never inside a word. Pure.

What language models send has no end until it ends: "3." may become "3.5", "Dr" is no sentence. So a sentence counts as
ended when something stands after it; before that a long one is cut at a mark, and a rest goes when it is asked for.
The cuts fall in the text as it was written: each passage is put into words by its engine.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from vivavoce.speech.engines.text import (
    FIRST,
    GROWTH,
    LEAST,
    MOST,
    Clauses,
    Pause,
    openers,
    sentence_ends,
)
from vivavoce.speech.saying import abbreviated

_WORD: Final = re.compile(r"\w")
_ENDED: Final = re.compile(r"([.!?…。！？][\"'”’»)\]」』]*|\n)\s*$")
_UNSURE: Final = re.compile(r"\d\.$")
"""More digits may follow."""

_DOTTED: Final = re.compile(r"\w\.\w+\.$")
"""In "5 p.m. on Monday"."""

_PARAGRAPH: Final = re.compile(r"\n[ \t]*\n\s*|\n(?=[ \t]*(?:[-*•–]|\d+[.)])\s)")
"""An empty line, or a list's next item: what is before it is said as a sentence, also without a full stop."""

_WITHIN_FIGURES: Final = re.compile(r"(?<=\d)[,:;](?=\s+\d)")
"""In "March 3, 2026": such a mark is none to cut at."""

_ORDINAL_STOP: Final = frozenset(
    ("cs", "da", "de", "et", "fi", "hr", "hu", "is", "lv", "nb", "nn", "no", "pl", "sk", "sl", "sr", "tr")
)
"""Languages that write "3." for "third": there a figure's full stop ends no sentence that has more behind it."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of a text, spoken in one go.

    Attributes:
        text: as it was written, without white space around it; holds a letter or a digit.
        start: its first character's place in the whole text.
        pause: what kind of pause follows it, if anything does.
    """

    text: str
    start: int
    pause: Pause = "none"


class Cutter:
    """Cuts one text. Takes it in any bits.

    Args:
        language: a BCP 47 tag: its abbreviations end no sentence, and its openers begin a phrase.
        first: characters the first passage should have at most; later ones may be longer, as there is sound to play.
        most: characters any passage has at most, but for a word that is longer.
        least: characters a passage should have at least; a shorter sentence waits for the next one.
    """

    def __init__(self, language: str, *, first: int = FIRST, most: int = MOST, least: int = LEAST) -> None:
        self._language = language
        self._most, self._least = most, least
        self._opener = openers(language)
        self._rest = ""
        self._at = 0
        self._limit = min(first, most)

    @property
    def waiting(self) -> int:
        """Characters that are in no passage yet."""
        return len(self._rest)

    def take(self, text: str) -> list[Passage]:
        """More of the text; gives what can be spoken now."""
        self._rest += text
        return list(self._passages(whole=False))

    def settle(self) -> list[Passage]:
        """Nothing came for a while: gives the sentences that have an end, also short ones."""
        rest = self._rest
        ends = [end for end in self._ends(rest) if end < len(rest) or not _UNSURE.search(rest)]
        return list(self._passages(whole=True, until=ends[-1])) if ends else []

    def flush(self) -> list[Passage]:
        """Nothing more belongs to what has come: gives all of it."""
        return list(self._passages(whole=True))

    def _passages(self, *, whole: bool, until: int | None = None) -> Iterator[Passage]:
        """What can be spoken of the rest, or with `whole` all of it up to `until`."""
        until = len(self._rest) if until is None else until
        while until > 0:
            found = self._next(self._rest[:until], whole=whole)
            if found is None:
                return
            end, pause = found
            until -= end
            passage = self._pop(end, pause)
            if passage is not None:
                yield passage

    def _next(self, rest: str, *, whole: bool) -> tuple[int, Pause] | None:
        """Where the next passage ends, and its pause; None to wait for more."""
        start = len(rest) - len(rest.lstrip())
        sentence = self._sentence(rest, start, whole=whole)
        end = len(rest) if sentence is None else sentence
        if end - start > self._limit:
            text = _WITHIN_FIGURES.sub("_", rest)
            clauses = Clauses(text, self._most, self._least, self._opener)
            cut = clauses.cut(start, end, limit=self._limit, opener=self._opener)
            if cut is not None:
                return cut
        if sentence is None and not whole:
            return None
        return end, "sentence" if _ENDED.search(rest[:end]) else "clause"

    def _sentence(self, rest: str, start: int, *, whole: bool) -> int | None:
        """Where the first sentences end that are together long enough to be said."""
        before: int | None = None
        for end in self._ends(rest):
            if end >= len(rest) and not whole:
                break
            # A short sentence goes with the next one, unless that makes it long.
            if before is not None and end - start > self._limit:
                return before
            if end - start >= self._least:
                return end
            before = end
        return before if whole and before is not None and not _WORD.search(rest, before) else None

    def _ends(self, rest: str) -> list[int]:
        """Where sentences end."""
        ends = {match.end() for match in _PARAGRAPH.finditer(rest)}
        ends |= {end for end in sentence_ends(rest) if not self._goes_on(rest, end)}
        return sorted(ends)

    def _goes_on(self, rest: str, end: int) -> bool:
        """Whether the full stop before `end` ends no sentence."""
        if not rest.endswith(".", 0, end):
            return False
        ordinal = self._language.split("-")[0].lower() in _ORDINAL_STOP
        if ordinal and end < len(rest) and _UNSURE.search(rest[:end]):
            return True
        if end < len(rest) and _DOTTED.search(rest, 0, end):
            following = rest[end:].lstrip()[:1]
            if not following or following.islower():
                return True
        return abbreviated(rest, end, self._language)

    def _pop(self, end: int, pause: Pause) -> Passage | None:
        text, self._rest = self._rest[:end], self._rest[end:]
        start = self._at + len(text) - len(text.lstrip())
        self._at += end
        clean = text.strip()
        if not _WORD.search(clean):
            return None
        # There is sound to play now: no need to cut where there is no mark.
        self._opener = None
        self._limit = min(self._most, max(self._limit, GROWTH * len(clean)))
        return Passage(clean, start, pause)


def sentence_passages(text: str, language: str) -> list[Passage]:
    """A whole text a sentence each, as long as it may be, so that the same sentence is the same passage anywhere."""
    size = max(1, len(text))
    cutter = Cutter(language, first=size, most=size)
    return [*cutter.take(text), *cutter.flush()]
