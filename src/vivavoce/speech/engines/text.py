"""Cutting what is said into pieces to speak: a sentence at a time, the first piece short so that it is heard soon.

An engine makes the whole of a piece before any of it can be played. What is cut too small loses its melody, so a cut
falls at the end of a sentence, or else at a mark inside it, or, where the first piece has neither, before a word that
begins a new phrase, or, when there is nothing at all for very long, between words.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final, Literal

from vivavoce.speech.saying import Token

LEAST: Final = 24
"""Characters: a shorter piece is joined to its neighbour, since voices say single words badly."""

FIRST: Final = 60
"""Characters of the first piece, where a mark allows it: about 3.5 s of speech."""

GROWTH: Final = 2
"""Each piece may be so many times as long as the one before: it is made while that one plays, at about half of real
time."""

MOST: Final = 220
"""Characters of any piece: about 13 s of speech, and well within Kokoro's 510 phonemes."""

_ABBREVIATIONS: Final = frozenset(
    {
        "mr", "mrs", "ms", "dr", "prof", "sr", "jr", "st", "vol", "fig",
        "sra", "srta", "ud", "uds", "pág", "núm",
        "m", "mme", "mlle", "av",
        "nr",
    }
)  # fmt: skip
"""What `saying` leaves where no name or number follows, in English, Spanish, French and German. "No." is left out: it
is a sentence more often than a number."""

_BREAK: Final = re.compile(r"([.!?…]+[\"'”’»)\]]*|[。！？]+[」』”]*)(?=\s|$)|(?<=[。！？])")
_MARK: Final = re.compile(r"[,;:，；：、](?=\s|$)|\s[—–-](?=\s)|(?<=[，；：、])")

_OPENERS: Final[Mapping[str, re.Pattern[str]]] = {
    language: re.compile(rf" (?={'|'.join(words.split())}\b)", re.IGNORECASE)
    for language, words in {
        "en": "and but or because when where while who whose which although though whether if unless until before "
        "after since as",
        "de": "und aber oder weil wenn wo während dass obwohl ob bevor nachdem damit",
        "fr": "et mais ou parce quand lorsque où qui dont pendant bien si avant après puisque",
        "es": "y e pero o porque cuando donde mientras quien aunque si antes después para",
    }.items()
}
"""Words before which a speaker may pause without a mark: they begin a clause or the last part of a list."""

Pause = Literal["sentence", "clause", "phrase", "none"]


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of what is said.

    Attributes:
        text: its words, parted by single spaces.
        pause: what follows it: `clause` a mark inside a sentence, `phrase` no mark, `none` the end of everything.
        tokens: those that begin in it.
        at: for each of them, where in `text` that is.
    """

    text: str
    pause: Pause
    tokens: tuple[Token, ...]
    at: tuple[int, ...]

    def token(self, at: int) -> int | None:
        """Index of the token whose words are at a character of `text`; None for one that a piece before began."""
        index = bisect_right(self.at, at) - 1
        return None if index < 0 else index

    def parted(self, at: int) -> tuple[Piece, Piece]:
        """Two pieces in the place of this one: what is before a character of `text`, and what is from there on."""
        count = sum(begin < at for begin in self.at)
        head, tail = self.text[:at].rstrip(), self.text[at:].lstrip()
        gone = len(self.text) - len(tail)
        return (
            Piece(head, "phrase", self.tokens[:count], self.at[:count]),
            Piece(tail, self.pause, self.tokens[count:], tuple(begin - gone for begin in self.at[count:])),
        )


def pieces(
    said: Sequence[Token], language: str, *, first: int = FIRST, most: int = MOST, least: int = LEAST
) -> list[Piece]:
    """What is said as pieces in order; together they hold all its words and tokens. Empty for nothing.

    Args:
        said: `saying.tokens` of a text.
        language: a BCP 47 tag: which words begin a phrase.
        first: characters the first piece should have at most.
        most: characters any piece has at most.
        least: characters a piece should have at least.
    """
    text = " ".join(token.spoken for token in said)
    begins = [0, *accumulate(len(token.spoken) + 1 for token in said)][: len(said)]
    found: list[Piece] = []
    taken = 0
    # What is written as one is not cut, unless it is long: "March 3, 2026" has a comma when it is said.
    whole = " ".join(
        token.spoken.replace(" ", "_") if len(token.spoken) <= first else token.spoken for token in said
    )
    for start, end, pause in cuts(whole, language, first=first, most=most, least=least):
        upto = taken
        while upto < len(said) and begins[upto] < end:
            upto += 1
        at = tuple(begin - start for begin in begins[taken:upto])
        found.append(Piece(text[start:end], pause, tuple(said[taken:upto]), at))
        taken = upto
    return found


Cut = tuple[int, int, Pause]
"""Where a piece begins and ends in a text, and what follows it."""


def cuts(text: str, language: str, *, first: int = FIRST, most: int = MOST, least: int = LEAST) -> list[Cut]:
    """Where to cut a text; the pieces hold all of it but spaces between them.

    Args:
        text: words parted by single spaces.
        language, first, most, least: see `pieces`.
    """
    opener = openers(language)
    found: list[Cut] = []
    for start, end in _joined(sentences(text), least=least, most=min(first, most)):
        limit = max(first, GROWTH * (found[-1][1] - found[-1][0])) if found else first
        clauses = Clauses(text, most=most, least=least, opener=None if found else opener)
        found += clauses.of(start, end, limit=min(limit, most))
    if found:
        found[-1] = (*found[-1][:2], "none")
    return found


def sentences(text: str) -> list[tuple[int, int]]:
    """Where a text's sentences begin and end. An abbreviation's or an initial's full stop ends none."""
    found: list[tuple[int, int]] = []
    start = 0
    for end in sentence_ends(text):
        found.append(_bare(text, start, end))
        start = end
    found.append(_bare(text, start, len(text)))
    return [(start, end) for start, end in found if start < end]


