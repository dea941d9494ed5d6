"""People's names: those known beforehand, those that somebody is introduced with, and those that are
given names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files

from vivavoce.pipeline.redaction.finding import Found
from vivavoce.pipeline.redaction.lexicon import Lexicon, words

MOST_WORDS = 3
"""A name has no more words than that; one more is rarely right."""

SHORTEST = 3
"""Letters of a known name that is found in any spelling; shorter ones only as they are written."""

SPELLED_LETTERS = 5
"""Letters one by one that spell a name unasked; abbreviations have fewer."""

SPELLED_ASKED = 3

ANSWER_WORDS = 6
"""Words of an answer to a question for a name that may be nothing but a name in lower case."""

BEFORE_REACH = 60
"""Characters before a name in which stands what says whether it is one. Somebody may talk for hours without a break."""

_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_PARTICLES = words("van von der den de la le del di da dos bin al el ten ter zu y af")
_SENTENCE = re.compile(r"(?:^|[.!?…:])[\s\"'“”«»¿¡—-]*$")
_LETTERS = (
    r"(?<![\w'’])[^\W\d_](?:(?:[\s,.-]{{1,2}}(?:(?:double|doppel|doble)\s)?[^\W\d_](?![\w'’])){{{least},}})"
    r"(?![\w'’])"
)


@dataclass(frozen=True)
class KnownNames:
    """Names that are looked for everywhere in an interview.

    Attributes:
        given: known beforehand: found whole or in part, in any spelling.
        met: said in the interview; a part that is a word, too, only as a name is written.
    """

    given: tuple[str, ...] = ()
    met: tuple[str, ...] = ()

    def found(self, text: str, lexicons: Sequence[Lexicon]) -> Iterator[Found]:
        """Where they stand in a text, also with an s at their end."""
        for piece in self._given:
            case = re.IGNORECASE if len(piece) >= SHORTEST else 0
            yield from _standing(piece, text, case, "names/known", 0.95)
        for piece in self._met:
            word = piece.lower()
            plain = any(
                word in lexicon.common
                or word in lexicon.after_name
                or word in lexicon.places
                or word in lexicon.number_words
                for lexicon in lexicons
            )
            any_case = len(piece) > SHORTEST and not plain
            spelled = piece if any_case else piece[0].upper() + piece[1:]
            yield from _standing(spelled, text, re.IGNORECASE if any_case else 0, "names/met", 0.8)

    @cached_property
    def _given(self) -> tuple[str, ...]:
        return _pieces(self.given)

    @cached_property
    def _met(self) -> tuple[str, ...]:
        return tuple(piece for piece in _pieces(self.met) if len(piece) >= SHORTEST)


def names(text: str, lexicon: Lexicon, *, asked: str = "") -> Iterator[Found]:
    """Names in what a participant says.

    Args:
        text: what is looked through.
        lexicon: of its language.
        asked: what the moderator had said before; an answer to a question for a name is one.
    """
    if not lexicon.introductions:
        return
    yield from _introduced(text, lexicon)
    yield from _by_given_names(text, lexicon)
    wanted = re.search(lexicon.name_asked, asked, re.IGNORECASE) is not None
    yield from _spelled(text, lexicon, wanted=wanted)
    if wanted and (found := _answered(text, lexicon)) is not None:
        yield found


@cache
def given_names() -> frozenset[str]:
    """Given names of many countries, in lower case."""
    return _listed("given_names.txt")


@cache
def surnames() -> frozenset[str]:
    """Frequent family names, in lower case."""
    return _listed("surnames.txt")


def _listed(name: str) -> frozenset[str]:
    text = files("vivavoce.pipeline.redaction").joinpath(name).read_text(encoding="utf-8")
    return frozenset(line for line in text.splitlines() if line and not line.startswith("#"))


def _pieces(names: Sequence[str]) -> tuple[str, ...]:
    pieces: dict[str, None] = {}
    for name in names:
        for piece in (name.strip(), *_WORD.findall(name)):
            if piece and piece.lower() not in _PARTICLES:
                pieces[piece] = None
    return tuple(pieces)


def _standing(piece: str, text: str, case: int, rule: str, score: float) -> Iterator[Found]:
    spaced = r"\s+".join(map(re.escape, piece.split()))
    # In an unspaced script there is no edge to a word.
    edges = (
        ("(?<!\\w)", "(?=(?:['’]?s)?(?!\\w))")
        if piece.isascii() or piece[0].lower() != piece[0].upper()
        else ("", "")
    )
    for match in re.finditer(f"{edges[0]}{spaced}{edges[1]}", text, case):
        yield Found("name", match.start(), match.end(), rule, score)


def _introduced(text: str, lexicon: Lexicon) -> Iterator[Found]:
    """Names after an introduction in any spelling, and after a title or a relation if they have a
    capital."""
    for cue in re.finditer(rf"\b(?:{lexicon.introductions})\b[\s,:]+", text, re.IGNORECASE):
        if (end := _name(text, cue.end(), lexicon, capital=False)) is not None:
            yield Found("name", cue.end(), end, "names/introduced", 0.9)
    for cues, rule, score in (
        (lexicon.introductions_capital, "names/introduced-capital", 0.8),
        (lexicon.relations, "names/relation", 0.85),
    ):
        # A full stop ends a sentence, or an abbreviated title.
        for cue in re.finditer(
            rf"\b(?:{cues})\b(?:(?<=\b\w\w)\.|(?<=\b\w\w\w)\.)?[\s,]+", text, re.IGNORECASE
        ):
            end = _name(text, cue.end(), lexicon, capital=True)
            if end is not None and _person(text[cue.end() : end], lexicon, titled=rule == "names/relation"):
                yield Found("name", cue.end(), end, rule, score)


def _person(name: str, lexicon: Lexicon, *, titled: bool) -> bool:
    """Whether what has a capital after `I am` or `my boss` is a name: in German it may be any noun."""
    first = _WORD.findall(name)[0].lower()
    if first in lexicon.places and " " not in name:
        return titled and not lexicon.nouns_capital
    if titled and not lexicon.nouns_capital:
        return True
    known = first in given_names() or first in surnames()
    if lexicon.nouns_capital:
        return known or (titled and " " not in name)
    return known or " " in name


def _name(text: str, start: int, lexicon: Lexicon, *, capital: bool) -> int | None:
    """Where the name that begins at `start` ends; None: there is none."""
    end: int | None = None
    count = 0
    at = start
    first = _WORD.match(text, start)
    written = first is not None and first.group()[0].isupper()
    if first is None or (capital and not written):
        return None
    while count < MOST_WORDS and (match := _WORD.match(text, at)) is not None:
        word = match.group()
        low = word.lower().replace("’", "'")
        if low in _PARTICLES and count and (after := _WORD.match(text, match.end() + 1)) is not None:
            # `van` goes on with a capital, or with anything where there are no capitals at all.
            if not written or after.group()[0].isupper():
                at = match.end() + 1
                continue
            break
        # A name said with capitals goes on with one; one in lower case ends at the first word of the sentence's own.
        may_be = low in given_names() or low in lexicon.common
        named = word[0].isupper() and may_be and not lexicon.nouns_capital
        if (low in lexicon.after_name and not named) or (written and not word[0].isupper()):
            break
        if not written and count and not _goes_on(text, match, lexicon):
            break
        count, end = count + 1, match.end()
        if text[end : end + 1] != " ":
            break
        at = end + 1
    return end


def _goes_on(text: str, word: re.Match[str], lexicon: Lexicon) -> bool:
    """Whether a further word in lower case is still the name: a known one, or the last before the
    sentence's own."""
    low = word.group().lower()
    following = _WORD.match(text, word.end() + 1) if text[word.end() : word.end() + 1] == " " else None
    ends = following is None or following.group().lower() in lexicon.after_name
    return low in surnames() or low in given_names() or ends


