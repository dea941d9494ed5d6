"""A written text as tokens: a stretch of what is written, and what is said for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from vivavoce.speech.saying.context import Said
from vivavoce.speech.saying.plain import Plain, plain


@dataclass(slots=True)
class _Stretch:
    """A token in the making; `start` and `end` are indexes in the plain text."""

    start: int
    end: int
    spoken: str
    after_picture: bool = False


_OPENING: Final = frozenset("«“„‚(¿¡‘‹")


@dataclass(frozen=True, slots=True)
class Token:
    """A stretch of a written text and what is said for it.

    Attributes:
        written: the stretch, `text[start:end]`: a word with the marks at it, or several words that are said as one
            thing, such as "March 3, 2026".
        start: characters from the text's beginning.
        end: likewise, after its last character.
        spoken: one or more words with their punctuation, parted by single spaces; never empty.
    """

    written: str
    start: int
    end: int
    spoken: str


def tokens(text: str, language: str) -> list[Token]:
    """A written text as it is said.

    Args:
        text: anything.
        language: a BCP 47 tag such as `en-GB`.

    Returns:
        Tokens in the text's order, apart from each other; each holds a letter. Empty where nothing can be said.
    """
    # These and Babel and num2words take 0.3 s to import; a server that only asks what can be said needs none of it.
    from vivavoce.speech.saying.languages import idiom_of
    from vivavoce.speech.saying.reading import read

    clean = plain(text)
    made: list[Token] = []
    for stretch in _with_words(_Stretches(clean).read(read(clean.text, idiom_of(language)))):
        spoken = " ".join(stretch.spoken.split())
        start, end = clean.starts[stretch.start], clean.ends[stretch.end - 1]
        made.append(Token(text[start:end], start, end, spoken))
    return made


def spoken(text: str, language: str) -> str:
    """What is said for a written text. Takes what `tokens` does."""
    return " ".join(token.spoken for token in tokens(text, language))


class _Stretches:
    """A plain text being cut at white space, but inside what is said as one thing."""

    def __init__(self, clean: Plain) -> None:
        self._clean = clean
        self._made: list[_Stretch] = []
        self._open = False
        self._raw = False
        self._picture = False

    def read(self, readings: Sequence[Said]) -> list[_Stretch]:
        """The stretches, of which some may hold marks alone."""
        text, at = self._clean.text, 0
        waiting = list(reversed(readings))
        while at < len(text):
            if waiting and at == waiting[-1].start:
                said = waiting.pop()
                self._add(at, said.end, said.spoken, raw=False)
                at = said.end
                continue
            if text[at].isspace():
                self._space(at)
            else:
                self._add(at, at + 1, text[at], raw=True)
            at += 1
        return [stretch for stretch in self._made if stretch.spoken.strip()]

    def _space(self, at: int) -> None:
        self._picture = self._picture or at in self._clean.gone
        self._open = False
        if at in self._clean.breaks and self._made and self._made[-1].spoken[-1:].isalnum():
            # A heading or a list's line ends without a full stop, but not without a pause.
            self._made[-1].spoken += "."

    def _add(self, start: int, end: int, spoken: str, *, raw: bool) -> None:
        if not self._open:
            if not spoken:
                return
            self._made.append(_Stretch(start, end, spoken, self._picture))
            self._open, self._raw, self._picture = True, raw, False
            return
        last = self._made[-1]
        touching = last.spoken[-1:].isalnum() and spoken[:1].isalnum()
        if last.spoken.endswith(".") and spoken == ".":
            spoken = ""
        parted = touching and not (raw and self._raw)
        last.spoken += f" {spoken}" if parted else spoken
        last.end = end
        self._raw = raw and (self._raw or bool(spoken))


def _with_words(stretches: list[_Stretch]) -> list[_Stretch]:
    """Marks that stand alone, joined to the word before them; those that open something, to the word after."""
    made: list[_Stretch] = []
    opening: _Stretch | None = None
    for stretch in stretches:
        if any(char.isalnum() for char in stretch.spoken):
            if opening is not None:
                stretch = _Stretch(
                    opening.start, stretch.end, f"{opening.spoken} {stretch.spoken}", opening.after_picture
                )
                opening = None
            made.append(stretch)
        elif opening is None and made and not set(stretch.spoken) <= _OPENING:
            # "word 😀!" is "word!", but in French "mot !" is written with a space.
            made[-1].spoken += ("" if stretch.after_picture else " ") + stretch.spoken
            made[-1].end = stretch.end
        else:
            opening = (
                stretch
                if opening is None
                else _Stretch(opening.start, stretch.end, opening.spoken + stretch.spoken)
            )
    if opening is not None and made:
        made[-1].spoken += f" {opening.spoken}"
        made[-1].end = opening.end
    return made