def sentence_ends(text: str) -> Iterator[int]:
    """Where the sentences of a text end. What stands after the last mark is left out."""
    start = 0
    for match in _BREAK.finditer(text):
        if match.group() == "." and _abbreviated(text[start : match.start()]):
            continue
        start = match.end()
        yield start


def openers(language: str) -> re.Pattern[str] | None:
    """The space before a word that begins a phrase, in a language given as BCP 47; None where that is not known."""
    return _OPENERS.get(language.split("-")[0].lower())


def _bare(text: str, start: int, end: int) -> tuple[int, int]:
    """A stretch of a text without the spaces at its ends."""
    part = text[start:end]
    return start + len(part) - len(part.lstrip()), end - len(part) + len(part.rstrip())


def _abbreviated(before: str) -> bool:
    word = before.rsplit(None, 1)[-1].lstrip("(\"'“‘«") if before.strip() else ""
    initial = len(word) == 1 and word.isupper() and word != "I"
    return initial or word.lower() in _ABBREVIATIONS


def _joined(parts: Sequence[tuple[int, int]], *, least: int, most: int) -> list[tuple[int, int]]:
    """Short sentences together with a neighbour, as long as they stay short."""
    joined: list[tuple[int, int]] = []
    for start, end in parts:
        if joined:
            begin, until = joined[-1]
            short = until - begin < least or end - start < least
            if short and end - begin <= most:
                joined[-1] = (begin, end)
                continue
        joined.append((start, end))
    return joined


@dataclass(frozen=True, slots=True)
class Clauses:
    """Cuts a sentence. `opener` matches the space before a word that begins a phrase; None: cut at marks only."""

    text: str
    most: int
    least: int
    opener: re.Pattern[str] | None

    def of(self, start: int, end: int, *, limit: int) -> Iterator[Cut]:
        """A sentence in parts of at most `most` characters, the first of at most `limit` if it can be cut there."""
        opener = self.opener
        while end - start > limit:
            cut = self.cut(start, end, limit=limit, opener=opener)
            if cut is None:
                break
            at, pause = cut
            part = _bare(self.text, start, at)
            yield (*part, pause)
            start, _ = _bare(self.text, at, end)
            limit = min(self.most, max(limit, GROWTH * (part[1] - part[0])))
            opener = None
        yield start, end, "sentence"

    def cut(
        self, start: int, end: int, *, limit: int, opener: re.Pattern[str] | None
    ) -> tuple[int, Pause] | None:
        """Where to cut what is over the limit, and what follows; None to leave it whole."""
        marks = self._places(_MARK, start, end)
        within = [at for at in marks if at <= start + limit]
        if within:
            return within[-1], "clause"
        phrases = self._places(opener, start, end) if opener is not None else []
        within = [at for at in phrases if at <= start + limit]
        if within:
            return within[-1], "phrase"
        beyond = [at for at in marks if at <= start + self.most]
        if beyond:
            return beyond[0], "clause"
        if end - start <= self.most:
            return None
        space = self.text.rfind(" ", start + self.least, start + self.most)
        return (space if space > 0 else start + self.most), "phrase"

    def _places(self, pattern: re.Pattern[str], start: int, end: int) -> list[int]:
        """Where a pattern allows a cut that leaves enough on both sides."""
        found = pattern.finditer(self.text, start, end)
        return [at for match in found if start + self.least <= (at := match.end()) <= end - self.least]