def _by_given_names(text: str, lexicon: Lexicon) -> Iterator[Found]:
    """Given names as they are written, with the family name that follows."""
    at = 0
    while (match := _WORD.search(text, at)) is not None:
        at = match.end()
        word = match.group()
        first = word.split("-")[0].removesuffix("'s").removesuffix("’s")
        if not first[0].isupper() or first.isupper() or first.lower() not in given_names():
            continue
        end = match.start() + len(word.removesuffix("'s").removesuffix("’s"))
        # After a place, or where every noun has a capital, a capital alone says nothing.
        sure = lexicon.nouns_capital or first.lower() in lexicon.places
        family = _family(text, end, lexicon, sure=sure)
        if family is None and not _name_alone(text, match.start(), first.lower(), lexicon):
            continue
        end = end if family is None else family
        at = end
        yield Found("name", match.start(), end, "names/given", 0.75)


def _family(text: str, end: int, lexicon: Lexicon, *, sure: bool) -> int | None:
    """Where the family name after a given one ends; None: none follows. `sure`: known ones alone count."""
    last: int | None = None
    at = end
    for _ in range(MOST_WORDS):
        match = _WORD.match(text, at + 1) if text[at : at + 1] == " " else None
        if match is None:
            break
        word = match.group().removesuffix("'s").removesuffix("’s")
        low = word.lower()
        if low in _PARTICLES and not word[0].isupper():
            at = match.end()
            continue
        known = low in surnames() or low in given_names()
        if not word[0].isupper() or low in lexicon.after_name or (sure and not known):
            break
        if not known and (low in lexicon.common or re.fullmatch(lexicon.months, low)):
            break
        last = match.start() + len(word)
        at = last
    return last


