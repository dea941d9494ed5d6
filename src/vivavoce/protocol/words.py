"""Words of a transcript: folded for comparing, counted, cut into sentences, searched for phrases."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_APOSTROPHES = str.maketrans("", "", "'’ʼ`´")
_TOKEN = re.compile(r"[^\W_]+")
_SENTENCE_END = re.compile(r"[.!?…。！？]+(?=\s|$)|[。！？]+")
# Scripts written without spaces: Thai, kana, Han.
_UNSPACED = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]")
# Japanese and Chinese words are about two characters long; good enough to tell a short answer from a long one.
_CHARACTERS_A_WORD = 2


def fold(text: str) -> str:
    """Lower case, no accents, no apostrophes: "L'été" and "lete" compare equal."""
    decomposed = unicodedata.normalize("NFKD", text.casefold().translate(_APOSTROPHES))
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def tokens(text: str) -> list[str]:
    """The folded words of a text, without punctuation."""
    return _TOKEN.findall(fold(text))


def sentences(text: str) -> list[str]:
    """The text cut after its full stops, question and exclamation marks; empty pieces dropped."""
    return [piece for piece in (part.strip() for part in _SENTENCE_END.split(text)) if piece]


def count_words(text: str) -> int:
    """How many words were said; scripts without spaces are counted by two characters a word."""
    unspaced = len(_UNSPACED.findall(text))
    spaced = len(tokens(_UNSPACED.sub(" ", text)))
    return spaced + -(-unspaced // _CHARACTERS_A_WORD)


def plain(text: str) -> str:
    """Without what no database and no ear can take: control characters, halves of characters."""
    return "".join(char if char.isprintable() else " " for char in text).strip()


def find_phrase(text: str, phrases: Iterable[str]) -> str | None:
    """The first of the phrases that the text contains, word by word; None if it contains none.

    A word ending in `*` stands for every word that begins so: `frustrat*`.
    """
    words = tokens(text)
    for phrase in phrases:
        if _UNSPACED.search(phrase):
            if fold(phrase) in fold(text):
                return phrase
        elif _contains(words, _pattern(phrase)):
            return phrase
    return None


def _pattern(phrase: str) -> list[tuple[str, bool]]:
    pattern: list[tuple[str, bool]] = []
    for word in phrase.split():
        pieces = tokens(word)
        pattern += [(piece, word.endswith("*") and piece is pieces[-1]) for piece in pieces]
    return pattern


def _contains(words: list[str], pattern: list[tuple[str, bool]]) -> bool:
    if not pattern:
        return False
    return any(
        all(
            word.startswith(piece) if open_ended else word == piece
            for word, (piece, open_ended) in zip(words[start : start + len(pattern)], pattern, strict=True)
        )
        for start in range(len(words) - len(pattern) + 1)
    )
