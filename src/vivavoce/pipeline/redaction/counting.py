"""Figures, number words and spelled letters as they follow each other in a text: what numbers of
people are made of."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from vivavoce.pipeline.redaction.lexicon import Lexicon

_TOKEN = re.compile(r"\d+|[^\W\d_]+(?:['’][^\W\d_]+)*", re.UNICODE)
_BETWEEN = re.compile(r"[\s,.\-–/()+:]{0,3}")
_NO_NUMBER = re.compile(
    r"\d{1,3}(?:[.,]\d{3})+(?!\d)|(?<!\d)\d{1,2}(?: \d{3})+(?!\d| \d)|\d{1,2}[./-]\d{1,2}[./-](?:19"
    r"|20)?\d\d(?!\d)"
    r"|(?:19|20)\d\d-\d\d-\d\d(?!\d)|\d{1,2}:\d\d"
)
"""Amounts with their thousands apart, dates and times of day, in figures."""

SPELLED = 4
"""Letters of a block that is spelled, as in an IBAN of Great Britain."""


@dataclass(frozen=True, slots=True)
class Part:
    """A number or spelled letters: the characters they stand for, and where they are said."""

    characters: str
    start: int
    end: int
    figures: bool = False

    @property
    def number(self) -> bool:
        """Whether it is digits."""
        return self.characters.isdecimal()


@dataclass(frozen=True, slots=True)
class Run:
    """Numbers, and letters spelled, one after the other.

    Attributes:
        parts: at least one.
        plus: the sign of a country's code was said before.
        start: the first character, with that sign.
    """

    parts: tuple[Part, ...]
    start: int
    plus: bool = False

    @property
    def characters(self) -> str:
        """All digits and letters, the letters as capitals."""
        return "".join(part.characters for part in self.parts)

    @property
    def end(self) -> int:
        """The first character after it."""
        return self.parts[-1].end

    @property
    def counting(self) -> bool:
        """Somebody counts: one, two, three; or names years."""
        values = [int(part.characters) for part in self.parts if part.number]
        steps = {after - before for before, after in pairwise(values)}
        years = all(len(part.characters) == 4 and part.characters[:2] in {"19", "20"} for part in self.parts)
        return years or (len(values) > 2 and steps in ({1}, {-1}, {10}, {100}))


def runs(text: str, lexicon: Lexicon) -> Iterator[Run]:
    """The runs of a text, in order."""
    ignored = [match.span() for match in _NO_NUMBER.finditer(text)]
    tokens = [match for match in _TOKEN.finditer(text) if not any(a <= match.start() < b for a, b in ignored)]
    parts: list[Part] = []
    begin: int | None = None
    plus = False
    repeat = 1
    place = 0
    while place < len(tokens):
        token = tokens[place]
        if parts and not _BETWEEN.fullmatch(text, parts[-1].end, token.start()):
            bridged = _fillers(text, parts[-1].end, token.start(), lexicon)
            if not bridged:
                yield Run(tuple(parts), parts[0].start if begin is None else begin, plus)
                parts, begin, plus, repeat = [], None, False, 1
        part, taken = _part(text, tokens, place, lexicon)
        if part is not None:
            if part.number and repeat > 1:
                part = Part(part.characters * repeat, part.start, part.end, part.figures)
            if not parts and part.start and text[part.start - 1] == "+":
                begin, plus = part.start - 1, True
            parts.append(part)
            repeat = 1
            place += taken
            continue
        word = token.group().lower()
        if word in lexicon.repeats:
            repeat = lexicon.repeats[word]
            begin = token.start() if not parts and begin is None else begin
        elif word in lexicon.plus and not parts:
            begin, plus = token.start(), True
        elif word in lexicon.fillers and parts:
            pass
        else:
            if parts:
                yield Run(tuple(parts), parts[0].start if begin is None else begin, plus)
            parts, begin, plus, repeat = [], None, False, 1
        place += 1
    if parts:
        yield Run(tuple(parts), parts[0].start if begin is None else begin, plus)


def _fillers(text: str, start: int, end: int, lexicon: Lexicon) -> bool:
    """Whether nothing but words such as `then` and `double` stand between two numbers."""
    between = _TOKEN.findall(text[start:end].lower())
    return (
        0 < len(between) <= 3
        and end - start < 24
        and all(word in lexicon.fillers or word in lexicon.repeats for word in between)
    )


def _part(
    text: str, tokens: Sequence[re.Match[str]], place: int, lexicon: Lexicon
) -> tuple[Part | None, int]:
    """The number or the letters that begin at a token, and how many tokens they take."""
    first = tokens[place]
    word = first.group()
    if word.isdecimal():
        return Part(word, first.start(), first.end(), figures=True), 1
    for count in range(min(lexicon.longest_number, len(tokens) - place), 0, -1):
        several = tokens[place : place + count]
        if not all(text[a.end() : b.start()] in (" ", "-") for a, b in pairwise(several)):
            continue
        digits = lexicon.numbers.get(" ".join(token.group().lower() for token in several))
        if digits is not None:
            return Part(digits, first.start(), several[-1].end()), count
    if len(word) == 1 or (len(word) <= SPELLED and word.isupper()):
        return Part(word.upper(), first.start(), first.end()), 1
    return None, 1