def _name_alone(text: str, start: int, first: str, lexicon: Lexicon) -> bool:
    """Whether a given name without a family name is one here, and not a word or a place."""
    before = _before(text, start)
    previous = re.search(r"([^\W_]+)[\s,]+$", before)
    if first in lexicon.places or first in lexicon.after_name or first in lexicon.number_words:
        return False
    if previous is not None and previous[1].lower() in {"san", "santa", "saint", "sankt", "st", "new"}:
        return False
    if first in lexicon.common:
        opens = _SENTENCE.search(before) is not None
        return (
            not lexicon.nouns_capital
            and not opens
            and not (previous is not None and previous[1].lower() in lexicon.before_place)
        )
    return True


def _before(text: str, start: int) -> str:
    return text[max(0, start - BEFORE_REACH) : start]


def _spelled(text: str, lexicon: Lexicon, *, wanted: bool) -> Iterator[Found]:
    """Letters one by one."""
    for match in re.finditer(_LETTERS.format(least=SPELLED_ASKED - 1), text):
        letters = re.findall(r"(?<!\w)[^\W\d_](?!\w)", match.group())
        cued = wanted or re.search(rf"(?:{lexicon.spelled})\W*$", _before(text, match.start()), re.IGNORECASE)
        if len(set(map(str.lower, letters))) > 1 and (cued or len(letters) >= SPELLED_LETTERS):
            yield Found("name", match.start(), match.end(), "names/spelled", 0.75)


def _answered(text: str, lexicon: Lexicon) -> Found | None:
    """The name in an answer to a question for it."""
    lead = re.match(rf"\W*(?:{lexicon.answers})", text, re.IGNORECASE)
    start = lead.end() if lead is not None else 0
    short = len(_WORD.findall(text, start)) <= ANSWER_WORDS
    end = _name(text, start, lexicon, capital=not short)
    if end is None:
        return None
    first = _WORD.findall(text[start:end])[0].lower()
    known = first in given_names() or first in surnames()
    if not known and not (short and text[start].isupper() and not lexicon.nouns_capital):
        return None
    return Found("name", start, end, "names/asked", 0.85)
